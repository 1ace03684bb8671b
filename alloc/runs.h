/* Floor 5: the free runs (blocks of 32 KiB to 1 MiB) that a thread keeps, by their length: malloc and free of such a
 * block then touch no lock. Whoever frees a run keeps it: a run has no owner. Their head tags are TAG_FREE. */
#ifndef HAK_RUNS_H
#define HAK_RUNS_H

#include "space.h"

#define RUN_SLABS (RUN_MAX / SLAB_SIZE) /* slabs of the longest run */

struct runs {
    struct slab *first[RUN_SLABS + 1]; /* of n slabs, by slab.next; last in, first out */
    unsigned slabs;                    /* in all; <= HAKMEM_RUNS_KB */
    unsigned hand;                     /* the length that last made room for others */
    uint32_t moved;                    /* bit n: since the last sweep a run of n was taken or put */
    _Atomic(size_t) hits;              /* runs that came from here; anybody may read it */
};

/* A run of n slabs; NULL if there is none of that length. Its memory is not zeroed. */
static inline struct slab *runs_take(struct runs *r, unsigned n)
{
    struct slab *s = r->first[n];
    if (s) {
        r->first[n] = s->next;
        r->slabs -= n;
        r->moved |= (uint32_t)1 << n;
        if (HAK_STATS)
            atomic_store_explicit(&r->hits, atomic_load_explicit(&r->hits, memory_order_relaxed) + 1,
                                  memory_order_relaxed);
    }
    return s;
}

/* Keeps s, or gives it back if it is too long; when there is too much, others make room. */
void hak_runs_put(struct runs *r, struct slab *s);

/* Gives all back. */
void hak_runs_empty(struct runs *r);

/* Gives those back of whose length none was taken or put since the last call. */
void hak_runs_sweep(struct runs *r);

#endif
