/* One line on a terminal that says how far long work is; nothing elsewhere. */
#ifndef FORENSICS_CMD_PROGRESS_H
#define FORENSICS_CMD_PROGRESS_H

#include <stdbool.h>

struct progress {
    bool shown;    /* stderr is a terminal and the user did not ask for quiet */
    bool standing; /* a line is on the screen and must be wiped before anything else is printed */
};

struct progress progress_new(bool quiet);

/* "what  12/30  40 s left"; seconds_left NaN: not known. */
void progress_step(struct progress *progress, const char *what, int done, int total, double seconds_left);

/* Wipes the line. */
void progress_end(struct progress *progress);

#endif
