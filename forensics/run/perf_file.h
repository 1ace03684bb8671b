/* The source `file`: what perf stat printed, on this machine or another.
 *
 * Read are `perf stat -x SEP` with any separator of up to three characters, `perf stat -j`, and the default output
 * for people; of one run or of many (--append, or files put together), with -r, -I, -A and --per-socket. Values
 * are taken as perf prints them, that is already scaled to the full time where events were multiplexed; the
 * percentage is kept as running_ns / enabled_ns. CPUs, sockets, threads and intervals of one run are added up.
 * Top-down percentages become slots where the run has the slots themselves.
 */
#ifndef FORENSICS_RUN_PERF_FILE_H
#define FORENSICS_RUN_PERF_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "core/sample.h"

/* How to record a file that can be read; for sentences and help. */
#define PERF_FILE_RECIPE "perf stat -x, --append -o FILE -- PROGRAM"

/* What else is worth knowing about the files read so far; start from a zeroed one. */
struct perf_import {
    int runs;        /* found in all files */
    bool averaged;   /* some figures are means of perf stat -r: their spread between runs is lost */
    bool user_only;  /* some event was counted in user mode only (:u) */
    const char **left_out; /* events without a metric here, each once, in normal form */
    size_t left_out_count, left_out_room;
};

/* Appends the runs in a file to the session as further rounds of `side`. False: one sentence that names the file. */
bool perf_file_read(struct arena *arena, const char *path, enum side side, struct session *session,
                    struct perf_import *import, struct err *err);

#endif
