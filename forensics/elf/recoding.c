#include "elf/recoding.h"

#include "elf/code.h"
#include "elf/image.h"

#include <stdlib.h>
#include <string.h>

/* ---- other registers ---- */

enum { NO_REG = 255, MOST_ROUNDS = 64 };

/* What a block knows of the registers: the value each holds at its end, 0 where it is that of the block's start, and
 * which register of new must hold what one of old does at its start. */
struct knowledge {
    uint32_t value[2][REG_COUNT];
    uint8_t wanted[2][REG_COUNT]; /* [0]: by old's register, new's; [1]: the reverse; NO_REG: not asked */
};

struct lockstep {
    const struct pairing *pairing;
    const struct graph *graph[2];
    struct insn_shape *shapes[2]; /* by instruction */
    struct knowledge *blocks;
    uint32_t last_value;
};

static struct insn_shape *shapes_of(struct arena *arena, const struct graph *g)
{
    struct insn_shape *shapes = arena_array(arena, g->insn_count + 1, sizeof *shapes);
    for (size_t n = 0; n < g->insn_count; n++) {
        const unsigned char *bytes = image_at(g->scene->inv->image, g->insns[n].address, g->insns[n].length);
        if (!bytes || !disasm_shape(bytes, g->insns[n].length, &shapes[n]))
            return NULL;
    }
    return shapes;
}

/* The pair must hold one value at the block's start; false: it contradicts what else must. */
static bool want(struct knowledge *k, unsigned old, unsigned new)
{
    if ((k->wanted[0][old] != NO_REG && k->wanted[0][old] != new) || (k->wanted[1][new] != NO_REG && k->wanted[1][new] != old))
        return false;
    k->wanted[0][old] = (uint8_t)new;
    k->wanted[1][new] = (uint8_t)old;
    return true;
}

static bool same_value(struct knowledge *k, unsigned old, unsigned new)
{
    if (k->value[0][old] || k->value[1][new])
        return k->value[0][old] == k->value[1][new];
    return want(k, old, new);
}

static bool is_saved(unsigned reg)
{
    return reg == REG_RBX || reg == REG_RBP || (reg >= 12 && reg <= 15);
}

static bool is_argument(unsigned reg)
{
    return reg == REG_RDI || reg == REG_RSI || reg == REG_RDX || reg == REG_RCX || reg == 8 || reg == 9 || reg == REG_RAX ||
           (reg >= REG_XMM0 && reg < REG_XMM0 + 8);
}

static bool is_result(unsigned reg)
{
    return reg == REG_RAX || reg == REG_XMM0;
}

/* Registers that the conventions of calls fix: what the block put there must be the same on both sides. */
static bool agree_on(struct knowledge *k, bool (*counts)(unsigned reg))
{
    for (unsigned r = 0; r < REG_COUNT; r++)
        if (counts(r) && (k->value[0][r] || k->value[1][r]) && k->value[0][r] != k->value[1][r])
            return false;
    return true;
}

static void forget_across_call(struct lockstep *s, struct knowledge *k)
{
    for (unsigned r = 0; r < REG_COUNT; r++)
        if (!is_saved(r) && r != REG_RSP)
            k->value[0][r] = k->value[1][r] = ++s->last_value;
}

static bool same_target(const struct lockstep *s, const struct insn *a, const struct insn *b)
{
    const struct graph *g = s->graph[0], *h = s->graph[1];
    bool in_a = a->target - g->function->address < g->bytes, in_b = b->target - h->function->address < h->bytes;
    if (a->flow == FLOW_CALL || !in_a || !in_b)
        return in_a == in_b && same_place(s->pairing, a->target, b->target, 0);
    return true; /* the blocks' edges are compared */
}

static bool same_operands(const struct lockstep *s, const struct insn *a, const struct insn *b)
{
    if (a->flow != b->flow || a->condition != b->condition || a->rip_relative != b->rip_relative || !a->target_size != !b->target_size)
        return false;
    if (a->target_size && !same_target(s, a, b))
        return false;
    return !a->rip_relative || same_place(s->pairing, a->reference, b->reference, a->access);
}

