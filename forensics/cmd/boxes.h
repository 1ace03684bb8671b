/* What the verbs that read the measuring scripts' files share: options, and showing a tree or JSON. */
#ifndef FORENSICS_CMD_BOXES_H
#define FORENSICS_CMD_BOXES_H

#include "cmd/options.h"
#include "judge/gate.h"
#include "report/tree.h"

enum { BOX_FILES_MAX = 3 };

struct box_options {
    struct arena *arena; /* owns everything that the verb reads and makes */
    struct output_options output; /* of it: json_path, format, report_path, color, quiet */
    struct gate_options gate;
    const char *file[BOX_FILES_MAX];
    int count, wanted;
    const char *missing; /* sentence when there are fewer than wanted */
};

struct box_options box_options_new(int wanted, const char *missing);

/* The child for a verb's argp (input: struct box_options *), and the parser for its files. */
extern const struct argp argp_boxes;
error_t boxes_positional(int key, char *arg, struct argp_state *state);

/* Parses; on a wrong command line argp prints the sentence and exits with 1. */
void boxes_parse(struct box_options *options, const struct argp *argp, int argc, char **argv);

/* Saves a value as JSON. */
typedef bool box_saver(struct arena *arena, const void *value, FILE *stream, const char *what, struct err *err);

/* Shows `document` as the options say, `line` instead with --quiet, and `value` through `save` where JSON is asked
 * for. */
bool boxes_show(const struct box_options *options, const struct document *document, const char *line, box_saver *save,
                const void *value, struct err *err);

/* "+1.23 % [+0.90, +1.55]"; exact gains have no interval to show. */
const char *gain_text(struct arena *arena, const struct gain *gain);

/* Reads a saved matrix: file, points, gains. */
bool matrix_read(struct arena *arena, const char *path, struct matrix *matrix, struct err *err);

/* Appends the matrix as a table with its additivity below. */
void add_matrix(struct document *document, const struct matrix *matrix);

#endif
