#include "core/binary.h"

const char *const section_use_name[USE_COUNT] = { "other", "text.hot", "text", "text.cold", "text.startup", "text.exit",
                                                  "plt", "rodata", "data", "bss", "tls", "debug" };

const char *const symbol_kind_name[SYMBOL_KIND_COUNT] = { "function", "object", "tls", "ifunc" };

const char *const fate_name[FATE_COUNT] = { "same", "moved", "reordered", "changed", "resized", "added", "removed" };

const struct code_fact_row code_fact_table[FACT_KIND_COUNT] = {
    [FACT_LOOP_LINES] = { "loop-lines", SHARE_LAYOUT, "64-byte lines", true },
    [FACT_LOOP_OPS] = { "loop-op-cache", SHARE_LAYOUT, "op-cache lines", true },
    [FACT_LOOP_PAGES] = { "loop-pages", SHARE_LAYOUT, "4 KiB pages", true },
    [FACT_LINES] = { "function-lines", SHARE_LAYOUT, "64-byte lines", true },
    [FACT_ENTRY] = { "entry-alignment", SHARE_LAYOUT, "bytes into the line", false },
    [FACT_JCC] = { "jcc-erratum", SHARE_LAYOUT, "jumps at 32-byte boundaries", true },
    [FACT_DENSE] = { "branch-density", SHARE_LAYOUT, "lines with more than two jumps", true },
    [FACT_PLACE] = { "text-group", SHARE_HINT, "groups", false },
    [FACT_INVERTED] = { "inverted-branches", SHARE_HINT, "branches", true },
    [FACT_TO_COLD] = { "moved-to-cold", SHARE_HINT, "bytes", false },
    [FACT_FROM_COLD] = { "moved-from-cold", SHARE_HINT, "bytes", false },
    [FACT_COLD_BYTES] = { "cold-part", SHARE_HINT, "bytes", true },
    [FACT_INSNS] = { "instructions", SHARE_WORK, "instructions", true },
    [FACT_CALLS] = { "calls", SHARE_WORK, "calls", true },
    [FACT_INDIRECT] = { "indirect", SHARE_HINT, "indirect calls and jumps", true },
    [FACT_PLT] = { "plt-calls", SHARE_LAYOUT, "calls through the PLT or GOT", true },
    [FACT_SPILLS] = { "spills", SHARE_DATA, "stack loads and stores", true },
    [FACT_FRAME] = { "frame", SHARE_DATA, "bytes", true },
    [FACT_TLS_CALLS] = { "tls-calls", SHARE_DATA, "calls of __tls_get_addr", true },
    [FACT_OBJECT_SIZE] = { "object-size", SHARE_DATA, "bytes", false },
    [FACT_OBJECT_LINES] = { "object-lines", SHARE_DATA, "64-byte lines", true },
    [FACT_OBJECT_ALIGN] = { "object-alignment", SHARE_DATA, "bytes into the line", false },
    [FACT_NEIGHBOURS] = { "shared-line", SHARE_DATA, "pairs", false },
    [FACT_TLS_SIZE] = { "tls-size", SHARE_DATA, "bytes", false },
    [FACT_STRUCT_SIZE] = { "struct-size", SHARE_DATA, "bytes", false },
    [FACT_MEMBER_LINE] = { "member-line", SHARE_DATA, "bytes", false },
    [FACT_MEMBER_OFFSET] = { "member-offset", SHARE_DATA, "bytes", false },
    [FACT_MEMBER_TYPE] = { "member-type", SHARE_DATA, "bytes", false },
    [FACT_MEMBERS] = { "members", SHARE_DATA, "members", false },
    [FACT_ENUM_SIZE] = { "enum-size", SHARE_DATA, "bytes", false },
    [FACT_ENUM_VALUES] = { "enum-values", SHARE_DATA, "values", false },
    [FACT_INLINED] = { "inlined", SHARE_LAYOUT, "call sites", false },
};

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
