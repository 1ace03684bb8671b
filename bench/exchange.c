/* Exchange: threads put a fresh block into a random shared slot and free the one they find there, so a block is freed
 * by whichever thread comes next. Which one that is depends on the scheduler: there is no checksum.
 */
#include "load.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ARG_THREADS, ARG_CYCLES, ARG_SLOTS, ARG_MIN, ARG_MAX, ARG_SEED };

static struct load_arg args[] = {
    [ARG_THREADS] = { "threads", "threads", 2, 1, 1024 },
    [ARG_CYCLES] = { "cycles", "blocks exchanged by each thread", 3000000, 1, UINT64_C(1) << 40 },
    [ARG_SLOTS] = { "slots", "shared slots", 4096, 1, 1u << 24 },
    [ARG_MIN] = { "min", "smallest block, bytes", 16, LOAD_MIN, 1u << 20 },
    [ARG_MAX] = { "max", "largest block, bytes", 512, LOAD_MIN, 1u << 20 },
    [ARG_SEED] = { "seed", "start of the random sequence", 1, 1, UINT32_MAX },
};

static struct load load = {
    .name = "exchange",
    .about = "Threads swap blocks through shared slots and free what the others allocated.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
};

static struct load_block *_Atomic *shared;

static void *exchange(void *arg)
{
    uint32_t r = *(uint32_t *)arg;
    const uint32_t slots = (uint32_t)args[ARG_SLOTS].value;
    const uint32_t min = (uint32_t)args[ARG_MIN].value, max = (uint32_t)args[ARG_MAX].value;
    for (uint64_t i = args[ARG_CYCLES].value; i > 0; i--) {
        r = load_random(r);
        load_give(atomic_exchange_explicit(&shared[r % slots], load_take(load_between(r, min, max), r),
                                           memory_order_acq_rel));
    }
    return NULL;
}

int main(int argc, char **argv)
{
    load_parse(&load, argc, argv);
    if (args[ARG_MIN].value > args[ARG_MAX].value)
        load_fail(&load, "min is larger than max");
    uint64_t threads = args[ARG_THREADS].value;
    uint32_t *seeds = calloc(threads, sizeof *seeds);
    shared = calloc(args[ARG_SLOTS].value, sizeof *shared);
    if (!seeds || !shared)
        load_no_memory(args[ARG_SLOTS].value * sizeof *shared);
    for (uint64_t i = 0; i < threads; i++)
        seeds[i] = load_random((uint32_t)(args[ARG_SEED].value + i * 0x9e3779b9u) | 1);

    struct load_clock begin = load_now();
    load_in_threads(threads, exchange, seeds, sizeof *seeds);
    struct load_clock end = load_now();

    for (uint64_t k = 0; k < args[ARG_SLOTS].value; k++)
        load_give(shared[k]);
    load_print(begin, end, 2 * threads * args[ARG_CYCLES].value, "threads=%llu slots=%llu", (unsigned long long)threads,
               (unsigned long long)args[ARG_SLOTS].value);
    free(shared);
    free(seeds);
    return 0;
}
