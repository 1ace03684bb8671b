#include "run/perf_runs.h"

#include <math.h>
#include <string.h>

#include "run/event_names.h"

/* ---- where a run ends ---- */

static bool same_event(const struct perf_row *a, const struct perf_row *b)
{
    return a->event && b->event && strcmp(a->event, b->event) == 0 && strcmp(a->place, b->place) == 0;
}

/* Rows up to the next header or restart of the clock. */
static size_t marked_length(const struct perf_rows *rows, size_t from)
{
    size_t length = 1;
    while (from + length < rows->count && !rows->rows[from + length].begins_run &&
           !(rows->rows[from + length].timestamp < rows->rows[from + length - 1].timestamp))
        length++;
    return length;
}

static bool repeats(const struct perf_row *rows, size_t count, size_t period)
{
    for (size_t i = period; i < count; i++) {
        bool same = rows[i].event ? same_event(&rows[i], &rows[i - period]) : !rows[i - period].event;
        if (!same)
            return false;
    }
    return true;
}

size_t perf_run_length(const struct perf_rows *rows, size_t from)
{
    const struct perf_row *first = rows->rows + from;
    size_t count = marked_length(rows, from);
    if (!isnan(first->timestamp))
        return count;
    /* An event can stand twice in one run (metric groups do that), so one repetition is no evidence: all must. */
    for (size_t period = 1; period <= count / 2; period++)
        if (count % period == 0 && first->event && same_event(first, first + period) && repeats(first, count, period))
            return period;
    return count;
}

/* ---- one run ---- */

/* Where each metric of the run came from, and the top-down percentages. */
struct filling {
    struct run *run;
    struct perf_import *import;
    struct arena *arena;
    const char *event[METRIC_COUNT]; /* as written; NULL: none yet */
    double percent[METRIC_COUNT];    /* of slots; NaN: none */
};

static double in_unit(const struct perf_row *row, enum metric metric)
{
    if (metric_table[metric].unit != UNIT_NANOSECONDS)
        return row->value;
    if (strcmp(row->unit, "msec") == 0)
        return row->value * 1e6;
    /* perf before 4.18 printed the clocks' milliseconds without a unit. */
    if (!*row->unit && strstr(row->event, "-clock"))
        return row->value * 1e6;
    return row->value;
}

static bool has_modifier(const char *event, const char *modifier)
{
    const char *colon = strrchr(event, ':'), *slash = strrchr(event, '/');
    const char *at = slash && slash != strchr(event, '/') ? slash + 1 : colon ? colon + 1 : NULL;
    return at && strcmp(at, modifier) == 0;
}

static bool on_other_pmu(const char *a, const char *b)
{
    return (strncmp(a, "cpu_core/", 9) == 0 && strncmp(b, "cpu_atom/", 9) == 0) ||
           (strncmp(a, "cpu_atom/", 9) == 0 && strncmp(b, "cpu_core/", 9) == 0);
}

/* Whether two rows of one metric are parts of a sum: other CPUs or intervals, other core types, user and kernel. */
static bool adds_up(const char *had, const char *now, const struct perf_row *row)
{
    if (strcmp(had, now) == 0)
        return *row->place || !isnan(row->timestamp);
    return on_other_pmu(had, now) || (has_modifier(had, "u") && has_modifier(now, "k")) ||
           (has_modifier(had, "k") && has_modifier(now, "u"));
}

static void add_reading(struct reading *to, const struct reading *from)
{
    if (from->state != READING_READ) {
        to->state = to->state == READING_READ ? READING_READ : to->state > from->state ? to->state : from->state;
        return;
    }
    if (to->state != READING_READ)
        *to = (struct reading){ .source = SOURCE_FILE };
    to->state = READING_READ;
    to->value += from->value;
    to->enabled_ns += from->enabled_ns;
    to->running_ns += from->running_ns;
}

static struct reading reading_of(const struct perf_row *row, const struct event_name *name)
{
    struct reading reading = { .state = row->state, .source = SOURCE_FILE };
    if (row->state != READING_READ)
        return reading;
    reading.value = in_unit(row, name->metric) * name->scale;
    double percent = row->percent > 0 && row->percent <= 100 ? row->percent : 100;
    /* The output for people gives the percentage and no time: a second stands for it. */
    double running = row->running_ns > 0 ? row->running_ns : percent < 100 ? 1e7 * percent : 0;
    reading.running_ns = (uint64_t)running;
    reading.enabled_ns = percent < 100 ? (uint64_t)(running * 100 / percent) : reading.running_ns;
    return reading;
}

