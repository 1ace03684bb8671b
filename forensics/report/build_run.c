/* Evidence, warnings, and how the figures were made: enough to make them again. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/build.h"
#include "report/format.h"

enum { EVIDENCE_SHOWN = 6 };

void build_evidence(struct document *document, const struct result *result, bool verbose)
{
    static const struct column columns[] = {
        { "cause", false, false, false }, { "weight", true, false, false }, { "where", false, true, false },
        { "what", false, false, true }, { "from", false, false, false },
    };
    const struct verdict *verdict = &result->verdict;
    if (!verdict->evidence_count)
        return;
    struct block *table = document_table(document, "Evidence", columns, sizeof columns / sizeof *columns);
    size_t limit = verbose ? verdict->evidence_count : EVIDENCE_SHOWN;
    for (size_t i = 0; i < verdict->evidence_count && i < limit; i++) {
        const struct evidence *evidence = &verdict->evidence[i];
        block_row(document, table);
        bool named = evidence->cause != CAUSE_INCONCLUSIVE;
        block_cell(document, table, TONE_PLAIN, "%s", named ? cause_table[evidence->cause].name : "-");
        block_cell(document, table, TONE_PLAIN, "%s", isfinite(evidence->weight) ? format_share(document->arena, evidence->weight) : "-");
        if (evidence->address)
            block_cell(document, table, TONE_PLAIN, "%s 0x%" PRIx64, evidence->symbol ? evidence->symbol : "", evidence->address);
        else
            block_cell(document, table, TONE_PLAIN, "%s", evidence->symbol ? evidence->symbol : "whole program");
        block_cell(document, table, TONE_PLAIN, "%s", evidence->text);
        block_cell(document, table, TONE_FAINT, "%s", source_said(evidence->source));
    }
    if (verdict->evidence_count > limit)
        document_text(document, NULL, "%zu more with --verbose.", verdict->evidence_count - limit)->tone = TONE_FAINT;
}

/* One warning for all figures of which `has` is true. */
static void warn_figures(struct document *document, struct block *list, const struct comparison *comparison,
                         bool (*has)(const struct figure *), const char *said)
{
    const char *names = NULL;
    for (size_t i = 0; i < comparison->count; i++)
        if (comparison->figures[i].state == READING_READ && has(&comparison->figures[i])) {
            const char *name = metric_said(document->arena, comparison->figures[i].metric);
            names = names ? arena_printf(document->arena, "%s, %s", names, name) : name;
        }
    if (names)
        block_item(document, list, TONE_DOUBT, "%s: %s", said, names);
}

static bool is_scaled(const struct figure *figure)
{
    return figure->scaled;
}

static bool is_bimodal(const struct figure *figure)
{
    return figure->bimodal;
}

static bool lacks(const struct inventory *inventory, const char *sentence)
{
    for (size_t i = 0; inventory && i < inventory->missing_count; i++)
        if (strcmp(inventory->missing[i], sentence) == 0)
            return true;
    return false;
}

/* What the files do not tell; said once when it holds for both. */
static void warn_missing(struct document *document, struct block *list, const struct result *result)
{
    for (int side = 0; side < 2; side++) {
        const struct inventory *inventory = result->inventory[side];
        for (size_t i = 0; inventory && i < inventory->missing_count; i++) {
            bool both = lacks(result->inventory[!side], inventory->missing[i]);
            if (!both || side == 0)
                block_item(document, list, TONE_DOUBT, "%s: %s", both ? "old and new" : side_name[side], inventory->missing[i]);
        }
    }
    for (size_t i = 0; result->libraries && i < result->libraries->missing_count; i++)
        block_item(document, list, TONE_DOUBT, "%s", result->libraries->missing[i]);
}

void build_warnings(struct document *document, const struct result *result)
{
    /* A list of its own until it is known to say something. */
    struct document draft = document_new(document->arena, "");
    struct block *list = document_list(&draft, "Warnings");
    for (size_t i = 0; i < result->warning_count; i++)
        block_item(document, list, TONE_DOUBT, "%s", result->warnings[i]);
    if (result->session.output_note)
        block_item(document, list, TONE_DOUBT, "%s", result->session.output_note);
    warn_missing(document, list, result);
    warn_figures(document, list, &result->comparison, is_scaled, "counted for part of the time and scaled up (too many events at once)");
    warn_figures(document, list, &result->comparison, is_bimodal, "the runs fall into two groups, so one value stands for neither");
    if (list->row_count)
        document_append(document, list);
}

