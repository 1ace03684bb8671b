/* The data side, part of model.c: L1D, dTLB, the way beyond, prefetch, splits, store forwarding. */
#ifndef FORENSICS_SIM_MEMORY_H
#define FORENSICS_SIM_MEMORY_H

#include "sim/state.h"

/* Where an event of the running block's reference to `address` is booked. */
static inline uint64_t key_of(const struct model *m, const struct block *b, uint64_t address)
{
    if (m->ref->class == OBJECT_STACK || address - m->stack_low < m->stack_high - m->stack_low)
        return object_key(OBJECT_STACK, b->rest->described->id);
    return object_key((enum object_class)m->ref->class, address);
}

static inline void note_events(struct model *m, const struct block *b, uint64_t address, unsigned events)
{
    objects_note(&m->objects, key_of(m, b, address), events, 0, 0);
}

/* A data-side wait that the retirement of the running block may show; the longest of a kind counts. */
static inline void delay(struct model *m, const struct block *b, enum component component, uint64_t address,
                         uint64_t ticks)
{
    if (!(m->late >> component & 1) || m->late_ticks[component] < ticks) {
        m->late_ticks[component] = ticks;
        m->late_key[component] = key_of(m, b, address);
    }
    m->late |= 1u << component;
}

/* ---- dTLB ---- */

/* The least recently used entry. Stamps leave room for the slot, so that the smallest of four runs of minima names it.
 */
static uint32_t tlb_oldest(const struct tlb *tlb)
{
    uint64_t least[4] = { ~0ull, ~0ull, ~0ull, ~0ull };
    for (uint32_t i = 0; i < tlb->entries; i++) {
        uint64_t key = tlb->used[i] << 9 | i;
        least[i & 3] = key < least[i & 3] ? key : least[i & 3];
    }
    for (int i = 1; i < 4; i++)
        least[0] = least[i] < least[0] ? least[i] : least[0];
    return (uint32_t)(least[0] & (DTLB_MAX - 1));
}

/* The shortcut forgets the lines of a page that loses its place in the TLB. */
static void forget_lines(struct model *m, uint32_t translation, uint64_t page)
{
    for (uint64_t lines = m->dtlb.lines[translation]; lines; lines &= lines - 1) {
        uint64_t line = page << 6 | (unsigned)__builtin_ctzll(lines);
        struct resident *known = &m->l1d.index[line & (L1D_INDEX - 1)];
        if (known->line == line)
            known->line = ~0ull;
    }
    m->dtlb.lines[translation] = 0;
}

/* The wait for a translation that the first level did not have, ticks. */
static OUT_OF_LINE uint64_t data_page_miss(struct model *m, struct block *b, uint64_t address, bool stored)
{
    struct tlb *tlb = &m->dtlb;
    uint64_t page = address >> 12;
    if (tlb->sharing[page & (DTLB_INDEX - 1)])
        for (uint32_t i = 0; i < tlb->entries; i++)
            if (tlb->pages[i] == page + 1) {
                tlb->used[i] = m->touch;
                tlb->index[page & (DTLB_INDEX - 1)] = (page + 1) << 9 | i;
                return 0;
            }
    uint32_t victim = tlb_oldest(tlb);
    uint64_t gone = tlb->pages[victim], *shortcut = &tlb->index[(gone - 1) & (DTLB_INDEX - 1)];
    if (gone) {
        forget_lines(m, victim, gone - 1);
        tlb->sharing[(gone - 1) & (DTLB_INDEX - 1)]--;
        if (*shortcut >> 9 == gone)
            *shortcut = 0;
    }
    tlb->sharing[page & (DTLB_INDEX - 1)]++;
    tlb->pages[victim] = page + 1;
    tlb->used[victim] = m->touch;
    tlb->index[page & (DTLB_INDEX - 1)] = (page + 1) << 9 | victim;
    if (PERFECT(m, COMPONENT_DTLB))
        return 0;
    bool hit = cache_touch(&m->stlb, (uint32_t)page, pages_number(&m->pages, page));
    uint64_t ticks = (uint64_t)m->profile->value[hit ? P_STLB_LATENCY : P_WALK_LATENCY] * TICKS;
    b->rest->tally.events[EVENT_DTLB]++;
    b->rest->tally.events[EVENT_DTLB_WALK] += !hit;
    note_events(m, b, address, OBJECT_DTLB | (hit ? 0 : OBJECT_WALK));
    if (!stored)
        delay(m, b, COMPONENT_DTLB, address, ticks);
    return ticks;
}

