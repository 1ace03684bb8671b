/* The runs of a real sweep in a file, so that an interrupted one goes on where it was. */
#ifndef FORENSICS_CMD_REAL_STATE_H
#define FORENSICS_CMD_REAL_STATE_H

#include "core/result.h"

/* Whether two results are of one sweep: the same files, arguments, environment, seed, axes and figures, and machines of
 * one kind. False with one sentence that names the difference; `what` names the second result. */
bool real_same(const struct result *a, const struct result *b, const char *what, struct err *err);

/* Reads the file if it exists; *before stays NULL when it does not. False: it cannot be read, or is another sweep's. */
bool real_state_load(struct result *result, const char *path, struct real_study **before, struct err *err);

/* Gives the layouts of `study` from index `from` on the runs that `before` has of them; returns how many rounds. */
unsigned real_state_restore(const struct real_study *before, struct real_study *study, size_t from);

bool real_state_save(const struct result *result, const char *path, struct err *err);

#endif
