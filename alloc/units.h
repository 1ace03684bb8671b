/* Floor 3, inside: the units of the window, shared by superslabs, huge blocks and spare memory. Everything here is
 * under the space lock, except what struct slab says. */
#ifndef HAK_UNITS_H
#define HAK_UNITS_H

#include "space.h"

/* The window's own state. */
struct space {
    size_t nunits;    /* units in the window */
    size_t committed; /* units whose table entries are usable */
    size_t hint;      /* no free unit below this one */
    uint64_t mapping; /* the last mapping's number */
    struct space_stats stats;
};
HIDDEN extern struct space hak_space;
HIDDEN extern struct unit hak_foreign; /* marks a unit that is a later part of something, or not ours */

static inline char *unit_address(size_t i)
{
    return (char *)hak_space_base + i * UNIT_SIZE;
}

static inline size_t unit_number(const char *base)
{
    return ((uintptr_t)base - hak_space_base) / UNIT_SIZE;
}

static inline size_t units_for(size_t bytes)
{
    return (bytes + UNIT_SIZE - 1) / UNIT_SIZE;
}

/* What is in unit i; NULL for a free one. */
static inline struct unit *unit_at(size_t i)
{
    return i < hak_space.committed ? hak_space_units[i] : NULL;
}

static inline void tag_store(const void *p, uint32_t tag)
{
    atomic_store_explicit(&hak_space_tags[slab_index(p)], tag, memory_order_relaxed);
}

/* Sets the tags of all slabs in [base, base + bytes). */
static inline void tags_fill(const char *base, size_t bytes, uint32_t tag)
{
    for (const char *p = base; p < base + bytes; p += SLAB_SIZE)
        tag_store(p, tag);
}

/* Bytes of units that are in use. */
static inline size_t units_in_use(void)
{
    return hak_space.stats.huge_bytes + hak_space.stats.superslabs * UNIT_SIZE;
}

/* Fills the fields of a head, of memory whose mapping is unknown. (A head ends where the slabs begin: an assignment of
 * the whole struct would run over it.) */
static inline void unit_head(struct unit *u, char *base, size_t bytes)
{
    u->base = base;
    u->huge_len = bytes;
    u->mapping = 0;
    u->spare = u->idle = u->huge_pages = u->filled = false;
}

/* Metadata of a unit, to be given back; a huge block's or spare memory's (`head`) needs no slabs. NULL: no memory. */
struct unit *hak_unit_meta_take(bool head);
void hak_unit_meta_give(struct unit *u, bool head);

/* First unit of n free ones whose address is a multiple of `align`, from unit `from` on; nunits if none. */
size_t hak_units_find(size_t from, size_t n, size_t align);

/* Makes table entries of units below `end` usable. */
bool hak_units_commit(size_t end);

/* Maps n free units and returns the index of the first; nunits if there is no memory. When memory is out it first
 * gives back what is idle, and tries once more. */
size_t hak_units_map(size_t n, size_t align);

/* Says that n units from i on belong to u, or are free. */
void hak_units_claim(size_t i, size_t n, struct unit *u);
void hak_units_release(size_t i, size_t n);

/* Returns idle memory that has waited `wait` ms (all of it with `everything`); bytes returned. */
size_t hak_units_purge(uint64_t now, uint64_t wait, bool everything);

/* On every way through the lock: a look at the clock, and a purge a few times in HAKMEM_PURGE_MS. */
void hak_units_tick(void);

/* ---- superslabs (superslab.c) ---- */

bool hak_superslabs_idle(void);
size_t hak_superslabs_purge(uint64_t now, uint64_t wait, bool everything);

/* ---- spare memory (spare.c) ---- */

/* Keeps u's units, which are mapped and were in use until `since`, for whoever asks next. u is a head with base,
 * huge_len, mapping and huge_pages set, in the table or not. Gives back to the system what is above the bound. */
void hak_spare_put(struct unit *u, uint64_t since);

/* The smallest stretch of at least `bytes` at a multiple of `align`, cut to size; NULL if there is none. It may
 * hold anything, and its first unit in the table says so. */
struct unit *hak_spare_take(size_t bytes, size_t align);

/* The largest stretch, at most `bytes` of it; NULL if nothing is spare. */
struct unit *hak_spare_largest(size_t bytes);

/* The first `bytes` of the stretch that starts at unit i; NULL if none starts there, or it is shorter. */
struct unit *hak_spare_at(size_t i, size_t bytes);

size_t hak_spare_purge(uint64_t now, uint64_t wait, bool everything);

#endif
