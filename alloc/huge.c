/* Huge blocks: units of their own. Memory is moved rather than copied, and spare memory is moved to where it is wanted
 * rather than faulted in anew: that costs a unit one system call, and its 512 page faults a hundred times as much. */
#include <string.h>

#include "knobs.h"
#include "os.h"
#include "units.h"

#define MOVE_TRIES 32 /* places tried for a block that moves */

/* Moves the pages of [from, from + bytes), of one mapping or (`whole` false) of several, over [to, to + bytes), which
 * is mapped and empty. Bytes moved: fewer where the system refuses; the rest is where it was. *lost: the system took
 * some of the place behind what was moved away, and with `keep` what was moved can be copied back. */
static size_t move_units(char *from, char *to, size_t bytes, bool whole, bool keep, bool *lost)
{
    size_t done = 0; /* no mapping ends inside a unit */
    enum os_result result = whole ? hak_os_move_over(from, to, bytes, false) : OS_TAKEN;
    if (result == OS_OK)
        return bytes;
    if (result == OS_TAKEN)
        while (done < bytes && (result = hak_os_move_over(from + done, to + done, UNIT_SIZE, keep)) == OS_OK)
            done += UNIT_SIZE;
    *lost = done < bytes && result == OS_FAILED;
    if (keep && done && !*lost)
        hak_os_unmap(from, done);
    return done;
}

/* Puts spare memory under the beginning of [to, to + bytes), which is mapped and empty; *dirty: bytes that have some
 * now. False: the system lost some of the range, which is to be given up. */
static bool fill(char *to, size_t bytes, size_t *dirty)
{
    size_t done = 0;
    bool lost = false;
    for (struct unit *u; done < bytes && !lost && (u = hak_spare_largest(bytes - done));) {
        size_t len = min_size(u->huge_len, bytes - done);
        size_t moved = move_units(u->base, to + done, len, u->mapping != 0, false, &lost);
        done += moved;
        hak_units_release(unit_number(u->base), units_for(moved));
        if (moved < u->huge_len) {
            u->base += moved;
            u->huge_len -= moved;
            u->mapping = 0;
            hak_spare_put(u, u->idle_since);
            break;
        }
        hak_unit_meta_give(u, true);
    }
    hak_space.stats.spare_hits += done != 0;
    *dirty = done;
    return !lost;
}

/* Gives up n units from number i on; not all of them need be mapped still. */
static void drop_units(size_t i, size_t n)
{
    hak_os_unmap(unit_address(i), n * UNIT_SIZE);
    hak_units_release(i, n);
}

/* For fresh memory, by knob: a first touch then costs more, in some virtual machines much more. A block that nobody
 * touches as a whole may at worst double what is in use. */
static bool want_huge_pages(char *at, size_t bytes)
{
    bool want = hak_knobs.huge_pages >= 2 && bytes <= units_in_use();
    if (want) {
        hak_space.stats.huge_asked += bytes;
        hak_os_want_huge(at, bytes);
    }
    return want;
}

/* Of fresh units, with what there is of spare memory under its beginning. */
static struct unit *huge_map(size_t bytes, size_t align, size_t *dirty)
{
    struct unit *u = hak_unit_meta_take(true);
    if (!u)
        return NULL;
    size_t i = hak_units_map(units_for(bytes), align);
    if (i == hak_space.nunits) {
        hak_unit_meta_give(u, true);
        return NULL;
    }
    unit_head(u, unit_address(i), bytes);
    u->mapping = ++hak_space.mapping;
    hak_units_claim(i, units_for(bytes), u);
    u->huge_pages = want_huge_pages(u->base, bytes);
    if (!fill(u->base, bytes, dirty)) {
        drop_units(i, units_for(bytes));
        hak_unit_meta_give(u, true);
        return NULL;
    }
    if (*dirty)
        u->mapping = 0;
    return u;
}

void *hak_huge_alloc(size_t bytes, size_t align, size_t *dirty)
{
    if (bytes > hak_space.nunits * UNIT_SIZE || align > ALIGN_MAX)
        return NULL;
    bytes = align_up(bytes, UNIT_SIZE); /* whole units, so that they can serve anything later */
    hak_space_lock();
    hak_units_tick();
    struct unit *u = hak_spare_take(bytes, align);
    hak_space.stats.spare_hits += u != NULL;
    *dirty = bytes;
    if (!u)
        u = huge_map(bytes, align, dirty);
    if (u) {
        tag_store(u->base, TAG_HUGE);
        hak_space.stats.huge_blocks++;
        hak_space.stats.huge_bytes += u->huge_len;
    }
    hak_space_unlock();
    return u ? u->base : NULL;
}

bool hak_huge_free(void *p)
{
    hak_space_lock();
    struct unit *u = tag_of(p) == TAG_HUGE ? unit_of(p) : NULL;
    bool ours = u && u->base == p;
    if (ours) {
        hak_space.stats.huge_blocks--;
        hak_space.stats.huge_bytes -= u->huge_len;
        hak_spare_put(u, hak_os_clock_ms());
        hak_units_tick();
    }
    hak_space_unlock();
    return ours;
}

size_t hak_huge_size(const void *p)
{
    return unit_of(p)->huge_len;
}

/* ---- change of size ---- */

