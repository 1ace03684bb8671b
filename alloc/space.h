/* Floor 3: the address space. All user memory comes from one window of addresses, so that a pointer is turned
 * into its slab by a subtraction and a shift, and a foreign pointer is told apart before any memory of its is
 * touched. The window is chosen once, where the system would have put a mapping of its size (its own
 * randomisation applies), and not kept reserved: a place that something else took meanwhile is skipped.
 *
 * Beside the window, in mappings of their own: one 32-bit tag a slab, one pointer a unit, and the units'
 * metadata. Both tables are reserved at start (64 KiB of addresses for each GiB of window) and made usable as
 * the heap grows. */
#ifndef HAK_SPACE_H
#define HAK_SPACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bits.h"
#include "config.h"

/* One slab, or the first of a span. Fields below `start` belong to the heap that owns the slab, and only its
 * thread (or the holder of an ownerless heap) touches them: who frees a block of another heap reads its tag alone. */
struct slab {
    _Alignas(64) char *start; /* a multiple of SLAB_SIZE. (A slab is one line, and found by a shift) */
    uint64_t *bits; /* one a block below `carved`: set when the block is free */
    uint32_t inverse, twos; /* of size: exact_quotient() makes an offset the number of a block */
    struct slab *next, *prev;     /* in a warm or cold list */
    uint32_t size;                /* bytes a block */
    uint16_t capacity;            /* blocks in the slab or span */
    uint16_t carved;              /* blocks ever handed out; those above have never been touched */
    uint16_t used;                /* blocks out: with the user, in a thread's lists, or on their way home */
    uint16_t hint;                /* no word of bits below this one has a bit set */
    uint8_t cls;                  /* size class */
    uint8_t nslabs;               /* slabs in the span or run */
    uint8_t back;                 /* slabs from the first of the span to this one */
    uint8_t list;                 /* enum slab_list (floor 4) */
    uint16_t thinned;             /* `used` when its free pages were last given back; UINT16_MAX: never (floor 6) */
    uint16_t seen;                /* `used` at the last sweep that found it in a list; UINT16_MAX: none did */
};

_Static_assert(sizeof(struct slab) == 64, "a slab is one line of the cache");

/* One unit. Everything here is under the space lock, except what struct slab says. */
struct unit {
    size_t huge_len;          /* bytes, when the unit is the first of a huge block or of spare memory; else 0 */
    char *base;
    uint64_t mapping;         /* number of the mapping that all of a huge block lies in; 0: of several, or unknown */
    bool spare;               /* not in use; then the last unit in the table names it, too */
    uint32_t free_mask;       /* slabs not in use */
    uint32_t dirty_mask;      /* slabs that may hold something other than zeroes */
    unsigned bin;             /* longest run of ones in free_mask, or bin of spare memory by its length */
    bool idle;                /* in the list of superslabs with memory to return */
    bool huge_pages;          /* advice was given */
    bool filled;              /* spare memory: slabs of blocks took all of it, so most of it is resident */
    bool judged;              /* a superslab: its use of pages was looked at, or says nothing */
    uint64_t idle_since;      /* ms */
    struct unit *next, *prev; /* in the list of its bin */
    struct unit *idle_next, *idle_prev; /* by age */
    /* a huge block's metadata ends here */
    struct slab slabs[UNIT_SLABS];
    uint64_t bits[UNIT_SLABS][SLAB_BITS / 64];
};

/* What free reads of the address space. Variables of their own, not a struct: each is then one operand. */
HIDDEN extern uintptr_t hak_space_base;           /* first byte of the window; a multiple of UNIT_SIZE */
HIDDEN extern size_t hak_space_limit;            /* slabs from base on that have a readable tag; it only grows */
HIDDEN extern _Atomic(uint32_t) *hak_space_tags;  /* one a slab */
HIDDEN extern struct unit **hak_space_units;      /* one a unit; NULL where nothing is */

/* The limit, as seen by any thread. Whoever holds a block has synchronised with whoever allocated it, so an old
 * value is large enough. A plain load, because gcc does not fold an atomic one into the comparison. */
static inline size_t space_limit(void)
{
#if defined(__SANITIZE_THREAD__)
    return __atomic_load_n(&hak_space_limit, __ATOMIC_RELAXED);
#else
    return hak_space_limit;
#endif
}

