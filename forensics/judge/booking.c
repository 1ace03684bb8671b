#include "judge/booking.h"

#include <math.h>
#include <string.h>

#include "judge/stack.h"

const struct booking_row booking_table[BOOKING_COUNT] = {
    [BOOKING_TLS] = { "tls-helpers", "the share of instructions run in TLS helpers (__tls_get_addr, descriptors) rises",
                      .005, SHARE_DATA,
                      "the helpers' extra work; all extra work when they hold half of the extra instructions (the rest "
                      "is their calls)" },
    [BOOKING_NOW_COLD] = { "now-cold", "functions that run sit in a cold section of new but not of old", .01,
                           SHARE_HINT, "all extra cycles of those functions: the profile called them cold" },
    [BOOKING_SAME_CODE] = { "same-code", "functions with identical code, which moved and execute as much, mispredict more", .01, SHARE_LAYOUT,
                            "their extra mispredict cycles: only their addresses changed, so branches collide in the "
                            "predictor" },
    [BOOKING_DEPENDENCE] = { "dependence", "a function's dependence chains take longer though it executes no more", .01,
                             SHARE_COUNT,
                             "those cycles: to layout and data if its code is identical, else to whatever else grew in "
                             "it" },
    [BOOKING_EXPOSED] = { "exposed", "a function's dependence chains show where something else hid them, or the other way round",
                          .01, SHARE_COUNT,
                          "as many cycles as both changed by: what was waited for anyway is neither's doing" },
    [BOOKING_COLD_RUN] = { "cold-run", "the share of instructions run in cold parts rises", .02, SHARE_HINT,
                           "extra front-end cycles and extra jumps, in full once the rise reaches five "
                           "times the threshold" },
    [BOOKING_TAKEN] = { "taken-edge", "the share of conditional branches that are taken rises", .05, SHARE_HINT,
                        "extra front-end cycles outside identical code, and extra jumps: hot edges no longer fall "
                        "through" },
};

/* Shares being moved about, all in model cycles; dC > 0. */
struct ledger {
    struct docket *docket;
    struct cost_pair *pairs;
    size_t count;
    double *shares;
    double total;
};

/* Moves at most what is there; returns what was moved. */
static double move(struct ledger *l, enum share from, enum share to, double cycles)
{
    double moved = fmin(fmax(0, cycles), fmax(0, l->shares[from]));
    l->shares[from] -= moved;
    l->shares[to] += moved;
    return moved;
}

/* The same for one function. */
static double move_pair(struct ledger *l, struct cost_pair *pair, enum share from, enum share to, double cycles)
{
    double moved = move(l, from, to, cycles);
    pair->shares[from] -= moved;
    pair->shares[to] += moved;
    return moved;
}

static void say_booking(struct ledger *l, enum booking_id id, enum share to, double moved, const char *fact)
{
    const struct booking_row *row = &booking_table[id];
    if (moved < 0.01 * l->total)
        return;
    enum cause cause = cause_of_share(to);
    say(l->docket->arena, &l->docket->arithmetic, "%s: %.0f %% of the change booked here by rule '%s': %s.",
        cause_table[cause].name, 100 * moved / l->total, row->id, fact);
    add_evidence(l->docket, cause, NULL, 0, fmin(1, moved / l->total), l->docket->cost[1]->source, "%s.", fact);
}

static bool tls_helper(const char *name)
{
    return strstr(name, "__tls_get_addr") || strstr(name, "tlsdesc") || strstr(name, "tls_get_addr_slow");
}

static void book_tls(struct ledger *l)
{
    const struct cost_profile *o = l->docket->cost[0], *n = l->docket->cost[1];
    double rise = n->tls_helper_share - o->tls_helper_share, helpers = 0, cycles = 0;
    double extra = n->total.instructions - o->total.instructions;
    if (rise <= booking_table[BOOKING_TLS].threshold)
        return;
    for (size_t i = 0; i < l->count; i++) {
        const struct cost_pair *p = &l->pairs[i];
        if (!tls_helper(p->new ? p->new->name : p->old->name))
            continue;
        helpers += (p->new ? p->new->cost.instructions : 0) - (p->old ? p->old->cost.instructions : 0);
        cycles += p->shares[SHARE_WORK];
    }
    if (helpers <= 0) { /* no such function by name: the share of all instructions tells how many there are */
        helpers = n->tls_helper_share * n->total.instructions - o->tls_helper_share * o->total.instructions;
        cycles = helpers * n->total.cycles[COMPONENT_BASE] / n->total.instructions;
    }
    double moved = move(l, SHARE_WORK, SHARE_DATA, helpers >= extra / 2 ? l->shares[SHARE_WORK] : cycles);
    say_booking(l, BOOKING_TLS, SHARE_DATA, moved,
                arena_printf(l->docket->arena, "TLS helpers run %.1f %% of new's instructions against %.1f %% of old's",
                             100 * n->tls_helper_share, 100 * o->tls_helper_share));
}

