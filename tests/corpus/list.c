/* A linked list walked in random order. PAD bytes are added to each node, SPACING bytes lie between nodes. */
#include "common.h"

#ifndef PAD
#define PAD 0
#endif

struct node {
    struct node *next;
    uint64_t key;
    uint32_t a, b;
    char pad[PAD];
};

#ifndef SPACING
#define SPACING sizeof(struct node)
#endif
#ifndef NODES
#define NODES 12000
#endif

int main(int argc, char **argv)
{
    static int order[NODES];
    static struct node *nodes[NODES];
    size_t bytes = (REGION + 4095ul) & ~4095ul; /* the same for every build */
    char *base = aligned_alloc(4096, bytes);
    uint64_t h = 0;

    memset(base, 1, bytes); /* the same pages are touched in every build */
    for (int i = 0; i < NODES; i++) /* one line further on each page, so that pages do not also share a cache set */
        nodes[i] = (struct node *)(base + (size_t)i * SPACING + (SPACING >= 4096 ? (size_t)(i % 60) * 64 : 0));
    shuffle(order, NODES);
    for (int i = 0; i < NODES; i++)
        *nodes[order[i]] = (struct node){ .next = nodes[order[(i + 1) % NODES]], .key = rnd(), .a = rnd(), .b = rnd() };
    struct node *q = nodes[0];
    for (unsigned long n = repeats(argc, argv, 240000 / NODES); n; n--)
        for (int i = 0; i < NODES; i++) {
            h += q->key ^ q->a;
            if (q->b & 1)
                h ^= h >> 3;
            q = q->next;
        }
    printf("%lu %d\n", h, spin(1000000) != 0);
    return 0;
}
