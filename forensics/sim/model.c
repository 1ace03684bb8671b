#include "sim/model.h"

#include "sim/branch.h"
#include "sim/fetch.h"
#include "sim/memory.h"
#include "sim/retire.h"
#include "sim/sample.h"
#include "sim/state.h"

/* ---- data flow ---- */

/* One node's reference: the tick its value, or the store's data, is there. */
static inline uint64_t refer(struct model *m, struct block *b, const struct flow_node *n, const uint64_t *slots,
                             uint64_t tick)
{
    const struct data_ref *ref = &b->refs[n->ref];
    uint64_t base = ref->slot == STREAM_NO_SLOT ? 0 : slots[ref->slot];
    uint64_t address = placed(m, base + (uint64_t)ref->displacement);
    if (UNLIKELY(ref->conditional && !base))
        return tick;
    m->ref = ref;
    if (n->kind == FLOW_LOAD) {
        tick = load(m, b, address, ref->size, tick);
        m->ready[n->to] = tick;
        return tick;
    }
    uint64_t data = m->ready[n->data];
    store(m, b, address, ref->size, tick, data);
    tick += n->latency;
    return data > tick ? data : tick;
}

/* Runs the data flow: ready times, loads, stores. Returns the tick the last of it is done; `*resolved` the branch. */
static inline uint64_t flow(struct model *m, struct block *b, const uint64_t *slots, unsigned ref_limit,
                            uint64_t *resolved)
{
    uint64_t done = m->dispatched + TICKS, now = m->now, *ready = m->ready;
    for (const struct flow_node *n = b->nodes, *last = n + b->node_count; n < last; n++) {
        uint64_t tick = now + n->after, a = ready[n->a], other = ready[n->b];
        tick = a > tick ? a : tick;
        tick = other > tick ? other : tick;
        if (n->kind == FLOW_OP) {
            tick += n->latency;
            ready[n->to] = tick;
        } else if (n->kind == FLOW_BRANCH) {
            tick += n->latency;
            *resolved = tick;
        } else if (LIKELY(n->ref < ref_limit)) {
            tick = refer(m, b, n, slots, tick);
        }
        done = tick > done ? tick : done;
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
    uint64_t done = flow(m, b, slots, left_by->refs, &resolved);
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
    uint64_t done = flow(m, b, slots, b->rest->described->exits[exit].refs, &resolved);
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

static inline void execute(struct model *m, struct block *b, const uint64_t *slots, unsigned exit)
{
    if (UNLIKELY(exit > 1 || b->ending == STREAM_REP)) {
        execute_rarity(m, b, slots, exit);
        return;
    }
    b->left[exit]++;
    b->detailed++;
    fetch(m, b);
    uint64_t waited = dispatch(m, b), resolved = m->dispatched + TICKS;
    uint64_t done = flow(m, b, slots, UINT32_MAX, &resolved);
    retire(m, b, done, waited);
    branch(m, b, exit, slots, resolved);
}

/* Between two stretches in detail: caches, TLBs and predictors see everything and count it, no clock runs but the
 * block's own width, and nothing waits. */
static inline void warm(struct model *m, struct block *b, const uint64_t *slots, unsigned exit)
{
    if (UNLIKELY(exit > 1 || b->ending == STREAM_REP)) {
        execute_rarity(m, b, slots, exit);
        return;
    }
    b->left[exit]++;
    fetch(m, b);
    m->dispatched += b->base;
    m->now = m->retired = m->fetched = m->predicted = m->dispatched;
    for (const struct data_ref *ref = b->refs, *last = ref + b->ref_count; ref < last; ref++) {
        uint64_t base = ref->slot == STREAM_NO_SLOT ? 0 : slots[ref->slot], tick = m->now;
        uint64_t address = placed(m, base + (uint64_t)ref->displacement);
        if (UNLIKELY(ref->conditional && !base))
            continue;
        m->ref = ref;
        if (UNLIKELY((address & 63) + ref->size > 64))
            split_access(m, b, address, ref->size, tick, true);
        else
            l1d_touch(m, b, address, &tick, ref->stored);
    }
    branch(m, b, exit, slots, m->dispatched);
    m->due = m->late = 0;
}

/* ---- a run ---- */

/* How many records ahead blocks are fetched into our own caches: far enough for a miss, near enough to stay. */
enum { PREFETCH_RECORDS = 4 };

void model_run(struct model *m, const uint64_t *at, const uint64_t *end)
{
    const uint64_t *ahead = at;
    for (int i = 0; i < PREFETCH_RECORDS && ahead < end; i++)
        ahead += stream_words(*ahead);
    while (at < end) {
        uint64_t head = *at;
        if (ahead < end) {
            const char *next = (const char *)m->blocks[stream_id(*ahead)];
            __builtin_prefetch(next);
            __builtin_prefetch(next + 64);
            __builtin_prefetch(next + 128);
            ahead += stream_words(*ahead);
        }
        if (UNLIKELY(m->phase_left-- == 0))
            sample_next_phase(m);
        if (m->warming)
            warm(m, m->blocks[stream_id(head)], at + 1, stream_exit_number(head));
        else
            execute(m, m->blocks[stream_id(head)], at + 1, stream_exit_number(head));
        at += stream_words(head);
    }
}
