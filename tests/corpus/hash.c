/* FNV-1a over 64-byte pieces; FINAL more finalising rounds per piece. */
#include "common.h"

static NOINLINE uint64_t hash(const unsigned char *p, int n)
{
    uint64_t h = 0xcbf29ce484222325ull;
    for (int i = 0; i < n; i++) {
        h ^= p[i];
        h *= 0x100000001b3ull;
    }
    for (int k = 0; k < FINAL; k++) {
        h ^= h >> 29;
        h *= 0x9e3779b97f4a7c15ull;
    }
    return h;
}

int main(int argc, char **argv)
{
    static unsigned char input[65536];
    uint64_t nonzero = 0;
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (unsigned char)rnd();
    for (unsigned long n = repeats(argc, argv, 60); n; n--)
        for (size_t i = 0; i + 64 <= sizeof input; i += 64)
            nonzero += hash(input + i, 64) != 0;
    printf("%lu\n", nonzero);
    return 0;
}
