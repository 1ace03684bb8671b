/* Floor 0: small pure helpers. */
#ifndef HAK_BITS_H
#define HAK_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define NOINLINE    __attribute__((noinline))
/* On the declaration of a variable: the compiler then knows that it need not ask the GOT for it. */
#define HIDDEN      __attribute__((visibility("hidden")))
#define COLD        __attribute__((noinline, cold))

/* x rounded up to a multiple of `to`, a power of two; the caller has made sure it does not wrap. */
static inline uintptr_t align_up(uintptr_t x, uintptr_t to)
{
    return (x + to - 1) & ~(to - 1);
}

/* x rounded down to a multiple of `to`, a power of two. */
static inline uintptr_t align_down(uintptr_t x, uintptr_t to)
{
    return x & ~(to - 1);
}

static inline bool is_pow2(uintptr_t x)
{
    return x && !(x & (x - 1));
}

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* `n` ones from bit `at`; 1 <= n, at + n <= 32. */
static inline uint32_t mask32(unsigned at, unsigned n)
{
    return (uint32_t)((((uint64_t)1 << n) - 1) << at);
}

/* The first bit, a multiple of align, of the shortest run of ones in m that has n from there on; 32 if there is none.
 * *length is that run's, or 33. */
static inline unsigned tightest_run(uint32_t m, unsigned n, unsigned align, unsigned *length)
{
    unsigned best = 32;
    *length = 33;
    while (m) {
        unsigned from = (unsigned)__builtin_ctz(m), at = (from + align - 1) & ~(align - 1);
        uint32_t above = ~(m >> from);
        unsigned len = above ? (unsigned)__builtin_ctz(above) : 32;
        if (at + n <= from + len && len < *length) {
            *length = len;
            best = at;
        }
        m &= ~mask32(from, len);
    }
    return best;
}

/* Length of the longest run of ones in m, 0..32. */
static inline unsigned longest_run(uint32_t m)
{
    unsigned n = 0;
    for (; m; m &= m >> 1)
        n++;
    return n;
}

/* Of an odd number, modulo 2^32: three bits are right to begin with, and each step doubles them. */
static inline uint32_t odd_inverse(uint32_t odd)
{
    uint32_t inverse = odd;
    for (int step = 0; step < 4; step++)
        inverse *= 2 - odd * inverse;
    return inverse;
}

/* n / d for d = odd << twos, inverse = odd_inverse(odd); larger than any such quotient, 2^32 / d or more, if d does not
 * divide n. So one comparison says that there is a quotient, and that it is not too large. */
static inline uint32_t exact_quotient(uint32_t n, uint32_t inverse, uint32_t twos)
{
    uint32_t q = n * inverse;
    return q >> twos | q << (32 - twos) % 32;
}

/* One step of a small generator (splitmix64); *state may start at anything. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

#endif
