#include "sim/model.h"

#include "sim/branch.h"
#include "sim/fetch.h"
#include "sim/memory.h"
#include "sim/retire.h"
#include "sim/sample.h"
#include "sim/state.h"

/* ---- data flow ---- */

/* The tick at which a node's inputs are there. */
static IN_LINE uint64_t inputs_ready(const struct model *m, const struct flow_node *n, uint64_t now)
{
    return later(m->ready[n->b], later(m->ready[n->a], now + n->after));
}

/* One node's reference: the tick its value, or the store's data, is there. */
static uint64_t refer(struct model *m, const struct flow_node *n, const struct data_ref *ref, uint64_t address, uint64_t tick)
{
    if (n->kind == FLOW_LOAD) {
        tick = load_slowly(m, ref, address, tick);
        m->ready[n->to] = tick;
        return tick;
    }
    uint64_t data = m->ready[n->data];
    store_slowly(m, ref, address, tick, data);
    return later(data, tick + n->latency);
}

/* ---- what the code of a block calls ---- */

static uint64_t load_in_place(struct model *m, const struct data_ref *ref, uint64_t address, uint64_t tick)
{
    return load(m, ref, address, tick, false);
}

static uint64_t load_wide_in_place(struct model *m, const struct data_ref *ref, uint64_t address, uint64_t tick)
{
    return load(m, ref, address, tick, true);
}

static void store_in_place(struct model *m, const struct data_ref *ref, uint64_t address, uint64_t tick, uint64_t data)
{
    store(m, ref, address, tick, data);
}

static uint64_t load_remapped(struct model *m, const struct data_ref *ref, uint64_t address, uint64_t tick)
{
    return load(m, ref, remap_address(m->remap, address), tick, false);
}

static uint64_t load_wide_remapped(struct model *m, const struct data_ref *ref, uint64_t address, uint64_t tick)
{
    return load(m, ref, remap_address(m->remap, address), tick, true);
}

static void store_remapped(struct model *m, const struct data_ref *ref, uint64_t address, uint64_t tick, uint64_t data)
{
    store(m, ref, remap_address(m->remap, address), tick, data);
}

void model_set_calls(struct model *m)
{
    m->load = m->remap ? load_remapped : load_in_place;
    m->load_wide = m->remap ? load_wide_remapped : load_wide_in_place;
    m->store = m->remap ? store_remapped : store_in_place;
}

/* ---- data flow, interpreted ---- */

/* Runs the data flow, of the references those below `limit`: ready times, loads, stores. Returns the tick the last of it
 * is done; `*resolved` the branch. What the code of a block must come to. */
static OUT_OF_LINE uint64_t flow_in_part(struct model *m, struct block *b, const uint64_t *slots, unsigned limit,
                                         uint64_t *resolved)
{
    uint64_t done = m->dispatched + TICKS, now = m->now;
    m->running = b;
    for (const struct flow_node *n = block_nodes(b), *last = n + b->node_count; n < last; n++) {
        uint64_t tick = inputs_ready(m, n, now);
        if (n->kind == FLOW_OP) {
            tick += n->latency;
            m->ready[n->to] = tick;
        } else if (n->kind == FLOW_BRANCH) {
            tick += n->latency;
            *resolved = tick;
        } else if (n->ref < limit) {
            const struct data_ref *ref = &b->refs[n->ref];
            uint64_t base = base_of(ref, slots);
            if (base || !ref->conditional)
                tick = refer(m, n, ref, placed(m->remap, base + (uint64_t)ref->displacement), tick);
        }
        done = later(tick, done);
    }
    return done;
}

/* ---- one block ---- */

/* A repeated string instruction's iteration: its references, at the rate of a fast-string unit, 32 bytes a cycle. */
static OUT_OF_LINE void repeat(struct model *m, struct block *b, const uint64_t *slots, unsigned exit)
{
    const struct stream_exit *left_by = &b->rest->described->exits[exit];
    bool first = m->fall_through != block_end(b) + 1;
    uint64_t resolved = 0, waited = 0, bytes = 0;
    if (first) {
        b->rest->entries++;
        fetch(m, b);
        waited = dispatch(m, b);
    } else {
        m->now = m->dispatched;
    }
    m->rep_iterations++;
    for (unsigned r = 0; r < left_by->refs; r++)
        bytes = b->refs[r].size > bytes ? b->refs[r].size : bytes;
    uint64_t ready[2] = { m->ready[FLOW_GPR + 6], m->ready[FLOW_GPR + 7] };
    uint64_t done = flow_in_part(m, b, slots, left_by->refs, &resolved);
    /* The unit counts its own addresses: an iteration does not wait for the one before it. */
    m->ready[FLOW_GPR + 6] = ready[0];
    m->ready[FLOW_GPR + 7] = ready[1];
    if (first) {
        retire(m, b, done, waited);
    } else {
        uint64_t step = bytes * TICKS / 32;
        m->dispatched += step;
        m->retired += step;
        b->dependence += step;
        if (done > m->retired && m->late) {
            uint64_t extra = done - m->retired;
            m->retired = done;
            explain(m, b, extra, 0);
        }
        m->due = m->late = 0;
    }
    m->fall_through = exit == 0 ? block_end(b) + 1
                                : block_end(b); /* end + 1: no block's address, so the next record knows it goes on */
}

