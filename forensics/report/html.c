/* The tree as one HTML page that loads nothing: light and dark, for a browser or a mail. */
#include <math.h>
#include <string.h>

#include "report/report.h"

static const char style[] =
    ":root{color-scheme:light dark;--fg:#1c1e21;--bg:#fff;--faint:#667;--line:#ddd;--bad:#b3261e;--good:#1a7f37;--doubt:#8a5a00;--bar:#4a6fa5}\n"
    "@media(prefers-color-scheme:dark){:root{--fg:#e4e6eb;--bg:#16181c;--faint:#9aa0aa;--line:#363a42;--bad:#ff8a80;--good:#6fdd8b;"
    "--doubt:#f0b95b;--bar:#7aa2e0}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:70rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.35rem;margin:0 0 .3rem}h2{font-size:1rem;margin:1.6rem 0 .4rem}summary{font-weight:600;margin:1.6rem 0 .4rem;cursor:pointer}\n"
    "small,.faint{color:var(--faint);font-weight:400}.bad{color:var(--bad)}.good{color:var(--good)}.doubt{color:var(--doubt)}.strong{font-weight:600}\n"
    "table{border-collapse:collapse;display:block;overflow-x:auto}th,td{text-align:left;padding:.15rem .8rem .15rem 0;vertical-align:top;"
    "border-bottom:1px solid var(--line)}th{color:var(--faint);font-weight:400}.r{text-align:right;font-variant-numeric:tabular-nums}\n"
    ".bar{display:block;width:18rem;height:.8rem;margin-top:.35rem}.bar i{display:block;height:100%;background:var(--bar);border-radius:2px}\n"
    "pre{border:1px solid var(--line);border-radius:4px;padding:.5rem .8rem;overflow-x:auto}code{font-size:.93em;overflow-wrap:anywhere}\n";

static const char *const tone_class[TONE_COUNT] = {
    [TONE_PLAIN] = "", [TONE_GOOD] = "good", [TONE_BAD] = "bad", [TONE_DOUBT] = "doubt", [TONE_FAINT] = "faint", [TONE_STRONG] = "strong",
};

static void put(FILE *stream, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        switch (c) {
        case '&': fputs("&amp;", stream); break;
        case '<': fputs("&lt;", stream); break;
        case '>': fputs("&gt;", stream); break;
        case '"': fputs("&quot;", stream); break;
        case '\'': fputs("&#39;", stream); break;
        default: fputc(c < 0x20 && c != '\n' && c != '\t' ? '?' : c, stream);
        }
    }
}

static void write_cell(FILE *stream, const struct column *column, const struct cell *cell)
{
    fprintf(stream, "<td class=\"%s%s%s\">", tone_class[cell->tone], *tone_class[cell->tone] && column->right ? " " : "",
            column->right ? "r" : "");
    fputs(column->code ? "<code>" : "", stream);
    put(stream, cell->text);
    fputs(column->code ? "</code></td>" : "</td>", stream);
}

static void write_rows(FILE *stream, const struct block *block)
{
    for (size_t r = 0; r < block->row_count; r++) {
        const struct row *row = &block->rows[r];
        fputs("<tr>", stream);
        for (size_t c = 0; c < block->column_count; c++)
            write_cell(stream, &block->columns[c], &row->cells[c]);
        if (block->kind == BLOCK_BARS) {
            double part = isnan(row->fraction) ? 0 : fmax(0, fmin(1, row->fraction));
            fprintf(stream, "<td><span class=\"bar\"><i style=\"width:%.1f%%\"></i></span></td>", 100 * part);
        }
        fputs("</tr>\n", stream);
    }
}

static void write_table(FILE *stream, const struct block *block)
{
    bool head = false;
    for (size_t c = 0; c < block->column_count; c++)
        head |= block->columns[c].title != NULL;
    fputs("<table>\n", stream);
    if (head) {
        fputs("<tr>", stream);
        for (size_t c = 0; c < block->column_count; c++) {
            fprintf(stream, "<th%s>", block->columns[c].right ? " class=\"r\"" : "");
            put(stream, block->columns[c].title ? block->columns[c].title : "");
            fputs("</th>", stream);
        }
        fputs("</tr>\n", stream);
    }
    write_rows(stream, block);
    fputs("</table>\n", stream);
}

static void write_list(FILE *stream, const struct block *block)
{
    fputs("<ul>\n", stream);
    for (size_t r = 0; r < block->row_count; r++) {
        const struct cell *cell = &block->rows[r].cells[0];
        fprintf(stream, "<li class=\"%s\">", tone_class[cell->tone]);
        put(stream, cell->text);
        fputs("</li>\n", stream);
    }
    fputs("</ul>\n", stream);
}

static void write_element(FILE *stream, const char *tag, const char *text, enum tone tone)
{
    fprintf(stream, "<%s class=\"%s\">", tag, tone_class[tone]);
    put(stream, text);
    fprintf(stream, "</%s>\n", tag);
}

static void write_title(FILE *stream, const struct block *block)
{
    fputs(block->folded ? "<details><summary>" : "<h2>", stream);
    put(stream, block->title);
    if (block->note) {
        fputs(" <small>", stream);
        put(stream, block->note);
        fputs("</small>", stream);
    }
    fputs(block->folded ? "</summary>\n" : "</h2>\n", stream);
}

static void write_block(FILE *stream, const struct block *block)
{
    switch (block->kind) {
    case BLOCK_HEADLINE:
        write_element(stream, "h1", block->text, block->tone);
        if (block->aside)
            write_element(stream, "small", block->aside, TONE_PLAIN);
        break;
    case BLOCK_TEXT: write_element(stream, "p", block->text, block->tone); break;
    case BLOCK_LIST: write_list(stream, block); break;
    case BLOCK_TABLE:
    case BLOCK_BARS: write_table(stream, block); break;
    case BLOCK_CODE:
        fputs("<pre><code>", stream);
        put(stream, block->text);
        fputs("</code></pre>\n", stream);
        break;
    }
}

void write_html(const struct document *document, FILE *stream, const struct report_options *options)
{
    (void)options;
    bool folded = false;
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>", stream);
    put(stream, document->title);
    fprintf(stream, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
    for (const struct block *block = document->first; block; block = block->next) {
        if (block->title && folded)
            fputs("</details>\n", stream);
        if (block->title) {
            write_title(stream, block);
            folded = block->folded;
        }
        write_block(stream, block);
    }
    fputs(folded ? "</details>\n</body>\n</html>\n" : "</body>\n</html>\n", stream);
}
