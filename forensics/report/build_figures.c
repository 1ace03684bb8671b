/* Shares as bars, metrics with their intervals, the founding rules. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/build.h"
#include "report/format.h"

static void bar(struct document *document, struct block *bars, const char *label, double share, bool largest)
{
    enum tone tone = isnan(share) || fabs(share) < .005 ? TONE_FAINT : largest ? TONE_STRONG : TONE_PLAIN;
    block_bar(document, bars, tone, label, format_share(document->arena, share), share);
}

/* Share rows by size, what is not known last. */
static void order_shares(const double *shares, enum share *order)
{
    for (int i = 0; i < SHARE_COUNT; i++)
        order[i] = (enum share)i;
    for (int i = 1; i < SHARE_COUNT; i++)
        for (int k = i; k > 0; k--) {
            double a = shares[order[k - 1]], b = shares[order[k]];
            if (!(isnan(a) && !isnan(b)) && !(b > a))
                break;
            enum share other = order[k];
            order[k] = order[k - 1];
            order[k - 1] = other;
        }
}

static const char *method_note(struct arena *arena, const struct attribution *attribution)
{
    const char *method = attribution->method ? attribution->method : "method not recorded";
    return arena_printf(arena, "%s: %s", source_said(attribution->source), method);
}

static void build_components(struct document *document, const struct attribution *attribution)
{
    struct block *bars = document_bars(document, "By component");
    bars->note = source_said(attribution->source);
    for (int i = 0; i < COMPONENT_COUNT; i++)
        if (fabs(attribution->components[i]) >= .0005)
            bar(document, bars, component_table[i].title, attribution->components[i], false);
}

void build_shares(struct document *document, const struct result *result, bool verbose)
{
    const struct verdict *verdict = &result->verdict;
    const struct attribution *attribution = &verdict->attribution;
    bool any = false;
    for (int i = 0; i < SHARE_COUNT; i++)
        any |= isfinite(verdict->shares[i]);
    if (!any)
        return;
    struct block *bars = document_bars(document, verdict->regression ? "Where the extra time goes" : "Where the difference goes");
    if (attribution->known)
        bars->note = method_note(document->arena, attribution);
    enum share order[SHARE_COUNT];
    order_shares(verdict->shares, order);
    for (int i = 0; i < SHARE_COUNT; i++)
        bar(document, bars, cause_table[cause_of_share(order[i])].name, verdict->shares[order[i]], i == 0);
    if (attribution->known)
        bar(document, bars, "unexplained", attribution->residual, false);
    if (!attribution->known)
        return;
    if (attribution->arithmetic_count) {
        struct block *list = document_list(document, NULL);
        for (size_t i = 0; i < attribution->arithmetic_count; i++)
            block_item(document, list, TONE_FAINT, "%s", attribution->arithmetic[i]);
    }
    if (verbose)
        build_components(document, attribution);
}

/* What a figure's change means: said in a word, so that it needs no colour. */
static const char *meaning(const struct figure *figure, const struct result *result, enum tone *tone)
{
    enum worse worse = metric_table[figure->metric].worse;
    bool noisy = figure->estimator != ESTIMATOR_EXACT;
    if (figure->metric == M_THROUGHPUT && result->spec.lower_is_better)
        worse = WORSE_UP;
    *tone = TONE_FAINT;
    if (figure->change == CHANGE_UNKNOWN || (noisy && result->verdict.cause == CAUSE_UNRELIABLE))
        return "unclear";
    if (figure->change == CHANGE_EQUIVALENT)
        return "same";
    if (worse == WORSE_NEITHER)
        return figure->change == CHANGE_UP ? "more" : "less";
    bool bad = (figure->change == CHANGE_UP) == (worse == WORSE_UP);
    *tone = bad ? TONE_BAD : TONE_GOOD;
    return bad ? "worse" : "better";
}

static void figure_row(struct document *document, struct block *table, const struct figure *figure, const struct result *result)
{
    static const char *const absent[READING_STATE_COUNT] = {
        [READING_NOT_ASKED] = "-", [READING_NOT_SUPPORTED] = "not supported", [READING_NOT_COUNTED] = "not counted", [READING_READ] = "",
    };
    struct arena *arena = document->arena;
    enum unit unit = metric_table[figure->metric].unit;
    bool judged = figure == result->comparison.time, read = figure->state == READING_READ;
    block_row(document, table);
    block_cell(document, table, judged ? TONE_STRONG : TONE_PLAIN, "%s", metric_said(arena, figure->metric));
    double largest = fmax(fabs(figure->old_value), fabs(figure->new_value));
    int digits = figure_digits(figure);
    block_cell(document, table, TONE_PLAIN, "%s", read ? format_value(arena, unit, figure->old_value, largest, digits) : "-");
    block_cell(document, table, TONE_PLAIN, "%s", read ? format_value(arena, unit, figure->new_value, largest, digits) : "-");
    enum tone tone = TONE_FAINT;
    const char *word = read ? meaning(figure, result, &tone) : "";
    block_cell(document, table, tone, "%s", read ? figure_change(arena, figure) : "-");
    block_cell(document, table, TONE_FAINT, "%s", read ? figure_interval(arena, figure) : absent[figure->state]);
    block_cell(document, table, tone, "%s", word);
    block_cell(document, table, TONE_FAINT, "%s", figure->state == READING_NOT_ASKED ? "-" : source_said(figure->source));
}

