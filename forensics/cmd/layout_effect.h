/* Counterfactual layouts in a comparison: record both sides, replay them in many layouts, conclude.
 *
 *     struct layout_wanted wanted = LAYOUT_WANTED_SHORT;
 *     if (cause is layout, hint or mixed)
 *         layout_effect(result, &wanted, &progress, &err);   // then judge again: result->layouts is filled
 */
#ifndef FORENSICS_CMD_LAYOUT_EFFECT_H
#define FORENSICS_CMD_LAYOUT_EFFECT_H

#include "cmd/progress.h"
#include "core/result.h"

struct layout_wanted {
    unsigned layouts; /* drawn, of all axes together; >= 2 */
    unsigned apart;   /* drawn, of each axis alone; 0: none */
    unsigned packed;  /* with packed data; 0: none */
    unsigned inside;  /* with loops moved, and as many with the heap spread; 0: none */
    bool huge_pages;  /* code on pages of 2 MiB, too */
    unsigned axes;    /* bit per axis */
    unsigned shard, shards; /* see layout/sweep.h; 0 of 0: all layouts */
    bool remedies;    /* where the layout costs, look for the least remedy */
    const char *const *elsewhere; /* further profiles by name, for which result->elsewhere is filled */
    size_t elsewhere_count;
    double floor;     /* smallest effect of interest, a fraction; 0: 1 % */
};

/* Inside compare: the answer and no more; about a dozen replays a side. */
#define LAYOUT_WANTED_SHORT ((struct layout_wanted){ .layouts = 8, .packed = 2, .axes = AXES_ALL })

/* Fills result->layouts from result->spec (paths, arguments, environment, stdin, profile, seed), inventories and delta.
 * False: err says why, result->layouts stays NULL. Interruption fails, and leaves nothing behind. */
bool layout_effect(struct result *result, const struct layout_wanted *wanted, struct progress *progress, struct err *err);

#endif
