#include "judge/fact_evidence.h"

#include <math.h>
#include <string.h>

#include "judge/stack.h"

enum { MOST_FACTS = 5, MOST_OF_A_KIND = 2, MOST_UNOWNED = 2 };

static const double least_owner = .05, least_own = .02, least_cause = .2; /* of the program's extra cycles */

/* Whether enough facts of this kind were told of the same function: ten loops that moved are one finding. */
static bool told(const struct code_fact *facts, const bool *taken, size_t at)
{
    int count = 0;
    for (size_t i = 0; i < at; i++)
        count += taken[i] && facts[i].kind == facts[at].kind && facts[i].change == facts[at].change;
    return count >= MOST_OF_A_KIND;
}

/* A number that fell where fewer is better is no reason to be slower. */
static bool may_slow(const struct code_fact *fact)
{
    return !code_fact_table[fact->kind].fewer_is_better || fact->new > fact->old;
}

/* What the facts of one file are weighed with. */
struct weighing {
    struct docket *docket;
    const struct delta *delta;
    const char *file; /* the library's name; NULL: the program's */
    double total;        /* extra cycles of the whole program */
    double noise;        /* a smaller growth of a function is none */
    enum source source;  /* who counted them */
};

static void add_fact(const struct weighing *w, const struct code_fact *fact, double weight, const char *counted)
{
    add_evidence(w->docket, cause_of_share(code_fact_table[fact->kind].share), fact->name, fact->new_address, weight,
                 SOURCE_ELF, "%s%s%s%s%s.", w->file ? "in " : "", w->file ? w->file : "", w->file ? ": " : "",
                 fact->sentence, counted);
}

/* The part of the program's extra cycles that a fact can account for. Samples know no components: of the function's
 * growth the part that the verdict books to the fact's cause in the whole program; NaN: nothing was booked. */
static double own_part(const struct weighing *w, const struct code_fact *fact)
{
    const struct attribution *a = &w->docket->verdict->attribution;
    double owner = (fact->new_cycles - fact->old_cycles) / w->total;
    if (w->source == SOURCE_SIM)
        return fact->cause_cycles / w->total;
    return a->known ? owner * a->shares[code_fact_table[fact->kind].share] : NAN;
}

static const char *measured_in(const struct weighing *w, const struct code_fact *fact)
{
    if (w->source == SOURCE_SIM)
        return "";
    return arena_printf(w->docket->arena, " (its function took %.0f %% of the extra %s, as sampled)",
                        100 * (fact->new_cycles - fact->old_cycles) / w->total,
                        w->source == SOURCE_PERF ? "cycles" : "time");
}

static void owned_evidence(const struct weighing *w)
{
    const struct delta *delta = w->delta;
    bool *taken = arena_array(w->docket->arena, delta->code_fact_count + 1, sizeof *taken);
    int shown = 0;
    for (size_t i = 0; i < delta->code_fact_count && shown < MOST_FACTS; i++) {
        const struct code_fact *f = &delta->code_facts[i];
        double own = own_part(w, f);
        bool carries = f->new_cycles - f->old_cycles >= fmax(least_owner * w->total, w->noise) &&
                       (own >= least_own || (isnan(own) && w->source != SOURCE_SIM));
        if (!carries || !may_slow(f) || told(delta->code_facts, taken, i)) /* unknown cycles (NaN) carry nothing */
            continue;
        taken[i] = true;
        shown++;
        add_fact(w, f, own > 1 ? 1 : own, measured_in(w, f));
    }
}

/* Types and the TLS segment belong to no function that cycles could be read for: told without a weight, where their
 * cause grew in the program as a whole. */
static void unowned_evidence(const struct weighing *w)
{
    const struct cost *o = &w->docket->cost[0]->total, *n = &w->docket->cost[1]->total;
    double grew[SHARE_COUNT] = { 0 };
    int shown = 0;
    for (int i = 0; i < COMPONENT_COUNT; i++)
        grew[component_table[i].share] += n->cycles[i] - o->cycles[i];
    for (size_t i = 0; i < w->delta->code_fact_count && shown < MOST_UNOWNED; i++) {
        const struct code_fact *f = &w->delta->code_facts[i];
        bool type = f->kind == FACT_STRUCT_SIZE || f->kind == FACT_MEMBER_LINE || f->kind == FACT_TLS_SIZE;
        if (!type || grew[code_fact_table[f->kind].share] < least_cause * w->total)
            continue;
        shown++;
        add_fact(w, f, NAN, "");
    }
}

bool is_callee(const char *symbol, const char *callee)
{
    size_t length = strlen(callee);
    return strncmp(symbol, callee, length) == 0 && (symbol[length] == '\0' || symbol[length] == '.');
}

/* A function that is called where it was inlined before: its own growth is what the lost inlining costs, and the caller,
 * which shrank for it, would hide the fact. */
static void lost_inlining(const struct weighing *w)
{
    struct docket *docket = w->docket;
    const char *told_of[MOST_FACTS];
    int shown = 0;
    double heaviest = 0;
    for (size_t i = 0; i < w->delta->code_fact_count && shown < MOST_FACTS; i++) {
        const struct code_fact *f = &w->delta->code_facts[i];
        bool again = f->kind != FACT_INLINED || !f->callee || f->new >= f->old;
        for (int k = 0; k < shown && !again; k++)
            again = strcmp(told_of[k], f->callee) == 0;
        for (size_t k = 0; k < docket->function_count && !again; k++) {
            const struct cost_pair *p = &docket->functions[k];
            if (p->cycles < least_owner * w->total || !p->new || !is_callee(p->new->name, f->callee))
                continue;
            enum share share = p->shares[SHARE_WORK] >= p->cycles / 2 ? SHARE_WORK : SHARE_LAYOUT;
            add_evidence(docket, cause_of_share(share), p->new->name, p->new->address, fmin(1, p->cycles / w->total),
                         SOURCE_ELF, "%s.", f->sentence);
            told_of[shown++] = f->callee;
            if (!docket->uninlined || p->cycles > heaviest) {
                docket->uninlined = f;
                heaviest = p->cycles;
            }
            again = true;
        }
    }
}

/* Facts of one file; a modelled account is the finer one where there are both. */
static void file_evidence(struct docket *docket, const struct delta *delta, const char *library)
{
    bool modelled = docket->cost[0] != NULL;
    const struct cost_profile *const *costs = modelled ? docket->cost : docket->sampled;
    if (!delta || !costs[0])
        return;
    struct weighing w = { .docket = docket,
                          .delta = delta,
                          .file = library,
                          .total = cost_cycles(&costs[1]->total) - cost_cycles(&costs[0]->total),
                          .noise = modelled ? 0 : 2 * hypot(costs[0]->sampling_error, costs[1]->sampling_error),
                          .source = costs[1]->source };
    if (w.total <= w.noise)
        return;
    if (modelled)
        lost_inlining(&w);
    owned_evidence(&w);
    if (modelled)
        unowned_evidence(&w);
}

void fact_evidence(struct docket *docket)
{
    file_evidence(docket, docket->delta, NULL);
    for (size_t i = 0; docket->libraries && i < docket->libraries->changed_count; i++)
        file_evidence(docket, docket->libraries->changed[i].delta, docket->libraries->changed[i].name);
}
