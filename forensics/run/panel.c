#include "run/panel.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "run/clock.h"
#include "run/interrupt.h"
#include "run/outcome.h"
#include "run/output.h"

/* One pair of programs. */
struct entrant {
    struct real_layout *layout;
    struct spec spec;
    struct launcher *launcher;
    double now[2]; /* of the round at work */
};

struct panel {
    struct arena *arena;
    struct spec *spec;
    struct source_object *source;
    enum metric cost;
    const struct session_hooks *hooks;
    struct launcher *model;
    struct output_rules *rules;
    struct entrant **entrants;
    size_t count, room;
    struct output printed[2]; /* by the shipped programs */
    int printed_fd[2];        /* -1: none yet */
    bool warned_randomised, warned_heap;
};

/* What one run belongs to, for sentences and sources. */
struct turn {
    struct panel *panel;
    const struct entrant *entrant;
    struct run *run;
    const char *where;
};

struct panel *panel_open(struct arena *arena, struct spec *spec, struct source_object *source, enum metric cost,
                         const struct session_hooks *hooks, struct err *err)
{
    struct panel *p = arena_alloc(arena, sizeof *p);
    *p = (struct panel){
        .arena = arena, .spec = spec, .source = source, .cost = cost, .hooks = hooks, .printed_fd = { -1, -1 }
    };
    p->rules = output_rules_open(arena, spec, err);
    p->model = p->rules ? launcher_open(arena, spec, err) : NULL;
    if (p->model) {
        spec->cpu = launcher_cpu(p->model) >= 0 ? launcher_cpu(p->model) : -2;
        return p;
    }
    panel_close(p);
    return NULL;
}

void panel_close(struct panel *panel)
{
    if (!panel)
        return;
    for (size_t i = 0; i < panel->count; i++)
        launcher_close(panel->entrants[i]->launcher);
    launcher_close(panel->model);
    output_rules_close(panel->rules);
    for (int side = 0; side < 2; side++)
        if (panel->printed_fd[side] >= 0)
            close(panel->printed_fd[side]);
}

/* ---- one run ---- */

static bool arm(void *context, pid_t child, struct err *err)
{
    const struct turn *t = context;
    return !t->panel->source->ops->arm || t->panel->source->ops->arm(t->panel->source, t->run, child, err);
}

static bool interrupted(int signal_number, struct err *err)
{
    const char *name = sigabbrev_np(signal_number);
    return err_set(err, ERR_INTERRUPTED, "stopped by SIG%s", name ? name : "?");
}

static void warn_once(const struct panel *p, bool *warned, const char *sentence)
{
    if (!*warned && p->hooks && p->hooks->warn)
        p->hooks->warn(p->hooks->context, sentence);
    *warned = true;
}

static const char *who(const struct turn *t)
{
    return arena_printf(t->panel->arena, "%s ('%s')", side_name[t->run->side], t->panel->spec->path[t->run->side]);
}

static bool judge(const struct turn *t, const struct launched *launched, struct err *err)
{
    struct panel *p = t->panel;
    if (launched->interrupted)
        return interrupted(launched->interrupted, err);
    if (launched->randomised)
        warn_once(p, &p->warned_randomised,
                  "the system refuses to switch address randomisation off (a container's seccomp filter does "
                  "that): addresses change from run to run, so layouts are not what was drawn");
    if (launched->heap_stayed)
        warn_once(p, &p->warned_heap,
                  "the heap was not moved: the system does not let this process trace the programs (a container's "
                  "seccomp filter or kernel.yama.ptrace_scope does that)");
    if (launched->flooded)
        return outcome_flooded(who(t), t->where, err);
    return launched->outcome == OUTCOME_OK || outcome_check(launched->outcome, launched->status, who(t), t->where,
                                                            p->spec->timeout_s, launched->tail, err);
}

