/* Large and huge blocks: a small table of them, one replaced each cycle; of each block a byte every `stride` bytes is
 * written, as its user would, so that what an allocator saves by giving memory back it pays in page faults.
 */
#include "load.h"

enum { ARG_CYCLES, ARG_SLOTS, ARG_MIN, ARG_MAX, ARG_STRIDE, ARG_SEED };

static struct load_arg args[] = {
    [ARG_CYCLES] = { "cycles", "blocks replaced", 200000, 1, UINT64_C(1) << 40 },
    [ARG_SLOTS] = { "slots", "blocks alive", 32, 1, 1u << 20 },
    [ARG_MIN] = { "min", "smallest block, bytes", 16384, LOAD_MIN, 1u << 31 },
    [ARG_MAX] = { "max", "largest block, bytes", 262144, LOAD_MIN, 1u << 31 },
    [ARG_STRIDE] = { "stride", "bytes from one written byte to the next", 4096, 1, 1u << 31 },
    [ARG_SEED] = { "seed", "start of the random sequence", 1, 1, UINT32_MAX },
};

static struct load load = {
    .name = "large",
    .about = "Replaces large blocks and writes to every page of them.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
    .has_checksum = true,
};

static struct load_block *take_and_touch(size_t size, uint32_t tag, size_t stride)
{
    unsigned char *bytes = malloc(size);
    for (size_t i = 0; bytes && i < size; i += stride)
        bytes[i] = (unsigned char)tag;
    return load_mark(bytes, size, tag);
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
        *at = take_and_touch(load_between(r, min, max), r, args[ARG_STRIDE].value);
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
