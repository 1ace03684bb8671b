#include "report/report.h"

#include <string.h>

#include "base/save_file.h"
#include "core/json.h"
#include "report/build.h"

const struct report_format_row report_format_table[REPORT_FORMAT_COUNT] = {
    [REPORT_TEXT] = { "text", "txt", "one screen for a terminal or a log", write_text },
    [REPORT_JSON] = { "json", "json", "the whole result, to be loaded again", NULL },
    [REPORT_MARKDOWN] = { "markdown", "md", "for a comment in a review", write_markdown },
    [REPORT_HTML] = { "html", "html", "one page that needs nothing else", write_html },
};

bool report_format_by_name(const char *name, enum report_format *format)
{
    for (int i = 0; i < REPORT_FORMAT_COUNT; i++)
        if (strcmp(report_format_table[i].name, name) == 0) {
            *format = (enum report_format)i;
            return true;
        }
    return false;
}

bool document_write(const struct document *document, enum report_format format, FILE *stream, const char *what,
                    const struct report_options *options, struct err *err)
{
    const struct report_format_row *row = &report_format_table[format];
    if (!row->write)
        return err_set(err, ERR_USAGE, "there is no %s form of this table: choose text, markdown or html", row->name);
    row->write(document, stream, options);
    return stream_flush(stream, what, err);
}

bool report_write(const struct result *result, enum report_format format, FILE *stream, const char *what,
                  const struct report_options *options, struct err *err)
{
    if (format == REPORT_JSON)
        return result_save(result, stream, what, err);
    struct arena *arena = arena_new();
    struct document document = build_report(result, arena, options);
    bool done = document_write(&document, format, stream, what, options, err);
    arena_free(arena);
    return done;
}

bool report_write_file(const struct result *result, enum report_format format, const char *path,
                       const struct report_options *options, struct err *err)
{
    struct save_file file;
    if (!save_file_open(&file, path, err))
        return false;
    report_write(result, format, file.stream, path, options, err);
    return save_file_close(&file, err);
}
