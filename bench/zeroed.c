/* Zeroed blocks: calloc into random slots; every block is checked to be zero and made dirty all over before it is
 * freed, so that nobody gets away with handing out old contents.
 */
#include "load.h"

#include <stdio.h>
#include <string.h>

enum { ARG_SEED = LOAD_OWN };

static struct load_arg args[] = {
    [LOAD_CYCLES] = { "cycles", "blocks replaced", 1500000, 1, UINT64_C(1) << 40 },
    [LOAD_SLOTS] = { "slots", "blocks alive", 400, 1, 1u << 24 },
    [LOAD_SMALLEST] = { "min", "smallest block, bytes", 16, LOAD_MIN, 1u << 30 },
    [LOAD_LARGEST] = { "max", "largest block, bytes", 2048, LOAD_MIN, 1u << 30 },
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

static struct load_block *take_zeroed(size_t size, uint32_t tag)
{
    unsigned char *bytes = calloc(1, size);
    if (!bytes)
        load_no_memory(size);
    check_zero(bytes, size);
    memset(bytes, 0xa5, size);
    return load_mark(bytes, size, tag);
}

int main(int argc, char **argv)
{
    load_parse_replacing(&load, argc, argv);
    load_replace(&load, take_zeroed);
    return 0;
}
