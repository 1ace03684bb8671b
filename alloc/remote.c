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

static void send(struct outbox *out, unsigned c)
{
    struct heap *owner = heap_by_id(out->id);
    parcel_push(&owner->inbox[c], out->head, out->n);
    out->n = 0;
    out->head = NULL;
    hak_orphan_tidy(owner);
}

void hak_heap_send(struct heap *h)
{
    for (unsigned i = 0; i < OUTBOXES; i++)
        for (unsigned c = 0; c < NCLASS; c++)
            if (h->out[i][c].n)
                send(&h->out[i][c], c);
}

void hak_heap_free_remote(struct heap *h, void *p, uint32_t tag)
{
    uint32_t id = tag >> TAG_SHIFT;
    unsigned c = tag % (1u << TAG_SHIFT) / 16;
    struct outbox *out = &h->out[id % OUTBOXES][c];
    if (unlikely(out->id != id)) {
        if (out->n)
            send(out, c);
        out->id = id;
    }
    set_next_block(p, out->head);
    out->head = p;
    hak_add(&h->stats.remote_sent, 1);
    if (unlikely(++out->n >= h->parcel[c])) {
        send(out, c);
        hak_slow_tick(h, &hak_front);
    }
}

void hak_free_homeless(void *p, uint32_t tag)
{
    struct heap *owner = heap_by_id(tag >> TAG_SHIFT);
    set_next_block(p, NULL);
    parcel_push(&owner->inbox[tag % (1u << TAG_SHIFT) / 16], p, 1);
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
        for (void *next; n--; p = next) {
            next = next_block(p);
            hak_heap_put(h, p);
        }
}

void hak_heap_receive(struct heap *h)
{
    for (unsigned c = 0; c < NCLASS; c++)
        hak_heap_receive_class(h, c);
}
