/* Floor 6: heaps and the threads' fronts.
 *
 * A front is a thread's own block of TLS: for each class an intrusive LIFO list of free blocks and a
 * down-counter that bounds it. malloc pops, free pushes; nothing else happens on the fast path.
 * A heap owns slabs. A thread has one while it lives; afterwards the heap is an orphan, and the next thread
 * takes it over, with the blocks that are still out and, for a while, with the lists as the last thread left them.
 * Heaps are never destroyed: a tag may name one forever.
 *
 * Invariants, for a cell: blocks in the list == bound - room, and 0 <= room <= bound between calls.
 * For a slab: used == blocks below `carved` without a set bit; it is in a list if and only if used < capacity
 * and it is not its bin's current slab. */
#ifndef HAK_HEAP_H
#define HAK_HEAP_H

#include "pool.h"
#include "remote.h"
#include "runs.h"

struct cell {
    void *head;    /* first free block */
    int32_t room;  /* blocks that may still be pushed; -1 asks for a flush */
    int32_t bound; /* most blocks the list may hold; 0: the list is the heap's shelf, and every call is a slow one */
};

enum front_state {
    FRONT_NEW,  /* no heap yet */
    FRONT_LIVE,
    FRONT_LATE, /* the thread's destructors have run: a heap is borrowed for each call */
};

struct front {
    struct cell cells[NCLASS];
    uint64_t id;          /* heap's id << TAG_SHIFT; NO_HEAP_TAG without one. 64 bits: no extension in free */
    uint32_t state;       /* enum front_state */
    struct heap *heap;    /* NULL unless FRONT_LIVE */
    unsigned exit_rounds; /* rounds of thread-exit destructors still to wait */
};
_Static_assert(sizeof(struct cell) == 16, "tags carry class * 16 as an offset into cells");
_Static_assert(sizeof(struct front) < 1024, "late dlopen: glibc has about 1.6 KiB of static TLS to spare");

HIDDEN extern __thread struct front hak_front;

enum heap_state {
    HEAP_OWNED,  /* a thread has it */
    HEAP_ORPHAN, /* nobody has it; it is in the list of orphans */
    HEAP_WARM,   /* the same, and its lists and what is freed to it are kept for the next thread */
    HEAP_LOCKED, /* an orphan that somebody is tidying */
    HEAP_ZOMBIE, /* belonged to a thread that fork() left behind; its lists may be inconsistent, never touched */
};

/* Event counts: written by the holder of the heap alone, read by anybody. */
typedef _Atomic(size_t) hak_count;
struct heap_stats {
    hak_count out[NCLASS], in[NCLASS];   /* blocks that left slabs, came back to slabs */
    hak_count refills[NCLASS], flushes[NCLASS]; /* batches between slabs and a thread's lists */
    hak_count direct[NCLASS];            /* mallocs of classes without inline slots */
    hak_count thinned; /* bytes */
    hak_count warm_hits, cold_hits, fresh_slabs, adopted_slabs;
    hak_count remote_sent, remote_received; /* blocks */
};

struct bin {
    struct slab *current; /* NULL, or a slab that may have a free block */
    struct pool pool;
};

#define OUTBOX_CLASSES (1u << TAG_SHIFT >> 4)

struct heap {
    hak_inbox inbox[NCLASS] __attribute__((aligned(64))); /* lines of their own: other threads write them */
    _Atomic(uint32_t) state;   /* enum heap_state */
    _Atomic(uint32_t) waiting; /* parcels that came while it was warm and are in no slab */
    uint32_t id __attribute__((aligned(64)));
    unsigned empty;            /* empty slabs kept in warm lists, all classes; <= HAKMEM_WARM_POOL_SIZE */
    struct bin bins[NCLASS];
    struct cell shelf[NCLASS]; /* lists that are in no front: of classes without inline slots, or of no thread */
    void *stock[NCLASS];       /* parcels that have come out of the inbox and are not opened yet */
    uint8_t parcel[NCLASS];    /* blocks that make a parcel; never more than a list may hold */
    uint64_t packing;          /* bit c: an outbox of class c may be in use */
    struct outbox out[OUTBOXES][OUTBOX_CLASSES]; /* at a tag's low bits: see outbox_of() */
    struct runs runs;          /* free large blocks */
    uint64_t random;           /* state of next_random() */
    uint64_t swept;            /* ms: last look at what has gone cold */
    unsigned calls;            /* slow calls since that clock was read */
    unsigned thin_wait;        /* fresh units until the next walk over partly used slabs */
    int32_t room_seen[NCLASS]; /* cells' room at the last sweep */
    struct heap *next;         /* all heaps; under the heaps lock */
    struct heap *next_orphan;
    uint64_t left;             /* ms: when it became an orphan */
    bool warm;                 /* an orphan whose lists were kept; changes hands with the state */
    struct heap_stats stats;
};

