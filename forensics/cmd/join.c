#include "cmd/join.h"

#include <math.h>
#include <string.h>

#include "cmd/real_state.h"
#include "stat/layouts.h"
#include "stat/real.h"

unsigned join_shards(const struct result *result)
{
    unsigned shards = result->real ? result->real->shards : result->layouts ? result->layouts->shards : 1;
    return shards ? shards : 1;
}

unsigned join_shard(const struct result *result)
{
    unsigned shard = result->real ? result->real->shard : result->layouts ? result->layouts->shard : 1;
    return shard ? shard : 1;
}

/* ---- modelled ---- */

/* Trials that every shard plans; those that only follow from them come last. */
static size_t planned(const struct layout_study *study)
{
    size_t count = study->trial_count;
    while (count && study->trials[count - 1].family == FAMILY_ONE)
        count--;
    return count;
}

static bool same_plan(const struct layout_study *a, const struct layout_study *b)
{
    if (planned(a) != planned(b))
        return false;
    for (size_t i = 0; i < planned(a); i++)
        if (a->trials[i].family != b->trials[i].family || a->trials[i].axes != b->trials[i].axes ||
            a->trials[i].seed != b->trials[i].seed)
            return false;
    return true;
}

static bool join_model(struct arena *arena, struct layout_study *whole, const struct layout_study *part,
                       const char *what, struct err *err)
{
    if (strcmp(whole->processor, part->processor) != 0)
        return err_set(err, ERR_TOOL,
                       "%s is of another sweep: --profile differs (%s, %s): name results of one sweep only", what,
                       whole->processor, part->processor);
    if (whole->shards != part->shards || !same_plan(whole, part))
        return err_set(err, ERR_TOOL,
                       "%s is of another sweep: --layouts, --apart, --axes, --seed or the number of shards differs: "
                       "name results of one sweep only",
                       what);
    for (int side = 0; side < 2; side++)
        if (whole->instructions[side] != part->instructions[side] || whole->shipped[side] != part->shipped[side])
            return err_set(err, ERR_TOOL,
                           "%s recorded another execution of %s (%.0f instructions, not %.0f): use machines with the "
                           "same libraries, and a program "
                           "that does the same in every run",
                           what, side_name[side], part->instructions[side], whole->instructions[side]);
    for (size_t i = 0; i < planned(part); i++)
        for (int side = 0; side < 2; side++)
            if (isnan(whole->trials[i].cycles[side]))
                whole->trials[i].cycles[side] = part->trials[i].cycles[side];
    for (size_t i = planned(part); i < part->trial_count; i++)
        *ARENA_PUSH(arena, whole->trials, whole->trial_count, whole->trial_room) = part->trials[i];
    if (part->remedies_tried && !whole->remedies_tried) {
        whole->remedies_tried = part->remedies_tried;
        whole->remedy = part->remedy;
    }
    if (part->culprit_count) {
        memcpy(whole->culprits, part->culprits, sizeof whole->culprits);
        whole->culprit_count = part->culprit_count;
    }
    return true;
}

/* Every processor's own; the first is the verdict's. */
static bool join_models(struct result *whole, const struct result *part, const char *what, struct err *err)
{
    if (whole->elsewhere_count != part->elsewhere_count)
        return err_set(err, ERR_TOOL, "%s is of another sweep: --profile names %zu processors, not %zu: name results of one sweep only",
                       what, part->elsewhere_count + 1, whole->elsewhere_count + 1);
    if (!join_model(whole->arena, whole->layouts, part->layouts, what, err))
        return false;
    for (size_t i = 0; i < whole->elsewhere_count; i++)
        if (!join_model(whole->arena, &whole->elsewhere[i], &part->elsewhere[i], what, err))
            return false;
    return true;
}

static void conclude_model(struct arena *arena, struct layout_study *study, double floor)
{
    study->shard = study->shards = 0;
    layouts_conclude(arena, study, floor > 0 ? floor : study->floor);
}

/* ---- real ---- */

static void join_real(struct arena *arena, struct real_study *whole, const struct real_study *part)
{
    for (size_t i = 0; i < part->layout_count; i++) {
        struct real_layout *l = ARENA_PUSH(arena, whole->layouts, whole->layout_count, whole->layout_room);
        *l = part->layouts[i];
        l->batch = part->shard - 1;
    }
}

/* ---- both ---- */

bool join_results(struct result *whole, const struct result *part, const char *what, struct err *err)
{
    if (!part->layouts != !whole->layouts || !part->real != !whole->real)
        return err_set(err, ERR_TOOL,
                       "%s is of another sweep: only one of them has %s layouts: name results of one sweep only", what,
                       !part->layouts != !whole->layouts ? "modelled" : "real");
    if (!real_same(whole, part, what, err))
        return false;
    if (whole->layouts && !join_models(whole, part, what, err))
        return false;
    if (whole->real)
        join_real(whole->arena, whole->real, part->real);
    return true;
}

void join_conclude(struct result *whole, double floor)
{
    if (whole->layouts)
        conclude_model(whole->arena, whole->layouts, floor);
    for (size_t i = 0; i < whole->elsewhere_count; i++)
        conclude_model(whole->arena, &whole->elsewhere[i], floor);
    if (whole->real) {
        whole->real->shard = whole->real->shards = 1;
        real_conclude(whole->arena, whole->real, floor > 0 ? floor : 0.01);
    }
}
