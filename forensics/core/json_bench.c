/* JSON of the measuring scripts: loaded by the codec's readers, then held to what the statistics need. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/bench.h"
#include "core/json_codec.h"

double gain_percent(double log)
{
    return 100 * expm1(log);
}

/* The root of a file of that schema; the caller owns it. */
static json_t *open_root(const char *path, const char *schema, struct err *err)
{
    json_error_t error = { .line = 0 };
    FILE *stream = fopen(path, "r");
    if (!stream) {
        err_sys(err, ERR_TOOL, errno, "cannot open %s: name a file that the measuring scripts wrote", path);
        return NULL;
    }
    json_t *root = json_loadf(stream, JSON_REJECT_DUPLICATES, &error);
    fclose(stream);
    const char *found = json_string_value(json_object_get(root, "schema"));
    if (!root)
        err_set(err, ERR_TOOL, "%s is not JSON (line %d: %s): it is cut or damaged: measure again", path, error.line,
                error.text);
    else if (!found || strcmp(found, schema) != 0)
        err_set(err, ERR_TOOL, "%s holds \"%.60s\", not \"%s\": give the files in the order that --help names", path,
                found ? found : "(no schema)", schema);
    if (err->kind == ERR_NONE)
        return root;
    json_decref(root);
    return NULL;
}

static void walk_binary(struct codec *codec, void *item)
{
    struct bench_file *file = item;
    codec_string(codec, "path", &file->binary);
    codec_string(codec, "sha256", &file->sha256);
}

static void walk_bench_machine(struct codec *codec, void *item)
{
    struct bench_file *file = item;
    codec_string(codec, "cpu", &file->cpu);
    codec_string(codec, "kernel", &file->kernel);
}

