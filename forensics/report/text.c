/* The tree as plain text for a terminal or a log. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

enum { WIDTH_USUAL = 100, WIDTH_MIN = 60, WIDTH_MAX = 160, INDENT = 2, GAP = 2, CELL_MAX = 38, WIDE_MIN = 20, WIDE_LEAST = 12, NAME_MIN = 16, BAR = 40 };

struct pen {
    FILE *stream;
    int width;
    bool colour, unicode;
};

static const char *const escape[TONE_COUNT] = {
    [TONE_PLAIN] = "", [TONE_GOOD] = "\033[32m", [TONE_BAD] = "\033[31m", [TONE_DOUBT] = "\033[33m", [TONE_FAINT] = "\033[2m",
    [TONE_STRONG] = "\033[1m",
};

/* Columns that `bytes` of UTF-8 take: one a character; wide and combining ones are not worth a table here. */
static int columns_of(const char *text, size_t bytes)
{
    int count = 0;
    for (size_t i = 0; i < bytes && text[i]; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static int width_of(const char *text)
{
    return columns_of(text, strlen(text));
}

/* Bytes of the first `columns` characters. */
static size_t bytes_of(const char *text, int columns)
{
    size_t i = 0;
    while (text[i] && (columns > 0 || ((unsigned char)text[i] & 0xc0) == 0x80)) {
        columns -= ((unsigned char)text[i] & 0xc0) != 0x80;
        i++;
    }
    return i;
}

/* Text from outside (symbols, paths) must not steer the terminal: control characters become '?'. */
static void put(const struct pen *pen, const char *text, size_t bytes, enum tone tone)
{
    const char *on = pen->colour && bytes ? escape[tone] : "";
    fputs(on, pen->stream);
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        bool c1 = c == 0xc2 && i + 1 < bytes && (unsigned char)text[i + 1] < 0xa0; /* U+0080..U+009F */
        fputc(c == '\n' || c == '\t' ? ' ' : c < 0x20 || c == 0x7f || c1 ? '?' : c, pen->stream);
        i += c1;
    }
    if (*on)
        fputs("\033[0m", pen->stream);
}

static void spaces(const struct pen *pen, int count)
{
    fprintf(pen->stream, "%*s", count > 0 ? count : 0, "");
}

/* Bytes of `text` that go on a line of `room` columns; `*skip` bytes of blank follow them. */
static size_t fit(const char *text, int room, size_t *skip)
{
    size_t all = bytes_of(text, room);
    *skip = 0;
    if (!text[all])
        return all;
    size_t end = all;
    while (end > 0 && text[end] != ' ')
        end--;
    if (end == 0)
        return all; /* one long word: broken */
    *skip = 1;
    return end;
}

/* Writes `text` from the current column on, further lines indented. */
static void wrap(const struct pen *pen, const char *text, int indent, enum tone tone)
{
    int room = pen->width - indent > WIDE_MIN ? pen->width - indent : WIDE_MIN;
    for (;;) {
        size_t skip, bytes = fit(text, room, &skip);
        put(pen, text, bytes, tone);
        fputc('\n', pen->stream);
        text += bytes + skip;
        if (!*text)
            return;
        spaces(pen, indent);
    }
}

static void write_title(const struct pen *pen, const struct block *block)
{
    if (!block->title)
        return;
    put(pen, block->title, strlen(block->title), TONE_STRONG);
    if (block->note) {
        fputs(" (", pen->stream);
        put(pen, block->note, strlen(block->note), TONE_FAINT);
        fputc(')', pen->stream);
    }
    fputc('\n', pen->stream);
}

static void write_headline(const struct pen *pen, const struct block *block)
{
    int used = width_of(block->text), aside = block->aside ? width_of(block->aside) : 0;
    if (aside && used + 2 + aside > pen->width) {
        wrap(pen, block->text, INDENT, block->tone);
        spaces(pen, INDENT);
        put(pen, block->aside, strlen(block->aside), TONE_FAINT);
        fputc('\n', pen->stream);
        return;
    }
    put(pen, block->text, strlen(block->text), block->tone);
    if (aside) {
        spaces(pen, pen->width - used - aside);
        put(pen, block->aside, strlen(block->aside), TONE_FAINT);
    }
    fputc('\n', pen->stream);
}

static void write_list(const struct pen *pen, const struct block *block)
{
    for (size_t i = 0; i < block->row_count; i++) {
        const struct cell *cell = &block->rows[i].cells[0];
        fputs(cell->tone == TONE_DOUBT ? "  ! " : "  - ", pen->stream);
        wrap(pen, cell->text, INDENT + GAP, cell->tone);
    }
}

/* A bar of `fraction` of BAR cells, in eighths where the terminal has them. */
static void write_bar(const struct pen *pen, double fraction)
{
    static const char *const eighths[] = { "", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589" };
    int parts = fraction > 0 ? (int)lround(fmin(fraction, 1) * BAR * 8) : 0;
    if (!pen->unicode)
        parts = (parts + 4) / 8 * 8;
    spaces(pen, parts ? GAP : 0);
    for (int i = 0; i < parts / 8; i++)
        fputs(pen->unicode ? "\u2588" : "#", pen->stream);
    fputs(eighths[parts % 8], pen->stream);
}

static void write_bars(const struct pen *pen, const struct block *block)
{
    int label = 0, figure = 0;
    for (size_t i = 0; i < block->row_count; i++) {
        int a = width_of(block->rows[i].cells[0].text), b = width_of(block->rows[i].cells[1].text);
        label = a > label ? a : label;
        figure = b > figure ? b : figure;
    }
    for (size_t i = 0; i < block->row_count; i++) {
        const struct row *row = &block->rows[i];
        const char *name = row->cells[0].text, *value = row->cells[1].text;
        spaces(pen, INDENT);
        put(pen, name, strlen(name), row->cells[0].tone);
        spaces(pen, label - width_of(name) + GAP + figure - width_of(value));
        put(pen, value, strlen(value), row->cells[1].tone);
        write_bar(pen, row->fraction);
        fputc('\n', pen->stream);
    }
}

static const char *head_of(const struct column *column)
{
    return column->title ? column->title : "";
}

static bool is_wide(const struct block *block, size_t c)
{
    for (size_t k = 0; k < block->column_count; k++)
        if (block->columns[k].wide)
            return block->columns[c].wide;
    return c + 1 == block->column_count;
}

/* Takes up to `excess` columns from a width, down to `least`; returns what is still too much. */
static int shrink(int *width, int least, int excess)
{
    int give = *width > least ? *width - least : 0;
    give = give < excess ? give : excess;
    *width -= give > 0 ? give : 0;
    return excess - (give > 0 ? give : 0);
}

/* Columns' widths; the wide one gets what is left of the line, and where that is not enough the names give way. */
static void measure(const struct pen *pen, const struct block *block, int *widths)
{
    int total = INDENT, wide = 0;
    for (size_t c = 0; c < block->column_count; c++) {
        widths[c] = width_of(head_of(&block->columns[c]));
        for (size_t r = 0; r < block->row_count; r++) {
            int w = width_of(block->rows[r].cells[c].text);
            widths[c] = w > widths[c] ? w : widths[c];
        }
        if (!is_wide(block, c) && widths[c] > CELL_MAX)
            widths[c] = CELL_MAX;
        if (is_wide(block, c))
            wide = (int)c;
        total += widths[c] + (c ? GAP : 0);
    }
    int excess = shrink(&widths[wide], WIDE_MIN, total - pen->width);
    excess = shrink(&widths[0], NAME_MIN, excess);
    shrink(&widths[wide], WIDE_LEAST, excess);
}

/* One cell of one line, padded; too long ones of narrow columns lose their middle: "operator<<(st...> 0x4023c0". */
static void write_cell(const struct pen *pen, const char *text, size_t bytes, int width, bool right, bool last, enum tone tone)
{
    int used = columns_of(text, bytes);
    if (used > width) {
        size_t head = bytes_of(text, (width - 3) * 2 / 3), tail = bytes_of(text, used - (width - 3 - (width - 3) * 2 / 3));
        put(pen, text, head, tone);
        put(pen, "...", 3, tone);
        put(pen, text + tail, bytes - tail, tone);
        return;
    }
    if (right)
        spaces(pen, width - used);
    put(pen, text, bytes, tone);
    if (!right && !last)
        spaces(pen, width - used);
}

/* True if nothing but blanks follows column c on a row's first line. */
static bool is_last(const struct row *row, size_t c, size_t count)
{
    for (size_t k = c + 1; k < count; k++)
        if (row->cells[k].text[0])
            return false;
    return true;
}

/* A further line of a row: blank up to the wide column. Returns what is left of its text. */
static const char *write_more(const struct pen *pen, const struct block *block, const int *widths, size_t wide, const char *rest, enum tone tone)
{
    int indent = INDENT;
    for (size_t c = 0; c < wide; c++)
        indent += widths[c] + GAP;
    size_t skip, bytes = fit(rest, widths[wide], &skip);
    spaces(pen, indent);
    write_cell(pen, rest, bytes, widths[wide], block->columns[wide].right, true, tone);
    fputc('\n', pen->stream);
    return rest + bytes + skip;
}

static void write_row(const struct pen *pen, const struct block *block, const struct row *row, const int *widths)
{
    size_t wide = 0, skip = 0, part = 0;
    for (size_t c = 0; c < block->column_count; c++)
        wide = is_wide(block, c) ? c : wide;
    spaces(pen, INDENT);
    for (size_t c = 0; c < block->column_count; c++) {
        const struct cell *cell = &row->cells[c];
        bool last = is_last(row, c, block->column_count);
        size_t bytes = c == wide ? (part = fit(cell->text, widths[c], &skip)) : strlen(cell->text);
        write_cell(pen, cell->text, bytes, widths[c], block->columns[c].right, last, cell->tone);
        if (last)
            break;
        spaces(pen, GAP);
    }
    fputc('\n', pen->stream);
    const char *rest = row->cells[wide].text + part + skip;
    while (*rest)
        rest = write_more(pen, block, widths, wide, rest, row->cells[wide].tone);
}

static void write_table(const struct pen *pen, const struct block *block)
{
    enum { COLUMNS_MAX = 16 };
    int widths[COLUMNS_MAX];
    struct cell cells[COLUMNS_MAX];
    bool head = false;
    if (!block->row_count || block->column_count > COLUMNS_MAX)
        return;
    measure(pen, block, widths);
    for (size_t c = 0; c < block->column_count; c++) {
        cells[c] = (struct cell){ head_of(&block->columns[c]), TONE_FAINT };
        head |= block->columns[c].title != NULL;
    }
    if (head)
        write_row(pen, block, &(struct row){ .cells = cells }, widths);
    for (size_t r = 0; r < block->row_count; r++)
        write_row(pen, block, &block->rows[r], widths);
}

static void write_block(const struct pen *pen, const struct block *block)
{
    write_title(pen, block);
    switch (block->kind) {
    case BLOCK_HEADLINE: write_headline(pen, block); break;
    case BLOCK_TEXT:
        spaces(pen, INDENT);
        wrap(pen, block->text, INDENT, block->tone);
        break;
    case BLOCK_LIST: write_list(pen, block); break;
    case BLOCK_TABLE: write_table(pen, block); break;
    case BLOCK_BARS: write_bars(pen, block); break;
    case BLOCK_CODE:
        spaces(pen, INDENT);
        put(pen, block->text, strlen(block->text), TONE_PLAIN);
        fputc('\n', pen->stream);
        break;
    }
}

void write_text(const struct document *document, FILE *stream, const struct report_options *options)
{
    int width = options->width ? options->width : WIDTH_USUAL;
    struct pen pen = { stream, width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width, options->colour, options->unicode };
    for (const struct block *block = document->first; block; block = block->next) {
        if (block->title && block != document->first)
            fputc('\n', stream);
        write_block(&pen, block);
        /* Air under the verdict and under its summary. */
        const struct block *next = block->next && !block->next->title ? block->next : NULL;
        if (next && (block->kind == BLOCK_HEADLINE || (block->kind == BLOCK_TEXT && next->kind == BLOCK_TABLE)))
            fputc('\n', stream);
    }
}
