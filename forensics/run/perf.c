#include "run/perf.h"

#include <errno.h>
#include <string.h>

#include "run/machine.h"
#include "run/perf_encode.h"
#include "run/perf_plan.h"

/* ---- what perf can do here ---- */

static void say_absent(struct arena *arena, struct perf_status *status)
{
    const char *hypervisor = machine_read(arena, -1).hypervisor;
    status->state = PERF_ABSENT;
    if (hypervisor) {
        status->why = arena_printf(arena, "this virtual machine (%s) has no hardware counters", hypervisor);
        status->remedy =
            "run on the bare machine, or have the host pass its counters through (KVM: -cpu host,pmu=on; libvirt: "
            "<pmu state='on'/>; VMware: virtual CPU performance counters); the simulator explains without them";
    } else {
        status->why = "this kernel offers no hardware counters for this processor";
        status->remedy = "boot a newer kernel, and look for counters switched off in the firmware; the simulator "
                         "explains without them";
    }
}

static void say_forbidden(struct arena *arena, const struct perf_kernel *kernel, struct perf_status *status)
{
    int level = kernel->paranoid(kernel->context);
    status->state = PERF_FORBIDDEN;
    if (level > 2) {
        status->why =
            arena_printf(arena, "kernel.perf_event_paranoid is %d, which keeps counters from all but root", level);
        status->remedy = "as root: sysctl kernel.perf_event_paranoid=1 (2 counts user mode alone)";
    } else {
        status->why = "the system refuses perf_event_open, as the seccomp filter of a container does";
        status->remedy = "start the container with --cap-add=PERFMON, or with a seccomp profile that allows "
                         "perf_event_open, or run outside of it";
    }
}

static void say_broken(struct arena *arena, int errnum, struct perf_status *status)
{
    status->state = PERF_BROKEN;
    switch (errnum) {
    case EMFILE:
    case ENFILE:
        status->why = "there are no file descriptors left for counters";
        status->remedy = "raise `ulimit -n`";
        break;
    case EINVAL:
        status->why = "the kernel does not accept the counters as they are asked for (EINVAL)";
        status->remedy = "ask for fewer or generic ones with --events cycles,instructions,branches,branch-misses";
        break;
    case EBUSY:
        status->why = "another program holds the counters for itself (EBUSY)";
        status->remedy = "stop other profilers, or the hypervisor's use of them";
        break;
    default:
        status->why = arena_printf(arena, "perf_event_open fails: %s", strerror(errnum));
        status->remedy = "use the clock or the simulator, and report this";
    }
}

static void explain(struct arena *arena, const struct perf_kernel *kernel, int errnum, struct perf_status *status)
{
    switch (errnum) {
    case 0:
    case ENOENT:
    case ENXIO:
    case ENODEV:
    case EOPNOTSUPP:
    case ENOSYS: say_absent(arena, status); break;
    case EACCES:
    case EPERM: say_forbidden(arena, kernel, status); break;
    default: say_broken(arena, errnum, status);
    }
}

static bool counts(const struct perf_plan *plan, enum metric metric)
{
    return plan->states[metric] == READING_READ;
}

static void report(struct arena *arena, const struct perf_plan *plan, struct perf_status *status)
{
    *status = (struct perf_status){
        .state = PERF_WORKS, .user_only = plan->user_only, .pmu = plan->pmu, .rounds = perf_plan_rounds(plan)
    };
    memcpy(status->metrics, plan->states, sizeof status->metrics);
    if (!counts(plan, M_CYCLES) || !counts(plan, M_INSTRUCTIONS))
        explain(arena, plan->kernel, plan->errnum, status);
}

void perf_look(struct arena *arena, const struct perf_kernel *kernel, struct perf_status *status)
{
    struct perf_wish wish;
    struct err err = ERR_INIT;
    const char *pmu = perf_pmu();
    perf_wish_read(arena, "all", pmu, &wish, &err);
    struct perf_plan plan = perf_plan_make(arena, kernel ? kernel : &perf_kernel_real, pmu, &wish);
    report(arena, &plan, status);
}

/* ---- the source ---- */

struct perf {
    struct perf_plan plan;
    int *fds; /* by event; -1: not open */
};

static void close_all(struct perf *perf)
{
    for (size_t i = 0; i < perf->plan.event_count; i++) {
        if (perf->fds[i] >= 0)
            perf->plan.kernel->close(perf->plan.kernel->context, perf->fds[i]);
        perf->fds[i] = -1;
    }
}

static bool open_one(struct perf *perf, int event, int leader, pid_t child, struct err *err)
{
    const struct perf_plan *plan = &perf->plan;
    struct perf_how how = { .pid = child, .leader = leader, .user_only = plan->user_only, .on_exec = true };
    int fd = plan->kernel->open(plan->kernel->context, &plan->events[event].code, &how);
    if (fd < 0)
        return err_sys(
            err, ERR_TOOL, -fd,
            "cannot count '%s' in the program (one that is set-user-ID cannot be measured; else raise `ulimit -n`)",
            plan->events[event].name);
    perf->fds[event] = fd;
    return true;
}

