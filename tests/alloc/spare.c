/* Huge blocks and the spare memory between them: reused, moved to where it is wanted, zeroed where it must be, bounded,
 * and given back; with requests to the system that fail. */
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hakmem.h"
#include "knobs.h"
#include "os.h"
#include "space.h"
#include "tap.h"

#define MIB ((size_t)1 << 20)

static struct hakmem_stats now(void)
{
    struct hakmem_stats s;
    hakmem_stats(&s);
    return s;
}

/* Writes to every page. */
static unsigned char *touch(unsigned char *p, size_t bytes, unsigned char with)
{
    for (size_t i = 0; i < bytes; i += 4096)
        p[i] = with;
    return p;
}

static unsigned char *take(size_t bytes, unsigned char with)
{
    return touch(hakmem_malloc(bytes), bytes, with);
}

/* Pages of [p, p + bytes) whose first byte is not `with`. */
static size_t differ(const unsigned char *p, size_t bytes, unsigned char with)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i += 4096)
        n += p[i] != with;
    return n;
}

static bool all_zero(const unsigned char *p, size_t bytes)
{
    return p[0] == 0 && memcmp(p, p + 1, bytes - 1) == 0;
}

static void reuse(void)
{
    hakmem_trim(0);
    unsigned char *p = take(8 * MIB, 1);
    struct hakmem_stats before = now();
    hakmem_free(p);
    ok(now().cached_bytes == before.cached_bytes + 8 * MIB, "the memory of a freed huge block is spare");
    unsigned char *q = hakmem_malloc(6 * MIB);
    ok(q == p && now().spare_hits == before.spare_hits + 1 && now().spare_reused == before.spare_reused + 6 * MIB,
       "the next block is cut from it, and the statistics say so");
    ok(now().cached_bytes == before.cached_bytes + 2 * MIB, "what it does not need stays spare");
    hakmem_free(q);
    ok(now().cached_bytes == before.cached_bytes + 8 * MIB, "neighbours are joined again");
    q = hakmem_calloc(1, 8 * MIB);
    ok(q == p && all_zero(q, 8 * MIB), "calloc zeroes what was used before");
    hakmem_free(q);
}

/* Four spare stretches with blocks between them: no one of them is large enough. */
static void pieces(void)
{
    hakmem_trim(0);
    unsigned char *gap[4], *wall[4];
    for (int i = 0; i < 4; i++) {
        gap[i] = take(8 * MIB, 2);
        wall[i] = take(2 * MIB, 3);
    }
    for (int i = 0; i < 4; i++)
        hakmem_free(gap[i]);
    struct hakmem_stats before = now();
    unsigned char *p = take(30 * MIB, 4);
    struct hakmem_stats after = now();
    ok(p && after.spare_reused == before.spare_reused + 30 * MIB, "a block takes the pages of four stretches");
    ok(after.resident_bytes < before.resident_bytes + MIB, "so the process does not grow");
    ok(after.cached_bytes == before.cached_bytes - 30 * MIB, "and what is left stays spare");
    size_t wrong = 0;
    for (int i = 0; i < 4; i++)
        wrong += differ(wall[i], 2 * MIB, 3);
    ok(!wrong && !differ(p, 30 * MIB, 4), "its neighbours keep their contents");
    p = hakmem_realloc(p, 90 * MIB);
    ok(p && !differ(p, 30 * MIB, 4), "it can be moved as a whole");
    hakmem_free(p);
    before = now();
    p = hakmem_calloc(1, 120 * MIB);
    ok(p && all_zero(p, 120 * MIB) && now().spare_hits > before.spare_hits, "calloc of old and fresh pages is zero");
    hakmem_free(p);
    for (int i = 0; i < 4; i++)
        hakmem_free(wall[i]);
}

enum { COPIED = 4 }; /* units */

static bool numbered(const unsigned char *p)
{
    size_t wrong = 0;
    for (int i = 0; i < COPIED; i++)
        wrong += p[i * UNIT_SIZE] != i + 1;
    return !wrong;
}

/* A block of two mappings of which a page in each unit is in use, and a wall behind it. */
static unsigned char *sparse_block(void **wall)
{
    void *gap[2], *between[2];
    for (int i = 0; i < 2; i++) {
        gap[i] = hakmem_malloc(COPIED / 2 * UNIT_SIZE);
        between[i] = hakmem_malloc(UNIT_SIZE);
    }
    hakmem_free(gap[0]);
    hakmem_free(gap[1]);
    unsigned char *p = hakmem_malloc(COPIED * UNIT_SIZE);
    *wall = hakmem_malloc(30 * UNIT_SIZE);
    hakmem_free(between[0]);
    hakmem_free(between[1]);
    for (int i = 0; p && i < COPIED; i++)
        p[i * UNIT_SIZE] = (unsigned char)(i + 1);
    return p;
}

