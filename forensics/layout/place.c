#include "layout/place.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "layout/draw.h"

/* Where each axis begins: far from one another and from anything a process maps, all in the lower half. */
static const uint64_t zone[AXIS_COUNT] = {
    [AXIS_TEXT] = 0x600000000000, [AXIS_DATA] = 0x620000000000, [AXIS_HEAP] = 0x640000000000, [AXIS_STACK] = 0x660000000000,
};

enum { PERIOD = 4096, PAD_STEP = 16, PAD_STEPS = 16, GUARD = 1 << 20 /* between heap regions */ };

/* Room for an object of one side, or for a pair. */
struct slot {
    size_t index[2];   /* SIZE_MAX: that side has none */
    uint64_t size;
    uint32_t group, align;
    size_t rank, extra; /* position in the primary side's order */
};

struct slots {
    struct slot *items;
    size_t count, room;
};

/* ---- the union of both sides ---- */

static size_t *by_pair(struct arena *arena, const struct layout_side *side, uint32_t *limit)
{
    *limit = 0;
    for (size_t i = 0; i < side->count; i++)
        if (side->objects[i].pair != LAYOUT_ALONE && side->objects[i].pair >= *limit)
            *limit = side->objects[i].pair + 1;
    size_t *index = arena_array(arena, (size_t)*limit + 1, sizeof *index);
    for (size_t i = 0; i < side->count; i++)
        if (side->objects[i].pair != LAYOUT_ALONE)
            index[side->objects[i].pair] = i + 1;
    return index;
}

static void add_slot(struct arena *arena, struct slots *slots, const struct layout_object *o, int side, size_t i, size_t rank)
{
    struct slot *slot = ARENA_PUSH(arena, slots->items, slots->count, slots->room);
    *slot = (struct slot){ .index = { SIZE_MAX, SIZE_MAX }, .size = o->size, .group = o->group, .align = o->align,
                           .rank = rank, .extra = slots->count };
    slot->index[side] = i;
}

static int by_rank(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->extra < y->extra ? -1 : x->extra > y->extra;
}

/* One slot for each object or pair of the axis, by group and in the order of side `first`; objects that it lacks follow
 * what they follow on their own side. */
static struct slots slots_of(struct arena *arena, const struct layout_side sides[2], enum layout_axis axis, int first)
{
    struct slots slots = { 0 };
    const struct layout_side *a = &sides[first], *b = &sides[1 - first];
    uint32_t limit;
    size_t *index = by_pair(arena, a, &limit), *slot_of = arena_array(arena, a->count + 1, sizeof *slot_of), rank = 0;
    for (size_t i = 0; i < a->count; i++)
        if (a->objects[i].axis == axis) {
            slot_of[i] = slots.count;
            add_slot(arena, &slots, &a->objects[i], first, i, i + 1);
        }
    for (size_t i = 0; i < b->count; i++) {
        const struct layout_object *o = &b->objects[i];
        if (o->axis != axis)
            continue;
        size_t pair = o->pair != LAYOUT_ALONE && o->pair < limit ? index[o->pair] : 0;
        if (!pair) {
            add_slot(arena, &slots, o, 1 - first, i, rank);
            continue;
        }
        struct slot *slot = &slots.items[slot_of[pair - 1]];
        slot->index[1 - first] = i;
        if (o->size > slot->size)
            slot->size = o->size;
        rank = pair;
    }
    if (slots.count)
        qsort(slots.items, slots.count, sizeof *slots.items, by_rank);
    return slots;
}

/* ---- the same places for both sides ---- */

/* Fisher and Yates within each group. */
static void shuffle(struct slots *slots, struct draw *draw)
{
    for (size_t begin = 0, end; begin < slots->count; begin = end) {
        for (end = begin; end < slots->count && slots->items[end].group == slots->items[begin].group;)
            end++;
        for (size_t n = end - begin; n > 1; n--) {
            size_t j = (size_t)draw_below(draw, n);
            struct slot t = slots->items[begin + j];
            slots->items[begin + j] = slots->items[begin + n - 1];
            slots->items[begin + n - 1] = t;
        }
    }
}

/* The designed offset of trial j, below PERIOD; u and v come from the seed and the axis alone. */
static uint64_t designed_offset(uint64_t seed, enum layout_axis axis, unsigned j)
{
    struct draw draw = { seed * 1000003 + (uint64_t)axis };
    uint64_t u = draw_next(&draw), v = draw_below(&draw, 16);
    uint64_t fraction = u + j * 0x9e3779b97f4a7c15ull; /* phi as a fraction of 2^64: wraps as frac() does */
    return 64 * (fraction >> 58) + 4 * ((7 * (uint64_t)j + v) % 16);
}

static uint64_t align_up(uint64_t address, uint32_t align)
{
    return (address + align - 1) & ~((uint64_t)align - 1);
}

static void place_jointly(struct arena *arena, const struct layout_side sides[2], const struct layout_wish *wish,
                          enum layout_axis axis, struct layout_placing *placing)
{
    struct draw draw = { wish->seed ^ (uint64_t)(axis + 1) << 56 ^ (uint64_t)wish->number << 32 };
    int first = (int)(draw_next(&draw) & 1);
    struct slots slots = slots_of(arena, sides, axis, first);
    if (wish->family == FAMILY_ORDER)
        shuffle(&slots, &draw);
    uint64_t at = zone[axis] + designed_offset(wish->seed, axis, wish->number);
    for (size_t i = 0; i < slots.count; i++) {
        const struct slot *slot = &slots.items[i];
        if (axis == AXIS_HEAP) /* every region by itself: shifted within a page, regions apart */
            at = align_up(at + GUARD, PERIOD) + 64 * draw_below(&draw, PERIOD / 64);
        else if (wish->family == FAMILY_PAD)
            at += PAD_STEP * draw_below(&draw, PAD_STEPS);
        at = align_up(at, slot->align);
        for (int s = 0; s < 2; s++)
            if (slot->index[s] != SIZE_MAX)
                placing->to[s][slot->index[s]] = at;
        at += slot->size;
    }
}

