#include "layout/link_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout/draw.h"

struct ranked {
    const char *name;
    uint64_t rank;
};

/* FNV-1a, 64 bits. */
static uint64_t hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325ull;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3ull;
    return h;
}

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return x->rank < y->rank ? -1 : x->rank > y->rank ? 1 : strcmp(x->name, y->name);
}

const char *link_order(struct arena *arena, const char *const *names, size_t count, uint64_t seed, unsigned number)
{
    struct ranked *order = arena_array(arena, count + 1, sizeof *order);
    size_t bytes = 1;
    for (size_t i = 0; i < count; i++) {
        struct draw draw = { hash(names[i]) ^ seed * 1000003 ^ (uint64_t)number << 32 };
        draw_next(&draw);
        order[i] = (struct ranked){ names[i], draw_next(&draw) };
        bytes += strlen(names[i]) + 1;
    }
    if (count)
        qsort(order, count, sizeof *order, by_rank);
    char *text = arena_alloc(arena, bytes), *at = text;
    for (size_t i = 0; i < count; i++)
        at = stpcpy(stpcpy(at, order[i].name), "\n");
    *at = '\0';
    return text;
}
