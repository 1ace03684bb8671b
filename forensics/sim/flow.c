#include "sim/flow.h"

#include <string.h>

#include <Zydis/Zydis.h>

/* The nodes of one block while they are made. */
struct maker {
    const struct stream_block *block;
    const struct profile *profile;
    struct flow_node *nodes;
    size_t count, room;
    struct arena *arena;
    unsigned insn;      /* the instruction being made */
    uint16_t after;     /* its dispatch, ticks */
    unsigned next_temp;
};

/* One decoded instruction, as places. */
struct effect {
    uint8_t reads[12], writes[6];
    unsigned n_reads, n_writes;
    bool writes_flags;
    bool pure_load;     /* its result is the loaded value */
    bool stack;         /* push, pop, call, ret: the stack engine hides the dependence on rsp */
    bool ordered;       /* its load waits until all older stores have their addresses */
    bool partial;       /* it writes 8 or 16 bits of a general register and keeps the others */
    enum flow_unit unit; /* it occupies */
    uint8_t load_base, load_index, store_base, store_index;
    uint16_t latency;   /* ticks */
};

static uint16_t cycles(int32_t count)
{
    int32_t ticks = count * TICKS;
    return ticks > UINT16_MAX ? UINT16_MAX : (uint16_t)ticks;
}

static struct flow_node *push(struct maker *m, enum flow_kind kind, uint8_t to, uint8_t a, uint8_t b, uint16_t latency)
{
    struct flow_node *node = ARENA_PUSH(m->arena, m->nodes, m->count, m->room);
    *node =
        (struct flow_node){ .kind = (uint8_t)kind, .to = to, .a = a, .b = b, .after = m->after, .latency = latency };
    return node;
}

static uint8_t fresh_temp(struct maker *m)
{
    return (uint8_t)(FLOW_TEMP + m->next_temp++ % (FLOW_SINK - FLOW_TEMP));
}

static uint8_t place_of(ZydisRegister reg)
{
    /* Flags and the x87 stack have no enclosing register: the library answers NONE for them, not themselves. */
    ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    if (whole == ZYDIS_REGISTER_NONE)
        whole = reg;
    ZydisRegisterClass class = ZydisRegisterGetClass(whole);
    ZyanI8 id = ZydisRegisterGetId(whole);
    if (class == ZYDIS_REGCLASS_GPR64)
        return (uint8_t)(FLOW_GPR + (id & 15));
    if (class == ZYDIS_REGCLASS_ZMM)
        return (uint8_t)(FLOW_VECTOR + (id & 15));
    if (class == ZYDIS_REGCLASS_FLAGS)
        return FLOW_FLAGS;
    if (class == ZYDIS_REGCLASS_X87 || class == ZYDIS_REGCLASS_MMX || class == ZYDIS_REGCLASS_MASK)
        return FLOW_X87;
    return FLOW_NONE;
}

/* Floating-point arithmetic by its name's last letters; moves, shuffles and logic take one cycle like integers. */
static bool fp_arithmetic(const char *name)
{
    static const char *const stems[] = { "add", "sub", "mul", "min",  "max",   "cvt", "fma",
                                         "fms", "fnm", "cmp", "comi", "round", "hadd" };
    size_t length = strlen(name);
    if (*name == 'v')
        name++, length--;
    if (length < 4 || name[0] == 'p')
        return *name == 'f'; /* x87; packed integers are not */
    const char *tail = name + length - 2;
    if (strcmp(tail, "ss") && strcmp(tail, "sd") && strcmp(tail, "ps") && strcmp(tail, "pd") && !strstr(name, "cvt"))
        return *name == 'f';
    for (size_t i = 0; i < sizeof stems / sizeof stems[0]; i++)
        if (strncmp(name, stems[i], strlen(stems[i])) == 0 || (i < 5 && strstr(name, stems[i])))
            return true;
    return false;
}

/* The unit that an instruction of a kind occupies. */
static enum flow_unit unit_of(enum stream_insn_kind kind)
{
    return kind == STREAM_INSN_MUL     ? UNIT_MULTIPLIER
           : kind == STREAM_INSN_DIV   ? UNIT_DIVIDER
           : kind == STREAM_INSN_FPDIV ? UNIT_FP_DIVIDER
                                       : UNIT_NONE;
}

static uint8_t place_of_unit(enum flow_unit unit)
{
    return (uint8_t)(FLOW_UNITS + unit - 1);
}

