/* Floor 1: the knobs. One table (hak_knob_table) says everything about a knob; parsing, HAKMEM_HELP=1,
 * docs/knobs.md and the tests walk its rows. Knobs are read from the environment once, at the first call of the
 * allocator that finds an environment, and never again. */
#ifndef HAK_KNOBS_H
#define HAK_KNOBS_H

#include <stdbool.h>
#include <stddef.h>

/* Values in force. Written once under the start-up lock, then only read. */
struct hak_knobs {
    long warm_pool_size;  /* slabs a class */
    long c5_inline;       /* 0, 1 */
    long c6_inline;       /* 0, 1 */
    long cache_kb;        /* KiB a class and thread */
    long runs_kb;         /* KiB a thread */
    long purge_ms;        /* ms; -1 never */
    long purge_pages;     /* 0, 1 */
    long spare_mb;        /* MiB */
    long huge_pages;      /* 0 .. 2 */
    long random_order;    /* 0, 1 */
    long address_space_gb;
    long quarantine_kb;   /* KiB a process; checking build */
    long fail_nth;        /* 0 off */
    long stats;           /* 0, 1 */
    long help;            /* 0, 1 */
    const char *train_record; /* into the environment; NULL: off */
};

enum knob_type { KNOB_BOOL, KNOB_INT, KNOB_PATH };

struct knob {
    const char *name;    /* of the environment variable */
    enum knob_type type;
    long low, high, def; /* inclusive range and default; KNOB_PATH has none */
    size_t offset;       /* of the value in struct hak_knobs */
    const char *unit;    /* "" for none */
    const char *help;    /* one sentence */
};

extern const struct knob hak_knob_table[];
extern const size_t hak_knob_count;
extern struct hak_knobs hak_knobs;

/* Reads the environment; later calls do nothing. A bad value is reported on stderr and the default stands.
 * False when there is no environment yet (a call from before the C library has started): defaults stand for now. */
bool hak_knobs_read(void);

/* Writes the table: for a person (HAKMEM_HELP=1), or as the markdown of docs/knobs.md. */
void hak_knobs_help(int fd, bool markdown);

/* Appends one JSON line with the values in force to the file of HAKMEM_TRAIN_RECORD, if it is set. */
void hak_knobs_record(void);

#endif
