/* The front end, part of model.c: where code lies in L1I, op cache and iTLB, and how long fetch and prediction take. */
#ifndef FORENSICS_SIM_FETCH_H
#define FORENSICS_SIM_FETCH_H

#include "sim/state.h"

/* An epoch shorter than this many blocks is too young for lazy ages to matter: its eager stamps are near enough. */
enum { YOUNG_EPOCH = 64 };

/* Small pages in a huge one, and what tells a huge one from any small one. */
enum { HUGE_PAGES_LOG2 = 9 };
static const uint64_t HUGE_PAGE = 1ull << 40;

/* A wait of the front end that a later stall of dispatch may show. */
static inline void owe(struct model *m, enum component component, struct block *block, uint64_t ticks)
{
    m->due_ticks[component] = (m->due >> component & 1 ? m->due_ticks[component] : 0) + ticks;
    m->due_block[component] = block;
    m->due |= 1u << component;
}

/* ---- address translation ---- */

/* What a translation of code is kept for: its page, or, on pages of 2 MiB, that one, which no data can be. */
static inline uint64_t translated_page(const struct model *m, uint64_t page)
{
    return UNLIKELY(m->remap && m->remap->huge_text) ? page >> HUGE_PAGES_LOG2 | HUGE_PAGE : page;
}

static OUT_OF_LINE void code_page_miss(struct model *m, struct block *b, uint64_t page)
{
    page = translated_page(m, page);
    uint32_t entries = (uint32_t)m->profile->value[P_ITLB_ENTRIES], victim = 0;
    for (uint32_t i = 0; i < entries; i++) {
        if (m->itlb_pages[i] == page + 1) {
            m->itlb_used[i] = m->code_clock;
            if (page == b->address >> 12)
                b->itlb_slot = (uint16_t)i;
            return;
        }
        if (m->itlb_used[i] < m->itlb_used[victim])
            victim = i;
    }
    m->itlb_pages[victim] = page + 1;
    m->itlb_used[victim] = m->code_clock;
    if (page == b->address >> 12)
        b->itlb_slot = (uint16_t)victim;
    if (PERFECT(m, COMPONENT_ITLB))
        return;
    struct cache *second = m->itlb2.sets ? &m->itlb2 : &m->stlb;
    bool hit = cache_touch(second, (uint32_t)page, pages_number(&m->pages, page));
    b->rest->tally.events[EVENT_ITLB]++;
    b->rest->tally.events[EVENT_ITLB_WALK] += !hit;
    uint64_t ticks = (uint64_t)m->profile->value[hit ? P_STLB_LATENCY : P_WALK_LATENCY] * TICKS;
    uint64_t hold = hit ? m->itlb2_hold_ticks : ticks, ahead = m->fetched > m->predicted ? m->fetched - m->predicted : 0;
    m->translated = m->predicted + ticks;
    m->code_arrival = later(m->code_arrival, m->translated);
    m->predicted += hold;
    /* What the run of prediction ahead of fetch hides is nobody's wait. */
    owe(m, COMPONENT_ITLB, b, ticks > ahead + hold + m->taken_ticks ? ticks - ahead : hold);
}

static inline void code_page(struct model *m, struct block *b, uint64_t page)
{
    m->last_code_page = page;
    if (LIKELY(page == b->address >> 12 && m->itlb_pages[b->itlb_slot] == page + 1))
        m->itlb_used[b->itlb_slot] = m->code_clock;
    else
        code_page_miss(m, b, page);
}

/* ---- L1I and op cache ---- */

/* The newest fetch of a line: blocks stamp themselves, never their lines, while nothing is evicted. */
static uint64_t line_age(const struct code_line *line)
{
    uint64_t newest = 0;
    for (const struct covering *c = line->covered_by; c; c = c->next)
        if (c->block->stamp > newest)
            newest = c->block->stamp;
    return newest;
}

/* The place of a set to fill: an empty one, else the least recently used. */
static uint32_t victim_slot(struct model *m, struct residence *r, uint32_t set)
{
    uint32_t first = set * r->ways, victim = first;
    bool exact = m->code_clock - m->epoch_start >= YOUNG_EPOCH;
    for (uint32_t i = first; i < first + r->ways; i++) {
        if (!r->line[i])
            return i;
        if (exact)
            r->used[i] = line_age(r->line[i]);
        if (r->used[i] < r->used[victim])
            victim = i;
    }
    return victim;
}

static void next_epoch(struct model *m)
{
    m->epoch++;
    m->epoch_start = m->code_clock;
}

