/* Quicksort; VERIFY checks and checksums the result as well. */
#include "common.h"

#include <assert.h>

enum { COUNT = 20000 };

static NOINLINE void insertion_sort(uint32_t *a, int n)
{
    for (int i = 1; i < n; i++) {
        uint32_t x = a[i];
        int j = i - 1;
        while (j >= 0 && a[j] > x) {
            a[j + 1] = a[j];
            j--;
        }
        a[j + 1] = x;
    }
}

static NOINLINE void quicksort(uint32_t *a, int n)
{
    while (n > 12) {
        uint32_t pivot = a[n / 2];
        int i = -1, j = n;
        for (;;) {
            do
                i++;
            while (a[i] < pivot);
            do
                j--;
            while (a[j] > pivot);
            if (i >= j)
                break;
            uint32_t t = a[i];
            a[i] = a[j];
            a[j] = t;
        }
        quicksort(a, j + 1);
        a += j + 1;
        n -= j + 1;
    }
    insertion_sort(a, n);
}

__attribute__((unused)) static NOINLINE int sorted(const uint32_t *a, int n)
{
    uint32_t h = 0;
    for (int i = 1; i < n; i++) {
        if (a[i - 1] > a[i])
            return 0;
        h = (h << 5 | h >> 27) ^ a[i];
        h *= 2654435761u;
        h ^= h >> 15;
        h *= 0x85ebca6bu;
    }
    return h != 12345;
}

int main(int argc, char **argv)
{
    static uint32_t a[COUNT];
    uint64_t sum = 0;
    for (unsigned long n = repeats(argc, argv, 8); n; n--) {
        for (int i = 0; i < COUNT; i++)
            a[i] = rnd();
        quicksort(a, COUNT);
#ifdef VERIFY
        sum += !sorted(a, COUNT);
#endif
        sum += a[777];
        assert(a[0] <= a[777]);
    }
    printf("%lu\n", sum);
    return 0;
}
