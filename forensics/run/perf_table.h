/* Which events of a processor make up a metric: one row each.
 *
 * A row is a sum of up to four events, each with a factor, in libpfm4's notation; all of a row's events are counted
 * at once. Rows of a processor stand before the kernel's generic rows and are preferred to them.
 */
#ifndef FORENSICS_RUN_PERF_TABLE_H
#define FORENSICS_RUN_PERF_TABLE_H

#include "core/metric.h"

enum { PERF_TERMS = 5 };

struct perf_term {
    double scale;
    const char *event; /* NULL: no more terms */
};

struct perf_table_row {
    const char
        *pmus; /* libpfm4's names of the processors it holds for, between blanks; "perf": the kernel's generic events */
    enum metric metric;
    bool by_clock;    /* the clock gives it, too: only when asked for */
    struct perf_term terms[PERF_TERMS];
};

extern const struct perf_table_row perf_table[]; /* ends with NULL pmus */

/* Whether a row holds for this processor, or is generic. */
bool perf_row_holds(const struct perf_table_row *row, const char *pmu);

#endif