/* A word as a shell reads it back. */
static const char *quoted(struct arena *arena, const char *word)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,/:@%";
    if (*word && strspn(word, safe) == strlen(word))
        return word;
    char *copy = arena_alloc(arena, 4 * strlen(word) + 3), *out = copy;
    *out++ = '\'';
    for (; *word; word++) {
        if (*word == '\'')
            out = stpcpy(out, "'\\''");
        else
            *out++ = *word;
    }
    strcpy(out, "'");
    return copy;
}

/* A command line under construction. */
struct command {
    struct arena *arena;
    const char *text;
};

static void word(struct command *command, const char *option, const char *value)
{
    command->text = arena_printf(command->arena, "%s %s%s%s", command->text, option ? option : "", option && value ? " " : "",
                                 value ? quoted(command->arena, value) : "");
}

static void word_number(struct command *command, const char *option, int value, int usual)
{
    if (value != usual)
        word(command, option, arena_printf(command->arena, "%d", value));
}

static void say_session(struct command *command, const struct spec *spec, const struct spec *usual)
{
    word_number(command, "--runs", spec->runs, usual->runs);
    word_number(command, "--warmup", spec->warmup, usual->warmup);
    if (spec->cpu == -2)
        word(command, "--cpu", "none");
    else
        word_number(command, "--cpu", spec->cpu, usual->cpu);
    if (spec->timeout_s != usual->timeout_s)
        word(command, "--timeout", arena_printf(command->arena, "%g", spec->timeout_s));
    if (!spec->control)
        word(command, "--no-control", NULL);
    if (spec->seed != usual->seed)
        word(command, "--seed", arena_printf(command->arena, "%" PRIu64, spec->seed));
    for (size_t i = 0; i < spec->env_count; i++)
        word(command, "--env", spec->env[i]);
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < spec->side_env_count[side]; i++)
            word(command, side == SIDE_NEW ? "--new-env" : "--old-env", spec->side_env[side][i]);
    if (spec->keep_env)
        word(command, "--inherit-env", NULL);
    if (spec->aslr)
        word(command, "--aslr", NULL);
}

static void say_measure(struct command *command, const struct spec *spec, const struct spec *usual)
{
    if (spec->stdin_path)
        word(command, "--stdin", spec->stdin_path);
    if (spec->same_output)
        word(command, "--same-output", NULL);
    if (spec->ignore_lines)
        word(command, "--ignore-lines", spec->ignore_lines);
    if (spec->throughput)
        word(command, "--metric", spec->throughput);
    if (spec->lower_is_better)
        word(command, "--lower-is-better", NULL);
    if (!spec->source_auto && spec->source != SOURCE_SCRIPT)
        word(command, "--source", source_name[spec->source]);
    if (spec->events)
        word(command, "--events", spec->events);
    if (spec->profile && strcmp(spec->profile, usual->profile) != 0)
        word(command, "--profile", spec->profile);
}

/* Thresholds that were moved; a result that was not judged has none. */
static void say_thresholds(struct command *command, const struct verdict *verdict)
{
    for (int i = 0; i < RULE_COUNT; i++) {
        double threshold = verdict->rules[i].threshold;
        if (threshold > 0 && threshold != rule_table[i].threshold)
            word(command, "--threshold", arena_printf(command->arena, "%s=%g", rule_table[i].id, threshold));
    }
}

static const char *path_of(const struct result *result, int side)
{
    const char *path = result->spec.path[side] ? result->spec.path[side] : result->side[side].path;
    return path ? path : side_name[side];
}

