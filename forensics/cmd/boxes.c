#include "cmd/boxes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/save_file.h"
#include "cmd/finish.h"
#include "report/report.h"
#include "stat/gains.h"

struct box_options box_options_new(int wanted, const char *missing)
{
    return (struct box_options){ .arena = arena_new(), .output = { .format = "text", .color = "auto" },
                                 .gate = gate_options_default(), .wanted = wanted, .missing = missing };
}

#define BOX_FORMATS "text, markdown or html"

static const struct argp_option options[] = {
    SHOW_OPTIONS("Also write figures and answers as JSON ('-': to stdout, instead of the text)", BOX_FORMATS, "One line"),
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    return parse_show_option(key, arg, state, BOX_FORMATS, &((struct box_options *)state->input)->output);
}

const struct argp argp_boxes = { .options = options, .parser = parse };

error_t boxes_positional(int key, char *arg, struct argp_state *state)
{
    struct box_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = o; return 0;
    case ARGP_KEY_ARG:
        if (o->count == o->wanted)
            argp_error(state, "'%s' is one name too many", arg);
        o->file[o->count++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (o->count < o->wanted)
            argp_error(state, "%s", o->missing);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

void boxes_parse(struct box_options *o, const struct argp *argp, int argc, char **argv)
{
    argp_err_exit_status = EXIT_TOOL;
    argp_parse(argp, argc, argv, 0, NULL, o);
}

static bool write_text_to(const struct box_options *o, const struct document *document, const char *line, FILE *stream,
                          const char *what, int fd, struct err *err)
{
    enum report_format format = REPORT_TEXT;
    struct report_options look = look_of(&o->output, fd);
    report_format_by_name(o->output.format, &format);
    if (!o->output.quiet)
        return document_write(document, format, stream, what, &look, err);
    fprintf(stream, "%s\n", line);
    return stream_flush(stream, what, err);
}

static bool save_json(const struct box_options *o, box_saver *save, const void *value, struct err *err)
{
    struct save_file file;
    if (!save_file_open(&file, o->output.json_path, err))
        return false;
    save(o->arena, value, file.stream, o->output.json_path, err);
    return save_file_close(&file, err);
}

bool boxes_show(const struct box_options *o, const struct document *document, const char *line, box_saver *save,
                const void *value, struct err *err)
{
    const char *json = o->output.json_path, *path = o->output.report_path;
    struct save_file file;
    if (json && strcmp(json, "-") == 0)
        return save(o->arena, value, stdout, "stdout", err);
    if (json && !save_json(o, save, value, err))
        return false;
    if (!path)
        return write_text_to(o, document, line, stdout, "stdout", STDOUT_FILENO, err);
    if (!save_file_open(&file, path, err))
        return false;
    write_text_to(o, document, line, file.stream, path, -1, err);
    return save_file_close(&file, err);
}

const char *gain_text(struct arena *arena, const struct gain *gain)
{
    if (gain->exact)
        return arena_printf(arena, "%+.2f %% (exact)", gain_percent(gain->log));
    return arena_printf(arena, "%+.2f %% [%+.2f, %+.2f]", gain_percent(gain->log), gain_percent(gain->lo),
                        gain_percent(gain->hi));
}

bool matrix_read(struct arena *arena, const char *path, struct matrix *matrix, struct err *err)
{
    struct bench_panel panel;
    matrix->file = bench_load(arena, path, BENCH_MATRIX, err);
    return matrix->file && bench_panel(arena, matrix->file, matrix_points, POINT_COUNT, &panel, err) &&
           (matrix_gains(arena, &panel, matrix), true);
}

static void add_point(struct document *d, struct block *t, const struct matrix *m, enum matrix_point p,
                      const char *knobs)
{
    double each = m->cost[p] / (double)m->file->iters;
    block_row(d, t);
    block_cell(d, t, TONE_PLAIN, "%s", matrix_points[p]);
    block_cell(d, t, TONE_PLAIN, "%s", knobs);
    if (m->gain[p].exact)
        block_cell(d, t, TONE_PLAIN, "%.2f cycles", each);
    else
        block_cell(d, t, TONE_PLAIN, "%.2f ns", 1e9 * each);
    block_cell(d, t, TONE_PLAIN, "%s", p == POINT_A ? "" : gain_text(d->arena, &m->gain[p]));
}

/* An interval across 0 proves no sum, it only does not refute it. */
static const char *additivity(double lo, double hi)
{
    return lo > 0 ? "more than the sum" : hi < 0 ? "less than the sum" : "no departure from the sum is shown";
}

static const char *saving_text(struct arena *arena, const struct saving *saving)
{
    if (saving->exact)
        return arena_printf(arena, "%+.2f %% of A's time (exact)", 100 * saving->value);
    return arena_printf(arena, "%+.2f %% of A's time [%+.2f, %+.2f]", 100 * saving->value, 100 * saving->lo,
                        100 * saving->hi);
}

void add_matrix(struct document *d, const struct matrix *m)
{
    static const struct column columns[] = {
        { .title = "point" }, { .title = "C5, C6" }, { .title = "an operation", .right = true },
        { .title = "speed against A", .right = true },
    };
    static const char *const knobs[POINT_COUNT] = { "0, 0", "1, 0", "0, 1", "1, 1" };
    struct block *t = document_table(d, "Matrix", columns, 4);
    t->note = m->gain[POINT_D].exact
                  ? "modelled, not measured"
                  : arena_printf(d->arena, "CPU time, %zu rounds, paired by round, 95 %% intervals", m->rounds);
    for (int p = 0; p < POINT_COUNT; p++)
        add_point(d, t, m, (enum matrix_point)p, knobs[p]);
    document_text(d, NULL, "Time that D saves beyond what B and C save: %s: %s. As factors, D's speed beyond B's "
                  "times C's: %s.", saving_text(d->arena, &m->saved), additivity(m->saved.lo, m->saved.hi),
                  gain_text(d->arena, &m->beyond));
}