/* A line that L1I does not hold arrives from L2 or beyond; prediction has asked for it, so misses overlap. */
static OUT_OF_LINE void line_fill(struct model *m, struct block *b, struct code_line *line)
{
    uint32_t slot = victim_slot(m, &m->l1i, (uint32_t)line->line & (L1_SETS - 1));
    if (m->l1i.line[slot]) {
        m->l1i.line[slot]->slot = -1;
        next_epoch(m);
    }
    m->l1i.line[slot] = line;
    m->l1i.used[slot] = m->code_clock;
    line->slot = (int16_t)slot;
    if (PERFECT(m, COMPONENT_L1I))
        return;
    uint32_t number = pages_number(&m->pages, line->line >> 6), index = page_line_index(number, line->line);
    uint32_t tag = (number << 6 | (uint32_t)(line->line & 63)) + 1;
    int level = 0;
    if (!cache_touch(&m->l2, index, tag) && !PERFECT(m, COMPONENT_L2I))
        level = cache_touch(&m->llc, index, tag) ? 1 : 2;
    b->rest->tally.events[EVENT_L1I]++;
    b->rest->tally.events[EVENT_L2I] += level > 0;
    b->rest->tally.events[EVENT_LLCI] += level > 1;
    uint64_t begin = later(m->predicted, m->translated);
    for (int i = 0; i <= level; i++) {
        uint64_t busy = m->channel[i] > m->now ? m->channel[i] : m->now;
        if (busy > begin)
            begin = busy;
        m->channel[i] = busy + m->line_occupancy[i];
    }
    uint64_t arrival = begin + m->latency[level];
    if (arrival > m->code_arrival)
        m->code_arrival = arrival;
    owe(m, level ? COMPONENT_L2I : COMPONENT_L1I, b, m->latency[level]);
}

/* A 32-byte unit of code comes from the decoders instead of the op cache. */
static OUT_OF_LINE void decode_unit(struct model *m, struct block *b, enum component component)
{
    const int32_t *p = m->profile->value;
    /* 32 bytes are 8 operations of the mean length of 4. */
    uint64_t slower = 8u * TICKS / (uint32_t)p[P_DECODE_OPS] - 8u * TICKS / (uint32_t)p[P_FETCH_OPS];
    if (p[P_DECODE_OPS] >= p[P_FETCH_OPS])
        slower = 0;
    uint64_t ticks = slower;
    if (!m->decoding) {
        ticks += (uint64_t)p[P_OPCACHE_SWITCH] * TICKS;
        b->rest->tally.events[EVENT_SWITCH]++;
    }
    m->decoding = true;
    m->fetched += ticks;
    owe(m, component, b, ticks);
}

static OUT_OF_LINE void unit_fill(struct model *m, struct block *b, struct code_line *line, int half)
{
    uint32_t set = (uint32_t)(line->line * 2 + (uint32_t)half) & (m->opcache.sets - 1);
    uint32_t slot = victim_slot(m, &m->opcache, set);
    if (m->opcache.line[slot]) {
        m->opcache.line[slot]->unit[m->opcache.half[slot]] = -1;
        next_epoch(m);
    }
    m->opcache.line[slot] = line;
    m->opcache.half[slot] = (uint8_t)half;
    m->opcache.used[slot] = m->code_clock;
    line->unit[half] = (int16_t)slot;
    if (PERFECT(m, COMPONENT_OPCACHE))
        return;
    b->rest->tally.events[EVENT_OPCACHE]++;
    decode_unit(m, b, COMPONENT_OPCACHE);
}

/* Looks at every line and unit of a block; afterwards all are resident. */
static OUT_OF_LINE void verify_resident(struct model *m, struct block *b)
{
    b->stamp = m->code_clock;
    for (uint32_t i = 0; i < b->rest->line_count; i++) {
        struct code_line *line = b->rest->lines[i];
        if (i && line->line >> 6 != m->last_code_page)
            code_page(m, b, line->line >> 6);
        if (line->slot < 0)
            line_fill(m, b, line);
        else
            m->l1i.used[line->slot] = m->code_clock;
        int first = i == 0 ? b->address >> 5 & 1 : 0,
            last = i + 1 == b->rest->line_count ? (block_end(b) - 1) >> 5 & 1 : 1;
        for (int half = first; half <= last; half++)
            if (line->unit[half] < 0) {
                unit_fill(m, b, line, half);
            } else {
                m->opcache.used[line->unit[half]] = m->code_clock;
                m->decoding = false;
            }
    }
    /* What this block itself evicted is not its own, so the epoch is taken last. */
    b->epoch = m->epoch;
}

/* ---- windows and prediction ---- */

