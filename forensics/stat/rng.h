/* A small generator of our own, so that a seed gives the same bootstrap on every machine and libc. */
#ifndef FORENSICS_STAT_RNG_H
#define FORENSICS_STAT_RNG_H

#include <stdint.h>

/* PCG-XSH-RR 64/32 (M. E. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms
 * for Random Number Generation", 2014): 64 bits of state, period 2^64. */
struct rng {
    uint64_t state;
};

/* A generator whose stream depends on the seed alone. */
struct rng rng_seeded(uint64_t seed);

/* 32 random bits. */
uint32_t rng_next(struct rng *rng);

/* Uniform in 0 .. bound-1 without modulo bias; bound >= 1. */
uint32_t rng_below(struct rng *rng, uint32_t bound);

/* Uniform in (0, 1), never 0 nor 1. */
double rng_unit(struct rng *rng);

/* Standard normal, by inversion. */
double rng_normal(struct rng *rng);

#endif
