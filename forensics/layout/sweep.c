#include "layout/sweep.h"

#include <math.h>
#include <pthread.h>
#include <time.h>

#include "base/keep.h"
#include "layout/crowd.h"
#include "layout/loops.h"
#include "layout/pack.h"
#include "layout/place.h"
#include "layout/replay.h"
#include "layout/spread.h"

/* One replay of one trial. */
struct job {
    size_t trial;
    int side;
    unsigned number; /* of the trial among its like */
    size_t object;   /* FAMILY_ONE */
};

/* What the threads share; `lock` guards everything below it. */
struct pool {
    const struct sweep_spec *spec;
    const struct sweep_hooks *hooks;
    struct layout_study *study;
    const struct job *jobs;
    size_t job_count;
    struct pack pack[2];
    struct arena *arena;                 /* of what replays leave; taken with the lock */
    struct replay_share *in_own, *in_old; /* new's functions in new's places and in old's; NULL: not run */
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

/* Layouts of what lies inside objects; none where these axes stay. */
static void add_inner(struct arena *arena, struct layout_study *study, enum layout_family family, unsigned axes, unsigned count, uint64_t seed)
{
    for (unsigned i = 0; axes && i < count; i++)
        add_trial(arena, study, family, axes, seed);
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
    add_inner(arena, study, FAMILY_PACK, pack_axes(spec), spec->packed, spec->seed);
    add_inner(arena, study, FAMILY_LOOPS, spec->axes & 1u << AXIS_TEXT, spec->inside, spec->seed);
    add_inner(arena, study, FAMILY_SPREAD, spec->axes & 1u << AXIS_HEAP, spec->inside, spec->seed);
    add_inner(arena, study, FAMILY_HUGE, spec->axes & 1u << AXIS_TEXT, spec->huge_pages, 0);
}

/* Transplants leave one side in its shipped layout, which has run already. */
static bool needs_replay(const struct layout_trial *trial, int side)
{
    return !((trial->family == FAMILY_OLD_PLACE || trial->family == FAMILY_ONE) && side == 0) && !(trial->family == FAMILY_NEW_PLACE && side == 1);
}

/* Every shard runs what is shipped: the others' figures are only worth something beside it. */
static bool is_ours(const struct layout_study *study, size_t trial)
{
    return trial == 0 || study->shards <= 1 || (trial - 1) % study->shards == study->shard - 1;
}

static enum layout_experiment experiment_of(const struct layout_trial *trial)
{
    return layout_family_table[trial->family].experiment;
}

/* One side's behind the other's, as those of one recording are run together. */
static struct job *plan_jobs(struct arena *arena, const struct layout_study *study, size_t *count)
{
    struct job *jobs = arena_array(arena, 2 * study->trial_count, sizeof *jobs);
    *count = 0;
    for (int side = 0; side < 2; side++) {
        unsigned number = 0;
        for (size_t t = 0; t < study->trial_count; t++) {
            bool alike = t && study->trials[t].axes == study->trials[t - 1].axes &&
                         experiment_of(&study->trials[t]) == experiment_of(&study->trials[t - 1]);
            number = alike ? number + 1 : 0;
            if (is_ours(study, t) && needs_replay(&study->trials[t], side))
                jobs[(*count)++] = (struct job){ .trial = t, .side = side, .number = number };
        }
    }
    return jobs;
}

/* ---- running them ---- */

/* Whether functions are to be told apart: what new takes in both sides' places is compared. */
static bool wants_shares(enum layout_family family, int side)
{
    return side == 1 && (family == FAMILY_SHIPPED || family == FAMILY_OLD_PLACE);
}

static struct remap *placed_remap(const struct pool *pool, const struct job *job)
{
    const struct layout_trial *trial = &pool->study->trials[job->trial];
    struct layout_wish wish = { .family = trial->family, .axes = trial->axes, .seed = trial->seed, .object = job->object,
                                .number = job->number };
    struct arena *arena = arena_new();
    struct layout_placing placing = layout_place(arena, pool->spec->sides, &wish);
    struct remap *remap = layout_remap(&pool->spec->sides[job->side], placing.to[job->side]);
    arena_free(arena);
    return remap;
}

static struct remap *huge_remap(void)
{
    struct remap *remap = remap_new();
    remap->huge_text = true;
    return remap;
}

/* Where a job's addresses lie; NULL: as recorded. */
static struct remap *remap_of(const struct pool *pool, const struct job *job)
{
    const struct layout_trial *trial = &pool->study->trials[job->trial];
    const struct layout_side *side = &pool->spec->sides[job->side];
    switch (trial->family) {
    case FAMILY_SHIPPED: case FAMILY_COUNT: break;
    case FAMILY_PACK: return pack_remap(&pool->pack[job->side], trial->seed, job->number);
    case FAMILY_LOOPS: return loops_remap(side, trial->seed, job->number);
    case FAMILY_SPREAD: return spread_remap(side, trial->seed, job->number);
    case FAMILY_HUGE: return huge_remap();
    case FAMILY_ORDER: case FAMILY_PAD: case FAMILY_OLD_PLACE: case FAMILY_NEW_PLACE: case FAMILY_ONE:
        return placed_remap(pool, job);
    }
    return NULL;
}

/* Jobs of one recording, as many as one thread takes at once. */
struct batch {
    const struct job *jobs;
    size_t count;
    struct replay_result results[REPLAY_AT_ONCE];
};

static bool run_batch(const struct pool *pool, struct batch *batch, struct arena *keep, struct err *err)
{
    const struct sweep_spec *spec = pool->spec;
    struct replay replays[REPLAY_AT_ONCE];
    struct remap *remaps[REPLAY_AT_ONCE];
    for (size_t i = 0; i < batch->count; i++) {
        const struct job *job = &batch->jobs[i];
        remaps[i] = remap_of(pool, job);
        replays[i] = (struct replay){ .recording = spec->recording[job->side], .profile = spec->profile, .remap = remaps[i],
                                      .side = wants_shares(pool->study->trials[job->trial].family, job->side) ? &spec->sides[1] : NULL,
                                      .stop = pool->hooks->stop, .context = pool->hooks->context };
    }
    bool done = replay_run(keep, replays, batch->count, batch->results, err);
    for (size_t i = 0; i < batch->count; i++)
        remap_free(remaps[i]);
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
    if (job->side == 1 && trial->family == FAMILY_SHIPPED)
        pool->in_own = result->shares;
    if (job->side == 1 && trial->family == FAMILY_OLD_PLACE)
        pool->in_old = result->shares;
}

/* The next jobs for a thread: of one side, and leaving the other threads theirs. Called with the lock held. */
static void take_batch(struct pool *pool, struct batch *batch)
{
    size_t left = pool->job_count - pool->next, fair = (left + pool->running - 1) / pool->running;
    size_t most = fair < REPLAY_AT_ONCE ? fair : REPLAY_AT_ONCE;
    *batch = (struct batch){ .jobs = &pool->jobs[pool->next] };
    while (batch->count < most && batch->jobs[batch->count].side == batch->jobs->side)
        batch->count++;
    pool->next += batch->count;
}

static void *work(void *argument)
{
    struct pool *pool = argument;
    struct arena *keep_in = arena_new();
    pthread_mutex_lock(&pool->lock);
    keep_arena(pool->arena, keep_in);
    while (!pool->failed && pool->next < pool->job_count) {
        struct batch batch;
        struct err err = ERR_INIT;
        take_batch(pool, &batch);
        pthread_mutex_unlock(&pool->lock);
        bool done = run_batch(pool, &batch, keep_in, &err);
        pthread_mutex_lock(&pool->lock);
        for (size_t i = 0; done && i < batch.count; i++)
            keep(pool, &batch.jobs[i], &batch.results[i]);
        if (done) {
            pool->done += batch.count;
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

/* ---- which functions carry it ---- */

static double sum_of(const struct replay_share *share)
{
    double sum = 0;
    for (int c = 0; c < COMPONENT_COUNT; c++)
        sum += share->cycles[c];
    return sum;
}

/* Who meets in full sets of the L1I: functions with a thousandth of the time at least; of libraries nobody knows which
 * lines are hot. */
static void find_crowds(struct arena *arena, const struct pool *pool, const size_t *objects)
{
    const struct layout_side *new = &pool->spec->sides[1];
    bool *hot = arena_array(arena, new->count + 1, sizeof *hot);
    for (size_t i = 0; i < new->count; i++)
        hot[i] = new->objects[i].function && sum_of(&pool->in_own[i]) > pool->study->shipped[1] / 1000;
    for (size_t k = 0; k < pool->study->culprit_count; k++)
        if (pool->study->culprits[k].component == COMPONENT_L1I)
            pool->study->culprits[k].crowd =
                crowd_of(arena, new, objects[k], hot, (unsigned)pool->spec->profile->value[P_L1I_WAYS]);
}

/* What function `i` of new takes beyond old's place, and of which kind most of it is. */
static struct layout_culprit culprit_of(const struct pool *pool, const uint64_t *old_address, size_t i)
{
    const struct layout_object *o = &pool->spec->sides[1].objects[i];
    struct layout_culprit culprit = { .name = o->name, .address = { old_address[i], o->address }, .alone = NAN,
                                      .cycles = sum_of(&pool->in_own[i]) - sum_of(&pool->in_old[i]) };
    for (int c = 1; c < COMPONENT_COUNT; c++)
        if (pool->in_own[i].cycles[c] - pool->in_old[i].cycles[c] >
            pool->in_own[i].cycles[culprit.component] - pool->in_old[i].cycles[culprit.component])
            culprit.component = (enum component)c;
    return culprit;
}

/* Keeps the costliest, most first; `objects` along with them. */
static void keep_culprit(struct layout_study *study, size_t *objects, const struct layout_culprit *culprit, size_t object)
{
    size_t at = study->culprit_count;
    while (at > 0 && study->culprits[at - 1].cycles < culprit->cycles)
        at--;
    if (at == LAYOUT_CULPRITS)
        return;
    if (study->culprit_count < LAYOUT_CULPRITS)
        study->culprit_count++;
    for (size_t k = study->culprit_count - 1; k > at; k--) {
        study->culprits[k] = study->culprits[k - 1];
        objects[k] = objects[k - 1];
    }
    study->culprits[at] = *culprit;
    objects[at] = object;
}

/* Finds the culprits and tries each alone. */
static bool try_culprits(struct arena *arena, struct pool *pool, struct err *err)
{
    struct layout_study *study = pool->study;
    const struct layout_side *new = &pool->spec->sides[1];
    size_t objects[LAYOUT_CULPRITS], first = study->trial_count, one_of_many = SIZE_MAX;
    struct layout_culprit many = { .cycles = study->shipped[1] / 1000 };
    if (!pool->in_own || !pool->in_old || !(pool->spec->axes >> AXIS_TEXT & 1))
        return true;
    double gain = 0;
    struct layout_wish wish = { .family = FAMILY_OLD_PLACE, .axes = 1u << AXIS_TEXT };
    struct layout_placing placing = layout_place(arena, pool->spec->sides, &wish);
    for (size_t t = 0; t < study->trial_count; t++)
        if (study->trials[t].family == FAMILY_OLD_PLACE)
            gain = study->shipped[1] - study->trials[t].cycles[1];
    for (size_t i = 0; i < new->count; i++) {
        if (new->objects[i].axis != AXIS_TEXT || new->objects[i].pair == LAYOUT_ALONE ||
            new->objects[i].address == placing.to[1][i])
            continue;
        struct layout_culprit culprit = culprit_of(pool, placing.to[1], i);
        if (culprit.cycles > gain / 10 && culprit.cycles > study->shipped[1] / 1000)
            keep_culprit(study, objects, &culprit, i);
        else if (culprit.component == COMPONENT_L1I && culprit.cycles > many.cycles)
            many = culprit, one_of_many = i;
    }
    if (!study->culprit_count && one_of_many != SIZE_MAX) /* sets are full of many that share what it costs */
        keep_culprit(study, objects, &many, one_of_many);
    find_crowds(arena, pool, objects);
    struct job *jobs = arena_array(arena, LAYOUT_CULPRITS, sizeof *jobs);
    for (size_t k = 0; k < study->culprit_count; k++) {
        add_trial(arena, study, FAMILY_ONE, 1u << AXIS_TEXT, 0);
        jobs[k] = (struct job){ .trial = first + k, .side = 1, .object = objects[k] };
    }
    pool->jobs = jobs;
    pool->job_count = study->culprit_count;
    pool->next = pool->done = 0;
    if (study->culprit_count && !run_pool(arena, pool, err))
        return false;
    for (size_t k = 0; k < study->culprit_count; k++)
        study->culprits[k].alone = log(study->trials[first + k].cycles[1] / study->shipped[1]);
    return true;
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
    *study = (struct layout_study){ .processor = spec->profile->name, .seed = spec->seed, .shard = spec->shard, .shards = spec->shards,
                                    .shipped = { NAN, NAN }, .transplant = { NAN, NAN },
                                    .huge_pages = NAN, .huge_gain = { NAN, NAN } };
    plan_trials(arena, spec, study);
    count_moved(spec, study);
    const size_t planned = study->trial_count;
    struct pool pool = { .spec = spec, .hooks = hooks, .study = study, .arena = arena, .err = ERR_INIT };
    pool.jobs = plan_jobs(arena, study, &pool.job_count);
    for (int side = 0; spec->packed && pack_axes(spec) && side < 2; side++)
        if (!pack_learn(arena, spec->recording[side], &spec->sides[side], pack_axes(spec), hooks->stop, hooks->context,
                        &pool.pack[side], err))
            return false;
    if (!run_pool(arena, &pool, err) || !try_culprits(arena, &pool, err))
        return false;
    for (size_t t = 0; t < study->trial_count; t++)
        for (int side = 0; side < 2; side++)
            if ((t >= planned || is_ours(study, t)) && !needs_replay(&study->trials[t], side))
                study->trials[t].cycles[side] = study->shipped[side];
    return true;
}
