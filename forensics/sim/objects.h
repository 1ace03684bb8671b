/* Data-side events by where they fell: a table over 64-byte lines (stack references: over blocks), filled on misses
 * only. */
#ifndef FORENSICS_SIM_OBJECTS_H
#define FORENSICS_SIM_OBJECTS_H

#include <stdint.h>

/* How the address was formed: what the address alone does not tell. */
enum object_class {
    OBJECT_PLAIN, /* by a pointer or absolute: the address names the object */
    OBJECT_TLS,   /* off the thread pointer */
    OBJECT_STACK, /* off the stack pointer, or inside the main stack: the referring block names it */
    OBJECT_CLASSES
};

/* Terms of data-side cycles, in the order of data_component. */
enum { OBJECT_TERMS = 7 };

struct object_cell {
    uint64_t key;                  /* object_key() + 1; 0: empty */
    uint64_t ticks[OBJECT_TERMS];  /* waits booked to it */
    uint32_t l1d, l2d, llc, dtlb, walks, splits, aliases, blocks; /* events, modulo 2^32 */
};

/* Beyond this many cells (100 MB) the rest is booked to its page's first line. */
enum { OBJECTS_ROOM_MAX = 1 << 20 };

/* Events of a cell, as bits of a note; any of them at once. */
enum object_event {
    OBJECT_L1D = 1, OBJECT_L2D = 2, OBJECT_LLC = 4, OBJECT_DTLB = 8, OBJECT_WALK = 16, OBJECT_SPLIT = 32, OBJECT_ALIAS = 64,
    OBJECT_BLOCK = 128
};

enum { OBJECT_NOTES = 16 }; /* a power of two */

struct objects {
    struct object_cell *cells;   /* NULL: nothing is booked */
    uint32_t room, count;        /* room: power of two */
    struct object_note {         /* what is still to be booked: a ring, so that the cells come from memory meanwhile */
        uint64_t key, ticks;
        uint32_t term, events;   /* term: of the ticks */
    } notes[OBJECT_NOTES];
    uint64_t noted, booked;      /* so far; noted - booked <= OBJECT_NOTES */
    struct object_cell overflow; /* what found no place at all; key 0 */
};

void objects_init(struct objects *objects);
void objects_release(struct objects *objects);

/* Names a cell: `where` is an address, or a block's id for OBJECT_STACK. */
static inline uint64_t object_key(enum object_class class, uint64_t where)
{
    return (class == OBJECT_STACK ? where : where >> 6) << 2 | (uint64_t)class;
}

/* Where the search for a key begins. */
static inline uint32_t objects_slot(const struct objects *objects, uint64_t key)
{
    return (uint32_t)((key + 1) * 0x9e3779b97f4a7c15ull >> 32) & (objects->room - 1);
}

/* Books the oldest note. */
void objects_book(struct objects *objects);

/* Books what is still to be booked, so that the cells tell all. */
static inline void objects_settle(struct objects *objects)
{
    while (objects->booked < objects->noted)
        objects_book(objects);
}

/* To be booked to a key: events, and `ticks` of a term. */
static inline void objects_note(struct objects *objects, uint64_t key, unsigned events, unsigned term, uint64_t ticks)
{
    if (!objects->cells)
        return;
    const char *cell = (const char *)&objects->cells[objects_slot(objects, key)];
    __builtin_prefetch(cell, 1);
    __builtin_prefetch(cell + 64, 1);
    if (objects->noted - objects->booked == OBJECT_NOTES)
        objects_book(objects);
    objects->notes[objects->noted++ & (OBJECT_NOTES - 1)] =
        (struct object_note){ .key = key, .ticks = ticks, .term = term, .events = events };
}

static inline enum object_class object_class(const struct object_cell *cell)
{
    return (enum object_class)((cell->key - 1) & 3);
}

/* The address of a cell's line, or the block id for OBJECT_STACK. */
static inline uint64_t object_where(const struct object_cell *cell)
{
    return (cell->key - 1) >> 2 << (object_class(cell) == OBJECT_STACK ? 0 : 6);
}

#endif