static uint64_t data_page(struct model *m, struct block *b, uint64_t address, bool stored)
{
    uint64_t page = address >> 12, entry = m->dtlb.index[page & (DTLB_INDEX - 1)];
    if (entry >> 9 != page + 1)
        return data_page_miss(m, b, address, stored);
    m->dtlb.used[entry & (DTLB_MAX - 1)] = m->touch;
    return 0;
}

/* ---- prefetch ---- */

/* Watches the missing lines of a page for a constant stride. True: the line was asked for before, at `*asked`. */
static bool stride_covers(struct model *m, uint64_t line, uint64_t *asked)
{
    uint64_t page = line >> 6;
    struct stride *s = &m->strides[page & ((uint32_t)m->profile->value[P_PREFETCH_STREAMS] - 1)];
    int32_t place = (int32_t)(line & 63), step = place - s->last;
    if (s->page != page + 1) {
        *s = (struct stride){ .page = page + 1, .last = place };
        s->times[0] = m->now;
        return false;
    }
    if (step == s->step && step) {
        s->confidence++;
    } else {
        s->step = step;
        s->confidence = 0;
        s->steps = 0;
    }
    s->last = place;
    s->steps++;
    s->times[s->steps % STRIDE_TIMES] = m->now;
    if (s->confidence < 2)
        return false;
    /* The prefetcher knew the stride two steps in and runs at most the profile's distance ahead. */
    uint32_t ahead = (uint32_t)m->profile->value[P_PREFETCH_DISTANCE], known = s->confidence - 1;
    uint32_t back = known < ahead ? known : ahead;
    if (back >= STRIDE_TIMES)
        back = STRIDE_TIMES - 1;
    *asked = s->times[(s->steps - back) % STRIDE_TIMES];
    return true;
}

/* ---- L1D and beyond ---- */

/* How far a line is: 0 in L2, 1 in the LLC, 2 in memory; touches what it passes. */
static int data_level(struct model *m, uint64_t line)
{
    uint32_t number = pages_number(&m->pages, line >> 6), index = page_line_index(number, line);
    uint32_t tag = (number << 6 | (uint32_t)(line & 63)) + 1;
    if (cache_touch(&m->l2, index, tag) || PERFECT(m, COMPONENT_L2D))
        return 0;
    return cache_touch(&m->llc, index, tag) || PERFECT(m, COMPONENT_MEMORY) ? 1 : 2;
}

/* The tick a missing line arrives when asked for at `tick`: it needs a miss buffer and its share of each path it takes.
 */
static uint64_t line_arrival(struct model *m, uint64_t line, uint64_t tick, int level, bool stored, bool *covered)
{
    uint64_t begin = tick, asked;
    *covered = stride_covers(m, line, &asked);
    if (*covered)
        begin = asked;
    else if (!stored && m->buffers[m->next_buffer] > begin)
        begin = m->buffers[m->next_buffer];
    for (int i = 0; i <= level; i++) {
        /* Paths fill up from the dispatch clock: a request that waits for its address keeps nobody else waiting. */
        uint64_t busy = m->channel[i] > m->now ? m->channel[i] : m->now;
        if (busy > begin && m->channel[i] > m->now)
            begin = busy;
        /* A stored line goes back out of the cache some day. */
        m->channel[i] = busy + m->line_occupancy[i] * (stored && i == 2 ? 2u : 1u);
    }
    uint64_t arrival = begin + m->latency[level];
    if (!*covered && !stored) {
        m->buffers[m->next_buffer] = arrival;
        if (++m->next_buffer == (uint32_t)m->profile->value[P_MISS_BUFFERS])
            m->next_buffer = 0;
    }
    return arrival;
}

/* A set's turn for `ticks` of its own: it brings in one line after the other, and only other sets overlap. Like paths, sets
 * fill up from the dispatch clock. */
static uint64_t set_turn(struct model *m, uint64_t line, uint32_t ticks)
{
    uint64_t *replacing = &m->l1d.replacing[line & (L1_SETS - 1)], begin = later(*replacing, m->now);
    *replacing = begin + ticks;
    return begin;
}

