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

struct objects {
    struct object_cell *cells;
    uint32_t room, count;        /* room: power of two */
    uint64_t last_key;           /* asked for last, plus 1; 0: none */
    struct object_cell *last;
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

/* The cell of a key will be wanted soon: neighbouring lines lie far apart in the table, so it is seldom in a cache. */
static inline void objects_expect(const struct objects *objects, uint64_t key)
{
    const char *cell = (const char *)&objects->cells[objects_slot(objects, key)];
    __builtin_prefetch(cell, 1);
    __builtin_prefetch(cell + 64, 1);
}

/* The cell of a key, new if need be; the pointer is valid until the next call. */
struct object_cell *objects_cell(struct objects *objects, uint64_t key);

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
