#include "core/binary.h"

const char *const section_use_name[USE_COUNT] = { "other", "text.hot", "text", "text.cold", "text.startup", "text.exit",
                                                  "plt", "rodata", "data", "bss", "tls", "debug" };

const char *const symbol_kind_name[SYMBOL_KIND_COUNT] = { "function", "object", "tls", "ifunc" };

const char *const fate_name[FATE_COUNT] = { "same", "moved", "reordered", "changed", "resized", "added", "removed" };

static bool covers(const struct symbol *s, uint64_t address)
{
    return s && s->kind != SYMBOL_TLS && address >= s->address && address - s->address < (s->size ? s->size : 1);
}

static const struct symbol *side(const struct symbol_change *change, bool old_side)
{
    return old_side ? change->old : change->new;
}

/* Overlaps are rare and shallow (an assembler entry inside a function), so a few steps back are enough. */
enum { STEPS_BACK = 32 };

static const struct symbol_change *search(const struct delta *delta, bool old_side, uint64_t address)
{
    const size_t *index = delta->by_address[!old_side];
    size_t low = 0, high = delta->by_address_count[!old_side];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (side(&delta->symbols[index[middle]], old_side)->address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i > 0 && low - i < STEPS_BACK; i--)
        if (covers(side(&delta->symbols[index[i - 1]], old_side), address))
            return &delta->symbols[index[i - 1]];
    return NULL;
}

const struct symbol_change *delta_at(const struct delta *delta, bool old_side, uint64_t address)
{
    if (delta->by_address[!old_side])
        return search(delta, old_side, address);
    for (size_t i = 0; i < delta->symbol_count; i++)
        if (covers(side(&delta->symbols[i], old_side), address))
            return &delta->symbols[i];
    return NULL;
}
