/* 24 hot functions; -falign-functions=4096 makes them share one L1I set. */
#include "common.h"

#define HOT(k)                                                        \
    static NOINLINE uint64_t hot##k(uint64_t x)                       \
    {                                                                 \
        x ^= x >> (7 + 0x##k % 13);                                   \
        x += 0x9e37ull * (2 * 0x##k + 1);                             \
        if (x & 1ull << 0x##k % 11)                                   \
            x ^= x << (3 + 0x##k % 8);                                \
        else                                                          \
            x += 5 + 77 * 0x##k;                                      \
        return x;                                                     \
    }
#define CALL(k) x = hot##k(x);
#define EACH(M) M(00) M(01) M(02) M(03) M(04) M(05) M(06) M(07) M(08) M(09) M(0a) M(0b) \
                M(10) M(11) M(12) M(13) M(14) M(15) M(16) M(17) M(18) M(19) M(1a) M(1b)
EACH(HOT)

int main(int argc, char **argv)
{
    uint64_t x = 1;
    for (unsigned long n = repeats(argc, argv, 40000); n; n--) {
        EACH(CALL)
    }
    printf("%lu %d\n", x, spin(1200000) != 0);
    return 0;
}
