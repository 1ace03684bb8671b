/* The n-th request to the system fails, for every n of a scenario: the caller gets ENOMEM or a block, nothing is
 * lost or damaged, and the same scenario passes afterwards. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hakmem.h"
#include "os.h"
#include "space.h"
#include "tap.h"

#define BLOCKS 600

static struct {
    unsigned char *p;
    size_t n;
} block[BLOCKS];
static int refused, damaged, wrong_errno;

static void put(int i, size_t n)
{
    errno = 0;
    unsigned char *p = i % 7 == 3 ? hakmem_calloc(1, n) : i % 11 == 5 ? hakmem_memalign(4096, n) : hakmem_malloc(n);
    if (!p) {
        refused++;
        wrong_errno += errno != ENOMEM;
        return;
    }
    memset(p, i & 255, n);
    block[i].p = p;
    block[i].n = n;
}

static void check(int i)
{
    for (size_t k = 0; k < block[i].n; k += k < 64 ? 1 : 61)
        if (block[i].p[k] != (i & 255)) {
            damaged++;
            return;
        }
}

static void grow(int i, size_t n)
{
    if (!block[i].p)
        return;
    errno = 0;
    unsigned char *p = hakmem_realloc(block[i].p, n);
    if (!p) {
        refused++;
        wrong_errno += errno != ENOMEM;
        check(i);
        return;
    }
    block[i].p = p;
    block[i].n = block[i].n < n ? block[i].n : n;
    check(i);
    memset(p, i & 255, n);
    block[i].n = n;
}

/* A block of several mappings: spare memory of two sizes under it, and then it must move. */
static void pieces(void)
{
    static const size_t unit = UNIT_SIZE;
    void *spare[2] = { hakmem_malloc(3 * unit), hakmem_malloc(2 * unit) };
    hakmem_free(spare[0]);
    hakmem_free(spare[1]);
    put(1, 7 * unit); /* both, and fresh memory */
    void *wall = hakmem_malloc(30 * unit); /* right behind it */
    void *more = hakmem_malloc(4 * unit);
    hakmem_free(more);
    grow(1, 13 * unit);
    hakmem_free(wall);
    grow(1, 40 * unit);
    hakmem_free(block[1].p);
    block[1].p = NULL;
    block[1].n = 0;
}

/* Frees all blocks but every eighth, or those. */
static void give(bool rest)
{
    for (int i = 0; i < BLOCKS; i++)
        if (i % 8 || rest) {
            hakmem_free(block[i].p);
            block[i].p = NULL;
            block[i].n = 0;
        }
}

/* Small, medium, runs, huge; growth in place and by moving; frees; trimming, also of slabs that are partly in use. */
static void scenario(void)
{
    for (int i = 0; i < BLOCKS; i++)
        put(i, (size_t)(i % 5 == 0 ? 20000 : i % 40 == 7 ? 100000 : i % 150 == 9 ? 1500000 : 16 + i * 3));
    for (int i = 0; i < BLOCKS; i += 3)
        grow(i, block[i].n * 3 + 5);
    for (int i = 0; i < BLOCKS; i++)
        check(i);
    give(false);
    hakmem_trim(0);
    for (int i = 0; i < BLOCKS; i += 8)
        check(i);
    give(true);
    pieces();
    hakmem_trim(0);
}

static size_t mapped(void)
{
    struct hakmem_stats s;
    hakmem_stats(&s);
    return s.superslabs * UNIT_SIZE + s.large_bytes + s.cached_bytes;
}

static size_t live(void)
{
    struct hakmem_stats s;
    hakmem_stats(&s);
    size_t n = s.large_blocks;
    for (int b = 0; b < HAKMEM_BANDS; b++)
        n += s.band[b].blocks;
    return n;
}

/* 0 if a fresh process whose first system calls fail ends up working. */
static int fresh(unsigned long nth, bool forever)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        hak_os_fail_at(nth, forever);
        scenario();
        bool first = !damaged && !wrong_errno;
        hak_os_fail_at(0, false);
        refused = 0;
        scenario();
        _exit(first && !refused && !damaged ? 0 : 1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    return status;
}

int main(void)
{
    unsigned long before = hak_os_calls();
    int bad = 0, n = 0;
    /* Children first: in each, units, slabs and tables are still to be made. (The constructor has made the heap.) */
    for (n = 1; n <= 36; n++)
        bad += fresh((unsigned long)n, false) != 0;
    ok(!bad, "one call of the first 36 fails in a fresh process: it works on, and fully afterwards");
    bad = 0;
    for (n = 1; n <= 36; n += 3)
        bad += fresh((unsigned long)n, true) != 0;
    ok(!bad, "every call from the n-th on fails in a fresh process: ENOMEM, no crash, and it recovers");

    scenario();
    size_t base_mapped = mapped(), base_live = live();
    before = hak_os_calls();
    scenario();
    unsigned long calls = hak_os_calls() - before;
    ok(calls > 10 && !refused && !damaged, "the scenario makes system calls, and passes when none fails");
    int lost = 0, failures = 0;
    for (unsigned long k = 1; k <= calls + 2; k++) {
        refused = 0;
        hak_os_fail_at(k, false);
        scenario();
        hak_os_fail_at(0, false);
        failures += refused;
        scenario();
        lost += mapped() > base_mapped + UNIT_SIZE || live() != base_live;
    }
    diag("%lu calls; %d requests refused in all", calls, failures);
    ok(!damaged, "no block is damaged when the n-th call fails, for every n");
    ok(!wrong_errno, "every NULL comes with ENOMEM");
    ok(!lost, "nothing is lost: afterwards as much is mapped and live as before");
    bad = 0;
    for (unsigned long k = 1; k <= calls + 2; k += 3) {
        refused = 0;
        hak_os_fail_at(k, true);
        scenario();
        hak_os_fail_at(0, false);
        refused = 0;
        scenario();
        bad += refused != 0;
    }
    ok(!damaged && !wrong_errno && !bad, "every call from the n-th on fails, in a process that runs: the same, and it recovers");
    ok(failures > 0, "some of the failures did reach the caller");
    return done_testing();
}
