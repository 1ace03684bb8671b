/* Random mixed: a table of slots, a random slot each cycle. An occupied slot is freed, an empty one gets a block
 * of random size, whose first byte is touched. The one load that the knobs, the pins and the gate are judged on.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>

enum { ARG_CYCLES, ARG_WS, ARG_SEED, ARG_MIN, ARG_MAX };

static struct load_arg mixed_args[] = {
    [ARG_CYCLES] = { "cycles", "operations, each one malloc or one free", 20000000, 1, UINT64_C(1) << 40 },
    [ARG_WS] = { "ws", "working set: slots in the table", 400, 1, 1u << 28 },
    [ARG_SEED] = { "seed", "start of the random sequence", 1, 1, UINT32_MAX },
    [ARG_MIN] = { "min", "smallest block, bytes", 16, 1, 1u << 30 },
    [ARG_MAX] = { "max", "largest block, bytes", 16 + 1023, 1, 1u << 30 },
};

static struct load mixed_load = {
    .name = "bench_random_mixed",
    .about = "Frees or fills a random slot each cycle, with blocks of random size.",
    .args = mixed_args,
    .nargs = sizeof mixed_args / sizeof mixed_args[0],
    .has_checksum = true,
};

struct mixed {
    unsigned char **slot; /* ws entries, NULL: empty */
    uint32_t *size;       /* ws entries, with --checksum only */
    uint32_t ws;
    uint32_t min, span; /* blocks are min .. min + span - 1 bytes */
    uint64_t sum;
};

/* Every byte is written when a block is taken and read when it is given back, so blocks that overlap show. */
static void checksum_taken(struct mixed *m, uint32_t k, uint32_t size, uint32_t random)
{
    m->size[k] = size;
    memset(m->slot[k], (int)(random >> 8 & 0xff), size);
}

static void checksum_given_back(struct mixed *m, uint32_t k)
{
    uint64_t sum = load_fold(m->sum, m->size[k]);
    for (uint32_t i = 0; i < m->size[k]; i++)
        sum = load_fold(sum, m->slot[k][i]);
    m->sum = sum;
}

/* The loop, made three times below: what does not vary inside it is a constant of each. A power-of-two span is
 * masked, not divided, so the default size is 16 + (r & 1023). */
static inline __attribute__((always_inline)) void
mixed_loop(struct mixed *m, uint64_t cycles, uint32_t seed, bool masked, bool checksum)
{
    unsigned char **slot = m->slot;
    const uint32_t ws = m->ws, min = m->min, span = m->span, mask = span - 1;
    uint32_t r = seed;
    for (uint64_t i = 0; i < cycles; i++) {
        r = load_random(r);
        uint32_t k = r % ws;
        unsigned char *p = slot[k];
        if (p) {
            if (checksum)
                checksum_given_back(m, k);
            free(p);
            slot[k] = NULL;
        } else {
            uint32_t size = min + (masked ? r & mask : r % span);
            p = malloc(size);
            if (!p)
                load_no_memory(size);
            p[0] = (unsigned char)r;
            slot[k] = p;
            if (checksum)
                checksum_taken(m, k, size, r);
        }
    }
}

static __attribute__((noinline)) void mixed_masked(struct mixed *m, uint64_t cycles, uint32_t seed)
{
    mixed_loop(m, cycles, seed, true, false);
}

static __attribute__((noinline)) void mixed_divided(struct mixed *m, uint64_t cycles, uint32_t seed)
{
    mixed_loop(m, cycles, seed, false, false);
}

static __attribute__((noinline)) void mixed_checked(struct mixed *m, uint64_t cycles, uint32_t seed)
{
    bool masked = (m->span & (m->span - 1)) == 0;
    mixed_loop(m, cycles, seed, masked, true);
}

static void mixed_drain(struct mixed *m)
{
    for (uint32_t k = 0; k < m->ws; k++) {
        if (m->slot[k] && m->size)
            checksum_given_back(m, k);
        free(m->slot[k]);
    }
    free(m->slot);
    free(m->size);
}

int main(int argc, char **argv)
{
    load_parse(&mixed_load, argc, argv);
    uint64_t cycles = mixed_args[ARG_CYCLES].value;
    uint32_t seed = (uint32_t)mixed_args[ARG_SEED].value;
    if (mixed_args[ARG_MIN].value > mixed_args[ARG_MAX].value)
        load_fail(&mixed_load, "min is larger than max");
    struct mixed m = {
        .ws = (uint32_t)mixed_args[ARG_WS].value,
        .min = (uint32_t)mixed_args[ARG_MIN].value,
        .span = (uint32_t)(mixed_args[ARG_MAX].value - mixed_args[ARG_MIN].value + 1),
    };
    m.slot = calloc(m.ws, sizeof m.slot[0]);
    if (!m.slot)
        load_no_memory(m.ws * sizeof m.slot[0]);
    if (mixed_load.checksum && !(m.size = calloc(m.ws, sizeof m.size[0])))
        load_no_memory(m.ws * sizeof m.size[0]);

    void (*run)(struct mixed *, uint64_t, uint32_t) = mixed_load.checksum ? mixed_checked
        : (m.span & (m.span - 1)) == 0                                    ? mixed_masked
                                                                          : mixed_divided;
    /* Faults every page in before the clock starts; another sequence, so the measured one is not rehearsed. */
    uint32_t prefault_seed = seed ^ 0x9e3779b9u;
    run(&m, cycles / 10, prefault_seed ? prefault_seed : 1);
    struct load_clock begin = load_now();
    run(&m, cycles, seed);
    struct load_clock end = load_now();
    mixed_drain(&m);
    load_print(begin, end, cycles, "iter=%llu ws=%u", (unsigned long long)cycles, m.ws);
    if (mixed_load.checksum)
        load_print_checksum(m.sum);
    return 0;
}
