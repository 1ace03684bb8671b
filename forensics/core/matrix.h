/* What a matrix of two knobs says: A neither, B the first, C the second, D both. */
#ifndef FORENSICS_CORE_MATRIX_H
#define FORENSICS_CORE_MATRIX_H

#include "core/bench.h"

enum matrix_point { POINT_A, POINT_B, POINT_C, POINT_D, POINT_COUNT };

extern const char *const matrix_points[POINT_COUNT];

/* A fraction with its 95 % interval. */
struct saving {
    double value, lo, hi; /* lo == hi == value when exact */
    bool exact;
};

struct matrix {
    const struct bench_file *file;
    size_t rounds;
    double cost[POINT_COUNT]; /* median, in the file's unit, of a whole run */
    struct gain gain[POINT_COUNT]; /* against A; A's own is 0 */
    /* Two ways to add up, both by round and 0 when D is the sum. Parts of the work that are independent of one another
     * save time that adds up; factors on all of the work multiply. */
    struct saving saved; /* (B + C - A - D) / A of the costs: time that D saves beyond B's and C's savings, of
                            A's time */
    struct gain beyond; /* ln(B * C / (A * D)): D's gain beyond B's times C's */
};

#endif
