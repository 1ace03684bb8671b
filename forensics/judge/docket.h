/* What the steps of one judgement share. */
#ifndef FORENSICS_JUDGE_DOCKET_H
#define FORENSICS_JUDGE_DOCKET_H

#include "base/arena.h"
#include "core/result.h"

/* A growing list of sentences. */
struct sentences {
    const char **text;
    size_t count, room;
};

void say(struct arena *arena, struct sentences *sentences, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What the clock says of new. */
enum trend { TREND_UNKNOWN, TREND_SLOWER, TREND_FASTER, TREND_SAME };

struct cost_pair;

struct docket {
    struct arena *arena;
    const struct comparison *comparison;
    const struct delta *delta;                /* NULL: no ELF files */
    const struct libraries *libraries;        /* shared ones that differ; NULL: not looked for */
    const struct cost_profile *cost[2];       /* modelled; both or neither */
    const struct cost_profile *sampled[2];    /* measured by sampling; both or neither */
    const struct layout_study *layouts;       /* NULL: no counterfactual layouts were tried */
    struct judge_options options;
    struct cost_pair *functions;              /* of both profiles, joined; largest change first */
    size_t function_count;
    double floor;                             /* in force, fraction */
    enum trend trend;
    struct verdict *verdict;
    struct sentences reasons, advice, arithmetic;
    const struct code_fact *uninlined;        /* the heaviest lost inlining among the proofs; NULL: none */
    size_t evidence_room;
    double
        rule_cycles[RULE_COUNT]; /* cycles that a rule's own event accounts for, fraction of the change; NaN: unknown */
    bool rest_by_rule;      /* a rest went to layout on the word of the IPC rule alone */
    bool branches_unread, data_unread; /* counters that could have contradicted it */
    double identical_share; /* part of the change inside functions whose code is identical; NaN: unknown */
    double model_change;    /* the model's dC / C, fraction; NaN: no model */
};

/* A finding that speaks for a cause. */
void add_evidence(struct docket *docket, enum cause cause, const char *symbol, uint64_t address, double weight,
                  enum source source, const char *format, ...) __attribute__((format(printf, 7, 8)));

/* True when a figure's change is beyond doubt: no interval (single or exact), or the interval leaves out 1. */
bool clear_change(const struct figure *figure);

#endif
