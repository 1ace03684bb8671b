/* Many small hot functions. SCATTER puts ~4 KiB of code that never runs behind each of them instead of behind all. */
#include "common.h"

#define HOT(k)                                                        \
    NOINLINE uint64_t hot##k(uint64_t x);                             \
    NOINLINE uint64_t hot##k(uint64_t x)                              \
    {                                                                 \
        x ^= x >> (7 + 0x##k % 13);                                   \
        x += 0x9e37ull * (2 * 0x##k + 1);                             \
        if (x & 1ull << 0x##k % 11)                                   \
            x ^= x << (3 + 0x##k % 8);                                \
        else                                                          \
            x += 5 + 77 * 0x##k;                                      \
        return x;                                                     \
    }
#define COLD(k)                                                       \
    void cold##k(void);                                               \
    __attribute__((naked)) void cold##k(void) { __asm__(".skip 3968, 0x90\n\tret"); }
#define CALL(k) x = hot##k(x);

#define EACH16(M, h) M(h##0) M(h##1) M(h##2) M(h##3) M(h##4) M(h##5) M(h##6) M(h##7) M(h##8) M(h##9) M(h##a) M(h##b) M(h##c) M(h##d) M(h##e) M(h##f)
#define EACH(M) EACH16(M, 0) EACH16(M, 1) EACH16(M, 2) EACH16(M, 3) EACH16(M, 4) EACH16(M, 5) EACH16(M, 6) EACH16(M, 7) EACH16(M, 8) EACH16(M, 9)

#ifdef SCATTER
#define BOTH(k) HOT(k) COLD(k)
EACH(BOTH)
#else
EACH(HOT)
EACH(COLD)
#endif

int main(int argc, char **argv)
{
    uint64_t x = 1;
    for (unsigned long n = repeats(argc, argv, 8000); n; n--) {
        EACH(CALL)
    }
    printf("%lu\n", x);
    return 0;
}
