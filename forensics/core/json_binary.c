/* JSON of the two ELF files and of what changed between them.
 *
 * A delta holds every symbol of both files; saved are at most JSON_SYMBOLS_MAX records, those that a report or the
 * judge can ask for first: what the costs name, then what is not the same, then what moved, the largest first.
 * The counts by fate are saved whole. A loaded inventory has the saved symbols alone.
 */
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/json_codec.h"

static void walk_section(struct codec *codec, void *item)
{
    struct section *section = item;
    codec_string(codec, "name", &section->name);
    codec_hex(codec, "address", &section->address);
    codec_hex(codec, "offset", &section->offset);
    codec_u64(codec, "size", &section->size);
    codec_u64(codec, "align", &section->align);
    codec_hex(codec, "flags", &section->flags);
    uint64_t type = section->type;
    codec_u64(codec, "type", &type);
    if (!codec->saving)
        section->type = (uint32_t)type;
    CODEC_ENUM(codec, "use", section->use, word_use);
}

static void walk_bytes(struct codec *codec, void *item)
{
    uint64_t *bytes = item;
    for (int i = 0; i < USE_COUNT; i++)
        codec_u64(codec, section_use_name[i], &bytes[i]);
}

static void walk_segment(struct codec *codec, void *item)
{
    struct segment *segment = item;
    uint64_t type = segment->type, flags = segment->flags;
    codec_u64(codec, "type", &type);
    codec_u64(codec, "flags", &flags);
    if (!codec->saving) {
        segment->type = (uint32_t)type;
        segment->flags = (uint32_t)flags;
    }
    codec_hex(codec, "address", &segment->address);
    codec_hex(codec, "offset", &segment->offset);
    codec_u64(codec, "file_size", &segment->file_size);
    codec_u64(codec, "memory_size", &segment->memory_size);
    codec_u64(codec, "align", &segment->align);
}

static void walk_relocations(struct codec *codec, struct inventory *inventory)
{
    codec_u64(codec, "plt_slots", &inventory->plt_slots);
    codec_u64(codec, "relocations", &inventory->relocations);
    codec_u64(codec, "irelative_relocations", &inventory->irelative_relocations);
    codec_u64(codec, "tls_dynamic_relocations", &inventory->tls_dynamic_relocations);
    codec_u64(codec, "tls_static_relocations", &inventory->tls_static_relocations);
}

static void walk_tables(struct codec *codec, struct inventory *inventory)
{
    struct section *sections = codec_items(codec, "sections", inventory->sections, &inventory->section_count,
                                           sizeof *sections, walk_section);
    struct segment *segments = codec_items(codec, "segments", inventory->segments, &inventory->segment_count,
                                           sizeof *segments, walk_segment);
    if (codec->saving)
        return;
    inventory->sections = sections;
    inventory->segments = segments;
}

/* All but what the side already says: path, build id, sha256, size. */
void walk_inventory(struct codec *codec, void *item)
{
    struct inventory *inventory = item;
    codec_string(codec, "type", &inventory->type);
    codec_string(codec, "machine", &inventory->machine);
    int bits = (int)inventory->bits;
    codec_int(codec, "bits", &bits);
    if (!codec->saving)
        inventory->bits = (unsigned)bits;
    codec_hex(codec, "entry", &inventory->entry);
    codec_string(codec, "interpreter", &inventory->interpreter);
    codec_object(codec, "bytes", inventory->bytes, walk_bytes);
    codec_u64(codec, "text_bytes", &inventory->text_bytes);
    codec_u64(codec, "tls_size", &inventory->tls_size);
    codec_u64(codec, "tls_align", &inventory->tls_align);
    codec_bool(codec, "static_tls", &inventory->static_tls);
    walk_relocations(codec, inventory);
    codec_strings(codec, "needed", &inventory->needed, &inventory->needed_count);
    codec_string(codec, "runpath", &inventory->runpath);
    codec_string(codec, "compiler", &inventory->compiler);
    codec_string(codec, "flags", &inventory->flags);
    codec_string(codec, "linker", &inventory->linker);
    codec_bool(codec, "has_symbols", &inventory->has_symbols);
    codec_bool(codec, "has_debug", &inventory->has_debug);
    codec_strings(codec, "missing", &inventory->missing, &inventory->missing_count);
    if (!codec->saving)
        inventory->missing_room = inventory->missing_count;
    walk_tables(codec, inventory);
}