static uint16_t latency_of(const struct maker *m, const ZydisDecodedInstruction *decoded)
{
    const int32_t *p = m->profile->value;
    const struct stream_insn *insn = &m->block->insns[m->insn];
    if (insn->flags & STREAM_INSN_LOCKED)
        return cycles(p[P_LOCKED_LATENCY]);
    switch ((enum stream_insn_kind)insn->kind) {
    case STREAM_INSN_MUL: return cycles(p[P_MUL_LATENCY]);
    case STREAM_INSN_DIV: return cycles(p[P_DIV_LATENCY]);
    case STREAM_INSN_FPDIV: return cycles(p[P_FPDIV_LATENCY]);
    case STREAM_INSN_FP: return cycles(fp_arithmetic(ZydisMnemonicGetString(decoded->mnemonic)) ? p[P_FP_LATENCY] : 1);
    case STREAM_INSN_MOVE:
        /* Register copies are renamed away on all of the processors of the table; lea computes. */
        return decoded->mnemonic == ZYDIS_MNEMONIC_LEA   ? cycles(1)
               : decoded->mnemonic == ZYDIS_MNEMONIC_MOV ? 0
                                                         : cycles(1);
    case STREAM_INSN_ALU: case STREAM_INSN_BRANCH: case STREAM_INSN_NOP: case STREAM_INSN_STRING:
    case STREAM_INSN_SYSTEM: case STREAM_INSN_KINDS: break;
    }
    return cycles(1);
}

/* xor r,r and its like: a zero that waits for nothing. */
static bool zero_idiom(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands)
{
    unsigned n = decoded->operand_count_visible;
    if (n < 2 || operands[n - 1].type != ZYDIS_OPERAND_TYPE_REGISTER ||
        operands[n - 2].type != ZYDIS_OPERAND_TYPE_REGISTER || operands[n - 1].reg.value != operands[n - 2].reg.value)
        return false;
    const char *name = ZydisMnemonicGetString(decoded->mnemonic);
    name += *name == 'v' || *name == 'p';
    name += *name == 'p';
    return strncmp(name, "xor", 3) == 0 || strncmp(name, "sub", 3) == 0;
}

static bool is_move(const ZydisDecodedInstruction *decoded)
{
    const char *name = ZydisMnemonicGetString(decoded->mnemonic);
    name += *name == 'v';
    return strncmp(name, "mov", 3) == 0 || strncmp(name, "pop", 3) == 0 || strncmp(name, "lddqu", 5) == 0 ||
           strncmp(name, "broadcast", 9) == 0;
}

static void read_place(struct effect *e, uint8_t place)
{
    if (place != FLOW_NONE && e->n_reads < sizeof e->reads)
        e->reads[e->n_reads++] = place;
}

/* A write to it merges with what the whole register held; one to 32 bits clears the rest. */
static bool narrow(ZydisRegister reg)
{
    ZydisRegisterClass class = ZydisRegisterGetClass(reg);
    return class == ZYDIS_REGCLASS_GPR8 || class == ZYDIS_REGCLASS_GPR16;
}

static void add_register(struct effect *e, const ZydisDecodedOperand *operand, bool zero)
{
    uint8_t place = place_of(operand->reg.value);
    if (e->stack && place == FLOW_GPR + 4)
        return;
    bool conditional = (operand->actions & ZYDIS_OPERAND_ACTION_CONDWRITE) != 0;
    bool partial = narrow(operand->reg.value) && (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE);
    e->partial = e->partial || partial;
    if (!zero && partial)
        read_place(e, place);
    else if (!zero && ((operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ) || (conditional && place != FLOW_FLAGS)))
        read_place(e, place);
    if (!(operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) || place == FLOW_NONE)
        return;
    if (place == FLOW_FLAGS)
        e->writes_flags = true;
    else if (e->n_writes < sizeof e->writes)
        e->writes[e->n_writes++] = place;
}

static void add_memory(struct effect *e, const ZydisDecodedOperand *operand)
{
    uint8_t base = place_of(operand->mem.base), index = place_of(operand->mem.index);
    if (e->stack && base == FLOW_GPR + 4)
        base = FLOW_NONE;
    if (operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN) {
        read_place(e, base);
        read_place(e, index);
        return;
    }
    if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
        e->load_base = base, e->load_index = index;
    if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
        e->store_base = base, e->store_index = index;
}

/* Instructions that come from microcode: on some processors their loads never pass a store whose address is unknown.
 * From timing loops on a Milan: a store with a late address before each of them. */
