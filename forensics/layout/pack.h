/* Packing data: another arrangement of what lies inside objects. Words that are read are laid side by side in the order
 * in which they are first read, whatever structs, strides and paddings they came from; so two builds that read the same
 * data in the same order have it in the same places. What this takes away is the arrangement of data; what it leaves is
 * not. */
#ifndef FORENSICS_LAYOUT_PACK_H
#define FORENSICS_LAYOUT_PACK_H

#include "base/arena.h"
#include "base/err.h"
#include "layout/object.h"
#include "sim/remap.h"

enum {
    PACK_WORD = 8,            /* bytes that stay together; so do words that one access reads both of */
    PACK_WORDS_MAX = 1 << 22, /* 32 MiB of read data; what is read first beyond that stays */
};

/* What stays together: one word, or several that accesses reached across. */
struct pack_item {
    uint64_t address;
    uint32_t words; /* >= 1 */
};

/* What one side reads, by its first reading. */
struct pack {
    const struct pack_item *items;
    size_t count;
};

/* Looks through a recording; objects of `axes` count. `stop` as in struct replay. */
bool pack_learn(struct arena *arena, const char *recording, const struct layout_side *side, unsigned axes,
                bool (*stop)(void *), void *context, struct pack *pack, struct err *err);

/* A map that packs them: trial `number` of `seed` cuts the sequence into pieces of 512 to 4095 items, the same for all
 * sides, and lays the pieces side by side in a drawn order from a drawn offset within the page. An item that fits into
 * a line does not lie across two: packing must not make what it is to take away. remap_free it. */
struct remap *pack_remap(const struct pack *pack, uint64_t seed, unsigned number);

#endif