static void walk_symbol(struct codec *codec, void *item)
{
    struct symbol *symbol = item;
    codec_string(codec, "name", &symbol->name);
    codec_string(codec, "base_name", &symbol->base_name);
    codec_string(codec, "pretty", &symbol->pretty);
    codec_string(codec, "file", &symbol->file);
    CODEC_ENUM(codec, "kind", symbol->kind, word_kind);
    CODEC_ENUM(codec, "use", symbol->use, word_use);
    codec_bool(codec, "local", &symbol->local);
    codec_bool(codec, "weak", &symbol->weak);
    codec_bool(codec, "cold", &symbol->cold);
    codec_bool(codec, "made_up", &symbol->made_up);
    codec_bool(codec, "alias", &symbol->alias);
    codec_hex(codec, "address", &symbol->address);
    codec_u64(codec, "size", &symbol->size);
    codec_int(codec, "section", &symbol->section);
    codec_hex(codec, "code_hash", &symbol->code_hash);
}

static void walk_change(struct codec *codec, void *item)
{
    struct symbol_change *change = item;
    CODEC_ENUM(codec, "fate", change->fate, word_fate);
    if (change->fate == FATE_RECODED) {
        CODEC_ENUM(codec, "recoding", change->recoding, word_recoding);
        codec_int(codec, "turns", &change->turns);
    }
    codec_string(codec, "name", &change->name);
    codec_bool(codec, "by_suffix", &change->by_suffix);
    codec_bool(codec, "by_hash", &change->by_hash);
    /* Saving never writes through these; loading makes new ones (kin stays a copy of its own). */
    change->old = codec_optional(codec, "old", (void *)change->old, sizeof *change->old, walk_symbol);
    change->new = codec_optional(codec, "new", (void *)change->new, sizeof *change->new, walk_symbol);
    change->kin = codec_optional(codec, "kin", (void *)change->kin, sizeof *change->kin, walk_symbol);
}

static void walk_fact(struct codec *codec, void *item)
{
    struct fact_change *fact = item;
    codec_string(codec, "what", &fact->what);
    codec_string(codec, "old", &fact->old);
    codec_string(codec, "new", &fact->new);
    codec_double(codec, "old_value", &fact->old_value);
    codec_double(codec, "new_value", &fact->new_value);
}

