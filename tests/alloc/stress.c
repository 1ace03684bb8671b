/* A random stress with a shadow: what every block holds is known from its key, so that a block that was given out twice,
 * moved wrongly or written by the allocator is seen. Threads of unequal lives allocate, resize, pass on, free and fork;
 * blocks outlive their threads. Built with the thread sanitizer, with the address sanitizer, and plainly over the
 * checking build, which adds canaries, poison and quarantine.
 * Arguments: [seconds] [threads] [seed]. A failure names the seed of the life that saw it. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hakmem.h"
#include "tap.h"

enum {
    SLOTS = 512,          /* of each thread */
    SHARED = 1024,        /* of all */
    ROUNDS = 4000,        /* of one life, 1 in 8 to all of it */
    WHOLE = 65536,        /* bytes: longer blocks are marked in part */
    REPORT = 60,          /* s */
};

#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#define TSAN __has_feature(thread_sanitizer)
#else
#define TSAN 0
#endif
#define CAN_FORK !TSAN         /* its run time does not allow it beside threads */
#define LIVES (TSAN ? 3 : 12)  /* of each chain of threads, at least; it makes a life ten times as long */

struct block {
    unsigned char *p;
    size_t n;
    uint64_t key;
};

static struct {
    pthread_mutex_t lock;
    struct block b;
} shared[SHARED];

static atomic_size_t damaged, refused, misplaced, unclean, children_failed, operations, lives, forks;
static atomic_ulong next_seed, first_bad; /* seed of the life that saw the first damage */
static time_t end;

static uint64_t roll(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static size_t some_size(uint64_t r)
{
    switch (r & 15) {
    case 0: return (r >> 8) % 40000;
    case 1: return (r >> 8) % 4000;
    case 2: return (r >> 40) % 64 ? (r >> 8) % 9000 : (r >> 8) % 3000000;
    case 3: return (r >> 40) % 8 ? (r >> 8) % 300000 : (r >> 8) % 12000000; /* kept runs, spare memory */
    default: return (r >> 8) % 1100;
    }
}

/* ---- the shadow ---- */

static unsigned char content(const struct block *b, size_t i)
{
    return (unsigned char)((b->key >> (i % 8 * 8)) + i / 8 * 37);
}

/* The next place to mark behind i: every byte of short blocks, and of long ones the ends and some of each page. */
static size_t after(const struct block *b, size_t i)
{
    i++;
    if (b->n <= WHOLE || i < 4096 || i + 64 >= b->n || i % 4096 < 16)
        return i;
    size_t page = (i + 4095) / 4096 * 4096;
    return page < b->n - 64 ? page : b->n - 64;
}

static void mark(const struct block *b)
{
    for (size_t i = 0; i < b->n; i = after(b, i))
        b->p[i] = content(b, i);
}

static void note(atomic_size_t *what, uint64_t seed)
{
    unsigned long none = 0;
    atomic_fetch_add(what, 1);
    atomic_compare_exchange_strong(&first_bad, &none, (unsigned long)seed);
}

/* The first n bytes; b->n says where the marks are. */
static bool holds(const struct block *b, size_t n)
{
    for (size_t i = 0; i < n; i = after(b, i))
        if (b->p[i] != content(b, i))
            return false;
    return true;
}

/* ---- what a thread does ---- */

struct life {
    uint64_t seed, state;
    struct block slot[SLOTS];
};

static bool is_zero(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

static void take(struct life *l, struct block *b, uint64_t r)
{
    size_t align = 16;
    b->n = some_size(r);
    b->key = roll(&l->state);
    switch (r >> 4 & 15) {
    case 0:
        b->p = hakmem_calloc(1, b->n);
        if (b->p && !is_zero(b->p, b->n))
            note(&unclean, l->seed);
        break;
    case 1:
        align <<= (r >> 20 & 63) == 0 ? 17 : r >> 20 & 7; /* 2 MiB, or up to 2 KiB */
        b->p = hakmem_memalign(align, b->n);
        break;
    default: b->p = hakmem_malloc(b->n); break;
    }
    if (!b->p) {
        note(&refused, l->seed);
        return;
    }
    if ((uintptr_t)b->p % align || hakmem_usable_size(b->p) < b->n)
        note(&misplaced, l->seed);
    mark(b);
}

static void give(struct life *l, struct block *b, uint64_t r)
{
    if (!b->p)
        return;
    if (!holds(b, b->n))
        note(&damaged, l->seed);
    errno = 77;
    if (r & 1)
        hakmem_free(b->p);
    else
        hakmem_free_sized(b->p, b->n);
    if (errno != 77)
        note(&misplaced, l->seed);
    b->p = NULL;
}

static void resize(struct life *l, struct block *b, uint64_t r)
{
    size_t n = some_size(r);
    if (!b->p || !n)
        return;
    struct block was = *b;
    unsigned char *q = hakmem_realloc(b->p, n);
    if (!q) {
        note(&refused, l->seed);
        return;
    }
    was.p = b->p = q;
    if (!holds(&was, n < was.n ? n : was.n))
        note(&damaged, l->seed);
    b->n = n;
    mark(b);
}

static void swap(struct block *b, uint64_t r)
{
    unsigned i = (unsigned)(r >> 10) % SHARED;
    pthread_mutex_lock(&shared[i].lock);
    struct block other = shared[i].b;
    shared[i].b = *b;
    pthread_mutex_unlock(&shared[i].lock);
    *b = other;
}

static void step(struct life *l)
{
    uint64_t r = roll(&l->state);
    struct block *b = &l->slot[r >> 32 & (SLOTS - 1)];
    r = roll(&l->state);
    switch (r >> 60) {
    case 0: case 1: resize(l, b, r); break;
    case 2: case 3: case 4: swap(b, r); break;
    case 5: if ((r >> 30 & 1023) == 0) hakmem_trim(0); break;
    default:
        if (b->p)
            give(l, b, r >> 50);
        else
            take(l, b, r);
    }
}

/* The child has this thread alone: its blocks are whole, it allocates at once, and what it does stays its own. */
static void fork_once(struct life *l)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        size_t before = damaged + refused + misplaced + unclean;
        for (int i = 0; i < 300; i++) {
            struct block *b = &l->slot[roll(&l->state) & (SLOTS - 1)];
            if (b->p)
                give(l, b, (uint64_t)i);
            else
                take(l, b, roll(&l->state));
        }
        _exit(damaged + refused + misplaced + unclean != before);
    }
    if (pid < 0)
        return;
    waitpid(pid, &status, 0);
    atomic_fetch_add(&forks, 1);
    if (status != 0)
        note(&children_failed, l->seed);
}

