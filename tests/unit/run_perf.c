/* Hardware counters without hardware: the event table against libpfm4's own tables, and the source against a played
 * kernel; then software events against the real one. This test is its own target ("--target"). */
#include "run/perf.h"
#include "run/perf_encode.h"
#include "run/perf_plan.h"
#include "run/session.h"
#include "tap.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <unistd.h>

static struct arena *arena;

/* ---- the table ---- */

/* The processors of a row, one after the other; `at` starts at row->pmus. */
static const char *next_pmu(const char *at, char pmu[64])
{
    at += strspn(at, " ");
    size_t length = strcspn(at, " ");
    snprintf(pmu, 64, "%.*s", (int)length, at);
    return length ? at + length : NULL;
}

static void check_encodings(void)
{
    int rows = 0, wrong = 0;
    char pmu[64];
    for (const struct perf_table_row *row = perf_table; row->pmus; row++, rows++)
        for (const char *at = row->pmus; (at = next_pmu(at, pmu));)
            for (int i = 0; i < PERF_TERMS && row->terms[i].event; i++) {
                struct perf_code code;
                const char *why = perf_encode(strcmp(pmu, "perf") ? pmu : NULL, row->terms[i].event, &code);
                if (why && ++wrong)
                    diag("%s %s: %s", pmu, row->terms[i].event, why);
            }
    ok(wrong == 0 && rows > 100, "libpfm4 encodes every event of all %d rows for its processor", rows);
}

static void check_rows(void)
{
    static const char *const pmus[] = {
        "skl", "icx", "spr", "amd64_fam17h_zen2", "amd64_fam19h_zen3", "amd64_fam19h_zen4", "amd64_fam1ah_zen5", NULL
    };
    bool once = true;
    for (int p = 0; p < 8; p++) {
        int own[METRIC_COUNT] = { 0 };
        for (const struct perf_table_row *row = perf_table; row->pmus; row++)
            if (perf_row_holds(row, pmus[p]) && strcmp(row->pmus, " perf ") != 0)
                own[row->metric]++;
        for (int m = 0; m < METRIC_COUNT; m++)
            once = once && own[m] <= 1;
        ok(pmus[p] ? own[M_TAKEN_BRANCHES] && own[M_L1I_MISSES] && own[M_ITLB_WALKS] && own[M_DTLB_WALKS] &&
                         own[M_BTB_MISSES]
                   : own[M_TAKEN_BRANCHES] == 0,
           "%s has the layout events", pmus[p] ? pmus[p] : "no processor: nothing");
    }
    ok(once, "no processor has two rows for one metric");
    ok(!perf_row_holds(&perf_table[0], "sk") && !perf_row_holds(&perf_table[0], "kl"),
       "a part of a processor's name is not its name");
}

static const struct perf_table_row *row_of(const char *pmu, enum metric metric)
{
    for (const struct perf_table_row *row = perf_table; row->pmus; row++)
        if (row->metric == metric && strcmp(row->pmus, " perf ") != 0 && perf_row_holds(row, pmu))
            return row;
    return NULL;
}

