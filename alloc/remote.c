#include "heap.h"

#include "sizeclass.h"

/* Heaps by id, in chunks that are made as ids are given out. */
#define CHUNK 1024u
typedef _Atomic(struct heap *) heap_slot;
static _Atomic(heap_slot *) directory[HEAP_ID_MAX / CHUNK + 1];

bool hak_heap_register(struct heap *h)
{
    heap_slot *chunk = atomic_load_explicit(&directory[h->id / CHUNK], memory_order_relaxed);
    if (!chunk) {
        chunk = hak_meta_alloc(CHUNK * sizeof *chunk);
        if (!chunk)
            return false;
        atomic_store_explicit(&directory[h->id / CHUNK], chunk, memory_order_release);
    }
    for (unsigned c = 0; c < NCLASS; c++)
        h->parcel[c] = hak_parcel_of(c);
    atomic_store_explicit(&chunk[h->id % CHUNK], h, memory_order_release);
    return true;
}

static struct heap *heap_by_id(uint32_t id)
{
    heap_slot *chunk = atomic_load_explicit(&directory[id / CHUNK], memory_order_acquire);
    return atomic_load_explicit(&chunk[id % CHUNK], memory_order_acquire);
}

static unsigned class_of_tag(uint32_t tag)
{
    return tag % (1u << TAG_SHIFT) / 16;
}

/* Sends what is in an outbox, if it is in use, and leaves it unused. */
static void send(struct heap *h, struct outbox *out)
{
    if (!out->head)
        return;
    unsigned c = class_of_tag(out->tag), n = h->parcel[c] - out->room;
    struct heap *owner = heap_by_id(out->tag >> TAG_SHIFT);
    parcel_push(&owner->inbox[c], out->head, n);
    *out = (struct outbox){0};
    hak_add(&h->stats.remote_sent, n);
    hak_orphan_tidy(owner);
}

void hak_heap_send(struct heap *h)
{
    for (uint64_t left = h->packing; left; left &= left - 1)
        for (unsigned i = 0; i < OUTBOXES; i++)
            send(h, &h->out[i][__builtin_ctzll(left)]);
    h->packing = 0;
}

NOINLINE void hak_heap_free_remote(struct heap *h, void *p, uint32_t tag)
{
    struct outbox *out = outbox_of(h, tag);
    if (out->tag != tag) {
        send(h, out);
        out->tag = tag;
        out->room = h->parcel[class_of_tag(tag)];
        h->packing |= (uint64_t)1 << class_of_tag(tag);
    }
    outbox_add(out, p);
    if (!--out->room) {
        send(h, out);
        hak_slow_tick(h, &hak_front);
    }
}

void hak_free_homeless(void *p, uint32_t tag)
{
    struct heap *owner = heap_by_id(tag >> TAG_SHIFT);
    set_next_block(p, NULL);
    parcel_push(&owner->inbox[class_of_tag(tag)], p, 1);
    hak_orphan_tidy(owner);
}

bool hak_heap_has_mail(struct heap *h)
{
    for (unsigned c = 0; c < NCLASS; c++)
        if (atomic_load(&h->inbox[c]))
            return true;
    return false;
}

void *hak_heap_parcel(struct heap *h, unsigned c, unsigned *n)
{
    void *p = h->stock[c];
    if (!p && !(p = inbox_take(&h->inbox[c])))
        return NULL;
    h->stock[c] = parcel_next(p, n);
    __builtin_prefetch(h->stock[c], 1);
    hak_add(&h->stats.remote_received, *n);
    return p;
}

void hak_heap_receive_class(struct heap *h, unsigned c)
{
    unsigned n;
    for (void *p; (p = hak_heap_parcel(h, c, &n));)
        hak_heap_put(h, p, n, c);
}

void hak_heap_receive(struct heap *h)
{
    for (unsigned c = 0; c < NCLASS; c++)
        hak_heap_receive_class(h, c);
}
