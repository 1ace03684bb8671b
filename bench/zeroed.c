/* Zeroed blocks: calloc into random slots; every block is checked to be zero and made dirty all over before it is
 * freed, so that nobody gets away with handing out old contents.
 */
#include "load.h"

#include <stdio.h>
#include <string.h>

enum { ARG_CYCLES, ARG_SLOTS, ARG_MIN, ARG_MAX, ARG_SEED };

static struct load_arg args[] = {
    [ARG_CYCLES] = { "cycles", "blocks replaced", 1500000, 1, UINT64_C(1) << 40 },
    [ARG_SLOTS] = { "slots", "blocks alive", 400, 1, 1u << 24 },
    [ARG_MIN] = { "min", "smallest block, bytes", 16, LOAD_MIN, 1u << 30 },
    [ARG_MAX] = { "max", "largest block, bytes", 2048, LOAD_MIN, 1u << 30 },
    [ARG_SEED] = { "seed", "start of the random sequence", 1, 1, UINT32_MAX },
};

static struct load load = {
    .name = "zeroed",
    .about = "Replaces random slots with calloc'ed blocks and checks that they are zero.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
    .has_checksum = true,
};

/* memcmp of a block with itself, one byte on, after a look at the first: all bytes are equal to it. */
static void check_zero(const unsigned char *bytes, size_t size)
{
    if (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0)
        return;
    fprintf(stderr, "zeroed: calloc of %zu bytes gave a block that is not zero; the allocator under test is broken\n",
            size);
    exit(1);
}

int main(int argc, char **argv)
{
    load_parse(&load, argc, argv);
    if (args[ARG_MIN].value > args[ARG_MAX].value)
        load_fail(&load, "min is larger than max");
    const uint32_t slots = (uint32_t)args[ARG_SLOTS].value;
    const uint32_t min = (uint32_t)args[ARG_MIN].value, max = (uint32_t)args[ARG_MAX].value;
    struct load_block **slot = calloc(slots, sizeof *slot);
    if (!slot)
        load_no_memory(slots * sizeof *slot);

    uint32_t r = (uint32_t)args[ARG_SEED].value;
    uint64_t sum = 0;
    struct load_clock begin = load_now();
    for (uint64_t i = 0; i < args[ARG_CYCLES].value; i++) {
        r = load_random(r);
        struct load_block **at = &slot[r % slots];
        sum = load_fold(sum, load_give(*at));
        size_t size = load_between(r, min, max);
        unsigned char *bytes = calloc(1, size);
        if (!bytes)
            load_no_memory(size);
        check_zero(bytes, size);
        memset(bytes, 0xa5, size);
        *at = load_mark(bytes, size, r);
    }
    struct load_clock end = load_now();

    for (uint32_t k = 0; k < slots; k++)
        sum = load_fold(sum, load_give(slot[k]));
    free(slot);
    load_print(begin, end, 2 * args[ARG_CYCLES].value, "slots=%u min=%u max=%u", slots, min, max);
    if (load.checksum)
        load_print_checksum(sum);
    return 0;
}