static bool open_all(struct perf *perf, const struct perf_group *group, pid_t child, struct err *err)
{
    for (int i = 0; group && i < group->count; i++)
        if (!open_one(perf, group->events[i], i ? perf->fds[group->events[0]] : -1, child, err))
            return false;
    for (size_t i = 0; i < perf->plan.event_count; i++)
        if (perf->plan.events[i].software && !perf->plan.events[i].errnum && !open_one(perf, (int)i, -1, child, err))
            return false;
    return true;
}

static bool arm(struct source_object *source, const struct run *run, pid_t child, struct err *err)
{
    struct perf *perf = source->state;
    if (open_all(perf, perf_plan_group(&perf->plan, run->round), child, err))
        return true;
    close_all(perf);
    return false;
}

/* Whether all counters of a sum were open in this run. */
static bool is_open(const struct perf *perf, const struct perf_sum *sum)
{
    for (int i = 0; i < sum->count; i++)
        if (perf->fds[sum->terms[i].event] < 0)
            return false;
    return true;
}

/* The sum in full time; keeps the times of the counter that was away most. */
static bool add_up(const struct perf *perf, const struct perf_sum *sum, struct reading *reading, struct err *err)
{
    double share = 2;
    *reading = (struct reading){ .state = READING_READ, .source = SOURCE_PERF };
    for (int i = 0; i < sum->count; i++) {
        struct perf_count count;
        int event = sum->terms[i].event,
            rc = perf->plan.kernel->read(perf->plan.kernel->context, perf->fds[event], &count);
        if (rc < 0)
            return err_sys(err, ERR_TOOL, -rc, "cannot read the counter '%s'", perf->plan.events[event].name);
        if (count.running_ns == 0) {
            *reading =
                (struct reading){ .state = READING_NOT_COUNTED, .source = SOURCE_PERF, .enabled_ns = count.enabled_ns };
            return true;
        }
        double here = (double)count.running_ns / (double)count.enabled_ns;
        reading->value += sum->terms[i].scale * (double)count.value / here;
        if (here < share) {
            share = here;
            reading->enabled_ns = count.enabled_ns;
            reading->running_ns = count.running_ns;
        }
    }
    /* A difference of two counters can come out just below nothing. */
    if (reading->value < 0)
        reading->value = 0;
    return true;
}

static bool collect(struct source_object *source, struct run *run, struct err *err)
{
    struct perf *perf = source->state;
    bool fine = true;
    for (size_t i = 0; i < perf->plan.sum_count && fine; i++) {
        const struct perf_sum *sum = &perf->plan.sums[i];
        struct reading reading, *to = &run->readings[sum->metric];
        if (!is_open(perf, sum))
            continue;
        fine = add_up(perf, sum, &reading, err);
        if (fine && (reading.state == READING_READ || to->state == READING_NOT_ASKED))
            *to = reading;
    }
    for (int i = 0; i < METRIC_COUNT; i++)
        if (perf->plan.states[i] == READING_NOT_SUPPORTED && run->readings[i].state == READING_NOT_ASKED)
            run->readings[i] = (struct reading){ .state = READING_NOT_SUPPORTED, .source = SOURCE_PERF };
    close_all(perf);
    return fine;
}

static void close_source(struct source_object *source)
{
    close_all(source->state);
}

static const struct source_ops perf_ops = {
    .source = SOURCE_PERF, .arm = arm, .collect = collect, .close = close_source
};

bool perf_source(struct arena *arena, const struct spec *spec, const struct perf_kernel *kernel,
                 struct source_object *source, struct perf_status *status, struct err *err)
{
    struct perf_wish wish;
    const char *pmu = perf_pmu();
    if (!perf_wish_read(arena, spec->events, pmu, &wish, err))
        return false;
    struct perf *perf = arena_alloc(arena, sizeof *perf);
    perf->plan = perf_plan_make(arena, kernel ? kernel : &perf_kernel_real, pmu, &wish);
    report(arena, &perf->plan, status);
    if (spec->events ? perf->plan.sum_count == 0 : status->state != PERF_WORKS)
        return err_set(err, ERR_TOOL, "%s: %s",
                       status->why ? status->why : "none of the events works on this processor",
                       status->remedy ? status->remedy : "ask for others with --events");
    perf->fds = arena_array(arena, perf->plan.event_count, sizeof *perf->fds);
    for (size_t i = 0; i < perf->plan.event_count; i++)
        perf->fds[i] = -1;
    *source = (struct source_object){ &perf_ops, perf };
    return true;
}
