/* Large and huge blocks: a small table of them, one replaced each cycle; of each block a byte every `stride` bytes is
 * written, as its user would, so that what an allocator saves by giving memory back it pays in page faults.
 */
#include "load.h"

enum { ARG_STRIDE = LOAD_OWN, ARG_SEED };

static struct load_arg args[] = {
    [LOAD_CYCLES] = { "cycles", "blocks replaced", 200000, 1, UINT64_C(1) << 40 },
    [LOAD_SLOTS] = { "slots", "blocks alive", 32, 1, 1u << 20 },
    [LOAD_SMALLEST] = { "min", "smallest block, bytes", 16384, LOAD_MIN, 1u << 31 },
    [LOAD_LARGEST] = { "max", "largest block, bytes", 262144, LOAD_MIN, 1u << 31 },
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

static struct load_block *take_and_touch(size_t size, uint32_t tag)
{
    const size_t stride = args[ARG_STRIDE].value;
    unsigned char *bytes = malloc(size);
    for (size_t i = 0; bytes && i < size; i += stride)
        bytes[i] = (unsigned char)tag;
    return load_mark(bytes, size, tag);
}

int main(int argc, char **argv)
{
    load_parse_replacing(&load, argc, argv);
    load_replace(&load, take_and_touch);
    return 0;
}
