/* The effect of one side against another on one metric: which estimator, its value, interval and test. */
#ifndef FORENSICS_STAT_EFFECT_H
#define FORENSICS_STAT_EFFECT_H

#include "core/comparison.h"
#include "stat/interval.h"
#include "stat/series.h"
#include "stat/shape.h"

/* Why an estimator was taken. */
enum reason {
    REASON_DETERMINISTIC,  /* the source repeats itself bit for bit */
    REASON_ONE_RUN,        /* one value a side */
    REASON_UNPAIRED,       /* imported runs have no rounds in common */
    REASON_COUNTER,        /* an event count, not a time: no one-sided noise to fear */
    REASON_FEW_ROUNDS,     /* too few rounds for a lowest tenth */
    REASON_TWO_SIDED,      /* noise does not lean */
    REASON_ONE_SIDED,      /* noise leans and the low tail is the sharper of the two */
    REASON_PAIRS_SHARPER,  /* noise leans, but it hits both runs of a round alike: differences are sharper */
    REASON_FORCED,         /* the caller wants the estimator of another figure */
};

struct effect {
    enum estimator estimator;
    enum reason reason;
    double old_value, new_value; /* locations of base and other in the metric's unit */
    double log_ratio;            /* of other / base */
    struct interval at95, at90;  /* of log_ratio; NaN when SINGLE */
    double p;                    /* two-sided; NaN when there is no test */
    double df;                   /* for the power formula */
    double jitter;               /* MAD of the paired log differences; 0 when there are no pairs */
    size_t pairs;                /* rounds that counted; 0 when unpaired */
    double pseudo;               /* added to every value because some were 0; 0: none */
    struct shape shape;          /* of the cost's noise, both sides together; zeros when not looked at */
    double rival;                /* width of the other estimator's 95 % interval / this one's; 0: not compared */
};

struct effect_options {
    bool cost_is_inverse;  /* more is better: the cost is 1 / value */
    bool time_like;        /* may have one-sided noise */
    enum estimator forced; /* ESTIMATOR_COUNT: choose */
    uint64_t seed;
};

/* `other` against `base`; both must have a value. */
struct effect effect_of(struct arena *arena, const struct series *series, enum side base, enum side other,
                        const struct effect_options *options);

#endif
