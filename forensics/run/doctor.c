#include "run/doctor.h"

#include <ctype.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "run/machine.h"

const char *const doctor_level_name[] = { "good", "weak", "missing" };

/* Load by others beyond this share of a core is noise that a comparison will see. */
#define LOAD_WEAK .3

/* With a full stop, and a capital where asked for. */
static const char *sentence(struct arena *arena, const char *text, bool capital)
{
    char *made = arena_printf(arena, "%s.", text);
    if (capital)
        made[0] = (char)toupper((unsigned char)made[0]);
    return made;
}

static void add(struct arena *arena, struct doctor *d, const char *topic, enum doctor_level level, const char *finding,
                const char *remedy)
{
    *ARENA_PUSH(arena, d->rows, d->row_count, d->row_room) =
        (struct doctor_row){ topic, level, sentence(arena, finding, true),
                             level == DOCTOR_GOOD || !remedy ? NULL : sentence(arena, remedy, false) };
}

/* ---- counters ---- */

static int count_metrics(const struct perf_status *perf, enum reading_state state)
{
    int count = 0;
    for (int i = 0; i < METRIC_COUNT; i++)
        count += perf->metrics[i] == state;
    return count;
}

static void look_at_counters(struct arena *arena, struct doctor *d)
{
    const struct perf_status *p = &d->perf;
    if (p->state != PERF_WORKS) {
        add(arena, d, "hardware counters", DOCTOR_MISSING, p->why, p->remedy);
        return;
    }
    add(arena, d, "hardware counters", DOCTOR_GOOD,
        arena_printf(arena, "%d metrics can be counted in %d rounds", count_metrics(p, READING_READ), p->rounds), NULL);
    if (!p->pmu)
        add(arena, d, "layout events", DOCTOR_WEAK,
            "there is no table for this processor, so only the kernel's generic events are counted",
            "give the events by hand: --events METRIC=EVENT");
    else if (count_metrics(p, READING_NOT_SUPPORTED) > 0)
        add(arena, d, "layout events", DOCTOR_WEAK,
            arena_printf(arena, "%d metrics of the table for %s do not work here",
                         count_metrics(p, READING_NOT_SUPPORTED), p->pmu),
            "a virtual machine may pass a part of the counters through; the bare machine has them all");
    if (p->user_only)
        add(arena, d, "kernel mode", DOCTOR_WEAK,
            arena_printf(arena, "counters see user mode only (kernel.perf_event_paranoid is %d)",
                         d->machine.perf_event_paranoid),
            "as root: sysctl kernel.perf_event_paranoid=1");
    if (machine_number("/proc/sys/kernel/nmi_watchdog", 0) == 1)
        add(arena, d, "NMI watchdog", DOCTOR_WEAK, "the NMI watchdog holds one counter of every core",
            "as root: sysctl kernel.nmi_watchdog=0");
}

/* ---- the machine ---- */

static void look_at_cores(struct arena *arena, struct doctor *d, int cpu)
{
    cpu_set_t own;
    int cores = sched_getaffinity(0, sizeof own, &own) == 0 ? CPU_COUNT(&own) : d->machine.cores;
    if (cores < 2)
        add(arena, d, "cores", DOCTOR_WEAK,
            "this process may use one core only, so it shares it with the program it measures",
            "give it two (taskset, cpuset or the container's --cpus)");
    else
        add(arena, d, "cores", DOCTOR_GOOD, arena_printf(arena, "%d cores: the program has one for itself", cores),
            NULL);

    const char *path =
        arena_printf(arena, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu < 0 ? cores - 1 : cpu);
    const char *siblings = machine_line(arena, path);
    if (siblings && strpbrk(siblings, ",-"))
        add(arena, d, "SMT", DOCTOR_WEAK,
            arena_printf(arena,
                         "the cores share their units in pairs (%s): what runs on the sibling changes the figures",
                         siblings),
            arena_printf(arena, "keep the sibling idle, or as root: echo off > /sys/devices/system/cpu/smt/control"));
    double load = 0;
    if (getloadavg(&load, 1) == 1 && load > LOAD_WEAK)
        add(arena, d, "other load", DOCTOR_WEAK,
            arena_printf(arena, "%.1f other programs ran on average during the last minute", load),
            "stop them, or raise --runs");
    else
        add(arena, d, "other load", DOCTOR_GOOD, "nothing else runs", NULL);
}

