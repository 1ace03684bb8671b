/* What a matrix of two knobs says: A neither, B the first, C the second, D both. */
#ifndef FORENSICS_CORE_MATRIX_H
#define FORENSICS_CORE_MATRIX_H

#include "core/bench.h"

enum matrix_point { POINT_A, POINT_B, POINT_C, POINT_D, POINT_COUNT };

extern const char *const matrix_points[POINT_COUNT];

struct matrix {
    const struct bench_file *file;
    size_t rounds;
    double cost[POINT_COUNT]; /* median, in the file's unit, of a whole run */
    struct gain gain[POINT_COUNT]; /* against A; A's own is 0 */
    struct gain beyond;       /* D beyond what B and C add up to: ln(cost B * cost C / (cost A * cost D)), by round;
                                 0: the gains are additive (on logarithms) */
};

#endif