enum { WHOLE = 1, BACK = 2 };

/* The growth of such a block, of which every call from the n-th on fails. BACK: some units had moved already when the
 * place for the next was lost, and were copied back, which makes all of their pages resident. */
static int grow_refused(unsigned n)
{
    void *wall;
    unsigned char *p = sparse_block(&wall);
    size_t before = now().resident_bytes;
    hak_os_fail_at(n, true);
    unsigned char *q = hakmem_realloc(p, 20 * UNIT_SIZE);
    hak_os_fail_at(0, false);
    bool back = !q && now().resident_bytes > before + UNIT_SIZE - 64 * 1024;
    return (numbered(q ? q : p) ? WHOLE : 0) | (back ? BACK : 0);
}

/* In children, because what the system refuses to unmap stays in the way. */
static void copied_back(void)
{
    size_t whole = 0, back = 0;
    hakmem_trim(0);
    fflush(stdout);
    for (unsigned n = 1; n <= 4 * COPIED; n++) {
        pid_t child = fork();
        if (child == 0)
            _exit(grow_refused(n));
        int status = 0;
        waitpid(child, &status, 0);
        whole += WIFEXITED(status) && WEXITSTATUS(status) & WHOLE;
        back += WIFEXITED(status) && WEXITSTATUS(status) & BACK;
    }
    ok(whole == 4 * COPIED, "a growth whose calls fail from the n-th on leaves the block's contents, for every n");
    ok(back == COPIED - 1, "also where one to all but one of its units had moved and were copied back");
}

static void growth(void)
{
    hakmem_trim(0);
    unsigned char *p = take(4 * MIB, 5), *q = take(16 * MIB, 6);
    hakmem_free(q);
    struct hakmem_stats before = now();
    unsigned char *grown = hakmem_realloc(p, 12 * MIB);
    ok(grown && !differ(grown, 4 * MIB, 5) && now().spare_reused == before.spare_reused + 8 * MIB,
       "realloc grows over spare memory");
    touch(grown, 12 * MIB, 7);
    ok(now().resident_bytes < before.resident_bytes + MIB, "without asking for fresh pages");
    grown = hakmem_realloc(grown, 6 * MIB);
    ok(now().large_bytes == before.large_bytes + 2 * MIB && !differ(grown, 6 * MIB, 7),
       "realloc to less makes the rest spare");
    hakmem_free(grown);
}

static void superslabs(void)
{
    hakmem_trim(0);
    void *run[64];
    hakmem_free(take(2 * MIB, 1));
    size_t units = now().superslabs, resident = 0;
    int n = 0;
    for (; now().superslabs == units; n++) {
        resident = now().resident_bytes;
        run[n] = hakmem_malloc(500000);
    }
    ok(now().resident_bytes + MIB < resident, "a huge block's memory that becomes a superslab starts without pages");
    while (n)
        hakmem_free(run[--n]);
    for (int i = 0; i < 64; i++)
        run[i] = take(500000, 8);
    struct hakmem_stats before = now();
    for (int i = 0; i < 64; i++)
        hakmem_free(run[i]);
    hakmem_free(hakmem_malloc(100)); /* where frees are held back for a moment, they end here */
    size_t gone = before.superslabs - now().superslabs;
    ok(gone >= 8 && now().cached_bytes >= before.cached_bytes + gone * UNIT_SIZE, "a superslab that is empty is spare");
    before = now();
    unsigned char *p = take(16 * MIB, 9);
    ok(now().resident_bytes < before.resident_bytes + MIB && now().spare_hits > before.spare_hits,
       "and becomes part of a huge block");
    hakmem_free(p);
    before = now();
    for (int i = 0; i < 40; i++)
        run[i] = take(500000, 10);
    ok(now().resident_bytes < before.resident_bytes + MIB, "and a superslab again");
    unsigned char *zero = hakmem_calloc(1, 900000);
    ok(zero && all_zero(zero, 900000), "where calloc knows that it was used");
    hakmem_free(zero);
    for (int i = 0; i < 40; i++)
        hakmem_free(run[i]);
}

