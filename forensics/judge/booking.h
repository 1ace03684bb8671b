/* Bookings: when a share that the cycles were first booked to is really another cause's doing. A row each. */
#ifndef FORENSICS_JUDGE_BOOKING_H
#define FORENSICS_JUDGE_BOOKING_H

#include "judge/docket.h"

enum booking_id {
    BOOKING_TLS,
    BOOKING_NOW_COLD,
    BOOKING_SAME_CODE,
    BOOKING_DEPENDENCE,
    BOOKING_EXPOSED,
    BOOKING_COLD_RUN,
    BOOKING_TAKEN,
    BOOKING_COUNT
};

struct booking_row {
    const char *id;
    const char *when;    /* the condition, in words */
    double threshold;    /* of the condition, as a fraction of executed instructions or branches */
    enum share to;       /* SHARE_COUNT: to several */
    const char *what;    /* which cycles move, in words */
};

extern const struct booking_row booking_table[BOOKING_COUNT];

/* Dependence cycles of all functions that gained them while they executed no more: what rule `dependence` has to
 * place. */
double idle_cycles(const struct docket *docket);

/* Moves cycles between the shares of a model's attribution; `cycles` are dC by share, in model cycles. The docket's
 * function pairs move along where a booking is about functions. Every booking made is said in the docket's arithmetic
 * and becomes evidence. Needs both cost profiles. */
void book(struct docket *docket, double cycles[SHARE_COUNT], double total);

#endif
