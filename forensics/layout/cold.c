#include "layout/cold.h"

#include <stdlib.h>

enum {
    RANGE_LEAST = 64, /* bytes: what takes no line away is not worth a seam */
    PHASE = 16,       /* compilers align what is jumped to by it */
    SEAM = 8,         /* bytes: two conditional jumps that are near no longer */
};

/* Executed code in one piece. */
struct ran {
    uint64_t address, end;
};

static int by_address(const void *a, const void *b)
{
    const struct ran *x = a, *y = b;
    return x->address < y->address ? -1 : x->address > y->address;
}

/* Ascending, apart. */
static struct ran *ran_of(struct arena *arena, const struct layout_side *side, size_t *count)
{
    struct ran *ran = arena_array(arena, side->span_count + 1, sizeof *ran);
    for (size_t i = 0; i < side->span_count; i++)
        ran[i] = (struct ran){ side->spans[i].address, side->spans[i].end };
    if (side->span_count)
        qsort(ran, side->span_count, sizeof *ran, by_address);
    *count = 0;
    for (size_t i = 0; i < side->span_count; i++)
        if (*count && ran[i].address <= ran[*count - 1].end)
            ran[*count - 1].end = ran[i].end > ran[*count - 1].end ? ran[i].end : ran[*count - 1].end;
        else
            ran[(*count)++] = ran[i];
    return ran;
}

struct cold cold_find(struct arena *arena, const struct layout_side *side)
{
    struct arena *scratch = arena_new();
    struct cold cold = { 0 };
    size_t count, at = 0;
    struct ran *ran = ran_of(scratch, side, &count);
    for (size_t i = 0; i < side->count; i++) {
        const struct layout_object *o = &side->objects[i];
        uint64_t from = o->address, end = o->address + o->size;
        if (!o->function)
            continue;
        while (at < count && ran[at].end <= from)
            at++;
        if (at == count || ran[at].address >= end)
            continue;
        for (size_t k = at; from < end; k++) {
            uint64_t until = k < count && ran[k].address < end ? ran[k].address : end;
            if (until >= from + RANGE_LEAST)
                *ARENA_PUSH(arena, cold.items, cold.count, cold.room) = (struct cold_range){ from, until, i };
            from = until < end ? ran[k].end : end;
        }
    }
    arena_free(scratch);
    return cold;
}

const struct cold_range *cold_of(const struct cold *cold, size_t object, size_t *count)
{
    size_t low = 0, high = cold->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cold->items[middle].object < object)
            low = middle + 1;
        else
            high = middle;
    }
    for (high = low; high < cold->count && cold->items[high].object == object; high++)
        ;
    *count = high - low;
    return cold->items + low;
}

bool cold_parts(const struct cold *cold, const struct layout_side *side, size_t object)
{
    size_t count;
    const struct cold_range *ranges = cold_of(cold, object, &count);
    return count && ranges[0].end < side->objects[object].address + side->objects[object].size;
}

/* [address, end) put to `to`. */
static void move(struct remap *remap, uint64_t address, uint64_t end, uint64_t to)
{
    if (remap && end > address)
        remap_add(remap, address, end - address, (int64_t)(to - address));
}

uint64_t cold_split(struct remap *remap, const struct cold *cold, const struct layout_side *side, size_t object,
                    uint64_t at, uint64_t *away)
{
    const struct layout_object *o = &side->objects[object];
    size_t count;
    const struct cold_range *ranges = cold_of(cold, object, &count);
    uint64_t from = o->address, end = o->address + o->size, phase = (at - o->address) % PHASE;
    for (size_t i = 0; i < count; i++) {
        move(remap, from, ranges[i].address, at);
        at += ranges[i].address - from + SEAM;
        at += (ranges[i].end + phase - at) % PHASE;
        move(remap, ranges[i].address, ranges[i].end, *away);
        *away += ranges[i].end - ranges[i].address;
        from = ranges[i].end;
    }
    /* Behind the last seam of a function that ends cold nothing follows. */
    move(remap, from, end > from ? o->address + o->extent : from, at);
    return at + (end - from);
}
