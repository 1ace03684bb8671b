/* Reports: a result, or any tree, written in one of the formats of the table below. */
#ifndef FORENSICS_REPORT_REPORT_H
#define FORENSICS_REPORT_REPORT_H

#include <stdio.h>

#include "core/result.h"
#include "report/tree.h"

struct report_options {
    bool colour;  /* ANSI colours; the caller looks at --color, NO_COLOR and the terminal */
    bool unicode; /* bars of block characters; the caller looks at the locale */
    bool verbose; /* every metric, symbol, fact, component */
    bool quiet;   /* the verdict on one line */
    int width;    /* columns of the text format; 0: 100; clamped to 60..160 */
};

/* Writes a tree to a stream; it cannot fail but through the stream. */
typedef void report_writer(const struct document *document, FILE *stream, const struct report_options *options);

report_writer write_text, write_markdown, write_html;

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_MARKDOWN, REPORT_HTML, REPORT_FORMAT_COUNT };

struct report_format_row {
    const char *name, *extension, *meaning;
    report_writer *write; /* NULL: json, which is the value itself (core/json.h) and no tree */
};

extern const struct report_format_row report_format_table[REPORT_FORMAT_COUNT];

/* By name; false when there is no such format. */
bool report_format_by_name(const char *name, enum report_format *format);

/* Writes the report of `result` to `stream`, which `what` names in an error. */
bool report_write(const struct result *result, enum report_format format, FILE *stream, const char *what,
                  const struct report_options *options, struct err *err);

/* The same into a file that appears whole or not at all. */
bool report_write_file(const struct result *result, enum report_format format, const char *path,
                       const struct report_options *options, struct err *err);

/* Writes any other tree (the tables of rules, profiles, metrics, doctor) as text, markdown or html. */
bool document_write(const struct document *document, enum report_format format, FILE *stream, const char *what,
                    const struct report_options *options, struct err *err);

#endif
