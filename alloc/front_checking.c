#include "front_checking.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "front_plain.h"
#include "knobs.h"
#include "os.h"
#include "thread.h"

#define CANARY   0xc5
#define POISON   0xdf
#define EXTRA    ((size_t)16)      /* the shortest canary, and the seal */
#define RING     65536u            /* most blocks in quarantine */
#define HOLD_MAX ((size_t)1 << 20) /* larger blocks are not poisoned and held, but freed at once */
#define FREED    0xf4eedf4eedf4eed5u

/* Blocks that were freed and may not be used again yet, oldest at `first`. */
static struct {
    pthread_mutex_t lock;
    unsigned first, count;
    size_t bytes;
    void *ring[RING];
} quarantine = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Never 0 once asked for; racing threads agree on the first value. */
static uint64_t secret(void)
{
    static _Atomic(uint64_t) value;
    uint64_t v = atomic_load_explicit(&value, memory_order_relaxed);
    if (!v) {
        uint64_t fresh = hak_os_random() | 1;
        v = atomic_compare_exchange_strong(&value, &v, fresh) ? fresh : v;
    }
    return v;
}

static uint64_t seal_for(const void *p, uint64_t content)
{
    return (content ^ secret()) + (uintptr_t)p * 0x9e3779b97f4a7c15u;
}

/* The seal of a block of `room` usable bytes; it ends the block and is 8-aligned, as all sizes are. */
static uint64_t *seal_of(const void *p, size_t room)
{
    return (uint64_t *)(uintptr_t)((const char *)p + room - sizeof(uint64_t));
}

static void *dress(void *p, size_t size)
{
    if (!p)
        return NULL;
    size_t room = hak_usable_exact(p);
    memset((char *)p + size, CANARY, room - sizeof(uint64_t) - size);
    *seal_of(p, room) = seal_for(p, size);
    return p;
}

static size_t padded(size_t size)
{
    return size > PTRDIFF_MAX ? size : size + EXTRA;
}

/* Requested size of a live block; does not return for anything else. */
static size_t inspect(const void *p, size_t room)
{
    if (room < EXTRA && tag_of(p) == TAG_FREE)
        hak_os_fatal("double free of", p);
    if (room < EXTRA)
        hak_os_fatal("free of a pointer that malloc did not return:", p);
    uint64_t seal = *seal_of(p, room);
    if (seal == seal_for(p, FREED))
        hak_os_fatal("double free of", p);
    size_t size = (size_t)((seal - (uintptr_t)p * 0x9e3779b97f4a7c15u) ^ secret());
    if (size > room - EXTRA)
        hak_os_fatal("overflow past the end of the block at (its seal is broken)", p);
    for (const unsigned char *c = (const unsigned char *)p + size; c < (const unsigned char *)seal_of(p, room); c++)
        if (*c != CANARY)
            hak_os_fatal("overflow past the end of the block at", p);
    return size;
}

static void check_poison(const unsigned char *p, size_t room)
{
    for (size_t i = 0; i < room - sizeof(uint64_t); i++)
        if (p[i] != POISON)
            hak_os_fatal("write after free into the block at", p);
    if (*seal_of(p, room) != seal_for(p, FREED))
        hak_os_fatal("write after free into the end of the block at", p);
}

/* Takes the oldest block out; NULL if what is left is within the bound. */
static void *evict(void)
{
    void *p = NULL;
    pthread_mutex_lock(&quarantine.lock);
    if (quarantine.count == RING || quarantine.bytes > (size_t)hak_knobs.quarantine_kb * 1024) {
        p = quarantine.ring[quarantine.first];
        quarantine.first = (quarantine.first + 1) % RING;
        quarantine.count--;
        quarantine.bytes -= hak_usable_exact(p);
    }
    pthread_mutex_unlock(&quarantine.lock);
    return p;
}

static void hold(void *p, size_t room)
{
    bool held = false;
    while (!held) {
        for (void *old; (old = evict());) {
            check_poison(old, hak_usable_exact(old));
            plain_free(old);
        }
        pthread_mutex_lock(&quarantine.lock);
        held = quarantine.count < RING;
        if (held) {
            quarantine.ring[(quarantine.first + quarantine.count++) % RING] = p;
            quarantine.bytes += room;
        }
        pthread_mutex_unlock(&quarantine.lock);
    }
}

void *checking_malloc(size_t size)
{
    return dress(plain_malloc(padded(size)), size);
}

void *checking_calloc(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return dress(plain_calloc(1, padded(bytes)), bytes);
}

void *checking_aligned(size_t align, size_t size)
{
    return dress(plain_aligned(align, padded(size)), size);
}

void checking_free(void *p)
{
    if (!p)
        return;
    int saved = errno;
    size_t room = hak_usable_exact(p);
    inspect(p, room);
    *seal_of(p, room) = seal_for(p, FREED);
    if (room <= HOLD_MAX) {
        memset(p, POISON, room - sizeof(uint64_t));
        hold(p, room);
    } else {
        plain_free(p);
    }
    errno = saved;
}

void checking_free_sized(void *p, size_t align, size_t size)
{
    if (!p)
        return;
    if (inspect(p, hak_usable_exact(p)) != size)
        hak_os_fatal("sized free with another size than was asked for, of", p);
    if (align && (uintptr_t)p & (align - 1))
        hak_os_fatal("sized free with an alignment that the block does not have, of", p);
    checking_free(p);
}

size_t checking_usable(const void *p)
{
    return p ? inspect(p, hak_usable_exact(p)) : 0;
}

void *checking_realloc(void *p, size_t size)
{
    if (!p)
        return checking_malloc(size);
    size_t old = inspect(p, hak_usable_exact(p));
    if (!size) {
        checking_free(p);
        return NULL;
    }
    void *q = checking_malloc(size);
    if (q) {
        memcpy(q, p, min_size(old, size));
        checking_free(p);
    }
    return q;
}

/* ---- process ---- */

static bool forking_alone;

static void before_fork(void)
{
    forking_alone = hak_single_threaded();
    if (!forking_alone)
        pthread_mutex_lock(&quarantine.lock);
}

static void after_fork_parent(void)
{
    if (!forking_alone)
        pthread_mutex_unlock(&quarantine.lock);
}

static void after_fork_child(void)
{
    if (!forking_alone)
        quarantine.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

__attribute__((constructor(102))) static void start(void)
{
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* What is still in quarantine is looked at once more. */
__attribute__((destructor(102))) static void finish(void)
{
    pthread_mutex_lock(&quarantine.lock);
    for (unsigned i = 0; i < quarantine.count; i++) {
        void *p = quarantine.ring[(quarantine.first + i) % RING];
        check_poison(p, hak_usable_exact(p));
    }
    pthread_mutex_unlock(&quarantine.lock);
}
