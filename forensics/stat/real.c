#include "stat/real.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "stat/distribution.h"
#include "stat/estimate.h"
#include "stat/interval.h"
#include "stat/layouts.h"
#include "stat/shape.h"
#include "stat/tail.h"

/* As in stat/effect.c: the low tail must be clearly sharper to be taken. */
static const double CLEARLY_SHARPER = 0.8;

static const struct real_effect not_run = { NAN, NAN, NAN };

/* Pairs of costs that were paid side by side. */
struct pairs {
    double *base, *other;
    size_t count, room;
};

static void add_pair(struct arena *arena, struct pairs *p, double base, double other)
{
    if (p->count == p->room) {
        size_t room = p->room ? 2 * p->room : 64;
        p->base = arena_grow(arena, p->base, p->count * sizeof(double), room * sizeof(double));
        p->other = arena_grow(arena, p->other, p->count * sizeof(double), room * sizeof(double));
        p->room = room;
    }
    p->base[p->count] = base;
    p->other[p->count++] = other;
}

static bool counts(const struct real_layout *layout)
{
    return !layout->refused && layout->rounds > 0;
}

/* ---- one effect from pairs ---- */

static double *differences(struct arena *arena, const struct pairs *p)
{
    double *d = arena_array(arena, p->count + 1, sizeof *d);
    for (size_t i = 0; i < p->count; i++)
        d[i] = log(p->other[i] / p->base[i]);
    sort_doubles(d, p->count);
    return d;
}

static struct real_effect effect_paired(struct arena *arena, const struct pairs *p)
{
    double *d = differences(arena, p);
    struct interval at95 = paired_interval(arena, d, p->count, .95);
    return (struct real_effect){ hodges_lehmann(d, p->count), at95.lo, at95.hi };
}

static struct real_effect effect_tail(struct arena *arena, const struct pairs *p, uint64_t seed)
{
    struct tail_effect t = low_tail_effect(arena, p->base, p->other, p->count, seed);
    return (struct real_effect){ t.effect, t.at95.lo, t.at95.hi };
}

static struct real_effect effect_of_pairs(struct arena *arena, const struct real_study *study, const struct pairs *p)
{
    if (p->count < 2)
        return not_run;
    return study->estimator == ESTIMATOR_LOW_TAIL && p->count >= TAIL_ROUNDS ? effect_tail(arena, p, study->seed)
                                                                             : effect_paired(arena, p);
}

static double width(struct real_effect e)
{
    return e.hi - e.lo;
}

/* ---- pairs of a study ---- */

/* New against old in the layouts of a kind. */
static struct pairs pairs_of(struct arena *arena, const struct real_study *study, enum real_kind kind)
{
    struct pairs p = { 0 };
    for (size_t i = 0; i < study->layout_count; i++) {
        const struct real_layout *l = &study->layouts[i];
        for (size_t r = 0; l->kind == kind && counts(l) && r < l->rounds; r++)
            add_pair(arena, &p, l->cost[SIDE_OLD][r], l->cost[SIDE_NEW][r]);
    }
    return p;
}

/* The k-th copy of what was shipped in a batch; NULL: none. */
static const struct real_layout *shipped(const struct real_study *study, unsigned batch, unsigned number)
{
    for (size_t i = 0; i < study->layout_count; i++) {
        const struct real_layout *l = &study->layouts[i];
        if (l->kind == REAL_SHIPPED && l->batch == batch && l->number == number && counts(l))
            return l;
    }
    return NULL;
}

/* Old's odd copies against its even ones. */
static struct pairs pairs_of_control(struct arena *arena, const struct real_study *study)
{
    struct pairs p = { 0 };
    for (size_t i = 0; i < study->layout_count; i++) {
        const struct real_layout *l = &study->layouts[i], *twin = NULL;
        if (l->kind == REAL_SHIPPED && l->number % 2 == 0 && counts(l))
            twin = shipped(study, l->batch, l->number + 1);
        for (size_t r = 0; twin && r < l->rounds && r < twin->rounds; r++)
            add_pair(arena, &p, l->cost[SIDE_OLD][r], twin->cost[SIDE_OLD][r]);
    }
    return p;
}

/* What a side cost as shipped in one round: the geometric mean of its copies; NaN: none has run. */
static double shipped_cost(const struct real_study *study, unsigned batch, int side, size_t round)
{
    double sum = 0, copies = 0;
    for (size_t i = 0; i < study->layout_count; i++) {
        const struct real_layout *l = &study->layouts[i];
        if (l->kind != REAL_SHIPPED || l->batch != batch || !counts(l) || round >= l->rounds)
            continue;
        sum += log(l->cost[side][round]);
        copies++;
    }
    return copies > 0 ? exp(sum / copies) : NAN;
}

