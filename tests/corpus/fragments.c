/* Short lists in allocated memory. MIXED allocates 400 bytes of something else between any two nodes instead of behind
 * them all, as a longer-lived neighbour would. */
#include "common.h"

struct node {
    struct node *next;
    uint64_t key, value;
};

enum { LISTS = 64, LENGTH = 160, OTHER = 400 };

int main(int argc, char **argv)
{
    static struct node *lists[LISTS];
    static void *others[LISTS * LENGTH];
    uint64_t sum = 0;
    for (int phase = 0; phase < 2; phase++)
        for (int i = 0; i < LISTS * LENGTH; i++) {
#ifdef MIXED
            int first = phase == 0, second = phase == 0;
#else
            int first = phase == 0, second = phase == 1;
#endif
            if (first) {
                struct node *node = malloc(sizeof *node);
                *node = (struct node){ lists[i % LISTS], rnd(), rnd() };
                lists[i % LISTS] = node;
            }
            if (second)
                others[i] = memset(malloc(OTHER), 1, OTHER);
        }
    for (unsigned long n = repeats(argc, argv, 30); n; n--)
        for (int i = 0; i < LISTS; i++)
            for (struct node *node = lists[i]; node; node = node->next)
                sum += node->key & 1 ? node->value : node->key;
    printf("%lu %d\n", sum, others[0] != NULL);
    return 0;
}