/* AMD kept these codes from Zen 4 to Zen 5, so libpfm4's Zen 4 proofreads the raw ones. */
static void check_zen5(void)
{
    static const enum metric same[] = { M_UOPS,           M_LOADS,
                                        M_STORES,         M_COND_BRANCHES,
                                        M_TAKEN_BRANCHES, M_INDIRECT_BRANCHES,
                                        M_RETURNS,        M_INDIRECT_MISSES,
                                        M_RETURN_MISSES,  M_L1I_ACCESSES,
                                        M_L1I_MISSES,     M_L2I_MISSES,
                                        M_ITLB_MISSES,    M_ITLB_WALKS,
                                        M_FETCH_WINDOWS,  M_OPCACHE_MISSES,
                                        M_BTB_MISSES,     M_FRONTEND_STALLS,
                                        M_DTLB_MISSES,    M_STLB_HITS,
                                        M_DTLB_WALKS,     M_LINE_SPLITS,
                                        M_PAGE_SPLITS,    M_STORE_FORWARD_BLOCKS,
                                        M_SLOTS_FRONTEND, M_SLOTS_BACKEND,
                                        M_SLOTS_RETIRING, M_SLOTS_BAD_SPECULATION };
    int differ = 0;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const struct perf_table_row *four = row_of("amd64_fam19h_zen4", same[i]),
                                    *five = row_of("amd64_fam1ah_zen5", same[i]);
        for (int t = 0; t < PERF_TERMS && four && five && (four->terms[t].event || five->terms[t].event); t++) {
            struct perf_code a = { 0 }, b = { 0 };
            if (!four->terms[t].event || !five->terms[t].event ||
                perf_encode("amd64_fam19h_zen4", four->terms[t].event, &a) ||
                perf_encode(NULL, five->terms[t].event, &b) || a.config != b.config || a.type != b.type ||
                four->terms[t].scale != five->terms[t].scale) {
                differ++;
                diag("%s: %llx %llx", metric_table[same[i]].name, (unsigned long long)a.config,
                     (unsigned long long)b.config);
            }
        }
        differ += !four || !five;
    }
    ok(differ == 0, "the raw codes of Zen 5 are those that libpfm4 gives for Zen 4");
}

/* ---- a played kernel ---- */

enum { FDS = 200 };

struct played {
    int counters;      /* of the hardware */
    int held;          /* of them by others */
    int paranoid;
    int refuse;        /* errno of every hardware event; 0: none */
    int refuse_kernel; /* errno unless user_only */
    int refuse_raw;    /* errno of the processor's own events */
    int refuse_child;  /* errno for another process than this */
    uint64_t enabled, running;
    struct {
        bool open, software, on_exec, user_only;
        int leader;
        pid_t pid;
        uint64_t config;
    } fd[FDS];
    int opened, most_in_group, hardware_groups;
};

static int in_group(const struct played *p, int leader)
{
    int count = 0;
    for (int i = 0; i < FDS; i++)
        count += p->fd[i].open && !p->fd[i].software && (i == leader || p->fd[i].leader == leader);
    return count;
}

static int play_open(void *context, const struct perf_code *code, const struct perf_how *how)
{
    struct played *p = context;
    bool software = code->type == PERF_TYPE_SOFTWARE;
    int fd = 0;
    if (!software && p->refuse)
        return -p->refuse;
    if (p->refuse_kernel && !how->user_only)
        return -p->refuse_kernel;
    if (p->refuse_raw && (code->type == PERF_TYPE_RAW || code->type == PERF_TYPE_HW_CACHE))
        return -p->refuse_raw;
    if (p->refuse_child && how->pid)
        return -p->refuse_child;
    if (how->leader >= 0 && in_group(p, how->leader) >= p->counters)
        return -EINVAL;
    while (fd < FDS && p->fd[fd].open)
        fd++;
    if (fd == FDS)
        return -EMFILE;
    p->fd[fd].open = true;
    p->fd[fd].software = software;
    p->fd[fd].on_exec = how->on_exec;
    p->fd[fd].user_only = how->user_only;
    p->fd[fd].leader = how->leader;
    p->fd[fd].pid = how->pid;
    p->fd[fd].config = code->config;
    p->opened++;
    return fd;
}

static int play_read(void *context, int fd, struct perf_count *count)
{
    const struct played *p = context;
    if (!p->fd[fd].open)
        return -EBADF;
    *count = (struct perf_count){ 1000 + p->fd[fd].config, p->enabled, p->running };
    return 0;
}

static void play_close(void *context, int fd)
{
    struct played *p = context;
    p->fd[fd].open = false;
}

static int play_reserved(void *context)
{
    return ((struct played *)context)->held;
}

static int play_paranoid(void *context)
{
    return ((struct played *)context)->paranoid;
}

static struct perf_kernel play(struct played *p)
{
    return (struct perf_kernel){ play_open, play_read, play_close, play_reserved, play_paranoid, p };
}