/* Adds n to a count of a heap that the caller holds. */
static inline void hak_add(hak_count *count, size_t n)
{
    if (HAK_STATS)
        atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n, memory_order_relaxed);
}

/* Moves the lists of the classes that the knobs give inline slots from the heap's shelf to f, and back. */
void hak_cells_take(struct heap *h, struct front *f);
void hak_cells_leave(struct heap *h, struct front *f);

/* Bytes in the lists on the shelf. */
size_t hak_shelf_bytes(const struct heap *h);

/* Takes one block of class c from the heap and stocks f's list with some more (f may be NULL). NULL: no memory. */
void *hak_heap_refill(struct heap *h, struct front *f, unsigned c);

/* A free left the cell of class c with one block too many: makes room. */
void hak_heap_overflow(struct heap *h, struct front *f, unsigned c);

/* Where blocks with this tag are packed: the low bits of the heap's id and the class as they stand in a tag. */
static inline struct outbox *outbox_of(struct heap *h, uint32_t tag)
{
    size_t off = tag & (sizeof h->out - 1) & ~(sizeof(struct outbox) - 1);
    return (struct outbox *)(void *)((char *)h->out + off);
}
_Static_assert(NCLASS <= 64, "a bit of heap.packing for each class");
_Static_assert(sizeof ((struct heap *)0)->out == (size_t)OUTBOXES << TAG_SHIFT, "a tag's low bits find the outbox");

/* Packs a block of another heap; `tag` is its tag. */
static inline void outbox_add(struct outbox *out, void *p)
{
    set_next_block(p, out->head);
    out->head = p;
}

/* What a remote free does when its outbox is not in use, collects for another heap, or has become full. */
void hak_heap_free_remote(struct heap *h, void *p, uint32_t tag);

/* Frees a block of any heap at once, from a thread that has none. */
void hak_free_homeless(void *p, uint32_t tag);

/* Every slow call passes here: now and then it looks at the clock. */
void hak_slow_tick(struct heap *h, struct front *f);

/* Gives every class an empty list, on the shelf, of the length that the knobs say. */
void hak_shelf_init(struct heap *h);

/* Makes a new heap known by its id; false if there is no memory. One thread at a time (floor 7 has a lock). */
bool hak_heap_register(struct heap *h);

/* Sends what is in the outboxes. */
void hak_heap_send(struct heap *h);

/* Puts what others freed into its slabs, all classes. */
void hak_heap_receive(struct heap *h);

/* The same for one class. */
void hak_heap_receive_class(struct heap *h, unsigned c);

/* One parcel of class c that others freed, and the number of its blocks; NULL if there is none. */
void *hak_heap_parcel(struct heap *h, unsigned c, unsigned *n);

/* Puts a chain of n blocks of class c into their slabs. A block whose slab has gone to another heap is forwarded; a
 * chain that ends earlier is put as far as it goes. */
void hak_heap_put(struct heap *h, void *chain, unsigned n, unsigned c);

/* True if something lies in an inbox of h; ordered after the caller's earlier stores. Any thread. */
bool hak_heap_has_mail(struct heap *h);

/* Blocks of class c that make a parcel. */
uint8_t hak_parcel_of(unsigned c);

/* Before memory grows: gives the process what the heap keeps but does not use, as far as that costs little. */
void hak_heap_save(struct heap *h);

enum thin_when {
    THIN_GROWING, /* before a unit is mapped */
    THIN_SWEEP,   /* what was not touched since the last time */
    THIN_TRIM,    /* all */
};

/* Gives back pages of partly used slabs that hold free blocks alone (thin.c). */
void hak_heap_thin(struct heap *h, enum thin_when when);

/* Gives everything back: mail, lists and empty slabs, and what is packed for others. f is NULL for an orphan. */
void hak_heap_trim(struct heap *h, struct front *f);

/* Takes over a slab with free blocks of class c from an orphan (floor 7 knows them); NULL if there is none. */
struct slab *hak_orphan_slab(struct heap *h, unsigned c);

/* Empties the inbox of h if nobody has h: called after every push. */
void hak_orphan_tidy(struct heap *h);

/* Gives back the lists of orphans that nobody took over for HAKMEM_PURGE_MS. */
void hak_orphans_age(uint64_t now);

#endif
