#include "judge/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge/fact_evidence.h"
#include "judge/penalty.h"
#include "judge/stack.h"

enum { MOST_FUNCTIONS = 5, MOST_OBJECTS = 3, MOST_SYMBOLS = 3 };

/* Of the extra cycles, to be told; and of old's, for there to be any. */
static const double least_part = .05, least_change = .003;

/* The share that carries most of a pair's growth. */
static enum share largest(const double shares[SHARE_COUNT])
{
    int best = 0;
    for (int i = 1; i < SHARE_COUNT; i++)
        if (shares[i] > shares[best])
            best = i;
    return (enum share)best;
}

static const char *placement(struct arena *arena, const struct symbol_change *c)
{
    if (!c || !c->old || !c->new)
        return "";
    return arena_printf(arena, ", offset in the 64 B line %u -> %u", (unsigned)(c->old->address % 64),
                        (unsigned)(c->new->address % 64));
}

static void function_evidence(struct docket *d, const struct cost_pair *p, double total)
{
    double part = p->cycles / total;
    const char *name = p->new ? p->new->name : p->old->name;
    bool same = same_code(p);
    enum share share = largest(p->shares);
    /* Identical code with more of anything but data misses: only its place can have done that. */
    enum cause cause = same && share != SHARE_DATA ? CAUSE_LAYOUT : cause_of_share(share);
    const char *fate = !p->old      ? "new code"
                       : !p->change ? "code not compared"
                       : same       ? "identical code"
                                    : fate_name[p->change->fate];
    add_evidence(d, cause, name, p->new ? p->new->address : 0, fmin(1, part), d->cost[1]->source,
                 "%s carries %.0f %% of the extra cycles, mostly as %s (%s%s).", name, 100 * part,
                 cause_table[cause_of_share(share)].name, fate, same ? placement(d->arena, p->change) : "");
}

static const char *who_counted(enum source source)
{
    return source == SOURCE_SIM ? "cycles, as modelled" : source == SOURCE_PERF ? "cycles, as sampled" : "time, as sampled";
}

/* The cause that a pair's or a library's growth speaks for. Samples know no components: there it is what the whole
 * program's growth is mostly booked to. */
static enum cause cause_of_growth(const struct docket *d, const double shares[SHARE_COUNT], enum source source)
{
    if (source == SOURCE_SIM)
        return cause_of_share(largest(shares));
    return d->verdict->primary;
}

/* A library that differs and in whose code the extra cycles are, most of them first. */
static void library_evidence(struct docket *d, const struct cost_pair *pairs, size_t count, double total,
                             enum source source)
{
    for (size_t k = 0; d->libraries && k < d->libraries->changed_count; k++) {
        const struct library *library = &d->libraries->changed[k];
        double cycles = 0, shares[SHARE_COUNT] = { 0 };
        for (size_t i = 0; i < count; i++) {
            const struct cost_item *o = pairs[i].old, *n = pairs[i].new;
            bool here = (n && library_of_module(d->libraries, false, n->module) == library) ||
                        (!n && library_of_module(d->libraries, true, o->module) == library);
            cycles += here ? pairs[i].cycles : 0;
            for (int s = 0; here && s < SHARE_COUNT; s++)
                shares[s] += pairs[i].shares[s];
        }
        if (cycles >= least_part * total)
            add_evidence(d, cause_of_growth(d, shares, source), library->name, 0, fmin(1, cycles / total), source,
                         "the shared library %s%s and carries %.0f %% of the extra %s.", library->name,
                         !library->path[0]   ? " is loaded by new alone"
                         : !library->path[1] ? " was loaded by old alone"
                                             : " differs between old and new",
                         100 * cycles / total, who_counted(source));
    }
}

/* Where the measured time grew, function by function. Beyond twice the standard error only. */
static void sampled_evidence(struct docket *d)
{
    const struct cost_profile *const *s = d->sampled;
    if (!s[0])
        return;
    double total = cost_cycles(&s[1]->total) - cost_cycles(&s[0]->total),
           noise = 2 * hypot(s[0]->sampling_error, s[1]->sampling_error);
    size_t count, shown = 0;
    struct cost_pair *pairs = pair_costs(d, s, false, &count);
    if (total < fmax(noise, least_change * cost_cycles(&s[0]->total)))
        return;
    library_evidence(d, pairs, count, total, s[1]->source);
    for (size_t i = 0; i < count && shown < MOST_FUNCTIONS; i++) {
        const struct cost_pair *p = &pairs[i];
        if (p->cycles < fmax(noise, least_part * total) || !p->new || !p->new->address)
            continue;
        const char *fate = !p->old      ? "new code"
                           : !p->change ? "code not compared"
                                        : fate_name[p->change->fate];
        shown++;
        add_evidence(d, cause_of_growth(d, p->shares, s[1]->source), p->new->name, p->new->address,
                     fmin(1, p->cycles / total), s[1]->source, "%s carries %.0f %% of the extra %s (%s).", p->new->name,
                     100 * p->cycles / total, who_counted(s[1]->source), same_code(p) ? "identical code" : fate);
    }
}

