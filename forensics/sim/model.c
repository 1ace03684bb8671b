#include "sim/model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/fetch.h"
#include "sim/memory.h"
#include "sim/state.h"


_Static_assert((int)MODEL_TICKS == (int)TICKS, "one unit of time, two names");
_Static_assert(COMPONENT_COUNT <= 32, "sets of components are words");

/* ---- explaining retirement ---- */

static uint64_t take(uint64_t *rest, uint64_t most)
{
    uint64_t part = *rest < most ? *rest : most;
    *rest -= part;
    return part;
}

/* Order in which waits are blamed: a longer wait hides the shorter ones below it. */
const enum component data_component[OBJECT_TERMS] = { COMPONENT_MEMORY, COMPONENT_L2D, COMPONENT_DTLB, COMPONENT_L1D,
                                                      COMPONENT_FORWARD, COMPONENT_ALIAS, COMPONENT_SPLIT };
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
        objects_cell(&m->objects, m->late_key[c])->ticks[i] += part;
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

/* ---- one block ---- */

/* Enters the reorder buffer; returns how long dispatch waited for fetch. */
static inline uint64_t dispatch(struct model *m, struct block *b)
{
    m->ops += b->ops;
    uint64_t room = m->ring[(m->ops - m->window_ops_room) / RETIRE_STEP & (RETIRE_RING - 1)];
    uint64_t end = (room > m->dispatched ? room : m->dispatched) + b->base, waited = 0;
    if (m->fetched > end) {
        waited = m->fetched - end;
        end = m->fetched;
    }
    m->now = end - b->base;
    m->dispatched = end;
    if (m->fetched + m->queue_ticks < end)
        m->fetched = end - m->queue_ticks;
    return waited;
}

/* Where an address of the stream lies. */
static inline uint64_t placed(const struct model *m, uint64_t address)
{
    return m->remap ? remap_address(m->remap, address) : address;
}

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

/* Leaves in order; what it took beyond its width is explained. */
static inline void retire(struct model *m, struct block *b, uint64_t done, uint64_t waited)
{
    uint64_t earliest = m->retired + b->base;
    if (UNLIKELY(m->retire_floor > done))
        done = m->retire_floor;
    if (done > earliest) {
        uint64_t extra = done - earliest;
        m->retired = done;
        if (m->late | waited)
            explain(m, b, extra, waited);
        else
            b->dependence += extra;
    } else {
        m->retired = earliest;
    }
    m->due = m->late = 0;
    for (uint64_t last = m->ops / RETIRE_STEP; m->group < last; m->group++)
        m->ring[m->group & (RETIRE_RING - 1)] = m->retired;
}

/* ---- branches ---- */

static OUT_OF_LINE void mispredicted(struct model *m, struct block *b, enum component component, enum event event,
                                     uint64_t resolved)
{
    if (PERFECT(m, component))
        return;
    b->rest->tally.events[event]++;
    redirect(m, b, resolved + (uint64_t)m->profile->value[P_MISPREDICT] * TICKS, component);
}

static OUT_OF_LINE void target_unknown(struct model *m, struct block *b, enum btb_answer answer)
{
    if (PERFECT(m, COMPONENT_BTB))
        return;
    if (answer == BTB_SECOND) {
        uint64_t bubble = (uint64_t)m->profile->value[P_BTB2_BUBBLE] * TICKS;
        m->predicted += bubble;
        owe(m, COMPONENT_BTB, b, bubble);
        return;
    }
    b->rest->tally.events[EVENT_BTB]++;
    redirect(m, b, m->fetched + (uint64_t)m->profile->value[P_RESTEER] * TICKS, COMPONENT_BTB);
}

/* A taken branch meets the BTB; a target that was mispredicted anyway costs nothing more. */
static inline void taken(struct model *m, struct block *b, bool known)
{
    enum btb_answer answer = btb_touch(&m->btb, block_branch(b), &b->btb_slot);
    b->known_branch = true;
    m->fall_through = 0;
    if (UNLIKELY(answer != BTB_FIRST && known))
        target_unknown(m, b, answer);
}

