#include "cmd/real.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "cmd/real_state.h"
#include "cmd/relink.h"
#include "layout/draw.h"
#include "run/interrupt.h"
#include "run/panel.h"
#include "run/perf.h"
#include "stat/real.h"

static const double FLOOR = 0.01;

enum { STEP = 16, STEPS = 256 /* of 16 bytes: a page */, NAMES = 32, RELINKED_COPIES = 2 /* a round: the control of all that is linked */ };

/* A sweep at work. */
struct work {
    struct result *result;
    struct real_study *study;
    const struct real_wanted *wanted;
    struct progress *progress;
    struct source_object source;
    struct spec spec; /* of the runs; the result's own stays as asked for */
    struct panel *panel;
    struct relink *relink; /* NULL: code and data stay */
    struct real_study *before; /* loaded from the state file; NULL: none */
    double floor, begin;
    size_t done, total; /* runs */
};

static void note(struct work *w, const char *text)
{
    *ARENA_PUSH(w->result->arena, w->study->notes, w->study->note_count, w->study->note_room) = text;
}

static void warn(void *context, const char *sentence)
{
    result_warn(((struct work *)context)->result, "%s", sentence);
}

/* ---- what costs ---- */

static bool choose_cost(struct work *w, struct err *err)
{
    static const char cycles[] = "cycles,instructions";
    struct err why = ERR_INIT;
    struct perf_status status;
    w->source = clock_source();
    w->study->source = SOURCE_CLOCK;
    w->study->metric = w->spec.throughput ? M_THROUGHPUT : M_CPU;
    if (w->spec.throughput || (!w->spec.source_auto && w->spec.source != SOURCE_PERF))
        return true;
    w->spec.events = cycles;
    if (perf_source(w->result->arena, &w->spec, NULL, &w->source, &status, &why)) {
        w->study->source = SOURCE_PERF;
        w->study->metric = M_CYCLES;
        return true;
    }
    w->source = clock_source();
    if (!w->spec.source_auto)
        *err = why;
    return w->spec.source_auto;
}

/* ---- which layouts ---- */

static struct real_layout *plan(struct work *w, enum real_kind kind, unsigned batch, unsigned number)
{
    struct real_study *study = w->study;
    struct real_layout *l = &study->layouts[study->layout_count++];
    *l = (struct real_layout){ .kind = kind, .batch = batch, .number = number, .family = FAMILY_SHIPPED };
    return l;
}

/* Every axis is drawn by itself, so that leaving one out leaves the others as they were. */
static unsigned drawn(const struct work *w, enum layout_axis axis, unsigned number, unsigned bound)
{
    struct draw draw = { w->study->seed ^ (uint64_t)(axis + 1) << 56 ^ (uint64_t)number << 32 };
    draw_next(&draw);
    return (unsigned)draw_below(&draw, bound);
}

static void plan_drawn(struct work *w, unsigned batch, unsigned number)
{
    struct real_layout *l = plan(w, REAL_DRAWN, batch, number);
    if (w->study->axes >> AXIS_STACK & 1) {
        l->stack = STEP * drawn(w, AXIS_STACK, number, STEPS);
        l->name = drawn(w, AXIS_COUNT, number, NAMES);
        l->axes |= 1u << AXIS_STACK;
    }
    if (w->study->axes >> AXIS_HEAP & 1) {
        l->heap = STEP * (1 + drawn(w, AXIS_HEAP, number, STEPS - 1));
        l->axes |= 1u << AXIS_HEAP;
    }
    if (w->relink && relink_axes(w->relink, w->study->axes)) {
        l->family = number % 2 && relink_pads(w->relink) ? FAMILY_PAD : FAMILY_ORDER;
        l->axes |= relink_axes(w->relink, w->study->axes);
    }
}

static void plan_batch(struct work *w, unsigned batch, unsigned from, unsigned to)
{
    for (unsigned copy = 0; copy < REAL_COPIES; copy++)
        plan(w, REAL_SHIPPED, batch, copy);
    if (!w->spec.aslr)
        plan(w, REAL_RANDOM, batch, 0);
    if (w->relink) {
        for (unsigned copy = 0; copy < RELINKED_COPIES; copy++)
            plan(w, REAL_RELINKED, batch, copy);
        if (relink_transplants(w->relink)) {
            plan(w, REAL_OLD_PLACE, batch, 0);
            plan(w, REAL_NEW_PLACE, batch, 0);
        }
        const struct layout_remedy *remedy = w->result->layouts ? w->result->layouts->remedy : NULL;
        if (remedy && relink_remedies(w->relink, remedy->kind))
            plan(w, REAL_REMEDIED, batch, 0);
    }
    for (unsigned number = from; number < to; number++)
        if (number % w->study->shards == w->study->shard - 1)
            plan_drawn(w, batch, number);
}

