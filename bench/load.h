/* What every load shares: its arguments as rows, two clocks, and the lines it prints.
 *
 * A load is a program that does one pattern of allocation work and says how fast it went:
 *     stdout   Throughput = N ops/s [iter=.. ws=..] time=..s      N by the wall clock, as a person would time it
 *              Checksum = HEX                                     with --checksum: what the blocks held
 *     stderr   Peak RSS = N KiB, CPU time = N s           CPU time of all threads inside the timed part
 *              CPU throughput = N ops/s                            operations per second of CPU time
 * On a loaded machine compare operations per CPU second, not the throughput.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* One positional argument; `value` holds the default until load_parse has run. */
struct load_arg {
    const char *name;
    const char *help;
    uint64_t value;
    uint64_t min, max; /* inclusive bounds */
};

/* A load and its command line. */
struct load {
    const char *name;
    const char *about; /* one sentence for --help */
    struct load_arg *args;
    size_t nargs;
    bool has_checksum; /* offers --checksum */
    bool checksum;     /* --checksum was given */
};

/* A moment on both clocks, nanoseconds. */
struct load_clock {
    uint64_t wall; /* CLOCK_MONOTONIC */
    uint64_t cpu;  /* CLOCK_PROCESS_CPUTIME_ID: user + system of every thread, dead ones too */
};

/* Reads the command line into load->args; prints help and exits 0, or one sentence and exits 1 when it is wrong. */
void load_parse(struct load *load, int argc, char **argv);

/* Prints one sentence with a pointer to --help and exits 1; for arguments that contradict one another. */
void load_fail(const struct load *load, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn, cold));

/* Now. */
struct load_clock load_now(void);

/* Prints the result lines of `ops` operations done between the two moments; `detail` goes inside the brackets. */
void load_print(struct load_clock begin, struct load_clock end, uint64_t ops, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));

/* Prints the checksum line. */
void load_print_checksum(uint64_t sum);

/* Runs run(args), run(args + size), ... in `count` threads at once and waits for all of them. */
void load_in_threads(uint64_t count, void *(*run)(void *), void *args, size_t size);

/* Says that an allocation of `size` bytes failed and exits 1. */
void load_no_memory(size_t size) __attribute__((noreturn, cold));

/* Marsaglia's 32-bit xorshift (13, 17, 5): period 2^32 - 1, never 0 from a state that is not 0. */
static inline uint32_t load_random(uint32_t state)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* A number from min to max out of a random state; takes the high bits, which slots picked by modulo do not use. */
static inline uint32_t load_between(uint32_t random, uint32_t min, uint32_t max)
{
    return min + (uint32_t)((uint64_t)random * (max - min + 1) >> 32);
}

/* Folds a value into a running checksum (the FNV-1a prime: every earlier value keeps its weight). */
static inline uint64_t load_fold(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * UINT64_C(0x100000001b3);
}

/* What stands in a block while it lives. A damaged one is found when it is given back, in every run. */
struct load_block {
    uint32_t size; /* bytes, this header included: at least sizeof(struct load_block) + 1 */
    uint32_t tag;  /* its low byte is also the block's last byte */
};

/* Smallest block that load_mark can mark. */
enum { LOAD_MIN = sizeof(struct load_block) + 1 };

/* Says that a block was overwritten by somebody and exits 1. */
void load_damaged(const struct load_block *block) __attribute__((noreturn, cold));

/* Marks `size` fresh bytes, first and last; `block` NULL ends the program with a sentence. Returns the block. */
static inline struct load_block *load_mark(void *memory, size_t size, uint32_t tag)
{
    if (!memory)
        load_no_memory(size);
    struct load_block *block = memory;
    block->size = (uint32_t)size;
    block->tag = tag;
    ((unsigned char *)memory)[size - 1] = (unsigned char)tag;
    return block;
}

/* malloc and mark. */
static inline struct load_block *load_take(size_t size, uint32_t tag)
{
    return load_mark(malloc(size), size, tag);
}

/* The tag, after a look at both ends of the block. */
static inline uint32_t load_tag(const struct load_block *block)
{
    if (((const unsigned char *)block)[block->size - 1] != (unsigned char)block->tag)
        load_damaged(block);
    return block->tag;
}

/* Looks at the block and frees it; returns its tag, 0 for NULL. */
static inline uint64_t load_give(struct load_block *block)
{
    if (!block)
        return 0;
    uint32_t tag = load_tag(block);
    free(block);
    return tag;
}

/* ---- loads that replace the blocks of random slots, and differ in how they take one ---- */

/* Their first arguments; the last one is the seed. */
enum { LOAD_CYCLES, LOAD_SLOTS, LOAD_SMALLEST, LOAD_LARGEST, LOAD_OWN };

/* Reads the command line of such a load; its smallest block is no larger than its largest. */
void load_parse_replacing(struct load *load, int argc, char **argv);

/* Replaces blocks by those of take(size, random), which marks them, and prints the result. Inline, so that the call of
 * `take` is none: what is timed is the allocator. */
static inline void load_replace(const struct load *load, struct load_block *(*take)(size_t size, uint32_t random))
{
    const uint64_t cycles = load->args[LOAD_CYCLES].value;
    const uint32_t slots = (uint32_t)load->args[LOAD_SLOTS].value;
    const uint32_t min = (uint32_t)load->args[LOAD_SMALLEST].value, max = (uint32_t)load->args[LOAD_LARGEST].value;
    struct load_block **slot = calloc(slots, sizeof *slot);
    if (!slot)
        load_no_memory(slots * sizeof *slot);

    uint32_t r = (uint32_t)load->args[load->nargs - 1].value;
    uint64_t sum = 0;
    struct load_clock begin = load_now();
    for (uint64_t i = 0; i < cycles; i++) {
        r = load_random(r);
        struct load_block **at = &slot[r % slots];
        sum = load_fold(sum, load_give(*at));
        *at = take(load_between(r, min, max), r);
    }
    struct load_clock end = load_now();

    for (uint32_t k = 0; k < slots; k++)
        sum = load_fold(sum, load_give(slot[k]));
    free(slot);
    load_print(begin, end, 2 * cycles, "slots=%u min=%u max=%u", slots, min, max);
    if (load->checksum)
        load_print_checksum(sum);
}

#endif