/* The line in `slot` gives its place to another one, which needs the set for `ticks`: from when on it can be asked for. */
static uint64_t l1d_leave(struct model *m, uint64_t line, uint32_t slot, uint32_t ticks)
{
    struct l1d *l1d = &m->l1d;
    if (!l1d->tags[slot] || PERFECT(m, COMPONENT_L1D))
        return 0;
    uint64_t begin = set_turn(m, line, ticks);
    l1d->leaving[slot] = (struct leaving){ .tag = l1d->tags[slot], .ready = l1d->line[slot].ready, .until = begin,
                                           .why = l1d->why[slot] };
    return begin;
}

/* A line of the set that starts at slot `first`, still there at `tick` although its place is given away; NULL: gone. */
static const struct leaving *l1d_leaving(const struct model *m, uint64_t line, uint32_t first, uint64_t tick)
{
    const struct l1d *l1d = &m->l1d;
    if (l1d->replacing[line & (L1_SETS - 1)] <= tick)
        return NULL;
    for (const struct leaving *l = &l1d->leaving[first], *end = l + l1d->ways; l < end; l++)
        if (l->tag == line + 1 && l->until > tick)
            return l;
    return NULL;
}

static void l1d_place(struct model *m, uint64_t line, uint32_t slot)
{
    struct l1d *l1d = &m->l1d;
    uint64_t gone = l1d->tags[slot] - 1;
    struct resident *known = &l1d->index[gone & (L1D_INDEX - 1)];
    if (known->line == gone)
        known->line = ~0ull;
    l1d->turnover[line & (L1_SETS - 1)] = l1d->tags[slot] ? m->now - l1d->filled[slot] : UINT64_MAX;
    l1d->filled[slot] = m->now;
    l1d->tags[slot] = line + 1;
    if (l1d->dirty[slot] && !PERFECT(m, COMPONENT_L1D)) {
        uint64_t *path = &m->channel[0]; /* where a written line goes back over the path on which lines come */
        *path = later(*path, m->now) + m->write_back_ticks;
    }
    l1d->dirty[slot] = false;
    l1d->line[slot].ready = 0;
}

/* Keeps in the shortcut where a line is, whose page was translated just now. */
static void know_line(struct model *m, uint64_t line, uint32_t slot)
{
    uint32_t translation = (uint32_t)m->dtlb.index[line >> 6 & (DTLB_INDEX - 1)] & (DTLB_MAX - 1);
    m->l1d.index[line & (L1D_INDEX - 1)] = (struct resident){ .line = line, .slot = slot, .translation = translation };
    m->dtlb.lines[translation] |= 1ull << (line & 63);
}

/* Finds or brings in a line that the shortcut did not know; returns its slot. */
static OUT_OF_LINE uint32_t l1d_search(struct model *m, struct block *b, uint64_t address, uint64_t line, uint64_t tick,
                                       bool stored)
{
    static const enum component why[] = { COMPONENT_L1D, COMPONENT_L2D, COMPONENT_MEMORY };
    struct l1d *l1d = &m->l1d;
    uint32_t first = (uint32_t)(line & (L1_SETS - 1)) * l1d->ways, slot = first;
    for (uint32_t i = first; i < first + l1d->ways; i++) {
        if (l1d->tags[i] == line + 1) {
            l1d->line[i].used = m->touch;
            know_line(m, line, i);
            return i;
        }
        if (l1d->line[i].used < l1d->line[slot].used)
            slot = i;
    }
    const struct leaving *there = l1d_leaving(m, line, first, tick);
    struct leaving as = there ? *there : (struct leaving){ 0 };
    uint64_t turn = l1d_leave(m, line, slot, there || stored ? 0 : m->replace_ticks);
    l1d_place(m, line, slot);
    l1d->line[slot].used = m->touch;
    know_line(m, line, slot);
    if (PERFECT(m, COMPONENT_L1D))
        return slot;
    bool covered = false;
    int level = data_level(m, line);
    l1d->line[slot].ready = there ? as.ready : line_arrival(m, line, stored ? tick : later(tick, turn), level, stored, &covered);
    l1d->why[slot] = there ? as.why : (uint8_t)why[level];
    b->rest->tally.events[EVENT_L1D]++;
    b->rest->tally.events[EVENT_L2D] += level > 0;
    b->rest->tally.events[EVENT_LLCD] += level > 1;
    b->rest->tally.events[EVENT_PREFETCH] += covered;
    note_events(m, b, address, OBJECT_L1D | (level > 0 ? OBJECT_L2D : 0) | (level > 1 ? OBJECT_LLC : 0));
    return slot;
}

