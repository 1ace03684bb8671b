/* The contract of malloc and its family, as a program sees it. Runs over every build of the allocator: linked
 * statically, preloaded, and preloaded in the checking build. Links nothing of the allocator by itself. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <unistd.h>

#include "tap.h"

#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Walloc-size-larger-than="
#pragma GCC diagnostic ignored "-Wunused-result"
#pragma GCC diagnostic ignored "-Wuse-after-free"

extern void free_sized(void *p, size_t size) __attribute__((weak));
extern void free_aligned_sized(void *p, size_t align, size_t size) __attribute__((weak));

/* The compiler knows malloc too well: keep it from reasoning about these calls. */
static void *volatile sink;
static size_t opaque(size_t n)
{
    volatile size_t v = n;
    return v;
}
static void *keep(void *p)
{
    sink = p;
    return sink;
}

static bool filled(const unsigned char *p, unsigned char value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != value)
            return false;
    return true;
}

static bool aligned(const void *p, size_t to)
{
    return ((uintptr_t)p & (to - 1)) == 0;
}

static void sizes(void)
{
    size_t bad_align = 0, small_usable = 0, bad_content = 0, absent = 0;
    for (size_t n = 0; n < 70000; n += n < 3000 ? 1 : 97) {
        unsigned char *p = keep(malloc(opaque(n)));
        absent += !p;
        bad_align += !aligned(p, 16);
        size_t usable = malloc_usable_size(p);
        small_usable += usable < n;
        memset(p, 0x5a, usable);
        bad_content += !filled(p, 0x5a, usable);
        free(p);
    }
    ok(!absent, "every size up to 70000 gives a block");
    ok(!bad_align, "every block is 16-aligned");
    ok(!small_usable, "malloc_usable_size is at least the request");
    ok(!bad_content, "every usable byte can be written and read back");
}

/* Blocks of all sizes at once, each filled with a mark of its own. */
static void overlap(void)
{
    enum { N = 4000 };
    static unsigned char *block[N];
    size_t size[N];
    for (int i = 0; i < N; i++) {
        size[i] = (size_t)(i * 7919 % 5003) + (i % 50 == 0 ? 100000 : 0) + 1;
        block[i] = malloc(size[i]);
        memset(block[i], i & 255, size[i]);
    }
    for (int i = 0; i < N; i += 3) {
        free(block[i]);
        block[i] = malloc(size[i]);
        memset(block[i], i & 255, size[i]);
    }
    size_t damaged = 0;
    for (int i = 0; i < N; i++) {
        damaged += !filled(block[i], (unsigned char)(i & 255), size[i]);
        free(block[i]);
    }
    ok(!damaged, "no two live blocks overlap");
}

static void zero_sizes(void)
{
    void *a = malloc(opaque(0)), *b = malloc(opaque(0)), *c = calloc(opaque(0), 8);
    ok(a && b && c && a != b && b != c, "malloc(0) and calloc(0, n) give unique pointers");
    free(a);
    free(b);
    free(c);
    void *p = malloc(opaque(10));
    ok(keep(realloc(p, opaque(0))) == NULL, "realloc(p, 0) frees and returns NULL");
    p = realloc(NULL, opaque(10));
    ok(p != NULL, "realloc(NULL, n) is malloc");
    free(p);
    free(NULL);
    ok(malloc_usable_size(NULL) == 0, "malloc_usable_size(NULL) is 0");
}

#define FAILS(expr, what)                                        \
    do {                                                         \
        errno = 0;                                               \
        void *failed = keep(expr);                               \
        ok(!failed && errno == ENOMEM, "%s: NULL and ENOMEM", what); \
    } while (0)

