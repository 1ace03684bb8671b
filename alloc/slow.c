#include "slow.h"

#include <errno.h>
#include <string.h>

#include "front_plain.h"
#include "knobs.h"
#include "large.h"
#include "os.h"
#include "thread.h"

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

/* A call from a thread whose heap is gone, or could not be made. */
static COLD void *malloc_late(unsigned c)
{
    struct heap *h = hak_heap_borrow();
    if (!h)
        return no_memory();
    void *p = hak_heap_refill(h, NULL, c);
    hak_heap_return(h);
    return p ? p : no_memory();
}

static void *refill(unsigned c)
{
    struct heap *h = hak_thread_heap();
    if (unlikely(!h))
        return malloc_late(c);
    void *p = hak_heap_refill(h, &hak_front, c);
    return likely(p != NULL) ? p : no_memory();
}

NOINLINE void *hak_malloc_refill(size_t at)
{
    return refill((unsigned)(at * CLASS_SCALE / sizeof(struct cell)));
}

/* A block of class c, from the list or else from the heap. */
static void *malloc_class(unsigned c)
{
    struct cell *cell = &hak_front.cells[c];
    void *p = cell->head;
    if (unlikely(!p))
        return refill(c);
    cell->head = next_block(p);
    cell->room++;
    return p;
}

/* The calling thread's heap, which may keep runs; NULL where it has none. */
static struct heap *run_heap(void)
{
    struct heap *h = hak_front.heap;
    if (likely(h != NULL))
        hak_slow_tick(h, &hak_front);
    return h;
}

static void *malloc_large(size_t size, size_t align, size_t *dirty)
{
    struct heap *h = size <= RUN_MAX ? run_heap() : NULL;
    void *p = hak_space_init() ? hak_large_alloc(h, size, align, dirty) : NULL;
    return p ? p : no_memory();
}

NOINLINE void *hak_malloc_slow(size_t size)
{
    size_t dirty;
    return size <= SMALL_MAX ? malloc_class(class_of(size)) : malloc_large(size, MIN_ALIGN, &dirty);
}

NOINLINE void hak_free_flush(size_t off)
{
    hak_heap_overflow(hak_front.heap, &hak_front, (unsigned)(off / sizeof(struct cell)));
}

COLD _Noreturn void hak_free_foreign(void *p)
{
    hak_os_fatal("free of a pointer that malloc did not return:", p);
}

/* Neither of the first two ways: not a small block, or not an outbox that can take it, or no heap. */
static NOINLINE void free_other(void *p, uint32_t tag)
{
    struct heap *h = hak_front.heap;
    if (tag < 1u << TAG_SHIFT)
        hak_large_free(tag == TAG_RUN ? run_heap() : NULL, p, tag);
    else if (likely(h != NULL))
        hak_heap_free_remote(h, p, tag);
    else if (!(h = hak_thread_heap()))
        hak_free_homeless(p, tag);
    else if (unlikely((tag ^ hak_front.id) < NCLASS * 16))
        plain_free(p); /* this was the thread's first call, and it took over the heap that the block is from */
    else
        hak_heap_free_remote(h, p, tag);
}

/* Most often it is another thread's, whose outbox has room. (The tag of what is not small matches no outbox.) */
NOINLINE void hak_free_slow(void *p, uint64_t off)
{
    struct heap *h = hak_front.heap;
    uint32_t tag = (uint32_t)(off ^ hak_front.id);
    if (likely(h != NULL)) {
        struct outbox *out = outbox_of(h, tag);
        if (likely(out->tag == tag && out->room > 1)) {
            outbox_add(out, p);
            out->room--;
            return;
        }
    }
    free_other(p, tag);
}

void *hak_calloc(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        return no_memory();
    if (bytes > SMALL_MAX) {
        size_t dirty;
        void *p = malloc_large(bytes, MIN_ALIGN, &dirty);
        return p ? memset(p, 0, min_size(dirty, bytes)) : p;
    }
    void *p = plain_malloc(bytes);
    return p ? memset(p, 0, bytes) : p;
}

void *hak_aligned(size_t align, size_t size)
{
    if (align <= MIN_ALIGN)
        return plain_malloc(size);
    unsigned c = hak_class_aligned(size, align);
    size_t dirty;
    return c < NCLASS ? malloc_class(c) : malloc_large(size, align, &dirty);
}

/* Bytes of the blocks of a slab with this tag of a heap. */
static size_t small_size(uint32_t tag)
{
    return class_size(tag % (1u << TAG_SHIFT) / 16);
}

size_t hak_usable(const void *p)
{
    uint32_t tag = tag_of(p);
    return tag >= 1u << TAG_SHIFT ? small_size(tag) : hak_large_size(p, tag);
}

size_t hak_usable_exact(const void *p)
{
    size_t size = hak_usable(p);
    if (!size || tag_of(p) < 1u << TAG_SHIFT)
        return size;
    return (size_t)((const char *)p - slab_of(p)->start) % size ? 0 : size;
}

/* Another block for p's first `have` bytes. */
static void *move_block(void *p, size_t have, size_t size)
{
    void *q = plain_malloc(size);
    if (!q)
        return size <= have ? p : NULL; /* a smaller block need not fail */
    memcpy(q, p, min_size(have, size));
    plain_free(p);
    return q;
}

void *hak_realloc(void *p, size_t size)
{
    if (!p)
        return plain_malloc(size);
    if (!size) {
        plain_free(p);
        return NULL;
    }
    uint32_t tag = tag_of(p);
    if (likely(tag >= 1u << TAG_SHIFT)) {
        size_t have = small_size(tag);
        return size <= have && (size > have / 2 || have <= 64) ? p : move_block(p, have, size);
    }
    void *same = hak_large_resize(p, tag, size);
    return same ? same : move_block(p, hak_large_size(p, tag), size);
}
