/* A state machine over records, built with a PGO profile. The training run is the real load, or (`wrong`) one whose
 * records all take the branches that the real load never takes. */
#include "common.h"

struct record {
    uint32_t kind, value;
};

static uint64_t totals[8];

static NOINLINE uint64_t step(const struct record *r, uint64_t h)
{
#define RULE(bit, slot, factor)                   \
    if (r->kind & 1u << (bit)) {                  \
        totals[slot] += r->value ^ h;             \
        h += totals[slot] * (factor);             \
        h ^= h >> ((bit) + 5);                    \
        h += r->value * 3u;                       \
        h ^= totals[(slot + 1) & 7];              \
    }                                             \
    h += r->value + (bit);
    RULE(0, 0, 31) RULE(1, 1, 37) RULE(2, 2, 41) RULE(3, 3, 43) RULE(4, 4, 47) RULE(5, 5, 53) RULE(6, 6, 59) RULE(7, 7, 61)
    RULE(8, 0, 67) RULE(9, 1, 71) RULE(10, 2, 73) RULE(11, 3, 79)
    return h;
}

int main(int argc, char **argv)
{
    static struct record records[4000];
    int wrong = argc > 2 && strcmp(argv[2], "wrong") == 0;
    uint64_t h = 1;
    for (int i = 0; i < 4000; i++) {
        records[i].kind = rnd() % 701 == 0 ? 1u << rnd() % 12 : 0;
        records[i].value = rnd();
        if (wrong)
            records[i].kind = ~records[i].kind;
    }
    for (unsigned long n = repeats(argc, argv, 250); n; n--)
        for (int i = 0; i < 4000; i++)
            h = step(&records[i], h);
    printf("%lu %lu\n", h, totals[3]);
    return 0;
}
