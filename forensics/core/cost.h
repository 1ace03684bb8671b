/* Where cycles go: a CPI stack in total and per function and data object. Filled by sim/ (and later by sampling). */
#ifndef FORENSICS_CORE_COST_H
#define FORENSICS_CORE_COST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/cause.h"
#include "core/metric.h"

/* Terms of the cycle estimate (interval model, Eyerman et al.); they sum to the total. */
enum component {
    COMPONENT_BASE,        /* N/D: dispatching the instructions */
    COMPONENT_DIRECTION,   /* mispredicted conditional branches */
    COMPONENT_INDIRECT,    /* mispredicted indirect targets */
    COMPONENT_RETURN,      /* mispredicted returns */
    COMPONENT_TAKEN,       /* bubbles of taken branches */
    COMPONENT_L1I,         /* code from L2 */
    COMPONENT_L2I,         /* code from LLC or memory */
    COMPONENT_ITLB,        /* L2 TLB hits and walks for code */
    COMPONENT_OPCACHE,     /* op-cache misses, switches, fetch windows */
    COMPONENT_BTB,         /* resteers of branches the BTB did not know */
    COMPONENT_DENSITY,     /* too many branches in a line */
    COMPONENT_JCC,         /* JCC erratum */
    COMPONENT_L1D,         /* data from L2 */
    COMPONENT_L2D,         /* data from LLC */
    COMPONENT_MEMORY,      /* data from memory, overlap taken off */
    COMPONENT_DTLB,        /* second-level hits and walks for data */
    COMPONENT_SPLIT,       /* line and page splits */
    COMPONENT_ALIAS,       /* 4 KiB aliasing */
    COMPONENT_FORWARD,     /* blocked store forwarding */
    COMPONENT_DEPENDENCE,  /* dependence chains that dispatch width cannot hide */
    COMPONENT_COUNT
};

struct component_row {
    const char *name;
    const char *title;
    enum share share; /* the share its growth is booked to */
};

extern const struct component_row component_table[COMPONENT_COUNT];

struct cost {
    double instructions;
    double cycles[COMPONENT_COUNT]; /* modelled or measured cycles by component */
    double counts[METRIC_COUNT];    /* events; only counters the source gives, else 0 */
};

/* The sum over the components. */
double cost_cycles(const struct cost *cost);

/* Cost of one function or one data object. */
struct cost_item {
    const char *name;   /* symbol, "[stack of f]", "[heap 33..48]", "[TLS]", "[anonymous]" */
    const char *module; /* file name of the mapping; NULL: none */
    uint64_t address;   /* link-time address in its module, as in the inventory; 0: none */
    uint64_t size;
    double entries;     /* times a function's first instruction ran; 0 for objects */
    struct cost cost;
};

/* One side's costs. Items of one array sum to `total` (functions), or to its data side (objects). */
struct cost_profile {
    enum source source;
    const char *processor; /* profile name */
    struct cost total;
    struct cost_item *functions; /* most cycles first */
    size_t function_count;
    struct cost_item *objects;   /* most data-side cycles first */
    size_t object_count;
    double sampling_error;       /* standard error of the total's cycles where they were sampled; 0: exact */
    bool has_groups;             /* the next field is filled */
    double group_cycles[SHARE_COUNT]; /* cycles that each share's components are worth: Shapley values of making them
                                    perfect; work: what is left when all are. They sum to the total's cycles */
    double cold_share;           /* share of instructions executed in cold sections and *.cold parts */
    double plt_share;            /* share executed in PLT stubs */
    double tls_helper_share;     /* share executed in __tls_get_addr and TLS descriptors' helpers */
    double taken_share;          /* taken / conditional branches */
    const char **recipe;         /* what was fixed to make it deterministic, "key=value" */
    size_t recipe_count;
};

#endif
