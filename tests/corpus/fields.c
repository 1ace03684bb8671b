/* The probe side of a hash join. A bucket's three hot fields share a line, or FAR apart lie in three lines. */
#include "common.h"

struct bucket {
#ifdef FAR
    uint64_t key;
    char name[96];
    struct bucket *next;
    char address[56];
    uint64_t amount;
    char rest[16];
#else
    uint64_t key;
    struct bucket *next;
    uint64_t amount;
    char name[96];
    char address[56];
    char rest[16];
#endif
};
_Static_assert(sizeof(struct bucket) == 192, "the same size either way");

enum { BUCKETS = 8192, SLOTS = 4096 };

static struct bucket buckets[BUCKETS] __attribute__((aligned(64)));
static struct bucket *slots[SLOTS];

static NOINLINE uint64_t probe(uint64_t key)
{
    for (struct bucket *b = slots[(key * 0x9e3779b97f4a7c15ull) >> 52]; b; b = b->next)
        if (b->key == key)
            return b->amount;
    return 1;
}

int main(int argc, char **argv)
{
    uint64_t sum = 0;
    for (int i = 0; i < BUCKETS; i++) {
        struct bucket *b = &buckets[i];
        memset(b, 1, sizeof *b);
        b->key = rnd();
        b->amount = rnd();
        struct bucket **slot = &slots[(b->key * 0x9e3779b97f4a7c15ull) >> 52];
        b->next = *slot;
        *slot = b;
    }
    for (unsigned long n = repeats(argc, argv, 60000); n; n--)
        sum += probe(buckets[rnd() % BUCKETS].key);
    printf("%lu %d\n", sum, spin(100000) != 0);
    return 0;
}
