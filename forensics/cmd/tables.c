/* rules, profiles, metrics: the tables that the other verbs work by, printed. */
#include <stdio.h>
#include <unistd.h>

#include "cmd/finish.h"
#include "cmd/verb.h"
#include "sim/profile.h"

static const struct argp_child children[] = { { &argp_output, 0, "How to show:", 2 }, { 0 } };

/* Parses the options of a verb that prints one table. */
static void open_table(struct options *o, const char *doc, int argc, char **argv)
{
    const struct argp argp = { .parser = options_positional, .doc = doc, .children = children };
    *o = options_new();
    options_parse(o, &argp, argc, argv);
}

/* Prints the tree and frees the options. */
static int close_table(struct options *o, const struct document *document)
{
    struct err err = ERR_INIT;
    enum report_format format = REPORT_TEXT;
    struct report_options look = look_of(&o->output, o->output.report_path ? -1 : STDOUT_FILENO);
    int status = EXIT_OK;
    report_format_by_name(o->output.format, &format);
    if (!document_write(document, format, stdout, "stdout", &look, &err))
        status = fail(&err);
    options_free(o);
    return status;
}

int verb_rules(int argc, char **argv)
{
    static const struct column columns[] = {
        { .title = "rule", .code = true }, { .title = "fires when new against old", .wide = true },
        { .title = "by more than", .right = true }, { .title = "speaks for" },
    };
    struct options o;
    open_table(&o, "Prints the founding rule table; --threshold moves a row.", argc, argv);
    struct document d = document_new(o.arena, "Rules");
    struct block *t = document_table(&d, "Founding rules", columns, 4);
    for (int i = 0; i < RULE_COUNT; i++) {
        block_row(&d, t);
        block_cell(&d, t, TONE_PLAIN, "%s", rule_table[i].id);
        block_cell(&d, t, TONE_PLAIN, "%s", rule_table[i].title);
        block_cell(&d, t, TONE_PLAIN, "%g %%", o.output.judge.threshold[i]);
        block_cell(&d, t, TONE_PLAIN, "%s", cause_table[rule_table[i].cause].name);
    }
    document_text(&d, NULL, "Two more settings: floor (smallest slowdown of interest; default: the larger of 1 %% and twice the half-width "
                            "of the A/A control) and mixed (two shares above it make the cause mixed; default %g %%).",
                  100 * o.output.judge.mixed);
    return close_table(&o, &d);
}

int verb_metrics(int argc, char **argv)
{
    static const struct column columns[] = {
        { .title = "metric", .code = true }, { .title = "meaning", .wide = true }, { .title = "unit" }, { .title = "a rise speaks for" },
    };
    struct options o;
    open_table(&o, "Prints the metric table: the names that JSON, --events and scripts use.", argc, argv);
    struct document d = document_new(o.arena, "Metrics");
    struct block *t = document_table(&d, NULL, columns, 4);
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *m = &metric_table[i];
        block_row(&d, t);
        block_cell(&d, t, TONE_PLAIN, "%s", m->name);
        block_cell(&d, t, TONE_PLAIN, "%s", m->title);
        block_cell(&d, t, TONE_PLAIN, "%s", unit_name(m->unit));
        block_cell(&d, t, TONE_PLAIN, "%s", m->cause == CAUSE_NONE ? "" : cause_table[m->cause].name);
    }
    return close_table(&o, &d);
}

int verb_profiles(int argc, char **argv)
{
    static const struct column columns[] = {
        { .title = "parameter", .code = true }, { .title = "value", .right = true }, { .title = "unit" },
        { .title = "what", .wide = true }, { .title = "source" },
    };
    struct options o;
    open_table(&o, "Prints the processors of the model with every parameter and its source; -v for all parameters.", argc, argv);
    struct document d = document_new(o.arena, "Processor profiles");
    const struct profile *native = profile_native();
    for (size_t i = 0; i < profile_count(); i++) {
        const struct profile *p = profile_at(i);
        document_text(&d, p->name, "%s%s", p->title, p == native ? " (nearest to this machine: `native`)" : "");
        if (!o.output.verbose)
            continue;
        struct block *t = document_table(&d, NULL, columns, 5);
        for (int k = 0; k < PARAM_COUNT; k++) {
            block_row(&d, t);
            block_cell(&d, t, TONE_PLAIN, "%s", param_table[k].key);
            block_cell(&d, t, TONE_PLAIN, "%d", p->value[k]);
            block_cell(&d, t, TONE_PLAIN, "%s", param_table[k].unit);
            block_cell(&d, t, TONE_PLAIN, "%s", param_table[k].title);
            block_cell(&d, t, TONE_FAINT, "%s", p->source[k]);
        }
    }
    return close_table(&o, &d);
}
