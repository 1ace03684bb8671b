/* Shared by the corpus programs: a seeded generator, a neutral share of work, the repeat count. */
#ifndef CORPUS_COMMON_H
#define CORPUS_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

static uint32_t corpus_state = 2463534242u;

/* xorshift32 */
__attribute__((unused)) static inline uint32_t rnd(void)
{
    corpus_state ^= corpus_state << 13;
    corpus_state ^= corpus_state >> 17;
    corpus_state ^= corpus_state << 5;
    return corpus_state;
}

/* Work that no variant touches, so that the pair's effect is a part of the program and not all of it. */
__attribute__((unused)) static NOINLINE uint64_t spin(unsigned n)
{
    uint64_t x = 88172645463325252ull;
    for (unsigned i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

/* How often to repeat: the first argument, or the pair's default. */
__attribute__((unused)) static unsigned long repeats(int argc, char **argv, unsigned long normal)
{
    return argc > 1 ? strtoul(argv[1], NULL, 0) : normal;
}

/* A random cycle over n places: order[i] -> order[i + 1]. */
__attribute__((unused)) static void shuffle(int *order, int n)
{
    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int i = n - 1; i > 0; i--) {
        int j = (int)(rnd() % (unsigned)(i + 1)), t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
}

#endif
