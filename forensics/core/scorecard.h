/* What a scorecard says: builds and other allocators in one interleaved session, and whether a baseline moves. */
#ifndef FORENSICS_CORE_SCORECARD_H
#define FORENSICS_CORE_SCORECARD_H

#include <stdio.h>

#include "core/bench.h"

/* The two builds that have a baseline. The subject NAME is the build as it is now, NAME_baseline the pinned one. */
enum score_build { SCORE_FAST, SCORE_STANDARD, SCORE_BUILD_COUNT };

struct score_build_row {
    const char *name, *baseline, *title;
};

extern const struct score_build_row score_build_table[SCORE_BUILD_COUNT];

enum score_move {
    SCORE_FIRST, /* there was no other baseline in the session: this build is it */
    SCORE_MOVES, /* all of the interval against the baseline is above 0 */
    SCORE_STAYS,
};

extern const char *const score_move_name[];

struct score_row {
    const struct bench_subject *subject;
    double cost;      /* median CPU seconds of a run */
    struct gain fast; /* the FAST build against this one */
};

struct score_baseline {
    enum score_move move;
    const struct score_row *row; /* of the baseline: the build's own when FIRST */
    struct gain gain;            /* the build against its baseline; not set when FIRST */
};

struct scorecard {
    const struct bench_file *file;
    size_t rounds;
    struct score_row *rows; /* in the file's order of subjects */
    size_t row_count;
    struct score_baseline baseline[SCORE_BUILD_COUNT];
};

/* JSON; `what` names the stream in an error. */
bool scorecard_save(struct arena *arena, const struct scorecard *card, FILE *stream, const char *what, struct err *err);

#endif
