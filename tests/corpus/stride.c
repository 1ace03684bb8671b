/* 48 records STRIDE bytes apart, visited in turn: at 4096 they share one L1D set. */
#include "common.h"

struct record {
    uint64_t value;
    char rest[STRIDE - 8];
};

static struct record records[48];

int main(int argc, char **argv)
{
    uint64_t h = 1;
    for (int i = 0; i < 48; i++)
        records[i].value = (uint64_t)i * 77;
    for (unsigned long n = repeats(argc, argv, 15000); n; n--)
        for (int i = 0; i < 48; i++) {
            h += records[i].value;
            records[i].value = h >> 3;
        }
    printf("%lu %d\n", h, spin(1000000) != 0);
    return 0;
}
