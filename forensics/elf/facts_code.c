#include "elf/facts_add.h"

#include "elf/cfg.h"
#include "elf/match.h"
#include "elf/measure.h"
#include "elf/names.h"
#include "elf/symbolize.h"

#include <math.h>

enum {
    SMALL_LOOP = 512,     /* bytes; the grid decides little about longer loops */
    SMALL_FUNCTION = 256, /* bytes */
    GRID = 4096,          /* code that moved by a multiple of this sits on every grid as before */
};

/* One matched function with the graphs of both sides. */
struct both {
    struct finder *f;
    const struct symbol_change *change;
    const struct graph *graph[2];
    bool same_code;
};

static struct code_fact fact_of(const struct both *b, enum code_fact_kind kind, double old, double new)
{
    return (struct code_fact){ .kind = kind,
                               .change = b->change,
                               .name = b->change->name,
                               .old = old,
                               .new = new,
                               .old_address = b->change->old->address,
                               .new_address = b->change->new->address,
                               .weight = (double)b->graph[1]->bytes };
}

static void compare_loop_cells(const struct both *b, struct code_fact fact, const char *what, const char *size,
                               uint64_t bytes, uint64_t cell)
{
    unsigned long long offset = fact.new_address - b->change->new->address;
    uint64_t least = (bytes + cell - 1) / cell;
    const char *how = fact.new > fact.old &&fact.old == 1 ? "now crosses" : fact.new == 1 ? "no longer crosses" : NULL;
    if (how)
        fact_add(b->f, fact, "the loop at %s+0x%llx (%llu bytes) %s a boundary of %s", fact.name, offset,
                 (unsigned long long)bytes, how, size);
    else
        fact_add(b->f, fact,
                 "the loop at %s+0x%llx (%llu bytes) lies on %.0f %s of %s, before on %.0f, at best on %llu", fact.name,
                 offset, (unsigned long long)bytes, fact.new, what, size, fact.old, (unsigned long long)least);
}

static void compare_loop(const struct both *b, const struct loop *old, const struct loop *new)
{
    struct code_fact fact = fact_of(b, FACT_LOOP_LINES, (double)old->lines, (double)new->lines);
    if (!new->inner || new->bytes > SMALL_LOOP)
        return;
    fact.weight = (double)new->bytes;
    fact.old_address = old->start;
    fact.new_address = new->start;
    if (old->lines != new->lines)
        compare_loop_cells(b, fact, "lines", "64 bytes", new->bytes, 64);
    fact.kind = FACT_LOOP_PAGES;
    fact.old = (double)old->pages;
    fact.new = (double)new->pages;
    if (old->pages != new->pages)
        compare_loop_cells(b, fact, "pages", "4 KiB", new->bytes, 4096);
    fact.kind = FACT_LOOP_WINDOWS;
    fact.old = (double)old->windows;
    fact.new = (double)new->windows;
    if (old->windows != new->windows)
        compare_loop_cells(b, fact, "windows", "32 bytes", new->bytes, 32);
    if (!old->whole || !new->whole)
        return;
    fact.kind = FACT_LOOP_OPS;
    fact.old = (double)measure_op_lines(b->graph[0], old);
    fact.new = (double)measure_op_lines(b->graph[1], new);
    if (fact.old != fact.new)
        fact_add(b->f, fact,
                 "the loop at %s+0x%llx (%zu instructions) takes %.0f op-cache lines of a 32-byte window, before %.0f",
                 fact.name, (unsigned long long)(new->start - b->change->new->address), new->insns, fact.new, fact.old);
}

/* Loops of equal code correspond one to one. Of changed code only those that kept their size are compared: another loop
 * body is no matter of the grid. */
static void compare_loops(const struct both *b)
{
    const struct graph *old = b->graph[0], *new = b->graph[1];
    if (old->loop_count != new->loop_count)
        return;
    for (size_t i = 0; i < old->loop_count; i++)
        if (old->loops[i].bytes == new->loops[i].bytes && old->loops[i].insns == new->loops[i].insns)
            compare_loop(b, &old->loops[i], &new->loops[i]);
}

