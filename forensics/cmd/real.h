/* Layouts on the real machine: both builds in places that the linker and the system give them, run in turns. */
#ifndef FORENSICS_CMD_REAL_H
#define FORENSICS_CMD_REAL_H

#include "cmd/progress.h"
#include "core/result.h"

struct real_wanted {
    unsigned layouts;     /* drawn, at most; >= 2 */
    unsigned
        first; /* drawn in the first batch; each further batch doubles what there is, until the interval is narrow */
    unsigned axes;        /* bit per axis */
    unsigned shard, shards; /* 1 of 1: all layouts */
    double floor;         /* smallest effect of interest, a fraction; 0: 1 % */
    const char *relink[2]; /* commands that link old and new; NULL: code and data stay */
    const char *state;    /* file that keeps the runs between interruptions; NULL: none */
};

enum { REAL_FIRST = 16, REAL_LAYOUTS = 64, REAL_ROUNDS = 20, REAL_COPIES = 4 /* of what is shipped, a round */ };

/* Fills result->real from result->spec. False: err says why; when it was interrupted what was measured until then is in
 * result->real, and in the state file. No program, process or folder is left behind. */
bool real_measure(struct result *result, const struct real_wanted *wanted, struct progress *progress, struct err *err);

#endif
