#include "cmd/options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/verb.h"
#include "report/report.h"

enum {
    OPT_RUNS = 256, OPT_WARMUP, OPT_CPU, OPT_ENV, OPT_OLD_ENV, OPT_NEW_ENV, OPT_INHERIT_ENV, OPT_ASLR, OPT_NO_CONTROL, OPT_TIMEOUT, OPT_STDIN,
    OPT_SAME_OUTPUT, OPT_IGNORE_LINES, OPT_METRIC, OPT_LOWER, OPT_EVENTS, OPT_SOURCE, OPT_PROFILE, OPT_KNOCKOUT, OPT_SAMPLE, OPT_FULL, OPT_SEED, OPT_SCRIPT, OPT_LOCATE,
    OPT_THRESHOLD, OPT_FAIL_ON,
};

struct options options_new(void)
{
    struct arena *arena = arena_new();
    return (struct options){
        .arena = arena,
        .spec = spec_default(),
        .output = { .judge = judge_options_default(), .format = "text", .color = "auto" },
    };
}

void options_free(struct options *options)
{
    arena_free(options->arena);
}

/* A number of the command line within [min, max]; argp_error otherwise. */
static double number(struct argp_state *state, const char *option, const char *text, double min, double max)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end || errno || !(value >= min && value <= max))
        argp_error(state, "--%s takes a number from %g to %g, not '%s'", option, min, max, text);
    return value;
}

static int integer(struct argp_state *state, const char *option, const char *text, int min, int max)
{
    double value = number(state, option, text, min, max);
    if (value != floor(value))
        argp_error(state, "--%s takes a whole number, not '%s'", option, text);
    return (int)value;
}

static void push(struct arena *arena, char *const **list, size_t *count, size_t *room, char *text)
{
    char **items = (char **)*list;
    *ARENA_PUSH(arena, items, *count, *room) = text;
    *ARENA_PUSH(arena, items, *count, *room) = NULL;
    --*count;
    *list = items;
}

/* NAME=VALUE of the command line; argp_error otherwise. */
static char *pair(struct argp_state *state, const char *option, char *text)
{
    if (!strchr(text, '=') || *text == '=')
        argp_error(state, "--%s takes NAME=VALUE, not '%s'", option, text);
    return text;
}

static void set_source(struct argp_state *state, struct spec *spec, const char *name)
{
    static const enum source choice[] = { SOURCE_PERF, SOURCE_SIM, SOURCE_CLOCK };
    spec->source_auto = strcmp(name, "auto") == 0;
    if (spec->source_auto)
        return;
    for (size_t i = 0; i < sizeof choice / sizeof *choice; i++)
        if (strcmp(name, source_name[choice[i]]) == 0) {
            spec->source = choice[i];
            return;
        }
    argp_error(state, "--source takes auto, perf, sim or clock, not '%s'", name);
}