static bool microcoded(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands)
{
    static const ZydisMnemonic always[] = {
        ZYDIS_MNEMONIC_DIV,       ZYDIS_MNEMONIC_IDIV,      ZYDIS_MNEMONIC_BSF,        ZYDIS_MNEMONIC_BSR,
        ZYDIS_MNEMONIC_BTS,       ZYDIS_MNEMONIC_BTR,       ZYDIS_MNEMONIC_BTC,        ZYDIS_MNEMONIC_SHLD,
        ZYDIS_MNEMONIC_SHRD,      ZYDIS_MNEMONIC_XADD,      ZYDIS_MNEMONIC_CMPXCHG,    ZYDIS_MNEMONIC_XLAT,
        ZYDIS_MNEMONIC_BLSR,      ZYDIS_MNEMONIC_BLSI,      ZYDIS_MNEMONIC_BLSMSK,     ZYDIS_MNEMONIC_VPERMD,
        ZYDIS_MNEMONIC_PHADDD,    ZYDIS_MNEMONIC_PHADDW,    ZYDIS_MNEMONIC_HADDPD,     ZYDIS_MNEMONIC_HADDPS,
        ZYDIS_MNEMONIC_DPPD,      ZYDIS_MNEMONIC_DPPS,      ZYDIS_MNEMONIC_PCMPISTRI,  ZYDIS_MNEMONIC_PCMPISTRM,
        ZYDIS_MNEMONIC_PCMPESTRI, ZYDIS_MNEMONIC_PCMPESTRM, ZYDIS_MNEMONIC_PCLMULQDQ,  ZYDIS_MNEMONIC_VPGATHERDD,
        ZYDIS_MNEMONIC_VPGATHERDQ, ZYDIS_MNEMONIC_VPGATHERQD, ZYDIS_MNEMONIC_VPGATHERQQ,
    };
    if (decoded->mnemonic == ZYDIS_MNEMONIC_BT)
        return operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER; /* the bit may lie in another word */
    if (decoded->mnemonic == ZYDIS_MNEMONIC_FLD)
        return operands[0].size == 80 || operands[1].size == 80;
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        if (decoded->mnemonic == always[i])
            return true;
    return false;
}

static struct effect effect_of(const struct maker *m, const ZydisDecodedInstruction *decoded,
                               const ZydisDecodedOperand *operands)
{
    struct effect e = { .pure_load = is_move(decoded) };
    ZydisInstructionCategory category = decoded->meta.category;
    e.stack = category == ZYDIS_CATEGORY_PUSH || category == ZYDIS_CATEGORY_POP || category == ZYDIS_CATEGORY_CALL ||
              category == ZYDIS_CATEGORY_RET;
    bool zero = zero_idiom(decoded, operands);
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
            add_register(&e, &operands[i], zero);
        else if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            add_memory(&e, &operands[i]);
    }
    e.latency = zero ? 0 : latency_of(m, decoded);
    e.unit = unit_of((enum stream_insn_kind)m->block->insns[m->insn].kind);
    if (e.unit)
        read_place(&e, place_of_unit(e.unit));
    if (e.partial) {
        e.pure_load = false;
        e.latency = e.latency > cycles(1) ? e.latency : cycles(1);
    }
    e.ordered = m->profile->value[P_MICROCODE_LOAD] &&
                (m->block->insns[m->insn].kind == STREAM_INSN_STRING || microcoded(decoded, operands));
    return e;
}

/* Loads of the instruction: the value goes to `*to`, or to a temporary that joins the reads. */
static void make_loads(struct maker *m, struct effect *e, bool *loaded)
{
    const struct stream_block *b = m->block;
    for (uint16_t r = 0; r < b->n_refs; r++) {
        const struct stream_ref *ref = &b->refs[r];
        if (ref->insn != m->insn || !(ref->flags & STREAM_REF_LOAD))
            continue;
        bool direct = e->pure_load && e->n_writes == 1;
        uint8_t to = direct ? e->writes[0] : fresh_temp(m);
        uint8_t index = e->load_index;
        if (e->ordered && index != FLOW_NONE) {
            index = fresh_temp(m);
            push(m, FLOW_OP, index, e->load_index, FLOW_STORES, 0);
        } else if (e->ordered) {
            index = FLOW_STORES;
        }
        struct flow_node *node =
            push(m, FLOW_LOAD, to, e->load_base, index, cycles(m->profile->value[P_L1D_LATENCY]));
        node->ref = r;
        *loaded = direct || *loaded;
        if (!direct)
            read_place(e, to);
    }
}