/* A side linked again, each of its copies against all of what was shipped. */
static struct pairs pairs_of_relinked(struct arena *arena, const struct real_study *study, enum side side)
{
    struct pairs p = { 0 };
    for (size_t i = 0; i < study->layout_count; i++) {
        const struct real_layout *l = &study->layouts[i];
        for (size_t r = 0; l->kind == REAL_RELINKED && counts(l) && r < l->rounds; r++) {
            double as_shipped = shipped_cost(study, l->batch, side, r);
            if (isfinite(as_shipped))
                add_pair(arena, &p, as_shipped, l->cost[side][r]);
        }
    }
    return p;
}

/* New with the remedy against new linked again. */
static struct pairs pairs_of_remedied(struct arena *arena, const struct real_study *study)
{
    struct pairs p = { 0 };
    for (size_t i = 0; i < study->layout_count; i++)
        for (size_t k = 0; k < study->layout_count; k++) {
            const struct real_layout *with = &study->layouts[i], *without = &study->layouts[k];
            bool both = with->kind == REAL_REMEDIED && without->kind == REAL_RELINKED &&
                        with->batch == without->batch && counts(with) && counts(without);
            for (size_t r = 0; both && r < with->rounds && r < without->rounds; r++)
                add_pair(arena, &p, without->cost[SIDE_NEW][r], with->cost[SIDE_NEW][r]);
        }
    return p;
}

/* ---- which estimator ---- */

/* The noise of all layouts together, each program measured from its own 10 % quantile. */
static struct shape pooled_shape(struct arena *arena, const struct real_study *study)
{
    double *all = NULL;
    size_t count = 0, room = 0;
    for (size_t i = 0; i < study->layout_count; i++) {
        const struct real_layout *l = &study->layouts[i];
        for (int side = 0; side < 2 && counts(l); side++) {
            double *sorted = arena_array(arena, l->rounds, sizeof *sorted);
            memcpy(sorted, l->cost[side], l->rounds * sizeof *sorted);
            sort_doubles(sorted, l->rounds);
            for (size_t r = 0; r < l->rounds; r++)
                *ARENA_PUSH(arena, all, count, room) = log(sorted[r] / quantile(sorted, l->rounds, .1));
        }
    }
    if (count < 2)
        return (struct shape){ 0, 1 };
    sort_doubles(all, count);
    return noise_shape(all, count);
}

static enum estimator choose(struct arena *arena, const struct real_study *study, const struct pairs *observed)
{
    if (observed->count < TAIL_ROUNDS || study->rounds < TAIL_ROUNDS || !one_sided(pooled_shape(arena, study)))
        return ESTIMATOR_HODGES_LEHMANN;
    struct real_effect paired = effect_paired(arena, observed), tail = effect_tail(arena, observed, study->seed);
    return width(tail) <= CLEARLY_SHARPER * width(paired) ? ESTIMATOR_LOW_TAIL : ESTIMATOR_HODGES_LEHMANN;
}

/* ---- drawn layouts ---- */

/* A side's location in one layout, as a logarithm. */
static double location(struct arena *arena, const struct real_study *study, const struct real_layout *l, int side)
{
    double *sorted = arena_array(arena, l->rounds, sizeof *sorted);
    memcpy(sorted, l->cost[side], l->rounds * sizeof *sorted);
    sort_doubles(sorted, l->rounds);
    return log(study->estimator == ESTIMATOR_LOW_TAIL ? low_tail_mean(sorted, l->rounds) : median(sorted, l->rounds));
}

static double difference(struct arena *arena, const struct real_study *study, const struct real_layout *l)
{
    if (study->estimator == ESTIMATOR_LOW_TAIL)
        return location(arena, study, l, SIDE_NEW) - location(arena, study, l, SIDE_OLD);
    struct pairs p = { .base = l->cost[SIDE_OLD], .other = l->cost[SIDE_NEW], .count = l->rounds };
    return hodges_lehmann(differences(arena, &p), p.count);
}

static struct interval mean_interval(const double *values, size_t n, double level)
{
    double half = deviation(values, n) / sqrt((double)n) * student_quantile(0.5 + level / 2, (double)n - 1);
    double centre = mean(values, n);
    return (struct interval){ centre - half, centre + half };
}

/* Locations in the drawn layouts, from that of the batch's own shipped copy. */
static size_t drawn_locations(struct arena *arena, const struct real_study *study, int side, double *out)
{
    size_t count = 0;
    for (size_t i = 0; i < study->layout_count; i++) {
        const struct real_layout *l = &study->layouts[i], *own;
        if (l->kind == REAL_DRAWN && counts(l) && (own = shipped(study, l->batch, 0)))
            out[count++] = location(arena, study, l, side) - location(arena, study, own, side);
    }
    return count;
}

static bool significant(double value, double lo, double hi, double floor)
{
    return (lo > 0 || hi < 0) && fabs(value) >= floor;
}

