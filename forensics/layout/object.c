#include "layout/object.h"

#include <stdbool.h>
#include <stdlib.h>

enum {
    TEXT_ALIGN_MAX = 64, /* a line: what -falign-functions is used for */
    TEXT_USUAL = 10,     /* of so many functions one may miss the usual alignment */
    DATA_ALIGN_MAX = 64,
    REGION_ALIGN = 64, /* heap regions and stacks shift by whole lines: what lies in them was aligned by an allocator */
};

static int by_address(const void *a, const void *b)
{
    const struct layout_object *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return x->axis < y->axis ? -1 : x->axis > y->axis;
}

void layout_sort(struct layout_side *side)
{
    uint64_t end[AXIS_COUNT] = { 0 };
    size_t kept = 0;
    if (side->count)
        qsort(side->objects, side->count, sizeof *side->objects, by_address);
    for (size_t i = 0; i < side->count; i++) {
        struct layout_object *o = &side->objects[i];
        if (!o->size || o->address < end[o->axis])
            continue;
        if (o->extent < o->size)
            o->extent = o->size;
        end[o->axis] = o->address + o->extent;
        side->objects[kept++] = *o;
    }
    side->count = kept;
}

size_t layout_text_at(const struct layout_side *side, uint64_t address)
{
    size_t low = 0, high = side->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (side->objects[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    while (low > 0 && side->objects[low - 1].axis != AXIS_TEXT)
        low--;
    if (low == 0)
        return SIZE_MAX;
    const struct layout_object *o = &side->objects[low - 1];
    return address - o->address < o->extent ? low - 1 : SIZE_MAX;
}

/* ---- glue ---- */

static void merge_into(struct layout_object *first, struct layout_object *next)
{
    first->merged += 1 + next->merged;
    first->size = next->address + next->size - first->address;
    first->extent = next->address + next->extent - first->address;
    next->size = 0;
}

void layout_glue(struct layout_side *side, const struct layout_span *spans, size_t count)
{
    struct arena *scratch = arena_new();
    bool *with_next = arena_array(scratch, side->count + 1, sizeof *with_next);
    for (size_t i = 0; i < count; i++) {
        size_t from = layout_text_at(side, spans[i].address);
        size_t to = layout_text_at(side, spans[i].falls ? spans[i].end : spans[i].end - 1);
        if (from == SIZE_MAX || to == SIZE_MAX)
            continue;
        for (size_t k = from; k < to; k++)
            with_next[k] = true;
    }
    size_t kept = 0, last_text = SIZE_MAX;
    bool glue = false;
    for (size_t i = 0; i < side->count; i++) {
        struct layout_object *o = &side->objects[i];
        bool joined = o->axis == AXIS_TEXT && glue && last_text != SIZE_MAX;
        if (o->axis == AXIS_TEXT)
            glue = with_next[i];
        if (joined) {
            merge_into(&side->objects[last_text], o);
            continue;
        }
        if (o->axis == AXIS_TEXT)
            last_text = kept;
        side->objects[kept++] = *o;
    }
    side->count = kept;
    arena_free(scratch);
}

/* ---- pairs ---- */

struct seen {
    size_t index[2]; /* + 1; 0: not there */
};

static uint32_t pair_limit(const struct layout_side sides[2])
{
    uint32_t limit = 0;
    for (int s = 0; s < 2; s++)
        for (size_t i = 0; i < sides[s].count; i++)
            if (sides[s].objects[i].pair != LAYOUT_ALONE && sides[s].objects[i].pair >= limit)
                limit = sides[s].objects[i].pair + 1;
    return limit;
}

/* Both sides' objects by pair number. */
static struct seen *pairs_of(struct arena *arena, const struct layout_side sides[2], uint32_t limit)
{
    struct seen *seen = arena_array(arena, (size_t)limit + 1, sizeof *seen);
    for (int s = 0; s < 2; s++)
        for (size_t i = 0; i < sides[s].count; i++)
            if (sides[s].objects[i].pair != LAYOUT_ALONE)
                seen[sides[s].objects[i].pair].index[s] = i + 1;
    return seen;
}

size_t layout_pair(struct layout_side sides[2])
{
    struct arena *scratch = arena_new();
    uint32_t limit = pair_limit(sides);
    struct seen *seen = pairs_of(scratch, sides, limit);
    size_t pairs = 0;
    for (uint32_t p = 0; p < limit; p++) {
        struct layout_object *old = seen[p].index[0] ? &sides[0].objects[seen[p].index[0] - 1] : NULL;
        struct layout_object *new = seen[p].index[1] ? &sides[1].objects[seen[p].index[1] - 1] : NULL;
        if (old && new && old->axis == new->axis && old->group == new->group && old->merged == new->merged) {
            pairs++;
            continue;
        }
        if (old)
            old->pair = LAYOUT_ALONE;
        if (new)
            new->pair = LAYOUT_ALONE;
    }
    arena_free(scratch);
    return pairs;
}

/* ---- alignment ---- */

static uint32_t natural(uint64_t address, uint32_t most)
{
    uint64_t low = address & -address;
    return low && low < most ? (uint32_t)low : most;
}

/* The largest alignment that nearly all functions of the group have on this side. */
static uint32_t usual_align(const struct layout_side *side, uint32_t group)
{
    for (uint32_t align = TEXT_ALIGN_MAX; align > 1; align /= 2) {
        size_t all = 0, aligned = 0;
        for (size_t i = 0; i < side->count; i++) {
            const struct layout_object *o = &side->objects[i];
            if (o->axis != AXIS_TEXT || o->group != group)
                continue;
            all++;
            aligned += o->address % align == 0;
        }
        if (all - aligned <= all / TEXT_USUAL)
            return align;
    }
    return 1;
}

static uint32_t size_align(uint64_t size)
{
    uint32_t align = 1;
    while (align < DATA_ALIGN_MAX && align < size)
        align *= 2;
    return align;
}

static uint32_t own_align(const struct layout_object *o, uint32_t usual)
{
    switch (o->axis) {
    case AXIS_TEXT:
        return o->size >= 1 << 16 && o->address % 4096 == 0 ? 4096 : natural(o->address, usual);
    case AXIS_DATA:
        return o->size >= 1 << 12 && o->address % 4096 == 0 ? 64 : natural(o->address, size_align(o->size));
    case AXIS_HEAP: case AXIS_STACK: case AXIS_COUNT: break;
    }
    return REGION_ALIGN;
}

/* usual_align of both sides for the group of the last call: objects of a group stand together. */
struct usual {
    uint32_t group, align;
};

static uint32_t usual_of(const struct layout_side sides[2], struct usual *memory, const struct layout_object *o)
{
    if (o->axis != AXIS_TEXT || memory->group == o->group)
        return memory->align;
    uint32_t a = usual_align(&sides[0], o->group), b = usual_align(&sides[1], o->group);
    *memory = (struct usual){ o->group, a < b ? a : b };
    return memory->align;
}

void layout_align(struct layout_side sides[2])
{
    for (int s = 0; s < 2; s++) {
        struct usual memory = { UINT32_MAX, 1 };
        for (size_t i = 0; i < sides[s].count; i++)
            sides[s].objects[i].align = own_align(&sides[s].objects[i], usual_of(sides, &memory, &sides[s].objects[i]));
    }
    struct arena *scratch = arena_new();
    uint32_t limit = pair_limit(sides);
    struct seen *seen = pairs_of(scratch, sides, limit);
    for (uint32_t p = 0; p < limit; p++) {
        if (!seen[p].index[0] || !seen[p].index[1])
            continue;
        uint32_t *a = &sides[0].objects[seen[p].index[0] - 1].align, *b = &sides[1].objects[seen[p].index[1] - 1].align;
        *a = *b = *a < *b ? *a : *b;
    }
    arena_free(scratch);
}
