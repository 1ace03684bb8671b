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

static void add_fact(struct docket *docket, const struct code_fact *fact, double weight)
{
    add_evidence(docket, cause_of_share(code_fact_table[fact->kind].share), fact->name, fact->new_address, weight,
                 SOURCE_ELF, "%s.", fact->sentence);
}

static void owned_evidence(struct docket *docket, double total)
{
    const struct delta *delta = docket->delta;
    bool *taken = arena_array(docket->arena, delta->code_fact_count + 1, sizeof *taken);
    int shown = 0;
    for (size_t i = 0; i < delta->code_fact_count && shown < MOST_FACTS; i++) {
        const struct code_fact *f = &delta->code_facts[i];
        bool carries = f->new_cycles - f->old_cycles >= least_owner * total && f->cause_cycles >= least_own * total;
        if (!carries || !may_slow(f) || told(delta->code_facts, taken, i)) /* unknown cycles (NaN) carry nothing */
            continue;
        taken[i] = true;
        shown++;
        add_fact(docket, f, fmin(1, f->cause_cycles / total));
    }
}

/* Types and the TLS segment belong to no function that cycles could be read for: told without a weight, where their
 * cause grew in the program as a whole. */
static void unowned_evidence(struct docket *docket, double total)
{
    const struct cost *o = &docket->cost[0]->total, *n = &docket->cost[1]->total;
    double grew[SHARE_COUNT] = { 0 };
    int shown = 0;
    for (int i = 0; i < COMPONENT_COUNT; i++)
        grew[component_table[i].share] += n->cycles[i] - o->cycles[i];
    for (size_t i = 0; i < docket->delta->code_fact_count && shown < MOST_UNOWNED; i++) {
        const struct code_fact *f = &docket->delta->code_facts[i];
        bool type = f->kind == FACT_STRUCT_SIZE || f->kind == FACT_MEMBER_LINE || f->kind == FACT_TLS_SIZE;
        if (!type || grew[code_fact_table[f->kind].share] < least_cause * total)
            continue;
        shown++;
        add_fact(docket, f, NAN);
    }
}

bool is_callee(const char *symbol, const char *callee)
{
    size_t length = strlen(callee);
    return strncmp(symbol, callee, length) == 0 && (symbol[length] == '\0' || symbol[length] == '.');
}

/* A function that is called where it was inlined before: its own growth is what the lost inlining costs, and the caller,
 * which shrank for it, would hide the fact. */
static void lost_inlining(struct docket *docket, double total)
{
    const char *told_of[MOST_FACTS];
    int shown = 0;
    double heaviest = 0;
    for (size_t i = 0; i < docket->delta->code_fact_count && shown < MOST_FACTS; i++) {
        const struct code_fact *f = &docket->delta->code_facts[i];
        bool again = f->kind != FACT_INLINED || !f->callee || f->new >= f->old;
        for (int k = 0; k < shown && !again; k++)
            again = strcmp(told_of[k], f->callee) == 0;
        for (size_t k = 0; k < docket->function_count && !again; k++) {
            const struct cost_pair *p = &docket->functions[k];
            if (p->cycles < least_owner * total || !p->new || !is_callee(p->new->name, f->callee))
                continue;
            enum share share = p->shares[SHARE_WORK] >= p->cycles / 2 ? SHARE_WORK : SHARE_LAYOUT;
            add_evidence(docket, cause_of_share(share), p->new->name, p->new->address, fmin(1, p->cycles / total), SOURCE_ELF, "%s.",
                         f->sentence);
            told_of[shown++] = f->callee;
            if (!docket->uninlined || p->cycles > heaviest) {
                docket->uninlined = f;
                heaviest = p->cycles;
            }
            again = true;
        }
    }
}

void fact_evidence(struct docket *docket)
{
    if (!docket->delta || !docket->cost[0])
        return;
    double total = cost_cycles(&docket->cost[1]->total) - cost_cycles(&docket->cost[0]->total);
    if (total <= 0)
        return;
    lost_inlining(docket, total);
    owned_evidence(docket, total);
    unowned_evidence(docket, total);
}
