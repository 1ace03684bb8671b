/* Thread churn: short-lived threads that allocate, free most of it and die; what they leave is freed later by the main
 * thread. Memory must not grow with the number of threads that ever lived.
 */
#include "load.h"

#include <pthread.h>

enum { ARG_GENERATIONS, ARG_THREADS, ARG_BLOCKS, ARG_KEEP, ARG_MIN, ARG_MAX, ARG_SEED };
enum { KEPT_GENERATIONS = 8 }; /* how long a survivor lives */

static struct load_arg args[] = {
    [ARG_GENERATIONS] = { "generations", "times that all threads die and new ones start", 1500, 1, 100000000 },
    [ARG_THREADS] = { "threads", "threads alive at a time", 2, 1, 1024 },
    [ARG_BLOCKS] = { "blocks", "blocks that each thread allocates", 500, 1, 1u << 24 },
    [ARG_KEEP] = { "keep", "one block in so many outlives its thread", 10, 1, 1u << 24 },
    [ARG_MIN] = { "min", "smallest block, bytes", 16, LOAD_MIN, 1u << 20 },
    [ARG_MAX] = { "max", "largest block, bytes", 512, LOAD_MIN, 1u << 20 },
    [ARG_SEED] = { "seed", "start of the random sequence", 1, 1, UINT32_MAX },
};

static struct load load = {
    .name = "threads",
    .about = "Short-lived threads allocate, free most of it, and leave the rest to others.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
    .has_checksum = true,
};

struct worker {
    uint32_t random;
    uint64_t sum;
    struct load_block **block; /* `blocks` entries; NULL where freed */
};

static void *live(void *arg)
{
    struct worker *w = arg;
    const uint32_t min = (uint32_t)args[ARG_MIN].value, max = (uint32_t)args[ARG_MAX].value;
    const uint64_t blocks = args[ARG_BLOCKS].value, keep = args[ARG_KEEP].value;
    for (uint64_t i = 0; i < blocks; i++) {
        w->random = load_random(w->random);
        w->block[i] = load_take(load_between(w->random, min, max), w->random);
    }
    for (uint64_t i = 0; i < blocks; i++) {
        if (i % keep == keep - 1)
            continue;
        w->sum += load_give(w->block[i]);
        w->block[i] = NULL;
    }
    return NULL;
}

static void give_all(struct worker *w)
{
    for (uint64_t i = 0; i < args[ARG_BLOCKS].value; i++) {
        w->sum += load_give(w->block[i]);
        w->block[i] = NULL;
    }
}

int main(int argc, char **argv)
{
    load_parse(&load, argc, argv);
    if (args[ARG_MIN].value > args[ARG_MAX].value)
        load_fail(&load, "min is larger than max");
    uint64_t threads = args[ARG_THREADS].value, all = KEPT_GENERATIONS * threads;
    struct worker *workers = calloc(all, sizeof *workers);
    if (!workers)
        load_no_memory(all * sizeof *workers);
    for (uint64_t i = 0; i < all; i++) {
        workers[i].random = load_random((uint32_t)(args[ARG_SEED].value + i * 0x9e3779b9u) | 1);
        workers[i].block = calloc(args[ARG_BLOCKS].value, sizeof workers[i].block[0]);
        if (!workers[i].block)
            load_no_memory(args[ARG_BLOCKS].value * sizeof workers[i].block[0]);
    }

    struct load_clock begin = load_now();
    for (uint64_t g = 0; g < args[ARG_GENERATIONS].value; g++) {
        struct worker *now = workers + g % KEPT_GENERATIONS * threads;
        for (uint64_t i = 0; i < threads; i++)
            give_all(&now[i]);
        load_in_threads(threads, live, now, sizeof *now);
    }
    struct load_clock end = load_now();

    uint64_t sum = 0;
    for (uint64_t i = 0; i < all; i++) {
        give_all(&workers[i]);
        sum += workers[i].sum;
        free(workers[i].block);
    }
    free(workers);
    load_print(begin, end, 2 * args[ARG_GENERATIONS].value * threads * args[ARG_BLOCKS].value,
               "generations=%llu threads=%llu", (unsigned long long)args[ARG_GENERATIONS].value,
               (unsigned long long)threads);
    if (load.checksum)
        load_print_checksum(sum);
    return 0;
}
