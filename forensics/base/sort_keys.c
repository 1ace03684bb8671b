#include "base/sort_keys.h"

#include <string.h>

enum { DIGITS = 8, VALUES = 256, FEW = 24 };

/* The tables of counts are 16 KiB: a short list is sorted before they are cleared. */
static void insert_few(struct sort_key *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct sort_key key = keys[i];
        size_t at = i;
        for (; at && keys[at - 1].key > key.key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* Radix sort from the lowest byte up. Bytes that all keys share are stepped over: addresses have four or five. */
static void sort_many(struct sort_key *keys, struct sort_key *spare, size_t count)
{
    size_t counts[DIGITS][VALUES] = { { 0 } };
    struct sort_key *from = keys, *to = spare;
    for (size_t i = 0; i < count; i++)
        for (unsigned d = 0; d < DIGITS; d++)
            counts[d][keys[i].key >> 8 * d & 0xff]++;
    for (unsigned d = 0; d < DIGITS && count; d++) {
        size_t next[VALUES], sum = 0;
        if (counts[d][from[0].key >> 8 * d & 0xff] == count)
            continue;
        for (unsigned v = 0; v < VALUES; v++) {
            next[v] = sum;
            sum += counts[d][v];
        }
        for (size_t i = 0; i < count; i++)
            to[next[from[i].key >> 8 * d & 0xff]++] = from[i];
        struct sort_key *other = from;
        from = to;
        to = other;
    }
    if (from != keys && count)
        memcpy(keys, from, count * sizeof *keys);
}

void sort_keys(struct sort_key *keys, struct sort_key *spare, size_t count)
{
    if (count <= FEW)
        insert_few(keys, count);
    else
        sort_many(keys, spare, count);
}
