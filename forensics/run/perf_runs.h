/* From perf's rows to the readings of runs; inside of perf_file.h. */
#ifndef FORENSICS_RUN_PERF_RUNS_H
#define FORENSICS_RUN_PERF_RUNS_H

#include "run/perf_file.h"
#include "run/perf_rows.h"

/* The number of rows from `from` on that belong to one run: up to the next header, to where the time stamps of
 * perf stat -I start again, or to where the same events in the same order begin again. */
size_t perf_run_length(const struct perf_rows *rows, size_t from);

/* Fills the readings of the run made of `count` rows from `from` on. */
void perf_run_fill(const struct perf_rows *rows, size_t from, size_t count, struct run *run,
                   struct perf_import *import);

#endif
