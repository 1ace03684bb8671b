#include "sim/remap.h"

#include <stdlib.h>

#include "base/arena.h"

enum { PAGE = 1 << REMAP_PAGE_BITS, LEAF_PAGES = 1 << REMAP_LEAF_BITS };

/* Zeroed; huge and mostly never touched, so not the arena's. Its handler still speaks when memory ends. */
static void *zeroed(size_t count, size_t size)
{
    void *p = calloc(count, size);
    return p ? p : arena_array(arena_new(), count, size);
}

struct remap *remap_new(void)
{
    return zeroed(1, sizeof(struct remap));
}

void remap_free(struct remap *remap)
{
    if (!remap)
        return;
    for (size_t i = 0; i < 1 << REMAP_TOP_BITS; i++) {
        struct remap_page *leaf = remap->leaf[i];
        for (size_t p = 0; leaf && p < LEAF_PAGES; p++)
            free(leaf[p].pieces);
        free(leaf);
    }
    free(remap);
}

static struct remap_page *page_of(struct remap *remap, uint64_t address)
{
    struct remap_page **leaf = &remap->leaf[address >> (REMAP_PAGE_BITS + REMAP_LEAF_BITS) & ((1 << REMAP_TOP_BITS) - 1)];
    if (!*leaf)
        *leaf = zeroed(LEAF_PAGES, sizeof **leaf);
    return &(*leaf)[address >> REMAP_PAGE_BITS & (LEAF_PAGES - 1)];
}

/* Makes the page's pieces at most 1 << shift bytes long. */
static void refine(struct remap_page *page, unsigned shift)
{
    struct remap_pieces *old = page->pieces;
    if (old && old->shift <= shift)
        return;
    size_t count = (size_t)PAGE >> shift;
    struct remap_pieces *fine = zeroed(1, sizeof *fine + count * sizeof fine->delta[0]);
    fine->shift = shift;
    for (size_t i = 0; i < count; i++)
        fine->delta[i] = old ? old->delta[i >> (old->shift - shift)] : page->delta;
    free(old);
    page->pieces = fine;
}

/* Part [from, to) of one page; 0 <= from < to <= PAGE. */
static void add_part(struct remap_page *page, unsigned from, unsigned to, int64_t delta)
{
    if (from == 0 && to == PAGE) {
        free(page->pieces);
        *page = (struct remap_page){ .delta = delta };
        return;
    }
    refine(page, (unsigned)__builtin_ctz(from | to));
    for (unsigned i = from >> page->pieces->shift; i < to >> page->pieces->shift; i++)
        page->pieces->delta[i] = delta;
}

void remap_add(struct remap *remap, uint64_t address, uint64_t bytes, int64_t delta)
{
    for (uint64_t end = address + bytes; address < end;) {
        uint64_t page_end = (address | (PAGE - 1)) + 1, stop = page_end < end ? page_end : end;
        add_part(page_of(remap, address), (unsigned)(address & (PAGE - 1)), (unsigned)(stop - (page_end - PAGE)), delta);
        address = stop;
    }
}
