/* Aligned blocks: random slots filled by posix_memalign with alignments from 16 bytes to `align`, each checked. */
#include "load.h"

#include <stdio.h>

enum { ARG_CYCLES, ARG_SLOTS, ARG_MIN, ARG_MAX, ARG_ALIGN, ARG_SEED };

static struct load_arg args[] = {
    [ARG_CYCLES] = { "cycles", "blocks replaced", 3000000, 1, UINT64_C(1) << 40 },
    [ARG_SLOTS] = { "slots", "blocks alive", 400, 1, 1u << 24 },
    [ARG_MIN] = { "min", "smallest block, bytes", 16, LOAD_MIN, 1u << 24 },
    [ARG_MAX] = { "max", "largest block, bytes", 1024, LOAD_MIN, 1u << 24 },
    [ARG_ALIGN] = { "align", "largest alignment, bytes, a power of two", 1024, 16, 1u << 26 },
    [ARG_SEED] = { "seed", "start of the random sequence", 1, 1, UINT32_MAX },
};

static struct load load = {
    .name = "aligned",
    .about = "Replaces random slots with blocks of random alignment.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
    .has_checksum = true,
};

static struct load_block *take_aligned(size_t alignment, size_t size, uint32_t tag)
{
    void *memory = NULL;
    if (posix_memalign(&memory, alignment, size) != 0)
        load_no_memory(size);
    if ((uintptr_t)memory % alignment != 0) {
        fprintf(stderr, "aligned: %p is not aligned to %zu; the allocator under test is broken\n", memory, alignment);
        exit(1);
    }
    return load_mark(memory, size, tag);
}

int main(int argc, char **argv)
{
    load_parse(&load, argc, argv);
    if (args[ARG_MIN].value > args[ARG_MAX].value)
        load_fail(&load, "min is larger than max");
    if (args[ARG_ALIGN].value & (args[ARG_ALIGN].value - 1))
        load_fail(&load, "align is not a power of two");
    const uint32_t slots = (uint32_t)args[ARG_SLOTS].value;
    const uint32_t min = (uint32_t)args[ARG_MIN].value, max = (uint32_t)args[ARG_MAX].value;
    const uint32_t steps = (uint32_t)__builtin_ctzll(args[ARG_ALIGN].value) - 4; /* 16 << steps is the largest */
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
        /* The middle bits: slot and size are drawn from the ends. */
        size_t alignment = (size_t)16 << ((r >> 12 & 0xff) * (steps + 1) >> 8);
        *at = take_aligned(alignment, load_between(r, min, max), r);
    }
    struct load_clock end = load_now();

    for (uint32_t k = 0; k < slots; k++)
        sum = load_fold(sum, load_give(slot[k]));
    free(slot);
    load_print(begin, end, 2 * args[ARG_CYCLES].value, "slots=%u align=%llu", slots,
               (unsigned long long)args[ARG_ALIGN].value);
    if (load.checksum)
        load_print_checksum(sum);
    return 0;
}