static void compare_entry(const struct both *b)
{
    uint64_t old = b->change->old->address, new = b->change->new->address;
    uint64_t was = old % 64 == 0 ? 64 : old % 32 == 0 ? 32 : old % 16 == 0 ? 16 : 0;
    if (was && new % was != 0 && !b->change->new->cold)
        fact_add(b->f, fact_of(b, FACT_ENTRY, (double)(old % 64), (double)(new % 64)),
                 "%s starts %llu bytes into a 64-byte line and lost its alignment to %llu bytes", b->change->name,
                 (unsigned long long)(new % 64), (unsigned long long)was);
}

static void compare_grid(const struct both *b, const struct measure *old, const struct measure *new)
{
    const char *name = b->change->name;
    if (old->lines != new->lines && b->same_code && b->graph[1]->bytes <= SMALL_FUNCTION)
        fact_add(b->f, fact_of(b, FACT_LINES, (double)old->lines, (double)new->lines),
                 "%s (%llu bytes) touches %llu %s, before %llu", name, (unsigned long long)b->graph[1]->bytes,
                 (unsigned long long)new->lines, new->lines == 1 ? "line" : "lines", (unsigned long long)old->lines);
    if (old->jcc != new->jcc)
        fact_add(b->f, fact_of(b, FACT_JCC, (double)old->jcc, (double)new->jcc),
                 "%s: jumps that cross or end at a 32-byte boundary (the JCC erratum of Skylake): %llu, before %llu",
                 name, (unsigned long long)new->jcc, (unsigned long long)old->jcc);
    if (old->dense != new->dense)
        fact_add(b->f, fact_of(b, FACT_DENSE, (double)old->dense, (double)new->dense),
                 "%s: 64-byte lines with more than two jumps: %llu, before %llu", name, (unsigned long long)new->dense,
                 (unsigned long long)old->dense);
}

/* Counts of changed code: member, fact, and the sentence "NAME has N ..., before M". */
static const struct {
    size_t offset; /* of a uint64_t in struct measure */
    enum code_fact_kind kind;
    const char *one, *many;
} count_table[] = {
    { offsetof(struct measure, calls), FACT_CALLS, "direct call", "direct calls" },
    { offsetof(struct measure, indirect), FACT_INDIRECT, "indirect call or jump", "indirect calls and jumps" },
    { offsetof(struct measure, plt), FACT_PLT, "call through the PLT", "calls through the PLT" },
    { offsetof(struct measure, got), FACT_GOT, "call through a slot of the GOT", "calls through slots of the GOT" },
    { offsetof(struct measure, spills), FACT_SPILLS, "load or store of its stack frame",
      "loads and stores of its stack frame" },
    { offsetof(struct measure, frame), FACT_FRAME, "byte of stack frame", "bytes of stack frame" },
    { offsetof(struct measure, tls_calls), FACT_TLS_CALLS, "call of __tls_get_addr", "calls of __tls_get_addr" },
};

static const char *plural(uint64_t count, const char *word)
{
    return count == 1 ? "" : word;
}

static void compare_insns(const struct both *b, const struct measure *old, const struct measure *new)
{
    if (old->insns == new->insns && old->blocks == new->blocks && old->loops == new->loops)
        return;
    fact_add(b->f, fact_of(b, FACT_INSNS, (double)old->insns, (double)new->insns),
             "%s has %llu instruction%s in %llu block%s and %llu loop%s, before %llu in %llu and %llu", b->change->name,
             (unsigned long long)new->insns, plural(new->insns, "s"), (unsigned long long)new->blocks,
             plural(new->blocks, "s"), (unsigned long long)new->loops, plural(new->loops, "s"),
             (unsigned long long)old->insns, (unsigned long long)old->blocks, (unsigned long long)old->loops);
}

enum { LEAST_SHARE = 5 /* hundredths of the instructions that another class must hold */, CLASSES_SHOWN = 3 };

/* By how many hundredths a class's share of the instructions grew. */
static double share_change(const struct measure *old, const struct measure *new, int class)
{
    return 100 * ((double)new->mix[class] / (double)new->insns - (double)old->mix[class] / (double)old->insns);
}