static void *live(void *arg)
{
    struct life *l = hakmem_calloc(1, sizeof *l);
    l->seed = *(uint64_t *)arg;
    l->state = l->seed * 0x9e3779b97f4a7c15u + 1;
    int rounds = ROUNDS / (roll(&l->state) & 7 ? 1 : 8);
    for (int i = 0; i < rounds; i++)
        step(l);
    if (CAN_FORK && (roll(&l->state) & 15) == 0)
        fork_once(l);
    atomic_fetch_add(&operations, (size_t)rounds);
    for (int i = 0; i < SLOTS; i++) /* the shared blocks outlive this thread */
        give(l, &l->slot[i], (uint64_t)i);
    hakmem_free(l);
    return NULL;
}

/* One life after the other; the chains do not wait for each other, so threads are born and die among others' work. */
static void *chain(void *arg)
{
    for (int i = 0; i < LIVES || time(NULL) < end; i++) {
        pthread_t thread;
        uint64_t seed = atomic_fetch_add(&next_seed, 1);
        if (pthread_create(&thread, NULL, live, &seed))
            abort();
        pthread_join(thread, NULL);
        atomic_fetch_add(&lives, 1);
    }
    return arg;
}

static void *report(void *arg)
{
    struct hakmem_stats s;
    for (time_t next = time(NULL) + REPORT; time(NULL) + 1 < end; sleep(1)) {
        if (time(NULL) < next)
            continue;
        next += REPORT;
        hakmem_stats(&s);
        diag("%ld s to go: %zu operations, %zu lives, %zu forks, %zu MiB resident, %zu findings", (long)(end - time(NULL)),
             (size_t)operations, (size_t)lives, (size_t)forks, s.resident_bytes >> 20,
             (size_t)(damaged + refused + misplaced + unclean + children_failed));
        fflush(stdout);
    }
    return arg;
}

static size_t counted_out(struct hakmem_stats *s)
{
    hakmem_stats(s);
    size_t out = s->large_blocks;
    for (int b = 0; b < HAKMEM_BANDS; b++)
        out += s->band[b].blocks;
    return out;
}

int main(int argc, char **argv)
{
    int seconds = argc > 1 ? atoi(argv[1]) : 0, threads = argc > 2 ? atoi(argv[2]) : 4;
    pthread_t thread[64], reporter;
    struct life last = { .seed = 0 };
    struct hakmem_stats s;
    threads = threads < 64 ? threads : 64;
    atomic_store(&next_seed, argc > 3 ? (unsigned long)atol(argv[3]) : 1);
    end = time(NULL) + seconds;
    for (int i = 0; i < SHARED; i++)
        pthread_mutex_init(&shared[i].lock, NULL);
    pthread_create(&reporter, NULL, report, NULL);
    for (int i = 0; i < threads; i++)
        if (pthread_create(&thread[i], NULL, chain, NULL))
            abort();
    for (int i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    pthread_join(reporter, NULL);
    for (int i = 0; i < SHARED; i++)
        give(&last, &shared[i].b, (uint64_t)i);
    diag("%zu operations in %zu lives of %d chains of threads, %zu forks", (size_t)operations, (size_t)lives, threads,
         (size_t)forks);
    ok(!damaged, "no block changed while it was out");
    ok(!unclean, "calloc's blocks are zero");
    ok(!misplaced, "blocks are aligned and long enough, and free keeps errno");
    ok(!refused, "no request was refused");
    if (CAN_FORK)
        ok(!children_failed && (forks || operations < 1000000), "forked children find their blocks whole and work on");
    if (first_bad)
        diag("first seen in the life of seed %lu", (unsigned long)first_bad);
    ok(counted_out(&s) < 20000, "what was freed is not counted as out");
    diag("%zu blocks counted as out (under way between threads), %zu sent, %zu received, %zu heaps", counted_out(&s), s.remote_sent,
         s.remote_received, s.heaps);
    return done_testing();
}
