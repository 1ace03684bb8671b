/* What a user sees, compared with the files under tests/golden/report/.
 * After a change that is meant: `UPDATE_GOLDEN=1 make check-unit`, then read the diff.
 */
#include <unistd.h>

#include "base/save_file.h"
#include "report/report.h"
#include "report_examples.h"
#include "tap.h"

struct golden {
    const char *example, *file;
    enum report_format format;
    struct report_options options;
};

static const struct golden goldens[] = {
    { "none", "none.txt", REPORT_TEXT, { 0 } },
    { "work", "work.txt", REPORT_TEXT, { 0 } },
    { "layout", "layout.txt", REPORT_TEXT, { 0 } },
    { "hint", "hint.txt", REPORT_TEXT, { 0 } },
    { "data", "data.txt", REPORT_TEXT, { 0 } },
    { "mixed", "mixed.txt", REPORT_TEXT, { 0 } },
    { "clock", "clock.txt", REPORT_TEXT, { 0 } },
    { "unreliable", "unreliable.txt", REPORT_TEXT, { 0 } },
    { "partial", "partial.txt", REPORT_TEXT, { 0 } },
    { "inspect", "inspect.txt", REPORT_TEXT, { 0 } },
    { "hostile", "hostile.txt", REPORT_TEXT, { 0 } },
    { "layout", "layout-80.txt", REPORT_TEXT, { .width = 80 } },
    { "layout", "layout-verbose.txt", REPORT_TEXT, { .verbose = true } },
    { "layout", "layout-colour.txt", REPORT_TEXT, { .colour = true, .unicode = true } },
    { "clock", "clock-quiet.txt", REPORT_TEXT, { .quiet = true } },
    { "layout", "layout.md", REPORT_MARKDOWN, { 0 } },
    { "mixed", "mixed.md", REPORT_MARKDOWN, { 0 } },
    { "hostile", "hostile.md", REPORT_MARKDOWN, { 0 } },
    { "layout", "layout.html", REPORT_HTML, { 0 } },
    { "hostile", "hostile.html", REPORT_HTML, { 0 } },
    { "layout", "layout.json", REPORT_JSON, { 0 } },
    { "mixed", "mixed.json", REPORT_JSON, { 0 } },
    { "partial", "partial.json", REPORT_JSON, { 0 } },
};

static struct result *build(const char *name)
{
    for (int i = 0; i < EXAMPLE_COUNT; i++)
        if (strcmp(examples[i].name, name) == 0)
            return examples[i].build();
    return NULL;
}

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    if (!f)
        return strdup("(no such file)");
    if (getdelim(&text, &size, '\0', f) < 0 && text)
        text[0] = '\0';
    fclose(f);
    return text;
}

/* The first line in which two texts differ, as diagnostics. */
static void first_difference(const char *got, const char *want)
{
    int line = 1;
    const char *start = got, *begin = want;
    while (*got && *got == *want) {
        if (*got == '\n') {
            line++;
            start = got + 1;
            begin = want + 1;
        }
        got++;
        want++;
    }
    diag("line %d\n#   got  <%.*s>\n#   want <%.*s>", line, (int)strcspn(start, "\n"), start, (int)strcspn(begin, "\n"), begin);
}

static void compare(const struct golden *golden, bool update)
{
    struct err err = ERR_INIT;
    char path[500], *got = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/golden/report/%s", TEST_DIR, golden->file);
    struct result *result = build(golden->example);
    FILE *stream = open_memstream(&got, &size);
    bool written = result && report_write(result, golden->format, stream, "memory", &golden->options, &err);
    fclose(stream);
    if (update && written) {
        struct save_file file;
        if (save_file_open(&file, path, &err)) {
            fputs(got, file.stream);
            save_file_close(&file, &err);
        }
    }
    char *want = slurp(path);
    bool same = ok(written && err.kind == ERR_NONE && strcmp(got, want) == 0, "%s is as it was", golden->file);
    if (!same)
        first_difference(got, want);
    free(want);
    free(got);
    result_free(result);
}

int main(void)
{
    const char *update = getenv("UPDATE_GOLDEN");
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++)
        compare(&goldens[i], update && *update && strcmp(update, "0") != 0);
    return done_testing();
}
