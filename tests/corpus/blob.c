/* Following offsets through records of 64 bytes in a serialised image. The image begins SHIFT bytes into a line: at 60 the
 * offsets lie across two lines each. */
#include "common.h"

enum { RECORDS = 300 };

static unsigned char image[64 * RECORDS + 64] __attribute__((aligned(4096)));

static NOINLINE uint64_t follow(const unsigned char *base, unsigned long steps)
{
    uint64_t at = 0, sum = 0;
    while (steps--) {
        uint64_t value;
        memcpy(&value, base + at + 16, 8);
        memcpy(&at, base + at, 8);
        sum += value;
    }
    return sum;
}

int main(int argc, char **argv)
{
    static int order[RECORDS];
    shuffle(order, RECORDS);
    for (int i = 0; i < RECORDS; i++) {
        unsigned char *record = image + SHIFT + 64 * (size_t)order[i];
        uint64_t next = 64 * (uint64_t)order[(i + 1) % RECORDS], value = rnd();
        memcpy(record, &next, 8);
        memcpy(record + 16, &value, 8);
    }
    printf("%lu %d\n", follow(image + SHIFT, repeats(argc, argv, 400000)), spin(100000) != 0);
    return 0;
}
