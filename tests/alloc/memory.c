/* Memory given back, limits met, nothing wasted. Runs over every build, like contract.c. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define MIB ((size_t)1 << 20)

static size_t resident(void)
{
    size_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*u %zu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return pages * 4096;
}

/* Runs body in a child; its exit status. */
static int in_child(int (*body)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(body());
    int status = -1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Until memory is out, then gives half back and goes on. */
static int under_a_limit(void)
{
    struct rlimit limit = {.rlim_cur = 400 * MIB, .rlim_max = 400 * MIB};
    static void *block[2000];
    int got = 0, again = 0;
    if (setrlimit(RLIMIT_AS, &limit))
        return 9;
    errno = 0;
    while (got < 2000 && (block[got] = malloc(MIB)))
        memset(block[got++], 1, MIB);
    if (got == 2000 || got < 100 || errno != ENOMEM)
        return 1;
    void *small[64];
    int n = 0;
    while (n < 64 && (small[n] = malloc(100)))
        n++;
    for (int i = 0; i < got; i += 2)
        free(block[i]);
    for (int i = 0; i < got; i += 2)
        if ((block[i] = malloc(MIB)))
            again++;
    if (again < got / 2 - 8)
        return 2;
    for (int i = 0; i < got; i++)
        free(block[i]);
    char *p = malloc(100 * MIB);
    if (!p)
        return 3;
    p = realloc(p, 3000 * MIB);
    return p ? 4 : errno == ENOMEM ? 0 : 5;
}

/* Many small blocks to the limit: the same, in blocks of all sizes. */
static int small_under_a_limit(void)
{
    struct rlimit limit = {.rlim_cur = 200 * MIB, .rlim_max = 200 * MIB};
    unsigned seed = 5;
    void *list = NULL;
    size_t n = 0;
    if (setrlimit(RLIMIT_AS, &limit))
        return 9;
    for (;; n++) {
        void *p = malloc(16 + next(&seed) % 2000);
        if (!p)
            break;
        *(void **)p = list;
        list = p;
    }
    if (errno != ENOMEM || n < 50000)
        return 1;
    while (list) {
        void *p = list;
        list = *(void **)p;
        free(p);
    }
    for (size_t i = 0; i < n * 9 / 10; i++) {
        void *p = malloc(16 + next(&seed) % 2000);
        if (!p)
            return 2;
        *(void **)p = list;
        list = p;
    }
    return 0;
}

static int locked(void)
{
    if (mlockall(MCL_CURRENT | MCL_FUTURE))
        return 9;
    for (int i = 0; i < 3; i++) {
        void *p[1000];
        for (int k = 0; k < 1000; k++)
            memset(p[k] = malloc(5000), 1, 5000);
        for (int k = 0; k < 1000; k++)
            free(p[k]);
        malloc_trim(0);
        free(calloc(1, 3 * MIB));
    }
    return 0;
}

static void nap(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

enum { MANY = 300000 };
static void *many[MANY];

static void returned(void)
{
    unsigned seed = 1;
    size_t before = resident();
    for (int i = 0; i < MANY; i++) {
        size_t n = 16 + next(&seed) % 2048;
        memset(many[i] = malloc(n), 1, n);
    }
    size_t full = resident();
    for (int i = 0; i < MANY; i++)
        free(many[i]);
    for (int t = 0; t < 20; t++) { /* light use: a few calls of all sizes, for 2 s */
        nap(100);
        void *p[600];
        for (int k = 0; k < 600; k++)
            p[k] = malloc(16 + next(&seed) % 2048);
        for (int k = 0; k < 600; k++)
            free(p[k]);
        free(malloc(100000));
    }
    size_t after = resident();
    ok(full > before + 250 * MIB, "300000 blocks take 300 MB");
    ok(after < before + 40 * MIB, "two seconds of light use after they are freed, the memory is back with the system");
    diag("resident: %zu MiB before, %zu full, %zu after light use", before / MIB, full / MIB, after / MIB);
    malloc_trim(0);
    ok(resident() < before + 8 * MIB, "malloc_trim returns the rest");
    diag("resident: %zu MiB after malloc_trim", resident() / MIB);
}

/* Grow, free 90 % at random, grow again in other sizes. */
static void fragmentation(void)
{
    unsigned seed = 3;
    size_t live = 0;
    static uint32_t size[MANY];
    for (int i = 0; i < MANY; i++) {
        size[i] = 16 + next(&seed) % 500;
        memset(many[i] = malloc(size[i]), 1, size[i]);
        live += size[i];
    }
    for (int i = 0; i < MANY; i++)
        if (next(&seed) % 10) {
            live -= size[i];
            free(many[i]);
            many[i] = NULL;
        }
    for (int i = 0; i < MANY; i++)
        if (!many[i]) {
            size[i] = 16 + next(&seed) % 700;
            memset(many[i] = malloc(size[i]), 1, size[i]);
            live += size[i];
        }
    size_t peak = resident();
    ok(peak < live * 3 / 2, "after freeing 90 %% at random and growing again, resident is below 1.5 x live");
    diag("live %zu MiB, resident %zu MiB", live / MIB, peak / MIB);
    for (int i = 0; i < MANY; i++)
        free(many[i]);
}

static void skip_or(int status, const char *what, const char *why)
{
    if (status == 9)
        skip(what, why);
    else if (!ok(status == 0, "%s", what))
        diag("child's status %d", status);
}

int main(void)
{
    size_t idle = resident();
    diag("idle: resident %zu KiB", idle / 1024);
    ok(idle < 5 * MIB, "an idle process is small");
    skip_or(in_child(under_a_limit), "under RLIMIT_AS: ENOMEM, and memory that is freed can be had again", "no limit");
    skip_or(in_child(small_under_a_limit), "the same with small blocks", "no limit can be set");
    skip_or(in_child(locked), "mlockall does not disturb", "memory may not be locked here");
    void *one = malloc(1);
    bool checking = malloc_usable_size(one) == 1;
    free(one);
    if (checking) {
        skip("memory goes back to the system", "the checking build holds it in quarantine");
    } else {
        returned();
        fragmentation();
    }
    return done_testing();
}