static const struct argp_option running_options[] = {
    { "runs", OPT_RUNS, "N", 0, "Rounds that count: each runs every side once, in balanced random order (default 10; 0: the processor model alone)", 1 },
    { "warmup", OPT_WARMUP, "N", 0, "Rounds thrown away first (default 1)", 1 },
    { "cpu", OPT_CPU, "N|none", 0, "Core to pin to (default: the least busy one)", 1 },
    { "timeout", OPT_TIMEOUT, "SECONDS", 0, "Kill a run that takes longer (default 300; 0: never)", 1 },
    { "no-control", OPT_NO_CONTROL, NULL, 0, "Skip the A/A control series (the floor is then 1 %)", 1 },
    { "seed", OPT_SEED, "N", 0, "Seed of the order and the resampling (default 1)", 1 },
    { "env", OPT_ENV, "K=V", 0, "Add a variable to the clean environment (repeatable)", 2 },
    { "old-env", OPT_OLD_ENV, "K=V", 0, "The same for old and its control alone; give new the same names, so that both have equal room", 2 },
    { "new-env", OPT_NEW_ENV, "K=V", 0, "The same for new alone", 2 },
    { "inherit-env", OPT_INHERIT_ENV, NULL, 0, "Run with this shell's environment instead of the clean one", 2 },
    { "aslr", OPT_ASLR, NULL, 0, "Leave address randomisation on", 2 },
    { "stdin", OPT_STDIN, "FILE", 0, "Standard input of every run (default: empty)", 2 },
    { "same-output", OPT_SAME_OUTPUT, NULL, 0, "Fail with status 8 when old and new print different results", 3 },
    { "ignore-lines", OPT_IGNORE_LINES, "REGEX", 0, "Lines of stdout that may differ", 3 },
    { "metric", OPT_METRIC, "REGEX", 0, "Throughput figure of stdout: the first group, e.g. 'Throughput = ([0-9.]+)'", 3 },
    { "lower-is-better", OPT_LOWER, NULL, 0, "That figure is a cost", 3 },
    { "source", OPT_SOURCE, "auto|perf|sim|clock", 0,
      "Where the explaining figures come from (default auto: perf if its events open, else the processor model, else the clock alone)", 4 },
    { "events", OPT_EVENTS, "LIST", 0, "Metrics or events instead of the standard set: names of `metrics`, of libpfm4, or METRIC=EVENT", 4 },
    { "profile", OPT_PROFILE, "NAME|native|FILE", 0, "Processor of the model (see `profiles`); for sweep also several, NAME,NAME", 4 },
    { "locate", OPT_LOCATE, NULL, 0,
      "Measure time by function: three more runs of each side under the kernel's sampler, by hardware counters or the CPU clock", 4 },
    { "knockout", OPT_KNOCKOUT, NULL, 0, "Attribute by knock-out: model each side eight times, with groups of components perfect", 4 },
    { "sample", OPT_SAMPLE, NULL, 0, "Model an eighth in detail after the first 20 million instructions, not after 150 million", 4 },
    { "full", OPT_FULL, NULL, 0, "Model everything in detail, however long it runs", 4 },
    { "script", OPT_SCRIPT, "FILE", 0, "Readings from FILE instead of runs: for trying out judge and reports (docs/sources.md)", 4 },
    { 0 },
};

