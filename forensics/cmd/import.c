/* import: judge figures that perf stat recorded elsewhere. */
#include "cmd/finish.h"
#include "cmd/sides.h"
#include "cmd/verb.h"
#include "run/perf_file.h"

enum { OPT_OLD_ELF = 512, OPT_NEW_ELF };

static const struct argp_option import_options[] = {
    { "old-elf", OPT_OLD_ELF, "FILE", 0, "The binary that OLD.perf was recorded from: adds what changed between the two", 0 },
    { "new-elf", OPT_NEW_ELF, "FILE", 0, "The binary that NEW.perf was recorded from", 0 },
    { 0 },
};

static error_t parse_import(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case OPT_OLD_ELF: o->elf[SIDE_OLD] = arg; return 0;
    case OPT_NEW_ELF: o->elf[SIDE_NEW] = arg; return 0;
    case ARGP_KEY_END:
        if (!o->elf[SIDE_OLD] != !o->elf[SIDE_NEW])
            argp_error(state, "--old-elf and --new-elf go together: what changed needs both");
        break;
    default: break;
    }
    return options_positional(key, arg, state);
}

static const struct argp_child children[] = { { &argp_output, 0, "How to judge and show:", 2 }, { 0 } };

static const struct argp argp = {
    .options = import_options,
    .parser = parse_import,
    .args_doc = "OLD.perf NEW.perf",
    .doc = "Judges what `perf stat` printed: -x with any separator, -j, or the default output; of one run or many."
           "\vRecord with: " PERF_FILE_RECIPE,
    .children = children,
};

/* Reads both recordings and, where given, both binaries. */
static bool import(const struct options *o, struct result *result, struct err *err)
{
    struct perf_import import = { 0 };
    for (int side = 0; side < 2; side++) {
        if (!perf_file_read(result->arena, o->positional[side], (enum side)side, &result->session, &import, err))
            return false;
        result->side[side] = (struct side_info){ .path = o->positional[side] };
        result->spec.path[side] = o->positional[side];
    }
    result->session.complete = true;
    result->spec.source = SOURCE_FILE;
    result->spec.source_auto = false;
    if (import.averaged)
        result_warn(result, "some figures are means of `perf stat -r`: the spread between runs is lost, so no interval can be given");
    if (import.user_only)
        result_warn(result, "some events were counted in user mode only (:u): time spent in the kernel is not in them");
    for (size_t i = 0; i < import.left_out_count; i++)
        result_warn(result, "event '%s' has no row in the metric table and was left out", import.left_out[i]);
    struct progress progress = progress_new(o->output.quiet);
    return !o->elf[SIDE_OLD] || sides_read(result, o->elf, SIDES_READ, &progress, err);
}

int verb_import(int argc, char **argv)
{
    struct options o = options_new();
    struct err err = ERR_INIT;
    struct result *result = result_new();
    int status;
    o.positional_min = o.positional_max = 2;
    o.missing = "two recordings are needed: OLD.perf NEW.perf";
    options_parse(&o, &argp, argc, argv);
    if (!import(&o, result, &err)) {
        status = fail(&err);
    } else {
        result->comparison = compare_runs(result, &o.output);
        status = finish(result, &o.output);
    }
    result_free(result);
    options_free(&o);
    return status;
}