/* ---- one side's places for the other ---- */

struct taken {
    uint64_t from, to;
};

struct places {
    struct taken *items; /* by address, not overlapping */
    size_t count, room;
};

/* Index of the first that ends after `address`. */
static size_t first_after(const struct places *places, uint64_t address)
{
    size_t low = 0, high = places->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (places->items[middle].to > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void take(struct arena *arena, struct places *places, size_t at, uint64_t from, uint64_t to)
{
    *ARENA_PUSH(arena, places->items, places->count, places->room) = (struct taken){ 0, 0 };
    memmove(&places->items[at + 1], &places->items[at], (places->count - 1 - at) * sizeof *places->items);
    places->items[at] = (struct taken){ from, to };
}

/* The first place behind `zone` that is free for `size` bytes and equals `address` modulo PERIOD. */
static uint64_t place_behind(struct arena *arena, struct places *tail, uint64_t base, uint64_t address, uint64_t size)
{
    for (uint64_t at = base + address % PERIOD;;) {
        size_t next = first_after(tail, at);
        if (next == tail->count || tail->items[next].from >= at + size) {
            take(arena, tail, next, at, at + size);
            return at;
        }
        uint64_t clear = tail->items[next].to;
        at += align_up(clear > at ? clear - at : 1, PERIOD);
    }
}

/* The host's next object of the axis behind `address`; where it begins. */
static uint64_t next_begin(const struct layout_side *host, size_t index)
{
    for (size_t i = index + 1; i < host->count; i++)
        if (host->objects[i].axis == host->objects[index].axis && host->objects[i].pair != LAYOUT_ALONE)
            return host->objects[i].address;
    return UINT64_MAX;
}

static void place_as(struct arena *arena, const struct layout_side *guest, const struct layout_side *host,
                     enum layout_axis axis, uint64_t *to)
{
    uint32_t limit;
    size_t *index = by_pair(arena, host, &limit);
    struct places tail = { 0 };
    for (size_t i = 0; i < guest->count; i++) {
        const struct layout_object *o = &guest->objects[i];
        if (o->axis != axis)
            continue;
        size_t pair = o->pair != LAYOUT_ALONE && o->pair < limit ? index[o->pair] : 0;
        const struct layout_object *model = pair ? &host->objects[pair - 1] : o;
        bool fits = pair && (o->size <= model->size || model->address + o->size <= next_begin(host, pair - 1));
        to[i] = fits ? model->address : place_behind(arena, &tail, zone[axis], model->address, o->size);
    }
}

/* Behind all, so that it meets nobody: what is old's is the place within the page. */
static void place_one(struct arena *arena, const struct layout_side sides[2], size_t object, uint64_t *to)
{
    uint32_t limit;
    const struct layout_object *o = &sides[1].objects[object];
    size_t *index = by_pair(arena, &sides[0], &limit);
    assert(o->pair < limit && index[o->pair]);
    to[object] = zone[o->axis] + sides[0].objects[index[o->pair] - 1].address % PERIOD;
}

/* ---- all of them ---- */

struct layout_placing layout_place(struct arena *arena, const struct layout_side sides[2], const struct layout_wish *wish)
{
    struct layout_placing placing;
    for (int s = 0; s < 2; s++) {
        placing.to[s] = arena_array(arena, sides[s].count + 1, sizeof *placing.to[s]);
        for (size_t i = 0; i < sides[s].count; i++)
            placing.to[s][i] = sides[s].objects[i].address;
    }
    if (wish->family == FAMILY_ONE)
        place_one(arena, sides, wish->object, placing.to[1]);
    for (enum layout_axis axis = 0; axis < AXIS_COUNT; axis++) {
        if (!(wish->axes >> axis & 1))
            continue;
        if (wish->family == FAMILY_ORDER || wish->family == FAMILY_PAD)
            place_jointly(arena, sides, wish, axis, &placing);
        else if (wish->family == FAMILY_OLD_PLACE)
            place_as(arena, &sides[1], &sides[0], axis, placing.to[1]);
        else if (wish->family == FAMILY_NEW_PLACE)
            place_as(arena, &sides[0], &sides[1], axis, placing.to[0]);
    }
    return placing;
}

struct remap *layout_remap(const struct layout_side *side, const uint64_t *to)
{
    /* Containers first: a TLS block inside an anonymous mapping has the last word on its bytes. */
    static const enum layout_axis order[] = { AXIS_STACK, AXIS_HEAP, AXIS_DATA, AXIS_TEXT };
    _Static_assert(sizeof order / sizeof order[0] == AXIS_COUNT, "every axis has its turn");
    struct remap *remap = remap_new();
    for (size_t k = 0; k < AXIS_COUNT; k++)
        for (size_t i = 0; i < side->count; i++)
            if (side->objects[i].axis == order[k] && to[i] != side->objects[i].address)
                remap_add(remap, side->objects[i].address, side->objects[i].extent, (int64_t)(to[i] - side->objects[i].address));
    return remap;
}
