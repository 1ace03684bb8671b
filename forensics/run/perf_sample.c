#include "run/perf_sample.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/keep.h"
#include "run/perf_ring.h"

enum {
    RING = 64 * 4096,  /* bytes of records a core; a user may lock 516 KiB */
    DRAIN_MS = 20,     /* the ring fills in 3 s at the frequency asked for */
    MOST_CORES = 1024,
};

/* One core's events and the ring they share. */
struct core {
    int fd[SAMPLED_COUNT]; /* -1: not open */
    uint64_t number[SAMPLED_COUNT];
    void *ring;
};

struct mapped {
    uint32_t process;
    uint64_t start, end, offset;
    const char *path;
};

struct sampler {
    struct arena *arena;
    const struct perf_sample_kernel *kernel;
    struct samples *samples;
    struct core *cores;
    size_t core_count;
    int cpu;             /* -1: all */
    struct mapped *maps; /* later ones cover earlier ones */
    size_t map_count, map_room;
    pthread_t thread;
    bool threaded;
    atomic_bool stop;
};

/* ---- what was seen ---- */

static enum sampled event_of(const struct sampler *s, uint64_t number)
{
    for (size_t c = 0; c < s->core_count; c++)
        for (int e = 0; e < SAMPLED_COUNT; e++)
            if (s->cores[c].fd[e] >= 0 && s->cores[c].number[e] == number)
                return (enum sampled)e;
    return SAMPLED_COUNT;
}

static const struct mapped *map_at(const struct sampler *s, uint32_t process, uint64_t address)
{
    for (size_t i = s->map_count; i > 0; i--) {
        const struct mapped *m = &s->maps[i - 1];
        if (m->process == process && address >= m->start && address < m->end)
            return m;
    }
    return NULL;
}

static void add_sample(struct sampler *s, const struct perf_seen *seen)
{
    enum sampled event = event_of(s, seen->event);
    const struct mapped *m = map_at(s, seen->process, seen->address);
    if (event == SAMPLED_COUNT)
        return;
    struct samples *all = s->samples;
    struct sampled_place *place = ARENA_PUSH(s->arena, all->places, all->count, all->room);
    *place = (struct sampled_place){ .path = m ? m->path : "",
                                     .offset = m ? seen->address - m->start + m->offset : seen->address };
    place->events[event] = (double)seen->period;
    if (event == SAMPLED_CYCLES)
        all->squares += (double)seen->period * (double)seen->period;
    all->taken++;
}

/* A child begins with its parent's maps. */
static void copy_maps(struct sampler *s, uint32_t parent, uint32_t child)
{
    for (size_t i = 0, count = s->map_count; i < count && parent != child; i++) {
        struct mapped m = s->maps[i];
        m.process = child;
        if (s->maps[i].process == parent)
            *ARENA_PUSH(s->arena, s->maps, s->map_count, s->map_room) = m;
    }
}

static void see(void *context, const struct perf_seen *seen)
{
    struct sampler *s = context;
    switch (seen->kind) {
    case SEEN_SAMPLE: add_sample(s, seen); break;
    case SEEN_FORK: copy_maps(s, seen->parent, seen->process); break;
    case SEEN_LOST: s->samples->lost += seen->lost; break;
    case SEEN_MAP:
        *ARENA_PUSH(s->arena, s->maps, s->map_count, s->map_room) =
            (struct mapped){ seen->process, seen->address, seen->address + seen->length, seen->offset,
                             seen->path[0] == '/' && seen->path[1] != '/' ? arena_strdup(s->arena, seen->path) : "" };
        break;
    }
}

static void drain(struct sampler *s)
{
    for (size_t i = 0; i < s->core_count; i++)
        if (s->cores[i].ring && !perf_ring_drain(s->cores[i].ring, RING, see, s))
            s->samples->lost++;
}

static void *drain_on(void *context)
{
    struct sampler *s = context;
    while (!atomic_load(&s->stop)) {
        drain(s);
        poll(NULL, 0, DRAIN_MS);
    }
    return NULL;
}

/* ---- opening ---- */

