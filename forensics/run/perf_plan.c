#include "run/perf_plan.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

#include "run/perf_encode.h"

static int try_open(const struct perf_plan *plan, const struct perf_code *code, int leader, bool user_only)
{
    struct perf_how how = { .pid = 0, .leader = leader, .user_only = user_only, .on_exec = false };
    return plan->kernel->open(plan->kernel->context, code, &how);
}

static void close_event(const struct perf_plan *plan, int fd)
{
    plan->kernel->close(plan->kernel->context, fd);
}

static bool is_forbidden(int errnum)
{
    return errnum == EACCES || errnum == EPERM;
}

/* Opens one event alone and notes the outcome. Kernel mode being forbidden turns the whole plan to user mode. */
static void probe(struct perf_plan *plan, struct perf_event *event)
{
    int fd = try_open(plan, &event->code, -1, plan->user_only);
    if (fd < 0 && is_forbidden(-fd) && !plan->user_only) {
        fd = try_open(plan, &event->code, -1, true);
        plan->user_only = fd >= 0;
    }
    event->errnum = fd < 0 ? -fd : 0;
    if (fd >= 0)
        close_event(plan, fd);
}

/* The event of a name, tried once; -1: libpfm4 does not know it. */
static int event_of(struct arena *arena, struct perf_plan *plan, const char *name)
{
    struct perf_code code;
    for (size_t i = 0; i < plan->event_count; i++)
        if (strcmp(plan->events[i].name, name) == 0)
            return (int)i;
    if (perf_encode(plan->pmu, name, &code))
        return -1;
    struct perf_event *event = ARENA_PUSH(arena, plan->events, plan->event_count, plan->event_room);
    *event = (struct perf_event){ .name = name, .code = code, .software = code.type == PERF_TYPE_SOFTWARE };
    probe(plan, event);
    if (event->errnum && !plan->errnum)
        plan->errnum = event->errnum;
    return (int)(plan->event_count - 1);
}

/* Makes the sum of a row; false when one of its events does not work here. */
static bool sum_of(struct arena *arena, struct perf_plan *plan, const struct perf_table_row *row, struct perf_sum *sum)
{
    *sum = (struct perf_sum){ .metric = row->metric };
    for (int i = 0; i < PERF_TERMS && row->terms[i].event; i++) {
        int event = event_of(arena, plan, row->terms[i].event);
        if (event < 0 || plan->events[event].errnum)
            return false;
        sum->terms[i].scale = row->terms[i].scale;
        sum->terms[i].event = event;
        sum->count++;
    }
    return true;
}

/* Takes the first row of the metric that works. */
static bool add_from(struct arena *arena, struct perf_plan *plan, const struct perf_table_row *rows, enum metric metric)
{
    struct perf_sum sum;
    for (const struct perf_table_row *row = rows; row && row->pmus; row++) {
        if (row->metric != metric || !perf_row_holds(row, plan->pmu))
            continue;
        if (sum_of(arena, plan, row, &sum)) {
            *ARENA_PUSH(arena, plan->sums, plan->sum_count, plan->sum_room) = sum;
            plan->states[metric] = READING_READ;
            return true;
        }
        plan->states[metric] = READING_NOT_SUPPORTED;
    }
    return false;
}

/* ---- groups ---- */

static bool group_has(const struct perf_group *group, int event)
{
    for (int i = 0; i < group->count; i++)
        if (group->events[i] == event)
            return true;
    return false;
}

/* Adds the counters of a sum that the group lacks; false when there is no room for more names. */
static bool group_add(const struct perf_plan *plan, struct perf_group *group, const struct perf_sum *sum)
{
    for (int i = 0; i < sum->count; i++) {
        int event = sum->terms[i].event;
        if (plan->events[event].software || group_has(group, event))
            continue;
        if (group->count == PERF_GROUP_MAX)
            return false;
        group->events[group->count++] = event;
    }
    return true;
}

/* Whether the kernel would put the whole group on the hardware at once: it refuses a group that it never could.
 * It does not reckon with counters that others hold, so each of these is played by one more event of cycles. */
