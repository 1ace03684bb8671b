/* A report as a tree: titled blocks that say what is shown, not how. Built once from a value (build.h, or a verb's
 * own table), printed by one writer per format (report.h). Everything lives in one arena; texts are copied into it.
 */
#ifndef FORENSICS_REPORT_TREE_H
#define FORENSICS_REPORT_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_DOUBT, TONE_FAINT, TONE_STRONG, TONE_COUNT };

enum block_kind {
    BLOCK_HEADLINE, /* text: the one line that must be read; `aside` is set apart from it, without one it is never broken */
    BLOCK_TEXT,     /* a paragraph */
    BLOCK_LIST,     /* rows of one cell */
    BLOCK_TABLE,    /* rows of cells under columns */
    BLOCK_BARS,     /* rows of label, figure and `fraction` */
    BLOCK_CODE,     /* a command to copy: never wrapped */
};

struct column {
    const char *title; /* NULL in every column: a table without a head, i.e. key and value */
    bool right;        /* figures */
    bool code;         /* symbols, paths, options */
    bool wide;         /* the one that is broken into lines when the table is too wide; the last one if none */
};

struct cell {
    const char *text;
    enum tone tone;
};

struct row {
    struct cell *cells;
    double fraction; /* bars: length, 0..1 of the full bar; NaN: none */
};

struct block {
    enum block_kind kind;
    const char *title; /* NULL: goes on from the block before */
    const char *note;  /* beside the title, e.g. where the figures came from; NULL: none */
    const char *text, *aside;
    enum tone tone;
    bool folded; /* details: formats that can fold, fold it */
    const struct column *columns;
    size_t column_count;
    struct row *rows;
    size_t row_count, row_room;
    size_t cell_count; /* filled in the last row */
    struct block *next;
};

struct document {
    struct arena *arena;
    const char *title;
    struct block *first, **end;
};

struct document document_new(struct arena *arena, const char *title);

/* Appends a block; `title` may be NULL. */
struct block *document_block(struct document *document, enum block_kind kind, const char *title);

/* Appends a block that was built apart (in a draft on the same arena). */
void document_append(struct document *document, struct block *block);

/* Appends a paragraph. */
struct block *document_text(struct document *document, const char *title, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends an empty list; block_item fills it. */
struct block *document_list(struct document *document, const char *title);
void block_item(struct document *document, struct block *list, enum tone tone, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Appends an empty table; `columns` must outlive the document. Then block_row and one block_cell per column. */
struct block *document_table(struct document *document, const char *title, const struct column *columns, size_t count);
void block_row(struct document *document, struct block *table);
void block_cell(struct document *document, struct block *table, enum tone tone, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Appends an empty set of bars; block_bar fills it. */
struct block *document_bars(struct document *document, const char *title);
void block_bar(struct document *document, struct block *bars, enum tone tone, const char *label, const char *figure, double fraction);

#endif