/* Whether a class is worth telling: its share changed, or the first or last of what is slow or works on many numbers. */
static bool class_changed(const struct measure *old, const struct measure *new, int class)
{
    bool telling = class == INSN_DIVISION || class == INSN_STRING || class == INSN_ATOMIC || class == INSN_VECTOR ||
                   class == INSN_FLOAT;
    return fabs(share_change(old, new, class)) >= LEAST_SHARE || (telling && !old->mix[class] != !new->mix[class]);
}

/* The changed class whose share changed most and that is not told yet; MIX_COUNT: none. */
static int next_class(const struct measure *old, const struct measure *new, const bool *told)
{
    int best = MIX_COUNT;
    for (int i = 0; i < MIX_COUNT; i++)
        if (!told[i] && class_changed(old, new, i) &&
            (best == MIX_COUNT || fabs(share_change(old, new, i)) > fabs(share_change(old, new, best))))
            best = i;
    return best;
}

static void compare_mix(const struct both *b, const struct measure *old, const struct measure *new, struct arena *scratch)
{
    bool told[MIX_COUNT] = { false };
    const char *list = "";
    if (!old->insns || !new->insns)
        return;
    int first = next_class(old, new, told), class = first;
    for (int i = 0; i < CLASSES_SHOWN && class != MIX_COUNT; i++, class = next_class(old, new, told)) {
        told[class] = true;
        list = arena_printf(scratch, "%s%s%llu %s (before %llu)", list, i ? ", " : "", (unsigned long long)new->mix[class],
                            mix_name[class], (unsigned long long)old->mix[class]);
    }
    if (first != MIX_COUNT)
        fact_add(b->f, fact_of(b, FACT_MIX, (double)old->mix[first], (double)new->mix[first]),
                 "of %llu instructions (before %llu) %s has %s", (unsigned long long)new->insns,
                 (unsigned long long)old->insns, b->change->name, list);
}

enum { ENTRIES_SHOWN = 4 };

static void compare_cold_entries(const struct both *b, struct arena *scratch)
{
    size_t olds, news;
    const char *list = "";
    graph_cold_entries(scratch, b->graph[0], &olds);
    const struct cold_entry *new = graph_cold_entries(scratch, b->graph[1], &news);
    if (olds == news)
        return;
    for (size_t i = 0; i < news && i < ENTRIES_SHOWN; i++)
        list = arena_printf(scratch, "%s%s%s+0x%llx", list, i ? ", " : " from ", b->change->name,
                            (unsigned long long)(new[i].from - b->change->new->address));
    fact_add(b->f, fact_of(b, FACT_COLD_ENTRIES, (double)olds, (double)news),
             "%s goes into its cold part at %zu place%s%s%s, before at %zu", b->change->name, news, plural(news, "s"), list,
             news > ENTRIES_SHOWN ? ", ..." : "", olds);
}

static void compare_counts(const struct both *b, const struct measure *old, const struct measure *new)
{
    for (size_t i = 0; i < sizeof count_table / sizeof *count_table; i++) {
        uint64_t x = *(const uint64_t *)((const char *)old + count_table[i].offset);
        uint64_t y = *(const uint64_t *)((const char *)new + count_table[i].offset);
        if (x != y)
            fact_add(b->f, fact_of(b, count_table[i].kind, (double)x, (double)y), "%s has %llu %s, before %llu",
                     b->change->name, (unsigned long long)y, y == 1 ? count_table[i].one : count_table[i].many,
                     (unsigned long long)x);
    }
    if (old->tls_slot != new->tls_slot || old->tls_dynamic != new->tls_dynamic)
        fact_add(b->f,
                 fact_of(b, FACT_TLS_MODEL, (double)(old->tls_slot + old->tls_dynamic),
                         (double)(new->tls_slot + new->tls_dynamic)),
                 "%s reaches thread-local data %llu times by a fixed offset, %llu by one from a slot, %llu by a call; "
                 "before %llu, %llu, %llu",
                 b->change->name, (unsigned long long)new->tls_local, (unsigned long long)new->tls_slot,
                 (unsigned long long)new->tls_dynamic, (unsigned long long)old->tls_local,
                 (unsigned long long)old->tls_slot, (unsigned long long)old->tls_dynamic);
    uint64_t x = b->graph[0]->cold_bytes, y = b->graph[1]->cold_bytes;
    if (x != y && b->change->fate != FATE_REORDERED)
        fact_add(b->f, fact_of(b, FACT_COLD_BYTES, (double)x, (double)y),
                 "%s has %llu bytes in its cold part, before %llu", b->change->name, (unsigned long long)y,
                 (unsigned long long)x);
}