static void walk_fates(struct codec *codec, void *item)
{
    struct delta *delta = item;
    for (int kind = 0; kind < SYMBOL_KIND_COUNT; kind++) {
        struct codec by_kind, cell;
        if (!codec_enter(codec, symbol_kind_name[kind], &by_kind))
            continue;
        for (int fate = 0; fate < FATE_COUNT; fate++)
            if (codec_enter(&by_kind, fate_name[fate], &cell)) {
                codec_size(&cell, "count", &delta->fates[kind][fate]);
                codec_u64(&cell, "bytes", &delta->fate_bytes[kind][fate]);
                codec_leave(&cell);
            }
        codec_leave(&by_kind);
    }
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The addresses that one side's costs name, ascending; at most twice JSON_COST_ITEMS_MAX. */
static uint64_t *costly_addresses(struct arena *arena, const struct cost_profile *cost, size_t *count)
{
    uint64_t *list = arena_array(arena, 2 * JSON_COST_ITEMS_MAX, sizeof *list);
    *count = 0;
    for (size_t i = 0; cost && i < cost->function_count && i < JSON_COST_ITEMS_MAX; i++)
        list[(*count)++] = cost->functions[i].address;
    for (size_t i = 0; cost && i < cost->object_count && i < JSON_COST_ITEMS_MAX; i++)
        list[(*count)++] = cost->objects[i].address;
    qsort(list, *count, sizeof *list, by_value);
    return list;
}

/* True if one of the ascending addresses lies in the symbol. */
static bool is_costly(const struct symbol *symbol, const uint64_t *addresses, size_t count)
{
    size_t low = 0, high = count;
    if (!symbol || symbol->kind == SYMBOL_TLS)
        return false;
    while (low < high) { /* the first address >= the symbol's */
        size_t middle = low + (high - low) / 2;
        if (addresses[middle] < symbol->address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && addresses[low] && addresses[low] - symbol->address < (symbol->size ? symbol->size : 1);
}

static int fate_rank(enum fate fate)
{
    return fate == FATE_SAME ? 3 : fate == FATE_MOVED ? 2 : 1;
}

struct candidate {
    size_t index;
    int rank; /* 0 first */
    uint64_t size;
};

static int by_rank(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static int by_index(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

/* The records to save, in the delta's order. */
static struct symbol_change *chosen(struct arena *arena, const struct result *result, size_t *count)
{
    const struct delta *delta = result->delta;
    size_t all = delta->symbol_count, costly[2];
    uint64_t *addresses[2];
    for (int side = 0; side < 2; side++)
        addresses[side] = costly_addresses(arena, result->cost[side], &costly[side]);
    struct candidate *candidates = arena_array(arena, all, sizeof *candidates);
    for (size_t i = 0; i < all; i++) {
        const struct symbol_change *change = &delta->symbols[i];
        bool named = is_costly(change->old, addresses[0], costly[0]) || is_costly(change->new, addresses[1], costly[1]);
        candidates[i] = (struct candidate){ i, named ? 0 : fate_rank(change->fate),
                                            change->new ? change->new->size : change->old->size };
    }
    *count = all;
    if (all > JSON_SYMBOLS_MAX) {
        qsort(candidates, all, sizeof *candidates, by_rank);
        *count = JSON_SYMBOLS_MAX;
        qsort(candidates, *count, sizeof *candidates, by_index);
    }
    struct symbol_change *kept = arena_array(arena, *count, sizeof *kept);
    for (size_t i = 0; i < *count; i++)
        kept[i] = delta->symbols[candidates[i].index];
    return kept;
}

/* A loaded symbol and the record that points to it. */
struct loaded {
    const struct symbol **slot;
    size_t order;
};

/* The order of inventory.symbols: by address, the best name first, TLS last. */
static int by_address(const void *a, const void *b)
{
    const struct loaded *x = a, *y = b;
    const struct symbol *s = *x->slot, *t = *y->slot;
    if ((s->kind == SYMBOL_TLS) != (t->kind == SYMBOL_TLS))
        return s->kind == SYMBOL_TLS ? 1 : -1;
    if (s->address != t->address)
        return s->address < t->address ? -1 : 1;
    if (s->alias != t->alias)
        return s->alias ? 1 : -1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Gathers one side's loaded symbols into its inventory and points the records there. */
static void adopt(struct arena *arena, struct delta *delta, bool old_side, struct inventory *inventory)
{
    struct loaded *list = arena_array(arena, delta->symbol_count, sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < delta->symbol_count; i++) {
        const struct symbol **slot = old_side ? &delta->symbols[i].old : &delta->symbols[i].new;
        if (*slot)
            list[count++] = (struct loaded){ slot, i };
    }
    qsort(list, count, sizeof *list, by_address);
    inventory->symbols = arena_array(arena, count, sizeof *inventory->symbols);
    inventory->symbol_count = inventory->symbol_room = count;
    for (size_t i = 0; i < count; i++) {
        inventory->symbols[i] = **list[i].slot;
        *list[i].slot = &inventory->symbols[i];
    }
}

static uint64_t left_out(const struct delta *delta, size_t kept)
{
    uint64_t all = 0;
    for (int kind = 0; kind < SYMBOL_KIND_COUNT; kind++)
        for (int fate = 0; fate < FATE_COUNT; fate++)
            all += delta->fates[kind][fate];
    return all > kept ? all - kept : 0;
}

static void save_delta(struct codec *codec, struct result *result)
{
    struct codec inner;
    if (!codec_enter(codec, "delta", &inner))
        return;
    struct delta *delta = result->delta;
    codec_items(&inner, "facts", delta->facts, &delta->fact_count, sizeof *delta->facts, walk_fact);
    walk_fate_cycles(&inner, delta);
    walk_code_facts(&inner, delta);
    codec_object(&inner, "fates", delta, walk_fates);
    size_t count;
    struct symbol_change *kept = chosen(codec->arena, result, &count);
    uint64_t missing = left_out(delta, count);
    codec_u64(&inner, "symbols_left_out", &missing);
    codec_items(&inner, "symbols", kept, &count, sizeof *kept, walk_change);
    codec_leave(&inner);
}

static void load_delta(struct codec *codec, struct result *result)
{
    struct codec inner;
    if (!codec_enter(codec, "delta", &inner))
        return;
    if (!result->inventory[0] || !result->inventory[1]) {
        codec_fail(codec, "delta", "needs sides.old.elf and sides.new.elf: the file is damaged, save the comparison again");
        return;
    }
    struct delta *delta = arena_alloc(codec->arena, sizeof *delta);
    delta->facts = codec_items(&inner, "facts", NULL, &delta->fact_count, sizeof *delta->facts, walk_fact);
    codec_object(&inner, "fates", delta, walk_fates);
    walk_fate_cycles(&inner, delta);
    delta->symbols = codec_items(&inner, "symbols", NULL, &delta->symbol_count, sizeof *delta->symbols, walk_change);
    delta->fact_room = delta->fact_count;
    delta->symbol_room = delta->symbol_count;
    for (size_t i = 0; i < delta->symbol_count; i++)
        if (!delta->symbols[i].old && !delta->symbols[i].new)
            codec_fail(&inner, "symbols", "[%zu] is on neither side: the file is damaged, save the comparison again", i);
    if (codec->err->kind != ERR_NONE)
        return;
    for (int side = 0; side < 2; side++)
        adopt(codec->arena, delta, side == 0, result->inventory[side]);
    walk_code_facts(&inner, delta); /* last, since facts point to symbols */
    delta->old = result->inventory[0];
    delta->new = result->inventory[1];
    result->delta = delta;
}

void walk_delta(struct codec *codec, struct result *result)
{
    if (codec->saving && !result->delta)
        codec_remark(codec, "delta", NULL);
    else if (codec->saving)
        save_delta(codec, result);
    else
        load_delta(codec, result);
}
