/* A heap between two threads: what others free to it waits for its next thread, which uses it first; but no more than
 * so much waits, because what waits cannot make a slab empty. */
#include <pthread.h>

#include "hakmem.h"
#include "heap.h"
#include "knobs.h"
#include "sizeclass.h"
#include "tap.h"
#include "thread.h"

enum { SIZE = 64, FEW = 2 * PARCEL_BLOCKS, MANY = 80 * PARCEL_BLOCKS };

struct blocks {
    void **block;
    size_t n;
    uint32_t heap; /* id of the heap of the thread that took them */
};

static void *take(void *arg)
{
    struct blocks *b = arg;
    for (size_t i = 0; i < b->n; i++)
        b->block[i] = hakmem_malloc(SIZE);
    b->heap = hak_front.heap->id;
    return NULL;
}

static void *take_and_leave_much(void *arg)
{
    void *block[3][7];
    for (size_t k = 0; k < 3; k++)
        for (int i = 0; i < 7; i++)
            block[k][i] = hakmem_malloc(SMALL_MAX - k * SMALL_MAX / 8);
    for (size_t k = 0; k < 3; k++)
        for (int i = 0; i < 7; i++)
            hakmem_free(block[k][i]);
    return take(arg);
}

static struct blocks in_thread(void *(*run)(void *), void **block, size_t n)
{
    pthread_t thread;
    struct blocks b = {.block = block, .n = n};
    if (pthread_create(&thread, NULL, run, &b) != 0)
        abort();
    pthread_join(thread, NULL);
    return b;
}

/* Frees them from here, and sends what is packed. */
static void give(const struct blocks *b)
{
    for (size_t i = 0; i < b->n; i++)
        hakmem_free(b->block[i]);
    hak_heap_send(hak_front.heap);
}

static struct heap *wanted;
static uint32_t wanted_id;

static void find(struct heap *h, void *arg)
{
    (void)arg;
    if (h->id == wanted_id)
        wanted = h;
}

static struct heap *heap_of(uint32_t id)
{
    wanted_id = id;
    hak_each_heap(find, NULL);
    return wanted;
}

static size_t common(const struct blocks *a, const struct blocks *b)
{
    size_t same = 0;
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            same += a->block[i] == b->block[k];
    return same;
}

/* Blocks of the heap that are in none of its slabs: out, in lists or waiting. */
static size_t out_of_slabs(struct heap *h)
{
    unsigned c = class_of(SIZE);
    return atomic_load(&h->stats.out[c]) - atomic_load(&h->stats.in[c]);
}

static void few_wait(void)
{
    static void *first[FEW], *second[FEW];
    struct blocks a = in_thread(take, first, FEW);
    struct heap *h = heap_of(a.heap);
    ok(atomic_load(&h->state) == HEAP_WARM, "the heap of a thread that has ended keeps its short lists");
    size_t before = out_of_slabs(h);
    give(&a);
    ok(out_of_slabs(h) == before && hak_heap_has_mail(h), "what others free to it waits");
    struct blocks b = in_thread(take, second, FEW);
    ok(b.heap == a.heap, "the next thread takes the heap over");
    ok(common(&a, &b) >= FEW - PARCEL_BLOCKS, "and what waited is what it uses first");
    ok(!hak_heap_has_mail(h), "so nothing waits any more");
    give(&b);
    hakmem_trim(0);
}

static void many_do_not(void)
{
    static void *block[MANY];
    struct blocks a = in_thread(take, block, MANY);
    struct heap *h = heap_of(a.heap);
    size_t before = out_of_slabs(h);
    give(&a);
    size_t waiting = out_of_slabs(h) - (before - MANY);
    ok(atomic_load(&h->state) == HEAP_WARM && waiting < MANY / 2, "of much that comes most is put into its slabs");
    hakmem_trim(0);
    ok(!hak_heap_has_mail(h) && out_of_slabs(h) == 0, "trim puts all of it there");
}

static void adopted(void)
{
    static void *first[FEW], *second[FEW];
    struct blocks a = in_thread(take, first, FEW), b = {.block = second, .n = FEW};
    give(&a);
    hakmem_trim(0); /* this thread's own lists, too; the orphans' are put away with them */
    a = in_thread(take, first, FEW);
    for (size_t i = 0; i < FEW; i++)
        hakmem_free(a.block[i]);
    hak_heap_send(hak_front.heap);
    take(&b);
    ok(b.heap != a.heap && common(&a, &b) > 0, "a thread that needs a slab finds the one whose blocks wait");
    give(&b);
    hakmem_trim(0);
}

static void cold(void)
{
    static void *block[FEW];
    struct blocks a = in_thread(take_and_leave_much, block, FEW);
    struct heap *h = heap_of(a.heap);
    ok(atomic_load(&h->state) == HEAP_ORPHAN, "a thread that has much in its lists leaves none of it");
    give(&a);
    ok(!hak_heap_has_mail(h) && out_of_slabs(h) == 0, "then nothing waits: it goes where it belongs at once");
}

int main(void)
{
    hakmem_free(hakmem_malloc(1));
    few_wait();
    many_do_not();
    adopted();
    cold();
    return done_testing();
}