static bool open_core(struct sampler *s, struct core *core, pid_t child, int cpu, struct err *err)
{
    const struct perf_sample_kernel *k = s->kernel;
    for (int e = 0; e < SAMPLED_COUNT; e++)
        core->fd[e] = -1;
    bool clock = s->samples->by_clock;
    int fd = k->open(k->context, SAMPLED_CYCLES, clock, child, cpu);
    if (fd < 0 && !clock) {
        s->samples->by_clock = clock = true;
        fd = k->open(k->context, SAMPLED_CYCLES, true, child, cpu);
    }
    if (fd < 0)
        return err_sys(err, ERR_TOOL, -fd, "cannot sample the program (kernel.perf_event_paranoid must be 2 or less)");
    core->fd[SAMPLED_CYCLES] = fd;
    core->ring = k->map(k->context, fd, RING);
    if (!core->ring || k->number(k->context, fd, &core->number[SAMPLED_CYCLES]) < 0)
        return err_set(err, ERR_TOOL,
                       "cannot map the kernel's samples: raise `ulimit -l` or kernel.perf_event_mlock_kb");
    s->samples->open[SAMPLED_CYCLES] = true;
    for (int e = SAMPLED_CYCLES + 1; e < SAMPLED_COUNT && !clock; e++) {
        int more = k->open(k->context, (enum sampled)e, false, child, cpu);
        if (more < 0)
            continue; /* the processor has no such counter */
        core->fd[e] = more;
        if (k->number(k->context, more, &core->number[e]) < 0 || k->join(k->context, more, fd) < 0) {
            k->close(k->context, more);
            core->fd[e] = -1;
            continue;
        }
        s->samples->open[e] = true;
    }
    return true;
}

static bool arm(void *context, pid_t child, struct err *err)
{
    struct sampler *s = context;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = s->cpu >= 0 ? 1 : (size_t)(online < 1 ? 1 : online > MOST_CORES ? MOST_CORES : online);
    s->cores = arena_array(s->arena, count, sizeof *s->cores);
    for (size_t i = 0; i < count; i++) {
        s->core_count = i + 1;
        if (!open_core(s, &s->cores[i], child, s->cpu >= 0 ? s->cpu : (int)i, err))
            return false;
    }
    s->threaded = pthread_create(&s->thread, NULL, drain_on, s) == 0;
    return s->threaded || err_set(err, ERR_TOOL, "cannot start a thread for the samples: raise `ulimit -u`");
}

static void end(struct sampler *s)
{
    const struct perf_sample_kernel *k = s->kernel;
    atomic_store(&s->stop, true);
    if (s->threaded)
        pthread_join(s->thread, NULL);
    drain(s);
    for (size_t i = 0; i < s->core_count; i++) {
        if (s->cores[i].ring)
            k->unmap(k->context, s->cores[i].ring, RING);
        for (int e = SAMPLED_COUNT - 1; e >= 0; e--)
            if (s->cores[i].fd[e] >= 0)
                k->close(k->context, s->cores[i].fd[e]);
    }
}

/* ---- one run ---- */

static int by_place(const void *a, const void *b)
{
    const struct sampled_place *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

/* Sums up and moves to an arena of the caller's, where the next run can add to it. */
static void merge(struct arena *arena, struct samples *samples)
{
    size_t kept = 0;
    if (samples->count)
        qsort(samples->places, samples->count, sizeof *samples->places, by_place);
    for (size_t i = 0; i < samples->count; i++) {
        struct sampled_place *p = &samples->places[i];
        if (kept && by_place(&samples->places[kept - 1], p) == 0) {
            for (int e = 0; e < SAMPLED_COUNT; e++)
                samples->places[kept - 1].events[e] += p->events[e];
        } else {
            samples->places[kept++] = *p;
        }
    }
    struct sampled_place *places = arena_array(arena, kept, sizeof *places);
    if (kept)
        memcpy(places, samples->places, kept * sizeof *places);
    samples->places = places;
    samples->count = samples->room = kept;
}

bool perf_sample_run(struct arena *arena, struct launcher *launcher, enum side side,
                     const struct perf_sample_kernel *kernel, struct samples *samples, struct err *err)
{
    struct sampler s = { .arena = arena_new(), /* the thread's own, as arenas know no threads */
                         .kernel = kernel ? kernel : &perf_sample_real,
                         .samples = samples,
                         .cpu = launcher_cpu(launcher) };
    struct launched launched;
    keep_arena(arena, s.arena);
    bool started = launcher_run(launcher, side, arm, &s, &launched, err);
    end(&s);
    merge(arena, samples);
    if (!started)
        return false;
    close(launched.stdout_fd);
    if (launched.outcome != OUTCOME_OK)
        return err_set(err, ERR_TARGET, "the program failed in the run that was sampled (%s %d)%s%s",
                       launched.outcome == OUTCOME_EXIT     ? "status"
                       : launched.outcome == OUTCOME_SIGNAL ? "signal"
                                                            : "killed after its time",
                       launched.status, launched.tail[0] ? ": " : "", launched.tail);
    return true;
}
