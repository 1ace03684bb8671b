/* The pure parts and the tables, against their own rules. */
#include <pthread.h>

#include "bits.h"
#include "hakmem.h"
#include "heap.h"
#include "os.h"
#include "knobs.h"
#include "pool.h"
#include "sizeclass.h"
#include "slab.h"
#include "thread.h"
#include "tap.h"

static void classes(void)
{
    size_t wrong = 0, table = 0, slack = 0;
    for (size_t n = 0; n <= SMALL_MAX; n++) {
        unsigned c = class_of(n);
        wrong += c >= NCLASS || class_size(c) < n || (c && class_size(c - 1) >= n);
        if (n <= FAST_MAX)
            table += hak_class_table[n] * CLASS_SCALE != c * 16;
        if (n > 128)
            slack += class_size(c) > n + n / 4 + 15;
    }
    ok(!wrong, "class_of() finds the smallest class that holds every size");
    ok(!table, "the table of the fast path agrees with class_of()");
    ok(!slack, "above 128 bytes a block is at most a quarter larger than the request");
}

static void bands(void)
{
    size_t wrong = 0;
    for (size_t n = 9; n <= 1024; n++) {
        unsigned band = 0;
        while ((size_t)8 << band < n)
            band++;
        wrong += class_band(class_of(n)) != band;
    }
    ok(!wrong, "band Cn holds the requests up to 2^(n+3)");
    ok(class_band(class_of(1025)) == NBAND - 1 && class_band(class_of(1024)) == 7, "C7 ends at 1024");
}

static void aligned_classes(void)
{
    size_t wrong = 0, rounded = 0;
    for (size_t align = 16; align <= SMALL_MAX; align *= 2)
        for (size_t n = 1; n <= SMALL_MAX; n += 7) {
            unsigned c = hak_class_aligned(n, align);
            rounded += class_of(align_up(n, align)) != c;
            wrong += c < NCLASS && (class_size(c) % align || class_size(c) < n);
            wrong += c == NCLASS; /* 32768 serves them all */
        }
    ok(!wrong, "hak_class_aligned() gives a class of multiples of the alignment");
    ok(!rounded, "it is the class of the size rounded up to the alignment, as the fast path has it");
    ok(hak_class_aligned(SMALL_MAX + 1, 16) == NCLASS, "and none above the largest class");
}

static void quotient(void)
{
    size_t wrong = 0;
    for (unsigned c = 0; c < NCLASS; c++) {
        uint32_t size = (uint32_t)class_size(c), twos = (uint32_t)__builtin_ctz(size), inverse = odd_inverse(size >> twos);
        for (uint32_t off = 0; off < class_span(c) * SLAB_SIZE; off++) {
            uint32_t i = exact_quotient(off, inverse, twos);
            wrong += off % size ? i < SLAB_BITS : i != off / size;
        }
    }
    ok(!wrong, "an offset in a span becomes the number of the block that starts there, or too large a number");
}

/* The same as tightest_run(), looked for from each place. */
static unsigned shortest(uint32_t m, unsigned n, unsigned align, unsigned *length)
{
    unsigned best = 32;
    *length = 33;
    for (unsigned at = 0; at + n <= 32; at += align) {
        unsigned from = at, end = at;
        while (from && m >> (from - 1) & 1)
            from--;
        while (end < 32 && m >> end & 1)
            end++;
        if (end >= at + n && end - from < *length) {
            *length = end - from;
            best = at;
        }
    }
    return best;
}

static void masks(void)
{
    size_t wrong = 0;
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        uint32_t m = (uint32_t)next_random(&random) | (uint32_t)next_random(&random);
        unsigned longest = 0, length[2];
        for (unsigned n = 1; n <= 32; n++) {
            longest = shortest(m, n, 1, &length[0]) < 32 ? n : longest;
            for (unsigned align = 1; align <= 16; align *= 4)
                wrong += shortest(m, n, align, &length[0]) != tightest_run(m, n, align, &length[1]) || length[0] != length[1];
        }
        wrong += longest != longest_run(m);
    }
    ok(!wrong, "the tightest run of free slabs is found");
    unsigned length;
    ok(tightest_run(UINT32_MAX, 32, 1, &length) == 0 && length == 32 && tightest_run(0, 1, 1, &length) == 32
           && longest_run(UINT32_MAX) == 32 && longest_run(0) == 0, "and at the ends");
}

