/* perf stat -j prints one flat object a line, or nearly: versions of perf differ in trailing commas, in two objects
 * on one line and in numbers with and without quotes, so a JSON parser would refuse half of them. This scanner
 * takes "KEY" : VALUE pairs between braces and nothing else. */
#include "run/perf_rows.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct pair {
    char key[32], value[200]; /* without quotes; cut when longer */
};

static void copy(char *to, size_t room, const char *from, size_t length)
{
    length = length < room - 1 ? length : room - 1;
    memcpy(to, from, length);
    to[length] = '\0';
}

/* A string with its quotes, or a bare word; returns what follows, NULL when there is none. */
static const char *token(const char *at, char *text, size_t room)
{
    if (*at == '"') {
        const char *end = strchr(at + 1, '"');
        if (!end)
            return NULL;
        copy(text, room, at + 1, (size_t)(end - at - 1));
        return end + 1;
    }
    size_t length = strcspn(at, ",} \t\r\n");
    copy(text, room, at, length);
    return at + length;
}

/* The next pair of an object; NULL at its end. */
static const char *next_pair(const char *at, struct pair *pair)
{
    at += strspn(at, ", \t\r\n");
    if (*at != '"' || !(at = token(at, pair->key, sizeof pair->key)))
        return NULL;
    at += strspn(at, " \t");
    if (*at++ != ':')
        return NULL;
    at += strspn(at, " \t");
    return token(at, pair->value, sizeof pair->value);
}

static void take(struct perf_rows *rows, struct perf_row *row, const struct pair *pair)
{
    static const char *const places[] = { "cpu", "core", "cluster", "die", "socket", "node", "thread" };
    const char *key = pair->key, *value = pair->value;
    if (strcmp(key, "event") == 0)
        row->event = arena_strdup(rows->arena, value);
    else if (strcmp(key, "counter-value") == 0)
        perf_value(value, &row->state, &row->value);
    else if (strcmp(key, "unit") == 0)
        row->unit = arena_strdup(rows->arena, value);
    else if (strcmp(key, "event-runtime") == 0)
        row->running_ns = strtod(value, NULL);
    else if (strcmp(key, "pcnt-running") == 0)
        row->percent = strtod(value, NULL);
    else if (strcmp(key, "variance") == 0)
        row->averaged = true;
    else if (strcmp(key, "interval") == 0)
        row->timestamp = strtod(value, NULL);
    else if (strcmp(key, "metric-value") == 0 && isdigit((unsigned char)*value))
        row->metric_value = strtod(value, NULL);
    else if (strcmp(key, "metric-unit") == 0)
        row->metric_unit = arena_strdup(rows->arena, value);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(key, places[i]) == 0)
            row->place = arena_printf(rows->arena, "%s/%s %s", row->place, key, value);
}

static bool is_perf_key(const char *key)
{
    return strcmp(key, "counter-value") == 0 || strcmp(key, "metric-value") == 0;
}

bool perf_json_line(struct perf_rows *rows, const char *line)
{
    bool any = false;
    for (const char *at = strchr(line, '{'); at; at = strchr(at, '{')) {
        struct pair pair;
        bool known = false;
        const char *next = at + 1;
        struct perf_row *row = perf_row_add(rows);
        while ((next = next_pair(next, &pair))) {
            known = known || is_perf_key(pair.key);
            take(rows, row, &pair);
            at = next;
        }
        if (!known) {
            rows->count--;
            rows->header = row->begins_run;
        } else if (!row->event && !*row->metric_unit) {
            rows->metric_only = true;
        }
        any = any || known;
        at++;
    }
    return any;
}
