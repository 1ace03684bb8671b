#include "heap.h"

#include "knobs.h"
#include "os.h"
#include "sizeclass.h"

#define CARVE_BLOCKS 16u               /* carved at a time: a fresh slab is touched only as far as it is used */
#define CARVE_BYTES  ((size_t)16384)
#define REFILL_BLOCKS 32               /* most blocks moved to a list at once */
#define BOUND_LOW    8                 /* blocks in a list */
#define BOUND_HIGH   512
#define SWEEP_CALLS  64u               /* slow calls between looks at the clock */

/* "used": front_self() names it in assembly, where link-time optimisation does not look. */
__attribute__((used)) __thread struct front hak_front = {.id = NO_HEAP_TAG, .offset = CLASS_TABLE};

/* ---- policy ---- */

static bool inline_slots(unsigned c)
{
    unsigned band = class_band(c);
    return band == 5 ? hak_knobs.c5_inline : band == 6 ? hak_knobs.c6_inline : true;
}

static int32_t bound_of(unsigned c)
{
    size_t blocks = (size_t)hak_knobs.cache_kb * 1024 / class_size(c);
    return (int32_t)max_size(BOUND_LOW, min_size(BOUND_HIGH, blocks));
}

void hak_cells_init(struct heap *h, struct front *f)
{
    for (unsigned c = 0; c < NCLASS; c++) {
        f->cells[c] = h->shelf[c] = (struct cell){0};
        *(inline_slots(c) ? &f->cells[c] : &h->shelf[c]) = (struct cell){.room = bound_of(c), .bound = bound_of(c)};
    }
}