static void fill_all(struct arena *arena, struct real_study *study)
{
    struct layout_effect *e = &study->all;
    double *d = arena_array(arena, study->layout_count + 1, sizeof *d),
           *at = arena_array(arena, study->layout_count + 1, sizeof *at);
    *e = (struct layout_effect){
        .experiment = EXPERIMENT_OBJECTS,
        .content = NAN, .content_lo = NAN, .content_hi = NAN, .luck = NAN, .luck_lo = NAN, .luck_hi = NAN
    };
    for (size_t i = 0; i < study->layout_count; i++) {
        const struct real_layout *l = &study->layouts[i];
        if (l->kind != REAL_DRAWN || !counts(l))
            continue;
        d[e->layouts++] = difference(arena, study, l);
        e->axes |= l->axes;
    }
    for (int side = 0; side < 2; side++) {
        size_t n = drawn_locations(arena, study, side, at), faster = 0;
        for (size_t i = 0; i < n; i++)
            faster += at[i] < 0;
        e->spread[side] = n > 1 ? deviation(at, n) : 0;
        e->percentile[side] = n ? (double)faster / (double)n : NAN;
    }
    if (e->layouts < 2)
        return;
    struct interval at95 = mean_interval(d, e->layouts, .95);
    e->content = mean(d, e->layouts);
    e->content_lo = at95.lo;
    e->content_hi = at95.hi;
    e->luck = study->observed.value - e->content;
    double half = hypot((at95.hi - at95.lo) / 2, width(study->observed) / 2);
    e->luck_lo = e->luck - half;
    e->luck_hi = e->luck + half;
    e->content_equivalent = equivalent(mean_interval(d, e->layouts, .90), study->floor);
    e->content_significant = significant(e->content, at95.lo, at95.hi, study->floor);
    e->luck_significant = significant(e->luck, e->luck_lo, e->luck_hi, study->floor);
}

/* ---- the answer ---- */

static bool control_failed(const struct real_study *study)
{
    return significant(study->control.value, study->control.lo, study->control.hi, study->floor);
}

static enum layout_answer answer_of(const struct real_study *study)
{
    const struct layout_effect *all = &study->all;
    if (all->layouts < 2 || control_failed(study))
        return LAYOUT_UNDECIDED;
    struct interval seen = { study->observed.lo, study->observed.hi };
    if (equivalent(seen, study->floor) && !all->content_significant)
        return LAYOUT_NO_DIFFERENCE;
    if (all->content_significant && !(all->axes >> AXIS_TEXT & 1))
        return LAYOUT_UNDECIDED; /* where the code sits was the same in all of them */
    if (all->content_significant)
        return all->luck_significant && fabs(all->luck) >= LAYOUT_LUCK_LEAST * fabs(all->content) ? LAYOUT_IS_BOTH
                                                                                           : LAYOUT_IS_CODE;
    return all->content_equivalent && all->luck_significant ? LAYOUT_IS_LUCK : LAYOUT_UNDECIDED;
}

/* ---- words ---- */

static double percent(double log_ratio)
{
    double value = 100 * expm1(log_ratio);
    return fabs(value) < 0.05 ? 0 : value;
}

#define SAY(study, arena, room, ...) \
    (*ARENA_PUSH((arena), (study)->sentences, (study)->sentence_count, (room)) = arena_printf((arena), __VA_ARGS__))

static void say_undecided(struct arena *arena, struct real_study *study, size_t *room)
{
    const struct layout_effect *all = &study->all;
    if (control_failed(study))
        SAY(study, arena, *room,
            "Undecided on the clock: old differs from its own copies by %+.1f %% [%+.1f, %+.1f]: the machine is not "
            "quiet enough.",
            percent(study->control.value), percent(study->control.lo), percent(study->control.hi));
    else if (all->layouts < 2)
        SAY(study, arena, *room, "Undecided on the clock: %zu layouts counted, two at least are needed.", all->layouts);
    else if (all->content_significant)
        SAY(study, arena, *room,
            "Undecided on the clock: the difference of %+.1f %% stays in every stack and heap (%+.1f %% [%+.1f, "
            "%+.1f]); where the code "
            "sits was not moved, for that give --relink.",
            percent(study->observed.value), percent(all->content), percent(all->content_lo), percent(all->content_hi));
    else
        SAY(study, arena, *room,
            "Undecided on the clock: shipped %+.1f %% [%+.1f, %+.1f], in %zu layouts %+.1f %% [%+.1f, %+.1f], smallest "
            "effect of interest %.1f %%: "
            "more --layouts or --runs narrow it.",
            percent(study->observed.value), percent(study->observed.lo), percent(study->observed.hi), all->layouts,
            percent(all->content), percent(all->content_lo), percent(all->content_hi), 100 * study->floor);
}

