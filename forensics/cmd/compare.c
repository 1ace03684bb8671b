/* compare: run both builds, explain the difference. The main job. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/finish.h"
#include "cmd/layout_effect.h"
#include "cmd/progress.h"
#include "cmd/sampling.h"
#include "cmd/sides.h"
#include "cmd/simulate.h"
#include "cmd/verb.h"
#include "core/fact_costs.h"
#include "judge/judge.h"
#include "run/interrupt.h"
#include "run/machine.h"
#include "run/perf.h"
#include "run/script.h"
#include "run/session.h"

/* Where the words of a session go. */
struct hook_context {
    struct progress progress;
    struct result *result;
};

static void hook_progress(void *context, int done, int total, double seconds_left)
{
    progress_step(&((struct hook_context *)context)->progress, "running old and new", done, total, seconds_left);
}

static void hook_warn(void *context, const char *sentence)
{
    result_warn(((struct hook_context *)context)->result, "%s", sentence);
}

/* Opens the counters if the spec allows and the machine has them; otherwise the clock alone is the source. */
static bool open_source(struct options *o, struct result *result, struct source_object *source, struct err *err)
{
    struct spec *spec = &result->spec;
    if (o->script)
        return script_source(result->arena, o->script, source, err);
    *source = clock_source();
    if (!spec->source_auto && spec->source != SOURCE_PERF)
        return true;
    struct err why = ERR_INIT;
    struct perf_status status;
    struct source_object perf;
    if (perf_source(result->arena, spec, NULL, &perf, &status, &why)) {
        *source = perf;
        spec->source = SOURCE_PERF;
        if (status.user_only)
            result_warn(result, "counters see user mode only: for the kernel's part set kernel.perf_event_paranoid to 1 or less");
        return true;
    }
    if (!spec->source_auto || why.kind == ERR_USAGE) {
        *err = why;
        return false;
    }
    spec->source = SOURCE_SIM;
    result_warn(result, "%s", why.text);
    return true;
}

/* Where counters explain, samples tell of which function; elsewhere only who asks for them waits for them. */
static bool sample(const struct options *o, struct result *result, struct err *err)
{
    struct err why = ERR_INIT;
    bool unasked = result->spec.runs && result->spec.source == SOURCE_PERF && !o->script;
    if ((!o->locate && !unasked) || sample_sides(result, NULL, &why))
        return true;
    if (o->locate || why.kind == ERR_INTERRUPTED) {
        *err = why;
        return false;
    }
    result_warn(result, "no samples: %s", why.text);
    return true;
}

/* Everything up to the judge. */
static bool measure(struct options *o, struct result *result, struct progress *progress, struct err *err)
{
    struct spec *spec = &result->spec;
    struct hook_context context = { *progress, result };
    struct session_hooks hooks = { &context, hook_progress, hook_warn };
    struct source_object source;
    if (!sides_read(result, spec->path, o->script ? SIDES_PINNED : SIDES_RUN, progress, err))
        return false;
    if (!spec->runs) { /* the model alone: nothing is timed */
        result->session.complete = true;
        return interrupt_watch(err) && simulate(result, true, progress, err) && sample(o, result, err);
    }
    if (!open_source(o, result, &source, err))
        return false;
    bool done = session_run(result->arena, spec, &source, &hooks, &result->session, err);
    source_close(&source);
    progress_end(&context.progress);
    if (!done)
        return false;
    if (spec->source == SOURCE_SIM && !o->script && !simulate(result, !spec->source_auto, progress, err))
        return false;
    return sample(o, result, err);
}

/* An interrupted comparison is shown for what it is: a part, without a verdict to act on. */
static int partial(struct result *result, const struct output_options *output, struct err *err)
{
    int status = fail(err);
    if (result->session.count) {
        struct err ignored = ERR_INIT;
        result->session.complete = false;
        if (!result->session.interrupted)
            result->session.interrupted = arena_strdup(result->arena, err->text);
        result->comparison = compare_runs(result, output);
        result_warn(result, "interrupted: what follows is a part of the runs and no verdict");
        result->verdict.cause = result->verdict.primary = CAUSE_INCONCLUSIVE;
        result->verdict.summary = "Interrupted before the end: no verdict.";
        if (!show(result, output, &ignored))
            fail(&ignored);
    }
    return status;
}

/* A dozen replays a side: beyond this many instructions they would take longer than everything else, and `sweep` is there
 * for it. */
