/* Floor 0: the numbers that shape the allocator, and the build switches.
 *
 * Address space, from the outside in:
 *   window   one stretch of addresses that all user memory comes from (floor 3); at most 2^47 bytes
 *   unit     2 MiB of the window, aligned; either a superslab, or part of one huge block
 *   slab     64 KiB of a unit; one slab, or a span of a few, holds blocks of one size class of one heap,
 *            or is part of a run (one large block)
 *   block    what malloc returns; no metadata sits beside it
 * All metadata lives in mappings of its own, with guard pages.
 */
#ifndef HAK_CONFIG_H
#define HAK_CONFIG_H

#include <stdint.h>

/* Build switches, 0 or 1. Code tests them with plain `if`; nothing on the fast path does. */
#ifndef HAK_STATS
#define HAK_STATS 1 /* count slow-path events; 0 in the FAST build */
#endif
#ifndef HAK_FS_RELATIVE
#define HAK_FS_RELATIVE 0 /* x86-64: 1 in a shared object (initial-exec), 2 in a program (local-exec): see cells.h */
#endif
#ifndef HAK_CHECKING
#define HAK_CHECKING 0 /* canary, poison, quarantine in front of every block (front_checking.c) */
#endif

#define SLAB_SHIFT     16
#define SLAB_SIZE      ((size_t)1 << SLAB_SHIFT)
#define UNIT_SHIFT     21
#define UNIT_SIZE      ((size_t)1 << UNIT_SHIFT)
#define UNIT_SLABS     32u /* slabs a unit: one bit each in a 32-bit mask */
#define PAGE_SIZE_HAK  ((size_t)4096)

#define NCLASS         40u              /* size classes, 16 .. 32768 bytes */
#define FAST_MAX       ((size_t)2048)   /* requests up to this find their class in a table */
#define SMALL_MAX      ((size_t)32768)  /* largest class */
#define RUN_MAX        ((size_t)1 << 20) /* largest run of slabs; above it a block has units of its own */
#define ALIGN_MAX      ((size_t)1 << 40) /* no alignment above this is ever tried */
#define MIN_ALIGN      ((size_t)16)
#define SLAB_BITS      4096u            /* blocks of the smallest class in one slab */
#define NBAND          9u               /* C0 .. C7, and one row for everything above 1024 bytes */

/* A tag says who may free what in a slab: heap id << TAG_SHIFT | class * 16. The class is stored scaled, as
 * an offset into the thread's cells, so that free needs no shift. Tags below 1 << TAG_SHIFT are not small. */
#define TAG_SHIFT      10
#define HEAP_ID_MAX    ((1u << 22) - 2) /* the id above it is never given out: a thread without heap has it */
#define NO_HEAP_TAG    0xfffffc00u /* xor with any tag is far above any class */

enum hak_tag {
    TAG_NONE = 0,     /* not ours, or not in use */
    TAG_RUN = 1,      /* first slab of a large block inside a superslab */
    TAG_RUN_BODY = 2, /* its other slabs */
    TAG_HUGE = 3,     /* first slab of a block that has units of its own */
    TAG_FREE = 4,     /* a slab that was in use and is free now: a free of a pointer into it is a double free */
};

_Static_assert(SLAB_SIZE * UNIT_SLABS == UNIT_SIZE, "a unit is exactly its slabs");
_Static_assert(NCLASS * 16 <= 1u << TAG_SHIFT, "a scaled class fits under the heap id");
_Static_assert((NO_HEAP_TAG >> TAG_SHIFT) > HEAP_ID_MAX, "no heap carries the id of a thread without one");

#endif
