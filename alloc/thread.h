/* Floor 7: life and death of threads, and fork. A heap is owned by a thread, or an orphan in a list. */
#ifndef HAK_THREAD_H
#define HAK_THREAD_H

#include "heap.h"

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

/* True while no second thread was ever made. Then a fork takes no lock: it may come from a signal handler that
 * interrupted malloc, and what holds the lock goes on in parent and child. */
static inline bool hak_single_threaded(void)
{
#if __has_include(<sys/single_threaded.h>)
    return __libc_single_threaded;
#else
    return false;
#endif
}

/* Gives the calling thread a heap if it has none and its destructors have not run. NULL: late, or no memory. */
struct heap *hak_thread_heap(void);

/* A heap for one call of a late thread; NULL if there is no memory. Give it back at once. */
struct heap *hak_heap_borrow(void);
void hak_heap_return(struct heap *h);

/* Calls visit for every heap there is, under the heaps lock. */
void hak_each_heap(void (*visit)(struct heap *h, void *arg), void *arg);

/* Makes fork safe in a process with threads; call it once. */
void hak_fork_handlers(void);

/* Empties the inboxes of orphans and gives back their empty slabs. */
void hak_orphans_trim(void);

#endif
