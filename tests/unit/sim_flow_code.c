/* The machine code made of blocks' data flow comes to the figures of its plain interpretation: random programs, executed
 * by two models, one of which makes no code. Null twin: one address that differs in one execution is seen. */
#include "sim_program.h"
#include "tap.h"

#include "sim/remap.h"
#include "sim/state.h"

enum { BLOCKS = 60, MOST_INSNS = 14, EXECUTIONS = 40000, STACK = 0x7ff000, HEAP = 0x10000000 };

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *d, uint32_t sides)
{
    d->state = d->state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(d->state >> 33) % sides;
}

/* One form of instruction; its operands are drawn. */
struct form {
    enum stream_insn_kind kind;
    const char *prefix, *opcode; /* opcode of one or two bytes, ModRM behind it */
    bool wide;                   /* REX.W */
    bool memory;                 /* [base + disp8], else two registers */
    bool same;                   /* both registers the same */
    int digit;                   /* of ModRM, -1: a register */
    uint8_t size, flags;         /* of the reference; flags 0: none */
    bool updates;                /* a load, then a store of the same place */
};

static const struct form forms[] = {
    { STREAM_INSN_ALU, "", "\x01", true, false, false, -1, 0, 0, false },                         /* add */
    { STREAM_INSN_ALU, "", "\x11", true, false, false, -1, 0, 0, false },                         /* adc */
    { STREAM_INSN_ALU, "", "\x39", true, false, false, -1, 0, 0, false },                         /* cmp */
    { STREAM_INSN_ALU, "", "\x31", true, false, true, -1, 0, 0, false },                          /* xor r, r */
    { STREAM_INSN_ALU, "", "\x0f\x44", true, false, false, -1, 0, 0, false },                     /* cmov */
    { STREAM_INSN_MOVE, "", "\x89", true, false, false, -1, 0, 0, false },                        /* mov */
    { STREAM_INSN_MUL, "", "\x0f\xaf", true, false, false, -1, 0, 0, false },                     /* imul */
    { STREAM_INSN_FP, "\xf2", "\x0f\x58", false, false, false, -1, 0, 0, false },                 /* addsd */
    { STREAM_INSN_MOVE, "", "\x8d", true, true, false, -1, 0, 0, false },                         /* lea */
    { STREAM_INSN_MOVE, "", "\x8b", true, true, false, -1, 8, STREAM_REF_LOAD, false },           /* mov r, m */
    { STREAM_INSN_ALU, "", "\x03", true, true, false, -1, 8, STREAM_REF_LOAD, false },            /* add r, m */
    { STREAM_INSN_DIV, "", "\xf7", true, true, false, 6, 8, STREAM_REF_LOAD, false },             /* div m */
    { STREAM_INSN_MOVE, "", "\x0f\x10", false, true, false, -1, 16, STREAM_REF_LOAD, false },     /* movups x, m */
    { STREAM_INSN_MOVE, "", "\x89", true, true, false, -1, 8, STREAM_REF_STORE, false },          /* mov m, r */
    { STREAM_INSN_MOVE, "", "\x89", false, true, false, -1, 4, STREAM_REF_STORE, false },         /* mov m32, r */
    { STREAM_INSN_MOVE, "", "\x0f\x11", false, true, false, -1, 16, STREAM_REF_STORE, false },    /* movups m, x */
    { STREAM_INSN_ALU, "", "\x01", true, true, false, -1, 8, STREAM_REF_LOAD, true },             /* add m, r */
};
enum { FORMS = sizeof forms / sizeof forms[0] };

/* Of a light program few instructions wait for another, so that values are there before they are asked for. */
static const struct form *draw_form(struct dice *dice, bool light)
{
    const struct form *f = &forms[roll(dice, FORMS)];
    while (light && (f->kind == STREAM_INSN_DIV || f->kind == STREAM_INSN_MUL || f->kind == STREAM_INSN_FP || f->updates))
        f = &forms[roll(dice, FORMS)];
    return f;
}

/* mov r, imm: waits for nothing. */
static void draw_constant(struct dice *dice, struct draft *d)
{
    unsigned reg = roll(dice, 16);
    char code[6] = { (char)(0x40 | (reg > 7)), (char)(0xb8 | (reg & 7)) };
    insn(d, STREAM_INSN_ALU, code, sizeof code);
}

static void draw_insn(struct dice *dice, struct draft *d, bool light)
{
    if (roll(dice, 6) == 0)
        draw_constant(dice, d);
    const struct form *f = draw_form(dice, light);
    for (unsigned n = light ? roll(dice, 12) : 0; n; n--)
        insn(d, STREAM_INSN_NOP, "\x90", 1);
    char code[15];
    unsigned reg = roll(dice, 16), other = f->same ? reg : roll(dice, 16), n = 0;
    if (f->memory && (other & 7) == 4)
        other++; /* rsp and r12 want a further byte */
    if (*f->prefix)
        code[n++] = *f->prefix;
    code[n++] = (char)(0x40 | f->wide << 3 | (f->digit < 0 && reg > 7) << 2 | (other > 7));
    for (const char *o = f->opcode; *o; o++)
        code[n++] = *o;
    code[n++] = (char)((f->memory ? 0x40u : 0xc0u) | (f->digit < 0 ? reg & 7 : (unsigned)f->digit) << 3 | (other & 7));
    if (f->memory)
        code[n++] = 0;
    insn(d, f->kind, code, (uint8_t)n);
    if (f->flags)
        refers(d, other, (int64_t)roll(dice, 200) - 100, f->size, f->flags);
    if (f->updates)
        refers(d, other, d->refs[d->n_refs - 1].displacement, f->size, STREAM_REF_STORE);
}

