/* A reader of nested lists of numbers and strings. USUAL(x) says what the compiler is told of what usually holds. */
#include "common.h"

#ifdef INVERTED
#define USUAL(x) __builtin_expect(!!(x), 0)
#else
#define USUAL(x) __builtin_expect(!!(x), 1)
#endif

struct reader {
    const unsigned char *at, *end;
    uint64_t values, depth, errors, hash;
};

static NOINLINE void read_values(struct reader *r)
{
    while (USUAL(r->at < r->end)) {
        unsigned c = *r->at++;
        if (USUAL(c >= '0' && c <= '9')) {
            r->hash = r->hash * 10 + c - '0';
        } else if (USUAL(c == ',')) {
            r->values++;
            r->hash ^= r->hash >> 17;
        } else if (c == '[') {
            r->depth++;
            r->hash += r->depth * 31;
            if (!USUAL(r->depth < 1000)) {
                r->errors++;
                r->hash ^= r->errors << 9;
                r->depth = 0;
            }
        } else if (c == ']') {
            r->depth--;
            r->hash = (r->hash << 7 | r->hash >> 57) ^ r->depth;
        } else if (c == '"') {
            while (USUAL(r->at < r->end) && USUAL(*r->at != '"')) {
                r->hash = (r->hash ^ *r->at) * 0x100000001b3ull;
                r->at++;
            }
            r->at++;
        } else {
            r->errors++;
            r->hash += c * r->errors;
        }
    }
}

int main(int argc, char **argv)
{
    static unsigned char input[60000];
    size_t n = 0;
    uint64_t depth = 0;
    while (n < sizeof input - 100) {
        for (unsigned k = 2 + rnd() % 6; k; k--)
            input[n++] = (unsigned char)('0' + rnd() % 10);
        input[n++] = ',';
        if (rnd() % 23 == 0) {
            input[n++] = '[';
            depth++;
        } else if (depth && rnd() % 23 == 0) {
            input[n++] = ']';
            depth--;
        } else if (rnd() % 61 == 0) {
            n += (size_t)sprintf((char *)input + n, "\"%u\",", rnd());
        }
    }
    struct reader r = { .hash = 1 };
    for (unsigned long k = repeats(argc, argv, 5); k; k--) {
        r.at = input;
        r.end = input + n;
        read_values(&r);
    }
    printf("%lu %lu %lu\n", r.hash, r.values, r.errors);
    return 0;
}