/* Runs one program; `printed` gets what it printed, *fd its output where that is not NULL. */
static bool run_once(struct turn *t, struct output *printed, int *fd, struct err *err)
{
    struct panel *p = t->panel;
    struct launched launched;
    if (interrupt_signal())
        return interrupted(interrupt_signal(), err);
    bool started = launcher_run(t->entrant->launcher, t->run->side, arm, t, &launched, err);
    if (started)
        clock_read(&launched, t->run->readings);
    bool collected = !p->source->ops->collect || p->source->ops->collect(p->source, t->run, err);
    if (!started)
        return false;
    bool fine = judge(t, &launched, err) && collected && output_read(p->rules, launched.stdout_fd, printed, err);
    if (fine && p->cost == M_THROUGHPUT) {
        if (printed->matches == 0)
            fine =
                err_set(err, ERR_TARGET,
                        "%s printed no line on stdout %s from which '%s' takes a number: check the pattern of --metric",
                        who(t), t->where, p->spec->throughput);
        t->run->readings[M_THROUGHPUT] =
            (struct reading){ .state = READING_READ, .source = SOURCE_CLOCK, .value = printed->throughput };
    }
    if (fd && fine)
        *fd = launched.stdout_fd;
    else if (launched.stdout_fd >= 0)
        close(launched.stdout_fd);
    return fine;
}

/* ---- admission ---- */

static bool same(const struct output *a, const struct output *b)
{
    return a->hash == b->hash && a->compared_lines == b->compared_lines;
}

/* Compares with what the shipped program printed; the first one to come sets that. */
static bool check_print(struct panel *p, const struct entrant *e, int side, const struct output *printed, int *fd,
                        struct err *err)
{
    struct output_difference d;
    if (p->printed_fd[side] < 0) {
        p->printed[side] = *printed;
        p->printed_fd[side] = *fd;
        *fd = -1;
        return true;
    }
    if (same(&p->printed[side], printed))
        return true;
    output_differ(p->rules, p->printed_fd[side], *fd, &d);
    if (e->layout->kind == REAL_SHIPPED)
        return err_set(
            err, ERR_TARGET,
            "stdout of %s changes from run to run (line %llu: '%s', then '%s'), so other layouts could not be "
            "checked against it: name the lines that change with --ignore-lines",
            side_name[side], (unsigned long long)d.line, d.old, d.new);
    return err_set(err, ERR_TARGET, "%s prints other results in this layout (line %llu: '%s', not '%s')",
                   side_name[side], (unsigned long long)d.line, d.new, d.old);
}

static bool try_out(struct panel *p, struct entrant *e, struct err *err)
{
    for (int side = 0; side < 2; side++) {
        struct run run = { .side = (enum side)side };
        struct turn turn = { p, e, &run, "in its first run" };
        struct output printed;
        int fd = -1;
        bool fine = run_once(&turn, &printed, &fd, err) && check_print(p, e, side, &printed, &fd, err);
        if (fd >= 0)
            close(fd);
        if (!fine)
            return false;
    }
    return true;
}

bool panel_admit(struct panel *panel, struct real_layout *layout, const char *const path[2], struct err *err)
{
    struct entrant *e = arena_alloc(panel->arena, sizeof *e);
    struct launch_shift shift = { .stack = layout->stack, .name = layout->name, .heap = layout->heap };
    struct err why = ERR_INIT;
    *e = (struct entrant){ .layout = layout, .spec = *panel->spec };
    e->spec.aslr = layout->kind == REAL_RANDOM || panel->spec->aslr;
    e->spec.path[SIDE_OLD] = path[SIDE_OLD];
    e->spec.path[SIDE_NEW] = path[SIDE_NEW];
    e->launcher = launcher_like(panel->arena, panel->model, &e->spec, &shift, err);
    if (!e->launcher)
        return false;
    bool fine = try_out(panel, e, &why);
    if (fine) {
        *ARENA_PUSH(panel->arena, panel->entrants, panel->count, panel->room) = e;
        return true;
    }
    launcher_close(e->launcher);
    if (why.kind != ERR_TARGET || layout->kind == REAL_SHIPPED) {
        *err = why;
        return false;
    }
    layout->refused = arena_strdup(panel->arena, why.text);
    return true;
}