static void overflow(void)
{
    FAILS(malloc(opaque(SIZE_MAX)), "malloc(SIZE_MAX)");
    FAILS(malloc(opaque(SIZE_MAX - 15)), "malloc(SIZE_MAX - 15)");
    FAILS(malloc(opaque((size_t)PTRDIFF_MAX + 1)), "malloc(PTRDIFF_MAX + 1)");
    FAILS(malloc(opaque(PTRDIFF_MAX)), "malloc(PTRDIFF_MAX)");
    FAILS(calloc(opaque(SIZE_MAX / 2), 3), "calloc whose product wraps");
    FAILS(calloc(opaque((size_t)1 << 33), opaque((size_t)1 << 33)), "calloc(2^33, 2^33)");
    FAILS(reallocarray(NULL, opaque(SIZE_MAX / 4), 5), "reallocarray whose product wraps");
    FAILS(memalign(64, opaque(SIZE_MAX - 100)), "memalign(64, nearly SIZE_MAX)");
    FAILS(aligned_alloc(4096, opaque(SIZE_MAX - 4095)), "aligned_alloc(4096, SIZE_MAX - 4095)");
    FAILS(valloc(opaque(SIZE_MAX)), "valloc(SIZE_MAX)");
    FAILS(pvalloc(opaque(SIZE_MAX)), "pvalloc(SIZE_MAX)");
    char *p = malloc(64);
    memset(p, 'x', 64);
    FAILS(realloc(p, opaque(SIZE_MAX)), "realloc(p, SIZE_MAX)");
    ok(filled((unsigned char *)p, 'x', 64), "a block that realloc could not grow is as it was");
    free(p);
}

static void errno_kept(void)
{
    void *small = malloc(100), *large = malloc(200000), *huge = malloc(100 << 20);
    errno = 4711;
    free(small);
    free(large);
    free(huge);
    free(NULL);
    ok(errno == 4711, "free keeps errno, for small, large, huge blocks and NULL");
    errno = 0;
    void *p = NULL;
    int (*volatile unknown)(void **, size_t, size_t) = posix_memalign; /* the compiler's own keeps errno, it believes */
    int rc = unknown(&p, 64, opaque(SIZE_MAX - 64));
    ok(rc == ENOMEM && errno == ENOMEM, "posix_memalign returns ENOMEM, and errno says the same, as the C library's");
    rc = posix_memalign(&p, 64, opaque(SIZE_MAX - 5));
    ok(rc == ENOMEM && !p, "also for a size that wraps to 0 when it is rounded up");
}

static void alignments(void)
{
    size_t bad = 0, absent = 0;
    for (size_t align = 16; align <= (size_t)1 << 30; align *= 2)
        for (size_t n = 0; n <= 3 * align && n < 300000; n = n * 3 + 1) {
            unsigned char *p = memalign(align, n);
            absent += !p;
            if (!p)
                continue;
            bad += !aligned(p, align) || malloc_usable_size(p) < n;
            memset(p, 1, n);
            free(p);
        }
    ok(!absent && !bad, "memalign works for every alignment from 16 bytes to 1 GiB");
    void *p = &bad;
    ok(posix_memalign(&p, 0, 8) == EINVAL && p == &bad, "posix_memalign refuses alignment 0 and leaves the pointer");
    ok(posix_memalign(&p, 4, 8) == EINVAL, "posix_memalign refuses an alignment below a pointer's size");
    ok(posix_memalign(&p, 24, 8) == EINVAL, "posix_memalign refuses an alignment that is no power of two");
    ok(posix_memalign(&p, 8, 24) == 0 && aligned(p, 8), "posix_memalign takes the size of a pointer");
    free(p);
    errno = 0;
    ok(!keep(aligned_alloc(opaque(24), 48)) && errno == EINVAL, "aligned_alloc refuses 24: NULL and EINVAL");
    errno = 0;
    ok(!keep(aligned_alloc(opaque(0), 48)) && errno == EINVAL, "aligned_alloc refuses 0: NULL and EINVAL");
    p = aligned_alloc(opaque(256), opaque(100));
    ok(p && aligned(p, 256), "aligned_alloc takes a size that is no multiple of the alignment");
    free(p);
    p = valloc(1);
    void *q = pvalloc(opaque(4097));
    ok(aligned(p, 4096) && aligned(q, 4096) && malloc_usable_size(q) >= 8192, "valloc and pvalloc give whole pages");
    free(p);
    free(q);
}

