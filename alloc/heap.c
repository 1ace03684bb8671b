#include "heap.h"

#include <string.h>

#include "knobs.h"
#include "os.h"
#include "sizeclass.h"
#include "slab.h"

#define REFILL_BLOCKS 64               /* most blocks moved from a slab to a list at once */
#define BOUND_LOW    8                 /* blocks in a list */
#define BOUND_HIGH   2048
#define SWEEP_CALLS  64u               /* slow calls between looks at the clock */

/* "used": cells.h names it in assembly, where link-time optimisation does not look. */
__attribute__((used)) __thread struct front hak_front = {.id = NO_HEAP_TAG};

/* ---- policy ---- */

/* Bands C5 and C6 are the first two doublings above 128 bytes, four classes each. */
enum { C5_FIRST = 8, C6_FIRST = 12, C7_FIRST = 16 };

static int32_t bound_of(unsigned c)
{
    size_t blocks = (size_t)hak_knobs.cache_kb * 1024 / class_size(c);
    return (int32_t)max_size(BOUND_LOW, min_size(BOUND_HIGH, blocks));
}

void hak_shelf_init(struct heap *h)
{
    for (unsigned c = 0; c < NCLASS; c++)
        h->shelf[c] = (struct cell){.room = bound_of(c), .bound = bound_of(c)};
}

/* The lists of classes first .. end - 1. */
static void move_lists(struct cell *to, struct cell *from, unsigned first, unsigned end)
{
    memcpy(to + first, from + first, (end - first) * sizeof *to);
    memset(from + first, 0, (end - first) * sizeof *to);
}

static void move_inline_lists(struct cell *to, struct cell *from)
{
    move_lists(to, from, 0, C5_FIRST);
    if (hak_knobs.c5_inline)
        move_lists(to, from, C5_FIRST, C6_FIRST);
    if (hak_knobs.c6_inline)
        move_lists(to, from, C6_FIRST, C7_FIRST);
    move_lists(to, from, C7_FIRST, NCLASS);
}

void hak_cells_take(struct heap *h, struct front *f)
{
    move_inline_lists(f->cells, h->shelf);
}

void hak_cells_leave(struct heap *h, struct front *f)
{
    move_inline_lists(h->shelf, f->cells);
}

size_t hak_shelf_bytes(const struct heap *h)
{
    size_t bytes = 0;
    for (unsigned c = 0; c < NCLASS; c++)
        if (h->shelf[c].head)
            bytes += (size_t)(h->shelf[c].bound - h->shelf[c].room) * class_size(c);
    return bytes;
}

/* Where the list of class c is. */
static struct cell *list_of(struct heap *h, struct front *f, unsigned c)
{
    return likely(f && f->cells[c].bound) ? &f->cells[c] : &h->shelf[c];
}

uint8_t hak_parcel_of(unsigned c)
{
    return (uint8_t)max_size(1, min_size(min_size(PARCEL_BLOCKS, (size_t)bound_of(c)), PARCEL_BYTES / class_size(c)));
}

static int32_t batch_of(const struct cell *cell)
{
    int32_t half = cell->bound / 2;
    return half < REFILL_BLOCKS ? half : REFILL_BLOCKS;
}

/* ---- refill and flush ---- */

/* Makes a slab with a free block the current one; `fresh` allows asking the system. */
static struct slab *next_slab(struct heap *h, unsigned c, bool fresh)
{
    struct bin *bin = &h->bins[c];
    bool warm;
    struct slab *s = hak_pool_take(&bin->pool, &warm);
    if (!s && fresh) { /* before memory grows, everything that has come home is put in its place */
        hak_heap_receive(h);
        s = hak_pool_take(&bin->pool, &warm);
    }
    if (s) {
        hak_add(warm ? &h->stats.warm_hits : &h->stats.cold_hits, 1);
        h->empty -= s->used == 0;
    } else if (fresh) {
        s = hak_orphan_slab(h, c);
        if (!s)
            s = hak_slab_new(h, c);
    }
    if (s) {
        s->list = LIST_CURRENT;
        s->thinned = s->seen = UINT16_MAX;
    }
    return bin->current = s;
}

/* Takes up to `want` blocks of class c, at least one unless memory is out; *chain gets them. */
static int32_t take_blocks(struct heap *h, unsigned c, int32_t want, void **chain)
{
    int32_t got = 0;
    while (got < want) {
        struct slab *s = h->bins[c].current;
        if (!s && !(s = next_slab(h, c, got == 0)))
            break;
        int32_t n = 0;
        if (s->used < s->carved)
            n = hak_slab_take_freed(h, s, want - got, chain);
        if (!n && got)
            break; /* carve only when nothing else is there: fresh memory costs page faults */
        if (!n)
            n = hak_slab_carve(s, want - got, chain);
        s->used = (uint16_t)(s->used + n);
        got += n;
        if (s->used == s->capacity) {
            s->list = LIST_NONE;
            h->bins[c].current = NULL;
        } else if (s->carved > s->used) {
            break; /* want is met */
        }
    }
    hak_add(&h->stats.out[c], (size_t)got);
    return got;
}

