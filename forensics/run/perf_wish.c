#include "run/perf_plan.h"

#include <stdio.h>
#include <string.h>

#include "run/event_names.h"
#include "run/perf_encode.h"

enum { NEAR_MAX = 3, ROWS_MAX = 64 };

static bool unknown(struct arena *arena, const char *name, struct err *err)
{
    const char *near[NEAR_MAX], *list = "";
    size_t count = event_near(name, near, NEAR_MAX);
    for (size_t i = 0; i < count; i++)
        list = arena_printf(arena, "%s%s%s", list, i ? ", " : "; near it: ", near[i]);
    return err_set(
        err, ERR_USAGE,
        "there is no event '%s'%s (`layout_tax_forensics metrics` lists all; METRIC=EVENT takes one of libpfm4)", name,
        list);
}

/* METRIC=EVENT. */
static bool read_pair(struct arena *arena, char *item, const char *pmu, struct perf_wish *wish, int *rows,
                      struct err *err)
{
    char *event = strchr(item, '=');
    *event++ = '\0';
    const struct event_name *name = event_find(item);
    struct perf_code code;
    if (!name)
        return unknown(arena, item, err);
    const char *why = perf_encode(pmu, event, &code);
    if (why)
        return err_set(err, ERR_USAGE, "libpfm4 does not know the event '%s' of %s=%s on this processor (%s): "
                       "its tool showevtinfo lists those it knows", event, item, event, why);
    if (*rows == ROWS_MAX)
        return err_set(err, ERR_USAGE, "more than %d METRIC=EVENT pairs: give fewer", ROWS_MAX);
    wish->rows[(*rows)++] = (struct perf_table_row){ " perf ", name->metric, false, { { 1, event } } };
    wish->metrics[name->metric] = true;
    return true;
}

static bool read_item(struct arena *arena, char *item, const char *pmu, struct perf_wish *wish, int *rows,
                      struct err *err)
{
    const struct event_name *name = NULL;
    if (strchr(item, '=') && !strchr(item, '/'))
        return read_pair(arena, item, pmu, wish, rows, err);
    name = event_find(item);
    if (!name)
        return unknown(arena, item, err);
    wish->metrics[name->metric] = true;
    return true;
}

/* Six counters hold these in four or five groups; all that is known would take eleven, a round or two for each. */
static const enum metric standard[] = {
    M_CYCLES,
    M_INSTRUCTIONS,
    M_BRANCHES,
    M_BRANCH_MISSES,
    M_TAKEN_BRANCHES,
    M_CACHE_REFERENCES,
    M_CACHE_MISSES,
    M_L1I_MISSES,
    M_ITLB_MISSES,
    M_OPCACHE_MISSES,
    M_BTB_MISSES,
    M_L1D_MISSES,
    M_DTLB_MISSES,
    M_DTLB_WALKS,
    M_SLOTS,
    M_SLOTS_FRONTEND,
    M_SLOTS_BAD_SPECULATION,
    M_SLOTS_BACKEND,
    M_SLOTS_RETIRING,
    M_MIGRATIONS,
};

static void wish_standard(struct perf_wish *wish)
{
    for (size_t i = 0; i < sizeof standard / sizeof *standard; i++)
        wish->metrics[standard[i]] = true;
}

static void wish_all(struct perf_wish *wish)
{
    for (const struct perf_table_row *row = perf_table; row->pmus; row++)
        wish->metrics[row->metric] = wish->metrics[row->metric] || !row->by_clock;
}

bool perf_wish_read(struct arena *arena, const char *events, const char *pmu, struct perf_wish *wish, struct err *err)
{
    int rows = 0;
    *wish = (struct perf_wish){ .rows = NULL };
    if (!events || strcmp(events, "all") == 0) {
        (events ? wish_all : wish_standard)(wish);
        return true;
    }
    /* Rates need these two. */
    wish->metrics[M_CYCLES] = wish->metrics[M_INSTRUCTIONS] = true;
    wish->rows = arena_array(arena, ROWS_MAX + 1, sizeof *wish->rows);
    char *rest = arena_strdup(arena, events);
    for (char *item; (item = strsep(&rest, ","));) {
        item += strspn(item, " \t");
        item[strcspn(item, " \t")] = '\0';
        if (*item && !read_item(arena, item, pmu, wish, &rows, err))
            return false;
    }
    return true;
}
