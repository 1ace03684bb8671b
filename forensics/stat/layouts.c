#include "stat/layouts.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "core/sample.h"
#include "stat/distribution.h"
#include "stat/estimate.h"
#include "stat/interval.h"

/* Data are arranged worse if packing them leaves less than this part of what the code costs. */
static const double PACKED_LEAVES = 0.25;

/* Student's interval of the mean; NaN with fewer than two values. */
static struct interval mean_interval(const double *values, size_t n, double level)
{
    if (n < 2)
        return (struct interval){ NAN, NAN };
    double half = deviation(values, n) / sqrt((double)n) * student_quantile(0.5 + level / 2, (double)n - 1);
    double centre = mean(values, n);
    return (struct interval){ centre - half, centre + half };
}

static bool is_drawn(const struct layout_trial *trial, unsigned axes, enum layout_experiment experiment)
{
    return experiment != EXPERIMENT_NONE && layout_family_table[trial->family].experiment == experiment &&
           trial->axes == axes && trial->cycles[0] > 0 && trial->cycles[1] > 0;
}

/* Share of the side's drawn layouts that beat the shipped one; ties count half. */
static double percentile(const struct layout_study *study, unsigned axes, enum layout_experiment experiment, int side)
{
    double below = 0, all = 0;
    for (size_t i = 0; i < study->trial_count; i++) {
        const struct layout_trial *t = &study->trials[i];
        if (!is_drawn(t, axes, experiment))
            continue;
        all++;
        below += t->cycles[side] < study->shipped[side] ? 1 : t->cycles[side] == study->shipped[side] ? 0.5 : 0;
    }
    return all > 0 ? below / all : NAN;
}

static bool significant(double value, double lo, double hi, double floor)
{
    return (lo > 0 || hi < 0) && fabs(value) >= floor;
}

static struct layout_effect effect_of_axes(struct arena *arena, const struct layout_study *study, unsigned axes,
                                           enum layout_experiment experiment)
{
    double *content = arena_array(arena, study->trial_count + 1, sizeof *content);
    double *side[2] = { arena_array(arena, study->trial_count + 1, sizeof *content),
                        arena_array(arena, study->trial_count + 1, sizeof *content) };
    struct layout_effect e = { .axes = axes, .experiment = experiment, .content = NAN };
    for (size_t i = 0; i < study->trial_count; i++) {
        const struct layout_trial *t = &study->trials[i];
        if (!is_drawn(t, axes, experiment))
            continue;
        for (int s = 0; s < 2; s++)
            side[s][e.layouts] = log(t->cycles[s]);
        content[e.layouts] = side[1][e.layouts] - side[0][e.layouts];
        e.layouts++;
    }
    if (e.layouts)
        e.content = mean(content, e.layouts);
    struct interval at95 = mean_interval(content, e.layouts, 0.95), at90 = mean_interval(content, e.layouts, 0.90);
    e.content_lo = at95.lo;
    e.content_hi = at95.hi;
    e.luck = study->observed - e.content;
    e.luck_lo = study->observed - at95.hi;
    e.luck_hi = study->observed - at95.lo;
    for (int s = 0; s < 2; s++) {
        e.spread[s] = deviation(side[s], e.layouts);
        e.percentile[s] = percentile(study, axes, experiment, s);
    }
    e.content_equivalent = equivalent(at90, study->floor);
    e.content_significant = significant(e.content, e.content_lo, e.content_hi, study->floor);
    e.luck_significant = significant(e.luck, e.luck_lo, e.luck_hi, study->floor);
    return e;
}

/* Each set of axes that was drawn, in the order of the trials. */
static void fill_effects(struct arena *arena, struct layout_study *study)
{
    size_t room = 0;
    for (size_t i = 0; i < study->trial_count; i++) {
        const struct layout_trial *t = &study->trials[i];
        enum layout_experiment experiment = layout_family_table[t->family].experiment;
        bool known = !is_drawn(t, t->axes, experiment);
        for (size_t k = 0; !known && k < study->effect_count; k++)
            known = study->effects[k].axes == t->axes && study->effects[k].experiment == experiment;
        if (!known)
            *ARENA_PUSH(arena, study->effects, study->effect_count, room) = effect_of_axes(arena, study, t->axes, experiment);
    }
}

static void fill_huge_pages(struct layout_study *study, const struct layout_trial *trial)
{
    study->huge_pages = log(trial->cycles[1] / trial->cycles[0]);
    for (int side = 0; side < 2; side++)
        study->huge_gain[side] = log(trial->cycles[side] / study->shipped[side]);
}

