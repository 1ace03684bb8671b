/* Floor 4: the slabs of one class of one heap that have a free block. The warm list is bounded by
 * HAKMEM_WARM_POOL_SIZE and searched first; its front holds the slab that filled up last, so the fullest come
 * first and the emptiest get a chance to become empty. The cold list has no bound; it keeps no empty slab.
 * Full slabs are in no list: the free that makes them partial finds them by address. */
#ifndef HAK_POOL_H
#define HAK_POOL_H

#include "space.h"

enum slab_list {
    LIST_NONE,    /* full */
    LIST_CURRENT, /* being carved or refilled from; in no list */
    LIST_WARM,
    LIST_COLD,
};

struct pool {
    struct slab *first[2], *last[2]; /* warm, cold */
    unsigned warm;                   /* slabs in the warm list */
};

/* Puts a slab with a free block at the front of the warm list, or of the cold one when `limit` are warm. */
void hak_pool_put(struct pool *pool, struct slab *s, unsigned limit);

/* Takes a slab out of the list it is in; it is LIST_NONE then. */
void hak_pool_remove(struct pool *pool, struct slab *s);

/* Moves a warm slab to the end of the warm list: the last to be used. */
void hak_pool_demote(struct pool *pool, struct slab *s);

/* Takes the best slab, NULL if there is none; *warm says which list it came from. */
struct slab *hak_pool_take(struct pool *pool, bool *warm);

#endif
