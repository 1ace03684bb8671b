/* Fragmentation: fill memory with blocks of random size, free most of them at random, fill again with other sizes; what
 * counts is the peak of memory (on stderr) as much as the speed.
 */
#include "load.h"

enum { ARG_BLOCKS, ARG_FREE, ARG_ROUNDS, ARG_MIN, ARG_MAX, ARG_SEED };

static struct load_arg args[] = {
    [ARG_BLOCKS] = { "blocks", "blocks alive when memory is full", 100000, 1, 1u << 28 },
    [ARG_FREE] = { "free", "percent of them that are freed", 90, 1, 100 },
    [ARG_ROUNDS] = { "rounds", "times that memory is emptied and filled", 8, 1, 1000000 },
    [ARG_MIN] = { "min", "smallest block, bytes; doubles every round until it meets max", 16, LOAD_MIN, 1u << 20 },
    [ARG_MAX] = { "max", "largest block, bytes", 1024, LOAD_MIN, 1u << 20 },
    [ARG_SEED] = { "seed", "start of the random sequence", 1, 1, UINT32_MAX },
};

static struct load load = {
    .name = "fragment",
    .about = "Fills memory, frees most of it at random, fills it again with larger blocks.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
    .has_checksum = true,
};

int main(int argc, char **argv)
{
    load_parse(&load, argc, argv);
    if (args[ARG_MIN].value > args[ARG_MAX].value)
        load_fail(&load, "min is larger than max");
    const uint64_t blocks = args[ARG_BLOCKS].value;
    const uint32_t max = (uint32_t)args[ARG_MAX].value;
    uint32_t min = (uint32_t)args[ARG_MIN].value;
    struct load_block **block = calloc(blocks, sizeof *block);
    if (!block)
        load_no_memory(blocks * sizeof *block);

    uint32_t r = (uint32_t)args[ARG_SEED].value;
    uint64_t sum = 0, ops = 0;
    struct load_clock begin = load_now();
    for (uint64_t round = 0; round < args[ARG_ROUNDS].value; round++) {
        for (uint64_t i = 0; i < blocks; i++) {
            if (block[i])
                continue;
            r = load_random(r);
            block[i] = load_take(load_between(r, min, max), r);
            ops++;
        }
        for (uint64_t i = 0; i < blocks; i++) {
            r = load_random(r);
            if (load_between(r, 0, 99) >= args[ARG_FREE].value)
                continue;
            sum = load_fold(sum, load_give(block[i]));
            block[i] = NULL;
            ops++;
        }
        min = min > max / 2 ? max : 2 * min;
    }
    struct load_clock end = load_now();

    for (uint64_t i = 0; i < blocks; i++)
        sum = load_fold(sum, load_give(block[i]));
    free(block);
    load_print(begin, end, ops, "blocks=%llu free=%llu", (unsigned long long)blocks,
               (unsigned long long)args[ARG_FREE].value);
    if (load.checksum)
        load_print_checksum(sum);
    return 0;
}
