/* Numbers for people, and the text writer's promises about width, colour and control characters. */
#include "report/format.h"
#include "report/report.h"
#include "report_examples.h"
#include "tap.h"

static struct arena *arena;

static void values(void)
{
    static const struct { int line; enum unit unit; double value, largest; int digits; const char *want; } rows[] = {
        { __LINE__, UNIT_NANOSECONDS, 319.4e6, 335.8e6, 4, "319.4 ms" },
        { __LINE__, UNIT_NANOSECONDS, 999e6, 1.2e9, 3, "1.00 s" },
        { __LINE__, UNIT_NANOSECONDS, 850, 850, 3, "850 ns" },
        { __LINE__, UNIT_NANOSECONDS, 0, 0, 3, "0 ns" },
        { __LINE__, UNIT_COUNT, 1234, 1234, 3, "1234" },
        { __LINE__, UNIT_COUNT, 12345, 12345, 3, "12.3 k" },
        { __LINE__, UNIT_COUNT, 0, 5e9, 4, "0.000 G" },
        { __LINE__, UNIT_COUNT, 1.802e9, 1.9e9, 4, "1.802 G" },
        { __LINE__, UNIT_BYTES, 458752, 458752, 3, "448 KiB" },
        { __LINE__, UNIT_PER_SECOND, 62.63e6, 62.63e6, 4, "62.63 M/s" },
        { __LINE__, UNIT_PERCENT, 3.81, 4.56, 3, "3.81 %" },
        { __LINE__, UNIT_RATIO, 1.67, 1.8, 3, "1.67" },
        { __LINE__, UNIT_PER_KILO, .0121, .0123, 3, "0.0121" },
        { __LINE__, UNIT_COUNT, NAN, 1, 3, "-" },
        { __LINE__, UNIT_COUNT, INFINITY, 1, 3, "-" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char what[80];
        snprintf(what, sizeof what, "line %d: %s", rows[i].line, rows[i].want);
        is_str(format_value(arena, rows[i].unit, rows[i].value, rows[i].largest, rows[i].digits), rows[i].want, what);
    }
}

static void changes(void)
{
    static const struct { int line; enum estimator estimator; double ratio, lo, hi; const char *change, *interval; } rows[] = {
        { __LINE__, ESTIMATOR_HODGES_LEHMANN, 1.0513, 1.0481, 1.0544, "+5.1 %", "[+4.8 %, +5.4 %]" },
        { __LINE__, ESTIMATOR_HODGES_LEHMANN, 1.05, 1.01, 1.09, "+5 %", "[+1 %, +9 %]" },
        { __LINE__, ESTIMATOR_LOW_TAIL, .95, .9496, .9504, "-5.00 %", "[-5.04 %, -4.96 %]" },
        { __LINE__, ESTIMATOR_HODGES_LEHMANN, 1.0002, .997, 1.0034, "< 0.1 %", "[-0.3 %, +0.3 %]" },
        { __LINE__, ESTIMATOR_EXACT, 1, 1, 1, "0 %", "exact" },
        { __LINE__, ESTIMATOR_EXACT, 1.00001, 1.00001, 1.00001, "< 0.01 %", "exact" },
        { __LINE__, ESTIMATOR_EXACT, 22.75, 22.75, 22.75, "x 22.8", "exact" },
        { __LINE__, ESTIMATOR_EXACT, .25, .25, .25, "x 0.250", "exact" },
        { __LINE__, ESTIMATOR_SINGLE, .879, NAN, NAN, "-12.1 %", "none: 1 run a side" },
        { __LINE__, ESTIMATOR_EXACT, INFINITY, INFINITY, INFINITY, "-", "exact" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct figure figure = { .estimator = rows[i].estimator, .ratio = rows[i].ratio, .lo = rows[i].lo, .hi = rows[i].hi,
                                 .old_n = rows[i].estimator == ESTIMATOR_SINGLE ? 1 : 10, .new_n = 10 };
        char what[80];
        snprintf(what, sizeof what, "line %d: %s %s", rows[i].line, rows[i].change, rows[i].interval);
        is_str(figure_change(arena, &figure), rows[i].change, what);
        is_str(figure_interval(arena, &figure), rows[i].interval, what);
    }
    is_str(format_share(arena, NAN), "?", "a share that is not known is no zero");
    is_str(format_share(arena, -.001), "0 %", "there is no minus zero");
}

static char *printed(const struct example *example, const struct report_options *options)
{
    struct err err = ERR_INIT;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    struct result *result = example->build();
    report_write(result, REPORT_TEXT, stream, "memory", options, &err);
    fclose(stream);
    result_free(result);
    return text;
}

/* The longest line that wrapping could have broken: the command to copy is never broken. */
static size_t longest_line(char *text)
{
    size_t longest = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        size_t length = strlen(line);
        if (strncmp(line, "  layout_tax_forensics ", 23) != 0 && length > longest)
            longest = length;
    }
    return longest;
}

static void width_and_characters(void)
{
    for (int i = 0; i < EXAMPLE_COUNT; i++) {
        char *text = printed(&examples[i], &(struct report_options){ 0 });
        bool clean = true;
        for (const char *p = text; *p; p++)
            clean &= *p == '\n' || (unsigned char)*p >= 0x20;
        ok(clean, "%s: no control character reaches the terminal", examples[i].name);
        ok(!strstr(text, " \n"), "%s: no line ends in blanks", examples[i].name);
        ok(longest_line(text) <= 100, "%s: no line is longer than the page", examples[i].name);
        free(text);
        text = printed(&examples[i], &(struct report_options){ .quiet = true });
        char *end = strchr(text, '\n');
        ok(end && !end[1], "%s: quiet is one line", examples[i].name);
        free(text);
    }
}

static void model_is_marked(void)
{
    char *text = printed(&(struct example){ "layout", example_layout }, &(struct report_options){ .verbose = true });
    struct result *r = example_layout();
    int simulated = 0, marked = 0;
    for (size_t i = 0; i < r->comparison.count; i++)
        simulated += r->comparison.figures[i].source == SOURCE_SIM;
    for (char *line = strtok(strstr(text, "\nFigures\n"), "\n"); line && strncmp(line, "The same code", 13) != 0; line = strtok(NULL, "\n"))
        marked += strstr(line, "modelled") != NULL;
    ok(simulated > 0 && marked == simulated, "every modelled figure says so (%d of %d)", marked, simulated);
    free(text);
    result_free(r);
}

static void own_tables(void)
{
    static const struct column columns[] = { { "name", false, true, false }, { "what", false, false, true } };
    struct err err = ERR_INIT;
    struct document document = document_new(arena, "t");
    struct block *table = document_table(&document, "Table", columns, 2);
    block_row(&document, table);
    block_cell(&document, table, TONE_PLAIN, "ipc");
    block_cell(&document, table, TONE_BAD, "IPC drops");
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    ok(document_write(&document, REPORT_TEXT, stream, "memory", &(struct report_options){ .colour = true }, &err), "a verb's own table is written");
    fclose(stream);
    is_str(text, "\033[1mTable\033[0m\n  \033[2mname\033[0m  \033[2mwhat\033[0m\n  ipc   \033[31mIPC drops\033[0m\n", "with colour when asked");
    free(text);
    ok(!document_write(&document, REPORT_JSON, stdout, "stdout", &(struct report_options){ 0 }, &err) && err.kind == ERR_USAGE,
       "a table has no JSON form, and says so");
    enum report_format format;
    ok(report_format_by_name("markdown", &format) && format == REPORT_MARKDOWN && !report_format_by_name("pdf", &format), "formats by name");
}

static void disk_full(void)
{
    struct err err = ERR_INIT;
    struct result *r = example_none();
    ok(!report_write_file(r, REPORT_HTML, "/dev/full", &(struct report_options){ 0 }, &err) && strstr(err.text, "make room"),
       "a report onto a full disk: one sentence");
    result_free(r);
}

int main(void)
{
    arena = arena_new();
    values();
    changes();
    width_and_characters();
    model_is_marked();
    own_tables();
    disk_full();
    arena_free(arena);
    return done_testing();
}
