/* Sums of areas through a base class; FINAL on the derived class lets the compiler call directly, and inline. */
#include "common.h"

struct shape {
    virtual uint64_t area() const { return 0; }
    virtual uint64_t border() const { return 0; }
};

struct box FINAL : shape {
    uint64_t width = 1, height = 1;
    uint64_t area() const override { return width * height; }
    uint64_t border() const override { return 2 * (width + height); }
};

static box boxes[1000];

static NOINLINE uint64_t total(const box *b, int n)
{
    uint64_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += b[i].area() ^ b[i].border();
    return sum;
}

int main(int argc, char **argv)
{
    for (box &b : boxes) {
        b.width = rnd() % 50;
        b.height = rnd() % 50;
    }
    uint64_t sum = 0;
    for (unsigned long n = repeats(argc, argv, 70); n; n--) {
        sum = sum * 3 + total(boxes, 1000) + spin(5000 + (unsigned)(sum & 1));
        boxes[n % 1000].width++;
    }
    printf("%lu\n", sum);
    return 0;
}
