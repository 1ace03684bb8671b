#include "cmd/sides.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/pin.h"
#include "elf/delta.h"
#include "elf/facts.h"
#include "elf/inventory.h"
#include "elf/libraries.h"

/* What a large pair waits for, in order. */
enum step { STEP_OLD, STEP_NEW, STEP_MATCH, STEP_FACTS, STEP_LIBRARIES, STEP_COUNT };

static void at(struct progress *progress, enum step step)
{
    static const char *const said[STEP_COUNT] = { "reading old", "reading new", "matching symbols",
                                                  "looking for what changed in code and data",
                                                  "comparing shared libraries" };
    progress_step(progress, said[step], (int)step, STEP_COUNT, NAN);
}

static bool read_side(struct result *result, int side, const char *path, enum sides_use use, struct err *err)
{
    struct inventory *inv = inventory_read(result->arena, path, err);
    if (!inv || (use >= SIDES_RUN && !inventory_is_native(inv, err)) ||
        (use >= SIDES_PINNED && !pin_check(result->arena, path, inv->sha256, err)))
        return false;
    result->inventory[side] = inv;
    result->side[side] =
        (struct side_info){ .path = inv->path, .build_id = inv->build_id, .sha256 = inv->sha256, .size = inv->size };
    return true;
}

/* The value of `name` in NAME=VALUE texts, the last one counts; NULL: none. */
static const char *value_of(char *const *env, size_t count, const char *name)
{
    const char *value = NULL;
    size_t length = strlen(name);
    for (size_t i = 0; i < count; i++)
        if (strncmp(env[i], name, length) == 0 && env[i][length] == '=')
            value = env[i] + length + 1;
    return value;
}

/* What a variable is for a side: runs have an environment of their own, files that are only looked at have the
 * caller's. */
static const char *variable(const struct spec *spec, int side, enum sides_use use, const char *name)
{
    const char *own = value_of(spec->side_env[side], spec->side_env_count[side], name),
               *both = value_of(spec->env, spec->env_count, name);
    return own ? own : both ? both : use != SIDES_RUN || spec->keep_env ? getenv(name) : NULL;
}

static void compare_libraries(struct result *result, enum sides_use use)
{
    const struct inventory *program[2] = { result->inventory[SIDE_OLD], result->inventory[SIDE_NEW] };
    struct load_environment environment[2];
    for (int side = 0; side < 2; side++)
        environment[side] =
            (struct load_environment){ .search_path = variable(&result->spec, side, use, "LD_LIBRARY_PATH"),
                                       .preload = variable(&result->spec, side, use, "LD_PRELOAD") };
    result->libraries = libraries_compare(result->arena, program, environment);
}

bool sides_read(struct result *result, const char *const path[2], enum sides_use use, struct progress *progress,
                struct err *err)
{
    bool done = true;
    for (int side = 0; side < 2 && done; side++) {
        at(progress, side ? STEP_NEW : STEP_OLD);
        done = read_side(result, side, path[side], use, err);
    }
    if (done) {
        at(progress, STEP_MATCH);
        result->delta = delta_make(result->arena, result->inventory[SIDE_OLD], result->inventory[SIDE_NEW]);
        at(progress, STEP_FACTS);
        facts_find(result->arena, result->delta);
        at(progress, STEP_LIBRARIES);
        compare_libraries(result, use);
    }
    progress_end(progress);
    return done;
}
