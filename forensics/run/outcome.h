/* What is said when a run did not end as it should. */
#ifndef FORENSICS_RUN_OUTCOME_H
#define FORENSICS_RUN_OUTCOME_H

#include "base/err.h"
#include "run/launch.h"

/* True when it ended well; else false with one sentence that names the program (`who`: "new ('./b')") and the moment
 * (`where`: "in round 2 of 10"). `tail`: its last words, "" for none. */
bool outcome_check(enum outcome outcome, int status, const char *who, const char *where, double timeout_s,
                   const char *tail, struct err *err);

/* Likewise for output without end. */
bool outcome_flooded(const char *who, const char *where, struct err *err);

#endif
