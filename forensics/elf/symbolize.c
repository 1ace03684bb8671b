#include "elf/symbolize.h"

#include <string.h>

/* Overlaps come from assembler entries inside a function and are shallow. */
enum { STEPS_BACK = 32 };

/* The number of symbols of this class at or below an address, counted from the array's start. */
static size_t after(const struct inventory *inv, bool tls, uint64_t address)
{
    size_t low = 0, high = inv->symbol_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct symbol *s = &inv->symbols[middle];
        bool is_tls = s->kind == SYMBOL_TLS;
        if (is_tls != tls ? tls : s->address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t symbol_extent(const struct inventory *inv, const struct symbol *symbol)
{
    if (symbol->size || symbol->section < 0)
        return symbol->size;
    const struct section *section = &inv->sections[symbol->section];
    uint64_t end = symbol->kind == SYMBOL_TLS ? section->size : section->address + section->size;
    const struct symbol *last = inv->symbols + inv->symbol_count;
    for (const struct symbol *s = symbol + 1; s < last && (s->kind == SYMBOL_TLS) == (symbol->kind == SYMBOL_TLS);
         s++) {
        if (s->address != symbol->address) {
            end = s->address < end ? s->address : end;
            break;
        }
    }
    return end > symbol->address ? end - symbol->address : 0;
}

const struct symbol *symbol_primary(const struct inventory *inv, const struct symbol *symbol)
{
    while (symbol->alias && symbol > inv->symbols)
        symbol--;
    return symbol;
}

static const struct symbol *find(const struct inventory *inv, bool tls, uint64_t address)
{
    size_t end = after(inv, tls, address);
    for (size_t i = end; i > 0 && end - i < STEPS_BACK; i--) {
        const struct symbol *s = &inv->symbols[i - 1];
        if ((s->kind == SYMBOL_TLS) != tls)
            return NULL;
        if (s->address <= address && address - s->address < symbol_extent(inv, s))
            return symbol_primary(inv, s);
    }
    return NULL;
}

const struct symbol *symbol_at(const struct inventory *inv, uint64_t address)
{
    return find(inv, false, address);
}

const struct symbol *symbol_at_tls(const struct inventory *inv, uint64_t offset)
{
    return find(inv, true, offset);
}

const struct symbol *symbol_named(const struct inventory *inv, const char *name)
{
    for (size_t i = 0; i < inv->symbol_count; i++)
        if (strcmp(inv->symbols[i].name, name) == 0)
            return symbol_primary(inv, &inv->symbols[i]);
    return NULL;
}
