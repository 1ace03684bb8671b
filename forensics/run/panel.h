/* A panel: many pairs of programs that take turns, so that none has the machine's good or bad hours to itself.
 *
 * Every round runs each pair once, old and new next to one another. Rounds come in twos: the second runs everything in
 * the opposite order, so that over both every program has the same mean position and each of a pair is first once. The
 * order is drawn from the seed.
 */
#ifndef FORENSICS_RUN_PANEL_H
#define FORENSICS_RUN_PANEL_H

#include "core/real.h"
#include "run/session.h"

struct panel;

/* `cost` is the metric that becomes real_layout.cost. `spec` (whose cpu becomes the core that is used) and `source`
 * must outlive the panel. NULL: see err. The panel watches for signals from here on. */
struct panel *panel_open(struct arena *arena, struct spec *spec, struct source_object *source, enum metric cost,
                         const struct session_hooks *hooks, struct err *err);
void panel_close(struct panel *panel); /* NULL is harmless */

/* Adds a layout whose programs are `path`, and runs both once. The first one ever must be as shipped: it tells what has
 * to be printed, and its failure is an error. Another layout that fails or prints something else is refused:
 * layout->refused says why, and it takes no part. `layout` must outlive the panel. */
bool panel_admit(struct panel *panel, struct real_layout *layout, const char *const path[2], struct err *err);

/* One round of the layouts of `batch`, appended to their costs. A round that a signal or a failure cuts short is not
 * kept. */
bool panel_round(struct panel *panel, unsigned batch, unsigned round, uint64_t seed, struct err *err);

/* Runs of one round of `batch`. */
size_t panel_runs(const struct panel *panel, unsigned batch);

#endif
