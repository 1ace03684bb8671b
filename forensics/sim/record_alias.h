/* The folder in which the recorded program finds itself: it holds one link, so that the program's path is the same for
 * every program and every place.
 *
 * A folder is locked (flock) by whoever uses it, the recorded program and its children among them, for the lock goes
 * with the descriptor. So a folder that nobody holds was left by a recording that was killed, and the next one takes it
 * away. */
#ifndef FORENSICS_SIM_RECORD_ALIAS_H
#define FORENSICS_SIM_RECORD_ALIAS_H

#include "base/arena.h"
#include "base/err.h"

struct record_alias {
    const char *folder; /* NULL: not made */
    const char *link;
};

/* Makes a folder in $TMPDIR with the link `name` to `program`. Its descriptor; -1: err says why. Folders that killed
 * recordings of this user left there are removed first. */
int record_alias_open(struct record_alias *alias, const char *program, const char *name, struct arena *arena,
                      struct err *err);

/* Removes link and folder; the descriptor is the caller's. */
void record_alias_remove(const struct record_alias *alias);

#endif
