/* A Lempel-Ziv compressor. STRAY says that match() is cold, which it is not; with a second argument the input has no
 * matches in it, which makes it a training run for another kind of data. */
#include "common.h"

enum { SIZE = 60000, SLOTS = 4096 };

static unsigned char input[SIZE + 16], output[2 * SIZE];
static uint32_t slots[SLOTS];

static uint32_t word_at(const unsigned char *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

#ifdef STRAY
__attribute__((cold))
#endif
static NOINLINE size_t match(const unsigned char *a, const unsigned char *b, const unsigned char *end)
{
    const unsigned char *start = a;
    while (a < end && *a == *b) {
        a++;
        b++;
    }
    return (size_t)(a - start);
}

static NOINLINE size_t compress(const unsigned char *p, size_t n)
{
    unsigned char *to = output;
    const unsigned char *end = p + n;
    for (const unsigned char *at = p; at < end;) {
        uint32_t slot = word_at(at) * 2654435761u >> 20, was = slots[slot];
        slots[slot] = (uint32_t)(at - p);
        if (at - p > was && at - p - was < 65535 && word_at(p + was) == word_at(at)) {
            size_t length = match(at, p + was, end);
            length = length > 255 ? 255 : length;
            *to++ = 255;
            *to++ = (unsigned char)length;
            *to++ = (unsigned char)(at - p - was);
            *to++ = (unsigned char)((at - p - was) >> 8);
            at += length ? length : 1;
        } else {
            *to++ = *at++;
        }
    }
    return (size_t)(to - output);
}

int main(int argc, char **argv)
{
    int random = argc > 2;
    for (size_t i = 0; i < SIZE; i++)
        input[i] = (unsigned char)rnd();
    for (size_t i = 64; !random && i < SIZE;) {
        size_t length = 4 + rnd() % 12, back = 8 + rnd() % 56, literal = 1 + rnd() % 2;
        for (; length && i < SIZE; length--, i++)
            input[i] = input[i - back];
        i += literal;
    }
    uint64_t sum = 0;
    for (unsigned long k = repeats(argc, argv, 5); k; k--) {
        memset(slots, 0, sizeof slots);
        sum += compress(input, SIZE);
    }
    printf("%lu %u\n", sum, output[1000]);
    return 0;
}