/* One place that is ready when all of the reads are: joins more than two in temporaries without latency. */
static void join_reads(struct maker *m, struct effect *e, uint8_t *a, uint8_t *b)
{
    while (e->n_reads > 2) {
        uint8_t joined = fresh_temp(m);
        push(m, FLOW_OP, joined, e->reads[0], e->reads[1], 0);
        e->n_reads -= 1;
        memmove(e->reads, e->reads + 1, e->n_reads);
        e->reads[0] = joined;
    }
    *a = e->n_reads > 0 ? e->reads[0] : FLOW_NONE;
    *b = e->n_reads > 1 ? e->reads[1] : FLOW_NONE;
}

static void make_stores(struct maker *m, const struct effect *e, uint8_t data)
{
    const struct stream_block *b = m->block;
    for (uint16_t r = 0; r < b->n_refs; r++)
        if (b->refs[r].insn == m->insn && (b->refs[r].flags & STREAM_REF_STORE)) {
            struct flow_node *node = push(m, FLOW_STORE, FLOW_SINK, e->store_base, e->store_index, cycles(1));
            node->ref = r;
            node->data = data;
        }
}

static bool stores(const struct maker *m)
{
    for (uint16_t r = 0; r < m->block->n_refs; r++)
        if (m->block->refs[r].insn == m->insn && (m->block->refs[r].flags & STREAM_REF_STORE))
            return true;
    return false;
}

static uint16_t busy_with(const struct profile *profile, enum flow_unit unit)
{
    static const enum param busy[FLOW_UNIT_COUNT] = {
        [UNIT_MULTIPLIER] = P_MUL_BUSY, [UNIT_DIVIDER] = P_DIV_BUSY, [UNIT_FP_DIVIDER] = P_FPDIV_BUSY
    };
    return cycles(profile->value[busy[unit]]);
}

static void make_insn(struct maker *m, struct effect *e, bool branch)
{
    bool loaded = false;
    uint8_t a, b;
    make_loads(m, e, &loaded);
    join_reads(m, e, &a, &b);
    if (branch) {
        push(m, FLOW_BRANCH, FLOW_SINK, a, b, cycles(1));
        make_stores(m, e, FLOW_NONE);
        return;
    }
    bool plain_store = stores(m) && !e->n_writes && !e->writes_flags;
    uint8_t result = a;
    if (plain_store && b == FLOW_NONE) {
        /* mov to memory, push: the value waits for its register and nothing else */
    } else if (!loaded) {
        result = e->n_writes ? e->writes[0] : e->writes_flags && !stores(m) ? FLOW_FLAGS : fresh_temp(m);
        push(m, FLOW_OP, result, a, b, e->latency);
    } else {
        result = e->writes[0];
    }
    if (e->unit)
        push(m, FLOW_OP, place_of_unit(e->unit), place_of_unit(e->unit), FLOW_NONE, busy_with(m->profile, e->unit));
    for (unsigned i = 1; i < e->n_writes; i++)
        push(m, FLOW_OP, e->writes[i], result, FLOW_NONE, 0);
    if (e->writes_flags && result != FLOW_FLAGS)
        push(m, FLOW_OP, FLOW_FLAGS, result, FLOW_NONE, 0);
    make_stores(m, e, result);
}

/* Without code: each reference by itself. */
static void make_undecoded(struct maker *m)
{
    struct effect e = { .latency = TICKS };
    bool loaded = false;
    make_loads(m, &e, &loaded);
    make_stores(m, &e, FLOW_NONE);
}

/* Drops operations whose result the block overwrites or, for flags and temporaries, forgets. */
static void drop_dead(struct maker *m)
{
    uint64_t live = ~0ull;
    for (int place = FLOW_TEMP; place < FLOW_SLOTS; place++)
        live &= ~(1ull << place);
    if (m->block->ending != STREAM_FALL)
        live &= ~(1ull << FLOW_FLAGS);
    size_t kept = m->count;
    for (size_t i = m->count; i-- > 0;) {
        struct flow_node node = m->nodes[i];
        if (node.kind == FLOW_OP && !(live >> node.to & 1))
            continue;
        if (node.kind == FLOW_OP || node.kind == FLOW_LOAD)
            live &= ~(1ull << node.to);
        live |= 1ull << node.a | 1ull << node.b | 1ull << node.data;
        m->nodes[--kept] = node;
    }
    m->nodes += kept;
    m->count -= kept;
}

