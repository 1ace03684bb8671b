#include "cmd/layout_effect.h"

#include <math.h>
#include <sched.h>

#include "cmd/movable.h"
#include "layout/remedy.h"
#include "run/interrupt.h"
#include "stat/layouts.h"

static const double FLOOR = 0.01;

static bool stopped(void *context)
{
    (void)context;
    return interrupt_signal() != 0;
}

static void tell(void *context, int done, int total, double seconds_left)
{
    progress_step(context, "replaying layouts", done, total, seconds_left);
}

/* Cores that we may use. */
static unsigned core_count(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? (unsigned)count : 1;
}

/* Where new pays for its layout: what to do about it. */
static bool find_remedy(struct arena *arena, const struct sweep_spec *spec, const struct sweep_hooks *hooks, struct layout_study *study,
                        struct progress *progress, struct err *err)
{
    /* What old's places alone would give new: the same whatever other layouts were drawn, so that shards agree. */
    double tax = NAN;
    for (size_t i = 0; i < study->trial_count; i++)
        if (study->trials[i].family == FAMILY_OLD_PLACE)
            tax = log(study->shipped[SIDE_NEW] / study->trials[i].cycles[SIDE_NEW]);
    if (!(study->observed >= study->floor && !isnan(tax)))
        return true;
    progress_step(progress, "trying remedies", 0, REMEDY_COUNT, NAN);
    return remedy_find(arena, spec, hooks, tax, study->floor, study, err);
}

/* The sweep on one processor; remedies are looked for on the first alone. */
static bool replay_on(struct result *result, const char *processor, const struct layout_wanted *wanted, const struct recording recordings[2],
                      struct layout_side sides[2], bool remedies, struct layout_study *study, struct progress *progress, struct err *err)
{
    const struct profile *profile = profile_find(result->arena, processor, err);
    if (!profile)
        return false;
    struct sweep_spec spec = { .profile = profile, .axes = wanted->axes, .layouts = wanted->layouts, .apart = wanted->apart, .packed = wanted->packed,
                               .inside = wanted->inside, .huge_pages = wanted->huge_pages,
                               .shard = wanted->shard, .shards = wanted->shards,
                               .transplants = true, .seed = result->spec.seed, .threads = core_count(), .sides = sides,
                               .recording = { recordings[0].path, recordings[1].path } };
    struct sweep_hooks hooks = { progress, tell, stopped };
    if (!sweep_run(result->arena, &spec, &hooks, study, err))
        return false;
    layouts_conclude(result->arena, study, wanted->floor > 0 ? wanted->floor : FLOOR);
    if (remedies && !find_remedy(result->arena, &spec, &hooks, study, progress, err))
        return false;
    return true;
}

/* One recording, any number of processors. */
static bool replay_all(struct result *result, const struct layout_wanted *wanted, const struct recording recordings[2],
                       struct progress *progress, struct err *err)
{
    struct layout_side sides[2];
    struct layout_study *study = arena_alloc(result->arena, sizeof *study);
    struct layout_study *elsewhere = arena_array(result->arena, wanted->elsewhere_count + 1, sizeof *elsewhere);
    movable_objects(result, recordings, sides);
    if (!replay_on(result, result->spec.profile, wanted, recordings, sides, wanted->remedies, study, progress, err))
        return false;
    for (size_t i = 0; i < wanted->elsewhere_count; i++)
        if (!replay_on(result, wanted->elsewhere[i], wanted, recordings, sides, false, &elsewhere[i], progress, err))
            return false;
    result->layouts = study;
    result->elsewhere = elsewhere;
    result->elsewhere_count = wanted->elsewhere_count;
    return true;
}

/* A name that is no processor's is told before anything is run. */
static bool know_processors(struct result *result, const struct layout_wanted *wanted, struct err *err)
{
    for (size_t i = 0; i < wanted->elsewhere_count; i++)
        if (!profile_find(result->arena, wanted->elsewhere[i], err))
            return false;
    return true;
}

bool layout_effect(struct result *result, const struct layout_wanted *wanted, struct progress *progress, struct err *err)
{
    struct recording recordings[2] = { { .fd = -1 }, { .fd = -1 } };
    bool done = know_processors(result, wanted, err) && interrupt_watch(err);
    for (int side = 0; done && side < 2; side++) {
        progress_step(progress, side ? "recording new" : "recording old", side, 2, NAN);
        done = recording_make(result, side, &recordings[side], err);
        if (done && interrupt_signal())
            done = err_set(err, ERR_INTERRUPTED, "interrupted while recording");
    }
    done = done && replay_all(result, wanted, recordings, progress, err);
    progress_end(progress);
    recording_close(&recordings[0]);
    recording_close(&recordings[1]);
    return done;
}
