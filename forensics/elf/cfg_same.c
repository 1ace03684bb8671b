/* Do two functions do the same instruction by instruction along every path, wherever their blocks sit?
 *
 * Every instruction is a state: its class is what it does together with the classes of what may follow. Classes are
 * refined until none splits any more (Moore's minimisation of automata), over both functions at once; the functions
 * are the same when their entries end in one class. Nops and jumps inside the function are stepped over, and of a
 * condition and its inverse one is taken as the form of both, so order, fall-through, alignment and duplicated tails
 * do not count.
 */
#include "elf/cfg.h"
#include "elf/code.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_SKIPS = 64,     /* nops and jumps in a row */
    MOST_WORK = 1 << 25, /* state visits of one comparison, about 0.2 s */
    OUTSIDE = 3,         /* class of leaving the function */
};

struct state {
    const struct insn *insn;
    uint64_t meaning; /* 0: stepped over */
    size_t yes, no;   /* states: where the even one of a condition and its inverse leads, and where the odd one does */
    const size_t *cases; /* states */
    size_t case_count;
    uint64_t class, next_class;
    bool new_side, cold, reached;
    bool conditional, falls_to_yes; /* the fall-through is `yes` */
};

struct machine {
    struct state *states;
    size_t count;
    size_t entry[2];
};

static uint64_t join(uint64_t a, uint64_t b)
{
    __uint128_t m = (__uint128_t)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd6e8feb86659fd93u);
    return (uint64_t)m ^ (uint64_t)(m >> 64) ^ (a << 1);
}

static bool inside(const struct graph *g, const struct insn *i)
{
    return i->target_size && i->flow != FLOW_CALL &&
           (i->target - g->function->address < g->bytes || (g->cold && i->target - g->cold->address < g->cold_bytes));
}

/* The edges of a block's last instruction, as states; `base` is the number of the graph's first state. */
static void aim_last(struct arena *arena, const struct graph *g, const struct block *b, size_t base, struct state *s)
{
    size_t jump = b->jump == NO_BLOCK ? NO_BLOCK : base + g->blocks[b->jump].first;
    size_t next = b->next == NO_BLOCK ? NO_BLOCK : base + g->blocks[b->next].first;
    s->conditional = s->insn->flow == FLOW_BRANCH && jump != NO_BLOCK && next != NO_BLOCK;
    s->falls_to_yes = s->conditional && s->insn->condition < 16 && (s->insn->condition & 1);
    if (s->conditional) {
        s->yes = s->falls_to_yes ? next : jump;
        s->no = s->falls_to_yes ? jump : next;
    } else {
        s->yes = jump != NO_BLOCK && s->insn->flow == FLOW_JUMP ? jump : next;
        s->no = jump != NO_BLOCK && s->insn->flow == FLOW_BRANCH ? jump : NO_BLOCK;
    }
    size_t *cases = arena_array(arena, b->case_count, sizeof *cases);
    for (size_t c = 0; c < b->case_count; c++)
        cases[c] = base + g->blocks[b->cases[c]].first;
    s->cases = cases;
    s->case_count = b->case_count;
}

static void add_graph(struct arena *arena, struct machine *m, const struct graph *g, bool new_side)
{
    size_t base = m->count;
    for (size_t k = 0; k < g->block_count; k++) {
        const struct block *b = &g->blocks[k];
        for (size_t n = b->first; n < b->first + b->count; n++) {
            struct state *s = &m->states[base + n];
            *s = (struct state){ .insn = &g->insns[n],
                                 .yes = base + n + 1,
                                 .no = NO_BLOCK,
                                 .new_side = new_side,
                                 .cold = b->cold,
                                 .reached = b->reached };
            s->meaning = b->reached ? code_meaning(g->scene, s->insn, inside(g, s->insn)) : 0;
            if (n + 1 == b->first + b->count)
                aim_last(arena, g, b, base, s);
        }
    }
    m->entry[new_side] = base;
    m->count += g->insn_count;
}

/* The first state from here on that does something. */
static size_t settle(const struct machine *m, size_t state)
{
    for (unsigned n = 0; n < MOST_SKIPS && state != NO_BLOCK && m->states[state].meaning == 0; n++)
        state = m->states[state].yes;
    return state;
}

static void settle_all(struct machine *m)
{
    for (size_t n = 0; n < m->count; n++) {
        struct state *s = &m->states[n];
        if (s->meaning == 0)
            continue; /* nobody leads here any more; left as it is, others step over it */
        s->yes = settle(m, s->yes);
        s->no = settle(m, s->no);
        size_t *cases = (size_t *)(uintptr_t)s->cases;
        for (size_t c = 0; c < s->case_count; c++)
            cases[c] = settle(m, cases[c]);
    }
    m->entry[0] = settle(m, m->entry[0]);
    m->entry[1] = settle(m, m->entry[1]);
}

