#include "elf/facts.h"

#include "elf/facts_add.h"
#include "elf/names.h"
#include "elf/recode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void fact_add(struct finder *f, struct code_fact fact, const char *format, ...)
{
    struct delta *d = f->delta;
    va_list ap;
    va_start(ap, format);
    fact.sentence = name_clean(f->arena, arena_vprintf(f->arena, format, ap));
    fact.name = name_clean(f->arena, fact.name);
    va_end(ap);
    fact.old_cycles = fact.new_cycles = fact.cause_cycles = NAN;
    *ARENA_PUSH(f->arena, d->code_facts, d->code_fact_count, d->code_fact_room) = fact;
}

struct ranked {
    double rank;
    struct code_fact fact;
};

/* First by rank, then a stable order. */
static int by_rank(const void *a, const void *b)
{
    const struct ranked *p = a, *q = b;
    const struct code_fact *x = &p->fact, *y = &q->fact;
    if (p->rank != q->rank)
        return p->rank > q->rank ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->new_address != y->new_address)
        return x->new_address < y->new_address ? -1 : 1;
    return strcmp(x->sentence, y->sentence);
}

static void rank(struct delta *delta)
{
    struct arena *scratch = arena_new();
    struct ranked *list = arena_array(scratch, delta->code_fact_count, sizeof *list);
    for (size_t i = 0; i < delta->code_fact_count; i++)
        list[i] = (struct ranked){ fact_rank(delta, &delta->code_facts[i]), delta->code_facts[i] };
    if (delta->code_fact_count)
        qsort(list, delta->code_fact_count, sizeof *list, by_rank);
    for (size_t i = 0; i < delta->code_fact_count; i++)
        delta->code_facts[i] = list[i].fact;
    arena_free(scratch);
}

void facts_find(struct arena *arena, struct delta *delta)
{
    struct finder f = { .arena = arena, .delta = delta, .pairing = delta->pairing };
    if (!delta->pairing)
        return;
    delta->code_fact_count = 0;
    find_code_facts(&f);
    find_data_facts(&f);
    find_type_facts(&f);
    find_variable_facts(&f);
    find_inline_facts(&f);
    recode_find(&f);
    rank(delta);
}
