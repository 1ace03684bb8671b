/* Descendants of a program that outlive it: noted before, ended after. Needs this process to be a subreaper. */
#ifndef FORENSICS_RUN_ORPHANS_H
#define FORENSICS_RUN_ORPHANS_H

#include <sys/types.h>

enum { ORPHANS_KNOWN = 64 };

/* Children of this process that are its own business. */
struct orphans {
    pid_t known[ORPHANS_KNOWN];
    int count; /* > ORPHANS_KNOWN or -1: not known, so nothing is ended */
};

/* Remembers the children that exist now. */
void orphans_note(struct orphans *before);

/* Kills and reaps every child that came since, until none is left. */
void orphans_end(const struct orphans *before);

#endif