/* Most layouts that any number of batches can plan: their addresses must not change while the panel holds them. */
static size_t most_layouts(const struct work *w)
{
    return w->study->wanted + (REAL_COPIES + RELINKED_COPIES + 4) * 32u;
}

/* ---- running them ---- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool programs_of(struct work *w, const struct real_layout *l, const char *path[2], struct err *err)
{
    path[SIDE_OLD] = w->result->spec.path[SIDE_OLD];
    path[SIDE_NEW] = w->result->spec.path[SIDE_NEW];
    bool relinked = l->kind == REAL_RELINKED || l->kind == REAL_OLD_PLACE || l->kind == REAL_NEW_PLACE ||
                    l->kind == REAL_REMEDIED || l->family != FAMILY_SHIPPED;
    return !relinked || relink_layout(w->relink, l, path, err);
}

static bool admit(struct work *w, size_t from, struct err *err)
{
    for (size_t i = from; i < w->study->layout_count; i++) {
        struct real_layout *l = &w->study->layouts[i];
        const char *path[2];
        struct err why = ERR_INIT;
        progress_step(w->progress, "making layouts", (int)(i - from), (int)(w->study->layout_count - from), NAN);
        if (interrupt_signal())
            return err_set(err, ERR_INTERRUPTED, "interrupted while making layouts");
        if (!programs_of(w, l, path, &why)) {
            if (why.kind != ERR_TARGET) {
                *err = why;
                return false;
            }
            l->refused = arena_strdup(w->result->arena, why.text);
        } else if (!panel_admit(w->panel, l, path, err)) {
            return false;
        }
    }
    return true;
}

/* The rounds of a batch that are there already. */
static unsigned restore(struct work *w, size_t from)
{
    unsigned rounds = w->before ? real_state_restore(w->before, w->study, from) : 0;
    w->done += rounds * panel_runs(w->panel, w->study->layouts[from].batch);
    return rounds;
}

static bool run_rounds(struct work *w, unsigned batch, unsigned first, struct err *err)
{
    size_t runs = panel_runs(w->panel, batch);
    size_t fresh = 0;
    for (unsigned round = first; round < w->study->rounds; round++) {
        double left = fresh ? (seconds() - w->begin) / (double)fresh * (double)(w->total - w->done) : NAN;
        progress_step(w->progress, "running layouts", (int)w->done, (int)w->total, left);
        if (!panel_round(w->panel, batch, round, w->study->seed, err))
            return false;
        w->done += runs;
        fresh += runs;
        if (w->wanted->state && !real_state_save(w->result, w->wanted->state, err))
            return false;
    }
    return true;
}

static bool run_batch(struct work *w, unsigned batch, unsigned from, unsigned to, struct err *err)
{
    size_t first = w->study->layout_count;
    plan_batch(w, batch, from, to);
    if (!admit(w, first, err))
        return false;
    w->total += panel_runs(w->panel, batch) * w->study->rounds;
    unsigned rounds = restore(w, first);
    w->begin = seconds();
    return run_rounds(w, batch, rounds, err);
}

/* Batches until the interval is narrow enough, or the wanted number is reached. */
static bool run_batches(struct work *w, struct err *err)
{
    bool whole = w->study->shards > 1;
    unsigned to = whole || w->wanted->first > w->study->wanted ? w->study->wanted : w->wanted->first, from = 0;
    for (unsigned batch = 0;; batch++) {
        if (!run_batch(w, batch, from, to, err))
            return false;
        real_conclude(w->result->arena, w->study, w->floor);
        if (to >= w->study->wanted || !real_too_wide(w->study))
            return true;
        from = to;
        to = 2 * to < w->study->wanted ? 2 * to : w->study->wanted;
    }
}

/* ---- all of it ---- */

/* Whole pages of 2 MiB in a program's code: only these could be huge ones of its file. */
static uint64_t huge_pages_in(const struct inventory *inv)
{
    enum { HUGE = 2 << 20, EXECUTABLE = 4 };
    uint64_t low = UINT64_MAX, high = 0;
    for (size_t i = 0; inv && i < inv->section_count; i++) {
        const struct section *s = &inv->sections[i];
        if (!(s->flags & EXECUTABLE))
            continue;
        low = s->address < low ? s->address : low;
        high = s->address + s->size > high ? s->address + s->size : high;
    }
    low = low == UINT64_MAX ? 0 : (low + HUGE - 1) / HUGE;
    return high / HUGE > low ? high / HUGE - low : 0;
}

