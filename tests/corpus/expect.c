/* A scanner with six rare branches. EXPECT says what the compiler is told of them. */
#include "common.h"

struct counts {
    uint64_t lines, words, tabs, control, high, quotes, escapes, hash;
};

static NOINLINE void scan(const unsigned char *p, size_t n, struct counts *counts)
{
    uint64_t h = counts->hash;
#define RARE(condition, field, factor, shift)             \
    if (__builtin_expect(!!(condition), EXPECT)) {        \
        counts->field++;                                  \
        h += counts->field * (factor);                    \
        h ^= h >> (shift);                                \
        counts->words += h & 1;                           \
    }
    for (size_t i = 0; i < n; i++) {
        unsigned c = p[i];
        RARE(c == '\n', lines, 31, 7)
        RARE(c == '\t', tabs, 37, 9)
        RARE(c < 9, control, 41, 11)
        RARE(c >= 128, high, 43, 13)
        RARE(c == '"', quotes, 47, 5)
        RARE(c == '\\', escapes, 53, 3)
        h = (h << 1) + c;
    }
    counts->hash = h;
}

int main(int argc, char **argv)
{
    static unsigned char input[100000];
    struct counts counts = { 0 };
    for (size_t i = 0; i < sizeof input; i++) {
        input[i] = (unsigned char)('a' + rnd() % 26);
        if (rnd() % 211 == 0)
            input[i] = (unsigned char)"\n\t\"\\"[rnd() % 4];
    }
    for (unsigned long n = repeats(argc, argv, 40); n; n--)
        scan(input, sizeof input, &counts);
    printf("%lu %lu %lu\n", counts.hash, counts.lines, counts.words);
    return 0;
}
