/* The names that perf, libpfm4 and the makers' manuals give to events, and the metric each stands for. */
#ifndef FORENSICS_RUN_EVENT_NAMES_H
#define FORENSICS_RUN_EVENT_NAMES_H

#include <stddef.h>

#include "core/metric.h"

enum { EVENT_NAME_MAX = 128 };

/* One name; several may stand for one metric. */
struct event_name {
    const char *name; /* normal form, see event_normalise */
    enum metric metric;
    double scale; /* metric's unit per unit of the event */
};

extern const struct event_name event_names[]; /* ends with a NULL name */

/* Brings a name into normal form: lower case, without PMU ("cpu_core/cycles/u" -> "cycles"), without modifiers
 * ("cycles:uk" -> "cycles"), umask after '.' ("BR_MISP_RETIRED:ALL" -> "br_misp_retired.all"). */
void event_normalise(const char *name, char normal[EVENT_NAME_MAX]);

/* The row of a name in any form: an event's, or a metric's own ("taken-branches"); NULL: not known. */
const struct event_name *event_find(const char *name);

/* Up to `max` known names that look like `name`, nearest first; returns how many. */
size_t event_near(const char *name, const char **near, size_t max);

#endif
