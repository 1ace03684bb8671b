#include "core/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "base/save_file.h"
#include "core/json_codec.h"

#define TOOL "layout_tax_forensics"

static void walk_schema(struct codec *codec, void *item)
{
    (void)item;
    codec_remark(codec, "name", RESULT_SCHEMA);
    if (codec->saving)
        codec_int(codec, "version", &(int){ RESULT_SCHEMA_VERSION });
}

/* A side and, inside it, its ELF inventory where there is one. */
static void walk_one_side(struct codec *codec, struct result *result, int side)
{
    struct codec inner;
    if (!codec_enter(codec, side_name[side], &inner))
        return;
    struct side_info *info = &result->side[side];
    walk_side(&inner, info);
    struct inventory *elf =
        codec_optional(&inner, "elf", result->inventory[side], sizeof *elf, walk_inventory);
    codec_leave(&inner);
    if (codec->saving || !elf)
        return;
    elf->path = info->path;
    elf->build_id = info->build_id;
    elf->sha256 = info->sha256;
    elf->size = info->size;
    result->inventory[side] = elf;
}

static void walk_sides(struct codec *codec, struct result *result)
{
    struct codec inner;
    if (!codec_enter(codec, "sides", &inner))
        return;
    for (int side = 0; side < 2; side++)
        walk_one_side(&inner, result, side);
    codec_leave(&inner);
}

static void walk_metrics(struct codec *codec, struct comparison *comparison)
{
    struct figure *figures = codec_items(codec, "metrics", comparison->figures, &comparison->count,
                                         sizeof *figures, walk_figure);
    if (!codec->saving)
        comparison->figures = figures;
    /* Saving: NULL when there was no control; loading: a scratch struct whose control is copied. */
    struct comparison *control = codec->saving && !comparison->control.present ? NULL : comparison;
    struct comparison *loaded = codec_optional(codec, "control", control, sizeof *loaded, walk_control);
    if (!codec->saving && loaded) {
        comparison->control = loaded->control;
        comparison->control.present = true;
    }
}

static void walk_costs(struct codec *codec, const char *key, struct cost_profile *costs[2])
{
    struct codec inner;
    if (!codec_enter(codec, key, &inner))
        return;
    for (int side = 0; side < 2; side++) {
        struct cost_profile *cost = codec_optional(&inner, side_name[side], costs[side], sizeof *cost, walk_cost_profile);
        if (!codec->saving)
            costs[side] = cost;
    }
    codec_leave(&inner);
}

static void walk_judgement(struct codec *codec, struct result *result)
{
    struct verdict *verdict = &result->verdict;
    codec_object(codec, "verdict", verdict, walk_verdict);
    codec_object(codec, "attribution", &verdict->attribution, walk_attribution);
    walk_rules(codec, result);
    struct evidence *evidence = codec_items(codec, "evidence", verdict->evidence, &verdict->evidence_count,
                                            sizeof *evidence, walk_evidence);
    if (!codec->saving)
        verdict->evidence = evidence;
    codec_strings(codec, "advice", &verdict->advice, &verdict->advice_count);
    codec_strings(codec, "warnings", &result->warnings, &result->warning_count);
    if (!codec->saving)
        result->warning_room = result->warning_count;
}

static void walk_session(struct codec *codec, struct result *result)
{
    struct machine *machine = codec->saving && !result->has_machine ? NULL : &result->machine;
    machine = codec_optional(codec, "machine", machine, sizeof *machine, walk_machine);
    if (!codec->saving && machine) {
        result->machine = *machine;
        result->has_machine = true;
    }
    codec_object(codec, "spec", &result->spec, walk_spec);
    struct session *session = &result->session;
    struct run *runs = codec_items(codec, "runs", session->runs, &session->count, sizeof *runs, walk_run);
    if (!codec->saving) {
        session->runs = runs;
        session->room = session->count;
    }
}

