#include "space.h"

#include <pthread.h>

#include "knobs.h"
#include "os.h"
#include "units.h"

#define META_CHUNK    ((size_t)1 << 20)
#define UNIT_STEP     ((size_t)1024)  /* units that the tables grow by: 2 GiB of heap, 136 KiB of tables */
#define GIB           ((uintptr_t)1 << 30)

uintptr_t hak_space_base;
size_t hak_space_limit;
_Atomic(uint32_t) *hak_space_tags;
struct unit **hak_space_units;
struct space hak_space;
struct unit hak_foreign;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool ready;
static struct unit *spare_units, *spare_heads; /* metadata to use again */
static uint64_t last_tick; /* ms */
static char *meta_at, *meta_end;

void hak_space_lock(void)
{
    pthread_mutex_lock(&lock);
}

void hak_space_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

void hak_space_relock(void)
{
    lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

/* ---- start ---- */

/* Finds where the system would put a mapping of the window's size. Where it refuses that much (RLIMIT_AS,
 * valgrind), the window reaches below what it would give, down to 4 GiB. */
static bool choose_window(void)
{
    size_t want = (size_t)hak_knobs.address_space_gb * GIB;
    size_t got = want;
    char *at = NULL;
    for (; !at && got >= 2 * UNIT_SIZE; got = at ? got : got / 4)
        at = hak_os_reserve(got);
    if (!at || !hak_os_unmap(at, got))
        return false;
    uintptr_t end = align_down((uintptr_t)at + got, UNIT_SIZE);
    uintptr_t base = align_up((uintptr_t)at, UNIT_SIZE);
    size_t wide = min_size(want, 64 * GIB);
    if (end - base < wide)
        base = end > 4 * GIB + wide ? end - wide : base;
    hak_space_base = base;
    hak_space.nunits = (end - base) / UNIT_SIZE;
    return true;
}

static bool make_tables(void)
{
    size_t tag_bytes = align_up(hak_space.nunits * UNIT_SLABS * sizeof(uint32_t), PAGE_SIZE_HAK);
    size_t unit_bytes = align_up(hak_space.nunits * sizeof(struct unit *), PAGE_SIZE_HAK);
    char *table = hak_os_reserve(tag_bytes + unit_bytes);
    if (!table)
        return false;
    hak_space_tags = (_Atomic(uint32_t) *)(void *)table;
    hak_space_units = (struct unit **)(void *)(table + tag_bytes);
    return true;
}

bool hak_space_init(void)
{
    if (atomic_load_explicit(&ready, memory_order_acquire))
        return true;
    hak_space_lock();
    bool done = atomic_load_explicit(&ready, memory_order_relaxed);
    if (!done) {
        hak_knobs_read();
        done = choose_window() && make_tables();
        atomic_store_explicit(&ready, done, memory_order_release);
    }
    hak_space_unlock();
    return done;
}

/* ---- metadata ---- */

static void *meta_alloc_locked(size_t size)
{
    size = align_up(size, 64);
    if ((size_t)(meta_end - meta_at) < size) {
        /* a page on either side stays inaccessible: no overflow from elsewhere runs into metadata */
        char *chunk = hak_os_reserve(META_CHUNK + 2 * PAGE_SIZE_HAK);
        if (!chunk)
            return NULL;
        if (!hak_os_commit(chunk + PAGE_SIZE_HAK, META_CHUNK)) {
            hak_os_unmap(chunk, META_CHUNK + 2 * PAGE_SIZE_HAK);
            return NULL;
        }
        meta_at = chunk + PAGE_SIZE_HAK;
        meta_end = meta_at + META_CHUNK;
        hak_space.stats.meta_bytes += META_CHUNK;
    }
    void *p = meta_at;
    meta_at += size;
    return p;
}

void *hak_meta_alloc(size_t size)
{
    hak_space_lock();
    void *p = meta_alloc_locked(size);
    hak_space_unlock();
    return p;
}

struct unit *hak_unit_meta_take(bool head)
{
    struct unit **spare = head ? &spare_heads : &spare_units;
    struct unit *u = *spare;
    if (u) {
        *spare = u->next;
        return u;
    }
    return meta_alloc_locked(head ? offsetof(struct unit, slabs) : sizeof(struct unit));
}

void hak_unit_meta_give(struct unit *u, bool head)
{
    struct unit **spare = head ? &spare_heads : &spare_units;
    u->next = *spare;
    *spare = u;
}

/* ---- units ---- */

bool hak_units_commit(size_t end)
{
    if (end <= hak_space.committed)
        return true;
    size_t to = min_size(align_up(end, UNIT_STEP), hak_space.nunits);
    char *tags = (char *)hak_space_tags, *units = (char *)hak_space_units;
    size_t per_unit = UNIT_SLABS * sizeof(uint32_t);
    uintptr_t from = align_down(hak_space.committed * per_unit, PAGE_SIZE_HAK);
    if (!hak_os_commit(tags + from, align_up(to * per_unit, PAGE_SIZE_HAK) - from))
        return false;
    from = align_down(hak_space.committed * sizeof(struct unit *), PAGE_SIZE_HAK);
    if (!hak_os_commit(units + from, align_up(to * sizeof(struct unit *), PAGE_SIZE_HAK) - from))
        return false;
    hak_space.committed = to;
    __atomic_store_n(&hak_space_limit, to * UNIT_SLABS, __ATOMIC_RELEASE);
    return true;
}

size_t hak_units_find(size_t from, size_t n, size_t align)
{
    size_t step = align / UNIT_SIZE ? align / UNIT_SIZE : 1;
    size_t skew = (hak_space_base / UNIT_SIZE) % step;
    size_t i = from;
    while (i < hak_space.nunits && n <= hak_space.nunits - i) {
        size_t off = (i + skew) % step;
        if (off) {
            i += step - off;
            continue;
        }
        size_t run = 0;
        while (run < n && !unit_at(i + run))
            run++;
        if (run == n)
            return i;
        i += run + 1;
    }
    return hak_space.nunits;
}

static size_t map_units(size_t n, size_t align)
{
    size_t none = hak_space.nunits;
    for (size_t i = hak_units_find(hak_space.hint, n, align); i < none; i = hak_units_find(i, n, align)) {
        if (!hak_units_commit(i + n))
            return none;
        enum os_result result = hak_os_map_at(unit_address(i), n * UNIT_SIZE);
        if (result == OS_OK)
            return i;
        if (result == OS_FAILED)
            return none;
        /* Somebody else lives here. Only a single unit is known to be taken and never tried again. */
        if (n == 1)
            hak_space_units[i] = &hak_foreign;
        i++;
    }
    return none;
}

size_t hak_units_map(size_t n, size_t align)
{
    size_t i = map_units(n, align);
    return i == hak_space.nunits && hak_units_purge(0, 0, true) ? map_units(n, align) : i;
}

void hak_units_claim(size_t i, size_t n, struct unit *u)
{
    for (size_t k = 0; k < n; k++)
        hak_space_units[i + k] = k ? &hak_foreign : u;
    while (hak_space.hint < hak_space.committed && hak_space_units[hak_space.hint])
        hak_space.hint++;
}

void hak_units_release(size_t i, size_t n)
{
    for (size_t k = 0; k < n; k++)
        hak_space_units[i + k] = NULL;
    hak_space.hint = min_size(hak_space.hint, i);
}

/* ---- returning memory ---- */

size_t hak_units_purge(uint64_t now, uint64_t wait, bool everything)
{
    return hak_superslabs_purge(now, wait, everything) + hak_spare_purge(now, wait, everything);
}

void hak_units_tick(void)
{
    long wait = hak_knobs.purge_ms;
    if (wait < 0 || (!hak_superslabs_idle() && !hak_space.stats.cached_bytes))
        return;
    uint64_t now = hak_os_clock_ms();
    if (now - last_tick < (uint64_t)wait / 4)
        return;
    last_tick = now;
    hak_units_purge(now, (uint64_t)wait, false);
}

size_t hak_space_purge(bool everything)
{
    hak_space_lock();
    uint64_t wait = hak_knobs.purge_ms < 0 ? UINT64_MAX : (uint64_t)hak_knobs.purge_ms;
    size_t bytes = hak_units_purge(hak_os_clock_ms(), wait, everything);
    hak_space_unlock();
    return bytes;
}

struct space_stats hak_space_stats(void)
{
    hak_space_lock();
    struct space_stats copy = hak_space.stats;
    hak_space_unlock();
    return copy;
}
