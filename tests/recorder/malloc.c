/* Random malloc and free. */
#include <stdint.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static void *held[4096];
    uint32_t x = 1;
    for (int i = 0, n = argc > 1 ? atoi(argv[1]) : 100000; i < n; i++) {
        x = x * 1664525 + 1013904223;
        unsigned k = x >> 20;
        if (held[k]) {
            free(held[k]);
            held[k] = NULL;
        } else {
            held[k] = malloc(16 + (x >> 8 & 0x3ff));
        }
    }
    return 0;
}