/* As l1d_touch, where the shortcut fails. */
static OUT_OF_LINE uint32_t l1d_touch_slowly(struct model *m, struct block *b, uint64_t address, uint64_t *tick,
                                             bool stored)
{
    *tick += data_page(m, b, address, stored);
    return l1d_search(m, b, address, address >> 6, *tick, stored);
}

/* What the shortcut knows of `size` bytes; NULL: not all there is to know. */
static IN_LINE const struct resident *resident(const struct model *m, uint64_t address, uint64_t size)
{
    const struct resident *at = &m->l1d.index[address >> 6 & (L1D_INDEX - 1)];
    return LIKELY(at->line == (address + size - 1) >> 6) ? at : NULL; /* the last byte's line is not here if it is another one */
}

static IN_LINE void touch_resident(struct model *m, const struct resident *at)
{
    uint64_t touch = ++m->touch;
    m->dtlb.used[at->translation] = touch;
    m->l1d.line[at->slot].used = touch;
}

/* The slot of the line at `address`, brought in if need be; `*tick` moves past the translation. */
static IN_LINE uint32_t l1d_touch(struct model *m, struct block *b, uint64_t address, uint64_t *tick, bool stored)
{
    const struct resident *at = resident(m, address, 1);
    if (UNLIKELY(!at)) {
        m->touch++;
        return l1d_touch_slowly(m, b, address, tick, stored);
    }
    touch_resident(m, at);
    return at->slot;
}

/* An access that crosses a line: both lines, and the price of the crossing. */
static OUT_OF_LINE uint64_t split_access(struct model *m, struct block *b, uint64_t address, uint32_t size,
                                         uint64_t tick, bool stored)
{
    uint64_t last = address + size - 1, ready = 0;
    for (uint64_t line = address >> 6; line <= last >> 6; line++) {
        uint64_t at = tick;
        uint32_t slot = l1d_touch(m, b, line == address >> 6 ? address : line << 6, &at, stored);
        if (at + m->l1d_ticks > ready)
            ready = at + m->l1d_ticks;
        if (m->l1d.line[slot].ready > ready && !stored) {
            delay(m, b, (enum component)m->l1d.why[slot], line << 6, m->l1d.line[slot].ready - ready);
            ready = m->l1d.line[slot].ready;
        }
    }
    bool page = address >> 12 != last >> 12;
    if (PERFECT(m, COMPONENT_SPLIT))
        return ready;
    b->rest->tally.events[EVENT_SPLIT]++;
    b->rest->tally.events[EVENT_PAGE_SPLIT] += page;
    note_events(m, b, address, OBJECT_SPLIT);
    uint64_t ticks = (uint64_t)m->profile->value[page ? P_PAGE_SPLIT : P_LINE_SPLIT] * TICKS;
    if (!stored)
        delay(m, b, COMPONENT_SPLIT, address, ticks);
    return ready + ticks;
}

/* ---- loads and stores ---- */

/* A load that overlaps a store still in the queue without lying inside it, or only looks so in its low 12 bits. */
static OUT_OF_LINE uint64_t store_conflict(struct model *m, struct block *b, const struct store *s, uint64_t address,
                                           uint64_t end, uint64_t tick, uint64_t ready)
{
    bool overlap = s->address < end && address < s->end;
    enum component component = overlap ? COMPONENT_FORWARD : COMPONENT_ALIAS;
    if (PERFECT(m, component) || (!overlap && !m->alias_matters))
        return ready;
    uint64_t from = tick > s->ready ? tick : s->ready;
    uint64_t until = from + m->l1d_ticks + (uint64_t)m->profile->value[overlap ? P_FORWARD_BLOCK : P_ALIAS_4K] * TICKS;
    if (!overlap && s->ready <= tick)
        until = tick + m->l1d_ticks + (uint64_t)m->profile->value[P_ALIAS_4K] * TICKS;
    b->rest->tally.events[overlap ? EVENT_FORWARD : EVENT_ALIAS]++;
    note_events(m, b, address, overlap ? OBJECT_BLOCK : OBJECT_ALIAS);
    if (until <= ready)
        return ready;
    delay(m, b, component, address, until - ready);
    return until;
}