static void indirect(struct model *m, struct block *b, const uint64_t *slots, uint64_t resolved)
{
    uint64_t next = placed(m, slots[b->next_slot - 1]);
    bool entered = m->btb.tags1[b->btb_slot] == block_branch(b);
    bool right =
        predict_indirect(&m->predictor, m->path, block_branch(b), entered ? m->btb.targets1[b->btb_slot] : 0, next);
    if (!right)
        mispredicted(m, b, COMPONENT_INDIRECT, EVENT_INDIRECT, resolved);
    taken(m, b, right);
    m->btb.targets1[b->btb_slot] = next;
}

static inline void branch(struct model *m, struct block *b, unsigned exit, const uint64_t *slots, uint64_t resolved)
{
    switch ((enum stream_ending)b->ending) {
    case STREAM_COND: {
        bool right = predict_direction(&m->predictor, m->path, &b->bias, block_branch(b), exit);
        if (UNLIKELY(!right))
            mispredicted(m, b, COMPONENT_DIRECTION, EVENT_DIRECTION, resolved);
        if (exit)
            taken(m, b, right);
        else
            m->fall_through = block_end(b);
        break;
    }
    case STREAM_CALL:
        predict_call(&m->predictor, m->path, block_end(b));
        taken(m, b, true);
        break;
    case STREAM_JUMP:
        taken(m, b, true);
        break;
    case STREAM_CALL_INDIRECT:
        predict_call(&m->predictor, m->path, block_end(b));
        indirect(m, b, slots, resolved);
        break;
    case STREAM_JUMP_INDIRECT:
        indirect(m, b, slots, resolved);
        break;
    case STREAM_RETURN: {
        bool right = predict_return(&m->predictor, m->path, placed(m, slots[b->next_slot - 1]));
        if (UNLIKELY(!right))
            mispredicted(m, b, COMPONENT_RETURN, EVENT_RETURN, resolved);
        taken(m, b, right);
        break;
    }
    case STREAM_FALL: case STREAM_SYSCALL: case STREAM_REP: case STREAM_ENDINGS:
        m->fall_through = block_end(b);
        break;
    }
}

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

/* ---- sampling ---- */

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

/* From warming to detail and back. What queued up while no clock ran is forgotten. */
static OUT_OF_LINE void next_phase(struct model *m)
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
            next_phase(m);
        if (m->warming)
            warm(m, m->blocks[stream_id(head)], at + 1, stream_exit_number(head));
        else
            execute(m, m->blocks[stream_id(head)], at + 1, stream_exit_number(head));
        at += stream_words(head);
    }
}

/* ---- describing blocks ---- */

static struct code_line *line_of(struct model *m, uint64_t number)
{
    uint32_t slot = (uint32_t)(number * 0x9e3779b97f4a7c15ull >> 40) & (m->line_room - 1);
    for (struct code_line *line = m->line_table[slot]; line; line = line->next)
        if (line->line == number)
            return line;
    struct code_line *line = arena_alloc(m->arena, sizeof *line);
    *line = (struct code_line){ .line = number, .next = m->line_table[slot], .slot = -1, .unit = { -1, -1 } };
    m->line_table[slot] = line;
    m->line_total++;
    return line;
}

static void cover_lines(struct model *m, struct block *b)
{
    uint64_t first = b->address >> 6, last = (block_end(b) - 1) >> 6;
    b->rest->line_count = (uint32_t)(last - first + 1);
    b->rest->lines = arena_array(m->arena, b->rest->line_count, sizeof *b->rest->lines);
    for (uint32_t i = 0; i < b->rest->line_count; i++) {
        struct code_line *line = line_of(m, first + i);
        struct covering *covering = arena_alloc(m->arena, sizeof *covering);
        *covering = (struct covering){ .block = b, .next = line->covered_by };
        line->covered_by = covering;
        b->rest->lines[i] = line;
    }
}

