/* Floor 5: blocks on their way home. A thread that frees a block of another heap collects such blocks in an
 * outbox and hands a chain of them to the owner's inbox with one atomic operation. Chains are linked through
 * the blocks' first word; the second word of a block names one a few further on, which the owner prefetches, as
 * every block of the chain sits in another core's cache. */
#ifndef HAK_REMOTE_H
#define HAK_REMOTE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define OUTBOXES      8u   /* owners that a thread collects for at a time */
#define OUTBOX_BLOCKS 32u  /* blocks in a chain */
#define OUTBOX_BYTES  ((size_t)65536) /* and bytes, about */

/* A stack that anyone pushes to and only its owner empties. */
struct inbox {
    _Atomic(void *) head;
};

#define OUTBOX_AHEAD  4u /* how far on the second word points */

struct outbox {
    uint32_t id;   /* of the owner */
    unsigned n;    /* blocks in the chain; 0: unused */
    size_t bytes;
    void *head, *tail;
    void *recent[OUTBOX_AHEAD]; /* the last blocks, a ring by n */
};

static inline void *next_block(const void *block)
{
    return *(void *const *)block;
}

static inline void set_next_block(void *block, void *next)
{
    *(void **)block = next;
}

/* Adds a block to a chain that is not empty or whose id is set. */
static inline void outbox_add(struct outbox *out, void *p, size_t bytes)
{
    void **word = p;
    void **recent = &out->recent[out->n % OUTBOX_AHEAD];
    word[0] = out->head;
    word[1] = out->n >= OUTBOX_AHEAD ? *recent : NULL;
    *recent = out->head = p;
    if (!out->n++)
        out->tail = p;
    out->bytes += bytes;
}

/* Pushes the chain head .. tail. */
static inline void inbox_push(struct inbox *in, void *head, void *tail)
{
    void *old = atomic_load_explicit(&in->head, memory_order_relaxed);
    do
        set_next_block(tail, old);
    while (!atomic_compare_exchange_weak_explicit(&in->head, &old, head, memory_order_seq_cst,
                                                  memory_order_relaxed));
}

static inline int inbox_any(struct inbox *in)
{
    return atomic_load_explicit(&in->head, memory_order_relaxed) != NULL;
}

/* Takes everything, linked through next_block(). */
static inline void *inbox_take(struct inbox *in)
{
    return atomic_exchange_explicit(&in->head, NULL, memory_order_seq_cst);
}

#endif
