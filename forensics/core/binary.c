#include "core/binary.h"

#include <math.h>
#include <string.h>

const char *const section_use_name[USE_COUNT] = { "other", "text.hot", "text", "text.cold", "text.startup", "text.exit",
                                                  "plt", "rodata", "data", "bss", "tls", "debug" };

const char *const symbol_kind_name[SYMBOL_KIND_COUNT] = { "function", "object", "tls", "ifunc" };

const char *const fate_name[FATE_COUNT] = { "same", "moved", "reordered", "recoded", "reinlined",
                                           "changed", "resized", "added", "removed" };

const char *const recoding_name[RECODING_COUNT] = { "other", "registers", "allocation", "unrolled", "rolled" };

const struct code_fact_row code_fact_table[FACT_KIND_COUNT] = {
    [FACT_LOOP_LINES] = { "loop-lines", SHARE_LAYOUT, "64-byte lines", true, false },
    [FACT_LOOP_WINDOWS] = { "loop-windows", SHARE_LAYOUT, "32-byte windows", true, false },
    [FACT_LOOP_OPS] = { "loop-op-cache", SHARE_LAYOUT, "op-cache lines", true, false },
    [FACT_LOOP_PAGES] = { "loop-pages", SHARE_LAYOUT, "4 KiB pages", true, false },
    [FACT_LINES] = { "function-lines", SHARE_LAYOUT, "64-byte lines", true, false },
    [FACT_ENTRY] = { "entry-alignment", SHARE_LAYOUT, "bytes into the line", false, true },
    [FACT_JCC] = { "jcc-erratum", SHARE_LAYOUT, "jumps at 32-byte boundaries", true, false },
    [FACT_DENSE] = { "branch-density", SHARE_LAYOUT, "lines with more than two jumps", true, false },
    [FACT_PLACE] = { "text-group", SHARE_HINT, "groups", false, true },
    [FACT_INVERTED] = { "inverted-branches", SHARE_HINT, "branches", true, false },
    [FACT_TO_COLD] = { "moved-to-cold", SHARE_HINT, "bytes", false, false },
    [FACT_FROM_COLD] = { "moved-from-cold", SHARE_HINT, "bytes", false, false },
    [FACT_COLD_BYTES] = { "cold-part", SHARE_HINT, "bytes", true, false },
    [FACT_COLD_ENTRIES] = { "cold-entries", SHARE_HINT, "ways into the cold part", true, false },
    [FACT_INSNS] = { "instructions", SHARE_WORK, "instructions", true, false },
    [FACT_MIX] = { "instruction-mix", SHARE_WORK, "instructions of a class", false, false },
    [FACT_CALLS] = { "calls", SHARE_WORK, "calls", true, false },
    [FACT_INDIRECT] = { "indirect", SHARE_HINT, "indirect calls and jumps", true, false },
    [FACT_PLT] = { "plt-calls", SHARE_LAYOUT, "calls through the PLT", true, false },
    [FACT_GOT] = { "got-calls", SHARE_LAYOUT, "calls through the GOT", true, false },
    [FACT_SPILLS] = { "spills", SHARE_DATA, "stack loads and stores", true, false },
    [FACT_FRAME] = { "frame", SHARE_DATA, "bytes", true, false },
    [FACT_TLS_CALLS] = { "tls-calls", SHARE_DATA, "calls of __tls_get_addr", true, false },
    [FACT_TLS_MODEL] = { "tls-model", SHARE_DATA, "accesses through a slot or a call", true, false },
    [FACT_OBJECT_SIZE] = { "object-size", SHARE_DATA, "bytes", false, false },
    [FACT_OBJECT_LINES] = { "object-lines", SHARE_DATA, "64-byte lines", true, false },
    [FACT_OBJECT_PAGES] = { "object-pages", SHARE_DATA, "4 KiB pages", true, false },
    [FACT_OBJECT_ALIGN] = { "object-alignment", SHARE_DATA, "bytes past the alignment", false, true },
    [FACT_NEIGHBOURS] = { "shared-line", SHARE_DATA, "pairs", false, false },
    [FACT_PAGE_SHARED] = { "shared-page", SHARE_DATA, "pairs", false, false },
    [FACT_TLS_SIZE] = { "tls-size", SHARE_DATA, "bytes", false, false },
    [FACT_TLS_ALIGN] = { "tls-alignment", SHARE_DATA, "bytes", false, false },
    [FACT_STATIC_TLS] = { "static-tls", SHARE_DATA, "flags", false, false },
    [FACT_HUGE_TEXT] = { "text-huge-pages", SHARE_LAYOUT, "2 MiB pages", false, false },
    [FACT_HUGE_DATA] = { "data-huge-pages", SHARE_DATA, "2 MiB pages", false, false },
    [FACT_STRUCT_SIZE] = { "struct-size", SHARE_DATA, "bytes", false, false },
    [FACT_MEMBER_LINE] = { "member-line", SHARE_DATA, "bytes", false, true },
    [FACT_MEMBER_OFFSET] = { "member-offset", SHARE_DATA, "bytes", false, true },
    [FACT_MEMBER_TYPE] = { "member-type", SHARE_DATA, "bytes", false, false },
    [FACT_MEMBERS] = { "members", SHARE_DATA, "members", false, false },
    [FACT_ENUM_SIZE] = { "enum-size", SHARE_DATA, "bytes", false, false },
    [FACT_ENUM_VALUES] = { "enum-values", SHARE_DATA, "values", false, false },
    [FACT_VARIABLE_TYPE] = { "variable-type", SHARE_DATA, "bytes", false, false },
    [FACT_INLINED] = { "inlined", SHARE_LAYOUT, "call sites", false, false },
};

/* gcc's crtstuff.c names itself; the C library's _start is where execution begins, and .init and .fini hold crti.o's code. */
const struct library *library_of_module(const struct libraries *libraries, bool old_side, const char *module)
{
    for (size_t i = 0; libraries && module && i < libraries->changed_count; i++) {
        const char *path = libraries->changed[i].path[!old_side], *slash = path ? strrchr(path, '/') : NULL;
        if (path && strcmp(slash ? slash + 1 : path, module) == 0)
            return &libraries->changed[i];
    }
    return NULL;
}

bool symbol_is_start_up(const struct inventory *inv, const struct symbol *symbol)
{
    if (symbol->file && strcmp(symbol->file, "crtstuff.c") == 0)
        return true;
    if (symbol->kind != SYMBOL_FUNCTION)
        return false;
    const char *section = symbol->section >= 0 && (size_t)symbol->section < inv->section_count
                              ? inv->sections[symbol->section].name
                              : "";
    return (inv->entry && symbol->address == inv->entry) || strcmp(section, ".init") == 0 || strcmp(section, ".fini") == 0;
}

double fact_rank(const struct delta *delta, const struct code_fact *fact)
{
    const struct symbol_change *c = fact->change;
    const struct symbol *s = !c ? NULL : c->new ? c->new : c->old;
    double most = fmax(fabs(fact->old), fabs(fact->new)), growth = fabs(fact->new - fact->old);
    if (s && symbol_is_start_up(c->new ? delta->new : delta->old, s))
        return 0;
    /* Offsets and groups are places: how far apart they are says nothing of how much they matter. */
    return fact->weight * (code_fact_table[fact->kind].place || !(most > 0) ? 1 : growth / most);
}

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