/* Operations by fetch window, and with them the fetch cycles of the block. */
static void measure_windows(struct model *m, struct block *b)
{
    const struct stream_block *d = b->rest->described;
    uint32_t width = m->fetch_width, in_window = 0, windows = 0, surplus = d->uops > b->ops ? d->uops - b->ops : 0;
    uint64_t window = b->address >> m->window_shift;
    for (unsigned i = 0; i <= d->n_insns; i++) {
        bool last = i == d->n_insns;
        uint64_t here = last ? 0 : (b->address + d->insns[i].offset) >> m->window_shift;
        if (last || here != window) {
            if (last)
                in_window = in_window > surplus ? in_window - surplus : 1; /* the fused pair stands at the end */
            uint32_t cycles = (in_window + width - 1) / width, used = in_window ? (in_window - 1) % width + 1 : 0;
            if (windows++ == 0) {
                b->first_ops = (uint16_t)in_window;
                b->first_cycles = (uint16_t)cycles;
                b->first_used = (uint16_t)used;
            } else {
                b->rest_cycles = (uint16_t)(b->rest_cycles + cycles);
                b->rest_lost = (uint16_t)(b->rest_lost + (last ? 0 : width - used));
                b->last_used = (uint16_t)used;
            }
            in_window = 0;
            if (!last)
                window = here;
        }
        if (!last)
            in_window += d->insns[i].uops;
    }
}

/* The erratum: a jump, or a compare fused with it, that touches or ends at a 32-byte boundary. */
static bool touches_boundary(const struct stream_block *d, uint32_t fused)
{
    if (d->ending == STREAM_FALL || d->ending == STREAM_SYSCALL || d->ending == STREAM_REP)
        return false;
    unsigned first = d->n_insns - 1u - (fused && d->n_insns > 1);
    uint64_t begin = d->address + d->insns[first].offset, end = d->address + d->bytes;
    return begin >> 5 != end >> 5;
}

static struct data_ref data_ref_of(const struct stream_block *d, const struct stream_ref *ref)
{
    unsigned origin = ref->slot == STREAM_NO_SLOT ? STREAM_FROM_COMPUTED : d->origins[ref->slot];
    return (struct data_ref){ .displacement = ref->displacement,
                              .slot = ref->slot,
                              .size = ref->size,
                              .class = origin == STREAM_FROM_RSP  ? OBJECT_STACK
                                       : origin == STREAM_FROM_FS ? OBJECT_TLS
                                                                  : OBJECT_PLAIN,
                              .conditional = (ref->flags & STREAM_REF_CONDITIONAL) != 0,
                              .stored = !(ref->flags & STREAM_REF_LOAD) };
}

/* A block with its nodes and references behind it, on a cache line of its own. */
static struct block *block_alloc(struct model *m, const struct stream_block *d, const struct flow *of)
{
    size_t nodes = (of->count * sizeof(struct flow_node) + 15) & ~(size_t)15,
           refs = d->n_refs * sizeof(struct data_ref);
    char *piece = arena_alloc(m->arena, sizeof(struct block) + nodes + refs + 63);
    struct block *b = (struct block *)(((uintptr_t)piece + 63) & ~(uintptr_t)63);
    struct data_ref *ref = (struct data_ref *)((char *)b + sizeof *b + nodes);
    if (of->count)
        memcpy(b->nodes, of->nodes, of->count * sizeof(struct flow_node));
    for (unsigned r = 0; r < d->n_refs; r++)
        ref[r] = data_ref_of(d, &d->refs[r]);
    b->refs = ref;
    return b;
}

static void describe(struct model *m, const struct stream_block *d)
{
    assert(d->id == m->block_count && d->bytes <= UINT16_MAX);
    struct flow of = flow_of_block(m->arena, d, m->profile);
    struct block *b = block_alloc(m, d, &of);
    b->rest = arena_alloc(m->arena, sizeof *b->rest);
    b->rest->described = d;
    b->rest->map = maps_find(&m->maps, d->address);
    if (d->n_exits > 2)
        b->rest->left_early = arena_array(m->arena, d->n_exits - 2u, sizeof *b->rest->left_early);
    b->address = d->address;
    b->bytes = (uint16_t)d->bytes;
    b->branch_offset = d->insns[d->n_insns - 1].offset;
    b->node_count = of.count;
    b->ref_count = d->n_refs;
    b->base = of.base;
    b->ops = of.ops;
    b->ending = (uint8_t)d->ending;
    b->next_slot = d->has_next ? (uint16_t)(d->n_slots + 1) : 0;
    b->jcc = m->profile->value[P_JCC_ERRATUM] && !PERFECT(m, COMPONENT_JCC) && touches_boundary(d, d->uops > of.ops);
    cover_lines(m, b);
    measure_windows(m, b);
    *ARENA_PUSH(m->arena, m->blocks, m->block_count, m->block_room) = b;
}

