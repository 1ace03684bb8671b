#include "layout/loops.h"

#include <stdlib.h>

#include "layout/draw.h"

enum { LINE = 64, STEP = 4 /* bytes between the places that a cut can get */ };

/* Far from anything a process maps and from the zones of place.c and pack.c. */
static const uint64_t ZONE = 0x6a0000000000;

static int ascending(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static int by_end(const void *a, const void *b)
{
    const struct layout_span *const *x = a, *const *y = b;
    return (*x)->end < (*y)->end ? -1 : (*x)->end > (*y)->end;
}

/* Inside a function, not at its beginning. */
static bool is_inside(const struct layout_side *side, size_t object, uint64_t address)
{
    return object != SIZE_MAX && side->objects[object].function && address > side->objects[object].address &&
           address < side->objects[object].address + side->objects[object].size;
}

/* A block ends right here, and none of those that do goes on here. */
static bool only_jumped_to(const struct layout_span *const *ends, size_t count, uint64_t address)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ends[middle]->end < address)
            low = middle + 1;
        else
            high = middle;
    }
    bool ended = false;
    for (; low < count && ends[low]->end == address; low++) {
        if (ends[low]->falls || ends[low]->returns)
            return false;
        ended = true;
    }
    return ended;
}

void loops_find(struct arena *arena, struct layout_side *side, const struct layout_span *spans, size_t count)
{
    struct arena *scratch = arena_new();
    uint64_t *cuts = NULL;
    size_t found = 0, room = 0, kept = 0;
    const struct layout_span **ends = arena_array(scratch, count + 1, sizeof *ends);
    for (size_t i = 0; i < count; i++)
        ends[i] = &spans[i];
    if (count)
        qsort(ends, count, sizeof *ends, by_end);
    for (size_t i = 0; i < count; i++) {
        const struct layout_span *s = &spans[i];
        size_t at = layout_text_at(side, s->address);
        if (s->target && s->target < s->end && at == layout_text_at(side, s->target) && is_inside(side, at, s->target))
            *ARENA_PUSH(arena, cuts, found, room) = s->target;
        if (is_inside(side, at, s->address) && only_jumped_to(ends, count, s->address))
            *ARENA_PUSH(arena, cuts, found, room) = s->address;
    }
    if (found)
        qsort(cuts, found, sizeof *cuts, ascending);
    for (size_t i = 0; i < found; i++)
        if (!kept || cuts[kept - 1] != cuts[i])
            cuts[kept++] = cuts[i];
    side->cuts = cuts;
    side->cut_count = kept;
    arena_free(scratch);
}

/* The byte of its line at which the n-th cut of a pair begins; what has no pair
 * draws by itself. */
static uint64_t drawn_byte(uint64_t seed, unsigned number, uint64_t pair, size_t n)
{
    struct draw draw = { seed ^ (uint64_t)number << 48 ^ pair << 16 ^ n };
    draw_next(&draw);
    return STEP * draw_below(&draw, LINE / STEP);
}

/* Which bytes of their lines cuts get. */
struct bytes {
    bool borders; /* the first, each of them; else drawn: */
    uint64_t seed;
    unsigned number;
};

/* Places one object at `at`, and its cuts, the first of which is *cut, behind; returns where it ends. */
static uint64_t place_object(struct remap *remap, const struct layout_side *side, size_t object, size_t *cut,
                             uint64_t at, const struct bytes *bytes)
{
    const struct layout_object *o = &side->objects[object];
    uint64_t pair = o->pair == LAYOUT_ALONE ? (uint64_t)LAYOUT_ALONE + object : o->pair, from = o->address;
    uint64_t delta = at - o->address;
    for (size_t n = 0; *cut < side->cut_count && side->cuts[*cut] < o->address + o->size; n++, ++*cut) {
        uint64_t to = side->cuts[*cut], byte = bytes->borders ? 0 : drawn_byte(bytes->seed, bytes->number, pair, n);
        remap_add(remap, from, to - from, (int64_t)delta);
        delta += (byte - (to + delta)) % LINE;
        from = to;
    }
    remap_add(remap, from, o->address + o->extent - from, (int64_t)delta);
    return o->address + o->extent + delta;
}

/* The first cut at or behind `address`, from `cut` on. */
static size_t next_cut(const struct layout_side *side, size_t cut, uint64_t address)
{
    while (cut < side->cut_count && side->cuts[cut] < address)
        cut++;
    return cut;
}

struct remap *loops_remap(const struct layout_side *side, uint64_t seed, unsigned number)
{
    const struct bytes drawn = { .seed = seed, .number = number };
    struct remap *remap = remap_new();
    uint64_t at = ZONE;
    size_t cut = 0;
    for (size_t i = 0; i < side->count; i++) {
        const struct layout_object *o = &side->objects[i];
        if (o->axis != AXIS_TEXT)
            continue;
        cut = next_cut(side, cut, o->address);
        at = place_object(remap, side, i, &cut, at + (o->address - at) % LINE, &drawn);
    }
    remap->stretched = true;
    return remap;
}

uint64_t loops_align(struct remap *remap, const struct layout_side *side, size_t object, uint64_t at)
{
    size_t cut = next_cut(side, 0, side->objects[object].address);
    remap->stretched = true;
    return place_object(remap, side, object, &cut, at, &(struct bytes){ .borders = true });
}