static void fill_transplants(struct layout_study *study)
{
    for (size_t i = 0; i < study->trial_count; i++) {
        const struct layout_trial *t = &study->trials[i];
        if (t->family == FAMILY_OLD_PLACE)
            study->transplant[0] = log(t->cycles[1] / t->cycles[0]);
        if (t->family == FAMILY_NEW_PLACE)
            study->transplant[1] = log(t->cycles[1] / t->cycles[0]);
        if (t->family == FAMILY_HUGE)
            fill_huge_pages(study, t);
    }
}

/* A transplant is one layout: it agrees when it is nearer to content than to what it would be if content were wrong. */
static bool transplants_agree(const struct layout_study *study, const struct layout_effect *all)
{
    double tolerance = fmax(study->floor, fmax(fabs(all->luck) / 2, 3 * (all->content_hi - all->content_lo)));
    double both = (study->transplant[0] + study->transplant[1]) / 2;
    return fabs(both - all->content) <= tolerance;
}

/* The effect of packing data, or of moving loops; NULL: not tried. */
static const struct layout_effect *effect_of(const struct layout_study *study, enum layout_experiment experiment)
{
    for (size_t i = 0; i < study->effect_count; i++)
        if (study->effects[i].experiment == experiment && study->effects[i].layouts > 1)
            return &study->effects[i];
    return NULL;
}

/* Places that make the slower side faster are no part of why it is slower: without them it would be slower still. */
static bool luck_hides(const struct layout_study *study, const struct layout_effect *all)
{
    return fabs(study->observed) >= study->floor && study->observed * all->luck < 0;
}

/* Packing takes the code's part away: all of it, or surely three quarters. Packed words still lie in lines and pages, and
 * what spread them over more of those may leave a rest. */
static bool packing_explains(const struct layout_effect *packed, const struct layout_effect *all)
{
    double most = PACKED_LEAVES * fabs(all->content);
    bool little = packed->content_lo > -most && packed->content_hi < most;
    return packed->luck_significant && (packed->content_equivalent || little);
}

static enum layout_answer answer_of(const struct layout_study *study, const struct layout_effect *all)
{
    if (all->layouts < 2)
        return LAYOUT_UNDECIDED;
    if (fabs(study->observed) < study->floor && !all->content_significant)
        return LAYOUT_NO_DIFFERENCE;
    bool transplants_object = !isnan(study->transplant[0]) && !study->transplant_agrees;
    const struct layout_effect *packed = effect_of(study, EXPERIMENT_PACKED);
    if (all->content_significant && packed && packing_explains(packed, all))
        return LAYOUT_IS_DATA;
    if (layout_luck_of(study) != all)
        return LAYOUT_IS_LUCK;
    bool luck_matters = all->luck_significant && !luck_hides(study, all) &&
                        fabs(all->luck) >= LAYOUT_LUCK_LEAST * fabs(all->content);
    if (all->content_significant)
        return luck_matters ? LAYOUT_IS_BOTH : LAYOUT_IS_CODE;
    if (all->content_equivalent && all->luck_significant && !transplants_object)
        return LAYOUT_IS_LUCK;
    return LAYOUT_UNDECIDED;
}

/* ---- words ---- */

static double percent(double log_ratio)
{
    return 100 * expm1(log_ratio);
}

/* "-0.0" is not a figure. */
static double shown(double value)
{
    return fabs(value) < 0.05 ? 0 : value;
}

#define SAY(study, arena, room, ...) \
    (*ARENA_PUSH((arena), (study)->sentences, (study)->sentence_count, (room)) = arena_printf((arena), __VA_ARGS__))

/* What share of the observed difference is luck; NaN where the shares have no meaning. */
static double luck_share(const struct layout_study *study, const struct layout_effect *all)
{
    double share = all->luck / study->observed;
    return fabs(study->observed) >= study->floor && share > -0.5 && share < 1.5 ? share : NAN;
}

