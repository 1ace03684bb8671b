/* A five-point stencil over a grid of integers, vectorised or not. */
#include "common.h"

enum { N = 96 };

static uint32_t from[N * N], to[N * N];

static NOINLINE void step(uint32_t *restrict out, const uint32_t *restrict in)
{
    for (int y = 1; y < N - 1; y++)
        for (int x = 1; x < N - 1; x++) {
            int i = y * N + x;
            out[i] = (in[i - N] + in[i - 1] + 4 * in[i] + in[i + 1] + in[i + N]) >> 3;
        }
}

int main(int argc, char **argv)
{
    for (int i = 0; i < N * N; i++)
        from[i] = rnd() >> 8;
    for (unsigned long n = repeats(argc, argv, 25); n; n--) {
        step(to, from);
        step(from, to);
    }
    printf("%u %d\n", from[N * 7 + 5], spin(100000) != 0);
    return 0;
}
