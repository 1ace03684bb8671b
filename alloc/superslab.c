/* Superslabs: units that are cut into slabs. */
#include "knobs.h"
#include "os.h"
#include "units.h"

/* Huge pages: a touch fills 2 MiB, so a program that touches little of what it asks for would pay for all. Each
 * superslab of small pages is judged once, when three quarters of its slabs are in use: are most of their pages
 * resident? If so, the system may make one huge page of it in the background; and the last verdict stands for new ones
 * that ask before their first touch, of which every eighth stays with small pages to be judged itself. From so many
 * superslabs on one more filled at a touch adds little: a sixteenth; for a run, whose user is about to touch it, a
 * third at worst. */
#define HUGE_PAGES_FROM 16u
#define HUGE_PAGES_FROM_RUN 2u
#define PROBE_EVERY 8u
#define JUDGED_AT 8 /* free slabs, or less */

#define SEARCH 16u /* superslabs with idle memory that are looked at for the tightest gap */

static struct unit *bins[UNIT_SLABS + 1]; /* superslabs by longest run of free slabs */
static bool dense; /* the last verdict */
static unsigned births; /* superslabs that the verdict was asked for */
static struct unit *idle_first, *idle_last; /* superslabs with dirty free slabs, longest waiting first */

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

static void want_huge_pages(struct unit *u)
{
    u->huge_pages = true;
    hak_space.stats.huge_asked += UNIT_SIZE;
    hak_os_want_huge(u->base, UNIT_SIZE);
}

/* Are at least three quarters of the pages of u's slabs in use resident? */
static bool is_dense(const struct unit *u)
{
    enum { PER_SLAB = SLAB_SIZE / PAGE_SIZE_HAK };
    unsigned char resident[UNIT_SLABS * PER_SLAB];
    unsigned pages = 0;
    if (!hak_os_resident_pages(u->base, UNIT_SIZE, resident))
        return false;
    uint32_t used = ~u->free_mask;
    for (unsigned k = 0; k < UNIT_SLABS * PER_SLAB; k++)
        pages += used >> k / PER_SLAB & resident[k] & 1;
    return pages >= (unsigned)__builtin_popcount(used) * PER_SLAB / 4 * 3;
}

/* Before slabs of u are taken. */
static void judge(struct unit *u)
{
    if (u->judged || __builtin_popcount(u->free_mask) > JUDGED_AT || !hak_knobs.huge_pages)
        return;
    u->judged = true;
    dense = is_dense(u);
    if (dense)
        want_huge_pages(u);
}

/* Slabs of blocks will touch all of a unit bit by bit; a huge block may have touched some of it. The two would add up,
 * so what is left of the latter goes back first. True if the unit reads as zero now. */
static bool spare_emptied(const struct unit *spare)
{
    bool done = !spare->filled && hak_knobs.purge_ms >= 0 && hak_os_purge(spare->base, UNIT_SIZE);
    hak_space.stats.purged_bytes += done ? UNIT_SIZE : 0;
    return done;
}

/* A superslab out of spare memory, else of fresh if `grow`. */
static struct unit *superslab_new(bool run, bool grow)
{
    struct unit *u = hak_unit_meta_take(false);
    if (!u)
        return NULL;
    struct unit *spare = hak_spare_take(UNIT_SIZE, UNIT_SIZE);
    if (spare && spare->huge_len > UNIT_SIZE) { /* there was no metadata to cut it */
        hak_spare_put(spare, spare->idle_since);
        spare = NULL;
    }
    size_t i = spare ? unit_number(spare->base) : grow ? hak_units_map(1, UNIT_SIZE) : hak_space.nunits;
    if (i == hak_space.nunits) {
        hak_unit_meta_give(u, false);
        return NULL;
    }
    hak_units_claim(i, 1, u);
    u->huge_len = 0;
    u->base = unit_address(i);
    u->free_mask = UINT32_MAX;
    u->dirty_mask = spare && !spare_emptied(spare) ? UINT32_MAX : 0;
    u->idle = u->spare = false;
    u->huge_pages = spare && spare->huge_pages;
    u->judged = spare != NULL; /* its pages say nothing about this use */
    tags_fill(u->base, UNIT_SIZE, TAG_FREE);
    bin_insert(u);
    hak_space.stats.superslabs++;
    if (spare) {
        hak_space.stats.spare_hits++;
        hak_unit_meta_give(spare, true);
    }
    if (dense && hak_knobs.huge_pages >= (run ? 1 : 2) && !u->huge_pages
        && hak_space.stats.superslabs > (run ? HUGE_PAGES_FROM_RUN : HUGE_PAGES_FROM) && ++births % PROBE_EVERY) {
        u->judged = true;
        want_huge_pages(u);
    }
    return u;
}

/* A superslab without a slab in use becomes spare memory; false, and it stays as it is, without metadata for that. */
static bool superslab_retire(struct unit *u, uint64_t since)
{
    struct unit *head = hak_unit_meta_take(true);
    if (!head)
        return false;
    unit_head(head, u->base, UNIT_SIZE);
    head->huge_pages = u->huge_pages;
    head->filled = u->dirty_mask == UINT32_MAX;
    bin_remove(u);
    idle_remove(u);
    hak_unit_meta_give(u, false);
    hak_space.stats.superslabs--;
    hak_spare_put(head, since);
    return true;
}

/* Returns u's dirty free slabs to the system; bytes returned. */
static size_t superslab_purge(struct unit *u)
{
    uint32_t todo = u->free_mask & (u->huge_pages ? UINT32_MAX : u->dirty_mask); /* a touch filled 2 MiB */
    size_t bytes = 0;
    idle_remove(u);
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
    hak_space.stats.purged_bytes += bytes;
    return bytes;
}

