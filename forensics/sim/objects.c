#include "sim/objects.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/arena.h"

enum { OBJECTS_FIRST = 1 << 10 };

/* Doubles as it grows, so not the arena's; the arena's handler still speaks when memory ends. */
static struct object_cell *cells(uint32_t room)
{
    struct object_cell *p = calloc(room, sizeof *p);
    return p ? p : arena_array(arena_new(), room, sizeof *p);
}

void objects_init(struct objects *objects)
{
    *objects = (struct objects){ .cells = cells(OBJECTS_FIRST), .room = OBJECTS_FIRST };
}

void objects_release(struct objects *objects)
{
    free(objects->cells);
    *objects = (struct objects){ .room = 0 };
}

static struct object_cell *find(const struct objects *objects, uint64_t key)
{
    uint32_t slot = objects_slot(objects, key - 1);
    while (objects->cells[slot].key && objects->cells[slot].key != key)
        slot = (slot + 1) & (objects->room - 1);
    return &objects->cells[slot];
}

static void grow(struct objects *objects)
{
    struct objects old = *objects;
    objects->room *= 2;
    objects->cells = cells(objects->room);
    for (uint32_t i = 0; i < old.room; i++)
        if (old.cells[i].key)
            *find(objects, old.cells[i].key) = old.cells[i];
    free(old.cells);
}

static struct object_cell *find_or_add(struct objects *objects, uint64_t key)
{
    bool full = objects->room == OBJECTS_ROOM_MAX && objects->count >= objects->room / 4 * 3;
    if (full && (key & 3) != OBJECT_STACK)
        key &= ~(63ull << 2); /* the page's first line: the last quarter has room for 262144 of them */
    struct object_cell *cell = find(objects, key + 1);
    if (cell->key)
        return cell;
    if (full && objects->count >= objects->room - 2)
        return &objects->overflow;
    if (objects->count >= objects->room / 4 * 3 && !full) {
        grow(objects);
        cell = find(objects, key + 1);
    }
    cell->key = key + 1;
    objects->count++;
    return cell;
}

struct object_cell *objects_cell(struct objects *objects, uint64_t key)
{
    /* A miss books its count, its translation and its wait one after the other. */
    if (objects->last_key != key + 1) {
        objects->last = find_or_add(objects, key);
        objects->last_key = key + 1;
    }
    return objects->last;
}