/* Grows u over what follows it: spare memory that is long enough, or free units. */
static bool grow_in_place(struct unit *u, size_t bytes)
{
    size_t extra = bytes - u->huge_len, i = unit_number(u->base), end = i + units_for(u->huge_len);
    struct unit *next = hak_spare_at(end, extra);
    if (next) {
        hak_space.stats.spare_hits++;
        u->huge_len += next->huge_len;
        u->mapping = u->mapping == next->mapping ? u->mapping : 0;
        hak_unit_meta_give(next, true);
    } else {
        if (hak_units_find(end, units_for(extra), UNIT_SIZE) != end || !hak_units_commit(end + units_for(extra)))
            return false;
        bool spare = hak_space.stats.cached_bytes != 0;
        if (u->mapping && !spare) {
            if (!hak_os_resize(u->base, u->huge_len, bytes))
                return false;
        } else {
            if (hak_os_map_at(u->base + u->huge_len, extra) != OS_OK)
                return false;
            u->mapping = 0;
            u->huge_pages |= want_huge_pages(u->base + u->huge_len, extra);
        }
        hak_units_claim(end, units_for(extra), &hak_foreign);
        size_t dirty;
        if (spare && !fill(u->base + u->huge_len, extra, &dirty)) {
            drop_units(end, units_for(extra));
            return false;
        }
        u->huge_len = bytes;
    }
    hak_units_claim(i, units_for(u->huge_len), u);
    return true;
}

/* Moves u, which lies in one mapping, to other units, with fresh memory at its end. */
static bool move_mapping(struct unit *u, size_t bytes)
{
    size_t n = units_for(bytes), old = unit_number(u->base), old_n = units_for(u->huge_len);
    size_t i = hak_units_find(hak_space.hint, n, UNIT_SIZE);
    for (int tries = 0;; tries++) {
        if (i >= hak_space.nunits || tries == MOVE_TRIES || !hak_units_commit(i + n))
            return false;
        if (hak_os_move(u->base, u->huge_len, unit_address(i), bytes))
            break;
        i = hak_units_find(i + ((size_t)1 << tries), n, UNIT_SIZE); /* something else may live there: far off, soon */
    }
    tags_fill(u->base, u->huge_len, TAG_NONE);
    hak_units_release(old, old_n);
    u->base = unit_address(i);
    u->mapping = ++hak_space.mapping; /* what u was once cut from may have the old number */
    return true;
}

/* Moves u, of any mappings, to fresh units, with spare memory behind it. What the system does not move is copied. */
static bool move_pieces(struct unit *u, size_t bytes)
{
    size_t old = u->huge_len, i = hak_units_map(units_for(bytes), UNIT_SIZE), dirty;
    if (i == hak_space.nunits)
        return false;
    hak_units_claim(i, units_for(bytes), u);
    char *from = u->base, *to = unit_address(i);
    u->huge_pages |= want_huge_pages(to, bytes);
    /* The spare memory first: once u has moved, there is no way back. */
    bool lost = !fill(to + old, bytes - old, &dirty);
    size_t moved = lost ? 0 : move_units(from, to, old, u->mapping != 0, true, &lost);
    if (lost) {
        memcpy(from, to, moved);
        drop_units(i, units_for(bytes));
        return false;
    }
    tags_fill(from, old, TAG_NONE);
    hak_units_release(unit_number(from), units_for(old));
    if (moved < old) {
        memcpy(to + moved, from + moved, old - moved);
        struct unit *rest = hak_unit_meta_take(true);
        if (rest) {
            unit_head(rest, from + moved, old - moved);
            hak_spare_put(rest, hak_os_clock_ms());
        } else {
            hak_os_unmap(from + moved, old - moved);
        }
    }
    u->base = to;
    u->mapping = 0;
    return true;
}

static bool grow(struct unit *u, size_t bytes)
{
    if (grow_in_place(u, bytes))
        return true;
    if (!(u->mapping && !hak_space.stats.cached_bytes && move_mapping(u, bytes)) && !move_pieces(u, bytes))
        return false;
    u->huge_len = bytes;
    hak_units_claim(unit_number(u->base), units_for(bytes), u);
    tag_store(u->base, TAG_HUGE);
    return true;
}

/* Makes what is behind the first `bytes` of u spare. */
static bool shrink(struct unit *u, size_t bytes)
{
    struct unit *rest = hak_unit_meta_take(true);
    if (!rest)
        return false;
    unit_head(rest, u->base + bytes, u->huge_len - bytes);
    rest->mapping = u->mapping;
    rest->huge_pages = u->huge_pages;
    u->huge_len = bytes;
    hak_spare_put(rest, hak_os_clock_ms());
    return true;
}

void *hak_huge_resize(void *p, size_t bytes)
{
    if (bytes > hak_space.nunits * UNIT_SIZE)
        return NULL;
    bytes = align_up(bytes, UNIT_SIZE);
    hak_space_lock();
    hak_units_tick();
    struct unit *u = unit_of(p);
    size_t old = u->huge_len;
    bool done = bytes == old || (bytes > old ? grow(u, bytes) : shrink(u, bytes));
    if (done)
        hak_space.stats.huge_bytes += u->huge_len - old;
    hak_space_unlock();
    return done ? u->base : NULL;
}
