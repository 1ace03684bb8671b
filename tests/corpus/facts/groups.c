/* What becomes of a function. */
#include <stdio.h>
#ifndef HALF
#define HALF __attribute__((noinline))
#endif
#ifndef TWICE
#define TWICE __attribute__((noinline))
#endif
#ifndef FACTOR
#define FACTOR
#endif
#ifndef NAME
#define NAME known
#endif
#ifndef CHANGE
#define CHANGE
#endif
int table[64];
double scale[64];
static int limit = 100;
HALF int half(int n)
{
    return n > limit ? n / 2 + n * n : puts("no");
}
TWICE int twice(int n)
{
    return n > limit ? n * 2 + table[n & 63] : puts("yes");
}
__attribute__((noinline)) int walk(int n)
{
    int s = 0;
    for (int i = 0; i < n; i++)
        s += half(i) ^ twice(i + 1) ^ i;
    return s;
}
__attribute__((noinline)) double sum(const double *p, int n)
{
    double s = 0;
    for (int i = 0; i < n; i++)
        s += p[i] * 2.5 + scale[i & 63] FACTOR;
    return s;
}
__attribute__((noinline)) int NAME(int n)
{
    puts("x");
    return printf("%d", walk(n) + table[n & 7]) CHANGE;
}
#ifdef ALIAS
int second(int n) __attribute__((alias("first")));
#endif
#define LOOP                                                                                                           \
    {                                                                                                                  \
        int s = n;                                                                                                     \
        for (int i = 0; i < n; i++)                                                                                    \
            s = s * 31 + i;                                                                                            \
        return s;                                                                                                      \
    }
__attribute__((noinline)) int first(int n) LOOP
#ifndef ALIAS
__attribute__((noinline)) int second(int n) LOOP
#endif
int second(int n);
int (*volatile keep)(int) = second;
int main(int c, char **v)
{
    (void)v;
    limit += c;
    return walk(c) + half(c) + twice(c) + (int)sum(scale, c) + NAME(c) + first(c) + keep(c);
}