static bool step(struct lockstep *s, struct knowledge *k, size_t n, bool entry)
{
    const struct insn *i[2] = { &s->graph[0]->insns[n], &s->graph[1]->insns[n] };
    const struct insn_shape *a = &s->shapes[0][n], *b = &s->shapes[1][n];
    if (i[0]->nop && i[1]->nop)
        return true;
    if (a->hash != b->hash || a->other_regs || b->other_regs || a->reg_count != b->reg_count || !same_operands(s, i[0], i[1]))
        return false;
    for (unsigned r = 0; r < a->reg_count; r++) {
        unsigned x = a->regs[r].number, y = b->regs[r].number;
        /* A caller's value is saved: which register it came from is the caller's affair. */
        bool saves = entry && a->copies && is_saved(x) && is_saved(y) && !k->value[0][x] && !k->value[1][y];
        if ((x == REG_RSP) != (y == REG_RSP) || a->regs[r].reads != b->regs[r].reads || a->regs[r].writes != b->regs[r].writes)
            return false;
        if (a->regs[r].reads && !saves && !same_value(k, x, y))
            return false;
    }
    for (unsigned r = 0; r < a->reg_count; r++)
        if (a->regs[r].writes && a->regs[r].number != REG_RSP)
            k->value[0][a->regs[r].number] = k->value[1][b->regs[r].number] = ++s->last_value;
    if (i[0]->flow == FLOW_CALL || i[0]->flow == FLOW_CALL_INDIRECT) {
        if (!agree_on(k, is_argument))
            return false;
        forget_across_call(s, k);
    }
    return i[0]->flow != FLOW_RETURN || agree_on(k, is_result);
}

static bool same_blocks(const struct graph *old, const struct graph *new)
{
    if (old->block_count != new->block_count || old->insn_count != new->insn_count || old->cold_first != new->cold_first ||
        old->damaged || new->damaged)
        return false;
    for (size_t i = 0; i < old->block_count; i++) {
        const struct block *a = &old->blocks[i], *b = &new->blocks[i];
        if (a->first != b->first || a->jump != b->jump || a->next != b->next || a->case_count != b->case_count ||
            (a->case_count && memcmp(a->cases, b->cases, a->case_count * sizeof *a->cases) != 0))
            return false;
    }
    return true;
}

/* What `to` wants at its start, `from` must leave; true through *grew when `from` wants more for that itself. */
static bool carry_over(const struct knowledge *to, struct knowledge *from, bool *grew)
{
    for (unsigned r = 0; r < REG_COUNT; r++) {
        unsigned other = to->wanted[0][r];
        if (other == NO_REG)
            continue;
        bool known = from->wanted[0][r] == other;
        if (!same_value(from, r, other))
            return false;
        *grew = *grew || (!known && !from->value[0][r]);
    }
    return true;
}

static bool paths_agree(struct lockstep *s)
{
    const struct graph *g = s->graph[0];
    bool grew = true;
    for (int round = 0; grew && round < MOST_ROUNDS; round++) {
        grew = false;
        for (size_t i = g->block_count; i-- > 0;) {
            const struct block *b = &g->blocks[i];
            for (size_t e = 0; e < b->case_count + 2; e++) {
                size_t to = e == 0 ? b->jump : e == 1 ? b->next : b->cases[e - 2];
                if (to != NO_BLOCK && !carry_over(&s->blocks[to], &s->blocks[i], &grew))
                    return false;
            }
        }
    }
    for (unsigned r = 0; r < REG_COUNT; r++)
        if (s->blocks[0].wanted[0][r] != NO_REG && s->blocks[0].wanted[0][r] != r)
            return false; /* callers pass values where they always did */
    return !grew;
}

bool recoding_registers(struct arena *arena, const struct pairing *pairing, const struct graph *old, const struct graph *new)
{
    struct lockstep s = { .pairing = pairing, .graph = { old, new } };
    if (!old || !new || !same_blocks(old, new))
        return false;
    s.shapes[0] = shapes_of(arena, old);
    s.shapes[1] = shapes_of(arena, new);
    if (!s.shapes[0] || !s.shapes[1])
        return false;
    s.blocks = arena_array(arena, old->block_count, sizeof *s.blocks);
    for (size_t i = 0; i < old->block_count; i++) {
        struct knowledge *k = &s.blocks[i];
        memset(k->wanted, NO_REG, sizeof k->wanted);
        for (size_t n = 0; n < old->blocks[i].count; n++)
            if (!step(&s, k, old->blocks[i].first + n, i == 0))
                return false;
    }
    return paths_agree(&s);
}