/* The figure that a rule looks at first. */
static bool leads_rule(enum metric metric)
{
    for (int i = 0; i < RULE_COUNT; i++)
        if (rule_table[i].metrics[0] == metric)
            return true;
    return false;
}

/* One clock is enough for a screen. */
static bool is_clock(enum metric metric)
{
    return metric_table[metric].unit == UNIT_NANOSECONDS;
}

static bool always_shown(const struct figure *figure, const struct comparison *comparison)
{
    return figure == comparison->time || figure->metric == M_CYCLES || figure->metric == M_INSTRUCTIONS || figure->metric == M_IPC ||
           leads_rule(figure->metric);
}

/* How much a counter that moved matters: events more or less. 0: not a candidate. */
static double weight(const struct figure *figure, const struct comparison *comparison)
{
    bool moved = figure->change == CHANGE_UP || figure->change == CHANGE_DOWN;
    if (figure->state != READING_READ || !moved || always_shown(figure, comparison))
        return 0;
    if (metric_table[figure->metric].unit != UNIT_COUNT)
        return is_clock(figure->metric) || metric_table[figure->metric].derived ? 0 : 1;
    return fabs(figure->new_value - figure->old_value);
}

enum { MOVED_SHOWN = 6 };

/* Whether fewer than MOVED_SHOWN counters moved by more than this one. */
static bool among_most_moved(const struct figure *figure, const struct comparison *comparison)
{
    double mine = weight(figure, comparison);
    size_t ahead = 0;
    for (size_t i = 0; i < comparison->count; i++) {
        double other = weight(&comparison->figures[i], comparison);
        ahead += other > mine || (other == mine && &comparison->figures[i] < figure);
    }
    return mine > 0 && ahead < MOVED_SHOWN;
}

static bool on_screen(const struct figure *figure, const struct comparison *comparison)
{
    return figure->state == READING_READ && (always_shown(figure, comparison) || among_most_moved(figure, comparison));
}

/* "Not supported here: cycles, instructions." */
static void build_absent(struct document *document, const struct comparison *comparison, enum reading_state state, const char *said)
{
    const char *names = NULL;
    for (size_t i = 0; i < comparison->count; i++)
        if (comparison->figures[i].state == state) {
            const char *name = metric_said(document->arena, comparison->figures[i].metric);
            names = names ? arena_printf(document->arena, "%s, %s", names, name) : name;
        }
    if (names)
        document_text(document, NULL, "%s: %s.", said, names)->tone = TONE_FAINT;
}

void build_figures(struct document *document, const struct result *result, bool verbose)
{
    static const struct column columns[] = {
        { "", false, false, true }, { "old", true, false, false }, { "new", true, false, false }, { "change", true, false, false },
        { "95 % interval", false, false, false }, { "", false, false, false }, { "from", false, false, false },
    };
    const struct comparison *comparison = &result->comparison;
    if (!comparison->count)
        return;
    struct block *table = document_table(document, "Figures", columns, sizeof columns / sizeof *columns);
    size_t hidden = 0;
    for (size_t i = 0; i < comparison->count; i++) {
        const struct figure *figure = &comparison->figures[i];
        if (verbose || on_screen(figure, comparison))
            figure_row(document, table, figure, result);
        else
            hidden += figure->state == READING_READ;
    }
    if (hidden)
        document_text(document, NULL, "%zu more with --verbose.", hidden)->tone = TONE_FAINT;
    if (!verbose) {
        build_absent(document, comparison, READING_NOT_SUPPORTED, "Not supported here");
        build_absent(document, comparison, READING_NOT_COUNTED, "Asked for, but not counted in any run");
    }
}

static void rule_cells(struct document *document, struct block *table, const struct rule_result *rule)
{
    struct arena *arena = document->arena;
    const struct rule_row *row = &rule_table[rule->rule];
    double sign = row->drop ? -1 : 1;
    block_row(document, table);
    block_cell(document, table, TONE_PLAIN, "%s", row->title);
    block_cell(document, table, TONE_PLAIN, "%s", format_change(arena, 1 + sign * rule->value / 100, 1));
    block_cell(document, table, TONE_FAINT, "%+g %%", sign * rule->threshold);
    block_cell(document, table, rule->fired ? TONE_BAD : TONE_FAINT, "%s%s", rule->fired ? "fired: " : "quiet",
               rule->fired ? cause_table[row->cause].name : "");
    block_cell(document, table, TONE_FAINT, "%s", isfinite(rule->weight) ? format_share(arena, rule->weight) : "-");
    block_cell(document, table, TONE_FAINT, "%s", metric_said(arena, rule->metric));
}

void build_rules(struct document *document, const struct result *result)
{
    static const struct column columns[] = {
        { "rule", false, false, false }, { "changed by", true, false, false }, { "fires beyond", true, false, false },
        { "", false, false, false }, { "weight", true, false, false }, { "looked at", false, false, true },
    };
    if (!result->comparison.count)
        return;
    const char *unknown = NULL;
    struct block *table = document_table(document, "Founding rules", columns, sizeof columns / sizeof *columns);
    table->folded = true;
    for (int i = 0; i < RULE_COUNT; i++) {
        const struct rule_result *rule = &result->verdict.rules[i];
        if (rule->known)
            rule_cells(document, table, rule);
        else
            unknown = arena_printf(document->arena, "%s%s%s", unknown ? unknown : "", unknown ? ", " : "", rule_table[i].title);
    }
    if (unknown)
        document_text(document, NULL, "Not measured: %s.", unknown)->tone = TONE_FAINT;
}