static bool group_fits(const struct perf_plan *plan, const struct perf_group *group)
{
    struct perf_code cycles = { .type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES };
    int fds[PERF_GROUP_MAX + 8], count = 0, reserved = plan->kernel->reserved(plan->kernel->context);
    int wanted = group->count + (reserved < 8 ? reserved : 8);
    for (; count < wanted; count++) {
        const struct perf_code *code = count < group->count ? &plan->events[group->events[count]].code : &cycles;
        fds[count] = try_open(plan, code, count ? fds[0] : -1, plan->user_only);
        if (fds[count] < 0)
            break;
    }
    bool fits = count == wanted;
    while (count > 0)
        close_event(plan, fds[--count]);
    return fits;
}

/* Cycles and instructions, where they work. */
static struct perf_group anchors(const struct perf_plan *plan)
{
    struct perf_group group = { .count = 0 };
    for (size_t i = 0; i < plan->sum_count; i++)
        if (plan->sums[i].metric == M_CYCLES || plan->sums[i].metric == M_INSTRUCTIONS)
            group_add(plan, &group, &plan->sums[i]);
    return group;
}

/* Puts a sum's counters into the last group or a new one; false: they fit none. */
static bool place(struct arena *arena, struct perf_plan *plan, const struct perf_sum *sum)
{
    struct perf_group group = plan->group_count ? plan->groups[plan->group_count - 1] : anchors(plan);
    int had = group.count;
    if (!group_add(plan, &group, sum) || (group.count > had && !group_fits(plan, &group))) {
        group = anchors(plan);
        if (!group_add(plan, &group, sum) || !group_fits(plan, &group))
            return false;
        *ARENA_PUSH(arena, plan->groups, plan->group_count, plan->group_room) = group;
    } else if (group.count == 0) {
        return true; /* software alone */
    } else if (plan->group_count) {
        plan->groups[plan->group_count - 1] = group;
    } else {
        *ARENA_PUSH(arena, plan->groups, plan->group_count, plan->group_room) = group;
    }
    return true;
}

static void place_all(struct arena *arena, struct perf_plan *plan)
{
    size_t kept = 0;
    for (size_t i = 0; i < plan->sum_count; i++) {
        struct perf_sum sum = plan->sums[i];
        if (place(arena, plan, &sum))
            plan->sums[kept++] = sum;
        else
            plan->states[sum.metric] = READING_NOT_SUPPORTED;
    }
    plan->sum_count = kept;
}

/* What is placed first shares a group, so: what every rate needs, then what the rules look at. */
static const enum metric urgent[] = { M_CYCLES,       M_INSTRUCTIONS, M_BRANCHES,        M_BRANCH_MISSES,
                                      M_CACHE_MISSES, M_DTLB_MISSES,  M_CACHE_REFERENCES };
enum { URGENT = sizeof urgent / sizeof *urgent };

static bool is_urgent(int metric)
{
    for (int i = 0; i < URGENT; i++)
        if ((int)urgent[i] == metric)
            return true;
    return false;
}

struct perf_plan perf_plan_make(struct arena *arena, const struct perf_kernel *kernel, const char *pmu,
                                const struct perf_wish *wish)
{
    struct perf_plan plan = { .kernel = kernel, .pmu = pmu };
    for (int i = 0; i < URGENT + METRIC_COUNT; i++) {
        enum metric metric = i < URGENT ? urgent[i] : (enum metric)(i - URGENT);
        if (!wish->metrics[metric] || (i >= URGENT && is_urgent((int)metric)))
            continue;
        if (!add_from(arena, &plan, wish->rows, metric))
            add_from(arena, &plan, perf_table, metric);
    }
    place_all(arena, &plan);
    return plan;
}

/* ---- turns ---- */

const struct perf_group *perf_plan_group(const struct perf_plan *plan, int round)
{
    size_t others = plan->group_count - 1, turn = (size_t)round;
    if (plan->group_count == 0)
        return NULL;
    return &plan->groups[turn % 2 == 0 || others == 0 ? 0 : 1 + turn / 2 % others];
}

int perf_plan_rounds(const struct perf_plan *plan)
{
    return plan->group_count > 1 ? 2 * ((int)plan->group_count - 1) : (int)plan->group_count;
}