static void pools(void)
{
    static struct slab slab[10];
    struct pool pool = {0};
    bool warm;
    for (int i = 0; i < 10; i++)
        hak_pool_put(&pool, &slab[i], 4);
    ok(pool.warm == 4 && slab[3].list == LIST_WARM && slab[4].list == LIST_COLD, "four slabs stay warm, the rest is cold");
    hak_pool_demote(&pool, &slab[3]);
    ok(hak_pool_take(&pool, &warm) == &slab[2] && warm, "the slab that came last is taken first, a demoted one not");
    hak_pool_remove(&pool, &slab[7]);
    int left = 0;
    bool order = true, was_warm = true;
    for (struct slab *s; (s = hak_pool_take(&pool, &warm)); left++) {
        order = order && (was_warm || !warm) && s->list == LIST_NONE;
        was_warm = warm;
    }
    ok(left == 8 && order && pool.warm == 0 && !pool.first[0] && !pool.last[1], "warm slabs come before cold, none is lost");
}

static void parcels(void)
{
    static uint64_t block[2][2];
    hak_inbox in = NULL;
    unsigned n = 0, m = 0, none = 0;
    parcel_push(&in, block[0], 1);
    parcel_push(&in, block[1], UINT16_MAX);
    void *first = inbox_take(&in), *second = parcel_next(first, &n), *end = parcel_next(second, &m);
    ok(first == block[1] && n == UINT16_MAX && second == block[0] && m == 1 && !end, "a parcel knows its blocks and the next");
    ok(!inbox_take(&in), "and an inbox is empty once it was taken");
    parcel_link(block[0], (void *)(uintptr_t)0x7ffffffffff0, 7);
    ok(parcel_next(block[0], &none) == (void *)(uintptr_t)0x7ffffffffff0 && none == 7, "the highest address leaves the count");
}

static void outboxes(void)
{
    static struct heap h;
    size_t wrong = 0;
    for (uint32_t id = 1; id < 100; id++)
        for (uint32_t c = 0; c < NCLASS; c++)
            wrong += outbox_of(&h, id << TAG_SHIFT | c * 16) != &h.out[id % OUTBOXES][c];
    for (uint32_t tag = 0; tag < 1u << TAG_SHIFT; tag++) /* what is no tag of a heap finds no outbox in use */
        wrong += outbox_of(&h, tag)->tag == tag && tag;
    ok(!wrong, "a tag's low bits name the outbox");
}

/* n blocks of class c as a chain, and their slab, of which they are all that is used. */
static struct slab *some_blocks(struct heap *h, unsigned c, int32_t n, void **chain)
{
    struct slab *s = hak_slab_new(h, c);
    *chain = NULL;
    while (s && s->used < n)
        s->used = (uint16_t)(s->used + hak_slab_carve(s, n - s->used, chain));
    if (s)
        s->list = LIST_CURRENT;
    return s;
}

