#include "core/cause.h"

#include <string.h>

const struct cause_row cause_table[CAUSE_COUNT] = {
    [CAUSE_NONE] = { "none", 0, "no regression: equivalent within the floor, or faster" },
    [CAUSE_WORK] = { "work", 2, "it executes more instructions" },
    [CAUSE_LAYOUT] = { "layout", 3, "the same work landed in a worse place in the text" },
    [CAUSE_HINT] = { "hint", 4, "branch hints or the training profile do not fit what runs" },
    [CAUSE_DATA] = { "data", 5, "data landed in a worse place: caches, TLBs, TLS, structs" },
    [CAUSE_MIXED] = { "mixed", 6, "two or more causes carry it" },
    [CAUSE_INCONCLUSIVE] = { "inconclusive", 7, "the interval is too wide, or nothing here can name the cause" },
    [CAUSE_UNRELIABLE] = { "unreliable", 7, "the A/A control failed: the machine, not the program" },
};

enum cause cause_of_share(enum share share)
{
    static const enum cause of[SHARE_COUNT] = {
        [SHARE_WORK] = CAUSE_WORK, [SHARE_LAYOUT] = CAUSE_LAYOUT, [SHARE_HINT] = CAUSE_HINT, [SHARE_DATA] = CAUSE_DATA,
    };
    return of[share];
}

bool cause_by_name(const char *name, enum cause *cause)
{
    for (int i = 0; i < CAUSE_COUNT; i++)
        if (strcmp(cause_table[i].name, name) == 0) {
            *cause = (enum cause)i;
            return true;
        }
    return false;
}
