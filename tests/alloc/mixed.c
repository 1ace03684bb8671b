/* A small load with a choice of questions, for knobs.t: no allocator of its own. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *volatile sink;

static void *keep(void *p)
{
    sink = p;
    return sink;
}

static void mixed(void)
{
    enum { N = 20000 };
    static char *p[N];
    uint32_t r = 1;
    for (int i = 0; i < 400000; i++) {
        r ^= r << 13;
        r ^= r >> 17;
        r ^= r << 5;
        char **slot = &p[r % N];
        if (*slot) {
            free(*slot);
            *slot = NULL;
        } else {
            *slot = malloc(16 + (r >> 8 & 1023));
            if (!*slot)
                exit(1);
            **slot = 1;
        }
    }
    for (int i = 0; i < N; i++)
        free(p[i]);
    for (int i = 0; i < 100; i++)
        free(keep(malloc(100000)));
    void *big = keep(malloc(20 << 20));
    free(big);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "order")) {
        uintptr_t last = 0, wrong = 0;
        for (int i = 0; i < 12; i++) {
            uintptr_t p = (uintptr_t)keep(malloc(1700));
            wrong += p < last;
            last = p;
        }
        puts(wrong ? "mixed" : "ascending");
    } else if (!strcmp(what, "big")) {
        puts(keep(malloc((size_t)2 << 30)) ? "given" : "refused");
    } else if (!strcmp(what, "reuse")) {
        void *first = keep(malloc(100));
        int again = 0;
        free(first);
        free(keep(malloc(5000))); /* the quarantine looks at its bound when the next block comes */
        for (int i = 0; i < 100; i++)
            again |= keep(malloc(100)) == first;
        puts(again ? "reused" : "held");
    } else {
        mixed();
    }
    return 0;
}