static void slabs(void)
{
    enum { N = 200, C = 5 };
    struct heap *h = hak_thread_heap();
    void *chain[2], *mixed = NULL, *p[2][N];
    struct slab *s[2] = {some_blocks(h, C, N, &chain[0]), some_blocks(h, C, N, &chain[1])};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < N; i++, chain[k] = next_block(chain[k]))
            p[k][i] = chain[k];
    for (int i = 0; i < N; i++) /* runs of the one and the other */
        for (int k = 0; k < 2; k++)
            if (i % (3 + k)) {
                set_next_block(p[k][i], mixed);
                mixed = p[k][i];
            }
    hak_heap_put(h, mixed, 2 * N, C);
    ok(s[0]->used == (N + 2) / 3 && s[1]->used == N / 4, "blocks that come in one chain find their slabs");
    void *back = NULL;
    bool ascending = true;
    int32_t got = hak_slab_take_freed(h, s[0], 10, &back) + hak_slab_take_freed(h, s[0], N, &back);
    int32_t linked = 0;
    for (void *b = back; b; b = next_block(b), linked++)
        ascending = ascending && (!next_block(b) || next_block(b) > b || linked == N - (N + 2) / 3 - 11);
    ok(got == N - (N + 2) / 3 && linked == got && ascending, "freed blocks come back once, in the order of addresses");
    hak_knobs.random_order = 1;
    back = NULL;
    got = hak_slab_take_freed(h, s[1], N, &back);
    hak_knobs.random_order = 0;
    int32_t falls = linked = 0;
    for (void *b = back; b; b = next_block(b), linked++)
        falls += next_block(b) && next_block(b) < b;
    uint64_t left = 0;
    for (unsigned w = 0; w < (s[1]->capacity + 63u) / 64; w++)
        left |= s[1]->bits[w];
    ok(got == N - N / 4 && linked == got && falls > 20 && !left, "or in no order, with HAKMEM_RANDOM_ORDER");
}

enum { CROWD = 12 };
static pthread_barrier_t together;

static void *use_and_end(void *arg)
{
    void *p[100];
    for (int i = 0; i < 100; i++)
        p[i] = hakmem_malloc(200);
    for (int i = 0; i < 100; i++)
        hakmem_free(p[i]);
    pthread_barrier_wait(&together);
    return arg;
}

/* Batches of C5 that went to lists and came back from them while n threads lived and died. */
static void crowd(unsigned n, size_t *refills, size_t *flushes)
{
    struct hakmem_stats before, after;
    pthread_t thread[CROWD];
    hakmem_stats(&before);
    pthread_barrier_init(&together, NULL, n);
    for (unsigned i = 0; i < n; i++)
        if (pthread_create(&thread[i], NULL, use_and_end, NULL))
            abort();
    for (unsigned i = 0; i < n; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&together);
    hakmem_stats(&after);
    *refills = after.band[5].refills - before.band[5].refills;
    *flushes = after.band[5].flushes - before.band[5].flushes;
}

static size_t flushes_by(void (*tidy)(void))
{
    struct hakmem_stats before, after;
    hakmem_stats(&before);
    tidy();
    hakmem_stats(&after);
    return after.band[5].flushes - before.band[5].flushes;
}

static void age(void)
{
    hak_orphans_age(hak_os_clock_ms() + (uint64_t)hak_knobs.purge_ms);
}

static void heirs(void)
{
    size_t refills, flushes;
    crowd(1, &refills, &flushes);
    ok(refills && !flushes, "a thread that ends leaves its lists as they are");
    crowd(1, &refills, &flushes);
    ok(!refills && !flushes, "the next one finds its blocks in them");
    ok(flushes_by(age) == 1, "and when there is no next one, they are given back in time");
    crowd(CROWD, &refills, &flushes);
    ok(flushes == CROWD - 8, "no more than eight threads leave lists");
    ok(flushes_by(hak_orphans_trim) == 8 && flushes_by(hak_orphans_trim) == 0, "which a trim gives back");
    hak_knobs.purge_ms = 0;
    crowd(1, &refills, &flushes);
    hak_knobs.purge_ms = 500;
    ok(flushes == 1, "with HAKMEM_PURGE_MS=0 none does");
}

static void knobs(void)
{
    size_t wrong = 0;
    for (size_t i = 0; i < hak_knob_count; i++) {
        const struct knob *k = &hak_knob_table[i];
        const char *at = (const char *)&hak_knobs + k->offset;
        wrong += k->type == KNOB_PATH ? *(const char *const *)(const void *)at != NULL
                                      : *(const long *)(const void *)at != k->def;
        wrong += k->type != KNOB_PATH && (k->def < k->low || k->def > k->high);
        wrong += strncmp(k->name, "HAKMEM_", 7) != 0 || !*k->help;
    }
    ok(!wrong, "the defaults in force are those of the table, and in range");
}

int main(void)
{
    classes();
    bands();
    aligned_classes();
    quotient();
    masks();
    pools();
    parcels();
    outboxes();
    slabs();
    heirs();
    knobs();
    return done_testing();
}