/* Where the list of class c is. */
static struct cell *list_of(struct heap *h, struct front *f, unsigned c)
{
    return likely(f->cells[c].bound) ? &f->cells[c] : &h->shelf[c];
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

/* ---- slabs ---- */

static void slab_setup(struct heap *h, struct slab *s, unsigned c)
{
    s->cls = (uint8_t)c;
    s->size = (uint32_t)class_size(c);
    s->capacity = (uint16_t)(s->nslabs * SLAB_SIZE / s->size);
    s->recip = (((uint64_t)1 << 40) + s->size - 1) / s->size;
    s->carved = s->used = s->hint = 0;
    for (unsigned w = 0; w < (s->capacity + 63u) / 64; w++)
        s->bits[w] = 0;
    if (hak_knobs.random_order) { /* all blocks are free at once, and a search starts at a random word */
        s->carved = s->capacity;
        for (unsigned i = 0; i < s->capacity; i++)
            s->bits[i / 64] |= (uint64_t)1 << i % 64;
    }
    uint32_t tag = h->id << TAG_SHIFT | c * 16;
    hak_tags_set(s, tag, tag);
}

static struct slab *slab_new(struct heap *h, unsigned c)
{
    struct slab *s = hak_slabs_alloc(class_span(c), 1, NULL);
    if (s) {
        slab_setup(h, s, c);
        hak_add(&h->stats.fresh_slabs, 1);
    }
    return s;
}

/* A slab has no block out any more: keep it for a while, or give it back. */
static void slab_emptied(struct heap *h, struct slab *s)
{
    struct pool *pool = &h->bins[s->cls].pool;
    if (s->list == LIST_CURRENT)
        return;
    if (s->list == LIST_WARM && h->empty < (unsigned)hak_knobs.warm_pool_size) {
        h->empty++;
        hak_pool_demote(pool, s);
        return;
    }
    if (s->list != LIST_NONE)
        hak_pool_remove(pool, s);
    hak_slabs_free(s);
}

/* Number of the block at p in s; refuses what is not the start of a block that is out. */
static unsigned block_number(const struct slab *s, const char *p)
{
    uint64_t off = (uint64_t)(p - s->start);
    unsigned i = (unsigned)(off * s->recip >> 40);
    if (unlikely((uint64_t)i * s->size != off || i >= s->carved))
        hak_os_fatal("free of a pointer that malloc did not return:", p);
    if (unlikely(s->bits[i / 64] >> (i % 64) & 1))
        hak_os_fatal("double free of", p);
    return i;
}

/* Gives one block back to its slab, which is h's. */
static void slab_put(struct heap *h, struct slab *s, char *p)
{
    unsigned i = block_number(s, p);
    s->bits[i / 64] |= (uint64_t)1 << i % 64;
    if (i / 64 < s->hint)
        s->hint = (uint16_t)(i / 64);
    if (s->used == s->capacity && s->list == LIST_NONE)
        hak_pool_put(&h->bins[s->cls].pool, s, (unsigned)hak_knobs.warm_pool_size);
    if (--s->used == 0)
        slab_emptied(h, s);
}

void hak_heap_put(struct heap *h, void *p)
{
    uint32_t tag = tag_of(p);
    if (likely((tag ^ h->id << TAG_SHIFT) < NCLASS * 16)) {
        slab_put(h, slab_of(p), p);
        hak_add(&h->stats.in[tag % (1u << TAG_SHIFT) / 16], 1);
    } else if (tag < 1u << TAG_SHIFT) {
        hak_os_fatal("double free of", p);
    } else {
        hak_add(&h->stats.remote_sent, 1);
        hak_free_homeless(p, tag);
    }
}

/* Takes up to `want` blocks that were freed before, in front of the chain at *chain; the number taken. */
static int32_t take_freed(struct heap *h, struct slab *s, int32_t want, void **chain)
{
    unsigned words = (s->capacity + 63u) / 64;
    unsigned first = hak_knobs.random_order ? (unsigned)(next_random(&h->random) % words) : s->hint;
    int32_t got = 0;
    for (unsigned k = 0; k < words && got < want; k++) {
        unsigned w = first + k < words ? first + k : first + k - words;
        uint64_t bits = s->bits[w];
        for (; bits && got < want; got++, bits &= bits - 1) {
            char *p = s->start + (size_t)(w * 64 + (unsigned)__builtin_ctzll(bits)) * s->size;
            set_next_block(p, *chain);
            *chain = p;
        }
        s->bits[w] = bits;
        if (!hak_knobs.random_order)
            s->hint = (uint16_t)(bits ? w : w + 1);
    }
    if (s->hint >= words)
        s->hint = 0;
    return got;
}

/* Takes up to `want` blocks that were never used, lowest address first out. */
static int32_t carve(struct slab *s, int32_t want, void **chain)
{
    int32_t most = (int32_t)max_size(1, min_size(CARVE_BLOCKS, CARVE_BYTES / s->size));
    int32_t left = s->capacity - s->carved;
    int32_t n = want < most ? want : most;
    n = n < left ? n : left;
    for (int32_t i = n - 1; i >= 0; i--) {
        char *p = s->start + (size_t)(s->carved + i) * s->size;
        set_next_block(p, *chain);
        *chain = p;
    }
    s->carved = (uint16_t)(s->carved + n);
    return n;
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
            s = slab_new(h, c);
    }
    if (s)
        s->list = LIST_CURRENT;
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
            n = take_freed(h, s, want - got, chain);
        if (!n && got)
            break; /* carve only when nothing else is there: fresh memory costs page faults */
        if (!n)
            n = carve(s, want - got, chain);
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

void *hak_heap_refill(struct heap *h, struct front *f, unsigned c)
{
    struct cell *cell = f ? list_of(h, f, c) : NULL;
    unsigned n;
    void *p;
    if (cell) {
        hak_slow_tick(h, f);
        if (cell != &f->cells[c])
            hak_add(&h->stats.direct[c], 1);
        if ((p = cell->head)) {
            cell->head = next_block(p);
            cell->room++;
            return p;
        }
        if ((p = hak_heap_parcel(h, c, &n))) {
            cell->head = next_block(p);
            cell->room -= (int32_t)n - 1;
            return p;
        }
    }
    hak_heap_receive_class(h, c);
    int32_t want = cell ? batch_of(cell) : 1;
    void *chain = NULL;
    int32_t got = take_blocks(h, c, want, &chain);
    if (!got)
        return NULL;
    p = chain;
    if (got > 1) {
        cell->head = next_block(p);
        cell->room -= got - 1;
    }
    hak_add(&h->stats.refills[c], cell != NULL);
    return p;
}

/* The next block of a list of class c, after a look at where it points: to a slab of that class. (Of any heap: a
 * block that came in a parcel may be of a slab that changed hands while the parcel was on its way.) */
static void *checked_next(void *p, unsigned c)
{
    void *next = next_block(p);
    uint32_t tag = next ? tag_of(next) : 0;
    if (unlikely(next && (tag < 1u << TAG_SHIFT || tag % (1u << TAG_SHIFT) != c * 16)))
        hak_os_fatal("a free block was written to (use after free, or an overflow before it):", p);
    return next;
}

/* Gives the colder part of the list of class c back to its slabs, leaving `keep` blocks. */
static void flush(struct heap *h, struct cell *cell, unsigned c, int32_t keep)
{
    int32_t have = cell->bound - cell->room;
    if (have <= keep)
        return;
    void **link = &cell->head;
    for (int32_t i = 0; i < keep && *link; i++) {
        checked_next(*link, c);
        link = (void **)*link;
    }
    void *p = *link;
    *link = NULL;
    /* a longjmp out of free leaves a list that is one shorter than its count */
    for (int32_t n = 0; p && n < have - keep; n++) {
        void *next = checked_next(p, c);
        hak_heap_put(h, p);
        p = next;
    }
    cell->room += have - keep;
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
        flush(h, cell, c, cell->bound / 2);
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

/* Flushes the lists that have not moved since the last sweep, and gives back slabs that stayed empty. */
static void sweep(struct heap *h, struct front *f)
{
    hak_heap_send(h);
    hak_heap_receive(h);
    for (unsigned c = 0; c < NCLASS; c++) {
        struct cell *cell = list_of(h, f, c);
        if (cell->room == h->room_seen[c] && cell->room < cell->bound)
            flush(h, cell, c, 0);
        h->room_seen[c] = cell->room;
    }
    release_empty(h, false);
}

void hak_heap_trim(struct heap *h, struct front *f)
{
    if (f) {
        hak_heap_send(h);
        for (unsigned c = 0; c < NCLASS; c++)
            flush(h, list_of(h, f, c), c, 0);
    }
    hak_heap_receive(h);
    release_empty(h, true);
}