static void cost_evidence(struct docket *d)
{
    double total = cost_cycles(&d->cost[1]->total) - cost_cycles(&d->cost[0]->total), identical = 0;
    size_t count, shown = 0;
    if (total < least_change * cost_cycles(&d->cost[0]->total)) /* nothing to carry */
        return;
    struct cost_pair *pairs = d->functions;
    for (size_t i = 0; i < d->function_count; i++) {
        identical += same_code(&pairs[i]) ? pairs[i].cycles : 0;
        if (pairs[i].cycles >= least_part * total && shown < MOST_FUNCTIONS) {
            function_evidence(d, &pairs[i], total);
            shown++;
        }
    }
    if (d->delta) {
        d->identical_share = identical / total;
        if (d->identical_share >= 0.2)
            add_evidence(d, CAUSE_LAYOUT, NULL, 0, fmin(1, d->identical_share), d->cost[1]->source,
                         "%.0f %% of the extra cycles sit in functions whose code is identical in old and new.",
                         100 * d->identical_share);
    }
    library_evidence(d, d->functions, d->function_count, total, d->cost[1]->source);
    pairs = pair_costs(d, d->cost, true, &count);
    for (size_t i = 0, objects = 0; i < count && objects < MOST_OBJECTS; i++)
        if (pairs[i].shares[SHARE_DATA] >= least_part * total && pairs[i].new) {
            double part = pairs[i].shares[SHARE_DATA] / total;
            add_evidence(d, CAUSE_DATA, pairs[i].new->name, pairs[i].new->address, fmin(1, part), d->cost[1]->source,
                         "accesses to %s cost %.0f %% of the extra cycles in cache and TLB misses.", pairs[i].new->name,
                         100 * part);
            objects++;
        }
}

static void bytes_evidence(struct docket *d, enum cause cause, const char *what, uint64_t old, uint64_t new,
                           double least)
{
    if (fabs((double)new - (double)old) > least * (double)old && (old || new))
        add_evidence(d, cause, NULL, 0, NAN, SOURCE_ELF, "%s went from %llu to %llu bytes (%+.1f %%).", what,
                     (unsigned long long)old, (unsigned long long)new,
                     old ? 100 * ((double)new / (double)old - 1) : INFINITY);
}

/* The first names of functions with a fate, for a sentence; NULL when there is none. */
static const char *names_of(struct docket *d, enum symbol_kind kind, enum fate fate)
{
    const char *names = NULL;
    int shown = 0;
    for (size_t i = 0; i < d->delta->symbol_count && shown < MOST_SYMBOLS; i++) {
        const struct symbol_change *c = &d->delta->symbols[i];
        const struct symbol *s = c->new ? c->new : c->old;
        if (c->fate == fate && s && s->kind == kind) {
            names = names ? arena_printf(d->arena, "%s, %s", names, c->name) : c->name;
            shown++;
        }
    }
    return names;
}

static void cold_moves(struct docket *d)
{
    size_t into = 0, out = 0;
    const char *name = NULL;
    for (size_t i = 0; i < d->delta->symbol_count; i++) {
        const struct symbol_change *c = &d->delta->symbols[i];
        if (!c->old || !c->new || c->new->kind != SYMBOL_FUNCTION)
            continue;
        into += c->new->cold && !c->old->cold;
        out += c->old->cold && !c->new->cold;
        if (c->new->cold != c->old->cold && !name)
            name = c->name;
    }
    if (into || out)
        add_evidence(d, CAUSE_HINT, NULL, 0, NAN, SOURCE_ELF,
                     "Functions that moved into cold sections: %zu; out of them: %zu (%s%s).", into, out, name,
                     into + out > 1 ? ", ..." : "");
}

static void delta_evidence(struct docket *d)
{
    const struct delta *delta = d->delta;
    const struct inventory *o = delta->old, *n = delta->new;
    const size_t *f = delta->fates[SYMBOL_FUNCTION];
    bytes_evidence(d, CAUSE_LAYOUT, "text", o->text_bytes, n->text_bytes, .01);
    bytes_evidence(d, CAUSE_DATA, "the TLS segment", o->tls_size, n->tls_size, 0);
    if (n->tls_dynamic_relocations > o->tls_dynamic_relocations)
        add_evidence(d, CAUSE_DATA, NULL, 0, NAN, SOURCE_ELF,
                     "general-dynamic TLS relocations went from %llu to %llu: accesses call a helper.",
                     (unsigned long long)o->tls_dynamic_relocations, (unsigned long long)n->tls_dynamic_relocations);
    if (f[FATE_MOVED])
        add_evidence(d, CAUSE_LAYOUT, NULL, 0, NAN, SOURCE_ELF,
                     "Functions with identical code at another address: %zu; with other code: %zu.", f[FATE_MOVED],
                     f[FATE_CHANGED] + f[FATE_RESIZED] + f[FATE_REORDERED] + f[FATE_RECODED] + f[FATE_REINLINED]);
    if (f[FATE_REORDERED])
        add_evidence(d, CAUSE_HINT, NULL, 0, NAN, SOURCE_ELF,
                     "Functions with the same blocks in another order or with inverted branches: %zu (%s).",
                     f[FATE_REORDERED], names_of(d, SYMBOL_FUNCTION, FATE_REORDERED));
    if (delta->fates[SYMBOL_OBJECT][FATE_RESIZED])
        add_evidence(d, CAUSE_DATA, NULL, 0, NAN, SOURCE_ELF, "Data objects that changed their size: %zu (%s).",
                     delta->fates[SYMBOL_OBJECT][FATE_RESIZED], names_of(d, SYMBOL_OBJECT, FATE_RESIZED));
    cold_moves(d);
}

