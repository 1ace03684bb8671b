/* perf stat's output for people:
 *
 *      1,234,567      cycles:u          #    3.500 GHz      ( +-  0.20% )  (66.67%)
 *           1.39 msec task-clock        #    0.027 CPUs utilized
 *    <not supported>   branches
 *        0.0524 seconds time elapsed
 */
#include "run/perf_rows.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 128 };

static const char *word(const char *at, char text[WORD_MAX])
{
    size_t length;
    at += strspn(at, " \t");
    length = strcspn(at, " \t\r\n");
    snprintf(text, WORD_MAX, "%.*s", (int)(length < WORD_MAX ? length : WORD_MAX - 1), at);
    return at + length;
}

/* A number as people read it. Locales group digits with ',', '.', '\'' or a narrow blank; `whole` numbers have no
 * decimals, so there every mark is a group's; else the last '.' or ',' is the decimal mark. */
static bool grouped_number(const char *text, bool whole, double *value)
{
    char digits[WORD_MAX], *end;
    size_t used = 0;
    const char *mark = whole ? NULL : strpbrk(text, ".,") ? strrchr(text, strrchr(text, '.') ? '.' : ',') : NULL;
    if (!isdigit((unsigned char)*text))
        return false;
    for (const char *c = text; *c; c++) {
        if (isdigit((unsigned char)*c))
            digits[used++] = *c;
        else if (c == mark)
            digits[used++] = '.';
        else if (!strchr(".,'", *c) && (unsigned char)*c < 0x80)
            return false;
    }
    digits[used] = '\0';
    *value = strtod(digits, &end);
    return *end == '\0';
}

/* "0.052 seconds time elapsed", "0.053 +- 0.0008 seconds time elapsed", "0.002 seconds user". */
static bool time_line(struct perf_rows *rows, const char *line)
{
    const char *seconds = strstr(line, " seconds ");
    char first[WORD_MAX];
    double value;
    word(line, first);
    if (!seconds || !grouped_number(first, false, &value))
        return false;
    const char *what = seconds + strlen(" seconds ");
    const char *event = strncmp(what, "time elapsed", 12) == 0 ? "duration_time"
                        : strncmp(what, "user", 4) == 0        ? "user_time"
                        : strncmp(what, "sys", 3) == 0         ? "system_time"
                                                               : NULL;
    if (!event)
        return false;
    struct perf_row *row = perf_row_add(rows);
    row->event = event;
    row->unit = "ns";
    row->value = value * 1e9;
    row->averaged = strstr(line, "+-") != NULL;
    return true;
}

/* The part behind '#': "3.500 GHz", "25.3 %  tma_frontend_bound". */
static void read_metric(struct perf_rows *rows, struct perf_row *row, const char *rest)
{
    const char *hash = strchr(rest, '#');
    char text[WORD_MAX];
    if (!hash)
        return;
    hash = word(hash + 1, text);
    if (!grouped_number(text, false, &row->metric_value))
        return;
    hash += strspn(hash, " ");
    size_t length = strcspn(hash, "(\r\n");
    while (length && hash[length - 1] == ' ')
        length--;
    row->metric_unit = arena_strndup(rows->arena, hash, length);
}

/* The last "(66.67%)" that is not a variance. */
static void read_percent(struct perf_row *row, const char *rest)
{
    row->averaged = strstr(rest, "+-") != NULL;
    const char *open = strrchr(rest, '(');
    double percent;
    if (open && sscanf(open, "(%lf%%)", &percent) == 1)
        row->percent = percent;
}

static bool metric_alone(struct perf_rows *rows, const char *line)
{
    if (line[strspn(line, " \t")] != '#')
        return false;
    struct perf_row row = { .metric_unit = "" };
    read_metric(rows, &row, line);
    if (!*row.metric_unit)
        return false;
    struct perf_row *added = perf_row_add(rows);
    added->metric_value = row.metric_value;
    added->metric_unit = row.metric_unit;
    return true;
}

/* VALUE [UNIT] EVENT; fills state, value, unit and event, returns what follows or NULL. */
static const char *read_counter(struct perf_rows *rows, struct perf_row *row, const char *line)
{
    char value[WORD_MAX], event[WORD_MAX];
    const char *rest;
    line += strspn(line, " \t");
    if (strncmp(line, "<not ", 5) == 0) {
        rest = strchr(line, '>');
        if (!rest || !perf_value(line, &row->state, &row->value))
            return NULL;
        rest = word(rest + 1, event);
    } else {
        rest = word(line, value);
        rest = word(rest, event);
        bool unit = strcmp(event, "msec") == 0 || strcmp(event, "ns") == 0 || strcmp(event, "Joules") == 0;
        if (!grouped_number(value, !unit, &row->value))
            return NULL;
        if (unit) {
            row->unit = arena_strdup(rows->arena, event);
            rest = word(rest, event);
        }
    }
    if (!isalpha((unsigned char)event[0]))
        return NULL;
    row->event = arena_strdup(rows->arena, event);
    return rest;
}

bool perf_text_line(struct perf_rows *rows, const char *line)
{
    if (time_line(rows, line) || metric_alone(rows, line))
        return true;
    struct perf_row *row = perf_row_add(rows);
    const char *rest = read_counter(rows, row, line);
    if (!rest) {
        rows->header = row->begins_run;
        rows->count--;
        return false;
    }
    /* Where percentages are printed, times are not. */
    read_metric(rows, row, rest);
    read_percent(row, rest);
    return true;
}
