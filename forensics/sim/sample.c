#include "sim/sample.h"

#include <string.h>

#include "sim/model.h"
#include "sim/state.h"

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
        b->dependence = b->detailed = 0;
    }
}

void sample_next_phase(struct model *m)
{
    if (m->warm_blocks && !m->started) {
        settle(m);
        m->started = true;
    }
    m->warming = m->warm_blocks && !m->warming;
    m->phase_left = m->warming ? m->warm_blocks : m->detail_blocks;
    if (m->warming)
        return;
    for (int i = 0; i < 3; i++)
        m->channel[i] = m->now;
    memset(m->buffers, 0, sizeof m->buffers);
    m->group = m->ops / RETIRE_STEP;
    for (int i = 0; i < L1_SLOTS; i++)
        m->l1d.line[i].ready = 0;
}

void model_sample(struct model *m, uint32_t detail_blocks, uint32_t warm_blocks)
{
    m->detail_blocks = detail_blocks;
    m->warm_blocks = warm_blocks;
    m->warming = false;
    m->phase_left = warm_blocks ? (uint64_t)detail_blocks + warm_blocks : UINT64_MAX;
}