/* Left before its end (a failed compare-and-swap, a repeat of zero): fetched whole, done in part, not a branch. */
static OUT_OF_LINE void cut_short(struct model *m, struct block *b, const uint64_t *slots, unsigned exit)
{
    uint64_t resolved = 0;
    b->rest->left_early[exit - 2]++;
    b->detailed++;
    fetch(m, b);
    uint64_t waited = dispatch(m, b);
    uint64_t done = flow_in_part(m, b, slots, b->rest->described->exits[exit].refs, &resolved);
    retire(m, b, done, waited);
    uint64_t end = block_end(b);
    m->fall_through = b->rest->described->exits[exit].target == end ? end : 0;
}

/* Repeats, and blocks left before their end. */
static OUT_OF_LINE void execute_rarity(struct model *m, struct block *b, const uint64_t *slots, unsigned exit)
{
    if (b->ending != STREAM_REP) {
        cut_short(m, b, slots, exit);
        return;
    }
    b->detailed++;
    if (exit > 1)
        b->rest->left_early[exit - 2]++;
    else
        b->left[exit]++;
    repeat(m, b, slots, exit);
}

static IN_LINE void execute(struct model *m, struct block *b, const uint64_t *slots, unsigned exit)
{
    if (UNLIKELY(exit >= b->plain_exits)) {
        execute_rarity(m, b, slots, exit);
        return;
    }
    b->left[exit]++;
    b->detailed++;
    look_up_branch(m, b);
    fetch(m, b);
    uint64_t waited = dispatch(m, b);
    struct flow_end end = { .resolved = m->dispatched + TICKS };
    m->running = b;
    if (LIKELY(b->code != NULL))
        end = b->code(m, slots, m->now, m->dispatched + TICKS);
    else
        end.done = flow_in_part(m, b, slots, UINT32_MAX, &end.resolved);
    retire(m, b, end.done, waited);
    branch(m, b, exit, slots, end.resolved);
}

/* Repeats and their like are always done in detail: they are rare. */
static OUT_OF_LINE void warm_rarity(struct model *m, struct block *b, const uint64_t *slots, unsigned exit)
{
    sample_align_clocks(m);
    execute_rarity(m, b, slots, exit);
    m->now = m->dispatched;
}

/* Between two stretches in detail: caches, TLBs and predictors see everything and count it, no clock runs but the
 * block's own width, and nothing waits. */
static IN_LINE void warm(struct model *m, struct block *b, const uint64_t *slots, unsigned exit)
{
    if (UNLIKELY(exit >= b->plain_exits)) {
        warm_rarity(m, b, slots, exit);
        return;
    }
    b->left[exit]++;
    look_up_branch(m, b);
    fetch_touch(m, b, m->fall_through == b->address);
    m->now += b->base;
    for (const struct data_ref *ref = b->refs, *last = ref + b->ref_count; ref < last; ref++) {
        uint64_t base = base_of(ref, slots), tick = m->now, address = placed(m->remap, base + (uint64_t)ref->displacement);
        if (UNLIKELY(ref->conditional && !base))
            continue;
        m->ref = ref;
        if (UNLIKELY((address & 63) + ref->size > 64))
            split_access(m, b, address, ref->size, tick, true);
        else
            m->l1d.dirty[l1d_touch(m, b, address, &tick, ref->stored)] |= ref->stored;
    }
    branch(m, b, exit, slots, m->now);
}

/* ---- a run ---- */

/* How many records ahead blocks are fetched into our own caches: far enough for a miss, near enough to stay. */
enum { PREFETCH_RECORDS = 4 };

/* The records ahead of the one that is executed. */
struct ahead {
    const uint64_t *at, *end;
};

static struct ahead look_ahead(const uint64_t *at, const uint64_t *end)
{
    for (int i = 0; i < PREFETCH_RECORDS && at < end; i++)
        at += stream_words(*at);
    return (struct ahead){ at, end };
}

static IN_LINE void fetch_ahead(const struct model *m, struct ahead *ahead)
{
    if (ahead->at >= ahead->end)
        return;
    const char *next = (const char *)m->blocks[stream_id(*ahead->at)];
    __builtin_prefetch(next);
    __builtin_prefetch(next + 64);
    __builtin_prefetch(next + 128);
    ahead->at += stream_words(*ahead->at);
}

/* Records in detail, up to the end of the phase; returns where it stopped. */
static OUT_OF_LINE const uint64_t *run_detail(struct model *m, const uint64_t *at, const uint64_t *end)
{
    struct ahead ahead = look_ahead(at, end);
    uint64_t left = m->phase_left;
    for (; at < end && left; left--) {
        uint64_t head = *at;
        fetch_ahead(m, &ahead);
        execute(m, m->blocks[stream_id(head)], at + 1, stream_exit_number(head));
        at += stream_words(head);
    }
    m->phase_left = left;
    return at;
}

static OUT_OF_LINE const uint64_t *run_warm(struct model *m, const uint64_t *at, const uint64_t *end)
{
    struct ahead ahead = look_ahead(at, end);
    uint64_t left = m->phase_left;
    for (; at < end && left; left--) {
        uint64_t head = *at;
        fetch_ahead(m, &ahead);
        warm(m, m->blocks[stream_id(head)], at + 1, stream_exit_number(head));
        at += stream_words(head);
    }
    m->phase_left = left;
    return at;
}

void model_run(struct model *m, const uint64_t *at, const uint64_t *end)
{
    while (at < end) {
        if (!m->phase_left)
            sample_next_phase(m);
        at = m->warming ? run_warm(m, at, end) : run_detail(m, at, end);
    }
    objects_settle(&m->objects);
}