/* Functions that the profile or an attribute sent to a cold section, though they run. */
static void book_now_cold(struct ledger *l)
{
    double moved = 0, most = 0;
    const char *worst = NULL;
    int functions = 0;
    for (size_t i = 0; i < l->count; i++) {
        struct cost_pair *p = &l->pairs[i];
        const struct symbol_change *c = p->change;
        if (!c || !c->new || !c->new->cold || (c->old && c->old->cold) ||
            p->cycles < booking_table[BOOKING_NOW_COLD].threshold * l->total)
            continue;
        double before = moved;
        for (int s = 0; s < SHARE_COUNT; s++)
            if (s != SHARE_HINT)
                moved += move_pair(l, p, (enum share)s, SHARE_HINT, p->shares[s]);
        functions++;
        if (moved - before > most) {
            most = moved - before;
            worst = p->new ? p->new->name : c->name;
        }
    }
    if (worst)
        say_booking(l, BOOKING_NOW_COLD, SHARE_HINT, moved,
                    arena_printf(l->docket->arena,
                                 functions == 1 ? "%s runs from a cold section of new but not of old"
                                                : "%s and others run from a cold section of new but not of old",
                                 worst));
}

/* Whether a function executes as many instructions on both sides: then it takes the same ways, too, as far as they tell. */
static bool executes_alike(const struct cost_pair *p)
{
    return p->old && p->new && p->old->cost.instructions > 0 &&
           fabs(p->new->cost.instructions / p->old->cost.instructions - 1) < booking_table[BOOKING_DEPENDENCE].threshold;
}

/* Where every function lies where it lay, as between two settings of one binary, no address can be the reason. */
static bool delta_moved(const struct delta *delta)
{
    for (int fate = 0; delta && fate < FATE_COUNT; fate++)
        if (fate != FATE_SAME && delta->fates[SYMBOL_FUNCTION][fate])
            return true;
    return false;
}

static bool code_moved(const struct docket *d)
{
    bool moved = delta_moved(d->delta);
    for (size_t i = 0; d->libraries && i < d->libraries->changed_count; i++)
        moved |= !d->libraries->changed[i].delta || delta_moved(d->libraries->changed[i].delta);
    return moved;
}

static void book_same_code(struct ledger *l)
{
    double moved = 0;
    for (size_t i = 0; i < l->count && code_moved(l->docket); i++) {
        struct cost_pair *p = &l->pairs[i];
        if (same_code(p) && executes_alike(p) && p->shares[SHARE_HINT] >= booking_table[BOOKING_SAME_CODE].threshold * l->total)
            moved += move_pair(l, p, SHARE_HINT, SHARE_LAYOUT, p->shares[SHARE_HINT]);
    }
    say_booking(l, BOOKING_SAME_CODE, SHARE_LAYOUT, moved,
                "functions with identical code mispredict more at their new addresses");
}

/* Fewer are not more: work is what new executes on top of old (docs/rules.md). */
static bool executes_no_more(const struct cost_pair *p)
{
    return p->old && p->new && p->old->cost.instructions > 0 &&
           p->new->cost.instructions / p->old->cost.instructions - 1 < booking_table[BOOKING_DEPENDENCE].threshold;
}

/* Dependence cycles that a function gained without executing more: code that did not grow waits longer because of when
 * its instructions arrive, or its data. */
static double idle_dependence(const struct cost_pair *p)
{
    if (!executes_no_more(p))
        return 0;
    return fmax(0, p->new->cost.cycles[COMPONENT_DEPENDENCE] - p->old->cost.cycles[COMPONENT_DEPENDENCE]);
}

/* Where they go: in identical code nothing but its place and its data can have changed. */
static double divide_dependence(const struct cost_pair *p, double cycles, double part[SHARE_COUNT])
{
    double sum = 0;
    for (int s = 0; s < SHARE_COUNT; s++)
        part[s] = s != SHARE_WORK ? fmax(0, p->shares[s]) : 0;
    if (same_code(p)) {
        part[SHARE_LAYOUT] += part[SHARE_HINT] + (part[SHARE_DATA] < 0.1 * cycles ? cycles : 0);
        part[SHARE_HINT] = 0;
    }
    for (int s = 0; s < SHARE_COUNT; s++)
        sum += part[s];
    return sum;
}

