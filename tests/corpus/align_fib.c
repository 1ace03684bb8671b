/* Doubly recursive Fibonacci numbers: calls and returns only. */
#include "align.h"

static uint64_t __attribute__((noinline, optimize("no-optimize-sibling-calls"))) fib(uint64_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t kernel(uint64_t n)
{
    uint64_t sum = 0;
    for (uint64_t q = 0; q < n; q++)
        sum += fib(19 + (q & 1));
    return sum;
}
