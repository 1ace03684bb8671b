/* The back end's two ends, part of model.c: entering the reorder buffer, leaving it in order, and the explanation of
 * what leaving took beyond the width. */
#ifndef FORENSICS_SIM_RETIRE_H
#define FORENSICS_SIM_RETIRE_H

#include "sim/fetch.h"
#include "sim/state.h"

/* ---- explaining retirement ---- */

static uint64_t take(uint64_t *rest, uint64_t most)
{
    uint64_t part = *rest < most ? *rest : most;
    *rest -= part;
    return part;
}

/* Order in which waits are blamed: a longer wait hides the shorter ones below it. Data: data_component. */
static const enum component front_order[] = { COMPONENT_DIRECTION, COMPONENT_INDIRECT, COMPONENT_RETURN, COMPONENT_L2I,
                                              COMPONENT_ITLB, COMPONENT_L1I, COMPONENT_BTB, COMPONENT_JCC,
                                              COMPONENT_OPCACHE, COMPONENT_DENSITY };

static void explain_data(struct model *m, struct block *b, uint64_t *extra)
{
    for (int i = 0; i < OBJECT_TERMS && *extra; i++) {
        enum component c = data_component[i];
        if (!(m->late >> c & 1))
            continue;
        uint64_t part = take(extra, m->late_ticks[c]);
        b->rest->tally.ticks[c] += part;
        objects_note(&m->objects, m->late_key[c], 0, (unsigned)i, part);
    }
}

/* `waited` ticks of dispatch for fetch: events first, then the slots that windows and taken branches lost. */
static void explain_front(struct model *m, struct block *b, uint64_t waited)
{
    for (size_t i = 0; i < sizeof front_order / sizeof front_order[0] && waited; i++) {
        enum component c = front_order[i];
        if (m->due >> c & 1)
            m->due_block[c]->rest->tally.ticks[c] += take(&waited, m->due_ticks[c]);
    }
    uint64_t by_jump, by_window;
    lost_slots(m, b, &by_jump, &by_window);
    if (!PERFECT(m, COMPONENT_OPCACHE))
        b->rest->tally.ticks[COMPONENT_OPCACHE] += take(&waited, by_window * TICKS / m->fetch_width);
    if (PERFECT(m, COMPONENT_TAKEN))
        b->rest->tally.ticks[COMPONENT_OPCACHE] += waited;
    else
        b->rest->tally.ticks[COMPONENT_TAKEN] += waited;
}

/* A block retired `extra` ticks later than its width allows; its dispatch had waited `waited` ticks for fetch. */
static OUT_OF_LINE void explain(struct model *m, struct block *b, uint64_t extra, uint64_t waited)
{
    if (m->late)
        explain_data(m, b, &extra);
    if (waited)
        explain_front(m, b, take(&extra, waited));
    b->dependence += extra;
}

/* ---- dispatch and retirement ---- */

/* Enters the reorder buffer; returns how long dispatch waited for fetch. */
static IN_LINE uint64_t dispatch(struct model *m, struct block *b)
{
    m->ops += b->ops;
    uint64_t room = m->ring[(m->ops - m->window_ops_room) / RETIRE_STEP & (RETIRE_RING - 1)];
    uint64_t earliest = later(room, m->dispatched) + b->base, end = later(m->fetched, earliest);
    m->now = end - b->base;
    m->dispatched = end;
    m->fetched = later(m->fetched, end - m->queue_ticks);
    return end - earliest;
}

/* Leaves in order; what it took beyond its width is explained. */
static IN_LINE void retire(struct model *m, struct block *b, uint64_t done, uint64_t waited)
{
    uint64_t earliest = m->retired + b->base, retired = later(later(done, m->retire_floor), earliest);
    uint64_t extra = retired - earliest, group = m->group, last = m->ops / RETIRE_STEP;
    m->retired = retired;
    if (UNLIKELY((((m->late | waited) & m->explained) != 0) & (extra != 0)))
        explain(m, b, extra, waited);
    else
        b->dependence += extra;
    m->due = m->late = 0;
    /* Most blocks end in this group or the next; groups written too early are written again in time. */
    m->ring[group & (RETIRE_RING - 1)] = retired;
    m->ring[(group + 1) & (RETIRE_RING - 1)] = retired;
    for (group += 2; UNLIKELY(group < last); group++)
        m->ring[group & (RETIRE_RING - 1)] = retired;
    m->group = last;
}

#endif
