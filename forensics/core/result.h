/* The whole of a comparison: the value that flows from the stages to the reports, and its JSON form. */
#ifndef FORENSICS_CORE_RESULT_H
#define FORENSICS_CORE_RESULT_H

#include "base/arena.h"
#include "base/err.h"
#include "core/layout.h"
#include "core/real.h"
#include "core/verdict.h"

#define RESULT_SCHEMA "layout_tax_forensics/result"
enum { RESULT_SCHEMA_VERSION = 1 }; /* grows when a field changes its meaning; new fields do not change it */

struct result {
    struct arena *arena;      /* owns everything below; freed by result_free */
    struct machine machine;
    bool has_machine;         /* false for figures imported without one */
    struct spec spec;
    struct side_info side[2]; /* old, new */
    struct session session;
    struct comparison comparison;
    struct inventory *inventory[2]; /* NULL: no ELF file at hand */
    struct delta *delta;            /* NULL: as above */
    struct libraries *libraries;    /* shared ones that differ; NULL: not looked for */
    struct cost_profile *cost[2];   /* NULL: no source that gives costs by function */
    struct cost_profile *sampled[2]; /* measured time by function; of SOURCE_CLOCK in ns. NULL: not sampled */
    struct layout_study *layouts;   /* NULL: no counterfactual layouts were tried */
    struct layout_study *elsewhere; /* the same recordings in the same layouts on other processors */
    size_t elsewhere_count;
    struct real_study *real;        /* NULL: no real layouts were run */
    struct verdict verdict;
    const char **warnings;
    size_t warning_count, warning_room;
};

struct result *result_new(void);
void result_free(struct result *result); /* NULL is harmless */

/* Appends a warning sentence. */
void result_warn(struct result *result, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
