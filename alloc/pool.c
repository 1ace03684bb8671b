#include "pool.h"

static void link_front(struct pool *pool, struct slab *s, enum slab_list list)
{
    unsigned k = list == LIST_COLD;
    s->list = (uint8_t)list;
    s->prev = NULL;
    s->next = pool->first[k];
    *(s->next ? &s->next->prev : &pool->last[k]) = s;
    pool->first[k] = s;
    pool->warm += !k;
}

void hak_pool_put(struct pool *pool, struct slab *s, unsigned limit)
{
    link_front(pool, s, pool->warm < limit ? LIST_WARM : LIST_COLD);
}

void hak_pool_remove(struct pool *pool, struct slab *s)
{
    unsigned k = s->list == LIST_COLD;
    *(s->prev ? &s->prev->next : &pool->first[k]) = s->next;
    *(s->next ? &s->next->prev : &pool->last[k]) = s->prev;
    s->list = LIST_NONE;
    pool->warm -= !k;
}

void hak_pool_demote(struct pool *pool, struct slab *s)
{
    if (!s->next)
        return;
    hak_pool_remove(pool, s);
    s->list = LIST_WARM;
    s->next = NULL;
    s->prev = pool->last[0];
    *(s->prev ? &s->prev->next : &pool->first[0]) = s;
    pool->last[0] = s;
    pool->warm++;
}

struct slab *hak_pool_take(struct pool *pool, bool *warm)
{
    *warm = pool->first[0] != NULL;
    struct slab *s = pool->first[*warm ? 0 : 1];
    if (s)
        hak_pool_remove(pool, s);
    return s;
}
