/* Binary searches for random keys: with conditional moves, or with branches that nobody can predict. */
#include "common.h"

enum { KEYS = 4096 };

static uint32_t keys[KEYS];

static NOINLINE size_t lower_bound(uint32_t key)
{
    size_t low = 0, high = KEYS;
    while (low < high) {
        size_t middle = (low + high) / 2, above = middle + 1;
        int upper = keys[middle] < key;
        low = upper ? above : low;
        high = upper ? high : middle;
    }
    return low;
}

int main(int argc, char **argv)
{
    uint64_t sum = 0;
    for (int i = 0; i < KEYS; i++)
        keys[i] = (uint32_t)i * 1048573u;
    for (unsigned long n = repeats(argc, argv, 30000); n; n--)
        sum += lower_bound(rnd());
    printf("%lu\n", sum);
    return 0;
}