/* Compare or test right before a conditional jump: one operation on every processor of the table. */
static bool fuses(const ZydisDecodedInstruction *first, const struct stream_block *block, unsigned next)
{
    return block->ending == STREAM_COND && next == (unsigned)block->n_insns - 1 &&
           (first->mnemonic == ZYDIS_MNEMONIC_CMP || first->mnemonic == ZYDIS_MNEMONIC_TEST);
}

static uint32_t busiest(const struct profile *p, uint32_t ops, uint32_t alu, uint32_t loads, uint32_t written,
                        bool branch)
{
    uint32_t most = ops * TICKS / (uint32_t)p->value[P_DISPATCH_WIDTH];
    uint32_t pipes[] = { alu * TICKS / (uint32_t)p->value[P_ALU_PIPES],
                         loads * TICKS / (uint32_t)p->value[P_LOAD_PIPES],
                         written * TICKS / (uint32_t)p->value[P_STORE_PIPES],
                         branch * TICKS / (uint32_t)p->value[P_BRANCH_PIPES] };
    for (size_t i = 0; i < sizeof pipes / sizeof pipes[0]; i++)
        if (pipes[i] > most)
            most = pipes[i];
    return most;
}

/* Moves that compute: addresses, extensions of a register, parts of one. Others are renamed away, or loads and stores. */
static bool computes(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands)
{
    if (decoded->mnemonic == ZYDIS_MNEMONIC_LEA)
        return true;
    if (decoded->operand_count_visible != 2 || operands[0].type != ZYDIS_OPERAND_TYPE_REGISTER)
        return false;
    return narrow(operands[0].reg.value) ||
           (operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            (decoded->mnemonic == ZYDIS_MNEMONIC_MOVZX || decoded->mnemonic == ZYDIS_MNEMONIC_MOVSX ||
             decoded->mnemonic == ZYDIS_MNEMONIC_MOVSXD));
}

/* Operations that occupy an execution pipe other than load and store. */
static bool uses_alu(const struct stream_insn *insn)
{
    switch ((enum stream_insn_kind)insn->kind) {
    case STREAM_INSN_MOVE: case STREAM_INSN_NOP: case STREAM_INSN_SYSTEM: return false;
    case STREAM_INSN_ALU: case STREAM_INSN_MUL: case STREAM_INSN_DIV: case STREAM_INSN_FP: case STREAM_INSN_FPDIV:
    case STREAM_INSN_BRANCH: case STREAM_INSN_STRING: case STREAM_INSN_KINDS: break;
    }
    return true;
}

static bool branches(const struct stream_block *block)
{
    return block->insns[block->n_insns - 1].kind == STREAM_INSN_BRANCH;
}

struct flow flow_of_block(struct arena *arena, const struct stream_block *block, const struct profile *profile)
{
    struct maker m = { .block = block, .profile = profile, .arena = arena };
    ZydisDecoder decoder;
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    uint32_t ops = 0, alu = 0, loads = 0, written = 0;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (unsigned i = 0; i < block->n_insns; i++) {
        const struct stream_insn *insn = &block->insns[i];
        m.insn = i;
        uint32_t ticks = ops * TICKS / (uint32_t)profile->value[P_DISPATCH_WIDTH];
        m.after = ticks > UINT16_MAX ? UINT16_MAX : (uint16_t)ticks;
        ops += insn->uops;
        alu += uses_alu(insn);
        if (!block->code || !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, block->code + insn->offset, insn->length,
                                                                 &decoded, operands))) {
            make_undecoded(&m);
            continue;
        }
        alu += insn->kind == STREAM_INSN_MOVE && computes(&decoded, operands);
        bool fused = fuses(&decoded, block, i + 1);
        ops -= fused;
        alu -= fused;
        if (insn->kind == STREAM_INSN_NOP)
            continue;
        struct effect effect = effect_of(&m, &decoded, operands);
        if (fused)
            effect.latency = 0; /* the jump's own cycle is the pair's */
        make_insn(&m, &effect, i + 1u == block->n_insns && insn->kind == STREAM_INSN_BRANCH);
    }
    for (uint16_t r = 0; r < block->n_refs; r++) {
        loads += (block->refs[r].flags & STREAM_REF_LOAD) != 0;
        written += (block->refs[r].flags & STREAM_REF_STORE) != 0;
    }
    drop_dead(&m);
    return (struct flow){ .nodes = m.nodes, .count = (uint16_t)m.count, .ops = (uint16_t)ops,
                          .base = busiest(profile, ops, alu, loads, written, branches(block)) };
}
