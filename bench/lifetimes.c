/* Mixed lifetimes: most blocks die young, some live for thousands of allocations, a few for very long, and small
 * sizes are much more frequent than large ones, as in real programs.
 */
#include "load.h"

enum { ARG_CYCLES, ARG_LONG, ARG_SEED };

static struct load_arg args[] = {
    [ARG_CYCLES] = { "cycles", "blocks allocated", 5000000, 1, UINT64_C(1) << 40 },
    [ARG_LONG] = { "long", "places for long-lived blocks", 50000, 1, 1u << 26 },
    [ARG_SEED] = { "seed", "start of the random sequence", 1, 1, UINT32_MAX },
};

static struct load load = {
    .name = "lifetimes",
    .about = "Blocks of short, middle and long life and of skewed sizes.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
    .has_checksum = true,
};

/* A generation: `count` places; a new block takes a random one and the block that was there dies. */
struct generation {
    uint32_t per_mille; /* of all blocks; the rows below sum to 1000 */
    uint32_t count;
    struct load_block **slot;
};

static struct generation generations[] = {
    { .per_mille = 900, .count = 32 },
    { .per_mille = 90, .count = 4096 },
    { .per_mille = 10, .count = 0 /* from the command line */ },
};

/* How sizes are spread: of 1000 blocks so many lie in min..max. */
static const struct {
    uint32_t per_mille, min, max;
} sizes[] = {
    { 750, 16, 128 },
    { 200, 129, 1024 },
    { 45, 1025, 16384 },
    { 5, 16385, 262144 },
};

static struct load_block *take_some(uint32_t random)
{
    uint32_t draw = load_between(load_random(random), 0, 999), i = 0;
    for (; draw >= sizes[i].per_mille; i++)
        draw -= sizes[i].per_mille;
    return load_take(load_between(random, sizes[i].min, sizes[i].max), random);
}

int main(int argc, char **argv)
{
    load_parse(&load, argc, argv);
    enum { COUNT = sizeof generations / sizeof generations[0] };
    generations[COUNT - 1].count = (uint32_t)args[ARG_LONG].value;
    for (uint32_t g = 0; g < COUNT; g++) {
        generations[g].slot = calloc(generations[g].count, sizeof generations[g].slot[0]);
        if (!generations[g].slot)
            load_no_memory(generations[g].count * sizeof generations[g].slot[0]);
    }

    uint32_t r = (uint32_t)args[ARG_SEED].value;
    uint64_t sum = 0;
    struct load_clock begin = load_now();
    for (uint64_t i = 0; i < args[ARG_CYCLES].value; i++) {
        r = load_random(r);
        uint32_t draw = load_between(r, 0, 999), g = 0;
        for (; draw >= generations[g].per_mille; g++)
            draw -= generations[g].per_mille;
        r = load_random(r);
        struct load_block **at = &generations[g].slot[r % generations[g].count];
        sum = load_fold(sum, load_give(*at));
        *at = take_some(r);
    }
    struct load_clock end = load_now();

    for (uint32_t g = 0; g < COUNT; g++) {
        for (uint32_t k = 0; k < generations[g].count; k++)
            sum = load_fold(sum, load_give(generations[g].slot[k]));
        free(generations[g].slot);
    }
    load_print(begin, end, 2 * args[ARG_CYCLES].value, "long=%llu", (unsigned long long)args[ARG_LONG].value);
    if (load.checksum)
        load_print_checksum(sum);
    return 0;
}
