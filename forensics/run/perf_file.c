#include "run/perf_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/perf_rows.h"
#include "run/perf_runs.h"

/* perf stat's files are a few kB; what is larger is something else. */
enum { FILE_LIMIT = 64 << 20 /* bytes */ };

enum format { FORMAT_UNKNOWN, FORMAT_CSV, FORMAT_JSON, FORMAT_TEXT };

/* ---- the file ---- */

static char *read_whole(struct arena *arena, const char *path, FILE *f, size_t *bytes, struct err *err)
{
    char *text = NULL;
    size_t count = 0, room = 0, got;
    do {
        if (count + 4096 > room) {
            room = room ? 2 * room : 16384;
            text = arena_grow(arena, text, count, room + 1);
        }
        got = fread(text + count, 1, 4096, f);
        count += got;
    } while (got > 0 && count <= FILE_LIMIT);
    if (ferror(f)) {
        err_sys(err, ERR_TOOL, errno, "cannot read '%s'", path);
        return NULL;
    }
    text[count] = '\0';
    *bytes = count;
    return text;
}

static char *load(struct arena *arena, const char *path, size_t *bytes, struct err *err)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        if (errno == ENOENT)
            err_set(err, ERR_TOOL, "there is no file '%s': check the path, or record it with %s", path,
                    PERF_FILE_RECIPE);
        else
            err_sys(err, ERR_TOOL, errno, "cannot open '%s'", path);
        return NULL;
    }
    char *text = read_whole(arena, path, f, bytes, err);
    fclose(f);
    return text;
}

/* ---- what it is ---- */

/* Files of other tools that people take for perf stat's, by how they begin. */
static const char *other_tool(const char *text, size_t bytes)
{
    static const struct {
        const char *begins, *what;
    } rows[] = {
        { "PERFILE2", "a recording of `perf record` or `perf stat record`" },
        { "\x7f" "ELF", "an ELF program" },
        { "# To display the perf.data header", "a report of `perf report`" },
        { "# captured on", "a report of `perf report`" },
        { "version: cachegrind", "a file of cachegrind" },
        { "desc: ", "a file of cachegrind" },
        { "# callgrind format", "a file of callgrind" },
        { "version: 1\ncreator: callgrind", "a file of callgrind" },
        { "#!", "a script" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(text, rows[i].begins, strlen(rows[i].begins)) == 0)
            return rows[i].what;
    return memchr(text, '\0', bytes) ? "a binary file" : NULL;
}

static enum format detect(const char *text, char separator[PERF_SEPARATOR_MAX])
{
    enum format format = FORMAT_UNKNOWN;
    if (strstr(text, "\"counter-value\"") || strstr(text, "\"metric-value\""))
        return FORMAT_JSON;
    /* A program's own output may stand in the file, too: the first line that fits decides. */
    for (const char *line = text; line && format == FORMAT_UNKNOWN;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        char copy[512];
        snprintf(copy, sizeof copy, "%.*s", (int)strcspn(line, "\n"), line);
        if (strstr(copy, "Performance counter stats for"))
            format = FORMAT_TEXT;
        else if (copy[0] != '#' && perf_csv_separator(copy, separator))
            format = FORMAT_CSV;
    }
    return format;
}

static void parse(struct perf_rows *rows, char *text, enum format format, const char *separator)
{
    char *rest = text;
    rows->header = true;
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (strncmp(line, "# started on", 12) == 0 || strstr(line, "Performance counter stats for"))
            rows->header = true;
        else if (format == FORMAT_CSV)
            perf_csv_line(rows, line, separator);
        else if (format == FORMAT_JSON)
            perf_json_line(rows, line);
        else
            perf_text_line(rows, line);
    }
}

/* ---- to runs ---- */

static int rounds_of(const struct session *session, enum side side)
{
    int rounds = 0;
    for (size_t i = 0; i < session->count; i++)
        rounds += session->runs[i].side == side;
    return rounds;
}

static bool holds_figures(const struct run *run)
{
    for (int i = 0; i < METRIC_COUNT; i++)
        if (run->readings[i].state == READING_READ)
            return true;
    return false;
}

/* Appends the runs; returns whether any has a figure. */
static bool append(struct perf_rows *rows, enum side side, struct session *session, struct perf_import *import)
{
    int round = rounds_of(session, side);
    bool any = false;
    for (size_t from = 0, length; from < rows->count; from += length) {
        struct run run = { .side = side, .round = round++ };
        length = perf_run_length(rows, from);
        perf_run_fill(rows, from, length, &run, import);
        any = any || holds_figures(&run);
        *ARENA_PUSH(rows->arena, session->runs, session->count, session->room) = run;
        import->runs++;
    }
    return any;
}

static bool has_counters(const struct perf_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows->rows[i].event)
            return true;
    return false;
}

static bool refuse_unknown(const char *path, const char *text, size_t bytes, struct err *err)
{
    const char *what = other_tool(text, bytes);
    if (what)
        return err_set(err, ERR_TOOL, "'%s' is %s, not output of perf stat: record it with %s", path, what,
                       PERF_FILE_RECIPE);
    return err_set(err, ERR_TOOL,
                   "'%s' holds no line of perf stat in a known format (-x, -j or the default one): record it with %s",
                   path, PERF_FILE_RECIPE);
}

bool perf_file_read(struct arena *arena, const char *path, enum side side, struct session *session,
                    struct perf_import *import, struct err *err)
{
    size_t bytes = 0;
    char separator[PERF_SEPARATOR_MAX] = "", *text = load(arena, path, &bytes, err);
    struct perf_rows rows = { .arena = arena };
    if (!text)
        return false;
    if (bytes > FILE_LIMIT)
        return err_set(err, ERR_TOOL, "'%s' is larger than %d MB and cannot be output of perf stat", path,
                       FILE_LIMIT >> 20);
    if (bytes == 0 || strspn(text, " \t\r\n") == bytes)
        return err_set(err, ERR_TOOL, "'%s' is empty: record it with %s", path, PERF_FILE_RECIPE);
    enum format format = other_tool(text, bytes) ? FORMAT_UNKNOWN : detect(text, separator);
    if (format == FORMAT_UNKNOWN)
        return refuse_unknown(path, text, bytes, err);
    parse(&rows, text, format, separator);
    if (!has_counters(&rows))
        return err_set(err, ERR_TOOL,
                       "'%s' holds computed metrics and no counters (perf stat --metric-only): record it with %s", path,
                       PERF_FILE_RECIPE);
    if (!append(&rows, side, session, import))
        return err_set(err, ERR_TOOL,
                       "'%s' holds no figure: every event in it is unknown, <not supported> or <not counted>; "
                       "record it on a machine whose counters work (layout_tax_forensics doctor tells)",
                       path);
    session->complete = true;
    return true;
}
