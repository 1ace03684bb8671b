#include "cmd/layout_effect.h"

#include <math.h>
#include <sched.h>
#include <string.h>

#include "cmd/movable.h"
#include "elf/line.h"
#include "layout/remedy.h"
#include "run/interrupt.h"
#include "stat/layouts.h"

static const double FLOOR = 0.01;

/* What the hooks of a sweep need. */
struct telling {
    struct progress *progress;
    struct arena *arena;
    struct lines *lines; /* of new; NULL: no debug information */
    uint64_t bias;       /* of new's program */
};

static bool stopped(void *context)
{
    (void)context;
    return interrupt_signal() != 0;
}

static void tell(void *context, int done, int total, double seconds_left)
{
    const struct telling *t = context;
    progress_step(t->progress, "replaying layouts", done, total, seconds_left);
}

/* "app.c:31" of new's code. */
static const char *where(void *context, uint64_t address)
{
    const struct telling *t = context;
    struct source_line at;
    if (!t->lines || !line_at(t->lines, address - t->bias, &at))
        return NULL;
    const char *slash = strrchr(at.file, '/');
    return arena_printf(t->arena, "%s:%d", slash ? slash + 1 : at.file, at.line);
}

static struct telling telling_of(struct result *result, const struct recording *new, struct progress *progress)
{
    const struct module *program = movable_program(result, SIDE_NEW, new);
    return (struct telling){ .progress = progress,
                             .arena = result->arena,
                             .lines = program ? lines_open(result->arena, program->inventory) : NULL,
                             .bias = program ? program->bias : 0 };
}

/* Cores that we may use. */
static unsigned core_count(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? (unsigned)count : 1;
}

/* Where new pays for its layout: what to do about it. */
static bool find_remedy(struct result *result, const struct recording recordings[2], const struct sweep_spec *spec,
                        const struct sweep_hooks *hooks, struct layout_study *study, struct progress *progress,
                        struct err *err)
{
    /* What old's places alone would give new: the same whatever other layouts were drawn, so that shards agree. */
    double tax = NAN;
    for (size_t i = 0; i < study->trial_count; i++)
        if (study->trials[i].family == FAMILY_OLD_PLACE)
            tax = log(study->shipped[SIDE_NEW] / study->trials[i].cycles[SIDE_NEW]);
    if (!(study->observed >= study->floor && !isnan(tax)))
        return true;
    progress_step(progress, "trying remedies", 0, REMEDY_COUNT, NAN);
    if (spec->axes >> AXIS_DATA & 1)
        movable_variables(result, recordings, spec->sides);
    return remedy_find(result->arena, spec, hooks, tax, study->floor, study, err);
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
    struct telling telling = telling_of(result, &recordings[SIDE_NEW], progress);
    struct sweep_hooks hooks = { &telling, tell, stopped, where };
    if (!sweep_run(result->arena, &spec, &hooks, study, err))
        return false;
    layouts_conclude(result->arena, study, wanted->floor > 0 ? wanted->floor : FLOOR);
    if (remedies && !find_remedy(result, recordings, &spec, &hooks, study, progress, err))
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
