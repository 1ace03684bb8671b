#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bits.h"
#include "config.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4 /* kernels before 5.7 refuse it */
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static atomic_ulong calls;    /* counted from 1 */
static atomic_ulong fail_at;  /* value of `calls` at which to fail; 0 never */
static atomic_bool fail_on;   /* and at every later one */

/* Counts one call; true when it is to fail. */
static bool injected(void)
{
    unsigned long n = atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed) + 1;
    unsigned long at = atomic_load_explicit(&fail_at, memory_order_relaxed);
    return at && (n == at || (n > at && atomic_load_explicit(&fail_on, memory_order_relaxed)));
}

void hak_os_fail_at(unsigned long n, bool forever)
{
    atomic_store(&fail_on, forever);
    atomic_store(&fail_at, n ? atomic_load(&calls) + n : 0);
}

unsigned long hak_os_calls(void)
{
    return atomic_load(&calls);
}

static enum os_result map_at(void *addr, size_t len)
{
    int saved = errno;
    void *p = mmap(addr, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    enum os_result result = OS_OK;
    if (p == MAP_FAILED) {
        result = errno == EEXIST ? OS_TAKEN : OS_FAILED;
    } else if (p != addr) { /* a kernel before 4.17 takes the flag for a hint */
        munmap(p, len);
        result = OS_TAKEN;
    }
    errno = saved;
    return result;
}

enum os_result hak_os_map_at(void *addr, size_t len)
{
    return injected() ? OS_FAILED : map_at(addr, len);
}

void *hak_os_reserve(size_t len)
{
    if (injected())
        return NULL;
    int saved = errno;
    void *p = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    errno = saved;
    return p == MAP_FAILED ? NULL : p;
}

bool hak_os_commit(void *addr, size_t len)
{
    if (injected())
        return false;
    int saved = errno;
    bool done = mprotect(addr, len, PROT_READ | PROT_WRITE) == 0;
    errno = saved;
    return done;
}

bool hak_os_unmap(void *addr, size_t len)
{
    if (injected())
        return false;
    int saved = errno;
    bool done = munmap(addr, len) == 0;
    errno = saved;
    return done;
}

bool hak_os_purge(void *addr, size_t len)
{
    if (injected())
        return false;
    int saved = errno;
    bool done = madvise(addr, len, MADV_DONTNEED) == 0; /* fails on locked memory (mlockall) */
    errno = saved;
    return done;
}

static void advise(void *addr, size_t len, int advice)
{
    if (injected())
        return;
    int saved = errno;
    madvise(addr, len, advice);
    errno = saved;
}

void hak_os_want_huge(void *addr, size_t len)
{
    advise(addr, len, MADV_HUGEPAGE);
}

void hak_os_no_huge(void *addr, size_t len)
{
    advise(addr, len, MADV_NOHUGEPAGE);
}

bool hak_os_resident_pages(void *addr, size_t len, unsigned char *pages)
{
    if (injected())
        return false;
    int saved = errno;
    bool done = mincore(addr, len, pages) == 0;
    errno = saved;
    return done;
}

bool hak_os_resize(void *addr, size_t old_len, size_t new_len)
{
    if (injected())
        return false;
    int saved = errno;
    bool done = mremap(addr, old_len, new_len, 0) != MAP_FAILED;
    errno = saved;
    return done;
}

bool hak_os_move(void *addr, size_t old_len, void *to, size_t new_len)
{
    if (injected())
        return false;
    int saved = errno;
    /* MREMAP_FIXED would replace what is mapped at `to`, so take the place first, as address space alone. */
    void *place = mmap(to, new_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
                       -1, 0);
    bool done = place == to;
    if (place != MAP_FAILED && place != to)
        munmap(place, new_len);
    if (done && mremap(addr, old_len, new_len, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED) {
        munmap(to, new_len);
        done = false;
    }
    errno = saved;
    return done;
}

enum os_result hak_os_move_over(void *from, void *to, size_t len, bool keep)
{
    if (injected())
        return OS_TAKEN;
    int saved = errno, flags = MREMAP_MAYMOVE | MREMAP_FIXED | (keep ? MREMAP_DONTUNMAP : 0);
    bool cut = injected(); /* the kernel may unmap `to` before it refuses */
    if (cut)
        munmap(to, len);
    enum os_result result = OS_OK;
    if (cut || mremap(from, len, len, flags, to) != to)
        result = hak_os_map_at(to, len) == OS_FAILED ? OS_FAILED : OS_TAKEN;
    errno = saved;
    return result;
}

uint64_t hak_os_clock_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t hak_os_random(void)
{
    uint64_t value = 0;
    int saved = errno;
    /* the raw call: getrandom() is a cancellation point, malloc is not */
    if (syscall(SYS_getrandom, &value, sizeof value, 1 /* GRND_NONBLOCK */) != (long)sizeof value)
        value = hak_os_clock_ms() ^ (uintptr_t)&value;
    errno = saved;
    return value;
}

size_t hak_os_resident(void)
{
    int saved = errno;
    char text[128] = "";
    size_t pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t n = read(fd, text, sizeof text - 1);
        const char *field = n > 0 ? strchr(text, ' ') : NULL;
        for (const char *c = field ? field + 1 : ""; *c >= '0' && *c <= '9'; c++)
            pages = pages * 10 + (size_t)(*c - '0');
        close(fd);
    }
    errno = saved;
    return pages * PAGE_SIZE_HAK;
}

void hak_os_write(int fd, const char *text, size_t len)
{
    int saved = errno;
    while (len) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        text += n;
        len -= (size_t)n;
    }
    errno = saved;
}

_Noreturn void hak_os_fatal(const char *message, const void *p)
{
    char line[256] = "hakmem: ";
    size_t n = strlen(line);
    for (; *message && n < sizeof line - 32; message++)
        line[n++] = *message;
    if (p) {
        line[n++] = ' ';
        line[n++] = '0';
        line[n++] = 'x';
        unsigned nibbles = (67 - (unsigned)__builtin_clzll((uintptr_t)p)) / 4;
        while (nibbles--)
            line[n++] = "0123456789abcdef"[((uintptr_t)p >> (4 * nibbles)) & 15];
    }
    line[n++] = '\n';
    hak_os_write(STDERR_FILENO, line, n);
    abort();
}