static void look_at_speed(struct arena *arena, struct doctor *d)
{
    const struct machine *m = &d->machine;
    if (m->governor && strcmp(m->governor, "performance") != 0)
        add(arena, d, "governor", DOCTOR_WEAK,
            arena_printf(arena, "the frequency governor is '%s', so the clock speed follows the load", m->governor),
            "as root: cpupower frequency-set -g performance");
    else if (m->governor)
        add(arena, d, "governor", DOCTOR_GOOD, "the frequency governor is 'performance'", NULL);
    if (machine_number("/sys/devices/system/cpu/intel_pstate/no_turbo", 1) == 0 ||
        machine_number("/sys/devices/system/cpu/cpufreq/boost", 0) == 1)
        add(arena, d, "turbo", DOCTOR_WEAK, "the processor may exceed its nominal speed while it is cool",
            "as root: echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo, or "
            "echo 0 > /sys/devices/system/cpu/cpufreq/boost");
    if (m->hypervisor)
        add(arena, d, "virtual machine", DOCTOR_WEAK,
            arena_printf(arena, "a hypervisor (%s) shares the machine with others, so times are noisier",
                         m->hypervisor),
            "raise --runs; the estimate for bursty noise is chosen by the data");
}

static void look_at_memory(struct arena *arena, struct doctor *d)
{
    int now = personality(0xffffffff);
    bool refused = now < 0 || personality((unsigned)now | ADDR_NO_RANDOMIZE) < 0;
    if (!refused)
        personality((unsigned)now);
    if (refused && d->machine.aslr)
        add(arena, d, "address randomisation", DOCTOR_WEAK,
            "addresses change from run to run, and the system refuses to switch that off (seccomp)",
            "run outside the container, with a seccomp profile that allows personality, or as root: "
            "sysctl kernel.randomize_va_space=0");
    else
        add(arena, d, "address randomisation", DOCTOR_GOOD, "it can be switched off for the programs that are measured",
            NULL);
    if (d->machine.thp && strcmp(d->machine.thp, "always") == 0)
        add(arena, d, "huge pages", DOCTOR_WEAK,
            "transparent huge pages are 'always': whether a run gets them is luck, and dTLB misses follow",
            "as root: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
    else if (d->machine.thp)
        add(arena, d, "huge pages", DOCTOR_GOOD, arena_printf(arena, "transparent huge pages are '%s'", d->machine.thp),
            NULL);
}

static bool in_container(void)
{
    const char *word = getenv("container");
    return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 || (word && *word);
}

static bool in_path(const char *name)
{
    const char *path = getenv("PATH");
    for (const char *at = path ? path : "/usr/bin:/bin"; *at;) {
        char file[4096];
        size_t length = strcspn(at, ":");
        snprintf(file, sizeof file, "%.*s/%s", (int)length, at, name);
        if (length && access(file, X_OK) == 0)
            return true;
        at += length + (at[length] == ':');
    }
    return false;
}

static void look_at_surroundings(struct arena *arena, struct doctor *d)
{
    if (in_container())
        add(arena, d, "container", DOCTOR_GOOD, "this is a container: counters and cores are what it was started with",
            NULL);
    if (in_path("valgrind"))
        add(arena, d, "valgrind", DOCTOR_GOOD, "installed: the recorder of the processor model can run", NULL);
    else
        add(arena, d, "valgrind", DOCTOR_MISSING, "not installed: the recorder of the processor model cannot run",
            "apt-get install valgrind");
}

/* ---- figures ---- */

static bool by_clock(enum metric metric)
{
    return metric == M_WALL || metric == M_CPU || metric == M_USER || metric == M_SYSTEM || metric == M_FAULTS_MINOR ||
           metric == M_FAULTS_MAJOR || metric == M_SWITCHES || metric == M_PEAK_RSS || metric == M_THROUGHPUT;
}

static struct doctor_figure plain_figure(const struct doctor *d, enum metric metric)
{
    struct doctor_figure figure = { .metric = metric, .measured = true, .source = SOURCE_CLOCK };
    if (by_clock(metric))
        return figure;
    figure.source = SOURCE_PERF;
    figure.measured = d->perf.metrics[metric] == READING_READ;
    if (!figure.measured)
        figure.blocked = d->perf.metrics[metric] == READING_NOT_ASKED ? "no event of this processor is known for it"
                         : d->perf.why                                ? d->perf.why
                                                                      : "this machine has no such counter";
    return figure;
}

static void look_at_figures(struct doctor *d)
{
    for (int i = 0; i < METRIC_COUNT; i++)
        if (!metric_table[i].derived)
            d->figures[i] = plain_figure(d, (enum metric)i);
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (!metric_table[i].derived)
            continue;
        const struct doctor_figure *over = &d->figures[metric_table[i].over],
                                   *under = &d->figures[metric_table[i].under];
        d->figures[i] = over->measured ? *under : *over;
        d->figures[i].metric = (enum metric)i;
    }
}

struct doctor doctor_look(struct arena *arena, const struct perf_kernel *kernel, int cpu)
{
    struct doctor d = { .machine = machine_read(arena, cpu) };
    perf_look(arena, kernel, &d.perf);
    look_at_counters(arena, &d);
    look_at_cores(arena, &d, cpu);
    look_at_speed(arena, &d);
    look_at_memory(arena, &d);
    look_at_surroundings(arena, &d);
    look_at_figures(&d);
    return d;
}