/* Ways to end, each with its instruction. */
static enum stream_ending end_block(struct dice *dice, struct draft *d)
{
    switch (roll(dice, 5)) {
    case 0: return STREAM_FALL;
    case 1: JMP(d); return STREAM_JUMP;
    case 2: RET(d); refers(d, STREAM_FROM_RSP, 0, 8, STREAM_REF_LOAD); return STREAM_RETURN;
    case 3: CALL(d); refers(d, STREAM_FROM_RSP, -8, 8, STREAM_REF_STORE); return STREAM_CALL;
    default: JNE(d); return STREAM_COND;
    }
}

static uint64_t draw_address(struct dice *dice, bool light)
{
    switch (light ? 0 : roll(dice, 4)) {
    case 0: return STACK + 8 * roll(dice, 40);
    case 1: return STACK + roll(dice, 600);
    case 2: return HEAP + 8 * roll(dice, 4096);
    default: return HEAP + roll(dice, 8 << 20);
    }
}

/* What one way of running a program comes to. */
struct outcome {
    uint64_t ticks, digest;
    unsigned coded, blocks;
};

struct way {
    const char *profile;
    uint32_t perfect;
    bool moved, light, interpreted;
    unsigned nudged; /* the execution whose first address is another; 0: none */
};

static void digest(uint64_t *sum, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *sum = (*sum ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3ull;
}

static struct outcome outcome_of(struct program *p, uint64_t values)
{
    struct outcome o = { .ticks = model_ticks(p->model), .digest = values, .blocks = p->blocks };
    for (uint32_t id = 0; id < p->blocks; id++) {
        struct model_block block;
        struct cost cost;
        memset(&cost, 0, sizeof cost);
        model_block(p->model, id, &block, &cost);
        digest(&o.digest, block.ticks, sizeof block.ticks);
        digest(&o.digest, cost.counts, sizeof cost.counts);
        o.coded += p->model->blocks[id]->code != NULL;
    }
    return o;
}

static struct outcome run_way(const struct way *way, uint64_t seed)
{
    struct dice dice = { seed };
    struct program p = program_on(way->profile, way->perfect);
    struct remap *remap = remap_new();
    enum stream_ending ending[BLOCKS];
    unsigned n_slots[BLOCKS];
    if (way->interpreted)
        model_interpret(p.model);
    remap_add(remap, HEAP, 1 << 20, 0x12340);
    if (way->moved)
        model_remap(p.model, remap);
    for (int i = 0; i < BLOCKS; i++) {
        struct draft d = draft_at(0x400000 + (uint64_t)i * 256);
        for (unsigned n = 1 + roll(&dice, MOST_INSNS); n; n--)
            draw_insn(&dice, &d, way->light);
        ending[i] = end_block(&dice, &d);
        n_slots[i] = d.n_slots;
        describe(&p, &d, ending[i], 0x400000 + roll(&dice, BLOCKS) * 256ull);
    }
    uint64_t values = 0; /* when each was ready, after each execution: most never show in the total */
    for (unsigned e = 1; e <= EXECUTIONS; e++) {
        uint64_t slots[DRAFT_REFS];
        uint32_t id = roll(&dice, BLOCKS);
        for (unsigned s = 0; s < n_slots[id]; s++)
            slots[s] = draw_address(&dice, way->light);
        if (e == way->nudged)
            slots[0] += 1 << 24;
        run(&p, id, ending[id] == STREAM_COND && roll(&dice, 3) == 0, slots, n_slots[id], 0x400000);
        for (int i = 0; i < FLOW_SLOTS; i++)
            values = values * 0x9e3779b97f4a7c15ull + p.model->ready[i];
    }
    struct outcome o = outcome_of(&p, values);
    program_free(&p);
    remap_free(remap);
    return o;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    return a->ticks == b->ticks && a->digest == b->digest;
}

static void test_way(const char *title, struct way way)
{
    struct outcome fast = run_way(&way, 7);
    way.interpreted = true;
    struct outcome plain = run_way(&way, 7);
    ok(same(&fast, &plain), "%s: the code of blocks comes to what their interpretation does, to the tick", title);
    ok(fast.coded == fast.blocks && plain.coded == 0, "%s: all blocks have code in the one and none in the other", title);
}

static void test_null_twin(void)
{
    struct way way = { .profile = "zen3" };
    struct outcome fast = run_way(&way, 7), other = run_way(&way, 8);
    way.interpreted = true;
    way.nudged = EXECUTIONS;
    struct outcome nudged = run_way(&way, 7);
    ok(!same(&fast, &nudged), "one address that differs in the last execution is seen");
    ok(!same(&fast, &other), "so is another program");
}

int main(void)
{
    static const char *const profiles[] = { "zen3", "zen4", "skylake-sp", "golden-cove" };
    char title[64];
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        test_way(profiles[i], (struct way){ .profile = profiles[i] });
        snprintf(title, sizeof title, "%s, light", profiles[i]);
        test_way(title, (struct way){ .profile = profiles[i], .light = true });
    }
    for (int group = 1; group < 8; group++) {
        uint32_t perfect = 0;
        perfect |= group & 1 ? model_group(SHARE_LAYOUT) : 0;
        perfect |= group & 2 ? model_group(SHARE_HINT) : 0;
        perfect |= group & 4 ? model_group(SHARE_DATA) : 0;
        snprintf(title, sizeof title, "groups %d perfect", group);
        test_way(title, (struct way){ .profile = "zen3", .perfect = perfect });
    }
    test_way("addresses moved", (struct way){ .profile = "zen3", .moved = true });
    test_null_twin();
    return done_testing();
}
