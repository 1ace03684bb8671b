/* What the measuring scripts save: series of one binary, panels of several points run round by round, pin manifests.
 * They write these files (scripts/box/record.pl) and this side only reads them; docs/workflow.md has the schemas.
 */
#ifndef FORENSICS_CORE_BENCH_H
#define FORENSICS_CORE_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define BENCH_RUNS "hakmem-runs/1"           /* ten-run harness: a series */
#define BENCH_MATRIX "hakmem-matrix/1"       /* a panel of the points A, B, C, D */
#define BENCH_SCORECARD "hakmem-scorecard/1" /* a panel of builds and allocators */
#define BENCH_MANIFEST "hakmem-manifest/1"   /* of a pin */

/* One execution. */
struct bench_run {
    int round;         /* 1-based; of a series: 0 */
    const char *point; /* name of the point; of a series: NULL */
    double cost;       /* CPU seconds, or modelled cycles; finite and > 0 */
};

/* What a point of a scorecard is. */
struct bench_subject {
    const char *name;    /* the point's */
    const char *program; /* file name */
    const char *library; /* preloaded; "": none */
    const char *sha256;  /* of the library, or of the program without one */
};

/* A saved session, as it was run. Strings that a file lacks are "", numbers 0. */
struct bench_file {
    const char *file;   /* where it was read from */
    const char *schema;
    const char *load, *time; /* time: UTC, ISO 8601 */
    const char *source; /* "clock": cost is CPU seconds; "sim": modelled cycles, the same whenever it is run again */
    const char *binary, *sha256; /* "" in a scorecard: every subject has its own */
    const char *cpu, *kernel;    /* of the machine */
    const char *knobs;           /* shared by all runs: "NAME=VALUE ..." in order of name */
    const char *preload;
    uint64_t iters;     /* operations a run; > 0 */
    uint64_t ws, seed, min, max;
    const char *commit;              /* of the sources; "" */
    struct bench_subject *subjects;  /* of a scorecard; else none */
    size_t subject_count;
    struct bench_run *runs;
    size_t run_count;
};

/* Points by rounds, complete: every point once in every round. */
struct bench_panel {
    const char **points;
    size_t point_count;
    size_t rounds;   /* >= 2; of a modelled panel 1 */
    double **cost;   /* [point][round - 1] */
};

/* How much faster one thing is than another: ln(cost of the base / cost of the other), so that more is better. */
struct gain {
    double log;      /* the estimate */
    double lo, hi;   /* 95 % interval; equal to `log` when exact */
    double p;        /* two-sided, of no difference; NaN when exact */
    size_t n, base_n; /* values of the other and of the base; pairs when equal and paired */
    bool paired;
    bool exact;      /* modelled: it repeats itself bit for bit */
};

/* In percent: 100 * (e^log - 1). */
double gain_percent(double log);

/* Reads a saved session of that schema. NULL with a sentence when it is another file, cut, or without its figures. */
struct bench_file *bench_load(struct arena *arena, const char *path, const char *schema, struct err *err);

/* The runs of a panel by point and round; `points` NULL: whatever is there, in order of appearance. False with a
 * sentence when a point misses a round or has one twice. */
bool bench_panel(struct arena *arena, const struct bench_file *file, const char *const *points, size_t count,
                 struct bench_panel *panel, struct err *err);

/* The sha256 that a manifest promises; NULL with a sentence when it is no manifest. */
const char *manifest_sha256(struct arena *arena, const char *path, struct err *err);

#endif
