/* What the judge says: rules, attribution, evidence, advice, verdict. */
#ifndef FORENSICS_CORE_VERDICT_H
#define FORENSICS_CORE_VERDICT_H

#include "core/binary.h"
#include "core/comparison.h"
#include "core/cost.h"

enum rule_id { RULE_IPC, RULE_BRANCH_MISS, RULE_CACHE_MISS, RULE_DTLB_MISS, RULE_INSTRUCTIONS, RULE_COUNT };

/* One row of the founding rule table (METHOD.md section 1); thresholds can be overridden. */
struct rule_row {
    const char *id; /* also the key of --threshold */
    const char *title;
    enum metric metrics[4]; /* looked at in this order; the first one read decides; ends with METRIC_COUNT */
    bool drop;              /* fires on a fall instead of a rise */
    double threshold;       /* percent */
    enum cause cause;
    double cycles_per_event; /* default penalty, to weigh a rule by what it costs; 0: does not apply */
};

extern const struct rule_row rule_table[RULE_COUNT];

/* What a rule said about this comparison. */
struct rule_result {
    enum rule_id rule;
    bool known;       /* false: none of its metrics was read */
    bool fired;
    enum metric metric; /* the one that decided */
    double value;     /* change in percent, signed as the rule looks at it (a drop is positive for drop rules) */
    double threshold; /* percent, in force */
    double weight;    /* share of the cycle change that it accounts for; NaN: not known */
};

/* Thresholds in force, by rule, and the other settings of the judge. */
struct judge_options {
    double threshold[RULE_COUNT]; /* percent */
    double floor;    /* fraction; 0: as the comparison has it */
    double mixed;    /* fraction: two shares above it make the cause mixed; default .25 */
};

/* Two independent splits of dC; a share is a fraction of the cycle change and may be negative. */
struct attribution {
    bool known;
    const char *method;  /* "exact split + event penalties", "CPI stack of the model" */
    enum source source;
    double total;        /* dC / C_old as a fraction: what the shares divide */
    double shares[SHARE_COUNT]; /* fractions of `total`; with `residual` they sum to 1 */
    double residual;     /* what no share explains */
    double components[COMPONENT_COUNT]; /* fractions of `total`; NaN: the source does not tell */
    const char **arithmetic; /* sentences that show the sums */
    size_t arithmetic_count;
};

/* A fact that speaks for a cause, most weight first. */
struct evidence {
    enum cause cause;
    const char *symbol; /* NULL: the whole program */
    uint64_t address;   /* new's; 0: none */
    const char *text;   /* one sentence */
    double weight;      /* share of the cycle change it carries, 0..1; NaN when not known */
    enum source source;
};

struct verdict {
    enum cause cause;
    enum cause primary; /* the largest share among work, layout, hint, data even when mixed; else repeats cause */
    bool regression;    /* new is slower beyond the floor, whatever the cause */
    double confidence;  /* 0..1, of the cause named (docs/rules.md); 0 when none is named */
    double shares[SHARE_COUNT]; /* fractions of the slowdown; NaN when not known */
    const char *summary; /* one or two sentences */
    const char **reasons; /* sentences, strongest first */
    size_t reason_count;
    struct rule_result rules[RULE_COUNT];
    struct attribution attribution;
    struct evidence *evidence;
    size_t evidence_count;
    const char **advice; /* sentences: what to try or what to add to learn more */
    size_t advice_count;
};

struct judge_options judge_options_default(void);

#endif
