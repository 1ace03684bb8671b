/* False sharing: each thread allocates a small block, writes to it many times and frees it. An allocator that gives
 * two threads parts of one cache line makes them fight for it. Active (thrash): every block is the thread's own.
 * Passive (scratch): the first block of each thread was allocated side by side by the main thread, and an allocator
 * that lets a thread reuse it after freeing keeps the line shared for good. The two patterns of Berger and others,
 * "Hoard" (2000).
 */
#include "load.h"

#include <pthread.h>

enum { ARG_PASSIVE, ARG_THREADS, ARG_CYCLES, ARG_WRITES, ARG_SIZE };

static struct load_arg args[] = {
    [ARG_PASSIVE] = { "passive", "0 own blocks (thrash), 1 first ones from the main thread (scratch)", 0, 0, 1 },
    [ARG_THREADS] = { "threads", "threads", 2, 1, 1024 },
    [ARG_CYCLES] = { "cycles", "blocks that each thread takes and frees", 200000, 1, UINT64_C(1) << 40 },
    [ARG_WRITES] = { "writes", "writes to each block", 500, 1, 1u << 30 },
    [ARG_SIZE] = { "size", "bytes of a block", 16, LOAD_MIN, 65536 },
};

static struct load load = {
    .name = "sharing",
    .about = "Threads write to small blocks that may share a cache line.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
};

struct worker {
    struct load_block *first; /* what the main thread handed over, or NULL */
    char apart[128 - sizeof(struct load_block *)]; /* the tables of two threads never share a line themselves */
};

static void *write_and_free(void *arg)
{
    struct worker *w = arg;
    load_give(w->first);
    for (uint64_t i = args[ARG_CYCLES].value; i > 0; i--) {
        struct load_block *block = load_take(args[ARG_SIZE].value, (uint32_t)i);
        volatile uint32_t *word = &block->tag;
        for (uint64_t k = args[ARG_WRITES].value; k > 0; k--)
            *word = *word + 0x100; /* the low byte, which load_give looks at, stays */
        load_give(block);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    load_parse(&load, argc, argv);
    uint64_t threads = args[ARG_THREADS].value;
    struct worker *workers = calloc(threads, sizeof *workers);
    if (!workers)
        load_no_memory(threads * sizeof *workers);
    for (uint64_t i = 0; args[ARG_PASSIVE].value && i < threads; i++)
        workers[i].first = load_take(args[ARG_SIZE].value, (uint32_t)i);

    struct load_clock begin = load_now();
    load_in_threads(threads, write_and_free, workers, sizeof *workers);
    struct load_clock end = load_now();

    load_print(begin, end, threads * args[ARG_CYCLES].value * args[ARG_WRITES].value, "passive=%llu threads=%llu",
               (unsigned long long)args[ARG_PASSIVE].value, (unsigned long long)threads);
    free(workers);
    return 0;
}
