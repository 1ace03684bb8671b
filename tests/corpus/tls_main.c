/* Calls into a shared object whose state is thread-local; its TLS model differs between the builds. */
#include "common.h"

uint64_t tick(uint64_t x);

int main(int argc, char **argv)
{
    uint64_t h = 1;
    for (unsigned long i = 0, n = repeats(argc, argv, 500000); i < n; i++)
        h = tick(h + i);
    printf("%lu %d\n", h, spin(1000000) != 0);
    return 0;
}
