#include "cmd/real_state.h"

#include <string.h>
#include <unistd.h>

#include "base/keep.h"
#include "core/json.h"

static bool equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_list(char *const *a, size_t n, char *const *b, size_t m)
{
    if (n != m)
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

/* What of two specs must be the same; NULL when it is. */
static const char *spec_differs(const struct spec *a, const struct spec *b)
{
    if (!same_list(a->args, a->arg_count, b->args, b->arg_count))
        return "the list of arguments";
    if (!same_list(a->env, a->env_count, b->env, b->env_count) || a->keep_env != b->keep_env)
        return "the environment";
    for (int side = 0; side < 2; side++)
        if (!same_list(a->side_env[side], a->side_env_count[side], b->side_env[side], b->side_env_count[side]))
            return "the environment of one side";
    if (!equal(a->stdin_path, b->stdin_path))
        return "--stdin";
    if (!equal(a->throughput, b->throughput) || a->lower_is_better != b->lower_is_better)
        return "--metric";
    if (a->aslr != b->aslr)
        return "--aslr";
    return a->seed != b->seed ? "--seed" : NULL;
}

static const char *machine_differs(const struct machine *a, const struct machine *b)
{
    if (!equal(a->vendor, b->vendor) || a->family != b->family || a->model != b->model || a->stepping != b->stepping ||
        !equal(a->cpu_model, b->cpu_model))
        return "the processor";
    if (!equal(a->hypervisor, b->hypervisor))
        return "the hypervisor";
    return equal(a->kernel, b->kernel) ? NULL : "the kernel";
}

static const char *study_differs(const struct real_study *a, const struct real_study *b)
{
    if (a->metric != b->metric || a->source != b->source)
        return "the figure that was measured";
    if (a->axes != b->axes)
        return "--axes";
    for (int side = 0; side < 2; side++)
        if (!equal(a->link[side].command, b->link[side].command))
            return "the link command";
    if (a->wanted != b->wanted)
        return "--layouts";
    return a->shards != b->shards ? "the number of shards" : a->rounds != b->rounds ? "--runs" : NULL;
}

bool real_same(const struct result *a, const struct result *b, const char *what, struct err *err)
{
    const char *thing = NULL, *remedy = "name results of one sweep only";
    for (int side = 0; !thing && side < 2; side++)
        if (!equal(a->side[side].sha256, b->side[side].sha256))
            thing = side ? "the file of new" : "the file of old";
    thing = thing ? thing : spec_differs(&a->spec, &b->spec);
    thing = thing ? thing : a->real && b->real ? study_differs(a->real, b->real) : NULL;
    const char *machine = thing ? NULL : machine_differs(&a->machine, &b->machine);
    if (machine) {
        thing = machine;
        remedy = "use machines of one kind only, as what differs between kinds is no layout";
    }
    return !thing || err_set(err, ERR_TOOL, "%s is of another sweep: %s differs: %s", what, thing, remedy);
}

bool real_state_load(struct result *result, const char *path, struct real_study **before, struct err *err)
{
    if (access(path, F_OK) < 0)
        return true;
    struct result *saved = result_load(path, err);
    if (!saved)
        return false;
    if (!saved->real)
        err_set(err, ERR_TOOL, "%s holds no runs of real layouts to go on from: name another file", path);
    else if (real_same(result, saved, path, err) && saved->real->shard != result->real->shard)
        err_set(err, ERR_TOOL, "%s holds shard %u: give every shard a file of its own", path, saved->real->shard);
    /* What is read lives as long as what goes on from it. */
    keep_arena(result->arena, saved->arena);
    *before = saved->real;
    return err->kind == ERR_NONE;
}

static const struct real_layout *find(const struct real_study *study, const struct real_layout *like)
{
    for (size_t i = 0; i < study->layout_count; i++) {
        const struct real_layout *l = &study->layouts[i];
        if (l->kind == like->kind && l->batch == like->batch && l->number == like->number)
            return l;
    }
    return NULL;
}

unsigned real_state_restore(const struct real_study *before, struct real_study *study, size_t from)
{
    size_t rounds = study->rounds;
    /* A layout that counts now but was not there, or has fewer rounds, sets the number for all: rounds are whole. */
    for (size_t i = from; i < study->layout_count; i++) {
        const struct real_layout *l = find(before, &study->layouts[i]);
        if (!study->layouts[i].refused)
            rounds = !l ? 0 : l->rounds < rounds ? l->rounds : rounds;
    }
    for (size_t i = from; rounds && i < study->layout_count; i++) {
        struct real_layout *l = &study->layouts[i];
        const struct real_layout *saved = find(before, l);
        if (l->refused || !saved)
            continue;
        for (int side = 0; side < 2; side++)
            l->cost[side] = saved->cost[side];
        l->rounds = rounds;
        l->room = saved->rounds;
    }
    return (unsigned)rounds;
}

bool real_state_save(const struct result *result, const char *path, struct err *err)
{
    return result_save_file(result, path, err);
}
