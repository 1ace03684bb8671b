/* Growth: buffers that are appended to until they are full and start again small, each step a realloc by half. */
#include "load.h"

enum { ARG_STEPS, ARG_BUFFERS, ARG_FIRST, ARG_FULL, ARG_SEED };

static struct load_arg args[] = {
    [ARG_STEPS] = { "steps", "reallocs", 4000000, 1, UINT64_C(1) << 40 },
    [ARG_BUFFERS] = { "buffers", "buffers that grow side by side", 200, 1, 1u << 24 },
    [ARG_FIRST] = { "first", "bytes of a fresh buffer", 24, LOAD_MIN, 1u << 20 },
    [ARG_FULL] = { "full", "a buffer of more bytes starts again", 16384, 64, 1u << 30 },
    [ARG_SEED] = { "seed", "start of the random sequence", 1, 1, UINT32_MAX },
};

static struct load load = {
    .name = "growth",
    .about = "Buffers grow by half with realloc until they are full, then start again.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
    .has_checksum = true,
};

/* One step of a buffer; both ends of the old contents must have come along. */
static struct load_block *grow(struct load_block *buffer, uint32_t random)
{
    size_t size = buffer ? buffer->size + buffer->size / 2 : args[ARG_FIRST].value;
    if (size > args[ARG_FULL].value) {
        free(buffer);
        buffer = NULL;
        size = args[ARG_FIRST].value;
    }
    struct load_block *grown = realloc(buffer, size);
    if (!grown)
        load_no_memory(size);
    if (buffer)
        load_tag(grown);
    return load_mark(grown, size, random);
}

int main(int argc, char **argv)
{
    load_parse(&load, argc, argv);
    if (args[ARG_FIRST].value > args[ARG_FULL].value)
        load_fail(&load, "first is larger than full");
    const uint32_t buffers = (uint32_t)args[ARG_BUFFERS].value;
    struct load_block **buffer = calloc(buffers, sizeof *buffer);
    if (!buffer)
        load_no_memory(buffers * sizeof *buffer);

    uint32_t r = (uint32_t)args[ARG_SEED].value;
    struct load_clock begin = load_now();
    for (uint64_t i = 0; i < args[ARG_STEPS].value; i++) {
        r = load_random(r);
        struct load_block **at = &buffer[r % buffers];
        *at = grow(*at, r);
    }
    struct load_clock end = load_now();

    uint64_t sum = 0;
    for (uint32_t k = 0; k < buffers; k++) {
        sum = load_fold(sum, buffer[k] ? buffer[k]->size : 0);
        sum = load_fold(sum, load_give(buffer[k]));
    }
    free(buffer);
    load_print(begin, end, args[ARG_STEPS].value, "buffers=%u full=%llu", buffers,
               (unsigned long long)args[ARG_FULL].value);
    if (load.checksum)
        load_print_checksum(sum);
    return 0;
}
