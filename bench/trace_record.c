/* libtrace.so: preloaded into a program, writes every allocation it makes to BENCH_TRACE.PID.
 *
 *   BENCH_TRACE=/tmp/t LD_PRELOAD=build/bench/libtrace.so PROGRAM; build/bench/replay /tmp/t.PID
 *
 * One lock orders the calls of all threads: a free is recorded before it happens, everything else while the lock is
 * held, so that an address is never given twice without a free between. A forked child records nothing.
 */
#include "trace.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    void *(*memalign)(size_t, size_t);
} real;

static struct {
    pthread_mutex_t lock;
    int fd; /* -1: not recording */
    size_t used;
    struct trace_record record[4096];
} trace = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

/* dlsym may call calloc before it has found us one. Never given back. */
static _Alignas(16) unsigned char early[4096];
static size_t early_used;

static bool is_early(const void *block)
{
    return (const unsigned char *)block >= early && (const unsigned char *)block < early + sizeof early;
}

static void *early_block(size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (size > sizeof early - early_used)
        return NULL;
    early_used += size;
    return early + early_used - size;
}

/* Writes what is buffered; a trace that cannot be written whole ends there, and replay plays what there is. */
static void flush(void)
{
    const char *at = (const char *)trace.record;
    size_t left = trace.used * sizeof trace.record[0];
    while (left > 0 && trace.fd >= 0) {
        ssize_t n = write(trace.fd, at, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            trace.fd = -1;
            break;
        }
        at += n;
        left -= (size_t)n;
    }
    trace.used = 0;
}

static void note(enum trace_op op, const void *block, size_t size, unsigned shift)
{
    if (trace.fd < 0 || !block || is_early(block))
        return;
    trace.record[trace.used++] = (struct trace_record){
        .address = (uintptr_t)block & ((UINT64_C(1) << 48) - 1), .op = (uint64_t)op, .shift = shift, .size = size,
    };
    if (trace.used == sizeof trace.record / sizeof trace.record[0])
        flush();
}

static void before_fork(void)
{
    pthread_mutex_lock(&trace.lock);
}

static void after_fork_parent(void)
{
    pthread_mutex_unlock(&trace.lock);
}

static void after_fork_child(void)
{
    trace.fd = -1;
    trace.used = 0;
    pthread_mutex_unlock(&trace.lock);
}

static void find_real(void)
{
    if (real.free)
        return;
    *(void **)&real.malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real.calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real.realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&real.memalign = dlsym(RTLD_NEXT, "memalign");
    *(void **)&real.free = dlsym(RTLD_NEXT, "free");
}

__attribute__((constructor)) static void begin(void)
{
    find_real();
    const char *name = getenv("BENCH_TRACE");
    if (!name || !*name)
        return;
    char file[4096];
    snprintf(file, sizeof file, "%s.%ld", name, (long)getpid());
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
    trace.fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (trace.fd < 0)
        fprintf(stderr, "libtrace: cannot write %s: %s; set BENCH_TRACE to another\n", file, strerror(errno));
}

__attribute__((destructor)) static void end(void)
{
    pthread_mutex_lock(&trace.lock);
    flush();
    trace.fd = -1;
    pthread_mutex_unlock(&trace.lock);
}

void *malloc(size_t size)
{
    if (!real.malloc)
        return early_block(size);
    pthread_mutex_lock(&trace.lock);
    void *block = real.malloc(size);
    note(TRACE_ALLOC, block, size, 0);
    pthread_mutex_unlock(&trace.lock);
    return block;
}

void *calloc(size_t count, size_t size)
{
    if (!real.calloc)
        return early_block(count * size); /* static memory: zero */
    pthread_mutex_lock(&trace.lock);
    void *block = real.calloc(count, size);
    note(TRACE_ZEROED, block, count * size, 0);
    pthread_mutex_unlock(&trace.lock);
    return block;
}

void free(void *block)
{
    if (!block || is_early(block))
        return;
    pthread_mutex_lock(&trace.lock);
    note(TRACE_FREE, block, 0, 0);
    real.free(block);
    pthread_mutex_unlock(&trace.lock);
}

/* An early block has no size kept: what is read past its end is still inside `early`. */
static void *realloc_early(void *old, size_t size)
{
    void *block = malloc(size);
    size_t most = (size_t)(early + sizeof early - (unsigned char *)old);
    if (block)
        memcpy(block, old, size < most ? size : most);
    return block;
}

void *realloc(void *old, size_t size)
{
    if (!old)
        return malloc(size);
    if (is_early(old))
        return realloc_early(old, size);
    pthread_mutex_lock(&trace.lock);
    void *block = real.realloc(old, size);
    if (block) {
        note(TRACE_MOVED, old, 0, 0);
        note(TRACE_GROWN, block, size, 0);
    } else if (size == 0) {
        note(TRACE_FREE, old, 0, 0);
    }
    pthread_mutex_unlock(&trace.lock);
    return block;
}

static void *aligned(size_t alignment, size_t size)
{
    find_real();
    pthread_mutex_lock(&trace.lock);
    void *block = real.memalign(alignment, size);
    note(TRACE_ALLOC, block, size, (unsigned)__builtin_ctzl(alignment | (size_t)1 << 63));
    pthread_mutex_unlock(&trace.lock);
    return block;
}

void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size)
{
    return aligned(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return aligned(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)))
        return EINVAL;
    int saved = errno;
    void *got = aligned(alignment, size);
    errno = saved;
    if (!got)
        return ENOMEM;
    *block = got;
    return 0;
}
