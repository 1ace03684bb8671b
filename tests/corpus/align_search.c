/* Naive string search. */
#include "align.h"

uint64_t kernel(uint64_t n)
{
    uint64_t found = 0;
    for (uint64_t q = 0; q < n; q++)
        for (long i = 0; i <= (long)sizeof text - 6; i++) {
            long j = 0;
            while (j < 6 && text[i + j] == (unsigned char)pattern[j])
                j++;
            found += j == 6;
        }
    return found;
}
