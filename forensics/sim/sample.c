#include "sim/sample.h"

#include <string.h>

#include "sim/model.h"
#include "sim/state.h"

/* A block seen this often in detail speaks for itself; the others, for all that were executed about as often. */
enum { KNOWN = 16, CLASSES = 64 };

struct sample_pool {
    struct in_flight {              /* when the last stretch ended */
        uint64_t predicted, fetched, dispatched, retired, committed, group;
        uint64_t ready[FLOW_SLOTS], ring[RETIRE_RING];
        struct queued queue[QUEUE_MAX];
    } in_flight;
    uint64_t made_at;               /* code clock */
    struct {
        double ticks[COMPONENT_COUNT]; /* beyond the base, of executions in detail */
        double base;                   /* ticks of these executions */
    } class[CLASSES];               /* by log2 of the executions after the first stretch */
};

/* The first stretch, where everything is cold, must not be taken for the rest. */
static void settle(struct model *m)
{
    for (uint32_t i = 0; i < m->block_count; i++) {
        struct block *b = m->blocks[i];
        struct block_rest *rest = b->rest;
        memcpy(rest->settled.ticks, rest->tally.ticks, sizeof rest->settled.ticks);
        memset(rest->tally.ticks, 0, sizeof rest->tally.ticks);
        rest->settled.ticks[COMPONENT_DEPENDENCE] += b->dependence;
        static const enum event clocked[] = { EVENT_FORWARD, EVENT_ALIAS };
        for (size_t e = 0; e < sizeof clocked / sizeof clocked[0]; e++) {
            rest->settled.events[clocked[e]] = rest->tally.events[clocked[e]];
            rest->tally.events[clocked[e]] = 0;
        }
        rest->settled_executions = b->detailed;
        rest->settled_windows = b->windows;
        b->dependence = b->detailed = b->windows = 0;
    }
}

void sample_align_clocks(struct model *m)
{
    m->predicted = m->fetched = m->dispatched = m->retired = m->now;
    m->due = m->late = 0;
    m->code_arrival = m->translated = 0;
}

/* What is in flight when a stretch ends is in flight when the next begins: values to come, operations to retire, stores
 * to commit. Otherwise the way to retirement would be gone anew, and counted, in every stretch. */
static void suspend(struct model *m)
{
    struct in_flight *f = &m->pool->in_flight;
    *f = (struct in_flight){ .predicted = m->predicted, .fetched = m->fetched, .dispatched = m->dispatched,
                             .retired = m->retired, .committed = m->committed, .group = m->ops / RETIRE_STEP };
    memcpy(f->ready, m->ready, sizeof f->ready);
    memcpy(f->ring, m->ring, sizeof f->ring);
    memcpy(f->queue, m->queue, sizeof f->queue);
    m->now = m->retired;
}

static void resume(struct model *m)
{
    const struct in_flight *f = &m->pool->in_flight;
    uint64_t passed = m->now - f->dispatched;
    sample_align_clocks(m);
    m->predicted = f->predicted + passed;
    m->fetched = f->fetched + passed;
    m->retired = f->retired + passed;
    m->committed = f->committed + passed;
    for (int i = FLOW_NONE + 1; i < FLOW_SLOTS; i++)
        m->ready[i] = f->ready[i] + passed;
    uint64_t groups = m->ops / RETIRE_STEP - f->group;
    for (uint64_t i = 0; i < RETIRE_RING; i++)
        m->ring[(i + groups) & (RETIRE_RING - 1)] = f->ring[i] + passed;
    m->group = m->ops / RETIRE_STEP;
    for (int i = 0; i < QUEUE_MAX; i++)
        m->queue[i] = (struct queued){ .turn = f->queue[i].turn + passed, .why = f->queue[i].why };
    /* Lines asked for meanwhile have come. */
    for (int i = 0; i < 3; i++)
        m->channel[i] = m->now;
    memset(m->buffers, 0, sizeof m->buffers);
    memset(m->l1d.replacing, 0, sizeof m->l1d.replacing);
    for (int i = 0; i < L1_SLOTS; i++)
        m->l1d.line[i].ready = 0;
}

void sample_next_phase(struct model *m)
{
    if (!m->started)
        settle(m);
    m->started = true;
    m->warming = !m->warming;
    m->phase_left = m->warming ? m->sample.warm_blocks : m->sample.detail_blocks;
    if (m->warming)
        suspend(m);
    else
        resume(m);
}

void model_sample(struct model *m, const struct model_sample *sample)
{
    m->sample = *sample;
    m->warming = false;
    m->phase_left = sample->first_blocks;
    m->pool = arena_alloc(m->arena, sizeof *m->pool);
}

bool model_sampled(const struct model *m)
{
    return m->started;
}

/* ---- from the sample to the whole ---- */

static uint64_t executions(const struct block *b)
{
    uint64_t sum = b->left[0] + b->left[1];
    for (unsigned exit = 2; exit < b->rest->described->n_exits; exit++)
        sum += b->rest->left_early[exit - 2];
    return sum;
}

static unsigned class_of(uint64_t later)
{
    return later ? 63 - (unsigned)__builtin_clzll(later) : 0;
}

/* By the block's executions alone: its own, or of blocks alike. `later` are those after the first stretch. */
static double by_executions(const struct sample_pool *pool, const struct block *b, uint64_t later, int c)
{
    unsigned class = class_of(later);
    uint64_t seen = b->rest->tally.ticks[c] + (c == COMPONENT_DEPENDENCE ? b->dependence : 0);
    if (b->detailed < KNOWN && b->detailed < later && pool->class[class].base > 0)
        return pool->class[class].ticks[c] / pool->class[class].base * (double)later * b->base;
    return b->detailed ? (double)seen * (double)later / (double)b->detailed : (double)seen;
}

static void make_classes(const struct model *m, struct sample_pool *pool)
{
    memset(pool->class, 0, sizeof pool->class);
    for (uint32_t i = 0; i < m->block_count; i++) {
        const struct block *b = m->blocks[i];
        unsigned class = class_of(executions(b) - b->rest->settled_executions);
        for (int c = 0; c < COMPONENT_COUNT; c++)
            pool->class[class].ticks[c] += (double)b->rest->tally.ticks[c];
        pool->class[class].ticks[COMPONENT_DEPENDENCE] += (double)b->dependence;
        pool->class[class].base += (double)b->detailed * b->base;
    }
}

/* Made when it is first asked for after a run. */
static const struct sample_pool *pool_of(const struct model *m)
{
    struct sample_pool *pool = m->pool;
    if (pool->made_at != m->code_clock + 1) {
        make_classes(m, pool);
        pool->made_at = m->code_clock + 1;
    }
    return pool;
}

void sample_expand(const struct model *m, const struct block *b, uint64_t executed, uint64_t *ticks)
{
    const struct block_rest *rest = b->rest;
    for (int c = 0; c < COMPONENT_COUNT; c++) {
        if (m->started)
            ticks[c] = rest->settled.ticks[c] +
                       (uint64_t)(by_executions(pool_of(m), b, executed - rest->settled_executions, c));
        else
            ticks[c] = rest->tally.ticks[c] + (c == COMPONENT_DEPENDENCE ? b->dependence : 0);
    }
}

uint64_t sample_scaled(const struct block *b, uint64_t executed, uint64_t amount)
{
    uint64_t later = executed - b->rest->settled_executions;
    return b->detailed && b->detailed != later ? (uint64_t)((unsigned __int128)amount * later / b->detailed) : amount;
}
