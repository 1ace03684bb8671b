/* A random stress with a shadow: every block carries a mark over its whole length, known from its address, size and
 * age; threads allocate, resize, pass on and free blocks of all kinds. Built with the thread sanitizer, with the
 * address sanitizer, and plainly over the checking build. Arguments: [seconds] [threads] [seed]. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "hakmem.h"
#include "tap.h"

enum { SLOTS = 512, SHARED = 1024, ROUNDS = 4000, LIVES = 12 };

struct block {
    unsigned char *p;
    size_t n;
    unsigned char mark;
};

static struct {
    pthread_mutex_t lock;
    struct block b;
} shared[SHARED];

static atomic_size_t damaged, refused, operations;

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

static void mark(struct block *b)
{
    memset(b->p, b->mark, b->n < 4096 ? b->n : 4096);
    if (b->n > 4096)
        memset(b->p + b->n - 64, b->mark, 64);
}

static void check(const struct block *b, size_t n)
{
    size_t front = n < 4096 ? n : 4096;
    for (size_t i = 0; i < front; i++)
        if (b->p[i] != b->mark) {
            atomic_fetch_add(&damaged, 1);
            return;
        }
    if (n == b->n && n > 4096 && b->p[n - 1] != b->mark)
        atomic_fetch_add(&damaged, 1);
}

static void take(struct block *b, uint64_t r)
{
    b->n = some_size(r);
    b->mark = (unsigned char)(r >> 56);
    switch (r >> 4 & 15) {
    case 0: b->p = hakmem_calloc(1, b->n); break;
    case 1: b->p = hakmem_memalign((size_t)16 << (r >> 20 & 7), b->n); break;
    default: b->p = hakmem_malloc(b->n); break;
    }
    if (!b->p) {
        atomic_fetch_add(&refused, 1);
        return;
    }
    mark(b);
}

static void give(struct block *b)
{
    if (!b->p)
        return;
    check(b, b->n);
    hakmem_free(b->p);
    b->p = NULL;
}

static void resize(struct block *b, uint64_t r)
{
    size_t n = some_size(r), common = n < b->n ? n : b->n;
    if (!b->p || !n)
        return;
    unsigned char *q = hakmem_realloc(b->p, n);
    if (!q)
        return;
    b->p = q;
    check(b, common < b->n ? common : b->n);
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

static void *work(void *arg)
{
    uint64_t state = (uint64_t)(uintptr_t)arg * 0x9e3779b97f4a7c15u + 1;
    struct block *slot = hakmem_calloc(SLOTS, sizeof *slot);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t r = roll(&state);
        struct block *b = &slot[r >> 32 & (SLOTS - 1)];
        r = roll(&state);
        switch (r >> 60) {
        case 0: case 1: resize(b, r); break;
        case 2: case 3: case 4: swap(b, r); break;
        case 5: if ((r >> 30 & 1023) == 0) hakmem_trim(0); break;
        default:
            if (b->p)
                give(b);
            else
                take(b, r);
        }
    }
    atomic_fetch_add(&operations, ROUNDS);
    for (int i = 0; i < SLOTS; i++) /* the shared blocks outlive this thread */
        give(&slot[i]);
    hakmem_free(slot);
    return NULL;
}

int main(int argc, char **argv)
{
    int seconds = argc > 1 ? atoi(argv[1]) : 0, threads = argc > 2 ? atoi(argv[2]) : 4;
    uintptr_t seed = argc > 3 ? (uintptr_t)atol(argv[3]) : 1;
    pthread_t thread[64];
    time_t end = time(NULL) + seconds;
    for (int i = 0; i < SHARED; i++)
        pthread_mutex_init(&shared[i].lock, NULL);
    int lives = 0;
    do {
        for (int i = 0; i < threads && i < 64; i++)
            if (pthread_create(&thread[i], NULL, work, (void *)(seed++)))
                abort();
        for (int i = 0; i < threads && i < 64; i++)
            pthread_join(thread[i], NULL);
    } while (++lives < LIVES || time(NULL) < end);
    for (int i = 0; i < SHARED; i++)
        give(&shared[i].b);
    diag("%zu operations by %d threads, %d times over", (size_t)operations, threads, lives);
    ok(!damaged, "no block changed while it was out");
    ok(!refused, "no request was refused");
    struct hakmem_stats s;
    hakmem_stats(&s);
    size_t out = s.large_blocks;
    for (int b = 0; b < HAKMEM_BANDS; b++)
        out += s.band[b].blocks;
    ok(out < 20000, "what was freed is not counted as out");
    diag("%zu blocks counted as out (under way between threads), %zu sent, %zu received, %zu heaps", out, s.remote_sent,
         s.remote_received, s.heaps);
    return done_testing();
}
