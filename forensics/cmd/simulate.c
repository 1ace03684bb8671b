#include "cmd/simulate.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/modules.h"
#include "run/interrupt.h"
#include "sim/crew.h"
#include "sim/record.h"

enum { SUBSETS = 8 /* of the groups layout, hint, data made perfect; the first has none */ };
enum { RECORDER_PATIENCE = 100 /* times as long as a run by itself may take: the clock has shown that it ends */ };

/* What the recorder did not follow. */
struct unseen {
    unsigned children;
    bool replaced; /* the program became another one: the last word */
};

static void note_unseen(struct unseen *unseen, const struct stream_event *event)
{
    unseen->children += event->type == STREAM_EVENT_FORK;
    if (event->type == STREAM_EVENT_EXEC)
        unseen->replaced = event->syscall.number == 0;
}

static void say_unseen(struct result *result, int side, const struct unseen *unseen)
{
    if (unseen->children)
        result_warn(result, "%s started %u other process%s, whose work is not modelled (the clock counts it): give the program that does the work",
                    side_name[side], unseen->children, unseen->children == 1 ? "" : "es");
    if (unseen->replaced)
        result_warn(result, "%s became another program (execve), whose work is not modelled (the clock counts it): give that program",
                    side_name[side]);
}

/* Feeds the recording to the models and notes what is mapped and what was not followed. */
static bool consume(struct record *record, struct crew *crew, struct modules *modules, struct unseen *unseen, struct err *err)
{
    struct stream *stream = record_stream(record);
    struct stream_run run;
    struct stream_event event;
    enum stream_item item;
    while ((item = stream_next(stream, &run, &event, err)) > STREAM_DONE) {
        if (interrupt_signal())
            return err_set(err, ERR_INTERRUPTED, "interrupted while modelling");
        if (item == STREAM_RUN) {
            crew_run(crew, run.at, run.end);
            continue;
        }
        if (event.type == STREAM_EVENT_MAP)
            modules_map(modules, &event.map);
        note_unseen(unseen, &event);
        crew_event(crew, &event);
    }
    return item == STREAM_DONE;
}

