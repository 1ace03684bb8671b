/* Processor profiles: the parameters of the model as rows of a table, each with its unit and its source.
 *
 * A profile is values by parameter id; nothing of the model holds a number of a processor's. A FILE overrides
 * single parameters of a named profile, one `key = value` a line:
 *     base = zen3           # must come first; default zen3
 *     btb2-entries = 4096   # '#' starts a comment
 */
#ifndef FORENSICS_SIM_PROFILE_H
#define FORENSICS_SIM_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum param {
    /* core */
    P_DISPATCH_WIDTH,
    P_WINDOW,
    P_OP_QUEUE,
    P_MISPREDICT,
    P_ALU_PIPES,
    P_LOAD_PIPES,
    P_STORE_PIPES,
    P_BRANCH_PIPES,
    P_MUL_LATENCY,
    P_DIV_LATENCY,
    P_FP_LATENCY,
    P_FPDIV_LATENCY,
    P_MUL_BUSY,
    P_DIV_BUSY,
    P_FPDIV_BUSY,
    P_LOCKED_LATENCY,
    /* fetch */
    P_FETCH_WINDOW,
    P_FETCH_OPS,
    P_WINDOW_OF_END,
    P_FETCH_AHEAD,
    P_OPCACHE_SETS,
    P_OPCACHE_WAYS,
    P_OPCACHE_SWITCH,
    P_DECODE_OPS,
    P_TAKEN_BUBBLE,
    P_CALL_BUBBLE,
    P_BRANCHES_PER_FETCH,
    P_JCC_ERRATUM,
    /* branch prediction */
    P_BTB1_ENTRIES,
    P_BTB1_WAYS,
    P_BTB2_ENTRIES,
    P_BTB2_WAYS,
    P_BTB2_BUBBLE,
    P_RESTEER,
    P_TAGE_ENTRIES,
    P_BIMODAL_ENTRIES,
    P_INDIRECT_ENTRIES,
    P_RETURN_STACK,
    /* caches */
    P_L1I_WAYS,
    P_L1D_WAYS,
    P_L2_SETS,
    P_L2_WAYS,
    P_LLC_SETS,
    P_LLC_WAYS,
    P_L1D_LATENCY,
    P_L2_LATENCY,
    P_LLC_LATENCY,
    P_MEMORY_LATENCY,
    P_L1D_REPLACE,
    P_L2_LINE,
    P_L2_WRITE_BACK,
    P_LLC_LINE,
    P_MEMORY_LINE,
    P_MISS_BUFFERS,
    P_PREFETCH_STREAMS,
    P_PREFETCH_DISTANCE,
    /* address translation */
    P_ITLB_ENTRIES,
    P_ITLB2_SETS,
    P_ITLB2_WAYS,
    P_ITLB2_HOLD,
    P_DTLB_ENTRIES,
    P_STLB_SETS,
    P_STLB_WAYS,
    P_STLB_LATENCY,
    P_WALK_LATENCY,
    /* loads and stores */
    P_STORE_QUEUE,
    P_FORWARD_LATENCY,
    P_FORWARD_BLOCK,
    P_LINE_SPLIT,
    P_PAGE_SPLIT,
    P_ALIAS_4K,
    P_MICROCODE_LOAD,
    PARAM_COUNT
};

struct param_row {
    const char *key;   /* in FILE and in the printed table */
    const char *unit;  /* "cycles", "ops", "entries", "" ... */
    const char *title; /* what it is */
    int32_t min, max;  /* inclusive bounds that FILE's values must keep */
    bool power_of_two; /* it sizes a table that is indexed by masking */
};

extern const struct param_row param_table[PARAM_COUNT];

struct profile {
    const char *name;                 /* "zen3", or the file's path */
    const char *title;                /* the processor in words */
    int32_t value[PARAM_COUNT];       /* in the parameter's unit */
    const char *source[PARAM_COUNT];  /* where the value was read; never NULL */
};

/* The built-in profiles, in the order of the table. */
size_t profile_count(void);
const struct profile *profile_at(size_t index);

/* By name: a row's name, "native" (the row nearest to this machine's cpuid) or, if it has a '/' or a '.', a file. */
const struct profile *profile_find(struct arena *arena, const char *name, struct err *err);

/* A file's profile: its base with the file's overrides; every overridden source is the file. */
const struct profile *profile_load(struct arena *arena, const char *path, struct err *err);

/* The row nearest to a processor given as cpuid does: vendor is the 12 letters of leaf 0. */
const struct profile *profile_nearest(const char *vendor, unsigned family, unsigned model);

/* The row nearest to this machine; the first row where there is no cpuid. */
const struct profile *profile_native(void);

#endif