static void leave_out(struct filling *f, const char *event)
{
    char normal[EVENT_NAME_MAX];
    event_normalise(event, normal);
    struct perf_import *import = f->import;
    for (size_t i = 0; i < import->left_out_count; i++)
        if (strcmp(import->left_out[i], normal) == 0)
            return;
    *ARENA_PUSH(f->arena, import->left_out, import->left_out_count, import->left_out_room) =
        arena_strdup(f->arena, normal);
}

static void take_counter(struct filling *f, const struct perf_row *row)
{
    const struct event_name *name = event_find(row->event);
    if (!name) {
        leave_out(f, row->event);
        return;
    }
    struct reading reading = reading_of(row, name), *to = &f->run->readings[name->metric];
    const char **had = &f->event[name->metric];
    if (has_modifier(row->event, "u"))
        f->import->user_only = true;
    if (*had && adds_up(*had, row->event, row)) {
        add_reading(to, &reading);
    } else if (!*had || (to->state != READING_READ && reading.state == READING_READ)) {
        *to = reading;
        *had = row->event;
    }
}

static void take_metric(struct filling *f, const struct perf_row *row)
{
    static const struct {
        const char *word;
        enum metric metric;
    } slots[] = { { "frontend_bound", M_SLOTS_FRONTEND },
                  { "bad_speculation", M_SLOTS_BAD_SPECULATION },
                  { "backend_bound", M_SLOTS_BACKEND },
                  { "retiring", M_SLOTS_RETIRING },
                  { "frontend bound", M_SLOTS_FRONTEND },
                  { "bad speculation", M_SLOTS_BAD_SPECULATION },
                  { "backend bound", M_SLOTS_BACKEND },
                  { "Retiring", M_SLOTS_RETIRING },
                  { "Frontend Bound", M_SLOTS_FRONTEND },
                  { "Bad Speculation", M_SLOTS_BAD_SPECULATION },
                  { "Backend Bound", M_SLOTS_BACKEND } };
    const char *unit = row->metric_unit + strspn(row->metric_unit, "% ");
    if (strncmp(unit, "tma_", 4) == 0)
        unit += 4;
    if (!isnan(row->metric_value))
        for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
            if (strcmp(unit, slots[i].word) == 0)
                f->percent[slots[i].metric] = row->metric_value;
}

/* Percentages of slots become slots, CPU time the sum of its parts. */
static void complete(struct filling *f)
{
    struct reading *r = f->run->readings;
    for (int i = 0; i < METRIC_COUNT; i++)
        if (!isnan(f->percent[i]) && r[i].state == READING_NOT_ASKED && r[M_SLOTS].state == READING_READ) {
            r[i] = r[M_SLOTS];
            r[i].value *= f->percent[i] / 100;
        }
    if (r[M_CPU].state != READING_READ && r[M_USER].state == READING_READ && r[M_SYSTEM].state == READING_READ) {
        r[M_CPU] = r[M_USER];
        r[M_CPU].value += r[M_SYSTEM].value;
    }
    metric_derive(r);
}

/* perf stat -I --summary ends with rows without a time stamp: the sums, which are not to be added once more. */
static bool has_summary(const struct perf_row *rows, size_t count)
{
    bool stamped = false, bare = false;
    for (size_t i = 0; i < count; i++) {
        stamped = stamped || !isnan(rows[i].timestamp);
        bare = bare || (rows[i].event && isnan(rows[i].timestamp));
    }
    return stamped && bare;
}

void perf_run_fill(const struct perf_rows *rows, size_t from, size_t count, struct run *run, struct perf_import *import)
{
    struct filling f = { .run = run, .import = import, .arena = rows->arena };
    for (int i = 0; i < METRIC_COUNT; i++)
        f.percent[i] = NAN;
    bool summary = has_summary(rows->rows + from, count);
    for (size_t i = from; i < from + count; i++) {
        const struct perf_row *row = &rows->rows[i];
        if (summary && !isnan(row->timestamp))
            continue;
        import->averaged = import->averaged || row->averaged;
        if (row->event)
            take_counter(&f, row);
        take_metric(&f, row);
    }
    complete(&f);
}
