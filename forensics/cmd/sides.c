#include "cmd/sides.h"

#include <math.h>

#include "cmd/pin.h"
#include "elf/delta.h"
#include "elf/facts.h"
#include "elf/inventory.h"

/* What a large pair waits for, in order. */
enum step { STEP_OLD, STEP_NEW, STEP_MATCH, STEP_FACTS, STEP_COUNT };

static void at(struct progress *progress, enum step step)
{
    static const char *const said[STEP_COUNT] = { "reading old", "reading new", "matching symbols",
                                                  "looking for what changed in code and data" };
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
    }
    progress_end(progress);
    return done;
}
