/* Insertion sort of 64 numbers. */
#include "align.h"

uint64_t kernel(uint64_t n)
{
    uint64_t sum = 0;
    for (uint64_t q = 0; q < n * 60; q++) {
        uint32_t a[64];
        for (int i = 0; i < 64; i++)
            a[i] = table[(q * 7 + i * 13) & 1023];
        for (int i = 1; i < 64; i++) {
            uint32_t x = a[i];
            int j = i - 1;
            while (j >= 0 && a[j] > x) {
                a[j + 1] = a[j];
                j--;
            }
            a[j + 1] = x;
        }
        sum += a[11];
    }
    return sum;
}
