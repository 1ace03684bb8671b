/* Numbers for people: one unit for both sides of a row, and never more digits than the interval bears out. */
#ifndef FORENSICS_REPORT_FORMAT_H
#define FORENSICS_REPORT_FORMAT_H

#include "base/arena.h"
#include "core/comparison.h"

/* A value in `unit` with `digits` significant ones, scaled as `largest` asks (so that a row has one unit): "319.4 ms". */
const char *format_value(struct arena *arena, enum unit unit, double value, double largest, int digits);

/* Significant digits that a figure's interval bears out, 2..4. */
int figure_digits(const struct figure *figure);

/* Decimals of a percentage known to +- `half_width` percent, 0..3. */
int percent_decimals(double half_width);

/* A ratio as a signed change: "+5.1 %"; beyond a factor of 3 "x 22.8". */
const char *format_change(struct arena *arena, double ratio, int decimals);

/* The change of a figure and of its interval: "[+4.8 %, +5.4 %]", "exact", "1 run, no interval". */
const char *figure_change(struct arena *arena, const struct figure *figure);
const char *figure_interval(struct arena *arena, const struct figure *figure);

/* A fraction as a whole percentage: "96 %"; "?" when not known. */
const char *format_share(struct arena *arena, double share);

/* Bytes: "448 KiB". */
const char *format_bytes(struct arena *arena, double bytes);

/* Where a figure came from, said to people: "clock", "perf", "modelled", "perf file", "script". */
const char *source_said(enum source source);

/* A metric's title without what stands in parentheses. */
const char *metric_said(struct arena *arena, enum metric metric);

/* An interval of differences of logarithms as signed percentages, "[-0.3, +1.2]"; "" when not known. */
const char *format_log_interval(struct arena *arena, double lo, double hi);

#endif
