/* JSON of what was asked for and what was read: machine, spec, sides, runs. */
#include "core/json_codec.h"
#include "core/sample.h"

void walk_machine(struct codec *codec, void *item)
{
    struct machine *machine = item;
    codec_string(codec, "cpu_model", &machine->cpu_model);
    codec_string(codec, "vendor", &machine->vendor);
    codec_int(codec, "family", &machine->family);
    codec_int(codec, "model", &machine->model);
    codec_int(codec, "stepping", &machine->stepping);
    codec_int(codec, "cores", &machine->cores);
    codec_string(codec, "kernel", &machine->kernel);
    codec_string(codec, "hypervisor", &machine->hypervisor);
    codec_string(codec, "governor", &machine->governor);
    codec_int(codec, "perf_event_paranoid", &machine->perf_event_paranoid);
    codec_bool(codec, "aslr", &machine->aslr);
    codec_u64(codec, "memory_bytes", &machine->memory_bytes);
    codec_string(codec, "thp", &machine->thp);
}

/* A NULL-terminated argument list: null when there is none, which is not the same as an empty one. */
static void walk_arguments(struct codec *codec, const char *key, char *const **list, size_t *count)
{
    if (codec->saving && !*list) {
        codec_remark(codec, key, NULL);
        return;
    }
    if (!codec->saving && json_is_null(json_object_get(codec->node, key)))
        return;
    const char **words = (const char **)*list;
    codec_strings(codec, key, &words, count);
    if (!codec->saving)
        *list = (char *const *)words;
}

/* The same, but a file without the list lacks the key: most have none. */
static void walk_own_arguments(struct codec *codec, const char *key, char *const **list, size_t *count)
{
    if (!codec->saving || *list)
        walk_arguments(codec, key, list, count);
}

void walk_spec(struct codec *codec, void *item)
{
    struct spec *spec = item;
    codec_string(codec, "old", &spec->path[0]);
    codec_string(codec, "new", &spec->path[1]);
    walk_arguments(codec, "args", &spec->args, &spec->arg_count);
    codec_int(codec, "runs", &spec->runs);
    codec_int(codec, "warmup", &spec->warmup);
    codec_int(codec, "cpu", &spec->cpu);
    codec_bool(codec, "aslr", &spec->aslr);
    codec_bool(codec, "control", &spec->control);
    codec_double(codec, "timeout_s", &spec->timeout_s);
    codec_string(codec, "stdin", &spec->stdin_path);
    walk_arguments(codec, "env", &spec->env, &spec->env_count);
    walk_own_arguments(codec, "old_env", &spec->side_env[SIDE_OLD], &spec->side_env_count[SIDE_OLD]);
    walk_own_arguments(codec, "new_env", &spec->side_env[SIDE_NEW], &spec->side_env_count[SIDE_NEW]);
    codec_bool(codec, "inherit_env", &spec->keep_env);
    codec_bool(codec, "same_output", &spec->same_output);
    codec_string(codec, "ignore_lines", &spec->ignore_lines);
    codec_string(codec, "throughput", &spec->throughput);
    codec_bool(codec, "lower_is_better", &spec->lower_is_better);
    codec_bool(codec, "knockout", &spec->knockout);
    CODEC_ENUM(codec, "sampling", spec->sampling, word_sampling);
    codec_string(codec, "events", &spec->events);
    CODEC_ENUM(codec, "source", spec->source, word_source);
    codec_bool(codec, "source_auto", &spec->source_auto);
    codec_string(codec, "profile", &spec->profile);
    codec_u64(codec, "seed", &spec->seed);
}

void walk_side(struct codec *codec, void *item)
{
    struct side_info *side = item;
    codec_string(codec, "path", &side->path);
    codec_string(codec, "build_id", &side->build_id);
    codec_string(codec, "sha256", &side->sha256);
    codec_u64(codec, "size", &side->size);
}

static void save_reading(struct codec *codec, const char *key, struct reading *reading)
{
    struct codec inner;
    if (!codec_enter(codec, key, &inner))
        return;
    CODEC_ENUM(&inner, "source", reading->source, word_source);
    if (reading->state != READING_READ)
        CODEC_ENUM(&inner, "state", reading->state, word_state);
    else
        codec_double(&inner, "value", &reading->value);
    if (reading->enabled_ns || reading->running_ns) {
        codec_u64(&inner, "enabled_ns", &reading->enabled_ns);
        codec_u64(&inner, "running_ns", &reading->running_ns);
    }
    codec_leave(&inner);
}

static void load_reading(struct codec *codec, const char *key, struct reading *reading)
{
    struct codec inner;
    if (!codec_enter(codec, key, &inner))
        return;
    reading->state = READING_READ;
    CODEC_ENUM(&inner, "source", reading->source, word_source);
    CODEC_ENUM(&inner, "state", reading->state, word_state);
    codec_double(&inner, "value", &reading->value);
    codec_u64(&inner, "enabled_ns", &reading->enabled_ns);
    codec_u64(&inner, "running_ns", &reading->running_ns);
}

/* Readings by metric; what was not asked for is left out. */
static void walk_readings(struct codec *codec, struct reading *readings)
{
    struct codec inner;
    if (!codec_enter(codec, "readings", &inner))
        return;
    for (int m = 0; m < METRIC_COUNT; m++) {
        const char *key = metric_table[m].name;
        if (!codec->saving)
            load_reading(&inner, key, &readings[m]);
        else if (readings[m].state != READING_NOT_ASKED)
            save_reading(&inner, key, &readings[m]);
    }
    codec_leave(&inner);
}

void walk_run(struct codec *codec, void *item)
{
    struct run *run = item;
    CODEC_ENUM(codec, "side", run->side, word_side);
    codec_int(codec, "round", &run->round);
    codec_int(codec, "position", &run->position);
    CODEC_ENUM(codec, "outcome", run->outcome, word_outcome);
    codec_int(codec, "status", &run->status);
    walk_readings(codec, run->readings);
}
