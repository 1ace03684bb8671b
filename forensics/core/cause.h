/* The causes a verdict can name and the exit status each stands for. One table: --help, the man page,
 * the JSON schema and the tests read it.
 */
#ifndef FORENSICS_CORE_CAUSE_H
#define FORENSICS_CORE_CAUSE_H

#include <stdbool.h>

enum cause {
    CAUSE_NONE,         /* equivalent within the floor, or faster */
    CAUSE_WORK,         /* it really executes more */
    CAUSE_LAYOUT,       /* text layout: where code sits, how it is packed, inlining, hot/cold placement */
    CAUSE_HINT,         /* branch hints or the profile do not fit what runs */
    CAUSE_DATA,         /* data layout: caches, TLBs, TLS, structs, set conflicts */
    CAUSE_MIXED,        /* two or more shares above the mixing threshold */
    CAUSE_INCONCLUSIVE, /* interval too wide, or slower with no counter to say why */
    CAUSE_UNRELIABLE,   /* the A/A control failed: the machine, not the program */
    CAUSE_COUNT
};

/* The four causes that shares are divided between, as indices of share arrays. */
enum share { SHARE_WORK, SHARE_LAYOUT, SHARE_HINT, SHARE_DATA, SHARE_COUNT };

struct cause_row {
    const char *name;    /* word in JSON and on the command line */
    int exit_status;     /* of `compare` and everything that ends in a verdict */
    const char *meaning; /* one clause for help and manual */
};

extern const struct cause_row cause_table[CAUSE_COUNT];

/* Exit statuses that are not a cause's. */
enum { EXIT_OK = 0, EXIT_TOOL = 1, EXIT_TARGET = 8 };

/* The cause a share belongs to, e.g. SHARE_HINT -> CAUSE_HINT. */
enum cause cause_of_share(enum share share);

/* By name; false when there is no such cause. */
bool cause_by_name(const char *name, enum cause *cause);

#endif