static void say_answer(struct arena *arena, struct layout_study *study, const struct layout_effect *all, size_t *room)
{
    double content = shown(percent(all->content)), observed = shown(percent(study->observed)), luck = shown(percent(all->luck));
    double lo = shown(percent(all->content_lo)), hi = shown(percent(all->content_hi));
    switch (study->answer) {
    case LAYOUT_NO_DIFFERENCE:
        SAY(study, arena, *room, "Modelled time hardly differs (%+.1f %%): there is nothing for the layout to explain.", observed);
        break;
    case LAYOUT_IS_LUCK:
        if (layout_luck_of(study) != all) {
            const struct layout_effect *loops = layout_luck_of(study);
            SAY(study, arena, *room, "Layout luck inside functions: with loops and blocks at the same bytes of a line new costs %+.1f %% [%+.1f, %+.1f], as shipped %+.1f %%; moving whole functions leaves %+.1f %%.",
                shown(percent(loops->content)), shown(percent(loops->content_lo)), shown(percent(loops->content_hi)), observed, content);
            break;
        }
        SAY(study, arena, *room, "Layout luck: the change of the code costs %+.1f %% [%+.1f, %+.1f] in the same layout; %.0f %% of the %+.1f %% come from where things landed.",
            content, lo, hi, fmin(100, 100 * luck_share(study, all)), observed);
        break;
    case LAYOUT_IS_DATA:
        SAY(study, arena, *room, "The arrangement of data: moving objects leaves %+.1f %% [%+.1f, %+.1f], packing the data that is read leaves %+.1f %% of the %+.1f %%.",
            content, lo, hi, shown(percent(effect_of(study, EXPERIMENT_PACKED)->content)), observed);
        break;
    case LAYOUT_IS_CODE:
        if (all->luck_significant && luck_hides(study, all))
            SAY(study, arena, *room, "Not the layout: in the same layout new costs %+.1f %% [%+.1f, %+.1f]; where things landed hides a part and leaves %+.1f %%.", content,
                lo, hi, observed);
        else
            SAY(study, arena, *room, "Not the layout: in the same layout %+.1f %% [%+.1f, %+.1f] of the %+.1f %% remain.", content, lo, hi, observed);
        break;
    case LAYOUT_IS_BOTH:
        SAY(study, arena, *room, "Both: the change of the code costs %+.1f %% [%+.1f, %+.1f] in the same layout, where things landed another %+.1f %%.", content, lo, hi, luck);
        break;
    case LAYOUT_UNDECIDED:
    case LAYOUT_ANSWER_COUNT:
        if (all->layouts < 2)
            SAY(study, arena, *room, "Undecided: two layouts at least are needed, use --layouts.");
        else if (all->content_equivalent)
            SAY(study, arena, *room, "Undecided: drawn layouts say %+.1f %% of code, the transplants %+.1f %% and %+.1f %%.", content,
                shown(percent(study->transplant[0])), shown(percent(study->transplant[1])));
        else
            SAY(study, arena, *room, "Undecided: %zu layouts leave the cost of the code between %+.1f and %+.1f %%, try more (--layouts).", all->layouts, lo, hi);
        break;
    }
}

static double log_instructions(const struct layout_study *study)
{
    return log(study->instructions[SIDE_NEW] / study->instructions[SIDE_OLD]);
}

bool layouts_blame_work(const struct layout_study *study)
{
    const struct layout_effect *all = study->effect_count ? &study->effects[0] : NULL;
    bool found = study->answer == LAYOUT_IS_CODE || study->answer == LAYOUT_IS_BOTH;
    return found && all->content > 0 && log_instructions(study) >= all->content / 2;
}

/* What kind of change the code's part may be, as far as the count of instructions tells. */
static void say_instructions(struct arena *arena, struct layout_study *study, size_t *room)
{
    double more = shown(percent(log_instructions(study)));
    /* The half of it, in the same direction: for what new saves, too. */
    bool explains = study->effect_count && log_instructions(study) / study->effects[0].content >= 0.5;
    if (study->answer != LAYOUT_IS_CODE && study->answer != LAYOUT_IS_BOTH)
        return;
    if (explains)
        SAY(study, arena, *room, "Instructions changed by %+.1f %%: that is the code's part, or most of it.", more);
    else
        SAY(study, arena, *room, "Instructions changed by %+.1f %% only: the order of blocks, hints, inlining or what lies inside objects carries the code's part.", more);
}

/* "old's layout is faster than all of 16 drawn ones" and its like. */
static void say_rank(struct arena *arena, struct layout_study *study, const struct layout_effect *all, int side, size_t *room)
{
    static const char *const who[2] = { "Old", "New" };
    double p = all->percentile[side];
    if (all->spread[side] < study->floor / 4) /* lucky or not, it is nothing */
        return;
    if (p <= 0)
        SAY(study, arena, *room, "%s's own layout is luckier than all of %zu drawn ones.", who[side], all->layouts);
    else if (p >= 1)
        SAY(study, arena, *room, "%s's own layout is unluckier than all of %zu drawn ones.", who[side], all->layouts);
    else
        SAY(study, arena, *room, "%s's own layout is %s: %.0f %% of %zu drawn ones are faster.", who[side],
            p < 0.25 ? "lucky" : p > 0.75 ? "unlucky" : "usual", 100 * p, all->layouts);
}