static void aligned_realloc(void)
{
    size_t lost = 0;
    for (size_t align = 64; align <= (size_t)64 << 20; align *= 8) {
        unsigned char *p = memalign(align, 5000);
        memset(p, 0x77, 5000);
        p = realloc(p, 300000);
        lost += !filled(p, 0x77, 5000);
        p = realloc(p, 3000);
        lost += !filled(p, 0x77, 3000);
        free(p);
    }
    ok(!lost, "blocks aligned up to 64 MiB keep their contents over realloc");
}

static void calloc_zeroes(void)
{
    static const size_t sizes[] = {1, 16, 100, 1000, 5000, 40000, 70000, 500000, 1500000, 5000000};
    size_t dirty = 0;
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            unsigned char *p = malloc(sizes[i]);
            memset(p, 0xff, sizes[i]);
            free(p);
            p = calloc(1, sizes[i]);
            dirty += !filled(p, 0, sizes[i]);
            memset(p, 0xff, sizes[i]);
            free(p);
        }
    ok(!dirty, "calloc zeroes memory that was dirty before, at every size");
}

static void realloc_steps(void)
{
    size_t lost = 0;
    unsigned char *p = NULL;
    size_t had = 0;
    for (size_t n = 1; n < (size_t)64 << 20; n = n * 5 / 3 + 1) {
        p = realloc(p, n);
        lost += !p || !filled(p, 0x3c, had);
        memset(p, 0x3c, n);
        had = n;
    }
    for (size_t n = had; n > 10; n = n * 2 / 5) {
        p = realloc(p, n);
        lost += !p || !filled(p, 0x3c, n);
    }
    free(p);
    ok(!lost, "contents survive growth to 64 MiB and shrinking back");
    p = malloc((size_t)20 << 20);
    memset(p, 9, (size_t)20 << 20);
    p = realloc(p, (size_t)300 << 20);
    ok(p && filled(p, 9, (size_t)20 << 20), "a huge block grows with its contents");
    free(p);
}

static void beyond_four_gib(void)
{
    size_t n = (size_t)5 << 30;
    unsigned char *p = keep(malloc(opaque(1)));
    bool checking = malloc_usable_size(p) == 1;
    free(p);
    p = checking ? NULL : malloc(opaque(n));
    if (!p) {
        skip("a block above 4 GiB", checking ? "the checking build copies it" : "the machine refuses it");
        return;
    }
    p[0] = 1;
    p[n - 1] = 2;
    p = realloc(p, n + ((size_t)1 << 30));
    ok(p && p[0] == 1 && p[n - 1] == 2, "a block above 4 GiB works and grows");
    free(p);
}

static void information(void)
{
    void *p = keep(malloc(3000)), *q = keep(malloc((size_t)4 << 20));
    struct mallinfo2 i = mallinfo2();
    ok(i.uordblks >= 3000 && i.hblkhd >= (size_t)4 << 20, "mallinfo2 sees what is live");
    free(p);
    free(q);
    ok(mallopt(M_MMAP_THRESHOLD, 65536) == 1, "mallopt is harmless");
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    ok(malloc_info(0, f) == 0, "malloc_info writes to a stream");
    fclose(f);
    ok(text && strncmp(text, "<malloc", 7) == 0, "and what it writes is its XML");
    free(text);
    ok(malloc_info(1, stdout) != 0, "malloc_info refuses unknown options");
    ok(malloc_trim(0) == 0 || malloc_trim(0) == 0, "malloc_trim returns, and has nothing to do the second time");
}

static void sized_frees(void)
{
    if (!free_sized || !free_aligned_sized) {
        ok(false, "free_sized and free_aligned_sized are exported");
        return;
    }
    for (size_t n = 0; n < 200000; n = n * 2 + 13) {
        free_sized(malloc(opaque(n)), n);
        free_aligned_sized(aligned_alloc(64, n), 64, n);
    }
    free_sized(NULL, 10);
    free_aligned_sized(NULL, 64, 10);
    ok(true, "free_sized and free_aligned_sized take back what was given");
}

int main(void)
{
    sizes();
    overlap();
    zero_sizes();
    overflow();
    errno_kept();
    alignments();
    aligned_realloc();
    calloc_zeroes();
    realloc_steps();
    beyond_four_gib();
    information();
    sized_frees();
    return done_testing();
}
