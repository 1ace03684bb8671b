/* How the variables of a side are used: the references of a recording, by variable and by field. */
#ifndef FORENSICS_LAYOUT_USES_H
#define FORENSICS_LAYOUT_USES_H

#include "base/err.h"
#include "layout/object.h"
#include "sim/remap.h"

struct variable_use {
    uint64_t lines;   /* references, stores too, that lie on two lines */
    uint64_t loads;   /* stores are not waited for, and what is filled once is not used for that */
    uint64_t across;  /* loads that read of two fields or more */
    uint64_t *fields; /* loads by field; NULL: no record */
};

/* By index into side->variables, in `arena`; NULL: err says why. `stop` as in a replay. */
struct variable_use *uses_learn(struct arena *arena, const char *recording, const struct layout_side *side,
                                bool (*stop)(void *), void *context, struct err *err);

/* The fields of a variable in another order: those that are read side by side in front, as far as the
 * record keeps its size. */
struct field_order {
    size_t *field;    /* indices into variable->fields, in order */
    uint64_t *offset; /* of each of these */
};

/* False: the record has one already, no order of its fields fits, or replay cannot say what an order costs, as loads
 * read across fields. */
bool uses_order(struct arena *arena, const struct layout_variable *variable, const struct variable_use *use,
                struct field_order *order);

/* Adds to `remap` that a variable with these fields has them in this order, itself `by` bytes further on. */
void uses_reorder(struct remap *remap, const struct layout_variable *variable, const struct field_order *order,
                  uint64_t by);

#endif
