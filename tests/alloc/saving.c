/* Before memory grows: what a thread keeps for later, and what is idle in between, is used or given back first. */
#include <time.h>

#include "hakmem.h"
#include "knobs.h"
#include "space.h"
#include "tap.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static struct hakmem_stats now(void)
{
    struct hakmem_stats s;
    hakmem_stats(&s);
    return s;
}

enum { MANY = 4096 };
static char *block[MANY];

static void take(unsigned from, unsigned to, size_t bytes)
{
    for (unsigned i = from; i < to; i++)
        memset(block[i] = hakmem_malloc(bytes), 1, bytes);
}

static void give(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        hakmem_free(block[i]);
}

/* Four blocks fill a slab of either class. */
static void empty_slabs(void)
{
    hakmem_trim(0);
    take(0, 32, 16 * KIB);
    give(0, 32);
    size_t slabs = now().slabs;
    take(0, 20, 14 * KIB);
    ok(now().slabs == slabs, "an empty slab that a thread keeps for one class serves another class");
    take(20, 36, 14 * KIB);
    ok(now().slabs > slabs, "and when none is left, there are fresh ones");
    give(0, 36);
}

/* Fills units with blocks of so many bytes until the n-th fresh one is begun; the number of blocks. */
static unsigned fill_units(size_t n, size_t bytes)
{
    unsigned k = 0;
    for (size_t units = now().superslabs + n; now().superslabs < units; k++)
        take(k, k + 1, bytes);
    return k;
}

/* Two units full of runs of three slabs. */
static void kept_runs(void)
{
    hakmem_trim(0);
    unsigned n = fill_units(2, 160 * KIB) - 1;
    size_t units = now().superslabs - 1;
    give(n, n + 1);
    hakmem_trim(0);
    give(0, 8);
    take(0, 4, 300 * KIB);
    ok(now().superslabs == units, "kept runs are given back before a unit is mapped for others");
    give(0, 4);
    give(8, n);
}

/* A tight gap without pages in one unit, and a wide one with pages in another. */
static void dirty_first(void)
{
    hakmem_trim(0);
    long saved = hak_knobs.runs_kb;
    hak_knobs.runs_kb = 0;
    unsigned n = fill_units(2, 128 * KIB), m = n + 6;
    take(n, m, 128 * KIB);
    give(n - 8, n - 5);
    hakmem_trim(0);
    give(n, m);
    size_t before = now().resident_bytes;
    take(n, n + 3, 200 * KIB);
    ok(now().resident_bytes < before + 64 * KIB, "a run takes slabs that have pages before those that have none");
    take(n + 3, n + 4, 200 * KIB);
    ok(now().resident_bytes > before + 128 * KIB, "and those, where there are no others");
    give(0, n - 8);
    give(n - 5, n + 4);
    hak_knobs.runs_kb = saved;
}

/* All units are full, and every second slab is freed; then a run comes that fits into no gap. */
static void fragments(void)
{
    hakmem_trim(0);
    long saved = hak_knobs.runs_kb;
    hak_knobs.runs_kb = 0;
    unsigned n = fill_units(2, 64 * KIB), all = n + UNIT_SLABS - 1;
    take(n, all, 64 * KIB);
    for (unsigned i = 0; i < all; i += 2)
        hakmem_free(block[i]);
    struct hakmem_stats full = now();
    char *run = hakmem_malloc(900 * KIB);
    struct hakmem_stats after = now();
    ok(after.superslabs == full.superslabs + 1 && after.resident_bytes < full.resident_bytes - MIB,
       "what is free between others goes back to the system when a fresh unit is mapped");
    hakmem_free(run);
    for (unsigned i = 1; i < all; i += 2)
        hakmem_free(block[i]);
    hak_knobs.runs_kb = saved;
}

/* Half of the blocks of many slabs, the upper half of each group of `group`, so that pages become free. */
static void free_halves(unsigned all, unsigned group)
{
    for (unsigned i = 0; i < all; i++)
        if (i % group >= group / 2) {
            hakmem_free(block[i]);
            block[i] = NULL;
        }
}

static size_t damaged(unsigned all, size_t bytes)
{
    size_t n = 0;
    for (unsigned i = 0; i < all; i++)
        n += block[i] && (block[i][0] != 1 || memcmp(block[i], block[i] + 1, bytes - 1) != 0);
    return n;
}

static void give_rest(unsigned all)
{
    for (unsigned i = 0; i < all; i++)
        hakmem_free(block[i]);
}

/* Partly used slabs are thinned before a unit is mapped, once; what lives in them stays. */
static void thinned(void)
{
    enum { ALL = MANY, SIZE = 1000, FREED = ALL / 2 * SIZE };
    hakmem_trim(0);
    take(0, ALL, SIZE);
    free_halves(ALL, 32);
    struct hakmem_stats full = now();
    char *huge[3];
    for (int i = 0; i < 3; i++)
        huge[i] = hakmem_malloc(1000 * KIB); /* each maps a unit, sooner or later, and hardly touches it */
    struct hakmem_stats after = now();
    ok(after.thinned_bytes - full.thinned_bytes > FREED / 2, "pages of free blocks go back before a unit is mapped");
    ok(after.resident_bytes < full.resident_bytes - FREED / 2 && damaged(ALL, SIZE) == 0, "and only those");
    for (int i = 0; i < 3; i++)
        hakmem_free(huge[i]);
    for (unsigned i = 0; i < ALL; i++)
        if (!block[i])
            memset(block[i] = hakmem_malloc(SIZE), 1, SIZE);
    ok(damaged(ALL, SIZE) == 0 && now().superslabs <= full.superslabs + 1, "and their blocks can be had again");
    free_halves(ALL, 32);
    size_t before = now().thinned_bytes;
    hak_knobs.purge_pages = 0;
    hakmem_trim(0);
    ok(now().thinned_bytes == before, "HAKMEM_PURGE_PAGES=0: they stay");
    hak_knobs.purge_pages = 1;
    hakmem_trim(0);
    ok(now().thinned_bytes > before + FREED / 2 && damaged(ALL, SIZE) == 0, "trimming gives them back, too");
    before = now().thinned_bytes;
    hakmem_trim(0);
    ok(now().thinned_bytes == before, "but not those that are gone already");
    give_rest(ALL);
}

/* Light use of another class, for as long as a few sweeps take. */
static void swept(void)
{
    enum { ALL = MANY, SIZE = 1000, FREED = ALL / 2 * SIZE };
    hakmem_trim(0);
    take(0, ALL, SIZE);
    free_halves(ALL, 32);
    size_t before = now().thinned_bytes;
    hak_knobs.purge_ms = 20;
    for (int i = 0; i < 4; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        for (int k = 0; k < 200; k++)
            hakmem_free(hakmem_malloc(100 * KIB));
    }
    hak_knobs.purge_ms = 3600000;
    ok(now().thinned_bytes - before > FREED / 2, "slabs in which nothing moves are thinned after HAKMEM_PURGE_MS");
    ok(damaged(ALL, SIZE) == 0, "and what lives in them stays");
    give_rest(ALL);
}

int main(void)
{
    char *stay = hakmem_malloc(100); /* so that there is a unit in use */
    hak_knobs.purge_ms = 3600000; /* nothing goes back for its age */
    hak_knobs.huge_pages = 0;
    empty_slabs();
    kept_runs();
    dirty_first();
    fragments();
    thinned();
    swept();
    hakmem_free(stay);
    return done_testing();
}