/* ---- rounds ---- */

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The pairs of a batch in a drawn order; *heads gets a bit for each: whether new is first. */
static struct entrant **order_of(struct panel *p, unsigned batch, uint64_t seed, bool **heads, size_t *count)
{
    struct entrant **order = arena_array(p->arena, p->count + 1, sizeof *order);
    *heads = arena_array(p->arena, p->count + 1, sizeof **heads);
    *count = 0;
    for (size_t i = 0; i < p->count; i++)
        if (p->entrants[i]->layout->batch == batch)
            order[(*count)++] = p->entrants[i];
    for (size_t n = *count; n > 0; n--) {
        size_t j = (size_t)((next(&seed) >> 32) * n >> 32);
        struct entrant *kept = order[j];
        order[j] = order[n - 1];
        order[n - 1] = kept;
        (*heads)[n - 1] = next(&seed) >> 63;
    }
    return order;
}

static double cost_of(const struct panel *p, const struct run *run)
{
    double value = run->readings[p->cost].value;
    return p->cost == M_THROUGHPUT && !p->spec->lower_is_better ? 1 / value : value;
}

static bool run_counted(struct panel *p, struct entrant *e, enum side side, unsigned round, int position,
                        struct err *err)
{
    struct run run = { .side = side, .round = (int)round, .position = position };
    struct turn turn = { p, e, &run, arena_printf(p->arena, "in round %u", round + 1) };
    struct output printed;
    if (!run_once(&turn, &printed, NULL, err))
        return false;
    if (run.readings[p->cost].state != READING_READ)
        return err_set(err, ERR_TOOL, "%s was not counted: choose another figure (--source clock)",
                       metric_table[p->cost].title);
    e->now[side] = cost_of(p, &run);
    if (!(e->now[side] > 0) || isinf(e->now[side]))
        return err_set(err, ERR_TARGET, "%s is too short to be timed (%s %g): give it more to do", side_name[side],
                       metric_table[p->cost].title, run.readings[p->cost].value);
    if (!same(&p->printed[side], &printed))
        return err_set(err, ERR_TARGET,
                       "%s printed other results %s than before: name the lines that change with --ignore-lines",
                       side_name[side], turn.where);
    return true;
}

static void keep_round(struct panel *p, unsigned batch)
{
    for (size_t i = 0; i < p->count; i++) {
        struct real_layout *l = p->entrants[i]->layout;
        if (l->batch != batch)
            continue;
        if (l->rounds == l->room) {
            size_t room = l->room ? 2 * l->room : 16;
            for (int side = 0; side < 2; side++)
                l->cost[side] = arena_grow(p->arena, l->cost[side], l->rounds * sizeof(double), room * sizeof(double));
            l->room = room;
        }
        for (int side = 0; side < 2; side++)
            l->cost[side][l->rounds] = p->entrants[i]->now[side];
        l->rounds++;
    }
}

bool panel_round(struct panel *panel, unsigned batch, unsigned round, uint64_t seed, struct err *err)
{
    bool *heads, backwards = round % 2;
    size_t count;
    struct entrant **order = order_of(panel, batch, seed + ((uint64_t)batch << 32) + round / 2, &heads, &count);
    int position = 0;
    for (size_t k = 0; k < count; k++) {
        size_t i = backwards ? count - 1 - k : k;
        enum side first = heads[i] != backwards ? SIDE_NEW : SIDE_OLD;
        for (int turn = 0; turn < 2; turn++, position++)
            if (!run_counted(panel, order[i], turn ? (enum side)(1 - first) : first, round, position, err))
                return false;
    }
    keep_round(panel, batch);
    return true;
}

size_t panel_runs(const struct panel *panel, unsigned batch)
{
    size_t runs = 0;
    for (size_t i = 0; i < panel->count; i++)
        runs += panel->entrants[i]->layout->batch == batch ? 2 : 0;
    return runs;
}