/* Of huge pages that are used in part nothing would stay away for long: the system would fill them up again. */
static void no_huge_pages(struct unit *u)
{
    hak_space_lock();
    if (u->huge_pages)
        hak_os_no_huge(u->base, UNIT_SIZE);
    u->huge_pages = false;
    u->judged = true;
    hak_space_unlock();
}

size_t hak_slab_purge(struct slab *s, uint32_t pages)
{
    size_t bytes = 0;
    no_huge_pages(unit_of(s->start));
    for (unsigned n; pages; pages &= ~mask32((unsigned)__builtin_ctz(pages), n)) {
        unsigned at = (unsigned)__builtin_ctz(pages);
        n = ~(pages >> at) ? (unsigned)__builtin_ctz(~(pages >> at)) : 32;
        if (hak_os_purge(s->start + at * PAGE_SIZE_HAK, n * PAGE_SIZE_HAK))
            bytes += n * PAGE_SIZE_HAK;
    }
    return bytes;
}

/* Among the superslabs with idle memory: what they have is resident, so nothing is touched anew. */
static struct unit *find_dirty(unsigned n, unsigned align, unsigned *at)
{
    struct unit *best = NULL;
    unsigned least = UNIT_SLABS + 1, left = SEARCH, gap;
    for (struct unit *u = idle_last; u && left--; u = u->idle_prev) {
        unsigned place = tightest_run(u->free_mask & u->dirty_mask, n, align, &gap);
        if (gap < least) {
            least = gap;
            best = u;
            *at = place;
        }
    }
    return best;
}

/* The superslab that n slabs fit into, as tightly as its longest gap says, and where; NULL if none has room. */
static struct unit *find_slabs(unsigned n, unsigned align, unsigned *at)
{
    struct unit *u = find_dirty(n, align, at);
    unsigned gap;
    for (unsigned bin = n; !u && bin <= UNIT_SLABS; bin++)
        for (u = bins[bin]; u && (*at = tightest_run(u->free_mask, n, align, &gap)) == UNIT_SLABS;)
            u = u->next;
    return u;
}

struct slab *hak_slabs_alloc(unsigned n, unsigned align, enum slabs_for what, bool grow, bool *zeroed)
{
    hak_space_lock();
    hak_units_tick();
    unsigned at;
    struct unit *u = find_slabs(n, align, &at);
    struct slab *s = NULL;
    if (!u && grow && hak_knobs.purge_ms >= 0 && !hak_space.stats.cached_bytes)
        hak_superslabs_purge(0, 0, true); /* else fragments and fresh memory would add up */
    if (!u && (u = superslab_new(what == SLABS_RUN, grow)))
        at = 0;
    if (u) {
        uint32_t mask = mask32(at, n);
        judge(u);
        if (zeroed)
            *zeroed = !(u->dirty_mask & mask);
        u->free_mask &= ~mask;
        u->dirty_mask |= mask;
        rebin(u);
        hak_space.stats.slabs += n;
        s = &u->slabs[at];
        s->start = u->base + at * SLAB_SIZE;
        s->nslabs = (uint8_t)n;
        s->bits = u->bits[at];
        for (unsigned k = 0; k < n; k++)
            u->slabs[at + k].back = (uint8_t)k;
    }
    hak_space_unlock();
    return s;
}

void hak_tags_set(struct slab *s, uint32_t head, uint32_t body)
{
    for (unsigned k = 0; k < s->nslabs; k++)
        tag_store(s->start + k * SLAB_SIZE, k ? body : head);
}

bool hak_slabs_grow(struct slab *s, unsigned n)
{
    hak_space_lock();
    struct unit *u = unit_of(s->start);
    unsigned have = s->nslabs, at = (unsigned)(s - u->slabs) + have;
    bool done = at + (n - have) <= UNIT_SLABS;
    uint32_t mask = done ? mask32(at, n - have) : 0;
    done = done && (u->free_mask & mask) == mask;
    if (done) {
        u->free_mask &= ~mask;
        u->dirty_mask |= mask;
        rebin(u);
        hak_space.stats.slabs += n - have;
        s->nslabs = (uint8_t)n;
        for (unsigned k = have; k < n; k++) {
            s[k].back = (uint8_t)k;
            tag_store(s->start + k * SLAB_SIZE, TAG_RUN_BODY);
        }
    }
    hak_units_tick();
    hak_space_unlock();
    return done;
}

void hak_slabs_free(struct slab *s)
{
    hak_tags_set(s, TAG_FREE, TAG_FREE);
    hak_space_lock();
    struct unit *u = unit_of(s->start);
    u->free_mask |= mask32((unsigned)(s - u->slabs), s->nslabs);
    rebin(u);
    hak_space.stats.slabs -= s->nslabs;
    uint64_t now = hak_os_clock_ms();
    if (u->free_mask != UINT32_MAX || !superslab_retire(u, now)) {
        if (hak_knobs.purge_ms == 0)
            superslab_purge(u);
        else
            idle_append(u, now);
    }
    hak_units_tick();
    hak_space_unlock();
}

bool hak_superslabs_idle(void)
{
    return idle_first != NULL;
}

size_t hak_superslabs_purge(uint64_t now, uint64_t wait, bool everything)
{
    size_t bytes = 0;
    while (idle_first && (everything || now - idle_first->idle_since >= wait))
        bytes += superslab_purge(idle_first);
    return bytes;
}