/* Fetch cycles of a block; what its windows lose is worked out by lost_slots() when it is asked for. */
static IN_LINE uint32_t fetch_cycles(struct model *m, const struct block *b, bool sequential)
{
    uint32_t cycles = b->first_cycles, used = b->first_used;
    m->slots_before = m->window_ops;
    if (sequential && (b->address ^ m->window) < m->window_bytes) {
        m->entry = ENTRY_SAME_WINDOW;
        used = m->window_ops + b->first_ops;
        cycles = (uint32_t)((used - (used > 0)) * m->fetch_share >> 32); /* full ones; what is left fills 1..fetch_width */
        used -= cycles * m->fetch_width;
    } else {
        m->entry = sequential ? ENTRY_NEXT_WINDOW : ENTRY_JUMP;
    }
    if (b->rest_cycles) {
        cycles += b->rest_cycles;
        used = b->last_used;
    }
    m->window = block_window(b);
    m->window_ops = used;
    return cycles;
}

/* Operation slots the running block's fetch lost: by jumping here, and by crossing windows. */
static void lost_slots(const struct model *m, const struct block *b, uint64_t *by_jump, uint64_t *by_window)
{
    uint32_t before = m->fetch_width > m->slots_before ? m->fetch_width - m->slots_before : 0;
    *by_jump = m->entry == ENTRY_JUMP ? before : 0;
    *by_window = b->rest_lost + (m->entry == ENTRY_NEXT_WINDOW ? before : 0) +
                 (b->rest_cycles ? m->fetch_width - b->first_used : 0);
}

/* Branches that were ever taken, crowded in one line: prediction needs a further lookup for each P_BRANCHES_PER_FETCH.
 * A jump starts the lookup anew, whether or not the block it enters ends in such a branch. */
static IN_LINE void count_branch(struct model *m, struct block *b, bool sequential)
{
    if (!sequential)
        m->line_branches = 0;
    if (!b->known_branch)
        return;
    uint64_t line = block_window(b) >> 6;
    if (line != m->branch_line) {
        m->branch_line = line;
        m->line_branches = 0;
    }
    if (++m->line_branches > m->branches_per_fetch) {
        m->line_branches = 1;
        if (PERFECT(m, COMPONENT_DENSITY))
            return;
        b->rest->tally.events[EVENT_DENSITY]++;
        m->predicted += TICKS;
        owe(m, COMPONENT_DENSITY, b, TICKS);
    }
}

/* The part of fetching that keeps no clock: where the code lies, and what it pushes out. */
static IN_LINE void fetch_touch(struct model *m, struct block *b, bool sequential)
{
    m->code_clock++;
    if (UNLIKELY(b->address >> 12 != m->last_code_page))
        code_page(m, b, b->address >> 12);
    if (LIKELY(b->epoch == m->epoch)) {
        b->stamp = m->code_clock;
        m->decoding = false;
    } else {
        verify_resident(m, b);
    }
    if (UNLIKELY(b->jcc)) {
        b->rest->tally.events[EVENT_JCC]++;
        decode_unit(m, b, COMPONENT_JCC);
    }
    count_branch(m, b, sequential);
}

/* Fetches a block: moves `predicted` and `fetched`. */
static IN_LINE void fetch(struct model *m, struct block *b)
{
    bool sequential = m->fall_through == b->address;
    m->predicted += m->taken_ticks & ((uint64_t)sequential - 1);
    fetch_touch(m, b, sequential);
    uint32_t cycles = fetch_cycles(m, b, sequential || PERFECT(m, COMPONENT_TAKEN));
    b->windows += cycles;
    /* Prediction names one window a cycle, whether it is jumped to or runs into it. */
    m->predicted += (uint64_t)(b->crossings + (m->entry == ENTRY_NEXT_WINDOW)) * TICKS;
    uint64_t behind = m->fetched - m->ahead_ticks;
    m->fetched += (uint64_t)cycles * TICKS;
    m->predicted = later(m->predicted, behind);
    m->fetched = later(m->fetched, m->predicted);
    if (UNLIKELY(m->code_arrival)) {
        if (m->code_arrival > m->fetched)
            m->fetched = m->code_arrival;
        m->code_arrival = 0;
    }
}

/* Fetch starts anew at `tick`; what was fetched behind the branch is gone. */
static inline void redirect(struct model *m, struct block *b, uint64_t tick, enum component component)
{
    uint64_t from = m->fetched > m->dispatched ? m->fetched : m->dispatched;
    if (tick <= m->fetched)
        return;
    owe(m, component, b, tick > from ? tick - from : 0);
    m->fetched = m->predicted = tick;
    m->window_ops = m->fetch_width; /* the new window is nobody's loss but this branch's */
    m->window = ~0ull;
}

#endif
