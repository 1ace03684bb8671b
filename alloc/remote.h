/* Floor 5: blocks on their way home, in parcels. A parcel is a chain of blocks of one class and one owner, linked through their first words; the second word of its first block holds the parcel behind
 * it in a stack and, in the bits that no address uses, the number of its blocks. So the sender, in whose cache the
 * blocks are, does the sorting, and the owner makes a parcel its list without looking at any other block of it. */
#ifndef HAK_REMOTE_H
#define HAK_REMOTE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define OUTBOXES      8u   /* owners that a thread collects for at a time, for each class */
#define PARCEL_BLOCKS 32u  /* most blocks in a parcel that travels */
#define PARCEL_BYTES  ((size_t)8192) /* and bytes; a larger block travels alone */
#define ADDRESS_BITS  48   /* of a block; the bits above them count a parcel's blocks */

/* A stack of parcels that anyone pushes to and only its owner empties. */
typedef _Atomic(void *) hak_inbox;

/* A parcel being packed, for one owner and class. */
struct outbox {
    void *head;
    uint32_t tag;  /* of its blocks */
    uint32_t room; /* blocks that still go in, the last of which sends it; 0: unused */
};
_Static_assert(sizeof(struct outbox) == 16, "a tag's low bits are an offset into the outboxes");

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
    *n = (unsigned)(word >> ADDRESS_BITS);
    return (void *)(word & (((uintptr_t)1 << ADDRESS_BITS) - 1));
}

/* Makes a chain of n blocks, 1 <= n < 2^16, the parcel before `next`. */
static inline void parcel_link(void *parcel, const void *next, unsigned n)
{
    ((uintptr_t *)parcel)[1] = (uintptr_t)next | (uintptr_t)n << ADDRESS_BITS;
}

/* Pushes a chain of n blocks. */
static inline void parcel_push(hak_inbox *in, void *parcel, unsigned n)
{
    void *old = atomic_load_explicit(in, memory_order_relaxed);
    do
        parcel_link(parcel, old, n);
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
