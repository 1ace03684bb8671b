/* Several models fed one recording by two threads: what one core does in N model times takes N/2. The figures do not
 * depend on it, as models share nothing. */
#ifndef FORENSICS_SIM_CREW_H
#define FORENSICS_SIM_CREW_H

#include "sim/model.h"

struct crew;

/* Takes on `count` models, which stay the caller's. NULL: err says why. */
struct crew *crew_new(struct model *const *models, size_t count, struct err *err);

/* model_event for every model. */
void crew_event(struct crew *crew, const struct stream_event *event);

/* model_run for every model; returns when all are done. */
void crew_run(struct crew *crew, const uint64_t *at, const uint64_t *end);

void crew_free(struct crew *crew); /* NULL is harmless */

#endif
