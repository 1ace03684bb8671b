/* Floor 8: the hakmem_ names. */
#include "hakmem.h"

#include <errno.h>

#include "front.h"
#include "knobs.h"
#include "thread.h"

void *hakmem_malloc(size_t size)
{
    return front_malloc(size);
}

void *hakmem_calloc(size_t n, size_t size)
{
    return front_calloc(n, size);
}

void *hakmem_realloc(void *p, size_t size)
{
    return front_realloc(p, size);
}

void hakmem_free(void *p)
{
    front_free(p);
}

void *hakmem_reallocarray(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return front_realloc(p, bytes);
}

/* POSIX: the error is returned, and nothing is said of errno. The C library's sets it, and its own tests ask for that. */
static NOINLINE int posix_memalign_slow(void **out, size_t align, size_t size)
{
    void *p = front_aligned(align, size);
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

int hakmem_posix_memalign(void **out, size_t align, size_t size)
{
    if (unlikely(!is_pow2(align) || align % sizeof(void *)))
        return EINVAL;
    void *p = front_aligned_now(align, size);
    if (unlikely(!p))
        return posix_memalign_slow(out, align, size);
    *out = p;
    return 0;
}

void *hakmem_aligned_alloc(size_t align, size_t size)
{
    if (!is_pow2(align)) {
        errno = EINVAL;
        return NULL;
    }
    return front_aligned(align, size);
}

void *hakmem_memalign(size_t align, size_t size)
{
    return hakmem_aligned_alloc(align, size);
}

void *hakmem_valloc(size_t size)
{
    return front_aligned(PAGE_SIZE_HAK, size);
}

void *hakmem_pvalloc(size_t size)
{
    if (size > PTRDIFF_MAX) {
        errno = ENOMEM;
        return NULL;
    }
    return front_aligned(PAGE_SIZE_HAK, size ? align_up(size, PAGE_SIZE_HAK) : PAGE_SIZE_HAK);
}

size_t hakmem_usable_size(const void *p)
{
    return front_usable(p);
}

void hakmem_free_sized(void *p, size_t size)
{
    front_free_sized(p, 0, size);
}

void hakmem_free_aligned_sized(void *p, size_t align, size_t size)
{
    front_free_sized(p, align, size);
}

int hakmem_trim(size_t pad)
{
    (void)pad;
    if (hak_front.heap) {
        hak_heap_trim(hak_front.heap, &hak_front);
        hak_heap_thin(hak_front.heap, THIN_TRIM);
    }
    hak_orphans_trim();
    return hak_space_purge(true) > 0;
}
