/* Floor 0: text without allocation: a line buffer that stdio is too heavy for inside malloc. */
#ifndef HAK_TEXT_H
#define HAK_TEXT_H

#include <stddef.h>

/* What does not fit is cut off; `used` never exceeds sizeof data. */
struct text {
    size_t used; /* bytes */
    char data[4096];
};

/* Appends a string. */
static inline void text_add(struct text *t, const char *s)
{
    while (*s && t->used < sizeof t->data)
        t->data[t->used++] = *s++;
}

/* Appends an integer in decimal, right-aligned to at least `width` characters. */
static inline void text_int(struct text *t, long long value, int width)
{
    char digits[24];
    int n = 0;
    unsigned long long v = value < 0 ? 0ull - (unsigned long long)value : (unsigned long long)value;
    do
        digits[n++] = (char)('0' + v % 10);
    while (v /= 10);
    if (value < 0)
        digits[n++] = '-';
    for (int pad = n; pad < width; pad++)
        text_add(t, " ");
    while (n--)
        text_add(t, (char[2]){digits[n], 0});
}

/* Appends a string, padded with blanks on the right to at least `width` characters. */
static inline void text_left(struct text *t, const char *s, size_t width)
{
    size_t start = t->used;
    text_add(t, s);
    while (t->used - start < width && t->used < sizeof t->data)
        t->data[t->used++] = ' ';
}

#endif
