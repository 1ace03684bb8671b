/* gate: GO, NEUTRAL or NO-GO from saved figures. */
#include <stdlib.h>
#include <string.h>

#include "cmd/boxes.h"
#include "cmd/finish.h"
#include "cmd/verb.h"
#include "stat/gains.h"

enum { OPT_THRESHOLD = 896 };

static const struct argp_option gate_options[] = {
    { "threshold", OPT_THRESHOLD, "NAME=PERCENT", 0, "Move a threshold: baseline (default -3) or gain (default +1)",
      1 },
    { 0 },
};

/* Two speeds differ by less than all of one and by no more than a factor of eleven. */
static void set_threshold(struct argp_state *state, struct gate_options *gate, const char *text)
{
    const char *equals = strchr(text, '=');
    char *end;
    if (!equals)
        argp_error(state, "--threshold takes NAME=PERCENT, e.g. gain=1, not '%s'", text);
    double percent = strtod(equals + 1, &end);
    if (end == equals + 1 || *end || !(percent > -100 && percent <= 1000))
        argp_error(state, "--threshold takes a percentage above -100 and up to 1000, not '%s'", equals + 1);
    for (int i = 0; i < GATE_RULE_COUNT; i++) {
        const char *id = gate_rule_table[i].id;
        if (id && strlen(id) == (size_t)(equals - text) && strncmp(id, text, strlen(id)) == 0) {
            gate->threshold[i] = percent;
            return;
        }
    }
    argp_error(state, "no threshold of the gate is called '%.*s': it has baseline and gain",
               (int)(equals - text), text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    if (key != OPT_THRESHOLD)
        return boxes_positional(key, arg, state);
    set_threshold(state, &((struct box_options *)state->input)->gate, arg);
    return 0;
}

static const struct argp_child children[] = { { &argp_boxes, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
    .options = gate_options,
    .parser = parse,
    .args_doc = "OLD.json NEW.json MATRIX.json",
    .doc = "Says GO, NEUTRAL or NO-GO: does the FAST baseline recover, and do the promoted knobs win? OLD and NEW are "
           "results of scripts/run_mixed_10_cleanenv.sh, MATRIX is one of scripts/box/mixed_matrix_box.sh on the new "
           "binary.\vExit status: 0 GO, 10 NEUTRAL, 11 NO-GO, 1 error.",
    .children = children,
};

/* CPU seconds of a series. */
static double *costs(struct arena *arena, const struct bench_file *file)
{
    double *cost = arena_array(arena, file->run_count, sizeof *cost);
    for (size_t i = 0; i < file->run_count; i++)
        cost[i] = file->runs[i].cost;
    return cost;
}

static struct bench_file *load_series(struct arena *arena, const char *path, struct err *err)
{
    struct bench_file *file = bench_load(arena, path, BENCH_RUNS, err);
    if (file && file->run_count < 2) {
        err_set(err, ERR_TOOL, "%s holds one run, and one run has no interval: measure with RUNS=10", path);
        return NULL;
    }
    return file;
}

/* True when both were run round by round: the i-th run of each is of round i. */
static bool interleaved(const struct bench_file *old, const struct bench_file *new)
{
    bool paired = old->run_count == new->run_count;
    for (size_t i = 0; paired && i < old->run_count; i++)
        paired = old->runs[i].round == (int)i + 1 && new->runs[i].round == (int)i + 1;
    return paired;
}

static struct gain baseline_gain(struct arena *arena, const struct gate *gate)
{
    size_t n = gate->old_runs->run_count, m = gate->new_runs->run_count;
    double *old = costs(arena, gate->old_runs), *new = costs(arena, gate->new_runs);
    return gate->interleaved ? gain_paired(arena, old, new, n) : gain_unpaired(arena, old, n, new, m);
}

static bool decide(const struct box_options *o, struct gate *gate, struct err *err)
{
    gate->old_runs = load_series(o->arena, o->file[0], err);
    gate->new_runs = gate->old_runs ? load_series(o->arena, o->file[1], err) : NULL;
    gate->interleaved = gate->new_runs && interleaved(gate->old_runs, gate->new_runs);
    if (!gate->new_runs || !matrix_read(o->arena, o->file[2], &gate->matrix, err) ||
        !gate_comparable(o->arena, gate, err))
        return false;
    gate_judge(o->arena, &o->gate, baseline_gain(o->arena, gate), gate->matrix.gain[POINT_D], gate);
    return true;
}

static const enum tone tone_of_answer[ANSWER_COUNT] = { TONE_GOOD, TONE_BAD, TONE_DOUBT };
static const enum tone tone_of_word[GATE_WORD_COUNT] = { TONE_GOOD, TONE_DOUBT, TONE_BAD };

static void add_rules(struct document *d, const struct gate *gate)
{
    static const struct column columns[] = {
        { .title = "condition" }, { .title = "at least", .right = true },
        { .title = "speed, 95 % interval", .right = true },
        { .title = "holds" }, { .title = "why this threshold", .wide = true },
    };
    struct block *t = document_table(d, "Founding thresholds", columns, 5);
    for (int i = 0; i < GATE_RULE_COUNT; i++) {
        const struct gate_finding *f = &gate->finding[i];
        block_row(d, t);
        block_cell(d, t, TONE_PLAIN, "%s", gate_rule_table[i].title);
        block_cell(d, t, TONE_PLAIN, i == GATE_SIGN ? "above %g %%" : "%+g %%", f->threshold);
        block_cell(d, t, TONE_PLAIN, "%s", gain_text(d->arena, &f->gain));
        block_cell(d, t, tone_of_answer[f->answer], "%s", gate_answer_name[f->answer]);
        block_cell(d, t, TONE_FAINT, "%s", gate_rule_table[i].why);
    }
}

static void add_series(struct document *d, struct block *t, const char *name, const struct bench_file *file)
{
    const char *slash = strrchr(file->binary, '/');
    double each = cost_median(d->arena, costs(d->arena, file), file->run_count) / (double)file->iters;
    block_row(d, t);
    block_cell(d, t, TONE_PLAIN, "%s", name);
    block_cell(d, t, TONE_PLAIN, "%.2f M/s", 1e-6 / each);
    block_cell(d, t, TONE_PLAIN, "%zu", file->run_count);
    block_cell(d, t, TONE_PLAIN, "%.12s", file->sha256);
    block_cell(d, t, TONE_PLAIN, "%s", slash ? slash + 1 : file->binary);
}

static void add_baselines(struct document *d, const struct gate *gate)
{
    static const struct column columns[] = {
        { .title = "baseline" }, { .title = "operations, CPU time", .right = true }, { .title = "runs", .right = true },
        { .title = "sha256", .code = true }, { .title = "binary", .code = true, .wide = true },
    };
    struct block *t = document_table(d, "Baselines", columns, 5);
    add_series(d, t, "old", gate->old_runs);
    add_series(d, t, "new", gate->new_runs);
}

static struct document build(struct arena *arena, const struct gate *gate)
{
    struct document d = document_new(arena, "Gate");
    struct block *head = document_block(&d, BLOCK_HEADLINE, NULL);
    head->text = arena_printf(arena, "%s: %s", gate_word_table[gate->word].name, gate->summary);
    head->tone = tone_of_word[gate->word];
    add_rules(&d, gate);
    add_baselines(&d, gate);
    add_matrix(&d, &gate->matrix);
    struct block *list = gate->warning_count ? document_list(&d, "Warnings") : NULL;
    for (size_t i = 0; i < gate->warning_count; i++)
        block_item(&d, list, TONE_DOUBT, "%s", gate->warnings[i]);
    return d;
}

static bool save(struct arena *arena, const void *value, FILE *stream, const char *what, struct err *err)
{
    return gate_save(arena, value, stream, what, err);
}

int verb_gate(int argc, char **argv)
{
    struct box_options o = box_options_new(3, "three files are needed: OLD.json NEW.json MATRIX.json");
    struct err err = ERR_INIT;
    struct gate gate = { .word = GATE_NEUTRAL };
    int status;
    boxes_parse(&o, &argp, argc, argv);
    if (!decide(&o, &gate, &err)) {
        status = fail(&err);
    } else {
        struct document d = build(o.arena, &gate);
        const char *line = arena_printf(o.arena, "%s: %s", gate_word_table[gate.word].name, gate.summary);
        status = boxes_show(&o, &d, line, save, &gate, &err) ? gate_word_table[gate.word].exit_status : fail(&err);
    }
    arena_free(o.arena);
    return status;
}
