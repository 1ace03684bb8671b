/* Blocks of 32 KiB to 1 MiB: a thread keeps those that it freed, bounded, and gives them back when it does not use them,
 * when it ends, and when they are in the way of others. */
#include <pthread.h>
#include <time.h>

#include "hakmem.h"
#include "knobs.h"
#include "space.h"
#include "tap.h"

#define KIB ((size_t)1 << 10)

static struct hakmem_stats now(void)
{
    struct hakmem_stats s;
    hakmem_stats(&s);
    return s;
}

static void reuse(void)
{
    char *p = hakmem_malloc(100 * KIB);
    memset(p, 1, 100 * KIB);
    size_t hits = now().run_hits, slabs = now().slabs;
    hakmem_free(p);
    ok(now().slabs == slabs, "a freed run stays with its thread");
    char *q = hakmem_calloc(1, 110 * KIB);
    ok(q == p && now().run_hits == hits + 1, "and is the next of its length");
    ok(q[0] == 0 && memcmp(q, q + 1, 110 * KIB - 1) == 0, "zeroed if calloc asks");
    hakmem_free(q);
    q = hakmem_memalign(64 * KIB, 100 * KIB);
    ok(q == p, "also for alignments that every run has");
    char *other = hakmem_malloc(100 * KIB);
    ok(other != q && now().run_hits == hits + 2, "one run is handed out once");
    hakmem_free(q);
    hakmem_free(other);
    char *big = hakmem_memalign(256 * KIB, 100 * KIB);
    ok((uintptr_t)big % (256 * KIB) == 0, "larger alignments are met");
    hakmem_free(big);
    hakmem_trim(0);
}

static size_t free_many(size_t bytes)
{
    void *p[60];
    for (int i = 0; i < 60; i++)
        p[i] = hakmem_malloc(bytes);
    size_t full = now().slabs;
    for (int i = 0; i < 60; i++)
        hakmem_free(p[i]);
    return full - now().slabs; /* slabs that came back */
}

static void bounded(void)
{
    size_t most = (size_t)hak_knobs.runs_kb * KIB / SLAB_SIZE;
    ok(free_many(256 * KIB) == 60 * 4 - most, "a thread keeps HAKMEM_RUNS_KB and no more");
    size_t hits = now().run_hits;
    free_many(128 * KIB);
    hits = now().run_hits;
    free_many(128 * KIB);
    ok(now().run_hits - hits > most / 2 - 4, "a length that is not asked for any more makes room");
    hakmem_trim(0);
    size_t slabs = now().slabs;
    long saved = hak_knobs.runs_kb;
    hak_knobs.runs_kb = 0;
    hakmem_free(hakmem_malloc(128 * KIB));
    ok(now().slabs == slabs, "with HAKMEM_RUNS_KB=0 a thread keeps none");
    hak_knobs.runs_kb = saved;
}

static void *in_thread(void *p)
{
    hakmem_free(hakmem_malloc(10));
    hakmem_free(p);
    return (void *)(uintptr_t)now().slabs;
}

static void threads(void)
{
    hakmem_trim(0);
    void *p = hakmem_malloc(900 * KIB), *seen = NULL;
    pthread_t thread;
    size_t with = now().slabs;
    if (pthread_create(&thread, NULL, in_thread, p) != 0 || pthread_join(thread, &seen) != 0)
        ok(false, "a thread can be made");
    ok((uintptr_t)seen >= with, "whoever frees a run keeps it");
    ok(now().slabs <= with - 14, "and gives it back when it ends");
}

static void growth(void)
{
    hakmem_trim(0);
    char *p = hakmem_malloc(100 * KIB);
    memset(p, 7, 100 * KIB);
    size_t slabs = now().slabs;
    char *q = hakmem_realloc(p, 500 * KIB);
    ok(q == p && now().slabs == slabs + 6 && hakmem_usable_size(q) == 512 * KIB, "a run grows over free slabs behind it");
    memset(q + 100 * KIB, 8, 400 * KIB);
    char *wall = NULL, *other[40];
    int n = 0;
    while (n < 40 && wall != q + 512 * KIB)
        wall = other[n++] = hakmem_malloc(64 * KIB);
    ok(wall == q + 512 * KIB, "what follows then is another's");
    memset(wall, 9, 64 * KIB);
    p = hakmem_realloc(q, 600 * KIB);
    size_t wrong = 0;
    for (size_t i = 0; p && i < 500 * KIB; i++)
        wrong += p[i] != (i < 100 * KIB ? 7 : 8);
    ok(p && p != q && !wrong, "and the run moves");
    ok(wall[0] == 9 && wall[64 * KIB - 1] == 9, "and leaves its neighbour alone");
    hakmem_free(p);
    while (n)
        hakmem_free(other[--n]);
    hakmem_trim(0);
    ok(now().slabs <= slabs, "all slabs come back");
}

/* Is there a kept run of this size? Takes it, if so. */
static bool kept(size_t bytes)
{
    size_t hits = now().run_hits;
    void *p = hakmem_malloc(bytes);
    bool was = now().run_hits > hits;
    long saved = hak_knobs.runs_kb;
    hak_knobs.runs_kb = 0;
    hakmem_free(p);
    hak_knobs.runs_kb = saved;
    return was;
}

static void swept(void)
{
    long saved = hak_knobs.purge_ms;
    hakmem_trim(0);
    hakmem_free(hakmem_malloc(900 * KIB));
    for (int i = 0; i < 1000; i++)
        hakmem_free(hakmem_malloc(100 * KIB));
    ok(kept(900 * KIB), "a kept run waits");
    hakmem_free(hakmem_malloc(900 * KIB));
    hak_knobs.purge_ms = 20;
    for (int round = 0; round < 3; round++) {
        nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
        for (int i = 0; i < 200; i++)
            hakmem_free(hakmem_malloc(100 * KIB));
    }
    ok(kept(100 * KIB), "while its length is in use");
    ok(!kept(900 * KIB), "and goes back when HAKMEM_PURGE_MS have passed without");
    hak_knobs.purge_ms = saved;
    hakmem_trim(0);
}

/* Huge pages are for programs that touch what they ask for. First of all tests, with nothing in use. */
static void huge_pages(void)
{
    enum { N = 300 };
    static char *p[N];
    size_t bytes = 250 * KIB, before = now().resident_bytes;
    for (int i = 0; i < N; i++)
        *(p[i] = hakmem_malloc(bytes)) = 1;
    ok(!now().huge_asked && now().resident_bytes < before + N * bytes / 16,
       "blocks that are hardly touched get no huge pages");
    for (int i = 0; i < N; i++)
        hakmem_free(p[i]);
    hakmem_trim(0);
    for (int i = 0; i < N; i++)
        memset(p[i] = hakmem_malloc(bytes), 1, bytes);
    size_t asked = now().huge_asked;
    ok(asked > N * bytes / 2, "blocks that are filled get them");
    for (int i = 0; i < N; i++)
        hakmem_free(p[i]);
    hakmem_trim(0);
    hak_knobs.huge_pages = 0;
    for (int i = 0; i < N; i++)
        memset(p[i] = hakmem_malloc(bytes), 1, bytes);
    ok(now().huge_asked == asked, "with HAKMEM_HUGE_PAGES=0 none are asked for");
    hak_knobs.huge_pages = 1;
    for (int i = 0; i < N; i++)
        hakmem_free(p[i]);
    hakmem_trim(0);
}

int main(void)
{
    hak_knobs.purge_ms = 3600000; /* however slow the machine is */
    huge_pages();
    reuse();
    bounded();
    threads();
    growth();
    swept();
    return done_testing();
}