static const double sweep_most = 60e6;

/* Where place is suspected, the same code is tried in other places. Only interruption is a failure. */
static bool try_layouts(struct result *result, const struct options *options, struct progress *progress, struct err *err)
{
    const struct cost_profile *o = result->cost[SIDE_OLD], *n = result->cost[SIDE_NEW];
    if (!options->layouts || !o || !n || o->source != SOURCE_SIM || o->total.instructions + n->total.instructions > 2 * sweep_most)
        return true;
    enum cause cause = judge(result->arena, result, &options->output.judge).cause;
    if (cause != CAUSE_LAYOUT && cause != CAUSE_HINT && cause != CAUSE_MIXED)
        return true;
    struct layout_wanted wanted = { .layouts = options->layouts, .axes = AXES_ALL };
    struct err why = ERR_INIT;
    if (layout_effect(result, &wanted, progress, &why))
        return true;
    if (why.kind == ERR_INTERRUPTED) {
        *err = why;
        return false;
    }
    result_warn(result, "no other layouts were tried: %s", why.text);
    return true;
}

/* From runs to a verdict. */
static int conclude(struct result *result, const struct options *options, struct progress *progress)
{
    struct err err = ERR_INIT;
    result->comparison = compare_runs(result, &options->output);
    add_model_figures(result);
    bool modelled = result->cost[SIDE_OLD] && result->cost[SIDE_NEW];
    struct cost_profile *const *costs = modelled ? result->cost : result->sampled;
    facts_join(result->arena, result->delta, costs[SIDE_OLD], costs[SIDE_NEW]);
    facts_join_libraries(result->arena, result->delta, result->libraries, costs[SIDE_OLD], costs[SIDE_NEW]);
    bool whole = try_layouts(result, options, progress, &err);
    progress_end(progress);
    return whole ? finish(result, &options->output) : partial(result, &options->output, &err);
}

static const struct argp_child children[] = {
    { &argp_running, 0, "How to run:", 1 },
    { &argp_output, 0, "How to judge and show:", 2 },
    { 0 },
};

enum { OPT_LAYOUTS = 768, LAYOUTS_DEFAULT = 4 };

static const struct argp_option compare_options[] = {
    { "layouts", OPT_LAYOUTS, "N", 0,
      "Where place is suspected of a modelled slowdown, try both builds in N other layouts (default 4; 0: none)", 0 },
    { 0 },
};

static error_t parse_compare(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    char *end;
    if (key != OPT_LAYOUTS)
        return options_positional(key, arg, state);
    unsigned long n = strtoul(arg, &end, 10);
    if (end == arg || *end || n == 1 || n > 4096)
        argp_error(state, "--layouts takes 0 or a number from 2 to 4096, not '%s'", arg);
    o->layouts = (unsigned)n;
    return 0;
}

static const struct argp argp = {
    .options = compare_options,
    .parser = parse_compare,
    .args_doc = "OLD NEW [-- ARGS...]",
    .doc = "Runs two builds of a program, interleaved, and says whether NEW is slower and why: layout, hint, data or work."
           "\v`" PROGRAM " help` lists the other verbs and the exit statuses.",
    .children = children,
};

int verb_compare(int argc, char **argv)
{
    struct options o = options_new();
    o.positional_min = o.positional_max = 2;
    o.program_args = true;
    o.layouts = LAYOUTS_DEFAULT;
    o.missing = "two builds are needed: OLD NEW";
    options_parse(&o, &argp, argc, argv);
    if (!o.spec.runs) {
        o.spec.source = SOURCE_SIM;
        o.spec.source_auto = false;
    }

    struct err err = ERR_INIT;
    struct result *result = result_new();
    struct progress progress = progress_new(o.output.quiet);
    int status;
    o.spec.path[SIDE_OLD] = o.positional[0];
    o.spec.path[SIDE_NEW] = o.positional[1];
    result->spec = o.spec;
    result->has_machine = true;
    result->machine = machine_read(result->arena, o.spec.cpu);
    if (!measure(&o, result, &progress, &err)) {
        progress_end(&progress);
        status = err.kind == ERR_INTERRUPTED ? partial(result, &o.output, &err) : fail(&err);
    } else {
        status = conclude(result, &o, &progress);
    }
    interrupt_unwatch();
    result_free(result);
    options_free(&o);
    return status;
}
