/* merge: the shards of one sweep, run on several machines of one kind, as one result. */
#include <stdlib.h>
#include <string.h>

#include "base/keep.h"
#include "cmd/conclude.h"
#include "cmd/finish.h"
#include "cmd/join.h"
#include "cmd/options.h"
#include "cmd/verb.h"
#include "core/json.h"

/* The shared options stand first, so that a pointer to them is one to the whole. */
struct merge_options {
    struct options shared;
    const char **files;
    size_t count, room;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct merge_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = o; return 0;
    case ARGP_KEY_ARG: *ARENA_PUSH(o->shared.arena, o->files, o->count, o->room) = arg; return 0;
    case ARGP_KEY_END:
        if (!o->count)
            argp_error(state, "results are needed: the files that `" PROGRAM " sweep --shard I/N --json FILE` wrote");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {
    { &argp_output, 0, "How to judge and show:", 1 },
    { 0 },
};

static const struct argp argp = {
    .parser = parse,
    .args_doc = "SHARD.json...",
    .doc = "Puts the results of `sweep --shard I/N` together: the same table and verdict as if one machine had run all "
           "of them. They must be of "
           "the same files, arguments, seed and options, and real ones from machines of one kind.",
    .children = children,
};

static struct result *load(const char *path, struct err *err)
{
    struct result *result = result_load(path, err);
    if (result && !result->layouts && !result->real)
        err_set(err, ERR_TOOL, "%s holds no layouts: name a file that `sweep --shard I/N --json FILE` wrote", path);
    else if (result && result->real && !result->session.complete)
        err_set(err, ERR_TOOL, "%s was cut short: run the same command again with --resume to end it", path);
    else if (result && join_shard(result) > join_shards(result))
        err_set(err, ERR_TOOL, "%s is damaged: there is no shard %u of %u: run it again", path, join_shard(result),
                join_shards(result));
    if (err->kind == ERR_NONE)
        return result;
    result_free(result);
    return NULL;
}

/* Joins file `path` to *whole, or begins it. */
static bool add(struct result **whole, bool **seen, const char *path, struct err *err)
{
    struct result *part = load(path, err);
    if (!part)
        return false;
    unsigned shard = join_shard(part);
    if (!*whole) {
        *whole = part;
        *seen = arena_array(part->arena, join_shards(part) + 1, sizeof **seen);
        (*seen)[shard] = true;
        for (size_t i = 0; part->real && i < part->real->layout_count; i++)
            part->real->layouts[i].batch = shard - 1;
        return true;
    }
    keep_arena((*whole)->arena, part->arena);
    if (join_shards(part) != join_shards(*whole))
        return err_set(err, ERR_TOOL,
                       "%s is of another sweep: it is one of %u shards, not of %u: name results of one sweep only",
                       path, join_shards(part), join_shards(*whole));
    if ((*seen)[shard])
        return err_set(err, ERR_TOOL, "%s holds shard %u, which is there already: name each shard once", path, shard);
    (*seen)[shard] = true;
    return join_results(*whole, part, path, err);
}

static void tell_missing(struct result *whole, const bool *seen, unsigned shards)
{
    const char *list = NULL;
    for (unsigned shard = 1; shard <= shards; shard++)
        if (!seen[shard])
            list = list ? arena_printf(whole->arena, "%s, %u", list, shard) : arena_printf(whole->arena, "%u", shard);
    if (list)
        result_warn(whole, "of %u shards these are missing: %s", shards, list);
}

int verb_merge(int argc, char **argv)
{
    struct merge_options o = { .shared = options_new() };
    struct err err = ERR_INIT;
    struct result *whole = NULL;
    bool *seen = NULL;
    int status;
    options_parse(&o.shared, &argp, argc, argv);
    for (size_t i = 0; i < o.count && err.kind == ERR_NONE; i++)
        add(&whole, &seen, o.files[i], &err);
    if (err.kind != ERR_NONE) {
        status = fail(&err);
    } else {
        unsigned shards = join_shards(whole);
        tell_missing(whole, seen, shards);
        join_conclude(whole, o.shared.output.judge.floor);
        conclude_layouts(whole);
        status =
            show(whole, &o.shared.output, &err) ? exit_status(&whole->verdict, o.shared.output.fail_on) : fail(&err);
    }
    result_free(whole);
    options_free(&o.shared);
    return status;
}
