/* Floor 6: a slab's blocks: which are free, taking them, putting them back. The slab is the caller's heap's. */
#ifndef HAK_SLAB_H
#define HAK_SLAB_H

#include "heap.h"

/* A fresh slab for class c, in no list and not counted as current; NULL if there is no memory. */
struct slab *hak_slab_new(struct heap *h, unsigned c);

/* Takes up to `want` blocks that were freed before, in front of the chain at *chain; the number taken. */
int32_t hak_slab_take_freed(struct heap *h, struct slab *s, int32_t want, void **chain);

/* Takes up to `want` blocks that were never used, lowest address first out. */
int32_t hak_slab_carve(struct slab *s, int32_t want, void **chain);

#endif