static void say_answer(struct arena *arena, struct real_study *study, size_t *room)
{
    const struct layout_effect *all = &study->all;
    double content = percent(all->content), lo = percent(all->content_lo), hi = percent(all->content_hi);
    double observed = percent(study->observed.value), luck = percent(all->luck);
    switch (study->answer) {
    case LAYOUT_NO_DIFFERENCE:
        SAY(study, arena, *room,
            "On the clock nothing differs beyond %.1f %%, the least that can be told here: %+.1f %% [%+.1f, %+.1f].",
            100 * study->floor, observed, percent(study->observed.lo), percent(study->observed.hi));
        break;
    case LAYOUT_IS_LUCK:
        SAY(study, arena, *room,
            "Layout luck on the clock: in %zu real layouts the change of the code costs %+.1f %% [%+.1f, %+.1f], "
            "shipped %+.1f %%.",
            all->layouts, content, lo, hi, observed);
        break;
    case LAYOUT_IS_CODE:
        SAY(study, arena, *room,
            "Not the layout on the clock: in %zu real layouts new still costs %+.1f %% [%+.1f, %+.1f], shipped %+.1f "
            "%%.",
            all->layouts, content, lo, hi, observed);
        break;
    case LAYOUT_IS_BOTH:
        SAY(study, arena, *room,
            "Both on the clock: in %zu real layouts the change of the code costs %+.1f %% [%+.1f, %+.1f], where things "
            "landed another "
            "%+.1f %% [%+.1f, %+.1f].",
            all->layouts, content, lo, hi, luck, percent(all->luck_lo), percent(all->luck_hi));
        break;
    case LAYOUT_UNDECIDED:
    case LAYOUT_IS_DATA:
    case LAYOUT_ANSWER_COUNT: say_undecided(arena, study, room); break;
    }
}

static void say_relinked(struct arena *arena, struct real_study *study, size_t *room)
{
    for (int side = 0; side < 2; side++) {
        const struct real_effect *e = &study->relinked[side];
        if (isnan(e->value))
            continue;
        SAY(study, arena, *room, "%s linked again without any change %s: %+.1f %% [%+.1f, %+.1f].",
            side ? "New" : "Old", study->link[side].identical ? "is the same file" : "is another file",
            percent(e->value), percent(e->lo), percent(e->hi));
    }
}

static void say_refused(struct arena *arena, struct real_study *study, size_t *room)
{
    const char *first = NULL;
    for (size_t i = 0; !first && i < study->layout_count; i++)
        first = study->layouts[i].refused;
    if (first)
        SAY(study, arena, *room, "%zu %s not count, e.g.: %s.", study->refused,
            study->refused == 1 ? "layout does" : "layouts do", first);
}

void real_conclude(struct arena *arena, struct real_study *study, double floor)
{
    size_t room = 0;
    struct pairs observed = pairs_of(arena, study, REAL_SHIPPED), control = pairs_of_control(arena, study);
    study->estimator = choose(arena, study, &observed);
    study->observed = effect_of_pairs(arena, study, &observed);
    study->control = effect_of_pairs(arena, study, &control);
    study->floor = isnan(study->control.value) ? floor : fmax(floor, width(study->control));
    static const enum real_kind kinds[] = { REAL_RANDOM, REAL_OLD_PLACE, REAL_NEW_PLACE };
    struct real_effect *effects[] = { &study->random, &study->transplant[0], &study->transplant[1] };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct pairs p = pairs_of(arena, study, kinds[i]);
        *effects[i] = effect_of_pairs(arena, study, &p);
    }
    study->refused = 0;
    for (size_t i = 0; i < study->layout_count; i++)
        study->refused += study->layouts[i].refused != NULL;
    for (int side = 0; side < 2; side++) {
        struct pairs p = pairs_of_relinked(arena, study, (enum side)side);
        study->relinked[side] = effect_of_pairs(arena, study, &p);
    }
    struct pairs remedied = pairs_of_remedied(arena, study);
    study->remedied = effect_of_pairs(arena, study, &remedied);
    fill_all(arena, study);
    study->answer = answer_of(study);
    study->sentences = NULL;
    study->sentence_count = 0;
    say_answer(arena, study, &room);
    say_relinked(arena, study, &room);
    if (isfinite(study->remedied.value))
        SAY(study, arena, room, "The remedy, measured: new %+.1f %% [%+.1f, %+.1f] against new linked again%s.",
            percent(study->remedied.value), percent(study->remedied.lo), percent(study->remedied.hi),
            study->remedied.hi < 0 ? "" : ": the clock does not confirm it");
    say_refused(arena, study, &room);
}

bool real_too_wide(const struct real_study *study)
{
    return !(study->all.content_hi - study->all.content_lo <= 2 * study->floor);
}
