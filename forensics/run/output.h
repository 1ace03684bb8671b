/* What the programs print on stdout: compared between runs, and searched for a throughput figure.
 *
 * Lines that match spec.ignore_lines, and lines that the throughput figure is taken from, are left out of the
 * comparison. Output is read in pieces of OUTPUT_PIECE bytes, so its size does not matter; a longer line is
 * looked at in pieces of that size.
 */
#ifndef FORENSICS_RUN_OUTPUT_H
#define FORENSICS_RUN_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/sample.h"

enum { OUTPUT_PIECE = 64 * 1024, OUTPUT_SHOWN = 80 /* bytes of a line in a sentence */ };

struct output_rules; /* the compiled patterns */

/* What one run printed. */
struct output {
    uint64_t bytes;
    uint64_t compared_lines; /* lines that take part in the comparison */
    uint64_t hash;           /* of them (FNV-1a, 64 bits) */
    uint64_t matches;        /* lines that the throughput pattern matched */
    double throughput;       /* of the last of them; NaN when there was none */
};

/* The first line that differs between two outputs. */
struct output_difference {
    uint64_t line; /* 1-based, among the compared lines */
    char old[OUTPUT_SHOWN + 4], new[OUTPUT_SHOWN + 4]; /* printable, cut with "..."; "(end)" behind the last line */
};

/* Compiles the patterns of the spec; NULL: a pattern is wrong (ERR_USAGE). Close after success. */
struct output_rules *output_rules_open(struct arena *arena, const struct spec *spec, struct err *err);
void output_rules_close(struct output_rules *rules); /* NULL is harmless */

/* Reads a whole file of output from its beginning. */
bool output_read(const struct output_rules *rules, int fd, struct output *output, struct err *err);

/* Looks for the first line that differs; false when there is none. */
bool output_differ(const struct output_rules *rules, int old_fd, int new_fd, struct output_difference *difference);

#endif
