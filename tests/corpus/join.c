/* A hash join. AGAIN compares whole keys instead of stored hashes first, so that each step along a chain hashes its key
 * anew. */
#include "common.h"

struct row {
    struct row *next;
    uint64_t hash;
    char key[24];
};

enum { ROWS = 1500, SLOTS = 512 };

static struct row rows[ROWS];
static struct row *slots[SLOTS];

static NOINLINE uint64_t hash_of(const char *key)
{
    uint64_t h = 5381;
    for (int i = 0; i < 24; i += 8) {
        uint64_t word;
        memcpy(&word, key + i, 8);
        h = (h ^ word) * 0x9e3779b97f4a7c15ull;
        h ^= h >> 32;
    }
    return h;
}

static NOINLINE const struct row *find(const char *key)
{
    uint64_t h = hash_of(key);
    for (const struct row *r = slots[h % SLOTS]; r; r = r->next) {
#ifdef AGAIN
        if (hash_of(r->key) == h && memcmp(r->key, key, 24) == 0)
#else
        if (r->hash == h && memcmp(r->key, key, 24) == 0)
#endif
            return r;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    for (int i = 0; i < ROWS; i++) {
        snprintf(rows[i].key, sizeof rows[i].key, "customer-%u", (unsigned)i * 7919u);
        rows[i].hash = hash_of(rows[i].key);
        rows[i].next = slots[rows[i].hash % SLOTS];
        slots[rows[i].hash % SLOTS] = &rows[i];
    }
    uint64_t found = 0;
    for (unsigned long n = repeats(argc, argv, 40000); n; n--) {
        const struct row *r = find(rows[rnd() % ROWS].key);
        found += r ? (uint64_t)(r - rows) : 0;
    }
    printf("%lu\n", found);
    return 0;
}
