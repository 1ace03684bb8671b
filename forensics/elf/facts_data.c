#include "elf/facts_add.h"

#include <elf.h>

enum { LINE = 64 };

static uint64_t lines_of(const struct symbol *s)
{
    return s->size ? (s->address + s->size - 1) / LINE - s->address / LINE + 1 : 0;
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

static void compare_object(struct finder *f, const struct symbol_change *c)
{
    const struct symbol *old = c->old, *new = c->new;
    if (old->size != new->size)
        fact_add(f, fact_of(c, FACT_OBJECT_SIZE, (double)old->size, (double)new->size),
                 "%s has %llu bytes, before %llu", c->name, (unsigned long long)new->size,
                 (unsigned long long)old->size);
    if (old->kind == SYMBOL_TLS || old->size == 0 || new->size == 0)
        return;
    if (old->size == new->size &&new->size <= LINE && lines_of(old) != lines_of(new))
        fact_add(f, fact_of(c, FACT_OBJECT_LINES, (double)lines_of(old), (double)lines_of(new)),
                 "%s (%llu bytes) %s a 64-byte line", c->name, (unsigned long long)new->size,
                 lines_of(new) > 1 ? "now crosses" : "no longer crosses");
    if (old->address % LINE == 0 && new->address % LINE != 0 && old->size >= LINE)
        fact_add(f, fact_of(c, FACT_OBJECT_ALIGN, 0, (double)(new->address % LINE)),
                 "%s starts %llu bytes into a 64-byte line, before at its start", c->name,
                 (unsigned long long)(new->address % LINE));
}

static bool writable(const struct symbol *s)
{
    return s && s->kind == SYMBOL_OBJECT && s->size && (s->use == USE_DATA || s->use == USE_BSS);
}

static bool share_line(const struct symbol *a, const struct symbol *b)
{
    return a->address < b->address ? (a->address + a->size - 1) / LINE == b->address / LINE
                                   : (b->address + b->size - 1) / LINE == a->address / LINE;
}

/* Writable objects that lie one behind the other and share a line that they did not share before: a write to one costs
 * readers of the other in another thread. */
static void compare_neighbours(struct finder *f)
{
    const struct symbol_change *before = NULL;
    for (size_t i = 0; i < f->delta->symbol_count; i++) {
        const struct symbol_change *c = &f->delta->symbols[i];
        if (!writable(c->new))
            continue;
        if (before && writable(before->old) && writable(c->old) && share_line(before->new, c->new) &&
            !share_line(before->old, c->old))
            fact_add(f, fact_of(c, FACT_NEIGHBOURS, 0, 1), "%s and %s share a 64-byte line, before they did not",
                     before->name, c->name);
        before = c;
    }
}

void find_data_facts(struct finder *f)
{
    const struct inventory *old = f->delta->old, *new = f->delta->new;
    for (size_t i = 0; i < f->delta->symbol_count; i++) {
        const struct symbol_change *c = &f->delta->symbols[i];
        if (c->old && c->new && (c->new->kind == SYMBOL_OBJECT || c->new->kind == SYMBOL_TLS) && c->fate != FATE_SAME)
            compare_object(f, c);
    }
    compare_neighbours(f);
    if (old->tls_size != new->tls_size)
        fact_add(f,
                 (struct code_fact){ .kind = FACT_TLS_SIZE,
                                     .name = "PT_TLS",
                                     .old = (double)old->tls_size,
                                     .new = (double)new->tls_size,
                                     .weight = (double)new->tls_size },
                 "PT_TLS has %llu bytes, before %llu", (unsigned long long)new->tls_size,
                 (unsigned long long)old->tls_size);
}
