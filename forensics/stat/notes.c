#include "stat/notes.h"

#include <math.h>
#include <stdarg.h>

#include "base/arena.h"
#include "stat/tail.h"

__attribute__((format(printf, 3, 4))) static void note(struct arena *arena, struct comparison *out, const char *format,
                                                       ...)
{
    /* Rarely more than ten: a slot at a time needs no room field in the struct. */
    const char **notes =
        arena_grow(arena, out->notes, out->note_count * sizeof *notes, (out->note_count + 1) * sizeof *notes);
    va_list ap;
    va_start(ap, format);
    notes[out->note_count++] = arena_vprintf(arena, format, ap);
    va_end(ap);
    out->notes = notes;
}

void note_session(struct arena *arena, struct comparison *out, const struct session *session, size_t good)
{
    if (!session->complete && session->interrupted)
        note(arena, out, "The session was cut short (%s): what follows rests on %zu runs.", session->interrupted, good);
    if (good < session->count)
        note(arena, out, "%zu of %zu runs did not end well and were left out.", session->count - good, session->count);
}

static void note_estimator(struct arena *arena, struct comparison *out, const char *title, const struct effect *e)
{
    switch (e->reason) {
    case REASON_DETERMINISTIC:
        note(arena, out, "%s comes from a model that repeats itself bit for bit: one value a side, no interval needed.",
             title);
        break;
    case REASON_ONE_RUN:
        note(arena, out, "%s has one run a side: no interval can be given and the figures are taken at face value.",
             title);
        break;
    case REASON_UNPAIRED:
        note(arena, out,
             "%s: the runs share no rounds, so that the Hodges-Lehmann shift of two independent samples was taken.",
             title);
        break;
    case REASON_COUNTER:
        note(arena, out, "%s: Hodges-Lehmann over %zu rounds.", title, e->pairs);
        break;
    case REASON_FEW_ROUNDS:
        note(arena, out,
             "%s: Hodges-Lehmann over %zu rounds; the low tail needs %d rounds to be more than one or two runs.", title,
             e->pairs, TAIL_ROUNDS);
        break;
    case REASON_TWO_SIDED:
        note(arena, out,
             "%s: Hodges-Lehmann over %zu rounds, because the noise does not lean to one side (lean %.1f, below %.0f"
             "%s).",
             title, e->pairs, e->shape.lean, LEAN_ONE_SIDED,
             e->shape.spread < SPREAD_MATTERS ? " or narrower than 2 %" : "");
        break;
    case REASON_ONE_SIDED:
        note(arena, out,
             "%s: mean of the lowest tenth over %zu rounds, because the noise only adds (lean %.1f, spread %.0f %%) "
             "and its "
             "interval is %.1f times narrower than Hodges-Lehmann's.",
             title, e->pairs, e->shape.lean, 100 * e->shape.spread, e->rival);
        break;
    case REASON_PAIRS_SHARPER:
        note(arena, out,
             "%s: Hodges-Lehmann over %zu rounds: the noise leans to one side (lean %.1f), but it hits both runs of a "
             "round alike, and the low tail would be no sharper (%.1f times as wide).",
             title, e->pairs, e->shape.lean, e->rival);
        break;
    case REASON_FORCED:
        break;
    }
    if (e->pairs >= 2 && e->pairs < 6)
        note(
            arena, out,
            "With fewer than 6 rounds no rank test reaches 95 %%: the interval is Student's and assumes normal noise.");
}

void note_figure(struct arena *arena, struct comparison *out, const struct figure *figure, const struct series *series,
                 const struct effect *effect, bool is_time)
{
    const char *title = metric_table[figure->metric].title;
    if (is_time)
        note_estimator(arena, out, title, effect);
    if (is_time && effect->pseudo > 0)
        note(arena, out, "%s is 0 in some runs: half the smallest reading was added to all before taking logarithms.",
             title);
    if (figure->source == SOURCE_SIM && effect->reason != REASON_DETERMINISTIC && series->n[SIDE_OLD] > 1)
        note(arena, out,
             "%s comes from the model but differs between its runs: the program itself is not deterministic.", title);
}

void note_unconfirmed(struct arena *arena, struct comparison *out)
{
    note(arena, out, "New differs from old but not from the control, which is old again: the change is not confirmed.");
}

static void note_scaled(struct arena *arena, struct comparison *out)
{
    const char *names = NULL;
    for (size_t i = 0; i < out->count; i++)
        if (out->figures[i].scaled)
            names = names ? arena_printf(arena, "%s, %s", names, metric_table[out->figures[i].metric].name)
                          : metric_table[out->figures[i].metric].name;
    if (names)
        note(arena, out, "Multiplexed, so scaled up from a part of the time: %s.", names);
}

void note_comparison(struct arena *arena, struct comparison *out)
{
    if (out->control.present)
        note(arena, out,
             "A/A control: old against itself reads %+.2f %% (%+.2f to %+.2f %%), which sets the floor at %.1f %%%s.",
             100 * (out->control.ratio - 1), 100 * (out->control.lo - 1), 100 * (out->control.hi - 1), 100 * out->floor,
             out->control.passed ? "" : "; identical copies must not differ like that");
    else if (out->time && out->time->estimator != ESTIMATOR_EXACT)
        note(arena, out, "There is no A/A control: the floor of %.1f %% is an assumption about this machine.",
             100 * out->floor);
    if (out->time && out->time->bimodal)
        note(arena, out,
             "%s gathers around two values on some side: a median describes neither; look for two states of the "
             "machine (clock speed, huge pages, core).",
             metric_table[out->time->metric].title);
    note_scaled(arena, out);
}