static void bounded(void)
{
    hakmem_trim(0);
    long saved = hak_knobs.spare_mb;
    size_t in_use = now().superslabs * UNIT_SIZE + now().large_bytes;
    unsigned char *block[12];
    hak_knobs.spare_mb = 40;
    for (int i = 0; i < 12; i++)
        block[i] = take(10 * MIB, 11);
    size_t purged = now().purged_bytes, full = now().resident_bytes, most = 0;
    for (int i = 0; i < 12; i++) {
        hakmem_free(block[i]);
        struct hakmem_stats s = now();
        size_t live = s.superslabs * UNIT_SIZE + s.large_bytes, limit = live > 40 * MIB ? live : 40 * MIB;
        most = s.cached_bytes > limit ? s.cached_bytes - limit : most;
    }
    ok(!most, "no more is spare than is in use, or HAKMEM_SPARE_MB");
    ok(in_use > 40 * MIB || (now().cached_bytes == 40 * MIB && now().purged_bytes >= purged + 80 * MIB),
       "the rest went back");
    ok(now().resident_bytes + 70 * MIB < full, "and is not resident any more");
    hak_knobs.spare_mb = 0;
    hakmem_free(hakmem_malloc(4 * MIB));
    ok(!now().cached_bytes, "with HAKMEM_SPARE_MB=0 nothing is kept");
    hak_knobs.spare_mb = saved;
}

static void purged(void)
{
    long saved = hak_knobs.purge_ms;
    hak_knobs.purge_ms = 40;
    unsigned char *p = take(60 * MIB, 12);
    size_t full = now().resident_bytes;
    hakmem_free(p);
    ok(now().resident_bytes + MIB > full && now().cached_bytes >= 60 * MIB, "freed memory stays for a while");
    nanosleep(&(struct timespec){.tv_nsec = 120000000}, NULL);
    hakmem_free(hakmem_malloc(2 * MIB));
    ok(now().resident_bytes + 55 * MIB < full && now().cached_bytes <= 2 * MIB,
       "after HAKMEM_PURGE_MS the next call gives it back");
    hak_knobs.purge_ms = saved;
}

/* ---- at random, with a shadow ---- */

enum { SLOTS = 24 };
static struct {
    unsigned char *p;
    size_t bytes;
    unsigned char with;
} slot[SLOTS];
static size_t damaged, dirty;

static void drop(int i)
{
    if (slot[i].p)
        damaged += differ(slot[i].p, slot[i].bytes, slot[i].with) != 0;
    hakmem_free(slot[i].p);
    slot[i].p = NULL;
}

static void step(uint64_t *random)
{
    uint64_t r = next_random(random);
    int i = (int)(r % SLOTS);
    size_t bytes = (size_t)1 << (15 + (r >> 8) % 8);
    bytes += next_random(random) % bytes;
    unsigned char with = (unsigned char)(r >> 20 | 1);
    unsigned what = (r >> 32) % 8;
    unsigned char *p;
    if (what < 3 && slot[i].p) {
        if (!(p = hakmem_realloc(slot[i].p, bytes)))
            return;
        slot[i].p = p;
        slot[i].bytes = slot[i].bytes < bytes ? slot[i].bytes : bytes;
        damaged += differ(p, slot[i].bytes, slot[i].with) != 0;
    } else {
        drop(i);
        p = what == 3 ? hakmem_calloc(1, bytes) : what == 4 ? hakmem_memalign((size_t)1 << (16 + r % 8), bytes)
                                                           : hakmem_malloc(bytes);
        if (!p)
            return;
        dirty += what == 3 && !all_zero(p, bytes);
        slot[i].p = p;
    }
    slot[i].bytes = bytes;
    slot[i].with = with;
    touch(p, bytes, with);
}

static void at_random(void)
{
    uint64_t random = 7;
    for (int i = 0; i < 4000; i++)
        step(&random);
    ok(!damaged && !dirty, "4000 blocks at random keep their contents, and calloc's are zero");
    unsigned long before = hak_os_calls();
    for (int i = 0; i < 2000; i++) {
        if (i % 5 == 0)
            hak_os_fail_at(1 + next_random(&random) % 6, i % 15 == 0);
        step(&random);
        if (i % 5 == 3)
            hak_os_fail_at(0, false);
        if (i % 16 == 9)
            hakmem_trim(0);
    }
    hak_os_fail_at(0, false);
    ok(hak_os_calls() > before + 800 && !damaged && !dirty, "also when the system refuses now and then");
    for (int i = 0; i < SLOTS; i++)
        drop(i);
    hakmem_trim(0);
    ok(!damaged && !now().large_blocks && !now().cached_bytes, "at the end all of it goes back");
}

int main(void)
{
    hak_knobs.purge_ms = 3600000; /* however slow the machine is */
    reuse();
    pieces();
    copied_back();
    growth();
    superslabs();
    bounded();
    purged();
    at_random();
    return done_testing();
}
