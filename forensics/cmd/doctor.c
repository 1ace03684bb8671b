/* doctor: what this machine can measure, what stands in the way, and how to get more. */
#include <stdio.h>
#include <unistd.h>

#include "cmd/finish.h"
#include "cmd/verb.h"
#include "run/doctor.h"
#include "sim/record.h"

static const struct argp_child children[] = { { &argp_output, 0, "How to show:", 2 }, { 0 } };

static const struct argp argp = {
    .parser = options_positional,
    .doc = "Says which figures this machine can give, what blocks the others, and the remedy. Exit status 0 whatever it finds.",
    .children = children,
};

static const enum tone tone_of[] = { [DOCTOR_GOOD] = TONE_GOOD, [DOCTOR_WEAK] = TONE_DOUBT, [DOCTOR_MISSING] = TONE_BAD };

static void add_row(struct document *d, struct block *table, enum doctor_level level, const char *topic, const char *finding,
                    const char *remedy)
{
    block_row(d, table);
    block_cell(d, table, tone_of[level], "%s", doctor_level_name[level]);
    block_cell(d, table, TONE_PLAIN, "%s", topic);
    block_cell(d, table, TONE_PLAIN, "%s%s%s", finding, remedy ? " Remedy: " : "", remedy ? remedy : "");
}

static void add_findings(struct document *d, const struct doctor *doctor)
{
    static const struct column columns[] = { { .title = "" }, { .title = "what" }, { .title = "finding", .wide = true } };
    struct block *t = document_table(d, "This machine", columns, 3);
    for (size_t i = 0; i < doctor->row_count; i++) {
        const struct doctor_row *r = &doctor->rows[i];
        add_row(d, t, r->level, r->topic, r->finding, r->remedy);
    }
    struct err err = ERR_INIT;
    const char *tool = record_tool_dir(d->arena, &err);
    add_row(d, t, tool ? DOCTOR_GOOD : DOCTOR_MISSING, "processor model",
            tool ? "The recorder is built: every figure can be modelled." : err.text, NULL);
}

/* One line per way of getting figures: what is measured, what only the model gives. */
static void add_figures(struct document *d, const struct doctor *doctor, bool verbose)
{
    static const struct column columns[] = { { .title = "figure" }, { .title = "from" }, { .title = "why not measured", .wide = true } };
    struct block *t = document_table(d, "Figures", columns, 3);
    int blocked = 0;
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct doctor_figure *f = &doctor->figures[i];
        if (!f->measured && !verbose) {
            blocked++;
            continue;
        }
        block_row(d, t);
        block_cell(d, t, TONE_PLAIN, "%s", metric_table[i].title);
        block_cell(d, t, f->measured ? TONE_GOOD : TONE_DOUBT, "%s", f->measured ? source_name[f->source] : "-");
        block_cell(d, t, TONE_FAINT, "%s", f->measured ? "" : f->blocked);
    }
    if (blocked)
        document_text(d, NULL, "%d more figures cannot be measured here (-v lists them with the reason); --source sim models them.", blocked);
}

int verb_doctor(int argc, char **argv)
{
    struct options o = options_new();
    struct err err = ERR_INIT;
    enum report_format format = REPORT_TEXT;
    int status = EXIT_OK;
    options_parse(&o, &argp, argc, argv);
    report_format_by_name(o.output.format, &format);
    struct doctor doctor = doctor_look(o.arena, NULL, o.spec.cpu);
    struct document d = document_new(o.arena, "What can be measured here");
    add_findings(&d, &doctor);
    add_figures(&d, &doctor, o.output.verbose);
    struct report_options look = look_of(&o.output, STDOUT_FILENO);
    if (!document_write(&d, format, stdout, "stdout", &look, &err))
        status = fail(&err);
    options_free(&o);
    return status;
}
