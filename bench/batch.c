/* Batches: allocate many, then free them all, newest first, oldest first or in random order. */
#include "load.h"

enum { ARG_ORDER, ARG_BATCH, ARG_ROUNDS, ARG_MIN, ARG_MAX, ARG_SEED };
enum { ORDER_LIFO, ORDER_FIFO, ORDER_RANDOM };

static struct load_arg args[] = {
    [ARG_ORDER] = { "order", "0 newest first, 1 oldest first, 2 random", ORDER_RANDOM, ORDER_LIFO, ORDER_RANDOM },
    [ARG_BATCH] = { "batch", "blocks in a batch", 2000, 1, 1u << 26 },
    [ARG_ROUNDS] = { "rounds", "batches", 4000, 1, UINT64_C(1) << 32 },
    [ARG_MIN] = { "min", "smallest block, bytes", 16, LOAD_MIN, 1u << 24 },
    [ARG_MAX] = { "max", "largest block, bytes", 256, LOAD_MIN, 1u << 24 },
    [ARG_SEED] = { "seed", "start of the random sequence", 1, 1, UINT32_MAX },
};

static struct load load = {
    .name = "batch",
    .about = "Allocates a batch of blocks, then frees it in one of three orders.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
    .has_checksum = true,
};

/* The order of one round as indices: a Fisher-Yates shuffle, made before the clock starts and used in every round. */
static uint32_t *make_order(uint32_t batch, uint32_t random)
{
    uint32_t *order = malloc(batch * sizeof *order);
    if (!order)
        load_no_memory(batch * sizeof *order);
    for (uint32_t i = 0; i < batch; i++)
        order[i] = args[ARG_ORDER].value == ORDER_LIFO ? batch - 1 - i : i;
    for (uint32_t i = batch - 1; args[ARG_ORDER].value == ORDER_RANDOM && i > 0; i--) {
        random = load_random(random);
        uint32_t k = load_between(random, 0, i), swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
    return order;
}

int main(int argc, char **argv)
{
    load_parse(&load, argc, argv);
    if (args[ARG_MIN].value > args[ARG_MAX].value)
        load_fail(&load, "min is larger than max");
    const uint32_t batch = (uint32_t)args[ARG_BATCH].value;
    const uint32_t min = (uint32_t)args[ARG_MIN].value, max = (uint32_t)args[ARG_MAX].value;
    uint32_t r = (uint32_t)args[ARG_SEED].value;
    uint32_t *order = make_order(batch, r);
    struct load_block **block = calloc(batch, sizeof *block);
    if (!block)
        load_no_memory(batch * sizeof *block);

    uint64_t sum = 0;
    struct load_clock begin = load_now();
    for (uint64_t round = 0; round < args[ARG_ROUNDS].value; round++) {
        for (uint32_t i = 0; i < batch; i++) {
            r = load_random(r);
            block[i] = load_take(load_between(r, min, max), r);
        }
        for (uint32_t i = 0; i < batch; i++)
            sum = load_fold(sum, load_give(block[order[i]]));
    }
    struct load_clock end = load_now();

    free(block);
    free(order);
    load_print(begin, end, 2 * args[ARG_ROUNDS].value * batch, "order=%llu batch=%u",
               (unsigned long long)args[ARG_ORDER].value, batch);
    if (load.checksum)
        load_print_checksum(sum);
    return 0;
}