static error_t parse_running(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    struct spec *spec = &o->spec;
    switch (key) {
    case OPT_RUNS: spec->runs = integer(state, "runs", arg, 0, 100000); break;
    case OPT_WARMUP: spec->warmup = integer(state, "warmup", arg, 0, 1000); break;
    case OPT_CPU: spec->cpu = strcmp(arg, "none") == 0 ? -2 : integer(state, "cpu", arg, 0, 1 << 20); break;
    case OPT_TIMEOUT: spec->timeout_s = number(state, "timeout", arg, 0, 1e6); break;
    case OPT_NO_CONTROL: spec->control = false; break;
    case OPT_SEED: spec->seed = (uint64_t)number(state, "seed", arg, 0, 0x1p53); break;
    case OPT_ENV:
        push(o->arena, &spec->env, &spec->env_count, &o->env_room, pair(state, "env", arg));
        break;
    case OPT_OLD_ENV:
    case OPT_NEW_ENV: {
        int side = key == OPT_NEW_ENV ? SIDE_NEW : SIDE_OLD;
        push(o->arena, &spec->side_env[side], &spec->side_env_count[side], &o->side_env_room[side],
             pair(state, side == SIDE_NEW ? "new-env" : "old-env", arg));
        break;
    }
    case OPT_INHERIT_ENV: spec->keep_env = true; break;
    case OPT_ASLR: spec->aslr = true; break;
    case OPT_STDIN: spec->stdin_path = arg; break;
    case OPT_SAME_OUTPUT: spec->same_output = true; break;
    case OPT_IGNORE_LINES: spec->ignore_lines = arg; break;
    case OPT_METRIC: spec->throughput = arg; break;
    case OPT_LOWER: spec->lower_is_better = true; break;
    case OPT_EVENTS: spec->events = arg; break;
    case OPT_SOURCE: set_source(state, spec, arg); break;
    case OPT_PROFILE: spec->profile = arg; break;
    case OPT_KNOCKOUT: spec->knockout = true; break;
    case OPT_SAMPLE: spec->sampling = SAMPLING_EARLY; break;
    case OPT_FULL: spec->sampling = SAMPLING_NEVER; break;
    case OPT_LOCATE: o->locate = true; break;
    case OPT_SCRIPT: o->script = arg; break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp argp_running = { .options = running_options, .parser = parse_running };

#define RESULT_FORMATS "text, markdown, html or json"

static const struct argp_option output_options[] = {
    SHOW_OPTIONS("Write the whole result as JSON ('-': to stdout, instead of the report)", RESULT_FORMATS, "One line: the verdict"),
    { "verbose", 'v', NULL, 0, "Every row and every fact", 10 },
    { "threshold", OPT_THRESHOLD, "NAME=PERCENT", 0,
      "Move a threshold: ipc, branch-miss, cache-miss, dtlb-miss, instructions, floor, mixed (see `rules`)", 11 },
    { "fail-on", OPT_FAIL_ON, "LIST", 0,
      "Fold the exit status of a verdict: 1 for a cause in LIST (or 'regression': any), else 0", 11 },
    { 0 },
};

static void set_threshold(struct argp_state *state, struct judge_options *judge, const char *text)
{
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    if (!length)
        argp_error(state, "--threshold takes NAME=PERCENT, e.g. ipc=3, not '%s'", text);
    double percent = number(state, "threshold", equals + 1, 0, 1000);
    if (length == 5 && strncmp(text, "floor", 5) == 0) {
        judge->floor = percent / 100;
        return;
    }
    if (length == 5 && strncmp(text, "mixed", 5) == 0) {
        judge->mixed = percent / 100;
        return;
    }
    for (int i = 0; i < RULE_COUNT; i++)
        if (strlen(rule_table[i].id) == length && strncmp(rule_table[i].id, text, length) == 0) {
            judge->threshold[i] = percent;
            return;
        }
    argp_error(state, "no threshold is called '%.*s': run `" PROGRAM " rules` for the names", (int)length, text);
}

error_t parse_show_option(int key, char *arg, struct argp_state *state, const char *formats,
                          struct output_options *output)
{
    enum report_format format;
    switch (key) {
    case OPT_JSON: output->json_path = arg; break;
    case OPT_FORMAT:
        if (!report_format_by_name(arg, &format) || !strstr(formats, arg))
            argp_error(state, "--format takes %s, not '%s'", formats, arg);
        output->format = arg;
        break;
    case 'o': output->report_path = arg; break;
    case OPT_COLOR:
        if (strcmp(arg, "auto") && strcmp(arg, "always") && strcmp(arg, "never"))
            argp_error(state, "--color takes auto, always or never, not '%s'", arg);
        output->color = arg;
        break;
    case 'q': output->quiet = true; break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static error_t parse_output(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    struct output_options *output = &o->output;
    struct err err = ERR_INIT;
    unsigned causes;
    switch (key) {
    case 'v': output->verbose = true; break;
    case OPT_THRESHOLD: set_threshold(state, &output->judge, arg); break;
    case OPT_FAIL_ON:
        if (!fail_on_parse(arg, &causes, &err))
            argp_error(state, "%s", err.text);
        output->fail_on = arg;
        break;
    default: return parse_show_option(key, arg, state, RESULT_FORMATS, output);
    }
    return 0;
}

const struct argp argp_output = { .options = output_options, .parser = parse_output };

bool fail_on_parse(const char *list, unsigned *causes, struct err *err)
{
    *causes = 0;
    for (const char *word = list; *word;) {
        size_t length = strcspn(word, ",");
        char name[32] = "";
        enum cause cause;
        if (length < sizeof name)
            memcpy(name, word, length);
        if (strcmp(name, "regression") == 0)
            *causes |= 1u << CAUSE_COUNT;
        else if (cause_by_name(name, &cause))
            *causes |= 1u << cause;
        else
            return err_set(err, ERR_USAGE, "--fail-on: '%.*s' is no cause: use work, layout, hint, data, mixed, none, "
                                           "inconclusive, unreliable or regression", (int)length, word);
        word += length;
        word += *word == ',';
    }
    return true;
}

error_t options_positional(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        for (int i = 0; state->root_argp->children && state->root_argp->children[i].argp; i++)
            state->child_inputs[i] = o;
        return 0;
    case ARGP_KEY_ARG:
        /* getopt moves `--` in front of the names, so what comes behind the two names is the programs'. */
        if (o->program_args && state->quoted && o->positional_count == o->positional_max) {
            push(o->arena, &o->spec.args, &o->spec.arg_count, &o->arg_room, arg);
            return 0;
        }
        if (o->positional_count >= o->positional_max) {
            if (o->program_args)
                argp_error(state, "'%s' is one name too many: arguments of the programs follow `--`", arg);
            argp_error(state, "'%s' is one name too many", arg);
        }
        o->positional[o->positional_count++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (o->positional_count < o->positional_min)
            argp_error(state, "%s", o->missing);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void options_parse(struct options *options, const struct argp *argp, int argc, char **argv)
{
    argp_err_exit_status = EXIT_TOOL;
    argp_parse(argp, argc, argv, 0, NULL, options);
}
