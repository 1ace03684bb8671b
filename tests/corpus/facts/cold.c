/* A function that the compiler parts in a hot and a cold half; CHECK adds a rare way, COLD makes another one rare. */
#include <stdio.h>
#include <stdlib.h>
#ifndef COLD
#define COLD
#endif
int tab[64];
__attribute__((noinline, cold)) void bad(int x)
{
    printf("%d", x);
}
__attribute__((noinline)) int parted(const int *p, int n)
{
    int s = 0;
    for (int i = 0; i < n; i++) {
        if (p[i] < 0) {
            bad(3);
            s ^= p[i] * 3;
            puts("negative");
            bad(5);
        } else {
            s += p[i];
        }
#ifdef CHECK
        if (s == 77) {
            bad(s);
            puts("x");
            bad(n);
        }
#endif
    }
    if (n > 9999)
        abort();
    return s;
}
__attribute__((noinline)) int whole(const int *p, int n)
{
    int s = 0;
    for (int i = 0; i < n; i++) {
        s += p[i] / 2;
#ifdef CHECK
        if (s == 77) {
            bad(s);
            puts("y");
            bad(n);
        }
#endif
    }
    return s;
}
__attribute__((noinline COLD)) int grouped(int n)
{
    return n * 7 + 3;
}
int main(int c, char **v)
{
    (void)v;
    return parted(tab, c) + whole(tab, c) + grouped(c);
}
