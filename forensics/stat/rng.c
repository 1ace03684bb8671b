#include "stat/rng.h"

#include "stat/distribution.h"

static const uint64_t multiplier = 6364136223846793005u, increment = 1442695040888963407u; /* Knuth's MMIX constants */

struct rng rng_seeded(uint64_t seed)
{
    struct rng rng = { 0 };
    rng_next(&rng);
    rng.state += seed;
    rng_next(&rng);
    return rng;
}

uint32_t rng_next(struct rng *rng)
{
    uint64_t old = rng->state;
    rng->state = old * multiplier + increment;
    uint32_t mixed = (uint32_t)(((old >> 18) ^ old) >> 27), turn = (uint32_t)(old >> 59);
    return (mixed >> turn) | (mixed << (-turn & 31));
}

uint32_t rng_below(struct rng *rng, uint32_t bound)
{
    uint32_t reject = -bound % bound; /* 2^32 mod bound: values below it would be drawn once too often */
    uint32_t draw;
    do
        draw = rng_next(rng);
    while (draw < reject);
    return draw % bound;
}

double rng_unit(struct rng *rng)
{
    return (rng_next(rng) + 0.5) * 0x1p-32;
}

double rng_normal(struct rng *rng)
{
    return normal_quantile(rng_unit(rng));
}