static int still_open(const struct played *p)
{
    int count = 0;
    for (int i = 0; i < FDS; i++)
        count += p->fd[i].open;
    return count;
}

/* ---- errors ---- */

static void check_errors(void)
{
    static const struct {
        int errnum, paranoid;
        enum perf_state state;
        const char *why, *remedy;
    } rows[] = {
        { ENOENT, 2, PERF_ABSENT, "hardware counters", "simulator" },
        { ENXIO, 2, PERF_ABSENT, "hardware counters", "simulator" },
        { ENODEV, 2, PERF_ABSENT, "hardware counters", "simulator" },
        { EOPNOTSUPP, 2, PERF_ABSENT, "hardware counters", "simulator" },
        { ENOSYS, -2, PERF_ABSENT, "hardware counters", "simulator" },
        { EACCES, 3, PERF_FORBIDDEN, "kernel.perf_event_paranoid is 3", "sysctl kernel.perf_event_paranoid=1" },
        { EPERM, 4, PERF_FORBIDDEN, "kernel.perf_event_paranoid is 4", "sysctl" },
        { EPERM, 1, PERF_FORBIDDEN, "seccomp", "--cap-add=PERFMON" },
        { EMFILE, 1, PERF_BROKEN, "file descriptors", "ulimit -n" },
        { EINVAL, 1, PERF_BROKEN, "EINVAL", "--events" },
        { EBUSY, 1, PERF_BROKEN, "EBUSY", "profilers" },
        { EIO, 1, PERF_BROKEN, "Input/output error", "clock" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct played p = { .counters = 6, .refuse = rows[i].errnum, .paranoid = rows[i].paranoid };
        struct perf_kernel kernel = play(&p);
        struct perf_status status;
        struct source_object source;
        struct spec spec = spec_default();
        struct err err = ERR_INIT;
        perf_look(arena, &kernel, &status);
        bool refused = !perf_source(arena, &spec, &kernel, &source, &status, &err) && err.kind == ERR_TOOL;
        if (!ok(status.state == rows[i].state && strstr(status.why, rows[i].why) &&
                    strstr(status.remedy, rows[i].remedy) && refused && strstr(err.text, rows[i].why) &&
                    strstr(err.text, rows[i].remedy) && still_open(&p) == 0,
                "%s, paranoid %d: the reason and its remedy", strerrorname_np(rows[i].errnum), rows[i].paranoid))
            diag("%s: %s", status.why, status.remedy);
        if (i == 0)
            ok(status.metrics[M_CYCLES] == READING_NOT_SUPPORTED && status.metrics[M_MIGRATIONS] == READING_READ &&
                   status.metrics[M_JCC_ERRATUM] == READING_NOT_ASKED,
               "not supported, software that works and no event known are three states");
    }
}

static void check_user_only(void)
{
    struct played p = { .counters = 6, .refuse_kernel = EACCES, .paranoid = 2 };
    struct perf_kernel kernel = play(&p);
    struct perf_status status;
    perf_look(arena, &kernel, &status);
    ok(status.state == PERF_WORKS && status.user_only, "where kernel mode is forbidden, user mode is counted");
    p.refuse_kernel = 0;
    perf_look(arena, &kernel, &status);
    ok(status.state == PERF_WORKS && !status.user_only && status.why == NULL, "where it is allowed, both are");
}

/* ---- groups ---- */

static bool in(const struct perf_group *group, int event)
{
    for (int i = 0; i < group->count; i++)
        if (group->events[i] == event)
            return true;
    return false;
}

/* Every sum's counters in one group, and cycles and instructions in each. */
static bool well_grouped(const struct perf_plan *plan, int counters)
{
    bool right = plan->group_count > 0;
    for (size_t s = 0; s < plan->sum_count; s++) {
        size_t homes = 0;
        for (size_t g = 0; g < plan->group_count; g++) {
            bool all = true;
            for (int t = 0; t < plan->sums[s].count; t++)
                all = all && (plan->events[plan->sums[s].terms[t].event].software ||
                              in(&plan->groups[g], plan->sums[s].terms[t].event));
            homes += all;
        }
        bool anchor = plan->sums[s].metric == M_CYCLES || plan->sums[s].metric == M_INSTRUCTIONS;
        right = right && (anchor ? homes == plan->group_count : homes >= 1);
    }
    for (size_t g = 0; g < plan->group_count; g++)
        right = right && plan->groups[g].count <= counters;
    return right;
}

static void check_standard(void)
{
    static const char *const pmus[] = { "amd64_fam17h_zen2", "amd64_fam19h_zen3", "amd64_fam19h_zen4" };
    struct perf_wish wish;
    struct err err = ERR_INIT;
    perf_wish_read(arena, NULL, NULL, &wish, &err);
    for (int i = 0; i < 3; i++) {
        struct played p = { .counters = 6 };
        struct perf_kernel kernel = play(&p);
        struct perf_plan plan = perf_plan_make(arena, &kernel, pmus[i], &wish);
        bool turns = true;
        int had[16] = { 0 };
        for (int round = 0; round < perf_plan_rounds(&plan); round++)
            had[perf_plan_group(&plan, round) - plan.groups]++;
        for (size_t g = 0; g < plan.group_count; g++)
            turns = turns && had[g] > 0;
        ok(well_grouped(&plan, 6) && plan.group_count <= 5 && turns && plan.states[M_L1I_MISSES] == READING_READ,
           "%s: the standard set has %zu groups, each with its turn in %d rounds", pmus[i], plan.group_count,
           perf_plan_rounds(&plan));
    }
}

static void check_groups(void)
{
    static const char *const pmus[] = {
        "skl", "icx", "spr", "amd64_fam17h_zen2", "amd64_fam19h_zen4", "amd64_fam1ah_zen5", NULL
    };
    struct perf_wish wish;
    struct err err = ERR_INIT;
    perf_wish_read(arena, "all", NULL, &wish, &err);
    for (int i = 0; i < 7; i++)
        for (int counters = 4; counters <= 8; counters += 2) {
            struct played p = { .counters = counters };
            struct perf_kernel kernel = play(&p);
            struct perf_plan plan = perf_plan_make(arena, &kernel, pmus[i], &wish);
            bool all = true;
            for (int m = 0; m < METRIC_COUNT && counters > 6; m++)
                all = all && plan.states[m] != READING_NOT_SUPPORTED;
            ok(well_grouped(&plan, counters) && all && still_open(&p) == 0,
               "%s with %d counters: %zu metrics in %zu groups that fit", pmus[i] ? pmus[i] : "generic events",
               counters, plan.sum_count, plan.group_count);
        }
    struct played p = { .counters = 6, .held = 1 };
    struct perf_kernel kernel = play(&p);
    struct perf_plan plan = perf_plan_make(arena, &kernel, "amd64_fam19h_zen3", &wish);
    ok(well_grouped(&plan, 5), "a counter that the NMI watchdog holds is not planned with");
    p = (struct played){ .counters = 6, .refuse_raw = ENOENT };
    plan = perf_plan_make(arena, &kernel, "amd64_fam19h_zen3", &wish);
    ok(well_grouped(&plan, 6) && plan.states[M_OPCACHE_MISSES] == READING_NOT_SUPPORTED &&
           plan.states[M_BRANCHES] == READING_READ,
       "a kernel that knows generic events alone gives these");
    p = (struct played){ .counters = 1 };
    plan = perf_plan_make(arena, &kernel, "amd64_fam19h_zen3", &wish);
    ok(plan.states[M_CYCLES] == READING_READ && plan.states[M_BRANCHES] == READING_NOT_SUPPORTED && still_open(&p) == 0,
       "what can never be counted beside cycles is not supported");
}

/* ---- a run ---- */

static void check_runs(void)
{
    struct played p = { .counters = 3, .enabled = 100, .running = 100, .refuse_raw = ENOENT };
    struct perf_kernel kernel = play(&p);
    struct source_object source;
    struct perf_status status;
    struct spec spec = spec_default();
    struct err err = ERR_INIT;
    ok(perf_source(arena, &spec, &kernel, &source, &status, &err) && status.rounds == 6,
       "the standard set with generic events and three counters takes six rounds");
    int seen[METRIC_COUNT] = { 0 };
    bool right = true;
    for (int round = 0; round < 6; round++) {
        struct run run = { .side = SIDE_NEW, .round = round };
        right = right && source.ops->arm(&source, &run, 4711, &err);
        for (int i = 0; i < FDS; i++)
            right = right && (!p.fd[i].open || (p.fd[i].on_exec && p.fd[i].pid == 4711 && !p.fd[i].user_only));
        right = right && source.ops->collect(&source, &run, &err) && still_open(&p) == 0;
        metric_derive(run.readings);
        for (int m = 0; m < METRIC_COUNT; m++)
            seen[m] += run.readings[m].state == READING_READ;
        right = right && run.readings[M_CYCLES].value == 1000 + PERF_COUNT_HW_CPU_CYCLES &&
                run.readings[M_CYCLES].source == SOURCE_PERF && !READING_SCALED(&run.readings[M_CYCLES]);
    }
    ok(right, "counters start with the program, are read and closed");
    ok(seen[M_CYCLES] == 6 && seen[M_INSTRUCTIONS] == 6 && seen[M_IPC] == 6 && seen[M_MIGRATIONS] == 6,
       "cycles, instructions and software events are in every round");
    ok(seen[M_BRANCHES] == 3 && seen[M_BRANCH_MISSES] == 1 && seen[M_CACHE_MISSES] == 1 &&
           seen[M_CACHE_REFERENCES] == 1,
       "the first group has every other round, the others take turns in the rest");

    struct run run = { .round = 0 };
    p.running = 25;
    ok(source.ops->arm(&source, &run, 1, &err) && source.ops->collect(&source, &run, &err) &&
           run.readings[M_CYCLES].value == 4000 && READING_SCALED(&run.readings[M_CYCLES]) &&
           run.readings[M_CYCLES].running_ns == 25,
       "a counter that shared the hardware is scaled and marked");
    p.running = 0;
    run = (struct run){ .round = 0 };
    ok(source.ops->arm(&source, &run, 1, &err) && source.ops->collect(&source, &run, &err) &&
           run.readings[M_CYCLES].state == READING_NOT_COUNTED &&
           run.readings[M_L1I_MISSES].state == READING_NOT_SUPPORTED,
       "one that never ran is not counted, not zero");
    p.refuse_child = EACCES;
    run = (struct run){ .round = 0 };
    ok(!source.ops->arm(&source, &run, 1, &err) && strstr(err.text, "set-user-ID") && still_open(&p) == 0,
       "a refusal at the last moment is said");
    source_close(&source);
}

static void check_formula(void)
{
    struct played p = { .counters = 8, .enabled = 7, .running = 7 };
    struct perf_kernel kernel = play(&p);
    struct perf_wish wish = { .rows = NULL };
    wish.metrics[M_SLOTS_BAD_SPECULATION] = wish.metrics[M_SLOTS] = wish.metrics[M_CYCLES] = true;
    struct perf_plan plan = perf_plan_make(arena, &kernel, "skl", &wish);
    double factors = 0;
    for (size_t i = 0; i < plan.sum_count; i++)
        for (int t = 0; t < plan.sums[i].count && plan.sums[i].metric == M_SLOTS_BAD_SPECULATION; t++)
            factors += plan.sums[i].terms[t].scale;
    ok(plan.sum_count == 3 && factors == 4 && plan.event_count == 4,
       "a formula's events are shared with those of other metrics");
}

static void check_events(void)
{
    struct played p = { .counters = 6, .refuse_raw = ENOENT };
    struct perf_kernel kernel = play(&p);
    struct source_object source;
    struct perf_status status;
    struct spec spec = spec_default();
    struct err err = ERR_INIT;
    spec.events = "branches, branch-mises";
    ok(!perf_source(arena, &spec, &kernel, &source, &status, &err) && err.kind == ERR_USAGE &&
           strstr(err.text, "'branch-mises'") && strstr(err.text, "branch-misses"),
       "an unknown event is named, with its neighbours: %s", err.text);
    spec.events = "loads=NO_SUCH_EVENT";
    err = ERR_INIT;
    ok(!perf_source(arena, &spec, &kernel, &source, &status, &err) && err.kind == ERR_USAGE &&
           strstr(err.text, "NO_SUCH_EVENT"),
       "an event that libpfm4 does not know, too");
    spec.events = "loads=perf::PERF_COUNT_HW_BUS_CYCLES,branches:u,";
    err = ERR_INIT;
    bool fine = perf_source(arena, &spec, &kernel, &source, &status, &err);
    ok(fine && status.metrics[M_LOADS] == READING_READ && status.metrics[M_BRANCHES] == READING_READ &&
           status.metrics[M_BRANCH_MISSES] == READING_NOT_ASKED && status.metrics[M_CYCLES] == READING_READ,
       "METRIC=EVENT counts that event for the metric, with cycles and instructions for the rates");
    if (fine)
        source_close(&source);
    p.refuse = ENOENT;
    spec.events = "branches";
    err = ERR_INIT;
    ok(!perf_source(arena, &spec, &kernel, &source, &status, &err) && err.kind == ERR_TOOL &&
           strstr(err.text, "hardware counters"),
       "a list of which nothing works says why");
}

/* ---- the real kernel ---- */

static void check_real(const char *self)
{
    static char *args[] = { "--target" };
    struct perf_status status;
    struct source_object source;
    struct session session;
    struct err err = ERR_INIT;
    struct spec spec = spec_default();
    perf_look(arena, NULL, &status);
    ok(status.state == PERF_WORKS || (status.why && status.remedy), "this machine: %s",
       status.why ? status.why : "counters work");
    spec.path[0] = spec.path[1] = self;
    spec.args = args;
    spec.arg_count = 1;
    spec.runs = 2;
    spec.events = "task-clock,minor-faults,cpu-migrations";
    if (!perf_source(arena, &spec, NULL, &source, &status, &err)) {
        skip("software events are counted", err.text);
        return;
    }
    bool ran = session_run(arena, &spec, &source, NULL, &session, &err), right = ran;
    for (size_t i = 0; i < session.count; i++) {
        const struct reading *r = session.runs[i].readings;
        right = right && r[M_CPU].state == READING_READ && r[M_CPU].source == SOURCE_PERF && r[M_CPU].value > 1e5 &&
                r[M_FAULTS_MINOR].value > 200 && r[M_FAULTS_MINOR].source == SOURCE_PERF &&
                r[M_MIGRATIONS].state == READING_READ && r[M_WALL].source == SOURCE_CLOCK &&
                r[M_CYCLES].state != READING_NOT_ASKED;
    }
    ok(right && session.count == 6, "software events are counted in whole sessions by the real kernel%s%s",
       err.text[0] ? ": " : "", err.text);
    source_close(&source);
}

/* Touches 256 pages. */
static int target(void)
{
    static volatile char pages[256 * 4096];
    for (int i = 0; i < 256; i++)
        pages[i * 4096]++;
    return 0;
}

int main(int argc, char **argv)
{
    static char self[4096];
    (void)argv;
    if (argc > 1)
        return target();
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        return 99;
    /* libpfm4 reads it once: encode for processors that are not here. */
    setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
    arena = arena_new();
    check_encodings();
    check_rows();
    check_zen5();
    check_errors();
    check_user_only();
    check_standard();
    check_groups();
    check_runs();
    check_formula();
    check_events();
    check_real(self);
    arena_free(arena);
    return done_testing();
}