/* The refutation: no layout of new comes near old. */
static void say_bound(struct arena *arena, struct layout_study *study, const struct layout_effect *all, size_t *room)
{
    double least = INFINITY;
    for (size_t i = 0; i < study->trial_count; i++)
        if (is_drawn(&study->trials[i], all->axes, EXPERIMENT_OBJECTS))
            least = fmin(least, log(study->trials[i].cycles[1] / study->shipped[0]));
    if (study->answer == LAYOUT_IS_CODE && isfinite(least) && least >= study->floor)
        SAY(study, arena, *room, "No layout of new comes near old: the best of %zu is %+.1f %% slower than old as shipped.", all->layouts, percent(least));
}

static void say_transplants(struct arena *arena, struct layout_study *study, size_t *room)
{
    if (isnan(study->transplant[0]) || isnan(study->transplant[1]))
        return;
    SAY(study, arena, *room, "With new's objects in old's places new costs %+.1f %%, with old's in new's %+.1f %%%s.",
        shown(percent(study->transplant[0])), shown(percent(study->transplant[1])),
        study->transplant_agrees ? "" : ": the transplants do not agree with the drawn layouts");
}

/* Which function carries it, and whether moving it alone is enough. */
static void say_culprits(struct arena *arena, struct layout_study *study, size_t *room)
{
    for (size_t i = 0; i < study->culprit_count; i++) {
        const struct layout_culprit *c = &study->culprits[i];
        const char *remedy = isfinite(c->alone) ? arena_printf(arena, "; moved there alone: new %+.1f %%", shown(percent(c->alone))) : "";
        SAY(study, arena, *room, "%s costs %.1f %% of new's time only because it lies at 0x%llx (byte %llu of its line) and not at old's 0x%llx (byte %llu): %s%s.",
            c->name, 100 * c->cycles / study->shipped[SIDE_NEW], (unsigned long long)c->address[SIDE_NEW],
            (unsigned long long)c->address[SIDE_NEW] % 64, (unsigned long long)c->address[SIDE_OLD],
            (unsigned long long)c->address[SIDE_OLD] % 64, component_table[c->component].title, remedy);
        if (c->crowd)
            SAY(study, arena, *room, "%s shares %s.", c->name, c->crowd);
    }
}

/* What loops and blocks carry that functions moved whole keep: worth a sentence where it is a quarter of the code's part. */
static void say_loops(struct arena *arena, struct layout_study *study, const struct layout_effect *all, size_t *room)
{
    const struct layout_effect *loops = effect_of(study, EXPERIMENT_LOOPS);
    if (!loops || study->answer == LAYOUT_IS_LUCK || !all->content_significant || !loops->luck_significant || loops->luck * all->content < 0)
        return;
    SAY(study, arena, *room, "Where loops and blocks lie inside their functions carries %+.1f %%: with them at the same bytes of a line %+.1f %% [%+.1f, %+.1f] remain.",
        shown(percent(loops->luck)), shown(percent(loops->content)), shown(percent(loops->content_lo)), shown(percent(loops->content_hi)));
}

/* Worth a sentence where it changes a side's time. */
static void say_huge_pages(struct arena *arena, struct layout_study *study, size_t *room)
{
    if (!(fabs(study->huge_gain[0]) >= study->floor || fabs(study->huge_gain[1]) >= study->floor))
        return;
    SAY(study, arena, *room, "With code on pages of 2 MiB old %+.1f %%, new %+.1f %%: %+.1f %% between them remain.",
        shown(percent(study->huge_gain[0])), shown(percent(study->huge_gain[1])), shown(percent(study->huge_pages)));
}

void layouts_conclude(struct arena *arena, struct layout_study *study, double floor)
{
    size_t room = 0;
    study->floor = floor;
    study->observed = log(study->shipped[1] / study->shipped[0]);
    study->effects = NULL;
    study->effect_count = study->sentence_count = 0;
    study->sentences = NULL;
    study->huge_pages = study->huge_gain[0] = study->huge_gain[1] = NAN;
    fill_effects(arena, study);
    fill_transplants(study);
    struct layout_effect none = { .content = NAN };
    const struct layout_effect *all = study->effect_count && study->effects[0].experiment == EXPERIMENT_OBJECTS ? &study->effects[0] : &none;
    study->transplant_agrees = transplants_agree(study, all);
    study->answer = answer_of(study, all);
    say_answer(arena, study, all, &room);
    if (all->layouts < 2)
        return;
    say_bound(arena, study, all, &room);
    say_instructions(arena, study, &room);
    say_rank(arena, study, all, SIDE_OLD, &room);
    say_rank(arena, study, all, SIDE_NEW, &room);
    say_transplants(arena, study, &room);
    say_loops(arena, study, all, &room);
    say_huge_pages(arena, study, &room);
    if (study->answer == LAYOUT_IS_LUCK || study->answer == LAYOUT_IS_BOTH)
        say_culprits(arena, study, &room);
}
