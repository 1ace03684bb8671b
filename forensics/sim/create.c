#include <assert.h>
#include <stdlib.h>

#include "sim/model.h"
#include "sim/state.h"

_Static_assert((int)MODEL_TICKS == (int)TICKS, "one unit of time, two names");
_Static_assert(COMPONENT_COUNT <= 32, "sets of components are words");

static void set_parameters(struct model *m)
{
    const int32_t *p = m->profile->value;
    static const enum param occupancy[] = { P_L2_LINE, P_LLC_LINE, P_MEMORY_LINE };
    static const enum param latency[] = { P_L2_LATENCY, P_LLC_LATENCY, P_MEMORY_LATENCY };
    m->taken_ticks = PERFECT(m, COMPONENT_TAKEN) ? 0 : (uint32_t)(1 + p[P_TAKEN_BUBBLE]) * TICKS;
    m->ahead_ticks = (uint32_t)p[P_FETCH_AHEAD] * TICKS;
    m->queue_ticks = (uint32_t)(p[P_OP_QUEUE] * TICKS / p[P_DISPATCH_WIDTH]);
    m->fetch_width = (uint32_t)p[P_FETCH_OPS];
    m->window_shift = PERFECT(m, COMPONENT_OPCACHE)
                          ? 63
                          : (unsigned)__builtin_ctz((unsigned)p[P_FETCH_WINDOW]); /* 63: all code is one window */
    m->window_bytes = 1ull << m->window_shift;
    m->fetch_share = (1ull << 32) / m->fetch_width + 1;
    m->window_ops_room = (uint32_t)p[P_WINDOW];
    m->l1d_ticks = (uint32_t)p[P_L1D_LATENCY] * TICKS;
    m->branches_per_fetch = (uint32_t)p[P_BRANCHES_PER_FETCH];
    m->forward_ticks = (uint32_t)p[P_FORWARD_LATENCY] * TICKS;
    m->queue_entries = (uint32_t)p[P_STORE_QUEUE];
    m->window_of_end = p[P_WINDOW_OF_END] > 0;
    m->itlb2_hold_ticks = (uint32_t)p[P_ITLB2_HOLD] * TICKS;
    m->call_ticks = PERFECT(m, COMPONENT_TAKEN) ? 0 : (uint32_t)p[P_CALL_BUBBLE] * TICKS;
    m->alias_matters = p[P_ALIAS_4K] > 0;
    m->write_back_ticks = (uint32_t)p[P_L2_WRITE_BACK] * TICKS;
    m->replace_ticks = (uint32_t)p[P_L1D_REPLACE] * TICKS;
    m->microcode_ticks = (uint32_t)p[P_MICROCODE_LOAD] * TICKS;
    for (int i = 0; i < 3; i++) {
        m->line_occupancy[i] = (uint32_t)p[occupancy[i]] * TICKS;
        m->latency[i] = (uint32_t)p[latency[i]] * TICKS;
    }
}

static void residence_init(struct model *m, struct residence *r, uint32_t sets, uint32_t ways)
{
    r->sets = sets;
    r->ways = ways;
    r->line = arena_array(m->arena, (size_t)sets * ways, sizeof *r->line);
    r->half = arena_array(m->arena, (size_t)sets * ways, sizeof *r->half);
    r->used = arena_array(m->arena, (size_t)sets * ways, sizeof *r->used);
}

static void set_structures(struct model *m)
{
    const int32_t *p = m->profile->value;
    residence_init(m, &m->l1i, L1_SETS, (uint32_t)p[P_L1I_WAYS]);
    residence_init(m, &m->opcache, (uint32_t)p[P_OPCACHE_SETS], (uint32_t)p[P_OPCACHE_WAYS]);
    cache_init(&m->l2, m->arena, (uint32_t)p[P_L2_SETS], (uint32_t)p[P_L2_WAYS]);
    cache_init(&m->llc, m->arena, (uint32_t)p[P_LLC_SETS], (uint32_t)p[P_LLC_WAYS]);
    cache_init(&m->stlb, m->arena, (uint32_t)p[P_STLB_SETS], (uint32_t)p[P_STLB_WAYS]);
    if (p[P_ITLB2_SETS])
        cache_init(&m->itlb2, m->arena, (uint32_t)p[P_ITLB2_SETS], (uint32_t)p[P_ITLB2_WAYS]);
    m->l1d.ways = (uint32_t)p[P_L1D_WAYS];
    m->dtlb.entries = (uint32_t)p[P_DTLB_ENTRIES];
    predictor_init(&m->predictor, m->arena, m->profile);
    btb_init(&m->btb, m->arena, m->profile);
    pages_init(&m->pages);
    objects_init(&m->objects);
    m->line_room = 1 << 16;
    m->line_table = arena_array(m->arena, m->line_room, sizeof *m->line_table);
    m->paths = arena_array(m->arena, THREADS_MAX, sizeof *m->paths);
}

struct model *model_create(const struct profile *profile, uint32_t perfect)
{
    struct arena *arena = arena_new();
    struct model *m = arena_alloc(arena, sizeof *m);
    m->arena = arena;
    m->profile = profile;
    m->perfect = perfect & ~(MODEL_PERFECT(COMPONENT_BASE) | MODEL_PERFECT(COMPONENT_DEPENDENCE));
    m->predicted = m->fetched = m->dispatched = m->retired = m->now = START;
    m->epoch = 1;
    m->phase_left = UINT64_MAX;
    m->explained = UINT64_MAX;
    m->window = m->branch_line = m->last_code_page = ~0ull;
    for (int i = 0; i < L1_SETS; i++)
        m->l1d.turnover[i] = UINT64_MAX;
    for (int i = 0; i < L1D_INDEX; i++)
        m->l1d.index[i].line = ~0ull;
    set_parameters(m);
    set_structures(m);
    m->code = code_space_new();
    model_set_calls(m);
    m->window_ops = m->fetch_width;
    m->ops = (uint32_t)profile->value[P_WINDOW] * RETIRE_STEP;
    m->group = m->ops / RETIRE_STEP;
    model_switch_thread(m, 1);
    return m;
}

void model_interpret(struct model *m)
{
    assert(!m->block_count);
    code_space_free(m->code);
    m->code = NULL;
}

void model_without_objects(struct model *m)
{
    objects_release(&m->objects);
}

void model_unexplained(struct model *m)
{
    model_without_objects(m);
    m->explained = 0;
}

void model_free(struct model *m)
{
    if (!m)
        return;
    pages_release(&m->pages);
    objects_release(&m->objects);
    code_space_free(m->code);
    arena_free(m->arena);
}

void model_remap(struct model *m, const struct remap *remap)
{
    assert(!m->block_count);
    m->remap = remap;
    model_set_calls(m);
}

const struct profile *model_profile(const struct model *m)
{
    return m->profile;
}
