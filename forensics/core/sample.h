/* What was asked for and what was measured: spec, machine, sides, runs. */
#ifndef FORENSICS_CORE_SAMPLE_H
#define FORENSICS_CORE_SAMPLE_H

#include <stddef.h>

#include "core/metric.h"

enum side { SIDE_OLD, SIDE_NEW, SIDE_CONTROL /* a second series of old, for A/A */, SIDE_COUNT };

extern const char *const side_name[SIDE_COUNT];

/* When the model samples: clocks for a part of the blocks only. */
enum sampling { SAMPLING_LONG /* after a long stretch in detail */, SAMPLING_EARLY /* after a short one */, SAMPLING_NEVER, SAMPLING_COUNT };

/* How a comparison is to be run. Defaults: spec_default(). */
struct spec {
    const char *path[2]; /* old, new: as given */
    char *const *args;   /* NULL-terminated, after the program's name; may be NULL */
    size_t arg_count;
    int runs;        /* rounds that count; 0: nothing is timed, the model alone (SOURCE_SIM) */
    int warmup;      /* first runs of each side that are thrown away */
    int cpu;         /* core to pin to; -1: choose; -2: do not pin */
    bool aslr;       /* leave address randomisation on */
    bool control;    /* run the A/A control series */
    double timeout_s; /* per run; 0: none */
    const char *stdin_path; /* NULL: an empty stdin */
    char *const *env;       /* K=V added to the clean environment; NULL-terminated; may be NULL */
    size_t env_count;
    char *const *side_env[2]; /* K=V added for old or new alone, after `env`; NULL-terminated; may be NULL */
    size_t side_env_count[2];
    bool keep_env;           /* --inherit-env: the caller's environment instead of the clean one */
    bool same_output;        /* differing stdout of old and new is an error; else it is session.output_note */
    const char *ignore_lines; /* extended regex: lines left out of that comparison; NULL: none */
    const char *throughput;   /* extended regex whose first group is M_THROUGHPUT; NULL: none */
    bool lower_is_better;     /* of that figure */
    const char *events;       /* comma-separated event names asked for; NULL: the standard set */
    enum source source;       /* SOURCE_PERF, SOURCE_SIM, SOURCE_CLOCK or SOURCE_SCRIPT */
    bool source_auto;         /* perf if the events open, else sim, else clock */
    const char *profile;      /* processor profile of the model: a row's name, "native" or a file */
    bool knockout;            /* model each side eight times, with groups of components perfect */
    enum sampling sampling;   /* of the model */
    uint64_t seed;            /* of the schedule's order and the bootstrap */
};

/* The machine a session ran on: results of differing machines are not comparable. */
struct machine {
    const char *cpu_model;  /* as /proc/cpuinfo says */
    const char *vendor;     /* GenuineIntel, AuthenticAMD, ... */
    int family, model, stepping;
    int cores;              /* online */
    const char *kernel;     /* uname -sr */
    const char *hypervisor; /* NULL: none seen */
    const char *governor;   /* NULL: not known */
    int perf_event_paranoid; /* -2: no such file */
    bool aslr;              /* kernel.randomize_va_space != 0 */
    uint64_t memory_bytes;
    const char *thp;        /* transparent huge pages: always, madvise, never; NULL: not known */
};

/* One of the two binaries. */
struct side_info {
    const char *path;
    const char *build_id; /* hex; NULL: none */
    const char *sha256;   /* hex, 64 digits; NULL: not known (imported figures) */
    uint64_t size;        /* bytes */
};

enum outcome { OUTCOME_OK, OUTCOME_EXIT, OUTCOME_SIGNAL, OUTCOME_TIMEOUT };

/* One execution of one side. */
struct run {
    enum side side;
    int round;    /* 0-based; warm-up rounds are not kept */
    int position; /* place inside the round, 0-based */
    enum outcome outcome;
    int status; /* exit status or signal number */
    struct reading readings[METRIC_COUNT];
};

/* All runs of a comparison, in the order in which they were executed. */
struct session {
    struct run *runs;
    size_t count, room;
    bool complete;           /* false: interrupted; what is here is a part */
    const char *interrupted; /* the reason, when not complete */
    const char *output_note; /* sentence: how stdout of old and new differed; NULL: same */
};

struct spec spec_default(void);

#endif
