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

void objects_book(struct objects *objects)
{
    const struct object_note *note = &objects->notes[objects->booked++ & (OBJECT_NOTES - 1)];
    struct object_cell *cell = find_or_add(objects, note->key);
    cell->ticks[note->term] += note->ticks;
    cell->l1d += (note->events & OBJECT_L1D) != 0;
    cell->l2d += (note->events & OBJECT_L2D) != 0;
    cell->llc += (note->events & OBJECT_LLC) != 0;
    cell->dtlb += (note->events & OBJECT_DTLB) != 0;
    cell->walks += (note->events & OBJECT_WALK) != 0;
    cell->splits += (note->events & OBJECT_SPLIT) != 0;
    cell->aliases += (note->events & OBJECT_ALIAS) != 0;
    cell->blocks += (note->events & OBJECT_BLOCK) != 0;
}
