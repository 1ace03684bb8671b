#include "run/session.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "run/clock.h"
#include "run/interrupt.h"
#include "run/outcome.h"
#include "run/same.h"
#include "run/schedule.h"

/* A session at work. */
struct work {
    struct arena *arena;
    struct spec *spec;
    struct source_object *source;
    const struct session_hooks *hooks;
    struct session *session;
    struct launcher *launcher;  /* NULL: the source serves figures */
    struct output_rules *rules; /* NULL: as above */
    struct same *same;          /* NULL: as above */
    struct run *run;            /* the one being carried out, */
    bool warmup;                /* which is thrown away */
    bool warned_randomised;
};

static void warn(const struct work *w, const char *sentence)
{
    if (w->hooks && w->hooks->warn)
        w->hooks->warn(w->hooks->context, sentence);
}

/* ---- what a failed run says ---- */

static const char *where(const struct work *w)
{
    return w->warmup ? "in the warm-up" : arena_printf(w->arena, "in round %d of %d", w->run->round + 1, w->spec->runs);
}

/* "new ('./b')" */
static const char *who(const struct work *w)
{
    const char *path = w->spec->path[w->run->side == SIDE_NEW];
    return path ? arena_printf(w->arena, "%s ('%s')", side_name[w->run->side], path) : side_name[w->run->side];
}

static const char *last_words(const struct work *w, const char *tail)
{
    return *tail ? arena_printf(w->arena, "; its last words: %s", tail) : "";
}

static bool check_outcome(const struct work *w, const char *tail, struct err *err)
{
    return w->run->outcome == OUTCOME_OK ||
           outcome_check(w->run->outcome, w->run->status, who(w), where(w), w->spec->timeout_s, tail, err);
}

static bool interrupted(const struct work *w, int signal_number, struct err *err)
{
    const char *name = sigabbrev_np(signal_number);
    w->session->complete = false;
    w->session->interrupted = arena_printf(w->arena, "stopped by SIG%s %s, after %zu runs that count",
                                           name ? name : "?", where(w), w->session->count);
    return err_set(err, ERR_INTERRUPTED, "%s", w->session->interrupted);
}

/* ---- one run ---- */

static bool read_output(struct work *w, struct launched *launched, struct err *err)
{
    struct output output;
    if (!output_read(w->rules, launched->stdout_fd, &output, err))
        return false;
    if (w->spec->throughput && output.matches == 0)
        return err_set(
            err, ERR_TARGET,
            "%s printed no line on stdout %s from which '%s' takes a number: check the pattern of --metric%s", who(w),
            where(w), w->spec->throughput, last_words(w, launched->tail));
    if (w->spec->throughput)
        w->run->readings[M_THROUGHPUT] =
            (struct reading){ .state = READING_READ, .source = SOURCE_CLOCK, .value = output.throughput };
    same_add(w->same, w->run->side, &output, &launched->stdout_fd);
    const char *finding = w->spec->same_output ? same_finding(w->same, false) : NULL;
    return !finding || err_set(err, ERR_TARGET, "%s", finding);
}

static bool judge_launched(struct work *w, struct launched *launched, struct err *err)
{
    if (launched->interrupted)
        return interrupted(w, launched->interrupted, err);
    if (launched->flooded)
        return outcome_flooded(who(w), where(w), err);
    if (launched->randomised && !w->warned_randomised) {
        w->warned_randomised = true;
        warn(
            w,
            "the system refuses to switch address randomisation off (a container's seccomp filter does that): "
            "addresses change from run to run, so expect wider intervals or run outside the container");
    }
    return check_outcome(w, launched->tail, err) && read_output(w, launched, err);
}

static bool arm(void *context, pid_t child, struct err *err)
{
    const struct work *w = context;
    return !w->source->ops->arm || w->source->ops->arm(w->source, w->run, child, err);
}

static bool launch(struct work *w, struct err *err)
{
    struct launched launched;
    bool started = launcher_run(w->launcher, w->run->side, arm, w, &launched, err);
    /* The clock first: a source that is asked for the same figure replaces it. */
    if (started) {
        w->run->outcome = launched.outcome;
        w->run->status = launched.status;
        clock_read(&launched, w->run->readings);
    }
    bool collected = !w->source->ops->collect || w->source->ops->collect(w->source, w->run, err);
    if (!started)
        return false;
    bool fine = judge_launched(w, &launched, err) && collected;
    if (launched.stdout_fd >= 0)
        close(launched.stdout_fd);
    return fine;
}

/* Carries out one slot; a run that counts is appended unless it was cut off by a signal. */
static bool carry_out(struct work *w, const struct slot *slot, struct err *err)
{
    struct run run = { .side = slot->side, .round = slot->round, .position = slot->position };
    w->run = &run;
    w->warmup = slot->warmup;
    if (interrupt_signal())
        return interrupted(w, interrupt_signal(), err);
    bool fine = w->launcher ? launch(w, err) : w->source->ops->serve(w->source, &run, err) && check_outcome(w, "", err);
    if (slot->warmup || err->kind == ERR_INTERRUPTED || err->kind == ERR_TOOL)
        return fine;
    metric_derive(run.readings);
    *ARENA_PUSH(w->arena, w->session->runs, w->session->count, w->session->room) = run;
    return fine;
}

/* ---- all of them ---- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Once all is run, one output of each side is enough to see a difference. */
static bool check_results(struct work *w, struct err *err)
{
    const char *finding = w->same ? same_finding(w->same, true) : NULL;
    if (finding && w->spec->same_output)
        return err_set(err, ERR_TARGET, "%s", finding);
    w->session->output_note = finding;
    return true;
}

static bool carry_out_all(struct work *w, struct err *err)
{
    bool serves = w->source->ops->serve != NULL;
    struct schedule schedule =
        schedule_make(w->arena, w->spec->runs, serves && w->source->ops->skips_warmup ? 0 : w->spec->warmup,
                      w->spec->control, w->spec->seed);
    double begin = seconds();
    for (size_t i = 0; i < schedule.count; i++) {
        if (!carry_out(w, &schedule.slots[i], err))
            return false;
        size_t done = i + 1;
        if (w->hooks && w->hooks->progress)
            w->hooks->progress(w->hooks->context, (int)done, (int)schedule.count,
                               (seconds() - begin) / (double)done * (double)(schedule.count - done));
    }
    return check_results(w, err);
}

static bool prepare(struct work *w, struct err *err)
{
    if (w->source->ops->serve)
        return true;
    w->rules = output_rules_open(w->arena, w->spec, err);
    if (!w->rules)
        return false;
    w->same = same_open(w->arena, w->rules);
    w->launcher = launcher_open(w->arena, w->spec, err);
    if (!w->launcher)
        return false;
    w->spec->cpu = launcher_cpu(w->launcher) >= 0 ? launcher_cpu(w->launcher) : -2;
    return true;
}

bool session_run(struct arena *arena, struct spec *spec, struct source_object *source,
                 const struct session_hooks *hooks, struct session *session, struct err *err)
{
    struct work work = { .arena = arena, .spec = spec, .source = source, .hooks = hooks, .session = session };
    *session = (struct session){ .complete = false };
    bool fine = prepare(&work, err) && carry_out_all(&work, err);
    session->complete = fine;
    if (!fine && !session->interrupted)
        session->interrupted = arena_strdup(arena, err->text);
    launcher_close(work.launcher);
    same_close(work.same);
    output_rules_close(work.rules);
    return fine;
}