/* ---- other allocation, unrolling ---- */

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The operations of a function, sorted: copies and jumps without a condition aside. */
static uint64_t *operations_of(struct arena *arena, const struct graph *g, const struct insn_shape *shapes, size_t *count)
{
    uint64_t *list = arena_array(arena, g->insn_count + 1, sizeof *list);
    *count = 0;
    for (size_t n = 0; n < g->insn_count; n++) {
        const struct insn *i = &g->insns[n];
        if (!i->nop && !i->endbr && i->flow != FLOW_JUMP && !shapes[n].copies)
            list[(*count)++] = i->flow == FLOW_NEXT ? shapes[n].operation : (uint64_t)i->flow << 8 | i->condition >> 1;
    }
    qsort(list, *count, sizeof *list, by_number);
    return list;
}

static bool same_operations(struct arena *arena, const struct graph *const graph[2], struct insn_shape *const shapes[2])
{
    size_t count[2];
    uint64_t *list[2];
    for (int side = 0; side < 2; side++)
        list[side] = operations_of(arena, graph[side], shapes[side], &count[side]);
    return count[0] == count[1] && memcmp(list[0], list[1], count[0] * sizeof *list[0]) == 0;
}

/* The work of a loop by mnemonic, sorted: no copies, counting or jumps. */
static uint64_t *work_of(struct arena *arena, const struct graph *g, const struct insn_shape *shapes, const struct loop *loop,
                         size_t *count)
{
    uint64_t *list = arena_array(arena, loop->last_insn - loop->first_insn + 2, sizeof *list);
    *count = 0;
    for (size_t n = loop->first_insn; n <= loop->last_insn; n++)
        if (g->insns[n].flow == FLOW_NEXT && !g->insns[n].nop && !shapes[n].copies && !shapes[n].counts)
            list[(*count)++] = shapes[n].mnemonic;
    qsort(list, *count, sizeof *list, by_number);
    return list;
}

/* How often `few` stands in `many`, each of its members so often; 0: it does not. */
static size_t how_often(const uint64_t *few, size_t few_count, const uint64_t *many, size_t many_count)
{
    size_t times = few_count ? many_count / few_count : 0;
    if (!times || times * few_count != many_count)
        return 0;
    for (size_t i = 0; i < many_count; i++)
        if (many[i] != few[i / times])
            return 0;
    return times;
}

enum { MOST_LOOPS = 64 /* of each side that are compared */, MOST_TIMES = 64 };

/* The largest number of turns of a loop of `few` that one turn of a loop of `many` makes; 1: none makes several. */
static unsigned turns(struct arena *arena, const struct graph *few, const struct insn_shape *few_shapes, const struct graph *many,
                      const struct insn_shape *many_shapes)
{
    size_t most = 1, olds, news;
    for (size_t i = 0; i < few->loop_count && i < MOST_LOOPS; i++) {
        const uint64_t *a = few->loops[i].inner && few->loops[i].whole ? work_of(arena, few, few_shapes, &few->loops[i], &olds) : NULL;
        for (size_t k = 0; a && k < many->loop_count && k < MOST_LOOPS; k++) {
            if (!many->loops[k].inner || !many->loops[k].whole)
                continue;
            const uint64_t *b = work_of(arena, many, many_shapes, &many->loops[k], &news);
            size_t times = how_often(a, olds, b, news);
            most = times > most && times <= MOST_TIMES ? times : most;
        }
    }
    return (unsigned)most;
}

enum recoding recoding_of(struct arena *arena, const struct pairing *pairing, const struct graph *old, const struct graph *new,
                          unsigned *times)
{
    const struct graph *const graph[2] = { old, new };
    *times = 0;
    if (!old || !new)
        return RECODING_OTHER;
    if (recoding_registers(arena, pairing, old, new))
        return RECODING_REGISTERS;
    struct insn_shape *const shapes[2] = { shapes_of(arena, old), shapes_of(arena, new) };
    if (!shapes[0] || !shapes[1])
        return RECODING_OTHER;
    if (same_operations(arena, graph, shapes))
        return RECODING_ALLOCATION;
    unsigned more = turns(arena, old, shapes[0], new, shapes[1]), fewer = turns(arena, new, shapes[1], old, shapes[0]);
    *times = more > fewer ? more : fewer > more ? fewer : 0;
    return more > fewer ? RECODING_UNROLLED : fewer > more ? RECODING_ROLLED : RECODING_OTHER;
}