static void tell_huge_pages(struct work *w)
{
    uint64_t pages[2] = { huge_pages_in(w->result->inventory[SIDE_OLD]), huge_pages_in(w->result->inventory[SIDE_NEW]) };
    if (!pages[SIDE_OLD] || !pages[SIDE_NEW])
        note(w, "Code on pages of 2 MiB: not possible, as no whole one lies in the code of both; the model tries it.");
    else
        note(w, arena_printf(w->result->arena, "Code on pages of 2 MiB: not tried on the machine, though old's code holds %llu and new's %llu; the model tries it.",
                             (unsigned long long)pages[SIDE_OLD], (unsigned long long)pages[SIDE_NEW]));
}

static void tell_what_moves(struct work *w)
{
    struct arena *arena = w->result->arena;
    if (w->study->axes & (1u << AXIS_STACK | 1u << AXIS_HEAP))
        note(w, arena_printf(arena, "%s: moved by %s, in steps of 16 bytes within a page.",
                             w->study->axes >> AXIS_STACK & 1
                                 ? (w->study->axes >> AXIS_HEAP & 1 ? "Stack and heap" : "Stack")
                                 : "Heap",
                             w->study->axes >> AXIS_STACK & 1
                                 ? (w->study->axes >> AXIS_HEAP & 1
                                        ? "the size of the environment, the length of argv[0] and the "
                                          "program's break"
                                        : "the size of the environment and the length of argv[0]")
                                 : "the program's break"));
    if (w->relink)
        relink_tell(w->relink, w->study);
    else if (w->study->axes & (1u << AXIS_TEXT | 1u << AXIS_DATA))
        note(w, "Code and data: not moved, as that needs the programs linked again: give --relink, or --bolt.");
    tell_huge_pages(w);
}

static bool prepare(struct work *w, struct err *err)
{
    static struct session_hooks hooks;
    hooks = (struct session_hooks){ .context = w, .warn = warn };
    const struct real_wanted *wanted = w->wanted;
    if (!choose_cost(w, err) || !interrupt_watch(err))
        return false;
    if (wanted->state && !real_state_load(w->result, wanted->state, &w->before, err))
        return false;
    if ((wanted->relink[SIDE_OLD] || wanted->relink[SIDE_NEW]) &&
        !(w->relink = relink_open(w->result, wanted->relink, w->study, w->progress, err)))
        return false;
    tell_what_moves(w);
    w->panel = panel_open(w->result->arena, &w->spec, &w->source, w->study->metric, &hooks, err);
    return w->panel != NULL;
}

static void tell_how_to_go_on(const struct work *w, struct err *err)
{
    const char *state = w->wanted->state, *said = arena_strdup(w->result->arena, err->text);
    err_clear(err);
    if (state)
        err_set(err, ERR_INTERRUPTED, "%s after %zu of %zu runs: the same command goes on from %s", said, w->done,
                w->total, state);
    else
        err_set(err, ERR_INTERRUPTED, "%s after %zu of %zu runs: with --resume FILE they are kept", said, w->done,
                w->total);
}

bool real_measure(struct result *result, const struct real_wanted *wanted, struct progress *progress, struct err *err)
{
    struct real_study *study = arena_alloc(result->arena, sizeof *study);
    struct work w = { .result = result, .study = study, .wanted = wanted, .progress = progress, .spec = result->spec,
                      .floor = wanted->floor > 0 ? wanted->floor : FLOOR };
    *study = (struct real_study){ .link = { { .command = wanted->relink[SIDE_OLD] },
                                            { .command = wanted->relink[SIDE_NEW] } },
                                  .seed = result->spec.seed,
                                  .axes = wanted->axes,
                                  .wanted = wanted->layouts,
                                  .shard = wanted->shard,
                                  .shards = wanted->shards,
                                  .rounds = (unsigned)result->spec.runs };
    study->layout_room = most_layouts(&w);
    study->layouts = arena_array(result->arena, study->layout_room, sizeof *study->layouts);
    result->real = study;
    bool done = prepare(&w, err) && run_batches(&w, err);
    progress_end(progress);
    if (!done) {
        real_conclude(result->arena, study, w.floor);
        if (err->kind == ERR_INTERRUPTED && study->layout_count)
            tell_how_to_go_on(&w, err);
    }
    panel_close(w.panel);
    source_close(&w.source);
    relink_close(w.relink);
    return done;
}
