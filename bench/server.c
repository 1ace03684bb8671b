/* Server churn: threads with tables of blocks, a random block replaced each cycle; after a while a thread hands its
 * table to a successor and dies, so blocks are freed by threads that did not allocate them. The pattern of Larson and
 * Krishnan, "Memory Allocation for Long-Running Server Applications" (1998).
 */
#include "load.h"

#include <pthread.h>

enum { ARG_THREADS, ARG_CYCLES, ARG_SLOTS, ARG_LIVES, ARG_MIN, ARG_MAX, ARG_SEED };

static struct load_arg args[] = {
    [ARG_THREADS] = { "threads", "threads alive at a time", 2, 1, 1024 },
    [ARG_CYCLES] = { "cycles", "blocks replaced by each thread and its successors", 4000000, 1, UINT64_C(1) << 40 },
    [ARG_SLOTS] = { "slots", "blocks in each table", 1000, 1, 1u << 24 },
    [ARG_LIVES] = { "lives", "successors a table sees", 20, 1, 1000000 },
    [ARG_MIN] = { "min", "smallest block, bytes", 16, LOAD_MIN, 1u << 20 },
    [ARG_MAX] = { "max", "largest block, bytes", 1000, LOAD_MIN, 1u << 20 },
    [ARG_SEED] = { "seed", "start of the random sequence", 1, 1, UINT32_MAX },
};

static struct load load = {
    .name = "server",
    .about = "Threads replace random blocks of their tables and hand the tables on when they die.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
    .has_checksum = true,
};

struct table {
    struct load_block **slot;
    uint32_t random;
    uint64_t sum;
};

static void *live(void *arg)
{
    struct table *t = arg;
    const uint32_t slots = (uint32_t)args[ARG_SLOTS].value;
    const uint32_t min = (uint32_t)args[ARG_MIN].value, max = (uint32_t)args[ARG_MAX].value;
    uint32_t r = t->random;
    uint64_t sum = t->sum;
    for (uint64_t i = args[ARG_CYCLES].value / args[ARG_LIVES].value; i > 0; i--) {
        r = load_random(r);
        struct load_block **slot = &t->slot[r % slots];
        sum += load_give(*slot);
        *slot = load_take(load_between(r, min, max), r);
    }
    t->random = r;
    t->sum = sum;
    return NULL;
}

int main(int argc, char **argv)
{
    load_parse(&load, argc, argv);
    if (args[ARG_MIN].value > args[ARG_MAX].value)
        load_fail(&load, "min is larger than max");
    if (args[ARG_LIVES].value > args[ARG_CYCLES].value)
        load_fail(&load, "lives is larger than cycles");
    uint64_t threads = args[ARG_THREADS].value;
    struct table *tables = calloc(threads, sizeof *tables);
    if (!tables)
        load_no_memory(threads * sizeof *tables);
    for (uint64_t i = 0; i < threads; i++) {
        tables[i].random = load_random((uint32_t)(args[ARG_SEED].value + i * 0x9e3779b9u) | 1);
        tables[i].slot = calloc(args[ARG_SLOTS].value, sizeof tables[i].slot[0]);
        if (!tables[i].slot)
            load_no_memory(args[ARG_SLOTS].value * sizeof tables[i].slot[0]);
    }

    struct load_clock begin = load_now();
    for (uint64_t i = 0; i < args[ARG_LIVES].value; i++)
        load_in_threads(threads, live, tables, sizeof *tables);
    struct load_clock end = load_now();

    uint64_t sum = 0;
    for (uint64_t i = 0; i < threads; i++) {
        sum += tables[i].sum;
        for (uint64_t k = 0; k < args[ARG_SLOTS].value; k++)
            sum += load_give(tables[i].slot[k]);
        free(tables[i].slot);
    }
    free(tables);
    uint64_t done = args[ARG_CYCLES].value / args[ARG_LIVES].value * args[ARG_LIVES].value;
    load_print(begin, end, 2 * threads * done, "threads=%llu slots=%llu", (unsigned long long)threads,
               (unsigned long long)args[ARG_SLOTS].value);
    if (load.checksum)
        load_print_checksum(sum);
    return 0;
}
