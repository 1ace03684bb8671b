#include "report/tree.h"

#include <assert.h>
#include <math.h>

struct document document_new(struct arena *arena, const char *title)
{
    return (struct document){ .arena = arena, .title = arena_strdup(arena, title) };
}

void document_append(struct document *document, struct block *block)
{
    if (document->first)
        *document->end = block;
    else
        document->first = block;
    document->end = &block->next;
}

struct block *document_block(struct document *document, enum block_kind kind, const char *title)
{
    struct block *block = arena_alloc(document->arena, sizeof *block);
    block->kind = kind;
    block->title = arena_strdup(document->arena, title);
    document_append(document, block);
    return block;
}

struct block *document_text(struct document *document, const char *title, const char *format, ...)
{
    struct block *block = document_block(document, BLOCK_TEXT, title);
    va_list ap;
    va_start(ap, format);
    block->text = arena_vprintf(document->arena, format, ap);
    va_end(ap);
    return block;
}

static const struct column one_column[] = { { NULL, false, false, true } };
static const struct column bar_columns[] = { { NULL, false, false, false }, { NULL, true, false, false } };

struct block *document_table(struct document *document, const char *title, const struct column *columns, size_t count)
{
    struct block *block = document_block(document, BLOCK_TABLE, title);
    block->columns = columns;
    block->column_count = count;
    return block;
}

struct block *document_list(struct document *document, const char *title)
{
    struct block *block = document_table(document, title, one_column, 1);
    block->kind = BLOCK_LIST;
    return block;
}

struct block *document_bars(struct document *document, const char *title)
{
    struct block *block = document_table(document, title, bar_columns, 2);
    block->kind = BLOCK_BARS;
    return block;
}

void block_row(struct document *document, struct block *table)
{
    assert(!table->row_count || table->cell_count == table->column_count);
    struct row *row = ARENA_PUSH(document->arena, table->rows, table->row_count, table->row_room);
    row->cells = arena_array(document->arena, table->column_count, sizeof *row->cells);
    row->fraction = NAN;
    table->cell_count = 0;
}

static void add_cell(struct document *document, struct block *table, enum tone tone, const char *format, va_list ap)
{
    assert(table->row_count && table->cell_count < table->column_count);
    struct cell *cell = &table->rows[table->row_count - 1].cells[table->cell_count++];
    cell->text = arena_vprintf(document->arena, format, ap);
    cell->tone = tone;
}

void block_cell(struct document *document, struct block *table, enum tone tone, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    add_cell(document, table, tone, format, ap);
    va_end(ap);
}

void block_item(struct document *document, struct block *list, enum tone tone, const char *format, ...)
{
    block_row(document, list);
    va_list ap;
    va_start(ap, format);
    add_cell(document, list, tone, format, ap);
    va_end(ap);
}

void block_bar(struct document *document, struct block *bars, enum tone tone, const char *label, const char *figure, double fraction)
{
    block_row(document, bars);
    block_cell(document, bars, tone, "%s", label);
    block_cell(document, bars, tone, "%s", figure);
    bars->rows[bars->row_count - 1].fraction = fraction;
}
