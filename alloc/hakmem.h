/* hakmem: a memory allocator. Programs that link or preload libhakmem get it behind malloc and free; the
 * functions below are the same contract under names of their own, and what malloc.h has no name for.
 * Every function may be called by any thread at any time, before main and after exit. */
#ifndef HAKMEM_H
#define HAKMEM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* As the C standard and POSIX have them. Blocks are 16-aligned; a size of 0 gives a unique pointer; NULL comes
 * with errno ENOMEM (EINVAL for a bad alignment); free keeps errno. realloc to size 0 frees and returns NULL. */
void *hakmem_malloc(size_t size);
void *hakmem_calloc(size_t n, size_t size);
void *hakmem_realloc(void *p, size_t size);
void *hakmem_reallocarray(void *p, size_t n, size_t size);
void hakmem_free(void *p);
int hakmem_posix_memalign(void **out, size_t align, size_t size);
void *hakmem_aligned_alloc(size_t align, size_t size);
void *hakmem_memalign(size_t align, size_t size);
void *hakmem_valloc(size_t size);
void *hakmem_pvalloc(size_t size);

/* Bytes at p that may be written, at least what was asked for; 0 for NULL. */
size_t hakmem_usable_size(const void *p);

/* As C23 has them; the checking build verifies size and alignment. */
void hakmem_free_sized(void *p, size_t size);
void hakmem_free_aligned_sized(void *p, size_t align, size_t size);

/* Returns all idle memory of the calling thread, of threads that have ended, and of the process to the system.
 * 1 if anything was returned. `pad` is not used. */
int hakmem_trim(size_t pad);

#define HAKMEM_BANDS 9 /* C0 .. C7, and one for larger classes; HAKMEM_BANDS - 1 is "up to 32 KiB" */

/* A snapshot; other threads run on while it is taken. Event counts are 0 in a build without statistics. */
struct hakmem_stats {
    struct hakmem_band {
        size_t blocks;  /* out: with the program, or in the lists of other threads */
        size_t bytes;   /* the same, in bytes of their size class */
        size_t refills; /* batches that a thread's inline slots took from a slab */
        size_t flushes; /* batches that they gave back */
        size_t direct;  /* mallocs that took a call because the band has no inline slots */
    } band[HAKMEM_BANDS];
    size_t warm_hits, cold_hits, fresh_slabs, adopted_slabs; /* where refills found a slab */
    size_t remote_sent, remote_received; /* blocks freed by a thread that did not own them */
    size_t run_hits;           /* blocks above 32 KiB and up to 1 MiB that a thread had kept */
    size_t heaps;              /* made so far */
    size_t superslabs, slabs;  /* in use: 2 MiB units, and 64 KiB slabs in them */
    size_t large_bytes;        /* live, in blocks of units of their own */
    size_t large_blocks;
    size_t cached_bytes;       /* spare: freed large blocks and empty units kept for reuse */
    size_t spare_hits;         /* requests for such memory that it served, at least in part */
    size_t spare_reused;       /* bytes that it gave to them */
    size_t huge_asked;         /* bytes that huge pages were asked for so far */
    size_t purged_bytes;       /* returned to the system so far */
    size_t thinned_bytes;      /* of them, pages of slabs that were partly in use */
    size_t meta_bytes;         /* mapped for metadata */
    size_t resident_bytes;     /* of the process */
};

/* Fills *out. */
void hakmem_stats(struct hakmem_stats *out);

/* Prints it on stderr, as HAKMEM_STATS=1 does at exit. */
void hakmem_stats_print(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