/* ---- events ---- */

static void switch_thread(struct model *m, uint32_t thread)
{
    struct branch_path **path = &m->paths[thread % THREADS_MAX];
    if (!*path)
        *path = arena_alloc(m->arena, sizeof **path);
    m->path = *path;
    m->fall_through = 0;
}

void model_event(struct model *m, const struct stream_event *event)
{
    switch (event->type) {
    case STREAM_EVENT_BLOCK:
        describe(m, event->block);
        break;
    case STREAM_EVENT_MAP:
        maps_add(&m->maps, m->arena, &event->map);
        if (event->map.kind == STREAM_MAP_STACK) {
            m->stack_low = event->map.address;
            m->stack_high = event->map.address + event->map.bytes;
        }
        break;
    case STREAM_EVENT_UNMAP:
        maps_remove(&m->maps, m->arena, event->unmap.address, event->unmap.bytes);
        break;
    case STREAM_EVENT_THREAD:
        switch_thread(m, event->thread.thread);
        break;
    case STREAM_EVENT_SIGNAL: case STREAM_EVENT_SIGNAL_END:
        m->signals++;
        m->fall_through = 0;
        break;
    case STREAM_EVENT_SYSCALL:
        m->syscalls++;
        break;
    case STREAM_EVENT_START: case STREAM_EVENT_FORK: case STREAM_EVENT_EXEC: case STREAM_EVENT_END:
        break;
    }
}

bool model_consume(struct stream *stream, struct model *const *models, size_t count, struct err *err)
{
    struct stream_run run;
    struct stream_event event;
    enum stream_item item;
    while ((item = stream_next(stream, &run, &event, err)) > STREAM_DONE)
        for (size_t i = 0; i < count; i++) {
            if (item == STREAM_EVENT)
                model_event(models[i], &event);
            else
                model_run(models[i], run.at, run.end);
        }
    return item == STREAM_DONE;
}

/* ---- birth and death ---- */

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
    m->window_ops_room = (uint32_t)p[P_WINDOW];
    m->l1d_ticks = (uint32_t)p[P_L1D_LATENCY] * TICKS;
    m->branches_per_fetch = (uint32_t)p[P_BRANCHES_PER_FETCH];
    m->forward_ticks = (uint32_t)p[P_FORWARD_LATENCY] * TICKS;
    m->queue_entries = (uint32_t)p[P_STORE_QUEUE];
    m->alias_matters = p[P_ALIAS_4K] > 0;
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
    m->window = m->branch_line = m->last_code_page = m->dtlb.last_page = ~0ull;
    for (int i = 0; i < L1_SETS; i++)
        m->l1d.turnover[i] = UINT64_MAX;
    for (int i = 0; i < L1D_INDEX; i++)
        m->l1d.index[i] = ~0ull;
    set_parameters(m);
    set_structures(m);
    m->window_ops = m->fetch_width;
    m->ops = (uint32_t)profile->value[P_WINDOW] * RETIRE_STEP;
    m->group = m->ops / RETIRE_STEP;
    switch_thread(m, 1);
    return m;
}

void model_free(struct model *m)
{
    if (!m)
        return;
    pages_release(&m->pages);
    objects_release(&m->objects);
    arena_free(m->arena);
}

void model_remap(struct model *m, const struct remap *remap)
{
    assert(!m->block_count);
    m->remap = remap;
}

const struct profile *model_profile(const struct model *m)
{
    return m->profile;
}
