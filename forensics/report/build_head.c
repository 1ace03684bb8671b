/* The top of the report: verdict, proof and remedy, readable in ten seconds. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "report/build.h"
#include "report/format.h"

/* "new takes 5.1 % more CPU time than old", "new's throughput is 12 % lower than old's"; where no change is proven,
 * "CPU time changed by -0.2 %", which claims no direction. */
static const char *change_sentence(struct arena *arena, const struct result *result)
{
    const struct figure *time = result->comparison.time;
    const char *name = metric_said(arena, time->metric), *change = figure_change(arena, time);
    if (!result->verdict.regression && time->change != CHANGE_UP && time->change != CHANGE_DOWN)
        return arena_printf(arena, "%s changed by %s", name, change);
    const char *size = change[0] == '+' || change[0] == '-' ? change + 1 : change;
    if (time->metric == M_THROUGHPUT)
        return arena_printf(arena, "new's %s is %s %s than old's", result->spec.lower_is_better ? "figure from stdout" : name, size,
                            time->ratio > 1 ? "higher" : "lower");
    const char *modelled = time->source == SOURCE_SIM ? " on the model" : "";
    if (change[0] == 'x')
        return arena_printf(arena, "new takes %s the %s of old%s", size, name, modelled);
    return arena_printf(arena, "new takes %s %s %s than old%s", size, time->ratio > 1 ? "more" : "less", name, modelled);
}

static const char *with_interval(struct arena *arena, const struct result *result)
{
    const struct figure *time = result->comparison.time;
    const char *sentence = change_sentence(arena, result);
    return time->estimator == ESTIMATOR_EXACT ? sentence
                                              : arena_printf(arena, "%s %s", sentence,
                                                             isfinite(time->lo) ? figure_interval(arena, time) : "[1 run a side]");
}

/* What else there is to say beside the cause's name; NULL: nothing. */
static const char *beside(const struct result *result, struct arena *arena)
{
    const struct comparison *c = &result->comparison;
    const struct verdict *verdict = &result->verdict;
    if (verdict->cause == CAUSE_NONE)
        return c->time && c->time->change != CHANGE_EQUIVALENT && c->slowdown_hi < 1 ? "faster" : "no regression";
    if (verdict->cause == CAUSE_INCONCLUSIVE)
        return verdict->regression ? "slower, cause not known" : NULL;
    if (verdict->cause == CAUSE_MIXED)
        return arena_printf(arena, "mostly %s", cause_table[verdict->primary].name);
    return NULL;
}

static const char *cause_said(struct arena *arena, const struct result *result)
{
    char *name = arena_strdup(arena, cause_table[result->verdict.cause].name);
    for (char *p = name; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    const char *more = beside(result, arena);
    return more ? arena_printf(arena, "%s (%s)", name, more) : name;
}

/* True if the result ends in a verdict, if only in the part of one; an inspection without a run does not. */
static bool is_judged(const struct result *result)
{
    return result->comparison.count > 0 || result->session.count > 0;
}

static const char *headline(const struct result *result, struct arena *arena)
{
    if (!is_judged(result) && (result->layouts || result->real))
        return result->verdict.summary;
    if (!is_judged(result))
        return arena_printf(arena, "What changed from %s to %s (nothing was run)", result->side[0].path ? result->side[0].path : "old",
                            result->side[1].path ? result->side[1].path : "new");
    const char *cause = cause_said(arena, result), *said;
    if (result->verdict.cause == CAUSE_UNRELIABLE)
        said = "this machine cannot tell old from its own copy";
    else
        said = result->comparison.time ? with_interval(arena, result) : "nothing was read that time could be judged by";
    return arena_printf(arena, "%s: %s", cause, said);
}

const char *build_one_line(const struct result *result, struct arena *arena)
{
    return arena_printf(arena, "%s%s", result->session.complete || !is_judged(result) ? "" : "(partial) ", headline(result, arena));
}

static enum tone tone_of(const struct verdict *verdict)
{
    if (verdict->cause == CAUSE_NONE)
        return TONE_GOOD;
    return verdict->cause == CAUSE_INCONCLUSIVE || verdict->cause == CAUSE_UNRELIABLE ? TONE_DOUBT : TONE_BAD;
}

void build_verdict_line(struct document *document, const struct result *result)
{
    struct block *line = document_block(document, BLOCK_HEADLINE, NULL);
    line->text = build_one_line(result, document->arena);
    if (!is_judged(result))
        return;
    line->text = arena_printf(document->arena, "%s, confidence %s", line->text, format_share(document->arena, result->verdict.confidence));
    line->tone = tone_of(&result->verdict);
}

static void pairs(struct document *document, struct block *table, const char *key, const char **values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        block_row(document, table);
        block_cell(document, table, TONE_STRONG, "%s", i ? "" : key);
        block_cell(document, table, TONE_PLAIN, "%s", values[i]);
    }
}

static void build_interruption(struct document *document, const struct result *result)
{
    if (result->session.complete)
        return;
    struct block *list = document_list(document, NULL);
    block_item(document, list, TONE_DOUBT, "PARTIAL RESULT: %s. What follows rests on the runs made until then.",
               result->session.interrupted ? result->session.interrupted : "the session did not end");
}

void build_headline(struct document *document, const struct result *result)
{
    static const struct column columns[] = { { NULL, false, false, false }, { NULL, false, false, true } };
    const struct verdict *verdict = &result->verdict;
    struct block *head = document_block(document, BLOCK_HEADLINE, NULL);
    head->text = build_one_line(result, document->arena);
    if (!is_judged(result))
        return;
    head->tone = tone_of(verdict);
    head->aside = arena_printf(document->arena, "confidence %s", format_share(document->arena, verdict->confidence));
    build_interruption(document, result);
    if (verdict->summary)
        document_text(document, NULL, "%s", verdict->summary);
    struct block *table = document_table(document, NULL, columns, 2);
    pairs(document, table, verdict->cause == CAUSE_INCONCLUSIVE || verdict->cause == CAUSE_UNRELIABLE ? "Why" : "Proof",
          verdict->reasons, verdict->reason_count);
    pairs(document, table, verdict->cause == CAUSE_NONE ? "Next" : "Remedy", verdict->advice, verdict->advice_count);
}
