/* Sixteen error checks. In LOST builds the error path lost its cold attribute and the checks are hinted likely. */
#include "common.h"

#ifdef LOST
#define COLD __attribute__((noinline))
#define CHECK(x) __builtin_expect(!!(x), 1)
#else
#define COLD __attribute__((cold, noinline))
#define CHECK(x) (x)
#endif

static uint64_t errors[16], context[8];

static COLD uint64_t bad(uint64_t code, uint64_t a, uint64_t b, uint64_t c)
{
    errors[code & 15] += a ^ b ^ c;
    return code;
}

static NOINLINE uint64_t check(const uint16_t *r, uint64_t h)
{
#define ONE(k)                                                                       \
    if (CHECK(r[k] >= 60000)) {                                                      \
        context[k & 7] += r[(k + 1) & 15];                                           \
        h += bad(k, context[(k + 3) & 7], context[(k + 5) & 7], r[(k + 2) & 15]);    \
        context[(k + 1) & 7] ^= h;                                                   \
        context[(k + 2) & 7] += h >> 7;                                              \
    }                                                                                \
    h += r[k] * (k + 3u);
    ONE(0) ONE(1) ONE(2) ONE(3) ONE(4) ONE(5) ONE(6) ONE(7) ONE(8) ONE(9) ONE(10) ONE(11) ONE(12) ONE(13) ONE(14) ONE(15)
    return h;
}

int main(int argc, char **argv)
{
    static uint16_t records[4000][16];
    uint64_t h = 0;
    for (int i = 0; i < 4000; i++)
        for (int j = 0; j < 16; j++)
            records[i][j] = rnd() % 3000 == 0 ? 64000 : (uint16_t)(rnd() % 59000);
    for (unsigned long n = repeats(argc, argv, 120); n; n--)
        for (int i = 0; i < 4000; i++)
            h = check(records[i], h);
    printf("%lu %lu\n", h, errors[3]);
    return 0;
}