static void walk_subject(struct codec *codec, void *item)
{
    struct bench_subject *subject = item;
    *subject = (struct bench_subject){ "", "", "", "" };
    codec_string(codec, "name", &subject->name);
    codec_string(codec, "program", &subject->program);
    codec_string(codec, "library", &subject->library);
    codec_string(codec, "sha256", &subject->sha256);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* {"NAME": "VALUE"} as one text, in order of name, so that equal knobs are equal texts. */
static const char *knobs_text(struct arena *arena, json_t *knobs)
{
    const char **pairs = NULL, *key, *text = "";
    size_t count = 0, room = 0;
    json_t *value;
    json_object_foreach(knobs, key, value)
        *ARENA_PUSH(arena, pairs, count, room) =
            arena_printf(arena, "%s=%s", key, json_is_string(value) ? json_string_value(value) : "?");
    if (count)
        qsort(pairs, count, sizeof *pairs, by_text);
    for (size_t i = 0; i < count; i++)
        text = arena_printf(arena, "%s%s%s", text, i ? " " : "", pairs[i]);
    return text;
}

static void walk_measured_run(struct codec *codec, void *item)
{
    struct bench_run *run = item;
    run->cost = NAN;
    codec_int(codec, "round", &run->round);
    codec_string(codec, "point", &run->point);
    codec_double(codec, "cpu_s", &run->cost);
    if (!codec_broken(codec) && !(isfinite(run->cost) && run->cost > 0))
        codec_fail(codec, "cpu_s", "is no time above 0: the program did not say its CPU time: measure with a build of "
                                   "bench/ and more ITERS");
}

static void walk_modelled_run(struct codec *codec, void *item)
{
    struct bench_run *run = item;
    run->cost = NAN;
    codec_int(codec, "round", &run->round);
    codec_string(codec, "point", &run->point);
    codec_double(codec, "cycles", &run->cost);
    if (!codec_broken(codec) && !(isfinite(run->cost) && run->cost > 0))
        codec_fail(codec, "cycles", "is no count above 0: the model gave no figure: model again");
}

/* What is not there stays "" or 0. */
static void walk_file(struct codec *codec, struct bench_file *file)
{
    codec_string(codec, "load", &file->load);
    codec_string(codec, "time", &file->time);
    codec_string(codec, "source", &file->source);
    codec_string(codec, "preload", &file->preload);
    codec_object(codec, "binary", file, walk_binary);
    codec_object(codec, "machine", file, walk_bench_machine);
    codec_string(codec, "commit", &file->commit);
    file->subjects = codec_items(codec, "subjects", NULL, &file->subject_count, sizeof *file->subjects, walk_subject);
    file->knobs = knobs_text(codec->arena, json_object_get(codec->node, "knobs"));
    codec_u64(codec, "iters", &file->iters);
    codec_u64(codec, "ws", &file->ws);
    codec_u64(codec, "seed", &file->seed);
    codec_u64(codec, "min", &file->min);
    codec_u64(codec, "max", &file->max);
    bool modelled = strcmp(file->source, "sim") == 0;
    if (!codec_broken(codec) && !modelled && strcmp(file->source, "clock") != 0)
        codec_fail(codec, "source", "is \"%.40s\", neither clock nor sim: measure again", file->source);
    file->runs = codec_items(codec, "runs", NULL, &file->run_count, sizeof *file->runs,
                             modelled ? walk_modelled_run : walk_measured_run);
    if (!codec_broken(codec) && file->run_count == 0)
        codec_fail(codec, "runs", "is missing or empty: measure again");
    if (!codec_broken(codec) && file->iters == 0)
        codec_fail(codec, "iters", "is missing or 0: measure again");
}

struct bench_file *bench_load(struct arena *arena, const char *path, const char *schema, struct err *err)
{
    json_t *root = open_root(path, schema, err);
    if (!root)
        return NULL;
    struct bench_file *file = arena_alloc(arena, sizeof *file);
    *file = (struct bench_file){ .file = arena_strdup(arena, path), .schema = schema, .load = "", .time = "",
                                 .source = "clock", .binary = "", .sha256 = "", .cpu = "", .kernel = "", .knobs = "",
                                 .preload = "", .commit = "" };
    struct codec codec = { .node = root, .arena = arena, .err = err, .index = -1, .file = path };
    walk_file(&codec, file);
    json_decref(root);
    return err->kind == ERR_NONE ? file : NULL;
}

static size_t point_index(const char *const *points, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (name && strcmp(points[i], name) == 0)
            return i;
    return count;
}

/* Names and number of rounds. */
static bool panel_shape(struct arena *arena, const struct bench_file *file, struct bench_panel *panel, bool given,
                        struct err *err)
{
    size_t room = 0;
    for (size_t i = 0; i < file->run_count; i++) {
        const struct bench_run *run = &file->runs[i];
        if (!run->point || run->round < 1 || (size_t)run->round > file->run_count)
            return err_set(err, ERR_TOOL, "%s: runs[%zu] has no point or no round: measure again", file->file, i);
        bool known = point_index(panel->points, panel->point_count, run->point) < panel->point_count;
        if (!known && given)
            return err_set(err, ERR_TOOL, "%s: runs[%zu] is of point '%.40s', which this panel does not have: "
                           "measure again", file->file, i, run->point);
        if (!known)
            *ARENA_PUSH(arena, panel->points, panel->point_count, room) = run->point;
        if ((size_t)run->round > panel->rounds)
            panel->rounds = (size_t)run->round;
    }
    size_t least = strcmp(file->source, "sim") == 0 ? 1 : 2;
    return panel->rounds >= least || err_set(err, ERR_TOOL, "%s has one round, and one round has no interval: measure "
                                             "with RUNS=10", file->file);
}

bool bench_panel(struct arena *arena, const struct bench_file *file, const char *const *points, size_t count,
                 struct bench_panel *panel, struct err *err)
{
    *panel = (struct bench_panel){ .points = (const char **)points, .point_count = count };
    if (!panel_shape(arena, file, panel, points != NULL, err))
        return false;
    panel->cost = arena_array(arena, panel->point_count, sizeof *panel->cost);
    for (size_t p = 0; p < panel->point_count; p++)
        panel->cost[p] = arena_array(arena, panel->rounds, sizeof **panel->cost);
    for (size_t i = 0; i < file->run_count; i++) {
        const struct bench_run *run = &file->runs[i];
        double *cost = &panel->cost[point_index(panel->points, panel->point_count, run->point)][run->round - 1];
        if (*cost != 0)
            return err_set(err, ERR_TOOL, "%s has point %s twice in round %d: measure again", file->file, run->point,
                           run->round);
        *cost = run->cost;
    }
    for (size_t p = 0; p < panel->point_count; p++)
        for (size_t r = 0; r < panel->rounds; r++)
            if (panel->cost[p][r] == 0)
                return err_set(err, ERR_TOOL, "%s lacks point %s in round %zu of %zu: a matrix cut short says nothing: "
                               "measure again", file->file, panel->points[p], r + 1, panel->rounds);
    return true;
}

const char *manifest_sha256(struct arena *arena, const char *path, struct err *err)
{
    struct bench_file file = { .binary = "", .sha256 = "" };
    json_t *root = open_root(path, BENCH_MANIFEST, err);
    if (!root)
        return NULL;
    struct codec codec = { .node = root, .arena = arena, .err = err, .index = -1, .file = path };
    codec_object(&codec, "binary", &file, walk_binary);
    json_decref(root);
    if (err->kind != ERR_NONE)
        return NULL;
    if (file.sha256 && strlen(file.sha256) == 64)
        return file.sha256;
    err_set(err, ERR_TOOL, "%s has no sha256 of the binary: pin the binary again", path);
    return NULL;
}