double idle_cycles(const struct docket *docket)
{
    double sum = 0;
    for (size_t i = 0; i < docket->function_count; i++)
        sum += idle_dependence(&docket->functions[i]);
    return sum;
}

/* What a function waits for, by the share its waits went to: the event of that share that grew most. NULL: none did. */
static const char *waits_for(struct arena *arena, const struct cost_pair *p, enum share share)
{
    static const struct { enum share share; enum metric metric; } rows[] = {
        { SHARE_LAYOUT, M_FETCH_WINDOWS }, { SHARE_LAYOUT, M_L1I_MISSES }, { SHARE_LAYOUT, M_ITLB_MISSES },
        { SHARE_LAYOUT, M_BTB_MISSES }, { SHARE_LAYOUT, M_OPCACHE_MISSES }, { SHARE_LAYOUT, M_BRANCH_MISSES },
        { SHARE_HINT, M_BRANCH_MISSES }, { SHARE_HINT, M_TAKEN_BRANCHES },
        { SHARE_DATA, M_L1D_MISSES }, { SHARE_DATA, M_DTLB_MISSES },
    };
    enum metric best = METRIC_COUNT;
    double most = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double old = p->old->cost.counts[rows[i].metric], more = p->new->cost.counts[rows[i].metric] - old;
        if (rows[i].share == share && more > most && more > 0.01 * old) {
            most = more;
            best = rows[i].metric;
        }
    }
    if (best == METRIC_COUNT)
        return NULL;
    return arena_printf(arena, "%s %.3g -> %.3g", metric_table[best].title, p->old->cost.counts[best],
                        p->new->cost.counts[best]);
}

/* "kern executes no more but waits longer for its code (fetch windows 9e+06 -> 1.25e+07)". */
static const char *wait_fact(struct arena *arena, const struct cost_pair *p, enum share share)
{
    static const char *const object[SHARE_COUNT] = {
        [SHARE_WORK] = "", [SHARE_LAYOUT] = " for its code", [SHARE_HINT] = " behind its branches",
        [SHARE_DATA] = " for its data",
    };
    const char *event = waits_for(arena, p, share);
    return arena_printf(arena, "%s executes no more but waits longer%s%s%s%s", p->new->name, object[share],
                        event ? " (" : "", event ? event : "", event ? ")" : "");
}

static void book_dependence(struct ledger *l)
{
    double moved[SHARE_COUNT] = { 0 }, most[SHARE_COUNT] = { 0 };
    const struct cost_pair *worst[SHARE_COUNT] = { NULL };
    for (size_t i = 0; i < l->count; i++) {
        double part[SHARE_COUNT], cycles = idle_dependence(&l->pairs[i]),
                                  sum = divide_dependence(&l->pairs[i], cycles, part);
        for (int s = 0; s < SHARE_COUNT && sum > 0; s++) {
            double now = move_pair(l, &l->pairs[i], SHARE_WORK, (enum share)s, cycles * part[s] / sum);
            moved[s] += now;
            if (now > most[s]) {
                most[s] = now;
                worst[s] = &l->pairs[i];
            }
        }
    }
    for (int s = 0; s < SHARE_COUNT; s++)
        if (worst[s])
            say_booking(l, BOOKING_DEPENDENCE, (enum share)s, moved[s],
                        wait_fact(l->docket->arena, worst[s], (enum share)s));
}

/* What a function's dependence chains gained beyond its instructions; the rest is work and stays it. */
static double dependence_beyond_work(const struct cost_pair *p)
{
    const struct cost *o = &p->old->cost, *n = &p->new->cost;
    double both = o->cycles[COMPONENT_DEPENDENCE] + n->cycles[COMPONENT_DEPENDENCE];
    double by_work = (n->instructions - o->instructions) * both / fmax(1, o->instructions + n->instructions);
    return n->cycles[COMPONENT_DEPENDENCE] - o->cycles[COMPONENT_DEPENDENCE] - by_work;
}

/* A chain is only booked where nothing longer hides it. So one that shows because a wait for code went away, or that goes
 * away because a wait for data came, moves two shares in opposite directions by what neither has cost or saved. */
