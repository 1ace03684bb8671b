/* Lines of perf stat's three output formats as rows; inside of perf_file.h. */
#ifndef FORENSICS_RUN_PERF_ROWS_H
#define FORENSICS_RUN_PERF_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "core/metric.h"

/* One event of one run (or CPU, or interval), or one metric that perf computed. */
struct perf_row {
    const char *event;        /* as written; NULL: a computed metric alone */
    const char *unit;         /* "" for counts */
    enum reading_state state; /* READ, NOT_COUNTED or NOT_SUPPORTED */
    double value;             /* in `unit` */
    double running_ns;        /* time on the hardware; 0: not told */
    double percent;           /* of the time that it was on the hardware, 0..100 */
    const char *place;        /* CPU, core, socket or thread it belongs to; "": the whole */
    double timestamp;         /* seconds, of perf stat -I; NaN: none */
    bool averaged;            /* has a variance: the mean of perf stat -r */
    double metric_value;      /* NaN: none */
    const char *metric_unit;  /* e.g. "%  tma_frontend_bound"; "" */
    bool begins_run;          /* a header stood before it */
};

struct perf_rows {
    struct arena *arena;
    struct perf_row *rows;
    size_t count, room;
    bool header;      /* a run's header was seen and no row since */
    bool metric_only; /* lines of perf stat --metric-only were seen */
};

/* Appends an empty row: state READ, 100 percent, no timestamp, no metric. */
struct perf_row *perf_row_add(struct perf_rows *rows);

/* "<not supported>", "<not counted>" or a number; false when it is none of these. */
bool perf_value(const char *text, enum reading_state *state, double *value);

enum { PERF_SEPARATOR_MAX = 4 };

/* Finds the separator of perf stat -x by the shape of a line, VALUE SEP [UNIT] SEP EVENT; false: not such a line. */
bool perf_csv_separator(const char *line, char separator[PERF_SEPARATOR_MAX]);

/* Adds the row of a line; false when it has none. `line` is cut up. */
bool perf_csv_line(struct perf_rows *rows, char *line, const char *separator);

/* Adds the rows of a line of perf stat -j; false when it has none. */
bool perf_json_line(struct perf_rows *rows, const char *line);

/* Adds the row of a line of perf stat's default output; false when it has none. */
bool perf_text_line(struct perf_rows *rows, const char *line);

#endif
