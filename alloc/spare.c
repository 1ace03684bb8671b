/* Spare memory: units that were a huge block or an empty superslab, and still have their pages. Whoever wants units
 * next gets these before the system is asked for fresh ones, so that peak memory is that of the blocks, not of blocks
 * and cache. Neighbours are joined; a stretch is found by best fit in bins by length; the oldest goes back first. */
#include "knobs.h"
#include "os.h"
#include "units.h"

#define BINS 64u      /* lengths of 1..7 units, then four bins a doubling; the last takes all above */
#define SEARCH 32     /* stretches of one bin that are looked at for the best fit */

static struct unit *bins[BINS];
static uint64_t filled; /* bins that are not empty */
static struct unit *oldest, *youngest;

static unsigned bin_of(size_t bytes)
{
    size_t n = bytes / UNIT_SIZE;
    if (n < 8)
        return (unsigned)n;
    unsigned high = 63 - (unsigned)__builtin_clzll(n);
    return (unsigned)min_size(BINS - 1, 8 + (high - 3) * 4 + (n >> (high - 2) & 3));
}

static void bin_insert(struct unit *u)
{
    u->bin = bin_of(u->huge_len);
    u->prev = NULL;
    u->next = bins[u->bin];
    if (u->next)
        u->next->prev = u;
    bins[u->bin] = u;
    filled |= (uint64_t)1 << u->bin;
}

static void bin_remove(struct unit *u)
{
    *(u->prev ? &u->prev->next : &bins[u->bin]) = u->next;
    if (u->next)
        u->next->prev = u->prev;
    if (!bins[u->bin])
        filled &= ~((uint64_t)1 << u->bin);
}

static void age_remove(struct unit *u)
{
    *(u->idle_prev ? &u->idle_prev->idle_next : &oldest) = u->idle_next;
    *(u->idle_next ? &u->idle_next->idle_prev : &youngest) = u->idle_prev;
}

static void age_append(struct unit *u)
{
    u->idle_next = NULL;
    u->idle_prev = youngest;
    *(youngest ? &youngest->idle_next : &oldest) = u;
    youngest = u;
}

/* Gives u other ends (its bin is another one then) and marks them in the table. */
static void reshape(struct unit *u, char *base, size_t bytes)
{
    bin_remove(u);
    hak_space.stats.cached_bytes += bytes - u->huge_len;
    u->base = base;
    u->huge_len = bytes;
    size_t i = unit_number(base), n = units_for(bytes);
    hak_units_claim(i, n, u);
    hak_space_units[i + n - 1] = u;
    bin_insert(u);
}

/* Takes u out of the lists; its units stay claimed. */
static void unlist(struct unit *u)
{
    bin_remove(u);
    age_remove(u);
    hak_space.stats.cached_bytes -= u->huge_len;
    u->spare = false;
}

/* Joins two neighbours, of which `low` lies lower, into the one that has waited longer: that never delays a purge. */
static struct unit *join(struct unit *low, struct unit *high)
{
    struct unit *keep = low->idle_since <= high->idle_since ? low : high, *gone = keep == low ? high : low;
    char *base = low->base;
    size_t bytes = low->huge_len + high->huge_len;
    unlist(gone);
    keep->mapping = low->mapping == high->mapping ? low->mapping : 0;
    keep->huge_pages = low->huge_pages || high->huge_pages;
    keep->filled = low->filled && high->filled;
    reshape(keep, base, bytes);
    hak_unit_meta_give(gone, true);
    return keep;
}

/* Gives the last `bytes` of u back to the system. */
static bool give_back(struct unit *u, size_t bytes)
{
    char *from = u->base + u->huge_len - bytes;
    if (!hak_os_unmap(from, bytes))
        return false;
    tags_fill(from, bytes, TAG_NONE);
    if (bytes == u->huge_len) {
        unlist(u);
        hak_unit_meta_give(u, true);
    } else {
        reshape(u, u->base, u->huge_len - bytes);
    }
    hak_units_release(unit_number(from), units_for(bytes));
    hak_space.stats.purged_bytes += bytes;
    return true;
}

