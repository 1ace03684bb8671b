#include "space.h"

#include <pthread.h>

#include "knobs.h"
#include "os.h"

#define META_CHUNK    ((size_t)1 << 20)
#define UNIT_STEP     ((size_t)1024)  /* units that the tables grow by: 2 GiB of heap, 136 KiB of tables */
#define HUGE_CACHE    ((size_t)64 << 20)  /* bytes of freed huge blocks kept mapped, in all */
#define HUGE_CACHE_ONE ((size_t)32 << 20) /* and the largest that is kept */
#define HUGE_PAGES_FROM 16u /* superslabs: one more filled at a touch adds at most a sixteenth to the memory in use */
#define GIB           ((uintptr_t)1 << 30)

uintptr_t hak_space_base;
size_t hak_space_limit;
_Atomic(uint32_t) *hak_space_tags;
struct unit **hak_space_units;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool ready;
static size_t nunits;     /* units in the window */
static size_t committed;  /* units whose table entries are usable */
static size_t unit_hint;  /* no free unit below this one */
static struct unit *bins[UNIT_SLABS + 1]; /* superslabs by longest run of free slabs */
static struct unit *idle_first, *idle_last; /* superslabs with dirty free slabs, longest waiting first */
static struct unit *cached;               /* freed huge blocks, newest first */
static struct unit *spare_units, *spare_heads; /* metadata to use again */
static uint64_t last_tick; /* ms */
static char *meta_at, *meta_end;
static struct unit foreign; /* marks a unit that is a later part of a huge block, or not ours */
static struct space_stats stats;

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
    nunits = (end - base) / UNIT_SIZE;
    return true;
}

