/* Work in named functions that need no library: their instruction counts are the same under every engine. */
#include <stdint.h>
#include <stdio.h>

enum { N = 3000 };
static uint32_t values[N], copy[N];

__attribute__((noinline)) static void fill(uint32_t seed)
{
    for (int i = 0; i < N; i++)
        values[i] = seed = seed * 1664525 + 1013904223;
}

__attribute__((noinline)) static void sift(int root, int n)
{
    for (int child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && values[child] < values[child + 1])
            child++;
        if (values[root] >= values[child])
            return;
        uint32_t t = values[root];
        values[root] = values[child];
        values[child] = t;
    }
}

__attribute__((noinline)) static void heap_sort(void)
{
    for (int i = N / 2; i-- > 0;)
        sift(i, N);
    for (int n = N; n-- > 1;) {
        uint32_t t = values[0];
        values[0] = values[n];
        values[n] = t;
        sift(0, n);
    }
}

/* A repeated string instruction, also with a count of 0; and one that ends by its condition. */
__attribute__((noinline)) static uint64_t strings(uint64_t count)
{
    void *to = copy, *from = values;
    uint64_t n = count;
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    to = copy;
    n = count;
    __asm__ volatile("repne scasl" : "+D"(to), "+c"(n) : "a"(values[N / 2]) : "memory", "cc");
    return n;
}

__attribute__((noinline)) static uint64_t locked(int times)
{
    static uint64_t counter;
    for (int i = 0; i < times; i++)
        __atomic_fetch_add(&counter, 3, __ATOMIC_SEQ_CST);
    return counter;
}

__attribute__((noinline)) static uint64_t fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

__attribute__((noinline)) static double newton(double x, int steps)
{
    double guess = x;
    for (int i = 0; i < steps; i++)
        guess = (guess + x / guess) / 2;
    return guess;
}

/* Sets the x87 precision to 53 bits, at which the engine leaves the block in its middle. */
__attribute__((noinline)) static unsigned precision(int times)
{
    unsigned short word = 0, sum = 0;
    for (int i = 0; i < times; i++) {
        __asm__ volatile("fnstcw %0" : "=m"(word));
        word = (unsigned short)((word & ~0x300) | 0x200);
        __asm__ volatile("fldcw %0" : : "m"(word));
        sum = (unsigned short)(sum + word);
    }
    return sum;
}

int main(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 20; i++) {
        fill(i);
        heap_sort();
        sum += strings(i % 4 ? N : 0) + values[i];
    }
    sum += precision(100) + locked(1000) + fib(20) + (uint64_t)newton(2e6, 1000);
    printf("%llu\n", (unsigned long long)sum);
    return (int)(sum % 100);
}
