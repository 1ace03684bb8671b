/* The pure parts and the tables, against their own rules. */
#include "bits.h"
#include "heap.h"
#include "knobs.h"
#include "pool.h"
#include "sizeclass.h"
#include "tap.h"

static void classes(void)
{
    size_t wrong = 0, table = 0, slack = 0;
    for (size_t n = 0; n <= SMALL_MAX; n++) {
        unsigned c = class_of(n);
        wrong += c >= NCLASS || class_size(c) < n || (c && class_size(c - 1) >= n);
        if (n <= FAST_MAX)
            table += hak_front.offset[(n + 15) / 16] != c * 16;
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

static void reciprocal(void)
{
    size_t wrong = 0;
    for (unsigned c = 0; c < NCLASS; c++) {
        uint64_t size = class_size(c), recip = (((uint64_t)1 << 40) + size - 1) / size;
        for (uint64_t off = 0; off < class_span(c) * SLAB_SIZE; off++)
            wrong += (off * recip >> 40) != off / size;
    }
    ok(!wrong, "the reciprocal divides every offset in a span exactly");
}

static void masks(void)
{
    size_t wrong = 0;
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        uint32_t m = (uint32_t)next_random(&random) | (uint32_t)next_random(&random);
        unsigned longest = 0;
        for (unsigned n = 1; n <= 32; n++) {
            uint32_t starts = 0;
            for (unsigned at = 0; at + n <= 32; at++)
                if ((m & mask32(at, n)) == mask32(at, n))
                    starts |= 1u << at;
            longest = starts ? n : longest;
            wrong += starts != run_starts(m, n);
        }
        wrong += longest != longest_run(m);
    }
    ok(!wrong, "runs of free slabs are found where they are");
    ok(run_starts(UINT32_MAX, 32) == 1 && longest_run(UINT32_MAX) == 32 && longest_run(0) == 0, "and at the ends");
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
    reciprocal();
    masks();
    pools();
    knobs();
    return done_testing();
}
