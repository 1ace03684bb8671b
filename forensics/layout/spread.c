#include "layout/spread.h"

#include "layout/draw.h"

enum { PAGE = 4096, LINE = 64 };

/* [address, address + bytes) of the page that begins at `page`, turned by `by`
 * bytes. */
static void turn_page(struct remap *remap, uint64_t page, uint64_t address, uint64_t bytes, uint64_t by)
{
    uint64_t seam = page + PAGE - by, end = address + bytes;
    if (address < seam)
        remap_add(remap, address, (end < seam ? end : seam) - address, (int64_t)by);
    if (end > seam)
        remap_add(remap, address > seam ? address : seam, end - (address > seam ? address : seam), (int64_t)by - PAGE);
}

struct remap *spread_remap(const struct layout_side *side, uint64_t seed, unsigned number)
{
    struct remap *remap = remap_new();
    for (size_t i = 0; i < side->count; i++) {
        const struct layout_object *o = &side->objects[i];
        if (o->axis != AXIS_HEAP)
            continue;
        struct draw draw = { seed ^ (uint64_t)number << 48 ^ (uint64_t)o->pair << 8 };
        uint64_t end = o->address + o->size;
        for (uint64_t at = o->address; at < end;) {
            uint64_t page = at & ~(uint64_t)(PAGE - 1), stop = page + PAGE < end ? page + PAGE : end;
            turn_page(remap, page, at, stop - at, LINE * draw_below(&draw, PAGE / LINE));
            at = stop;
        }
    }
    return remap;
}