/* The whole, in the order of the file: what a reader wants first comes first, the raw readings last. */
static void walk_result(struct codec *codec, struct result *result)
{
    codec_object(codec, "schema", NULL, walk_schema);
    codec_bool(codec, "complete", &result->session.complete);
    codec_string(codec, "interrupted", &result->session.interrupted);
    codec_string(codec, "output_note", &result->session.output_note);
    walk_judgement(codec, result);
    walk_sides(codec, result);
    walk_metrics(codec, &result->comparison);
    walk_slowdown(codec, result);
    walk_delta(codec, result);
    walk_libraries(codec, result);
    walk_layouts(codec, result);
    walk_real(codec, result);
    walk_costs(codec, "costs", result->cost);
    walk_costs(codec, "sampled", result->sampled);
    walk_session(codec, result);
}

bool result_save(const struct result *result, FILE *stream, const char *what, struct err *err)
{
    struct arena *scratch = arena_new();
    struct codec codec = { .saving = true, .node = json_object(), .arena = scratch, .err = err, .index = -1, .file = what };
    if (codec.node)
        walk_result(&codec, (struct result *)result); /* saving writes to nothing */
    else
        err_set(err, ERR_TOOL, "cannot build the JSON of the result: out of memory: free some");
    if (err->kind == ERR_NONE)
        json_print(codec.node, stream);
    json_decref(codec.node);
    arena_free(scratch);
    return err->kind == ERR_NONE && stream_flush(stream, what, err);
}

bool result_save_file(const struct result *result, const char *path, struct err *err)
{
    struct save_file file;
    if (!save_file_open(&file, path, err))
        return false;
    result_save(result, file.stream, path, err);
    return save_file_close(&file, err);
}

/* NULL with a sentence when it cannot be read or is no JSON. */
static json_t *parse(const char *path, struct err *err)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *stream = standard ? stdin : fopen(path, "r");
    if (!stream) {
        err_sys(err, ERR_TOOL, errno, "cannot open the saved result %s", path);
        return NULL;
    }
    struct stat st;
    json_error_t error = { .line = 0 };
    json_t *root = NULL;
    if (fstat(fileno(stream), &st) == 0 && S_ISDIR(st.st_mode))
        err_set(err, ERR_TOOL, "%s is a folder, not a saved result: name a file that " TOOL " --json wrote", path);
    else if (!(root = json_loadf(stream, JSON_REJECT_DUPLICATES, &error)))
        err_set(err, ERR_TOOL, "%s is not JSON (line %d: %s): it is cut or damaged, or no result: save the comparison again",
                path, error.line, error.text);
    if (!standard)
        fclose(stream);
    return root;
}

/* True if the schema's name and version are ours. */
static bool is_ours(const json_t *root, const char *path, struct err *err)
{
    const json_t *schema = json_object_get(root, "schema");
    const char *name = json_string_value(json_object_get(schema, "name"));
    const json_t *version = json_object_get(schema, "version");
    if (!name || strncmp(name, TOOL "/", strlen(TOOL "/")) != 0)
        return err_set(err, ERR_TOOL, "%s was not written by " TOOL " (its schema.name is missing or another's): "
                       "name a file that --json wrote", path);
    if (strcmp(name, RESULT_SCHEMA) != 0)
        return err_set(err, ERR_TOOL, "%s holds \"%.80s\", not a comparison (\"" RESULT_SCHEMA "\"): name a file that "
                       "--json wrote", path, name);
    if (!json_is_integer(version) || json_integer_value(version) != RESULT_SCHEMA_VERSION)
        return err_set(err, ERR_TOOL, "%s has version %lld of the schema and this program reads version %d: load it with the "
                       "program that wrote it, or save the comparison again", path,
                       (long long)json_integer_value(version), RESULT_SCHEMA_VERSION);
    return true;
}

struct result *result_load(const char *path, struct err *err)
{
    json_t *root = parse(path, err);
    if (!root)
        return NULL;
    struct result *result = result_new();
    result->spec = spec_default();
    struct codec codec = { .node = root, .arena = result->arena, .err = err, .index = -1, .file = path };
    if (is_ours(root, path, err))
        walk_result(&codec, result);
    json_decref(root);
    if (err->kind == ERR_NONE)
        return result;
    result_free(result);
    return NULL;
}
