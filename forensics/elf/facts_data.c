#include "elf/facts_add.h"

#include <elf.h>

enum { LINE = 64, PAGE = 4096, HUGE = 2 << 20 };

/* Cells of a grid that an object lies on. */
static uint64_t cells_of(const struct symbol *s, uint64_t cell)
{
    return s->size ? (s->address + s->size - 1) / cell - s->address / cell + 1 : 0;
}

static struct code_fact fact_of(const struct symbol_change *c, enum code_fact_kind kind, double old, double new)
{
    return (struct code_fact){ .kind = kind,
                               .change = c,
                               .name = c->name,
                               .old = old,
                               .new = new,
                               .old_address = c->old->address,
                               .new_address = c->new->address,
                               .weight = (double)c->new->size };
}

static void compare_cells(struct finder *f, const struct symbol_change *c, enum code_fact_kind kind, uint64_t cell,
                          const char *what)
{
    uint64_t old = cells_of(c->old, cell), new = cells_of(c->new, cell);
    if (c->old->size == c->new->size && c->new->size <= cell && old != new)
        fact_add(f, fact_of(c, kind, (double)old, (double)new), "%s (%llu bytes) %s a %s", c->name,
                 (unsigned long long)c->new->size, new > 1 ? "now crosses" : "no longer crosses", what);
}

/* Compilers align an object by its size; what an address was aligned to beyond that is chance. */
static void compare_alignment(struct finder *f, const struct symbol_change *c)
{
    static const uint64_t table[] = { PAGE, LINE, 32, 16 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint64_t align = table[i], past = c->new->address % align;
        if (c->old->size < align || c->old->address % align != 0)
            continue;
        if (past)
            fact_add(f, fact_of(c, FACT_OBJECT_ALIGN, 0, (double)past),
                     "%s starts %llu bytes past a multiple of %llu, before at one", c->name, (unsigned long long)past,
                     (unsigned long long)align);
        return;
    }
}

static void compare_object(struct finder *f, const struct symbol_change *c)
{
    const struct symbol *old = c->old, *new = c->new;
    if (old->size != new->size)
        fact_add(f, fact_of(c, FACT_OBJECT_SIZE, (double)old->size, (double)new->size),
                 "%s has %llu bytes, before %llu", c->name, (unsigned long long)new->size,
                 (unsigned long long)old->size);
    if (old->kind == SYMBOL_TLS || old->size == 0 || new->size == 0)
        return;
    compare_cells(f, c, FACT_OBJECT_LINES, LINE, "64-byte line");
    compare_cells(f, c, FACT_OBJECT_PAGES, PAGE, "4 KiB page");
    compare_alignment(f, c);
}

static bool writable(const struct symbol *s)
{
    return s && s->kind == SYMBOL_OBJECT && s->size && (s->use == USE_DATA || s->use == USE_BSS);
}

static bool share(const struct symbol *a, const struct symbol *b, uint64_t cell)
{
    return a->address < b->address ? (a->address + a->size - 1) / cell == b->address / cell
                                   : (b->address + b->size - 1) / cell == a->address / cell;
}

static void compare_pair(struct finder *f, const struct symbol_change *a, const struct symbol_change *b,
                         enum code_fact_kind kind, uint64_t cell, const char *what)
{
    if (share(a->new, b->new, cell) && !share(a->old, b->old, cell))
        fact_add(f, fact_of(b, kind, 0, 1), "%s and %s share a %s, before they did not", a->name, b->name, what);
}

/* Writable objects that lie one behind the other and share a line or a page that they did not share before: a write to
 * one costs readers of the other in another thread, or copies its page after a fork. */
static void compare_neighbours(struct finder *f)
{
    const struct symbol_change *before = NULL;
    for (size_t i = 0; i < f->delta->symbol_count; i++) {
        const struct symbol_change *c = &f->delta->symbols[i];
        if (!writable(c->new))
            continue;
        if (before && writable(before->old) && writable(c->old)) {
            compare_pair(f, before, c, FACT_NEIGHBOURS, LINE, "64-byte line");
            compare_pair(f, before, c, FACT_PAGE_SHARED, PAGE, "4 KiB page");
        }
        before = c;
    }
}

/* Whole 2 MiB pages inside the loaded segments of one kind. What comes from the file can only be mapped so where
 * address and offset agree. */
static uint64_t huge_pages(const struct inventory *inv, bool code)
{
    uint64_t pages = 0;
    for (size_t i = 0; i < inv->segment_count; i++) {
        const struct segment *s = &inv->segments[i];
        if (s->type != PT_LOAD || !(s->flags & PF_X) == code || (s->file_size && (s->address - s->offset) % HUGE != 0))
            continue;
        uint64_t first = s->address / HUGE + (s->address % HUGE != 0), end = (s->address + s->memory_size) / HUGE;
        pages += end > first ? end - first : 0;
    }
    return pages;
}

static void compare_number(struct finder *f, enum code_fact_kind kind, const char *name, uint64_t old, uint64_t new,
                           double weight, const char *sentence)
{
    struct code_fact fact = {
        .kind = kind, .name = name, .old = (double)old, .new = (double)new, .weight = weight
    };
    if (old != new)
        fact_add(f, fact, "%s: %llu, before %llu", sentence, (unsigned long long)new, (unsigned long long)old);
}

/* What is of a whole file. */
static void compare_files(struct finder *f)
{
    const struct inventory *old = f->delta->old, *new = f->delta->new;
    if (old->tls_size != new->tls_size)
        fact_add(f,
                 (struct code_fact){ .kind = FACT_TLS_SIZE,
                                     .name = "PT_TLS",
                                     .old = (double)old->tls_size,
                                     .new = (double)new->tls_size,
                                     .weight = (double)new->tls_size },
                 "PT_TLS has %llu bytes, before %llu", (unsigned long long)new->tls_size,
                 (unsigned long long)old->tls_size);
    compare_number(f, FACT_TLS_ALIGN, "PT_TLS", old->tls_align, new->tls_align, (double)new->tls_size,
                   "alignment of PT_TLS in bytes");
    compare_number(f, FACT_STATIC_TLS, "DF_STATIC_TLS", old->static_tls, new->static_tls, (double)new->tls_size,
                   "asks for room in the static TLS block (DF_STATIC_TLS)");
    uint64_t code[2] = { huge_pages(old, true), huge_pages(new, true) };
    uint64_t data[2] = { huge_pages(old, false), huge_pages(new, false) };
    compare_number(f, FACT_HUGE_TEXT, "code", code[0], code[1], (double)(code[0] + code[1]) * HUGE,
                   "2 MiB pages that can be mapped as huge ones, of code");
    compare_number(f, FACT_HUGE_DATA, "data", data[0], data[1], (double)(data[0] + data[1]) * HUGE,
                   "2 MiB pages that can be mapped as huge ones, of data");
}

void find_data_facts(struct finder *f)
{
    for (size_t i = 0; i < f->delta->symbol_count; i++) {
        const struct symbol_change *c = &f->delta->symbols[i];
        if (c->old && c->new && (c->new->kind == SYMBOL_OBJECT || c->new->kind == SYMBOL_TLS) && c->fate != FATE_SAME)
            compare_object(f, c);
    }
    compare_neighbours(f);
    compare_files(f);
}
