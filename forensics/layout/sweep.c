#include "layout/sweep.h"

#include <math.h>
#include <pthread.h>
#include <time.h>

#include "layout/pack.h"
#include "layout/place.h"
#include "layout/replay.h"

/* One replay of one trial. */
struct job {
    size_t trial;
    int side;
    unsigned number; /* of the trial among its like */
};

/* What the threads share; `lock` guards everything below it. */
struct pool {
    const struct sweep_spec *spec;
    const struct sweep_hooks *hooks;
    struct layout_study *study;
    const struct job *jobs;
    size_t job_count;
    struct pack pack[2];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t next, done;
    unsigned running; /* threads */
    bool failed;
    struct err err;
};

/* ---- which trials ---- */

static void add_trial(struct arena *arena, struct layout_study *study, enum layout_family family, unsigned axes, uint64_t seed)
{
    *ARENA_PUSH(arena, study->trials, study->trial_count, study->trial_room) =
        (struct layout_trial){ .family = family, .axes = axes, .seed = seed, .cycles = { NAN, NAN } };
}

/* Drawn layouts of one set of axes: orders and paddings in turn. */
static void add_drawn(struct arena *arena, struct layout_study *study, unsigned axes, unsigned count, uint64_t seed)
{
    for (unsigned i = 0; i < count; i++)
        add_trial(arena, study, i % 2 ? FAMILY_PAD : FAMILY_ORDER, axes, seed);
}

/* What packing rearranges. */
static unsigned pack_axes(const struct sweep_spec *spec)
{
    return spec->axes & (1u << AXIS_DATA | 1u << AXIS_HEAP);
}

static void plan_trials(struct arena *arena, const struct sweep_spec *spec, struct layout_study *study)
{
    add_trial(arena, study, FAMILY_SHIPPED, 0, 0);
    if (spec->transplants) {
        add_trial(arena, study, FAMILY_OLD_PLACE, spec->axes, 0);
        add_trial(arena, study, FAMILY_NEW_PLACE, spec->axes, 0);
    }
    add_drawn(arena, study, spec->axes, spec->layouts, spec->seed);
    bool several = (spec->axes & (spec->axes - 1)) != 0;
    for (enum layout_axis axis = 0; several && axis < AXIS_COUNT; axis++)
        if (spec->axes >> axis & 1)
            add_drawn(arena, study, 1u << axis, spec->apart, spec->seed);
    for (unsigned i = 0; pack_axes(spec) && i < spec->packed; i++)
        add_trial(arena, study, FAMILY_PACK, pack_axes(spec), spec->seed);
}

/* Transplants leave one side in its shipped layout, which has run already. */
static bool needs_replay(const struct layout_trial *trial, int side)
{
    return !(trial->family == FAMILY_OLD_PLACE && side == 0) && !(trial->family == FAMILY_NEW_PLACE && side == 1);
}

static struct job *plan_jobs(struct arena *arena, const struct layout_study *study, size_t *count)
{
    struct job *jobs = arena_array(arena, 2 * study->trial_count, sizeof *jobs);
    unsigned number = 0;
    *count = 0;
    for (size_t t = 0; t < study->trial_count; t++) {
        bool alike = t && study->trials[t].axes == study->trials[t - 1].axes &&
                     (study->trials[t].family == FAMILY_PACK) == (study->trials[t - 1].family == FAMILY_PACK);
        number = alike ? number + 1 : 0;
        for (int side = 0; side < 2; side++)
            if (needs_replay(&study->trials[t], side))
                jobs[(*count)++] = (struct job){ .trial = t, .side = side, .number = number };
    }
    return jobs;
}

/* ---- running them ---- */

static bool run_job(const struct pool *pool, const struct job *job, struct replay_result *result, struct err *err)
{
    const struct sweep_spec *spec = pool->spec;
    const struct layout_trial *trial = &pool->study->trials[job->trial];
    struct arena *arena = arena_new();
    struct remap *remap = NULL;
    if (trial->family == FAMILY_PACK) {
        remap = pack_remap(&pool->pack[job->side], trial->seed, job->number);
    } else if (trial->family != FAMILY_SHIPPED) {
        struct layout_wish wish = { trial->family, trial->axes, trial->seed, job->number };
        struct layout_placing placing = layout_place(arena, spec->sides, &wish);
        remap = layout_remap(&spec->sides[job->side], placing.to[job->side]);
    }
    arena_free(arena);
    struct replay replay = { .recording = spec->recording[job->side], .profile = spec->profile, .remap = remap,
                             .stop = pool->hooks->stop, .context = pool->hooks->context };
    bool done = replay_run(&replay, result, err);
    remap_free(remap);
    return done;
}