static void sweep(struct heap *h, struct front *f);

void hak_slow_tick(struct heap *h, struct front *f)
{
    if (likely(++h->calls < SWEEP_CALLS) || hak_knobs.purge_ms < 0)
        return;
    h->calls = 0;
    uint64_t now = hak_os_clock_ms();
    if (now - h->swept <= (uint64_t)hak_knobs.purge_ms)
        return;
    h->swept = now;
    sweep(h, f);
}

/* A chain of n blocks becomes the list, but for its first block, which goes to the caller. */
static void *open_chain(struct cell *cell, void *p, int32_t n)
{
    cell->head = next_block(p);
    cell->room = cell->bound - (n - 1);
    return p;
}

void *hak_heap_refill(struct heap *h, struct front *f, unsigned c)
{
    struct cell *cell = list_of(h, f, c);
    unsigned n;
    void *p = NULL;
    if (f) {
        hak_slow_tick(h, f);
        if (cell != &f->cells[c])
            hak_add(&h->stats.direct[c], 1);
    }
    if ((p = cell->head)) {
        cell->head = next_block(p);
        cell->room++;
        return p;
    }
    if ((p = hak_heap_parcel(h, c, &n)))
        return open_chain(cell, p, (int32_t)n);
    int32_t got = take_blocks(h, c, batch_of(cell), &p);
    if (!got)
        return NULL;
    hak_add(&h->stats.refills[c], 1);
    return open_chain(cell, p, got);
}

/* Gives the list of class c back to its slabs. All of it: to find the colder half would mean to walk over the warmer one
 * first, which costs as much as giving it back; and a block that was freed twice comes to its slab, where that shows. */
static void flush(struct heap *h, struct cell *cell, unsigned c)
{
    int32_t n = cell->bound - cell->room;
    if (n <= 0)
        return;
    void *chain = cell->head;
    cell->head = NULL;
    cell->room = cell->bound;
    hak_heap_put(h, chain, (unsigned)n, c);
    hak_add(&h->stats.flushes[c], 1);
}

void hak_heap_overflow(struct heap *h, struct front *f, unsigned c)
{
    struct cell *cell = list_of(h, f, c);
    if (cell != &f->cells[c]) {
        void *p = f->cells[c].head;
        f->cells[c] = (struct cell){0};
        set_next_block(p, cell->head);
        cell->head = p;
        cell->room--;
    }
    hak_slow_tick(h, f); /* which may empty the list */
    if (cell->room < 0)
        flush(h, cell, c);
}

/* ---- tidying ---- */

/* Gives back empty slabs, at the end of the warm lists; the current ones, too, with `all`. */
static void release_empty(struct heap *h, bool all)
{
    for (unsigned c = 0; c < NCLASS; c++) {
        struct bin *bin = &h->bins[c];
        for (struct slab *s; (s = bin->pool.last[0]) && s->used == 0;) {
            hak_pool_remove(&bin->pool, s);
            h->empty--;
            hak_slabs_free(s);
        }
        if (all && bin->current && bin->current->used == 0) {
            hak_slabs_free(bin->current);
            bin->current = NULL;
        }
    }
}

void hak_heap_save(struct heap *h)
{
    hak_runs_empty(&h->runs);
    release_empty(h, false);
    hak_heap_thin(h, THIN_GROWING);
}

/* Flushes the lists that have not moved since the last sweep, and gives back slabs that stayed empty. */
static void sweep(struct heap *h, struct front *f)
{
    hak_heap_send(h);
    hak_heap_receive(h);
    for (unsigned c = 0; c < NCLASS; c++) {
        struct cell *cell = list_of(h, f, c);
        if (cell->room == h->room_seen[c] && cell->room < cell->bound)
            flush(h, cell, c);
        h->room_seen[c] = cell->room;
    }
    hak_runs_sweep(&h->runs);
    release_empty(h, false);
    hak_heap_thin(h, THIN_SWEEP);
    hak_orphans_age(h->swept);
    hak_space_purge(false);
}

void hak_heap_trim(struct heap *h, struct front *f)
{
    if (f)
        hak_heap_send(h);
    for (unsigned c = 0; c < NCLASS; c++)
        flush(h, list_of(h, f, c), c);
    hak_heap_receive(h);
    hak_runs_empty(&h->runs);
    release_empty(h, true);
}
