/* Where each address of a recording is to lie instead: a table that the model asks for every data reference and for
 * the target of every indirect branch. Built once per layout, then only read, so that models may share it.
 *
 * Addresses that were never added stay where they are. Two loads and an addition a look-up; pages that hold pieces of
 * several objects take one load more.
 */
#ifndef FORENSICS_SIM_REMAP_H
#define FORENSICS_SIM_REMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REMAP_PAGE_BITS = 12,
    REMAP_LEAF_BITS = 18, /* pages of a leaf: 1 GiB */
    REMAP_TOP_BITS = 17,  /* leaves: user addresses have 47 bits */
};

/* A page whose parts move differently. */
struct remap_pieces {
    unsigned shift;   /* a piece is 1 << shift bytes, 0..12 */
    int64_t delta[];  /* by piece */
};

struct remap_page {
    int64_t delta;               /* added to every address of the page, unless: */
    struct remap_pieces *pieces; /* NULL: the page moves as one */
};

struct remap {
    bool stretched; /* code was moved apart inside functions: blocks may have grown, by nops that nobody waits for */
    bool huge_text; /* code lies on pages of 2 MiB */
    struct remap_page *leaf[1 << REMAP_TOP_BITS]; /* NULL: nothing in it moves */
};

/* Nothing moves. Freed by remap_free. */
struct remap *remap_new(void);
void remap_free(struct remap *remap); /* NULL is harmless */

/* [address, address + bytes) moves by `delta`, which replaces what was said of these bytes before. */
void remap_add(struct remap *remap, uint64_t address, uint64_t bytes, int64_t delta);

/* Where `address` lies under the map. */
static inline uint64_t remap_address(const struct remap *remap, uint64_t address)
{
    const struct remap_page *leaf = remap->leaf[address >> (REMAP_PAGE_BITS + REMAP_LEAF_BITS) & ((1 << REMAP_TOP_BITS) - 1)];
    if (!leaf)
        return address;
    const struct remap_page *page = &leaf[address >> REMAP_PAGE_BITS & ((1 << REMAP_LEAF_BITS) - 1)];
    if (__builtin_expect(!page->pieces, 1))
        return address + (uint64_t)page->delta;
    return address + (uint64_t)page->pieces->delta[(address & ((1 << REMAP_PAGE_BITS) - 1)) >> page->pieces->shift];
}

#endif