/* Lines of "key=value" into the profile's recipe. */
static void keep_recipe(struct arena *arena, struct cost_profile *profile, const char *recipe)
{
    size_t room = 0;
    profile->recipe = NULL;
    profile->recipe_count = 0;
    while (*recipe) {
        size_t length = strcspn(recipe, "\n");
        *ARENA_PUSH(arena, profile->recipe, profile->recipe_count, room) = arena_strndup(arena, recipe, length);
        recipe += length + (recipe[length] == '\n');
    }
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* An interrupt ends a recording at once, not with the program. */
static bool wanted(void *context)
{
    (void)context;
    return !interrupt_signal();
}

struct record_spec recording_of(const struct spec *spec, int side, int stdin_fd)
{
    struct record_spec rec = RECORD_SPEC_INIT;
    rec.program = spec->path[side];
    rec.name = file_name(spec->path[SIDE_OLD]);
    rec.args = (const char *const *)spec->args;
    rec.env = (const char *const *)spec->env;
    rec.own_env = (const char *const *)spec->side_env[side];
    rec.stdin_fd = stdin_fd;
    rec.keep_on = wanted;
    rec.timeout = spec->timeout_s * (spec->runs ? RECORDER_PATIENCE : 1);
    return rec;
}

bool ended_well(const struct record_result *end, const char *program, struct err *err)
{
    if (end->signal)
        return err_set(err, ERR_TARGET, "'%s' was killed by signal %d under the recorder: run it by hand with the same arguments to see why, or leave the model out with --source clock",
                       program, end->signal);
    if (end->status)
        return err_set(err, ERR_TARGET, "'%s' ended with status %d under the recorder: run it by hand with the same arguments to see why, or leave the model out with --source clock",
                       program, end->status);
    return true;
}

/* The cost profile of the plain model, and if there are others what they say each group is worth. */
static struct cost_profile *costs_of(struct model *const models[SUBSETS], struct modules *modules, struct arena *arena)
{
    struct sim_names names = modules_names(modules);
    struct cost_profile *costs = model_costs(models[0], arena, &names);
    costs->processor = model_profile(models[0])->name;
    if (!models[1])
        return costs;
    struct knockout k = knockout_of(models);
    costs->has_groups = true;
    costs->group_cycles[SHARE_LAYOUT] = k.shapley[0];
    costs->group_cycles[SHARE_HINT] = k.shapley[1];
    costs->group_cycles[SHARE_DATA] = k.shapley[2];
    costs->group_cycles[SHARE_WORK] = k.cycles[SUBSETS - 1];
    return costs;
}

/* The file that every run reads; -1: none. */
static bool open_input(const char *path, int *fd, struct err *err)
{
    struct stat st;
    *fd = -1;
    if (!path)
        return true;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
        return err_set(err, ERR_USAGE, "stdin '%s' is not a regular file and cannot be fed again for every run: save it to a file", path);
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (*fd < 0)
        return err_sys(err, ERR_USAGE, errno, "cannot open '%s' for standard input", path);
    return !isatty(*fd) || err_set(err, ERR_USAGE, "stdin '%s' is a terminal and cannot be fed again for every run: save what is typed to a file", path);
}

/* What modelling one side told beside its costs. */
struct modelled {
    bool sampled;
    struct unseen unseen;
};

/* A side in detail or, behind a first stretch `stretches` times as long as usual, sampled. */
static bool simulate_side(struct result *result, const struct profile *profile, int side, unsigned stretches,
                          struct modelled *told, struct err *err)
{
    const struct spec *spec = &result->spec;
    struct modules modules = { .arena = result->arena, .program = result->inventory[side] };
    struct record_result end = { 0 };
    struct model *models[SUBSETS] = { NULL };
    struct crew *crew = NULL;
    struct model_sample sample = spec->sampling == SAMPLING_EARLY ? MODEL_SAMPLE : MODEL_SAMPLE_LONG;
    int input;
    sample.first_blocks *= stretches;
    *told = (struct modelled){ 0 };
    if (!open_input(spec->stdin_path, &input, err))
        return false;
    struct record_spec rec = recording_of(spec, side, input);
    struct record *record = record_start(&rec, result->arena, err);
    if (record && spec->knockout)
        knockout_create(profile, models);
    else if (record)
        models[0] = model_create(profile, 0);
    for (int i = 0; i < SUBSETS && models[i] && spec->sampling != SAMPLING_NEVER; i++)
        model_sample(models[i], &sample);
    if (record)
        crew = crew_new(models, spec->knockout ? SUBSETS : 1, err);
    struct err broken = ERR_INIT;
    bool done = crew && consume(record, crew, &modules, &told->unseen, &broken);
    if (done) {
        result->cost[side] = costs_of(models, &modules, result->arena);
        told->sampled = model_sampled(models[0]);
    }
    crew_free(crew);
    for (int i = 0; i < SUBSETS; i++)
        model_free(models[i]); /* before record_finish: they point into the stream's blocks */
    /* How the process ended says more than that the stream stopped. */
    if (record && !record_finish(record, &end, err))
        done = false;
    else if (crew && !done)
        *err = broken;
    if (input >= 0)
        close(input);
    if (done && !ended_well(&end, spec->path[side], err))
        done = false;
    if (done)
        keep_recipe(result->arena, result->cost[side], end.recipe);
    return done;
}

/* Both sides alike as far as it matters: where the shorter one is modelled in full, the other one is, too, up to twice the
 * first stretch. Beyond that they differ by far more than a sample's error. */
static bool simulate_sides(struct result *result, const struct profile *profile, struct progress *progress, struct err *err)
{
    struct modelled told[2];
    progress_step(progress, "modelling old", 0, 2, NAN);
    if (!simulate_side(result, profile, SIDE_OLD, 1, &told[SIDE_OLD], err))
        return false;
    progress_step(progress, "modelling new", 1, 2, NAN);
    if (!simulate_side(result, profile, SIDE_NEW, told[SIDE_OLD].sampled ? 1 : 2, &told[SIDE_NEW], err))
        return false;
    if (told[SIDE_OLD].sampled && !told[SIDE_NEW].sampled) {
        progress_step(progress, "modelling old in full", 1, 2, NAN);
        if (!simulate_side(result, profile, SIDE_OLD, 2, &told[SIDE_OLD], err))
            return false;
    }
    for (int side = 0; side < 2; side++) {
        if (told[side].sampled)
            result_warn(result, "the modelled cycles of %s are sampled, 1/8 in detail after its start (docs/MODEL.md has the error): --full models everything",
                        side_name[side]);
        say_unseen(result, side, &told[side].unseen);
    }
    return true;
}

bool simulate(struct result *result, bool required, struct progress *progress, struct err *err)
{
    struct err why = ERR_INIT;
    const struct profile *profile = profile_find(result->arena, result->spec.profile, err);
    if (!profile)
        return false;
    if (!simulate_sides(result, profile, progress, &why)) {
        progress_end(progress);
        result->cost[SIDE_OLD] = result->cost[SIDE_NEW] = NULL;
        if (required || why.kind == ERR_INTERRUPTED) {
            *err = why;
            return false;
        }
        result_warn(result, "no modelled figures: %s", why.text);
        result->spec.source = SOURCE_CLOCK;
        return true;
    }
    progress_end(progress);
    return true;
}

/* A model's cost as readings, so that the derived metrics come by the one table. */
static void readings_of(const struct cost_profile *profile, struct reading *readings)
{
    memset(readings, 0, METRIC_COUNT * sizeof *readings);
    for (int i = 0; i < METRIC_COUNT; i++)
        if (profile->total.counts[i] != 0)
            readings[i] = (struct reading){ READING_READ, SOURCE_SIM, profile->total.counts[i], 0, 0 };
    readings[M_INSTRUCTIONS] = (struct reading){ READING_READ, SOURCE_SIM, profile->total.instructions, 0, 0 };
    readings[M_CYCLES] = (struct reading){ READING_READ, SOURCE_SIM, cost_cycles(&profile->total), 0, 0 };
    metric_derive(readings);
}

void add_model_figures(struct result *result)
{
    struct reading old[METRIC_COUNT], new[METRIC_COUNT];
    if (!result->cost[SIDE_OLD] || !result->cost[SIDE_NEW] || result->cost[SIDE_OLD]->source != SOURCE_SIM)
        return;
    readings_of(result->cost[SIDE_OLD], old);
    readings_of(result->cost[SIDE_NEW], new);
    for (int i = 0; i < METRIC_COUNT; i++)
        if (old[i].state == READING_READ && new[i].state == READING_READ)
            comparison_add_exact(result->arena, &result->comparison, (enum metric)i, SOURCE_SIM, old[i].value, new[i].value);
    /* Without a clock (--runs 0) the modelled cycles are all there is to judge by. */
    struct comparison *c = &result->comparison;
    if (!c->time && (c->time = comparison_find(c, M_CYCLES)))
        c->slowdown = c->slowdown_lo = c->slowdown_hi = c->time->ratio;
}