/* Most that is kept: as much as is in use, or HAKMEM_SPARE_MB if that is more; no bound where nothing is purged. */
static size_t bound(void)
{
    if (hak_knobs.purge_ms < 0)
        return SIZE_MAX;
    if (!hak_knobs.purge_ms || !hak_knobs.spare_mb)
        return 0;
    return max_size((size_t)hak_knobs.spare_mb << 20, units_in_use());
}

void hak_spare_put(struct unit *u, uint64_t since)
{
    u->spare = true;
    u->idle_since = since;
    hak_space.stats.cached_bytes += u->huge_len;
    bin_insert(u);
    age_append(u);
    reshape(u, u->base, u->huge_len);
    tag_store(u->base, TAG_FREE);
    size_t i = unit_number(u->base);
    struct unit *below = i ? unit_at(i - 1) : NULL, *above = unit_at(i + units_for(u->huge_len));
    if (below && below->spare)
        u = join(below, u);
    if (above && above->spare)
        join(u, above);
    size_t most = bound();
    while (hak_space.stats.cached_bytes > most)
        if (!give_back(oldest, min_size(oldest->huge_len, align_up(hak_space.stats.cached_bytes - most, UNIT_SIZE))))
            break; /* what the system does not take now is offered again later */
}

/* Takes the first `bytes` of u, or all of it where there is no metadata for two. */
static struct unit *cut(struct unit *u, size_t bytes)
{
    struct unit *part = u->huge_len > bytes ? hak_unit_meta_take(true) : NULL;
    if (part) {
        unit_head(part, u->base, bytes);
        part->mapping = u->mapping;
        part->huge_pages = u->huge_pages;
        part->filled = u->filled;
        part->idle_since = u->idle_since;
        hak_units_claim(unit_number(u->base), units_for(bytes), part);
        reshape(u, u->base + bytes, u->huge_len - bytes);
    } else {
        unlist(part = u);
        hak_units_claim(unit_number(u->base), units_for(u->huge_len), u);
    }
    tags_fill(part->base, part->huge_len, TAG_NONE);
    hak_space.stats.spare_reused += part->huge_len;
    return part;
}

/* The smallest that is large enough, among the first few of a bin. */
static struct unit *best_in(unsigned bin, size_t bytes, size_t align)
{
    struct unit *best = NULL;
    int left = SEARCH;
    for (struct unit *u = bins[bin]; u && left--; u = u->next)
        if (u->huge_len >= bytes && !((uintptr_t)u->base & (align - 1)) && (!best || u->huge_len < best->huge_len))
            best = u;
    return best;
}

struct unit *hak_spare_take(size_t bytes, size_t align)
{
    for (uint64_t left = filled & UINT64_MAX << bin_of(bytes); left; left &= left - 1) {
        struct unit *u = best_in((unsigned)__builtin_ctzll(left), bytes, align);
        if (u)
            return cut(u, bytes);
    }
    return NULL;
}

struct unit *hak_spare_largest(size_t bytes)
{
    if (!filled)
        return NULL;
    struct unit *u = bins[63 - (unsigned)__builtin_clzll(filled)];
    return cut(u, min_size(bytes, u->huge_len));
}

struct unit *hak_spare_at(size_t i, size_t bytes)
{
    struct unit *u = unit_at(i);
    return u && u->spare && u->huge_len >= bytes ? cut(u, bytes) : NULL;
}

size_t hak_spare_purge(uint64_t now, uint64_t wait, bool everything)
{
    size_t before = hak_space.stats.purged_bytes;
    for (struct unit *u = oldest, *next; u && (everything || now - u->idle_since >= wait); u = next) {
        next = u->idle_next;
        give_back(u, u->huge_len);
    }
    return hak_space.stats.purged_bytes - before;
}
