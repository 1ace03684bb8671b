/* Floor 8: the C library's names, and the C++ operators under their mangled names: names only. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "hakmem.h"
#include "os.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT void *malloc(size_t size)
{
    return front_malloc(size);
}

EXPORT void free(void *p)
{
    front_free(p);
}

EXPORT void *calloc(size_t n, size_t size)
{
    return front_calloc(n, size);
}

EXPORT void *realloc(void *p, size_t size)
{
    return front_realloc(p, size);
}

EXPORT void *reallocarray(void *p, size_t n, size_t size)
{
    return hakmem_reallocarray(p, n, size);
}

EXPORT int posix_memalign(void **out, size_t align, size_t size)
{
    return hakmem_posix_memalign(out, align, size);
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
    return hakmem_aligned_alloc(align, size);
}

EXPORT void *memalign(size_t align, size_t size)
{
    return hakmem_memalign(align, size);
}

EXPORT void *valloc(size_t size)
{
    return hakmem_valloc(size);
}

EXPORT void *pvalloc(size_t size)
{
    return hakmem_pvalloc(size);
}

EXPORT size_t malloc_usable_size(void *p)
{
    return front_usable(p);
}

EXPORT int malloc_trim(size_t pad)
{
    return hakmem_trim(pad);
}

/* glibc's parameters mean nothing here; 1 says that there was no error. */
EXPORT int mallopt(int param, int value)
{
    (void)param;
    (void)value;
    return 1;
}

EXPORT struct mallinfo2 mallinfo2(void)
{
    struct hakmem_stats s;
    struct mallinfo2 info = {0};
    hakmem_stats(&s);
    for (unsigned b = 0; b < HAKMEM_BANDS; b++) {
        info.uordblks += s.band[b].bytes;
        info.ordblks += s.band[b].blocks;
    }
    if (!HAK_STATS) /* blocks are not counted in this build: what their slabs take is an upper bound */
        info.uordblks = s.slabs * SLAB_SIZE;
    info.arena = s.superslabs * UNIT_SIZE;
    info.hblks = s.large_blocks;
    info.hblkhd = s.large_bytes;
    info.fordblks = info.arena > info.uordblks ? info.arena - info.uordblks : 0;
    return info;
}

static int saturated(size_t n)
{
    return n > 0x7fffffff ? 0x7fffffff : (int)n;
}

EXPORT struct mallinfo mallinfo(void)
{
    struct mallinfo2 i = mallinfo2();
    return (struct mallinfo){.arena = saturated(i.arena), .ordblks = saturated(i.ordblks),
                             .hblks = saturated(i.hblks), .hblkhd = saturated(i.hblkhd),
                             .uordblks = saturated(i.uordblks), .fordblks = saturated(i.fordblks)};
}

EXPORT void malloc_stats(void)
{
    hakmem_stats_print();
}

EXPORT int malloc_info(int options, FILE *out)
{
    struct mallinfo2 i;
    if (options)
        return EINVAL;
    i = mallinfo2();
    fprintf(out, "<malloc version=\"1\">\n<system type=\"current\" size=\"%zu\"/>\n"
            "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n"
            "</malloc>\n", i.arena + i.hblkhd, i.ordblks, i.uordblks, i.hblks, i.hblkhd);
    return 0;
}

/* C23, and a relic. */
void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t align, size_t size);
void cfree(void *p);

EXPORT void free_sized(void *p, size_t size)
{
    front_free_sized(p, 0, size);
}

EXPORT void free_aligned_sized(void *p, size_t align, size_t size)
{
    hakmem_free_aligned_sized(p, align, size);
}

EXPORT void cfree(void *p)
{
    front_free(p);
}

/* ---- C++ ---- */

/* std::get_new_handler and std::__throw_bad_alloc, where libstdc++ is loaded. */
typedef void (*new_handler)(void);
__attribute__((weak)) extern new_handler _ZSt15get_new_handlerv(void);
__attribute__((weak)) extern void _ZSt17__throw_bad_allocv(void);

/* operator new out of memory: call the new-handler and try again until it gives up, which for the plain form
 * means an exception. The frames between here and the caller need nothing done when it passes through. */
static __attribute__((noinline, cold)) void *new_failed(size_t size, size_t align, bool may_throw)
{
    for (;;) {
        new_handler handler = _ZSt15get_new_handlerv ? _ZSt15get_new_handlerv() : NULL;
        if (!handler)
            break;
        handler();
        void *p = align ? front_aligned(align, size) : front_malloc(size);
        if (p)
            return p;
    }
    if (!may_throw)
        return NULL;
    if (_ZSt17__throw_bad_allocv)
        _ZSt17__throw_bad_allocv();
    hak_os_fatal("operator new is out of memory and there is no C++ library to throw with", NULL);
}

static inline void *cxx_new(size_t size, bool may_throw)
{
    void *p = front_malloc(size);
    return likely(p != NULL) ? p : new_failed(size, 0, may_throw);
}

static void *cxx_new_aligned(size_t size, size_t align, bool may_throw)
{
    void *p = front_aligned(align, size);
    return p ? p : new_failed(size, align, may_throw);
}

#define NEW(name, ...) EXPORT void *name(size_t size __VA_ARGS__); EXPORT void *name(size_t size __VA_ARGS__)
#define DELETE(name, ...) EXPORT void name(void *p __VA_ARGS__); EXPORT void name(void *p __VA_ARGS__)
#define TAGGED , const void *nothrow __attribute__((unused))
#define SIZED  , size_t size
#define ALIGNED , size_t align
#define IGNORED_ALIGN , size_t align __attribute__((unused))

NEW(_Znwm) { return cxx_new(size, true); }
NEW(_Znam) { return cxx_new(size, true); }
NEW(_ZnwmRKSt9nothrow_t, TAGGED) { return cxx_new(size, false); }
NEW(_ZnamRKSt9nothrow_t, TAGGED) { return cxx_new(size, false); }
NEW(_ZnwmSt11align_val_t, ALIGNED) { return cxx_new_aligned(size, align, true); }
NEW(_ZnamSt11align_val_t, ALIGNED) { return cxx_new_aligned(size, align, true); }
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, ALIGNED TAGGED) { return cxx_new_aligned(size, align, false); }
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, ALIGNED TAGGED) { return cxx_new_aligned(size, align, false); }
DELETE(_ZdlPv) { front_free(p); }
DELETE(_ZdaPv) { front_free(p); }
DELETE(_ZdlPvm, SIZED) { front_free_sized(p, 0, size); }
DELETE(_ZdaPvm, SIZED) { front_free_sized(p, 0, size); }
DELETE(_ZdlPvRKSt9nothrow_t, TAGGED) { front_free(p); }
DELETE(_ZdaPvRKSt9nothrow_t, TAGGED) { front_free(p); }
DELETE(_ZdlPvSt11align_val_t, IGNORED_ALIGN) { front_free(p); }
DELETE(_ZdaPvSt11align_val_t, IGNORED_ALIGN) { front_free(p); }
DELETE(_ZdlPvmSt11align_val_t, SIZED IGNORED_ALIGN) { front_free_sized(p, 0, size); }
DELETE(_ZdaPvmSt11align_val_t, SIZED IGNORED_ALIGN) { front_free_sized(p, 0, size); }
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, IGNORED_ALIGN TAGGED) { front_free(p); }
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, IGNORED_ALIGN TAGGED) { front_free(p); }