/* Counted under the space lock. */
struct space_stats {
    size_t superslabs;      /* units in use as such */
    size_t slabs;           /* slabs in use in them */
    size_t huge_blocks, huge_bytes;    /* live */
    size_t cached_bytes;    /* spare: units kept for reuse */
    size_t spare_hits;      /* requests for units that spare memory served, at least in part */
    size_t spare_reused;    /* bytes of them that it gave */
    size_t huge_asked;      /* bytes that huge pages were asked for so far */
    size_t purged_bytes;    /* returned to the system so far */
    size_t meta_bytes;      /* mapped for metadata */
};

/* Index of the slab that p lies in; >= limit for a pointer that is not ours. */
static inline size_t slab_index(const void *p)
{
    return ((uintptr_t)p - hak_space_base) >> SLAB_SHIFT;
}

/* The tag of slab number i; TAG_NONE above the limit. */
static inline uint32_t tag_at(size_t i)
{
    return likely(i < space_limit()) ? atomic_load_explicit(&hak_space_tags[i], memory_order_relaxed) : TAG_NONE;
}

/* The tag of p's slab; TAG_NONE for a pointer from elsewhere. Touches no memory near p. */
static inline uint32_t tag_of(const void *p)
{
    return tag_at(slab_index(p));
}

/* The unit that p lies in; p's tag is not TAG_NONE. */
static inline struct unit *unit_of(const void *p)
{
    return hak_space_units[slab_index(p) / UNIT_SLABS];
}

/* The slab, or first of the span or run, that slab number i is in; its tag is neither TAG_NONE nor TAG_HUGE. */
static inline struct slab *slab_at(size_t i)
{
    struct slab *s = &hak_space_units[i / UNIT_SLABS]->slabs[i % UNIT_SLABS];
    return s - s->back;
}

/* The same for the one that p lies in. */
static inline struct slab *slab_of(const void *p)
{
    return slab_at(slab_index(p));
}

/* Makes the window and its tables; true if they are there. Any thread, any time, any number of times. */
bool hak_space_init(void);

/* Memory for metadata: zeroed, 64-aligned, never given back, far from user data. NULL when there is none. */
void *hak_meta_alloc(size_t size);

/* What slabs are for: of a run, all is about to be used. */
enum slabs_for { SLABS_BLOCKS, SLABS_RUN };

/* n free slabs in a row, 1 <= n <= UNIT_SLABS, the first at a multiple of `align` slabs (a power of two).
 * Sets start, nslabs, back and, if not NULL, *zeroed: the memory reads as zero. Tags are still TAG_FREE. NULL: there is
 * no memory, or without `grow`, none but fresh. */
struct slab *hak_slabs_alloc(unsigned n, unsigned align, enum slabs_for what, bool grow, bool *zeroed);

/* Makes run s n slabs long, more than it is, if those behind it are free. */
bool hak_slabs_grow(struct slab *s, unsigned n);

/* Gives back what hak_slabs_alloc gave; the tags become TAG_FREE. */
void hak_slabs_free(struct slab *s);

/* Returns pages of s, which the caller owns: those with a bit, page 0 the lowest. Its superslab gets no huge pages any
 * more. Bytes returned. */
size_t hak_slab_purge(struct slab *s, uint32_t pages);

/* Sets the tags of all slabs of s: the first to `head`, the others to `body`. */
void hak_tags_set(struct slab *s, uint32_t head, uint32_t body);

/* Sets the tag of the first alone. */
static inline void hak_tags_set_head(const struct slab *s, uint32_t head)
{
    atomic_store_explicit(&hak_space_tags[slab_index(s->start)], head, memory_order_relaxed);
}

/* A block with units of its own: `bytes` (> 0) at a multiple of `align` (power of two, any). NULL: no memory. All
 * after the first *dirty bytes reads as zero. */
void *hak_huge_alloc(size_t bytes, size_t align, size_t *dirty);

/* Gives it back: its memory is spare for as long as HAKMEM_PURGE_MS, or goes to the system. False: p is none. */
bool hak_huge_free(void *p);

/* Changes its size in place or by moving its pages; the new address, or NULL with everything as it was. */
void *hak_huge_resize(void *p, size_t bytes);

/* Bytes mapped for huge block p. */
size_t hak_huge_size(const void *p);

/* Returns idle memory that has waited long enough (all of it with `everything`); bytes returned. */
size_t hak_space_purge(bool everything);

struct space_stats hak_space_stats(void);

/* The lock, for fork (floor 7) alone. hak_space_relock is for the child. */
void hak_space_lock(void);
void hak_space_unlock(void);
void hak_space_relock(void);

#endif
