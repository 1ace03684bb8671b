#include "core/binary.h"

const char *const section_use_name[USE_COUNT] = { "other", "text.hot", "text", "text.cold", "text.startup", "text.exit",
                                                  "plt", "rodata", "data", "bss", "tls", "debug" };

const char *const symbol_kind_name[SYMBOL_KIND_COUNT] = { "function", "object", "tls", "ifunc" };

const char *const fate_name[FATE_COUNT] = { "same", "moved", "reordered", "changed", "resized", "added", "removed" };

const struct symbol_change *delta_at(const struct delta *delta, bool old_side, uint64_t address)
{
    for (size_t i = 0; i < delta->symbol_count; i++) {
        const struct symbol *s = old_side ? delta->symbols[i].old : delta->symbols[i].new;
        if (s && s->kind != SYMBOL_TLS && address >= s->address && address - s->address < (s->size ? s->size : 1))
            return &delta->symbols[i];
    }
    return NULL;
}