static uint64_t class_of(const struct machine *m, size_t state)
{
    return state == NO_BLOCK ? OUTSIDE : m->states[state].class;
}

static void refine_once(struct machine *m)
{
    for (size_t n = 0; n < m->count; n++) {
        struct state *s = &m->states[n];
        uint64_t hash = join(join(s->meaning, class_of(m, s->yes)), class_of(m, s->no));
        for (size_t c = 0; c < s->case_count; c++)
            hash = join(hash, class_of(m, s->cases[c]));
        s->next_class = s->meaning ? hash : 0;
    }
    for (size_t n = 0; n < m->count; n++)
        m->states[n].class = m->states[n].next_class;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static size_t count_classes(const struct machine *m, uint64_t *scratch)
{
    size_t count = 0;
    for (size_t n = 0; n < m->count; n++)
        scratch[n] = m->states[n].class;
    qsort(scratch, m->count, sizeof *scratch, by_number);
    for (size_t n = 0; n < m->count; n++)
        count += n == 0 || scratch[n] != scratch[n - 1];
    return count;
}

/* False when the entries differ or the work is too much. Each round splits classes or is the last, and a class once
 * split stays so: equal counts mean a fixed point, which is looked for after 1, 2, 4... rounds because counting costs
 * more than a round. */
static bool refine(struct arena *arena, struct machine *m)
{
    uint64_t *scratch = arena_array(arena, m->count, sizeof *scratch);
    size_t before = 0, work = 0;
    for (size_t n = 0; n < m->count; n++)
        m->states[n].class = m->states[n].meaning;
    for (size_t rounds = 1; work < MOST_WORK; rounds *= 2) {
        for (size_t r = 0; r < rounds && work < MOST_WORK; r++, work += m->count)
            refine_once(m);
        if (class_of(m, m->entry[0]) != class_of(m, m->entry[1]))
            return false; /* and never will be again */
        size_t now = count_classes(m, scratch);
        if (now == before)
            return true;
        before = now;
    }
    return false;
}

static bool machine_make(struct arena *arena, const struct graph *old, const struct graph *new, struct machine *m)
{
    if (!old || !new || old->damaged || new->damaged)
        return false;
    *m = (struct machine){ .states = arena_array(arena, old->insn_count + new->insn_count, sizeof *m->states) };
    add_graph(arena, m, old, false);
    add_graph(arena, m, new, true);
    settle_all(m);
    return refine(arena, m);
}

bool graph_same(struct arena *arena, const struct graph *old, const struct graph *new)
{
    struct machine m;
    return machine_make(arena, old, new, &m);
}

static int by_class(const void *a, const void *b)
{
    const struct state *x = a, *y = b;
    if (x->class != y->class)
        return x->class < y->class ? -1 : 1;
    if (x->new_side != y->new_side)
        return x->new_side - y->new_side;
    return (x->insn > y->insn) - (x->insn < y->insn);
}

/* One class: its old states first, then its new ones. */
static void tell_class(const struct state *s, size_t count, struct reorder *r)
{
    size_t olds = 0, cold_olds = 0, cold_news = 0;
    uint64_t bytes = 0;
    for (size_t n = 0; n < count; n++) {
        olds += !s[n].new_side;
        cold_olds += !s[n].new_side && s[n].cold;
        cold_news += s[n].new_side && s[n].cold;
        bytes += s[n].new_side ? s[n].insn->length : 0;
    }
    size_t news = count - olds;
    if (!olds || !news)
        return;
    if (cold_olds == 0 && cold_news == news)
        r->to_cold_bytes += bytes;
    if (cold_olds == olds && cold_news == 0)
        r->from_cold_bytes += bytes;
    if (olds == 1 && news == 1 && s[0].conditional && s[1].conditional)
        r->inverted += s[0].falls_to_yes != s[1].falls_to_yes;
    r->duplicated += news > olds ? news - olds : 0;
}

bool graph_reorder(struct arena *arena, const struct graph *old, const struct graph *new, struct reorder *r)
{
    struct machine m;
    *r = (struct reorder){ 0 };
    if (!machine_make(arena, old, new, &m))
        return false;
    qsort(m.states, m.count, sizeof *m.states, by_class);
    for (size_t n = 0, end; n < m.count; n = end) {
        for (end = n; end < m.count && m.states[end].class == m.states[n].class; end++)
            continue;
        if (m.states[n].class)
            tell_class(&m.states[n], end - n, r);
    }
    return true;
}