static const char *again(const struct result *result, struct arena *arena)
{
    struct command command = { arena, "layout_tax_forensics" };
    const struct spec *spec = &result->spec, usual = spec_default();
    bool imported = spec->source == SOURCE_FILE, inspected = !result->comparison.count;
    if (imported || inspected)
        word(&command, imported ? "import" : "inspect", NULL);
    if (!imported && !inspected) {
        say_session(&command, spec, &usual);
        say_measure(&command, spec, &usual);
        if (result->sampled[0] && spec->source != SOURCE_PERF) /* counters sample without being asked */
            word(&command, "--locate", NULL);
    }
    if (!inspected)
        say_thresholds(&command, &result->verdict);
    word(&command, NULL, path_of(result, 0));
    word(&command, NULL, path_of(result, 1));
    for (size_t i = 0; i < spec->arg_count && !imported && !inspected; i++)
        word(&command, i ? NULL : "--", spec->args[i]);
    return command.text;
}

static void fact(struct document *document, struct block *table, const char *key, const char *value)
{
    block_row(document, table);
    block_cell(document, table, TONE_STRONG, "%s", key);
    block_cell(document, table, TONE_PLAIN, "%s", value);
}

static const char *side_said(const struct result *result, int side, struct arena *arena)
{
    const struct side_info *info = &result->side[side];
    const char *text = path_of(result, side);
    if (info->size)
        text = arena_printf(arena, "%s, %s", text, format_bytes(arena, (double)info->size));
    if (info->build_id)
        text = arena_printf(arena, "%s, build id %.12s", text, info->build_id);
    if (info->sha256)
        text = arena_printf(arena, "%s, sha256 %.12s", text, info->sha256);
    return text;
}

static const char *how(const struct result *result, struct arena *arena)
{
    const struct spec *spec = &result->spec;
    if (spec->source == SOURCE_FILE)
        return "read from perf stat files; how they were recorded is not known";
    int rounds = 0;
    for (size_t i = 0; i < result->session.count; i++)
        rounds = result->session.runs[i].round >= rounds ? result->session.runs[i].round + 1 : rounds;
    const char *place = spec->cpu >= 0    ? arena_printf(arena, "core %d", spec->cpu)
                        : spec->cpu == -1 ? "one pinned core"
                                          : "not pinned";
    return arena_printf(arena, "%d rounds%s, %s, ASLR %s, %s environment, seed %" PRIu64, rounds ? rounds : spec->runs,
                        spec->control ? " with A/A control" : "", place, spec->aslr ? "on" : "off",
                        spec->keep_env ? "inherited" : "clean", spec->seed);
}

static const char *machine_said(const struct machine *machine, struct arena *arena)
{
    return arena_printf(arena, "%s, %d cores, %s%s%s%s%s", machine->cpu_model ? machine->cpu_model : "unknown processor",
                        machine->cores, machine->kernel ? machine->kernel : "unknown kernel", machine->hypervisor ? ", under " : "",
                        machine->hypervisor ? machine->hypervisor : "", machine->governor ? ", governor " : "",
                        machine->governor ? machine->governor : "");
}

static const char *control_said(const struct comparison *comparison, struct arena *arena)
{
    struct figure figure = { .ratio = comparison->control.ratio, .lo = comparison->control.lo, .hi = comparison->control.hi,
                             .old_n = 2, .new_n = 2, .estimator = ESTIMATOR_HODGES_LEHMANN };
    return arena_printf(arena, "old against its own copy %s %s: %s", figure_change(arena, &figure), figure_interval(arena, &figure),
                        comparison->control.passed ? "passed" : "FAILED");
}

void build_run(struct document *document, const struct result *result)
{
    static const struct column columns[] = { { NULL, false, false, false }, { NULL, false, false, true } };
    struct arena *arena = document->arena;
    const struct comparison *comparison = &result->comparison;
    struct block *table = document_table(document, "How this was measured", columns, 2);
    table->folded = true;
    fact(document, table, "old", side_said(result, 0, arena));
    fact(document, table, "new", side_said(result, 1, arena));
    if (comparison->count) {
        fact(document, table, "runs", how(result, arena));
        if (comparison->control.present)
            fact(document, table, "control", control_said(comparison, arena));
        if (comparison->floor > 0)
            fact(document, table, "floor", arena_printf(arena, "changes below %.1f %% are not called changes", 100 * comparison->floor));
        for (size_t i = 0; i < comparison->note_count; i++)
            fact(document, table, "note", comparison->notes[i]);
    }
    fact(document, table, "machine", result->has_machine ? machine_said(&result->machine, arena) : "not recorded");
    struct block *code = document_block(document, BLOCK_CODE, "To do it again");
    code->text = again(result, arena);
}
