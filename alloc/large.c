#include "large.h"

#include "heap.h"
#include "os.h"

static unsigned slabs_for(size_t size)
{
    return size ? (unsigned)((size + SLAB_SIZE - 1) / SLAB_SIZE) : 1;
}

static struct slab *run_alloc(struct heap *h, unsigned n, size_t align, size_t *dirty)
{
    struct slab *s = h && align <= SLAB_SIZE ? runs_take(&h->runs, n) : NULL;
    if (likely(s != NULL)) {
        *dirty = n * SLAB_SIZE;
        hak_tags_set_head(s, TAG_RUN);
        return s;
    }
    bool zeroed;
    unsigned step = align > SLAB_SIZE ? (unsigned)(align / SLAB_SIZE) : 1;
    s = hak_slabs_alloc(n, step, SLABS_RUN, !h, &zeroed);
    if (!s && h) {
        hak_heap_save(h);
        s = hak_slabs_alloc(n, step, SLABS_RUN, true, &zeroed);
    }
    if (!s)
        return NULL;
    *dirty = zeroed ? 0 : n * SLAB_SIZE;
    hak_tags_set(s, TAG_RUN, TAG_RUN_BODY);
    return s;
}

void *hak_large_alloc(struct heap *h, size_t size, size_t align, size_t *dirty)
{
    if (size > PTRDIFF_MAX)
        return NULL;
    if (size > RUN_MAX || align > UNIT_SIZE / 2)
        return hak_huge_alloc(size ? size : 1, align, dirty);
    struct slab *s = run_alloc(h, slabs_for(size), align, dirty);
    return s ? s->start : NULL;
}

void hak_large_free(struct heap *h, void *p, uint32_t tag)
{
    struct slab *s = tag == TAG_RUN ? slab_of(p) : NULL;
    if (s && s->start == p && h) {
        hak_tags_set_head(s, TAG_FREE);
        hak_runs_put(&h->runs, s);
    } else if (s && s->start == p) {
        hak_slabs_free(s);
    } else if (tag == TAG_FREE) {
        hak_os_fatal("double free of", p);
    } else if (tag != TAG_HUGE || !hak_huge_free(p)) {
        hak_os_fatal("free of a pointer that malloc did not return:", p);
    }
}

size_t hak_large_size(const void *p, uint32_t tag)
{
    if (tag == TAG_RUN && slab_of(p)->start == p)
        return slab_of(p)->nslabs * SLAB_SIZE;
    if (tag == TAG_HUGE && unit_of(p)->base == p)
        return hak_huge_size(p);
    return 0;
}

void *hak_large_resize(void *p, uint32_t tag, size_t size)
{
    size_t have = hak_large_size(p, tag);
    if (!have)
        hak_os_fatal("realloc of a pointer that malloc did not return:", p);
    if (tag == TAG_HUGE)
        return size > RUN_MAX ? hak_huge_resize(p, size) : NULL;
    if (size > have && size <= RUN_MAX)
        return hak_slabs_grow(slab_of(p), slabs_for(size)) ? p : NULL;
    return size <= have && size > have / 2 ? p : NULL;
}