/* A load inside a store that is still in the queue. */
static inline uint64_t forwarded(const struct model *m, const struct store *s, uint64_t tick, uint64_t ready)
{
    /* Where forwarding is faster than the L1D it is predicted and does not wait for it. */
    return later(s->ready + m->forward_ticks, m->forward_ticks < m->l1d_ticks ? tick : ready);
}

/* A load that meets a store still in the queue, or one in its second granule: the tick its value is known. */
static OUT_OF_LINE uint64_t after_stores(struct model *m, struct block *b, uint64_t address, uint64_t end,
                                         uint64_t tick, uint64_t ready)
{
    const struct store *s = &m->stores[address >> 3 & (STORE_TABLE - 1)];
    if (s->drained > m->now) {
        if (s->address <= address && end <= s->end)
            return forwarded(m, s, tick, ready);
        ready = store_conflict(m, b, s, address, end, tick, ready);
    }
    if (end - address > 8) {
        s = &m->stores[(address + 8) >> 3 & (STORE_TABLE - 1)];
        if (s->drained > m->now && s->address < end && address < s->end && !(s->address <= address && end <= s->end))
            ready = store_conflict(m, b, s, address, end, tick, ready);
    }
    return ready;
}

/* As load(), whatever comes: a split, a miss, a line still on its way, a store that the load only overlaps. */
static OUT_OF_LINE uint64_t load_slowly(struct model *m, const struct data_ref *ref, uint64_t address, uint64_t tick)
{
    struct block *b = m->running;
    uint64_t ready, end = address + ref->size;
    m->ref = ref;
    if ((address & 63) + ref->size > 64) {
        ready = split_access(m, b, address, ref->size, tick, false);
    } else {
        uint32_t slot = l1d_touch(m, b, address, &tick, false);
        ready = tick + m->l1d_ticks;
        if (m->l1d.line[slot].ready > ready) {
            delay(m, b, (enum component)m->l1d.why[slot], address, m->l1d.line[slot].ready - ready);
            ready = m->l1d.line[slot].ready;
        }
    }
    return after_stores(m, b, address, end, tick, ready);
}

/* A load of the running block whose address is known at `tick`: the tick its value is. Changes nothing before it knows
 * that nothing out of the ordinary happens; whether it meets a store is no question, as nothing predicts the answer.
 * `wide`: of more than 8 bytes. */
static IN_LINE uint64_t load(struct model *m, const struct data_ref *ref, uint64_t address, uint64_t tick, bool wide)
{
    const struct resident *at = resident(m, address, ref->size);
    uint64_t ready = tick + m->l1d_ticks;
    if (UNLIKELY(!at || m->l1d.line[at->slot].ready > ready))
        return load_slowly(m, ref, address, tick);
    const struct store *s = &m->stores[address >> 3 & (STORE_TABLE - 1)];
    uint64_t begin = s->drained > m->now ? s->address : 0, end = s->drained > m->now ? s->end : UINT64_MAX;
    if (UNLIKELY(begin > address || address + ref->size > end))
        return load_slowly(m, ref, address, tick);
    if (wide && UNLIKELY(!(s->drained > m->now) && m->stores[(address + 8) >> 3 & (STORE_TABLE - 1)].drained > m->now))
        return load_slowly(m, ref, address, tick);
    touch_resident(m, at);
    uint64_t value = forwarded(m, s, tick, ready);
    return s->drained > m->now ? value : ready;
}

/* A store's turn where its line is not there: it still comes, or the traffic in its set has pushed it out between the
 * store's execution and its turn, and then it is fetched again, overlapping nothing of its set. */
