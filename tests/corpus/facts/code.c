/* What code does: COUNT calls, a frame of ROOM bytes, OP on doubles and long integers. */
#include <stdio.h>
#ifndef COUNT
#define COUNT 1
#endif
#ifndef ROOM
#define ROOM 96
#endif
#ifndef OP
#define OP(a, b) ((a) * (b))
#endif
#ifndef THROUGH
#define THROUGH other
#endif
long words[64];
double scale[64];
__attribute__((noinline)) int other(int n)
{
    return n * 77 + (int)words[1];
}
int (*volatile pointer)(int) = other;
__attribute__((noinline)) int calls(int n)
{
    n += other(n);
#if COUNT > 1
    n += other(n * 3);
#endif
    return n + 1;
}
__attribute__((noinline)) int through(int n)
{
    return THROUGH(n) + 1;
}
__attribute__((noinline)) int frame(int n)
{
    volatile char room[ROOM];
    room[n] = 1;
    return room[1];
}
__attribute__((noinline)) long mix(long a, long b)
{
    return OP(a, b) + 1;
}
__attribute__((noinline)) void stretch(int n)
{
    for (int i = 0; i < n; i++)
        scale[i] = scale[i] * 2.5 + 1.25;
}
__attribute__((noinline)) int library(int n)
{
    return puts("a") + putchar(n) + 1;
}
int main(int c, char **v)
{
    (void)v;
    stretch(c);
    return calls(c) + through(c) + frame(c) + (int)mix(c, 3) + library(c);
}
