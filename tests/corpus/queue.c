/* A priority queue with four children a node. PAD bytes are added to each item, which nobody reads. */
#include "common.h"

struct item {
    uint64_t key, value;
    char pad[PAD];
};

enum { ITEMS = 1800 };

static struct item heap[ITEMS] __attribute__((aligned(64)));

static NOINLINE void sift_down(size_t n, uint64_t key, uint64_t value)
{
    size_t at = 0;
    for (;;) {
        size_t child = 4 * at + 1, best = child;
        if (child + 4 > n)
            break;
        for (size_t k = child + 1; k < child + 4; k++)
            best = heap[k].key < heap[best].key ? k : best;
        if (heap[best].key >= key)
            break;
        heap[at].key = heap[best].key;
        heap[at].value = heap[best].value;
        at = best;
    }
    heap[at].key = key;
    heap[at].value = value;
}

int main(int argc, char **argv)
{
    uint64_t sum = 0, now = 0;
    for (size_t i = 0; i < ITEMS; i++) {
        heap[i].key = i * 64;
        heap[i].value = i;
    }
    for (unsigned long n = repeats(argc, argv, 20000); n; n--) {
        now = heap[0].key;
        sum += heap[0].value ^ now;
        sift_down(ITEMS, now + (rnd() & 0x3ffff), heap[0].value);
    }
    printf("%lu %lu\n", sum, now);
    return 0;
}
