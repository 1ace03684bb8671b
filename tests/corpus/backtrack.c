/* A backtracking matcher: literals, '.', 'x*', alternatives of two letters '(ab)'. */
#include "align.h"

static int match(const char *p, const unsigned char *s, int depth)
{
    for (;; p++, s++) {
        if (!*p)
            return 1;
        if (depth > 40)
            return 0;
        if (*p == '(') {
            if (*s != (unsigned char)p[1] && *s != (unsigned char)p[2])
                return 0;
            p += 3;
        } else if (p[1] == '*') {
            char c = *p;
            while (c == '.' ? *s != 'e' : *s == (unsigned char)c) {
                if (match(p + 2, s, depth + 1))
                    return 1;
                s++;
            }
            return match(p + 2, s, depth + 1);
        } else if (*p != '.' && *s != (unsigned char)*p) {
            return 0;
        }
    }
}

uint64_t kernel(uint64_t n)
{
    uint64_t found = 0;
    for (uint64_t q = 0; q < n; q++)
        for (size_t i = 0; i + 64 < sizeof text; i++)
            found += (uint64_t)match("a*.(bc)d*", text + i, 0) + (uint64_t)match("b.*cc", text + i, 0);
    return found;
}
