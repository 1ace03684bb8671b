/* The sentences that go with a comparison: which estimator and why, and what to be careful about. */
#ifndef FORENSICS_STAT_NOTES_H
#define FORENSICS_STAT_NOTES_H

#include "stat/effect.h"

/* Runs left out, interruption. */
void note_session(struct arena *arena, struct comparison *out, const struct session *session, size_t good);

/* One figure's: the estimator of time and its reason; zeros; a model that does not repeat itself. */
void note_figure(struct arena *arena, struct comparison *out, const struct figure *figure, const struct series *series,
                 const struct effect *effect, bool is_time);

/* New differs from old's first series but not from its second. */
void note_unconfirmed(struct arena *arena, struct comparison *out);

/* The A/A control, multiplexing, two modes. */
void note_comparison(struct arena *arena, struct comparison *out);

#endif