static void keep(struct pool *pool, const struct job *job, const struct replay_result *result)
{
    struct layout_trial *trial = &pool->study->trials[job->trial];
    trial->cycles[job->side] = result->cycles;
    if (trial->family == FAMILY_SHIPPED) {
        pool->study->shipped[job->side] = result->cycles;
        pool->study->instructions[job->side] = result->instructions;
    }
}

static void *work(void *argument)
{
    struct pool *pool = argument;
    pthread_mutex_lock(&pool->lock);
    while (!pool->failed && pool->next < pool->job_count) {
        const struct job *job = &pool->jobs[pool->next++];
        pthread_mutex_unlock(&pool->lock);
        struct replay_result result;
        struct err err = ERR_INIT;
        bool done = run_job(pool, job, &result, &err);
        pthread_mutex_lock(&pool->lock);
        if (done) {
            keep(pool, job, &result);
            pool->done++;
        } else if (!pool->failed) {
            pool->failed = true;
            pool->err = err;
        }
    }
    pool->running--;
    pthread_cond_signal(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Tells of progress until every thread has ended. Called with the lock held. */
static void wait_for_all(struct pool *pool)
{
    double begin = seconds_now();
    while (pool->running) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 200000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&pool->changed, &pool->lock, &until);
        size_t done = pool->done;
        double left = done ? (seconds_now() - begin) / (double)done * (double)(pool->job_count - done) : NAN;
        if (pool->hooks->progress)
            pool->hooks->progress(pool->hooks->context, (int)done, (int)pool->job_count, left);
    }
}

static bool run_pool(struct arena *arena, struct pool *pool, struct err *err)
{
    unsigned wanted = pool->spec->threads < pool->job_count ? pool->spec->threads : (unsigned)pool->job_count;
    pthread_t *threads = arena_array(arena, wanted, sizeof *threads);
    unsigned started = 0;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pthread_mutex_lock(&pool->lock);
    pool->running = wanted;
    while (started < wanted && pthread_create(&threads[started], NULL, work, pool) == 0)
        started++;
    pool->running -= wanted - started;
    if (started)
        wait_for_all(pool);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    if (!started)
        return err_set(err, ERR_TOOL, "cannot start a thread for the layouts: raise `ulimit -u`");
    if (pool->failed)
        *err = pool->err;
    return !pool->failed;
}

static void count_moved(const struct sweep_spec *spec, struct layout_study *study)
{
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < spec->sides[side].count; i++) {
            const struct layout_object *o = &spec->sides[side].objects[i];
            if (!(spec->axes >> o->axis & 1))
                continue;
            study->moved[o->axis]++;
            study->common += side == 0 && o->pair != LAYOUT_ALONE && (o->axis == AXIS_TEXT || o->axis == AXIS_DATA);
        }
}

bool sweep_run(struct arena *arena, const struct sweep_spec *spec, const struct sweep_hooks *hooks,
               struct layout_study *study, struct err *err)
{
    *study = (struct layout_study){ .processor = spec->profile->name, .seed = spec->seed,
                                    .shipped = { NAN, NAN }, .transplant = { NAN, NAN } };
    plan_trials(arena, spec, study);
    count_moved(spec, study);
    struct pool pool = { .spec = spec, .hooks = hooks, .study = study, .err = ERR_INIT };
    pool.jobs = plan_jobs(arena, study, &pool.job_count);
    for (int side = 0; spec->packed && pack_axes(spec) && side < 2; side++)
        if (!pack_learn(arena, spec->recording[side], &spec->sides[side], pack_axes(spec), hooks->stop, hooks->context,
                        &pool.pack[side], err))
            return false;
    if (!run_pool(arena, &pool, err))
        return false;
    for (size_t t = 0; t < study->trial_count; t++)
        for (int side = 0; side < 2; side++)
            if (!needs_replay(&study->trials[t], side))
                study->trials[t].cycles[side] = study->shipped[side];
    return true;
}
