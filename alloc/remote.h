/* Floor 5: blocks on their way home, in parcels. A parcel is a chain of blocks of one class and one owner, linked
 * through their first words; the second word of its first block holds the parcel behind it in a stack and, in the
 * four bits that alignment leaves, the number of its blocks less one. So the sender, in whose cache the blocks are,
 * does the sorting, and the owner makes a parcel its list without looking at any other block of it. */
#ifndef HAK_REMOTE_H
#define HAK_REMOTE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define OUTBOXES      8u   /* owners that a thread collects for at a time, for each class */
#define PARCEL_BLOCKS 16u  /* most blocks in a parcel: what four bits can say */
#define PARCEL_BYTES  ((size_t)8192) /* and bytes; a larger block travels alone */

/* A stack of parcels that anyone pushes to and only its owner empties. */
typedef _Atomic(void *) hak_inbox;

/* A parcel being packed. */
struct outbox {
    uint32_t id; /* of the owner */
    uint32_t n;  /* blocks in the chain; 0: unused */
    void *head;
};

static inline void *next_block(const void *block)
{
    return *(void *const *)block;
}

static inline void set_next_block(void *block, void *next)
{
    *(void **)block = next;
}

/* The parcel behind this one; *n becomes the number of this one's blocks. */
static inline void *parcel_next(const void *parcel, unsigned *n)
{
    uintptr_t word = ((const uintptr_t *)parcel)[1];
    *n = (unsigned)(word & (PARCEL_BLOCKS - 1)) + 1;
    return (void *)(word & ~(uintptr_t)(PARCEL_BLOCKS - 1));
}

/* Pushes a chain of n blocks, 1 <= n <= PARCEL_BLOCKS. */
static inline void parcel_push(hak_inbox *in, void *parcel, unsigned n)
{
    void *old = atomic_load_explicit(in, memory_order_relaxed);
    do
        ((uintptr_t *)parcel)[1] = (uintptr_t)old | (n - 1);
    while (!atomic_compare_exchange_weak_explicit(in, &old, parcel, memory_order_seq_cst, memory_order_relaxed));
}

/* Takes all parcels. */
static inline void *inbox_take(hak_inbox *in)
{
    if (!atomic_load_explicit(in, memory_order_relaxed))
        return NULL;
    return atomic_exchange_explicit(in, NULL, memory_order_seq_cst);
}

#endif