static bool make_tables(void)
{
    size_t tag_bytes = align_up(nunits * UNIT_SLABS * sizeof(uint32_t), PAGE_SIZE_HAK);
    size_t unit_bytes = align_up(nunits * sizeof(struct unit *), PAGE_SIZE_HAK);
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
        stats.meta_bytes += META_CHUNK;
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

static struct unit *unit_meta_take(bool huge)
{
    struct unit **spare = huge ? &spare_heads : &spare_units;
    struct unit *u = *spare;
    if (u) {
        *spare = u->next;
        return u;
    }
    return meta_alloc_locked(huge ? offsetof(struct unit, slabs) : sizeof(struct unit));
}

static void unit_meta_give(struct unit *u)
{
    struct unit **spare = u->huge_len ? &spare_heads : &spare_units;
    u->next = *spare;
    *spare = u;
}

/* ---- units ---- */

/* Makes table entries of units below `end` usable. */
static bool commit_tables(size_t end)
{
    if (end <= committed)
        return true;
    size_t to = min_size(align_up(end, UNIT_STEP), nunits);
    char *tags = (char *)hak_space_tags, *units = (char *)hak_space_units;
    size_t per_unit = UNIT_SLABS * sizeof(uint32_t);
    uintptr_t from = align_down(committed * per_unit, PAGE_SIZE_HAK);
    if (!hak_os_commit(tags + from, align_up(to * per_unit, PAGE_SIZE_HAK) - from))
        return false;
    from = align_down(committed * sizeof(struct unit *), PAGE_SIZE_HAK);
    if (!hak_os_commit(units + from, align_up(to * sizeof(struct unit *), PAGE_SIZE_HAK) - from))
        return false;
    committed = to;
    __atomic_store_n(&hak_space_limit, to * UNIT_SLABS, __ATOMIC_RELEASE);
    return true;
}

static char *unit_address(size_t i)
{
    return (char *)hak_space_base + i * UNIT_SIZE;
}

/* First unit of n free ones whose address is a multiple of `align`, from unit `from` on; nunits if none. */
static size_t find_units(size_t from, size_t n, size_t align)
{
    size_t step = align / UNIT_SIZE ? align / UNIT_SIZE : 1;
    size_t skew = (hak_space_base / UNIT_SIZE) % step;
    size_t i = from;
    while (i < nunits && n <= nunits - i) {
        size_t off = (i + skew) % step;
        if (off) {
            i += step - off;
            continue;
        }
        size_t run = 0;
        while (run < n && (i + run >= committed || !hak_space_units[i + run]))
            run++;
        if (run == n)
            return i;
        i += run + 1;
    }
    return nunits;
}

/* Maps `bytes` at n free units and returns the index of the first; nunits if there is no memory. */
static size_t map_units(size_t n, size_t bytes, size_t align)
{
    for (size_t i = find_units(unit_hint, n, align); i < nunits; i = find_units(i, n, align)) {
        if (!commit_tables(i + n))
            return nunits;
        enum os_result result = hak_os_map_at(unit_address(i), bytes);
        if (result == OS_OK)
            return i;
        if (result == OS_FAILED)
            return nunits;
        /* Somebody else lives here. Only a single unit is known to be taken and never tried again. */
        if (n == 1)
            hak_space_units[i] = &foreign;
        i++;
    }
    return nunits;
}

static void claim_units(size_t i, size_t n, struct unit *u)
{
    for (size_t k = 0; k < n; k++)
        hak_space_units[i + k] = k ? &foreign : u;
    while (unit_hint < committed && hak_space_units[unit_hint])
        unit_hint++;
}

static void release_units(size_t i, size_t n)
{
    for (size_t k = 0; k < n; k++)
        hak_space_units[i + k] = NULL;
    unit_hint = min_size(unit_hint, i);
}

static size_t units_for(size_t bytes)
{
    return (bytes + UNIT_SIZE - 1) / UNIT_SIZE;
}

static void tag_store(const void *p, uint32_t tag)
{
    atomic_store_explicit(&hak_space_tags[slab_index(p)], tag, memory_order_relaxed);
}

/* ---- superslabs ---- */

static size_t purge_locked(uint64_t now, uint64_t wait, bool everything);

static void bin_remove(struct unit *u)
{
    *(u->prev ? &u->prev->next : &bins[u->bin]) = u->next;
    if (u->next)
        u->next->prev = u->prev;
}

static void bin_insert(struct unit *u)
{
    u->bin = longest_run(u->free_mask);
    u->prev = NULL;
    u->next = bins[u->bin];
    if (u->next)
        u->next->prev = u;
    bins[u->bin] = u;
}

static void rebin(struct unit *u)
{
    if (longest_run(u->free_mask) == u->bin)
        return;
    bin_remove(u);
    bin_insert(u);
}

static void idle_remove(struct unit *u)
{
    if (!u->idle)
        return;
    *(u->idle_prev ? &u->idle_prev->idle_next : &idle_first) = u->idle_next;
    *(u->idle_next ? &u->idle_next->idle_prev : &idle_last) = u->idle_prev;
    u->idle = false;
}

static void idle_append(struct unit *u, uint64_t now)
{
    if (u->idle)
        return;
    u->idle = true;
    u->idle_since = now;
    u->idle_next = NULL;
    u->idle_prev = idle_last;
    *(idle_last ? &idle_last->idle_next : &idle_first) = u;
    idle_last = u;
}

/* As map_units; when memory is out it first gives back what is idle, and tries once more. */
static size_t map_units_or_purge(size_t n, size_t bytes, size_t align)
{
    size_t i = map_units(n, bytes, align);
    return i == nunits && purge_locked(0, 0, true) ? map_units(n, bytes, align) : i;
}

static void want_huge_pages(struct unit *u)
{
    if (!hak_knobs.huge_pages)
        return;
    u->huge_pages = true;
    hak_os_want_huge(u->base, UNIT_SIZE);
}

static struct unit *superslab_new(void)
{
    struct unit *u = unit_meta_take(false);
    size_t i = u ? map_units_or_purge(1, UNIT_SIZE, UNIT_SIZE) : nunits;
    if (i == nunits) {
        if (u) {
            u->huge_len = 0;
            unit_meta_give(u);
        }
        return NULL;
    }
    claim_units(i, 1, u);
    u->huge_len = 0;
    u->base = unit_address(i);
    u->free_mask = UINT32_MAX;
    u->dirty_mask = 0;
    u->idle = u->huge_pages = false;
    for (unsigned k = 0; k < UNIT_SLABS; k++)
        tag_store(u->base + k * SLAB_SIZE, TAG_FREE);
    bin_insert(u);
    stats.superslabs++;
    if (stats.superslabs > HUGE_PAGES_FROM)
        want_huge_pages(u);
    return u;
}

/* Gives a superslab without a slab in use back to the system; it stays as it is when the system refuses. */
static bool superslab_release(struct unit *u)
{
    if (!hak_os_unmap(u->base, UNIT_SIZE))
        return false;
    for (unsigned k = 0; k < UNIT_SLABS; k++)
        tag_store(u->base + k * SLAB_SIZE, TAG_NONE);
    bin_remove(u);
    idle_remove(u);
    release_units(((uintptr_t)u->base - hak_space_base) / UNIT_SIZE, 1);
    unit_meta_give(u);
    stats.superslabs--;
    return true;
}

/* Returns u's dirty free slabs to the system; bytes returned. May release u. */
static size_t superslab_purge(struct unit *u)
{
    uint32_t todo = u->free_mask & (u->huge_pages ? UINT32_MAX : u->dirty_mask); /* a touch filled 2 MiB */
    size_t bytes = (size_t)__builtin_popcount(todo) * SLAB_SIZE;
    idle_remove(u);
    if (u->free_mask == UINT32_MAX && superslab_release(u)) {
        stats.purged_bytes += bytes;
        return bytes;
    }
    bytes = 0;
    while (todo) {
        unsigned at = (unsigned)__builtin_ctz(todo);
        unsigned n = ~(todo >> at) ? (unsigned)__builtin_ctz(~(todo >> at)) : UNIT_SLABS;
        uint32_t mask = mask32(at, n);
        if (hak_os_purge(u->base + at * SLAB_SIZE, n * SLAB_SIZE)) {
            u->dirty_mask &= ~mask;
            bytes += n * SLAB_SIZE;
        }
        todo &= ~mask;
    }
    stats.purged_bytes += bytes;
    return bytes;
}

/* The lowest place in u where n free slabs start at a multiple of align; UNIT_SLABS if none. */
static unsigned place_in(const struct unit *u, unsigned n, unsigned align)
{
    uint32_t starts = run_starts(u->free_mask, n);
    for (; starts; starts &= starts - 1)
        if (!(__builtin_ctz(starts) & (int)(align - 1)))
            return (unsigned)__builtin_ctz(starts);
    return UNIT_SLABS;
}

static struct unit *find_slabs(unsigned n, unsigned align, unsigned *at)
{
    for (unsigned bin = n; bin <= UNIT_SLABS; bin++)
        for (struct unit *u = bins[bin]; u; u = u->next)
            if ((*at = place_in(u, n, align)) < UNIT_SLABS)
                return u;
    *at = 0;
    return superslab_new();
}

static void tick(void);

struct slab *hak_slabs_alloc(unsigned n, unsigned align, bool *zeroed)
{
    hak_space_lock();
    tick();
    unsigned at;
    struct unit *u = find_slabs(n, align, &at);
    struct slab *s = NULL;
    if (u) {
        uint32_t mask = mask32(at, n);
        if (zeroed)
            *zeroed = !(u->dirty_mask & mask);
        u->free_mask &= ~mask;
        u->dirty_mask |= mask;
        rebin(u);
        stats.slabs += n;
        s = &u->slabs[at];
        s->start = u->base + at * SLAB_SIZE;
        s->nslabs = (uint8_t)n;
        s->bits = u->bits[at];
        for (unsigned k = 0; k < n; k++)
            u->slabs[at + k].back = (uint8_t)k;
        if (!u->huge_pages && __builtin_popcount(u->free_mask) <= (int)UNIT_SLABS / 2)
            want_huge_pages(u);
    }
    hak_space_unlock();
    return s;
}

void hak_tags_set(struct slab *s, uint32_t head, uint32_t body)
{
    for (unsigned k = 0; k < s->nslabs; k++)
        tag_store(s->start + k * SLAB_SIZE, k ? body : head);
}

void hak_slabs_free(struct slab *s)
{
    hak_tags_set(s, TAG_FREE, TAG_FREE);
    hak_space_lock();
    struct unit *u = unit_of(s->start);
    u->free_mask |= mask32((unsigned)(s - u->slabs), s->nslabs);
    rebin(u);
    stats.slabs -= s->nslabs;
    if (hak_knobs.purge_ms == 0)
        superslab_purge(u);
    else
        idle_append(u, hak_os_clock_ms());
    tick();
    hak_space_unlock();
}

/* ---- huge blocks ---- */

static size_t unit_number(const struct unit *u)
{
    return ((uintptr_t)u->base - hak_space_base) / UNIT_SIZE;
}

static bool huge_release(struct unit *u)
{
    if (!hak_os_unmap(u->base, u->huge_len))
        return false;
    tag_store(u->base, TAG_NONE);
    release_units(unit_number(u), units_for(u->huge_len));
    unit_meta_give(u);
    return true;
}

/* A cached block that touches u, on either side. */
static struct unit **cache_neighbour(const struct unit *u)
{
    for (struct unit **link = &cached; *link; link = &(*link)->next)
        if ((*link)->base + (*link)->huge_len == u->base || u->base + u->huge_len == (*link)->base)
            return link;
    return NULL;
}

static void cache_unlink(struct unit **link)
{
    stats.cached_bytes -= (*link)->huge_len;
    *link = (*link)->next;
}

/* Neighbours become one block, which has waited as long as the older of them: joining never delays a purge. */
static void cache_insert(struct unit *u, uint64_t now)
{
    u->idle_since = now;
    for (struct unit **link; (link = cache_neighbour(u));) {
        struct unit *other = *link;
        cache_unlink(link);
        struct unit *low = u->base < other->base ? u : other, *high = low == u ? other : u;
        low->idle_since = min_size(u->idle_since, other->idle_since);
        low->huge_len += high->huge_len;
        low->joined = true;
        hak_space_units[unit_number(high)] = &foreign;
        unit_meta_give(high);
        u = low;
    }
    u->next = cached;
    cached = u;
    stats.cached_bytes += u->huge_len;
}

/* Cuts what follows the first `bytes` of u off and keeps it in the cache; without metadata for it u stays whole. */
static void cache_rest(struct unit *u, size_t bytes)
{
    struct unit *rest = u->huge_len > bytes ? unit_meta_take(true) : NULL;
    if (!rest)
        return;
    rest->base = u->base + bytes;
    rest->huge_len = u->huge_len - bytes;
    rest->joined = u->joined;
    u->huge_len = bytes;
    hak_space_units[unit_number(rest)] = rest;
    tag_store(rest->base, TAG_FREE);
    cache_insert(rest, u->idle_since);
}

static bool huge_resize(struct unit *u, size_t bytes);

/* The smallest cached block that is large enough, cut to size; else the largest, grown, if that saves a quarter
 * of the page faults; else NULL. */
static struct unit *cache_take(size_t bytes, size_t align)
{
    struct unit **fit = NULL, **most = NULL;
    for (struct unit **link = &cached; *link; link = &(*link)->next) {
        if (!most || (*link)->huge_len > (*most)->huge_len)
            most = link;
        if ((*link)->huge_len >= bytes && !((uintptr_t)(*link)->base & (align - 1))
            && (!fit || (*link)->huge_len < (*fit)->huge_len))
            fit = link;
    }
    struct unit *u = fit ? *fit : NULL;
    if (u) {
        cache_unlink(fit);
        cache_rest(u, bytes);
        return u;
    }
    if (!most || align > UNIT_SIZE || (*most)->huge_len >= bytes || (*most)->huge_len < bytes / 4)
        return NULL;
    u = *most;
    cache_unlink(most);
    if (huge_resize(u, bytes))
        return u;
    cache_insert(u, u->idle_since);
    return NULL;
}

static struct unit *huge_map(size_t bytes, size_t align)
{
    struct unit *u = unit_meta_take(true);
    if (!u)
        return NULL;
    u->huge_len = bytes;
    size_t i = map_units_or_purge(units_for(bytes), bytes, align);
    if (i == nunits) {
        unit_meta_give(u);
        return NULL;
    }
    u->base = unit_address(i);
    u->joined = false;
    claim_units(i, units_for(bytes), u);
    /* a block that nobody touches as a whole may at worst double what is in use */
    if (hak_knobs.huge_pages && bytes <= stats.huge_bytes + stats.superslabs * UNIT_SIZE)
        hak_os_want_huge(u->base, bytes);
    return u;
}

void *hak_huge_alloc(size_t bytes, size_t align, bool *zeroed)
{
    if (bytes > nunits * UNIT_SIZE || align > ALIGN_MAX)
        return NULL;
    bytes = align_up(bytes, UNIT_SIZE); /* whole units, so that freed neighbours can be joined */
    hak_space_lock();
    tick();
    struct unit *u = cache_take(bytes, align);
    *zeroed = !u;
    if (!u)
        u = huge_map(bytes, align);
    if (u) {
        tag_store(u->base, TAG_HUGE);
        stats.huge_blocks++;
        stats.huge_bytes += u->huge_len;
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
        size_t len = u->huge_len;
        stats.huge_blocks--;
        stats.huge_bytes -= len;
        tag_store(p, TAG_FREE);
        bool keep = hak_knobs.purge_ms && len <= HUGE_CACHE_ONE && stats.cached_bytes + len <= HUGE_CACHE;
        if (keep || !huge_release(u)) /* what the system does not take back now is offered again later */
            cache_insert(u, hak_os_clock_ms());
        else
            stats.purged_bytes += len;
        tick();
    }
    hak_space_unlock();
    return ours;
}

size_t hak_huge_size(const void *p)
{
    return unit_of(p)->huge_len;
}

/* Changes the length of u's mapping, or of what is joined in u, at its end. */
static bool huge_remap(struct unit *u, size_t bytes)
{
    char *end = u->base + min_size(bytes, u->huge_len);
    if (!u->joined)
        return hak_os_resize(u->base, u->huge_len, bytes);
    return bytes < u->huge_len ? hak_os_unmap(end, u->huge_len - bytes)
                               : hak_os_map_at(end, bytes - u->huge_len) == OS_OK;
}

/* Grows u over the free units that follow it, or shrinks it. */
static bool huge_in_place(struct unit *u, size_t bytes)
{
    size_t i = unit_number(u), old = units_for(u->huge_len), new = units_for(bytes);
    if (new > old && (i + new > nunits || find_units(i + old, new - old, UNIT_SIZE) != i + old
                      || !commit_tables(i + new)))
        return false;
    if (!huge_remap(u, bytes))
        return false;
    if (new > old)
        claim_units(i + old, new - old, &foreign);
    else
        release_units(i + new, old - new);
    return true;
}

/* Moves u's pages to other units, without copying them. */
static bool huge_move(struct unit *u, size_t bytes)
{
    size_t n = units_for(bytes), old = unit_number(u), old_n = units_for(u->huge_len);
    size_t i = u->joined ? nunits : find_units(unit_hint, n, UNIT_SIZE);
    for (; i < nunits; i = find_units(i + 1, n, UNIT_SIZE)) {
        if (!commit_tables(i + n))
            return false;
        if (hak_os_move(u->base, u->huge_len, unit_address(i), bytes))
            break;
        if (i > old + 64 * n + 64) /* not a matter of a taken place any more */
            return false;
    }
    if (i >= nunits)
        return false;
    tag_store(u->base, TAG_NONE);
    release_units(old, old_n);
    u->base = unit_address(i);
    claim_units(i, n, u);
    tag_store(u->base, TAG_HUGE);
    return true;
}

static bool huge_resize(struct unit *u, size_t bytes)
{
    if (!huge_in_place(u, bytes) && (bytes < u->huge_len || !huge_move(u, bytes)))
        return false;
    u->huge_len = bytes;
    return true;
}

void *hak_huge_resize(void *p, size_t bytes)
{
    if (bytes > nunits * UNIT_SIZE)
        return NULL;
    bytes = align_up(bytes, UNIT_SIZE);
    hak_space_lock();
    struct unit *u = unit_of(p);
    size_t old = u->huge_len;
    bool done = bytes == old || huge_resize(u, bytes);
    if (done)
        stats.huge_bytes += bytes - old;
    hak_space_unlock();
    return done ? u->base : NULL;
}

/* ---- returning memory ---- */

static size_t purge_locked(uint64_t now, uint64_t wait, bool everything)
{
    size_t bytes = 0;
    while (idle_first && (everything || now - idle_first->idle_since >= wait))
        bytes += superslab_purge(idle_first);
    for (struct unit **link = &cached; *link;) {
        struct unit *u = *link;
        size_t len = u->huge_len;
        struct unit *next = u->next;
        if ((everything || now - u->idle_since >= wait) && huge_release(u)) {
            *link = next;
            stats.cached_bytes -= len;
            bytes += len;
            stats.purged_bytes += len;
        } else {
            link = &u->next;
        }
    }
    return bytes;
}

/* On every way through the lock: a look at the clock, and a purge a few times in HAKMEM_PURGE_MS. */
static void tick(void)
{
    long wait = hak_knobs.purge_ms;
    if (wait < 0 || (!idle_first && !cached))
        return;
    uint64_t now = hak_os_clock_ms();
    if (now - last_tick < (uint64_t)wait / 4)
        return;
    last_tick = now;
    purge_locked(now, (uint64_t)wait, false);
}

size_t hak_space_purge(bool everything)
{
    hak_space_lock();
    uint64_t wait = hak_knobs.purge_ms < 0 ? UINT64_MAX : (uint64_t)hak_knobs.purge_ms;
    size_t bytes = purge_locked(hak_os_clock_ms(), wait, everything);
    hak_space_unlock();
    return bytes;
}

struct space_stats hak_space_stats(void)
{
    hak_space_lock();
    struct space_stats copy = stats;
    hak_space_unlock();
    return copy;
}
