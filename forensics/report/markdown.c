/* The tree as GitHub-flavoured Markdown, for a comment in a review. */
#include <string.h>

#include "report/report.h"

/* Text that must come out as written: what Markdown or HTML would read is escaped, lines are joined. */
static void put(FILE *stream, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '<')
            fputs("&lt;", stream);
        else if (c == '>')
            fputs("&gt;", stream);
        else if (c == '&')
            fputs("&amp;", stream);
        else if (strchr("\\`*_[]|~#!@", c))
            fprintf(stream, "\\%c", c);
        else
            fputc(c == '\n' || c == '\t' ? ' ' : c < 0x20 || c == 0x7f ? '?' : c, stream);
    }
}

/* The longest run of backticks in a text. */
static int ticks_in(const char *text)
{
    int most = 0, run = 0;
    for (; *text; text++) {
        run = *text == '`' ? run + 1 : 0;
        most = run > most ? run : most;
    }
    return most;
}

/* A code span; its fence is longer than any backticks inside. In tables a bar still needs its backslash. */
static void put_code(FILE *stream, const char *text)
{
    int ticks = ticks_in(text) + 1;
    for (int i = 0; i < ticks; i++)
        fputc('`', stream);
    if (ticks > 1)
        fputc(' ', stream);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '|')
            fputc('\\', stream);
        fputc(c == '\n' || c == '\t' ? ' ' : c < 0x20 || c == 0x7f ? '?' : c, stream);
    }
    if (ticks > 1)
        fputc(' ', stream);
    for (int i = 0; i < ticks; i++)
        fputc('`', stream);
}

static void write_cell(FILE *stream, const struct column *column, const struct cell *cell)
{
    fputs(" ", stream);
    bool strong = cell->tone == TONE_STRONG || cell->tone == TONE_BAD;
    if (column->code && *cell->text)
        put_code(stream, cell->text);
    else {
        fputs(strong && *cell->text ? "**" : "", stream);
        put(stream, cell->text);
        fputs(strong && *cell->text ? "**" : "", stream);
    }
    fputs(" |", stream);
}

static void write_table(FILE *stream, const struct block *block)
{
    fputs("|", stream);
    for (size_t c = 0; c < block->column_count; c++) {
        fputs(" ", stream);
        put(stream, block->columns[c].title ? block->columns[c].title : "");
        fputs(" |", stream);
    }
    fputs("\n|", stream);
    for (size_t c = 0; c < block->column_count; c++)
        fputs(block->columns[c].right ? " ---: |" : " --- |", stream);
    fputs("\n", stream);
    for (size_t r = 0; r < block->row_count; r++) {
        fputs("|", stream);
        for (size_t c = 0; c < block->column_count; c++)
            write_cell(stream, &block->columns[c], &block->rows[r].cells[c]);
        fputs("\n", stream);
    }
    fputs("\n", stream);
}

static void write_bars(FILE *stream, const struct block *block)
{
    enum { BAR = 20 };
    fputs("| | | |\n| --- | ---: | --- |\n", stream);
    for (size_t r = 0; r < block->row_count; r++) {
        const struct row *row = &block->rows[r];
        double part = row->fraction > 1 ? 1 : row->fraction;
        fputs("|", stream);
        write_cell(stream, &block->columns[0], &row->cells[0]);
        write_cell(stream, &block->columns[1], &row->cells[1]);
        fputs(" ", stream);
        for (int i = 0; part > 0 && i < (int)(part * BAR + .5); i++)
            fputs("\u2588", stream);
        fputs(" |\n", stream);
    }
    fputs("\n", stream);
}

static void write_list(FILE *stream, const struct block *block)
{
    for (size_t r = 0; r < block->row_count; r++) {
        fputs("- ", stream);
        put(stream, block->rows[r].cells[0].text);
        fputs("\n", stream);
    }
    fputs("\n", stream);
}

static void write_title(FILE *stream, const struct block *block)
{
    if (block->folded) {
        fputs("<details><summary>", stream);
        put(stream, block->title);
        fputs("</summary>\n\n", stream);
        return;
    }
    fputs("#### ", stream);
    put(stream, block->title);
    if (block->note) {
        fputs(" (", stream);
        put(stream, block->note);
        fputs(")", stream);
    }
    fputs("\n\n", stream);
}

static void write_block(FILE *stream, const struct block *block)
{
    switch (block->kind) {
    case BLOCK_HEADLINE:
        fputs("### ", stream);
        put(stream, block->text);
        fputs("\n\n", stream);
        if (block->aside) {
            put(stream, block->aside);
            fputs("\n\n", stream);
        }
        break;
    case BLOCK_TEXT:
        put(stream, block->text);
        fputs("\n\n", stream);
        break;
    case BLOCK_LIST: write_list(stream, block); break;
    case BLOCK_TABLE:
        if (block->row_count)
            write_table(stream, block);
        break;
    case BLOCK_BARS: write_bars(stream, block); break;
    case BLOCK_CODE:
        fputs("    ", stream); /* an indented block has no fence that a text could close */
        for (const char *p = block->text; *p; p++)
            fputc(*p == '\n' ? ' ' : *p, stream);
        fputs("\n\n", stream);
        break;
    }
}

void write_markdown(const struct document *document, FILE *stream, const struct report_options *options)
{
    (void)options;
    bool folded = false;
    for (const struct block *block = document->first; block; block = block->next) {
        if (block->title && folded) {
            fputs("</details>\n\n", stream);
            folded = false;
        }
        if (block->title) {
            write_title(stream, block);
            folded = block->folded;
        }
        write_block(stream, block);
    }
    if (folded)
        fputs("</details>\n", stream);
}
