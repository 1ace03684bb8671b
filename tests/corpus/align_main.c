/* Driver of the alignment pairs: kernel() sits PAD bytes into a line. */
#include "align.h"

unsigned char text[20000];
uint32_t table[1024];
const char pattern[8] = "abcabc";

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (unsigned char)"abcde"[rnd() % 5];
    for (int i = 0; i < 1024; i++)
        table[i] = rnd();
    printf("%lu\n", kernel(repeats(argc, argv, REPEATS)));
    return 0;
}
