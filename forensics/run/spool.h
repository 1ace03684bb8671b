/* Unlinked temporary files that take a program's output. */
#ifndef FORENSICS_RUN_SPOOL_H
#define FORENSICS_RUN_SPOOL_H

#include <stddef.h>

#include "base/err.h"

/* A new, empty, unlinked, close-on-exec file in $TMPDIR or /tmp; -1: see err. */
int spool_open(struct err *err);

/* The last lines of a file as one printable line of at most room - 1 bytes: control characters become
 * blanks, line ends " | ". */
void spool_tail(int fd, char *text, size_t room);

#endif