/* What a counter's growth costs as a part of the growth of cycles of its source; NaN when it has no price or there are
 * no cycles to compare with. */
static double priced_weight(const struct docket *d, const struct figure *f)
{
    for (size_t i = 0; i < d->comparison->count; i++) {
        const struct figure *c = &d->comparison->figures[i];
        if (c->metric != M_CYCLES || c->source != f->source || c->state != READING_READ || c->new_value <= c->old_value)
            continue;
        for (size_t k = 0; k < penalty_count; k++)
            if (penalty_table[k].metric == f->metric)
                return penalty_table[k].cycles * (f->new_value - f->old_value) / (c->new_value - c->old_value);
    }
    return NAN;
}

/* A specific event that speaks for a cause and rose clearly. Stalls and slots are sums of everything that went wrong,
 * and derived metrics repeat the counts. */
static bool telling(const struct figure *f)
{
    const struct metric_row *row = &metric_table[f->metric];
    bool sum = f->metric == M_FRONTEND_STALLS || f->metric == M_BACKEND_STALLS ||
               (f->metric >= M_SLOTS && f->metric <= M_SLOTS_RETIRING);
    return f->state == READING_READ && !sum && !row->derived && row->worse == WORSE_UP && row->cause != CAUSE_NONE &&
           row->cause != CAUSE_WORK && isfinite(f->ratio) && f->ratio > 1.1 && clear_change(f);
}

/* Whether a counter is the better witness: a priced one before an unpriced, then by weight or by growth. */
static bool better_witness(const struct figure *f, double w, const struct figure *had, double had_weight)
{
    if (!had || isnan(w) != isnan(had_weight))
        return !had || isnan(had_weight);
    return isnan(w) ? f->ratio > had->ratio : w > had_weight;
}

/* At most one counter a cause; those whose cycles are next to nothing are left out. */
static void counter_evidence(struct docket *d)
{
    const struct figure *best[CAUSE_COUNT] = { NULL };
    double weight[CAUSE_COUNT] = { 0 };
    for (size_t i = 0; i < d->comparison->count; i++) {
        const struct figure *f = &d->comparison->figures[i];
        enum cause cause = metric_table[f->metric].cause;
        double w = telling(f) ? priced_weight(d, f) : 0;
        if (w < 0.01 || !better_witness(f, w, best[cause], weight[cause]))
            continue;
        best[cause] = f;
        weight[cause] = w;
    }
    for (int c = 0; c < CAUSE_COUNT; c++)
        if (best[c])
            add_evidence(d, (enum cause)c, NULL, 0, isnan(weight[c]) ? NAN : fmin(1, weight[c]), best[c]->source,
                         "%s rose %.2f-fold (%.4g -> %.4g).", metric_table[best[c]->metric].title, best[c]->ratio,
                         best[c]->old_value, best[c]->new_value);
}

static int by_weight(const void *a, const void *b)
{
    double x = ((const struct evidence *)a)->weight, y = ((const struct evidence *)b)->weight;
    x = isnan(x) ? -1 : x;
    y = isnan(y) ? -1 : y;
    return (x < y) - (x > y);
}

void sort_evidence(struct docket *docket)
{
    struct verdict *v = docket->verdict;
    if (v->evidence_count > 1)
        qsort(v->evidence, v->evidence_count, sizeof *v->evidence, by_weight);
}

void say_proof(struct docket *docket)
{
    const struct verdict *v = docket->verdict;
    enum cause cause = v->primary;
    int said = 0;
    for (size_t i = 0; v->regression && i < v->evidence_count && said < 2; i++)
        if (v->evidence[i].cause == cause && v->evidence[i].weight >= 0.3) {
            say(docket->arena, &docket->reasons, "%s", v->evidence[i].text);
            said++;
        }
}

void gather_evidence(struct docket *docket)
{
    fact_evidence(docket); /* first: of equal weights the files' own words are the plainest */
    if (docket->cost[0])
        cost_evidence(docket);
    sampled_evidence(docket);
    counter_evidence(docket);
    if (docket->delta)
        delta_evidence(docket);
}
