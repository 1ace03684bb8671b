/* sweep: both builds in many layouts, on the processor model. Is it the change, or where the change landed? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/save_file.h"
#include "cmd/bolt.h"
#include "cmd/conclude.h"
#include "cmd/finish.h"
#include "cmd/layout_effect.h"
#include "cmd/options.h"
#include "cmd/real.h"
#include "cmd/relink.h"
#include "cmd/sides.h"
#include "cmd/verb.h"
#include "report/remedy.h"
#include "run/interrupt.h"
#include "run/machine.h"

enum {
    OPT_LAYOUTS = 512,
    OPT_AXES,
    OPT_APART,
    OPT_REAL,
    OPT_RELINK,
    OPT_OLD_RELINK,
    OPT_NEW_RELINK,
    OPT_BOLT,
    OPT_RESUME,
    OPT_SHARD,
    OPT_REMEDY
};

enum { NOT_GIVEN = -1, LAYOUTS = 16, LAYOUTS_MAX = 10000, INNER = 4 /* of what lies inside objects */ };

/* The shared options stand first, so that a pointer to them is one to the whole. */
struct sweep_options {
    struct options shared;
    struct layout_wanted wanted;
    const char *remedy; /* file for it; NULL: none */
    bool real, bolt;
    struct real_wanted real_wanted;
};

