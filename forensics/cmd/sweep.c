/* sweep: both builds in many layouts, on the processor model. Is it the change, or where the change landed? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/finish.h"
#include "cmd/layout_effect.h"
#include "cmd/options.h"
#include "cmd/sides.h"
#include "cmd/verb.h"
#include "run/interrupt.h"
#include "stat/layouts.h"

enum { OPT_LAYOUTS = 512, OPT_AXES, OPT_APART };

enum { LAYOUTS = 16, LAYOUTS_MAX = 10000, PACKED = 4 };

/* The shared options stand first, so that a pointer to them is one to the whole. */
struct sweep_options {
    struct options shared;
    struct layout_wanted wanted;
};

static const struct argp_option own_options[] = {
    { "layouts", OPT_LAYOUTS, "N", 0, "Layouts to draw, the same for both sides (default 16)", 1 },
    { "axes", OPT_AXES, "LIST", 0, "What moves: text, data, heap, stack (default all)", 1 },
    { "apart", OPT_APART, "N", 0, "Layouts of each axis alone (default: half of --layouts; 0: none)", 1 },
    { 0 },
};

static unsigned count_of(struct argp_state *state, const char *option, const char *text, long least)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end || errno || value < least || value > LAYOUTS_MAX)
        argp_error(state, "--%s takes a whole number from %ld to %d, not '%s'", option, least, (int)LAYOUTS_MAX, text);
    return (unsigned)value;
}

static unsigned axes_of(struct argp_state *state, const char *list)
{
    unsigned axes = 0;
    for (const char *word = list; *word;) {
        size_t length = strcspn(word, ",");
        enum layout_axis axis;
        if (!layout_axis_by_name(word, length, &axis))
            argp_error(state, "--axes: '%.*s' is no axis: use text, data, heap or stack", (int)length, word);
        axes |= 1u << axis;
        word += length;
        word += *word == ',';
    }
    if (!axes)
        argp_error(state, "--axes names none: use text, data, heap or stack");
    return axes;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct sweep_options *o = state->input;
    switch (key) {
    case OPT_LAYOUTS: o->wanted.layouts = count_of(state, "layouts", arg, 2); return 0;
    case OPT_AXES: o->wanted.axes = axes_of(state, arg); return 0;
    case OPT_APART: o->wanted.apart = count_of(state, "apart", arg, 0); return 0;
    default: return options_positional(key, arg, state);
    }
}

static const struct argp_child children[] = {
    { &argp_running, 0, "How to run:", 2 },
    { &argp_output, 0, "How to judge and show:", 3 },
    { 0 },
};

static const struct argp argp = {
    .options = own_options,
    .parser = parse,
    .args_doc = "OLD NEW [-- ARGS...]",
    .doc = "Records one execution of OLD and of NEW and replays both on the processor model in many layouts, the same for both: "
           "says what the change of the code costs in any layout, and what only where things landed costs. Same seed, same table.",
    .children = children,
};

/* The answer as a verdict, so that reports, JSON and exit status speak one language. */
static void conclude(struct result *result)
{
    static const enum cause cause_of[LAYOUT_ANSWER_COUNT] = {
        [LAYOUT_NO_DIFFERENCE] = CAUSE_NONE, [LAYOUT_IS_LUCK] = CAUSE_LAYOUT, [LAYOUT_IS_DATA] = CAUSE_DATA, [LAYOUT_IS_CODE] = CAUSE_INCONCLUSIVE,
        [LAYOUT_IS_BOTH] = CAUSE_INCONCLUSIVE, [LAYOUT_UNDECIDED] = CAUSE_INCONCLUSIVE,
    };
    const struct layout_study *study = result->layouts;
    struct verdict *verdict = &result->verdict;
    bool slower = study->observed >= study->floor;
    verdict->cause = verdict->primary = !slower ? CAUSE_NONE : layouts_blame_work(study) ? CAUSE_WORK : cause_of[study->answer];
    verdict->regression = slower;
    verdict->summary = study->sentences[0];
}

int verb_sweep(int argc, char **argv)
{
    struct sweep_options o = { .shared = options_new(), .wanted = { .layouts = LAYOUTS, .apart = LAYOUTS_MAX + 1, .axes = AXES_ALL } };
    o.shared.positional_min = o.shared.positional_max = 2;
    o.shared.program_args = true;
    o.shared.missing = "two builds are needed: OLD NEW";
    options_parse(&o.shared, &argp, argc, argv);
    if (o.wanted.apart > LAYOUTS_MAX)
        o.wanted.apart = o.wanted.layouts / 2;
    o.wanted.packed = o.wanted.layouts < PACKED ? o.wanted.layouts : PACKED;
    o.wanted.floor = o.shared.output.judge.floor;

    struct err err = ERR_INIT;
    struct result *result = result_new();
    struct progress progress = progress_new(o.shared.output.quiet);
    int status;
    o.shared.spec.path[SIDE_OLD] = o.shared.positional[0];
    o.shared.spec.path[SIDE_NEW] = o.shared.positional[1];
    o.shared.spec.source = SOURCE_SIM;
    o.shared.spec.source_auto = false;
    result->spec = o.shared.spec;
    if (!sides_read(result, result->spec.path, SIDES_RUN, &progress, &err) || !layout_effect(result, &o.wanted, &progress, &err)) {
        status = fail(&err);
    } else {
        conclude(result);
        status = show(result, &o.shared.output, &err) ? exit_status(&result->verdict, o.shared.output.fail_on) : fail(&err);
    }
    interrupt_unwatch();
    result_free(result);
    options_free(&o.shared);
    return status;
}