static OUT_OF_LINE uint64_t late_turn(struct model *m, struct block *b, uint64_t address, uint32_t slot, uint64_t turn,
                                      enum component *why)
{
    if (m->l1d.line[slot].ready > turn) {
        turn = m->l1d.line[slot].ready;
        *why = (enum component)m->l1d.why[slot];
    }
    if (turn - m->now > m->l1d.turnover[address >> 6 & (L1_SETS - 1)] && !PERFECT(m, COMPONENT_L1D)) {
        turn = later(turn, set_turn(m, address >> 6, m->latency[0]) + m->latency[0]);
        *why = COMPONENT_L1D;
        b->rest->tally.events[EVENT_L1D]++;
        note_events(m, b, address, OBJECT_L1D);
    }
    return turn;
}

/* The queue is full: nothing retires before its oldest store, whose turn came at `oldest`, has left. */
static OUT_OF_LINE void queue_full(struct model *m, struct block *b, uint64_t address, uint64_t oldest,
                                   enum component blame)
{
    if (oldest > m->retire_floor)
        m->retire_floor = oldest;
    if (blame != COMPONENT_DEPENDENCE)
        delay(m, b, blame, address, oldest - m->dispatched);
}

/* The write to the L1D at `turn`: takes the next place of the queue, and leaves the data for loads to come. */
static IN_LINE void commit(struct model *m, const struct store *kept, uint32_t slot, enum component why)
{
    uint32_t at = m->queue_at;
    m->l1d.dirty[slot] = true;
    m->committed = kept->drained;
    m->queue[at] = (struct queued){ .turn = kept->drained, .why = why };
    m->queue_at = at + 1 == m->queue_entries ? 0 : at + 1;
    uint64_t first = kept->address >> 3, last = (kept->end - 1) >> 3;
    m->stores[first & (STORE_TABLE - 1)] = *kept;
    for (uint64_t granule = first + 1; UNLIKELY(granule <= last); granule++)
        m->stores[granule & (STORE_TABLE - 1)] = *kept;
}

/* As store(), whatever comes. */
static OUT_OF_LINE void store_slowly(struct model *m, const struct data_ref *ref, uint64_t address, uint64_t tick,
                                     uint64_t data)
{
    struct block *b = m->running;
    uint64_t ready = later(data, tick);
    enum component why = COMPONENT_DEPENDENCE; /* nothing but its turn */
    m->ready[FLOW_STORES] = later(tick + m->microcode_ticks, m->ready[FLOW_STORES]);
    m->ref = ref;
    if ((address & 63) + ref->size > 64)
        split_access(m, b, address, ref->size, tick, true);
    uint32_t slot = l1d_touch(m, b, address, &tick, true);
    uint64_t turn = later(m->committed + TICKS, later(ready, m->retired));
    if (m->l1d.line[slot].ready > turn || turn - m->now > m->l1d.turnover[address >> 6 & (L1_SETS - 1)])
        turn = late_turn(m, b, address, slot, turn, &why);
    struct queued oldest = m->queue[m->queue_at];
    struct store kept = { .address = address, .end = address + ref->size, .ready = ready, .drained = turn };
    commit(m, &kept, slot, why);
    if (oldest.turn > m->dispatched)
        queue_full(m, b, address, oldest.turn, (enum component)oldest.why);
}

/* A store of the running block whose address is known at `tick`: brings its line in and leaves its data, known at `data`,
 * for loads to come. Nobody waits for it but them. It writes the L1D in order, one a cycle, after retirement and when its line is there;
 * the queue between holds P_STORE_QUEUE stores, and when it is full nothing more retires. */
static IN_LINE void store(struct model *m, const struct data_ref *ref, uint64_t address, uint64_t tick, uint64_t data)
{
    const struct resident *at = resident(m, address, ref->size);
    uint64_t ready = later(data, tick), turn = later(m->committed + TICKS, later(ready, m->retired));
    if (UNLIKELY(!at || m->l1d.line[at->slot].ready > turn ||
                 turn - m->now > m->l1d.turnover[address >> 6 & (L1_SETS - 1)] ||
                 m->queue[m->queue_at].turn > m->dispatched)) {
        store_slowly(m, ref, address, tick, data);
        return;
    }
    m->ready[FLOW_STORES] = later(tick + m->microcode_ticks, m->ready[FLOW_STORES]);
    touch_resident(m, at);
    struct store kept = { .address = address, .end = address + ref->size, .ready = ready, .drained = turn };
    commit(m, &kept, at->slot, COMPONENT_DEPENDENCE);
}

#endif
