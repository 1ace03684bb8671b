/* Something of everything that the ELF reader looks at, without the C library. */
struct pair {
    char tag;
    long value;
};
__thread int counter = 3;
struct pair pairs[4] = { { 1, 2 } };
static const char *const words[] = { "one", "two", "three" };

static inline int half(int n)
{
    return n > 0 ? n / 2 : counter;
}

__attribute__((noinline)) int walk(int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += half(i) ^ words[i % 3][0];
    return sum;
}

__attribute__((cold, noinline)) int rare(int n)
{
    switch (n) {
    case 1: return walk(2);
    case 2: return walk(5) + 1;
    case 3: return walk(7) + 2;
    case 4: return pairs[n & 3].tag;
    case 5: return walk(9) + 4;
    default: return 0;
    }
}

void _start(void)
{
    pairs[1].value = walk(3);
    if (__builtin_expect(pairs[1].value < 0, 0))
        rare((int)pairs[1].value);
    for (;;)
        __asm__ volatile("syscall" : : "a"(60), "D"(0));
}