static void book_exposed(struct ledger *l)
{
    double netted = 0;
    for (size_t i = 0; i < l->count; i++) {
        struct cost_pair *p = &l->pairs[i];
        double chains = p->old && p->new ? dependence_beyond_work(p) : 0, sign = chains < 0 ? -1 : 1;
        for (int s = 0; s < SHARE_COUNT; s++) {
            double other = s == SHARE_WORK ? 0 : -sign * p->shares[s], both = fmin(sign * chains, other);
            if (both <= 0)
                continue;
            l->shares[SHARE_WORK] -= sign * both;
            p->shares[SHARE_WORK] -= sign * both;
            l->shares[s] += sign * both;
            p->shares[s] += sign * both;
            chains -= sign * both;
            netted += both;
        }
    }
    if (netted >= booking_table[BOOKING_EXPOSED].threshold * l->total)
        say(l->docket->arena, &l->docket->arithmetic,
            "%.0f %% of the change set against itself by rule '%s': chains that something else hid in one build and not in "
            "the other.", 100 * netted / l->total, booking_table[BOOKING_EXPOSED].id);
}

/* What the split holds to be work because new executes more: base cycles, and every other component's at its pooled rate. */
static double cycles_of_extra(const struct cost *o, const struct cost *n)
{
    double cycles = n->cycles[COMPONENT_BASE] - o->cycles[COMPONENT_BASE];
    for (int c = 0; c < COMPONENT_COUNT; c++)
        if (c != COMPONENT_BASE)
            cycles += (n->instructions - o->instructions) * (o->cycles[c] + n->cycles[c]) / fmax(1, o->instructions + n->instructions);
    return cycles;
}

/* Branches other than conditional ones: jumps there and back that a hot edge needs once it no longer falls through.
 * Extra conditional ones are decisions that old did not take, which is work. */
static double jumps_of(const struct cost *cost)
{
    return cost->counts[M_BRANCHES] - cost->counts[M_COND_BRANCHES];
}

/* Cycles of the jumps that new executes on top of old's: their part of what the extra instructions cost, or, if there are
 * none, what so many instructions cost on average. */
static double extra_jumps(const struct ledger *l)
{
    const struct cost *o = &l->docket->cost[0]->total, *n = &l->docket->cost[1]->total;
    double jumps = fmax(0, jumps_of(n) - jumps_of(o)), instructions = n->instructions - o->instructions;
    double average = jumps * n->cycles[COMPONENT_BASE] / fmax(1, n->instructions);
    return instructions > 0 ? fmax(average, fmin(1, jumps / instructions) * cycles_of_extra(o, n)) : average;
}

static void book_cold_run(struct ledger *l)
{
    const struct cost_profile *o = l->docket->cost[0], *n = l->docket->cost[1];
    double rise = n->cold_share - o->cold_share, threshold = booking_table[BOOKING_COLD_RUN].threshold;
    if (rise <= threshold)
        return;
    double part = fmin(1, rise / (5 * threshold));
    double moved = move(l, SHARE_LAYOUT, SHARE_HINT, part * l->shares[SHARE_LAYOUT]);
    moved += move(l, SHARE_WORK, SHARE_HINT, part * extra_jumps(l));
    say_booking(l, BOOKING_COLD_RUN, SHARE_HINT, moved,
                arena_printf(l->docket->arena,
                             "%.1f %% of new's instructions run in cold parts against %.1f %% of old's",
                             100 * n->cold_share, 100 * o->cold_share));
}

static void book_taken(struct ledger *l)
{
    const struct cost_profile *o = l->docket->cost[0], *n = l->docket->cost[1];
    double rise = n->taken_share - o->taken_share, front = 0;
    if (rise <= booking_table[BOOKING_TAKEN].threshold)
        return;
    for (size_t i = 0; i < l->count; i++)
        front += same_code(&l->pairs[i]) ? 0 : fmax(0, l->pairs[i].shares[SHARE_LAYOUT]);
    double moved = move(l, SHARE_LAYOUT, SHARE_HINT, l->count ? front : l->shares[SHARE_LAYOUT]);
    moved += move(l, SHARE_WORK, SHARE_HINT, extra_jumps(l));
    say_booking(l, BOOKING_TAKEN, SHARE_HINT, moved,
                arena_printf(l->docket->arena,
                             "%.0f %% of new's conditional branches are taken against %.0f %% of old's",
                             100 * n->taken_share, 100 * o->taken_share));
}

void book(struct docket *docket, double cycles[SHARE_COUNT], double total)
{
    if (total <= 0) /* faster: there is nobody to blame */
        return;
    struct ledger l = { docket, docket->functions, docket->function_count, cycles, total };
    book_tls(&l);
    book_now_cold(&l);
    book_same_code(&l);
    book_dependence(&l);
    book_exposed(&l);
    book_cold_run(&l);
    book_taken(&l);
}