static const struct argp_option own_options[] = {
    { "layouts", OPT_LAYOUTS, "N", 0,
      "Layouts to draw, the same for both sides (default 16; of real ones at most: 64, from 16 on until the interval "
      "is narrow)",
      1 },
    { "axes", OPT_AXES, "LIST", 0, "What moves: text, data, heap, stack (default all)", 1 },
    { "apart", OPT_APART, "N", 0, "Layouts of each axis alone (default: half of --layouts; 0: none)", 1 },
    { "remedy", OPT_REMEDY, "FILE", 0,
      "Where the layout costs, write the remedy that replay confirmed to FILE: an order for the linker, or a line to "
      "run or paste",
      1 },
    { "real", OPT_REAL, NULL, 0,
      "Run both builds in real layouts, too: stacks and heaps, and with --relink code and data (--source clock: "
      "without the model)",
      2 },
    { "relink", OPT_RELINK, "CMD", 0,
      "Command that links a side again, with {output}, {options} for the linker's options and {side} for old or new",
      2 },
    { "bolt", OPT_BOLT, NULL, 0,
      "Let llvm-bolt write both sides in other orders and with other room between functions, without their objects: they "
      "must be linked with -Wl,--emit-relocs",
      2 },
    { "old-relink", OPT_OLD_RELINK, "CMD", 0, "The same for old alone", 2 },
    { "new-relink", OPT_NEW_RELINK, "CMD", 0, "The same for new alone", 2 },
    { "shard", OPT_SHARD, "I/N", 0,
      "Run the I-th of N parts of the layouts, on one machine of several; `merge` puts their --json files together",
      3 },
    { "resume", OPT_RESUME, "FILE", 0,
      "Keep the runs of --real in FILE after every round, and go on from there when it exists", 2 },
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

static const char *link_command(struct argp_state *state, const char *command)
{
    struct err err = ERR_INIT;
    if (!relink_check(command, &err))
        argp_error(state, "%s", err.text);
    return command;
}

static void set_shard(struct argp_state *state, struct sweep_options *o, const char *text)
{
    unsigned shard, shards;
    int length = 0;
    if (sscanf(text, "%4u/%4u%n", &shard, &shards, &length) != 2 || text[length] || shard < 1 || shard > shards)
        argp_error(state, "--shard takes a part and the number of parts, e.g. 2/8, not '%s'", text);
    o->wanted.shard = o->real_wanted.shard = shard;
    o->wanted.shards = o->real_wanted.shards = shards;
    o->wanted.remedies = shard == 1; /* it has the functions that carry the tax */
}

static void check_real(struct argp_state *state, const struct sweep_options *o)
{
    const struct real_wanted *real = &o->real_wanted;
    if (!o->real && (real->relink[SIDE_OLD] || real->relink[SIDE_NEW] || real->state))
        argp_error(state, "--relink and --resume are for real layouts: give --real, too");
    if (o->bolt && !o->real)
        argp_error(state, "--bolt is for real layouts: give --real, too");
    if (o->bolt && (real->relink[SIDE_OLD] || real->relink[SIDE_NEW]))
        argp_error(state, "--bolt and --relink are two ways to move code: give one of them");
    if (!real->relink[SIDE_OLD] != !real->relink[SIDE_NEW])
        argp_error(state,
                   "both sides must be linked again: give --relink with {side}, or --old-relink and --new-relink");
    if (o->real && o->shared.spec.runs == 0)
        argp_error(state, "--real needs rounds: give --runs 1 or more, or leave --real out for the model alone");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct sweep_options *o = state->input;
    switch (key) {
    case OPT_LAYOUTS: o->wanted.layouts = o->real_wanted.layouts = count_of(state, "layouts", arg, 2); return 0;
    case OPT_AXES: o->wanted.axes = axes_of(state, arg); return 0;
    case OPT_APART: o->wanted.apart = count_of(state, "apart", arg, 0); return 0;
    case OPT_REAL: o->real = true; return 0;
    case OPT_RELINK:
        o->real_wanted.relink[SIDE_OLD] = o->real_wanted.relink[SIDE_NEW] = link_command(state, arg);
        return 0;
    case OPT_BOLT: o->bolt = true; return 0;
    case OPT_OLD_RELINK: o->real_wanted.relink[SIDE_OLD] = link_command(state, arg); return 0;
    case OPT_NEW_RELINK: o->real_wanted.relink[SIDE_NEW] = link_command(state, arg); return 0;
    case OPT_SHARD: set_shard(state, o, arg); return 0;
    case OPT_REMEDY: o->remedy = arg; return 0;
    case OPT_RESUME: o->real_wanted.state = arg; return 0;
    case ARGP_KEY_END: check_real(state, o); return options_positional(key, arg, state);
    default: return options_positional(key, arg, state);
    }
}

/* --profile A,B,...: the first is the verdict's, the others are replayed from the same recordings. */
static void split_profiles(struct sweep_options *o)
{
    struct arena *arena = o->shared.arena;
    char *names = arena_strdup(arena, o->shared.spec.profile), *rest = names;
    const char **elsewhere = arena_array(arena, strlen(names) + 1, sizeof *elsewhere);
    o->shared.spec.profile = strsep(&rest, ",");
    while (rest)
        elsewhere[o->wanted.elsewhere_count++] = strsep(&rest, ",");
    o->wanted.elsewhere = elsewhere;
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
    .doc = "Records one execution of OLD and of NEW and replays both on the processor model in many layouts, the same "
           "for both: "
           "says what the change of the code costs in any layout, and what only where things landed costs. Same seed, "
           "same table.",
    .children = children,
};

static bool write_remedy(struct result *result, const char *path, struct err *err)
{
    const struct layout_remedy *remedy = result->layouts ? result->layouts->remedy : NULL;
    struct save_file file;
    if (!path)
        return true;
    if (!remedy) {
        result_warn(result, "%s was not written: no remedy was confirmed", path);
        return true;
    }
    if (!save_file_open(&file, path, err))
        return false;
    fputs(remedy_file(result->arena, remedy), file.stream);
    return save_file_close(&file, err);
}

/* The model's answer first, as it takes less time; with --source clock or perf it is left out. */
static bool answer(struct result *result, struct sweep_options *o, struct progress *progress, struct err *err)
{
    bool model = !o->real || o->shared.spec.source_auto || o->shared.spec.source == SOURCE_SIM;
    struct err why = ERR_INIT;
    if (!sides_read(result, result->spec.path, SIDES_RUN, progress, err))
        return false;
    if (model && !layout_effect(result, &o->wanted, progress, &why)) {
        if (!o->real || why.kind == ERR_INTERRUPTED) {
            *err = why;
            return false;
        }
        result_warn(result, "no modelled layouts: %s", why.text);
    }
    if (!o->real)
        return true;
    result->session.complete = real_measure(result, &o->real_wanted, progress, err);
    return result->session.complete;
}

int verb_sweep(int argc, char **argv)
{
    struct sweep_options o = {
        .shared = options_new(),
        .wanted = { .remedies = true, .layouts = LAYOUTS, .apart = LAYOUTS_MAX + 1, .axes = AXES_ALL },
        .real_wanted = { .layouts = REAL_LAYOUTS, .first = REAL_FIRST, .shard = 1, .shards = 1 }
    };
    o.shared.positional_min = o.shared.positional_max = 2;
    o.shared.program_args = true;
    o.shared.missing = "two builds are needed: OLD NEW";
    const int rounds = o.shared.spec.runs;
    o.shared.spec.runs = NOT_GIVEN;
    options_parse(&o.shared, &argp, argc, argv);
    if (o.shared.spec.runs == NOT_GIVEN)
        o.shared.spec.runs = o.real ? REAL_ROUNDS : rounds;
    if (o.wanted.apart > LAYOUTS_MAX)
        o.wanted.apart = o.wanted.layouts / 2;
    o.wanted.packed = o.wanted.layouts < INNER ? o.wanted.layouts : INNER;
    o.wanted.inside = o.wanted.layouts < LAYOUTS ? INNER / 2 : INNER;
    o.wanted.huge_pages = true;
    if (o.shared.spec.profile)
        split_profiles(&o);
    o.wanted.floor = o.real_wanted.floor = o.shared.output.judge.floor;
    o.real_wanted.axes = o.wanted.axes;

    struct err err = ERR_INIT;
    struct result *result = result_new();
    struct progress progress = progress_new(o.shared.output.quiet);
    int status;
    o.shared.spec.path[SIDE_OLD] = o.shared.positional[0];
    o.shared.spec.path[SIDE_NEW] = o.shared.positional[1];
    for (int side = 0; o.bolt && side < 2; side++)
        o.real_wanted.relink[side] = bolt_command(o.shared.arena, o.shared.spec.path[side], &err);
    if (!o.real) {
        o.shared.spec.source = SOURCE_SIM;
        o.shared.spec.source_auto = false;
    }
    result->spec = o.shared.spec;
    if (o.real) {
        result->has_machine = true;
        result->machine = machine_read(result->arena, o.shared.spec.cpu);
    }
    if (err.kind != ERR_NONE || !answer(result, &o, &progress, &err) || !write_remedy(result, o.remedy, &err)) {
        status = fail(&err);
    } else {
        conclude_layouts(result);
        status =
            show(result, &o.shared.output, &err) ? exit_status(&result->verdict, o.shared.output.fail_on) : fail(&err);
    }
    interrupt_unwatch();
    result_free(result);
    options_free(&o.shared);
    return status;
}
