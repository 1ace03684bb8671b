/* Running a command line of the user's, e.g. the one that links a program. */
#ifndef FORENSICS_RUN_COMMAND_H
#define FORENSICS_RUN_COMMAND_H

#include "base/arena.h"
#include "base/err.h"

/* What a command left. */
struct command_end {
    int status;         /* exit status; 128 + signal number when a signal ended it */
    const char *output; /* its stdout, ended by '\0' */
    const char *tail;   /* the end of its stderr on one line; "" when it said nothing */
};

/* Runs it through /bin/sh with an empty stdin, in a process group that is ended with it. False: it could not be run, or
 * was interrupted (SIGINT, SIGTERM, SIGHUP while interrupt_watch is on). */
bool command_run(struct arena *arena, const char *command, struct command_end *end, struct err *err);

#endif
