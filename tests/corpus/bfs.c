/* Breadth-first search. LATE marks a vertex when it leaves the queue instead of when it enters, so that it enters
 * several times. */
#include "common.h"

enum { VERTICES = 3000, DEGREE = 6 };

static uint16_t edges[VERTICES][DEGREE];
static uint32_t queue[VERTICES * (DEGREE + 1)];
static unsigned char seen[VERTICES];

static NOINLINE uint64_t search(uint32_t root)
{
    size_t head = 0, tail = 0;
    uint64_t visited = 0;
    memset(seen, 0, sizeof seen);
    queue[tail++] = root;
#ifndef LATE
    seen[root] = 1;
#endif
    while (head < tail) {
        uint32_t v = queue[head++];
#ifdef LATE
        if (seen[v])
            continue;
        seen[v] = 1;
#endif
        visited += v;
        for (int k = 0; k < DEGREE; k++) {
            uint32_t w = edges[v][k];
            if (seen[w])
                continue;
#ifndef LATE
            seen[w] = 1;
#endif
            queue[tail++] = w;
        }
    }
    return visited;
}

#ifdef REPORT
void report(void);
void report(void)
{
#define LINE(k) printf("%d of %d: %u\n", k, (int)seen[k], queue[k]);
    LINE(1) LINE(2) LINE(3) LINE(4) LINE(5) LINE(6) LINE(7) LINE(8) LINE(9) LINE(10) LINE(11) LINE(12) LINE(13) LINE(14)
}
#endif

int main(int argc, char **argv)
{
    for (int i = 0; i < VERTICES; i++)
        for (int k = 0; k < DEGREE; k++)
            edges[i][k] = (uint16_t)(k < 4 ? (i + (int)(rnd() % 64) + 1) % VERTICES : (int)(rnd() % VERTICES));
    uint64_t sum = 0;
    for (unsigned long n = repeats(argc, argv, 25); n; n--)
        sum += search(rnd() % VERTICES);
    printf("%lu\n", sum);
    return 0;
}