static void compare_order(const struct both *b, struct arena *scratch)
{
    struct reorder r;
    const char *name = b->change->name;
    if (!graph_reorder(scratch, b->graph[0], b->graph[1], &r))
        return;
    if (r.inverted)
        fact_add(b->f, fact_of(b, FACT_INVERTED, 0, (double)r.inverted),
                 "%zu %s of %s inverted: what fell through is jumped to now, and the reverse", r.inverted,
                 r.inverted == 1 ? "branch" : "branches", name);
    if (r.to_cold_bytes)
        fact_add(b->f, fact_of(b, FACT_TO_COLD, 0, (double)r.to_cold_bytes), "%llu bytes of %s went into its cold part",
                 (unsigned long long)r.to_cold_bytes, name);
    if (r.from_cold_bytes)
        fact_add(b->f, fact_of(b, FACT_FROM_COLD, 0, (double)r.from_cold_bytes),
                 "%llu bytes of %s came out of its cold part", (unsigned long long)r.from_cold_bytes, name);
}

static void compare_place(struct finder *f, const struct symbol_change *c)
{
    struct code_fact fact = { .kind = FACT_PLACE,
                              .change = c,
                              .name = c->name,
                              .old = c->old->use,
                              .new = c->new->use,
                              .old_address = c->old->address,
                              .new_address = c->new->address,
                              .weight = (double)symbol_extent(f->delta->new, c->new) };
    if (c->old->use != c->new->use)
        fact_add(f, fact, "%s went from %s to %s", c->name, section_use_name[c->old->use],
                 section_use_name[c->new->use]);
}

static void compare_function(struct finder *f, const struct symbol_change *c, struct arena *scratch)
{
    const struct pairing *p = f->pairing;
    struct both b = { .f = f, .change = c, .same_code = c->fate == FATE_MOVED };
    compare_place(f, c);
    if (c->fate == FATE_MOVED && c->old->address % GRID == c->new->address % GRID)
        return;
    if (!match_spend(p, symbol_extent(p->inv[0], c->old) + symbol_extent(p->inv[1], c->new)))
        return;
    b.graph[0] = graph_build(scratch, p->scene[0], c->old);
    b.graph[1] = graph_build(scratch, p->scene[1], c->new);
    if (!b.graph[0] || !b.graph[1])
        return;
    struct measure old = measure_graph(b.graph[0]), new = measure_graph(b.graph[1]);
    compare_loops(&b);
    compare_entry(&b);
    compare_grid(&b, &old, &new);
    if (c->fate == FATE_REORDERED)
        compare_order(&b, scratch);
    if (c->fate == FATE_MOVED)
        return;
    compare_insns(&b, &old, &new);
    compare_mix(&b, &old, &new, scratch);
    compare_counts(&b, &old, &new);
    compare_cold_entries(&b, scratch);
}

/* Cold parts are looked at with their functions. */
void find_code_facts(struct finder *f)
{
    for (size_t i = 0; i < f->delta->symbol_count; i++) {
        const struct symbol_change *c = &f->delta->symbols[i];
        bool changed = c->fate == FATE_MOVED || c->fate == FATE_REORDERED || c->fate == FATE_CHANGED ||
                       c->fate == FATE_RESIZED;
        if (!changed || name_is_cold_part(c->new->name) ||
            (c->new->kind != SYMBOL_FUNCTION && c->new->kind != SYMBOL_IFUNC))
            continue;
        struct arena *scratch = arena_new();
        compare_function(f, c, scratch);
        arena_free(scratch);
    }
}
