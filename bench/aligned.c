/* Aligned blocks: random slots filled by posix_memalign with alignments from 16 bytes to `align`, each checked. */
#include "load.h"

#include <stdio.h>

enum { ARG_ALIGN = LOAD_OWN, ARG_SEED };

static struct load_arg args[] = {
    [LOAD_CYCLES] = { "cycles", "blocks replaced", 3000000, 1, UINT64_C(1) << 40 },
    [LOAD_SLOTS] = { "slots", "blocks alive", 400, 1, 1u << 24 },
    [LOAD_SMALLEST] = { "min", "smallest block, bytes", 16, LOAD_MIN, 1u << 24 },
    [LOAD_LARGEST] = { "max", "largest block, bytes", 1024, LOAD_MIN, 1u << 24 },
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

static uint32_t steps; /* alignments: 16 << 0 .. 16 << steps */

static struct load_block *take_aligned(size_t size, uint32_t random)
{
    /* The middle bits: slot and size are drawn from the ends. */
    size_t alignment = (size_t)16 << ((random >> 12 & 0xff) * (steps + 1) >> 8);
    void *memory = NULL;
    if (posix_memalign(&memory, alignment, size) != 0)
        load_no_memory(size);
    if ((uintptr_t)memory % alignment != 0) {
        fprintf(stderr, "aligned: %p is not aligned to %zu; the allocator under test is broken\n", memory, alignment);
        exit(1);
    }
    return load_mark(memory, size, random);
}

int main(int argc, char **argv)
{
    load_parse_replacing(&load, argc, argv);
    if (args[ARG_ALIGN].value & (args[ARG_ALIGN].value - 1))
        load_fail(&load, "align is not a power of two");
    steps = (uint32_t)__builtin_ctzll(args[ARG_ALIGN].value) - 4;
    load_replace(&load, take_aligned);
    return 0;
}
