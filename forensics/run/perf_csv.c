#include "run/perf_rows.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 24 };

struct perf_row *perf_row_add(struct perf_rows *rows)
{
    struct perf_row *row = ARENA_PUSH(rows->arena, rows->rows, rows->count, rows->room);
    *row = (struct perf_row){ .unit = "", .state = READING_READ, .percent = 100, .place = "", .timestamp = NAN,
                              .metric_value = NAN, .metric_unit = "", .begins_run = rows->header };
    rows->header = false;
    return row;
}

static bool number(const char *text, double *value)
{
    char copy[64], *end;
    while (*text == ' ')
        text++;
    size_t length = strlen(text);
    if (length == 0 || length >= sizeof copy || !(isdigit((unsigned char)*text) || *text == '-'))
        return false;
    strcpy(copy, text);
    /* Some locales write a decimal comma. */
    char *comma = strchr(copy, ',');
    if (comma && !strchr(comma + 1, ','))
        *comma = '.';
    *value = strtod(copy, &end);
    return *end == '\0';
}

bool perf_value(const char *text, enum reading_state *state, double *value)
{
    *value = 0;
    *state = READING_READ;
    if (strstr(text, "<not supported>"))
        *state = READING_NOT_SUPPORTED;
    else if (strstr(text, "<not counted>"))
        *state = READING_NOT_COUNTED;
    else
        return number(text, value);
    return true;
}

/* ---- the separator ---- */

static size_t value_length(const char *text)
{
    size_t length = 0;
    if (strncmp(text, "<not supported>", 15) == 0)
        return 15;
    if (strncmp(text, "<not counted>", 13) == 0)
        return 13;
    while (isdigit((unsigned char)text[length]))
        length++;
    if (length && (text[length] == '.' || text[length] == ',') && isdigit((unsigned char)text[length + 1]))
        for (length++; isdigit((unsigned char)text[length]);)
            length++;
    return length;
}

static size_t unit_length(const char *text)
{
    static const char *const units[] = {
        "msec", "nsec", "ns", "usec", "sec", "Joules", "MiB", "KiB", "Bytes", "Watts"
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strncmp(text, units[i], strlen(units[i])) == 0 && !isalpha((unsigned char)text[strlen(units[i])]))
            return strlen(units[i]);
    return 0;
}

/* Whether `rest`, behind a value, is SEP [UNIT] SEP EVENT with a separator of this length. */
static bool fits(const char *rest, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!rest[i] || isalnum((unsigned char)rest[i]) || strchr(".<>-_\"{}()%", rest[i]))
            return false;
    const char *unit = rest + length;
    const char *second = unit + unit_length(unit);
    return strncmp(second, rest, length) == 0 && isalpha((unsigned char)second[length]);
}

bool perf_csv_separator(const char *line, char separator[PERF_SEPARATOR_MAX])
{
    for (const char *at = line; *at; at++) {
        size_t value = at > line && isalnum((unsigned char)at[-1]) ? 0 : value_length(at);
        for (size_t length = 1; value && length < PERF_SEPARATOR_MAX; length++)
            if (fits(at + value, length)) {
                memcpy(separator, at + value, length);
                separator[length] = '\0';
                return true;
            }
    }
    return false;
}

/* ---- a line ---- */

/* Splits at the separator; an event such as cpu/event=1,umask=2/ keeps its separators. */
static int split(char *line, const char *separator, char *fields[FIELDS_MAX])
{
    int count = 0;
    for (char *at = line; at && count < FIELDS_MAX;) {
        fields[count++] = at;
        char *from = at, *slash = strchr(at, '/'), *cut = strstr(at, separator);
        if (slash && cut && slash < cut && strchr(slash + 1, '/'))
            from = strchr(slash + 1, '/');
        at = strstr(from, separator);
        if (at) {
            *at = '\0';
            at += strlen(separator);
        }
    }
    return count;
}

static bool is_unit(const char *text)
{
    return !strpbrk(text, "0123456789<");
}

/* The index of the value's field, -1: none. Place and timestamp stand before it. */
static int find_value(char **fields, int count)
{
    enum reading_state state;
    double value;
    for (int i = 0; i + 2 < count; i++)
        if (perf_value(fields[i], &state, &value) && is_unit(fields[i + 1]) && isalpha((unsigned char)fields[i + 2][0]))
            return i;
    return -1;
}

static void read_prefix(struct perf_rows *rows, struct perf_row *row, char **fields, int count)
{
    double stamp;
    int first = count > 0 && strchr(fields[0], '.') && number(fields[0], &stamp);
    if (first)
        row->timestamp = stamp;
    for (int i = first; i < count; i++)
        row->place = arena_printf(rows->arena, "%s/%s", row->place, fields[i]);
}

static void read_metric(struct perf_rows *rows, struct perf_row *row, char **fields, int count)
{
    if (count >= 2 && number(fields[0], &row->metric_value))
        row->metric_unit = arena_strdup(rows->arena, fields[1]);
}

/* After the event: [variance%] running percent [variance%] [metric unit]. */
static void read_rest(struct perf_rows *rows, struct perf_row *row, char **fields, int count)
{
    double figures[2] = { 0, 100 };
    int used = 0, i = 0;
    for (; i < count; i++) {
        size_t length = strlen(fields[i]);
        if (length > 1 && fields[i][length - 1] == '%')
            row->averaged = true;
        else if (used < 2)
            number(fields[i], &figures[used++]);
        else
            break;
    }
    row->running_ns = figures[0];
    row->percent = figures[1];
    read_metric(rows, row, fields + i, count - i);
}

/* A line without a counter: ",,,,,0.04,stalled cycles per insn". */
static bool metric_line(struct perf_rows *rows, char **fields, int count)
{
    int first = 0;
    double value;
    while (first < count && !*fields[first])
        first++;
    if (first < 3 || first + 1 >= count || !number(fields[first], &value))
        return false;
    read_metric(rows, perf_row_add(rows), fields + first, count - first);
    return true;
}

bool perf_csv_line(struct perf_rows *rows, char *line, const char *separator)
{
    char *fields[FIELDS_MAX];
    line[strcspn(line, "\r\n")] = '\0';
    int count = split(line, separator, fields), at = find_value(fields, count);
    if (at < 0)
        return metric_line(rows, fields, count);
    struct perf_row *row = perf_row_add(rows);
    perf_value(fields[at], &row->state, &row->value);
    row->unit = arena_strdup(rows->arena, fields[at + 1]);
    row->event = arena_strdup(rows->arena, fields[at + 2]);
    read_prefix(rows, row, fields, at);
    read_rest(rows, row, fields + at + 3, count - at - 3);
    return true;
}
