#include "elf/settings.h"

#include "elf/hardening.h"
#include "elf/match.h"
#include "elf/scene.h"
#include "elf/units.h"

#include <elf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct facts {
    struct arena *arena;
    struct delta *delta;
};

static void fact_text(struct facts *f, const char *what, const char *old, const char *new)
{
    if (old == new || (old && new &&strcmp(old, new) == 0))
        return;
    *ARENA_PUSH(f->arena, f->delta->facts, f->delta->fact_count, f->delta->fact_room) = (struct fact_change){
        .what = what,
        .old = old ? old : "none",
        .new = new ? new : "none",
        .old_value = NAN,
        .new_value = NAN,
    };
}

static void fact_number(struct facts *f, const char *what, uint64_t old, uint64_t new)
{
    if (old == new)
        return;
    *ARENA_PUSH(f->arena, f->delta->facts, f->delta->fact_count, f->delta->fact_room) = (struct fact_change){
        .what = what,
        .old = arena_printf(f->arena, "%llu", (unsigned long long)old),
        .new = arena_printf(f->arena, "%llu", (unsigned long long)new),
        .old_value = (double)old,
        .new_value = (double)new,
    };
}

/* The numbers of an inventory that are compared as they are. */
static const struct {
    const char *what;
    size_t offset; /* of a uint64_t */
} numbers[] = {
#define NUMBER(text, member)                     \
    {                                            \
        text, offsetof(struct inventory, member) \
    }
    NUMBER("text bytes", text_bytes),
    NUMBER("hot text bytes", bytes[USE_TEXT_HOT]),
    NUMBER("cold text bytes", bytes[USE_TEXT_COLD]),
    NUMBER("startup text bytes", bytes[USE_TEXT_STARTUP]),
    NUMBER("PLT bytes", bytes[USE_PLT]),
    NUMBER("read-only data bytes", bytes[USE_RODATA]),
    NUMBER("data bytes", bytes[USE_DATA]),
    NUMBER("bss bytes", bytes[USE_BSS]),
    NUMBER("PT_TLS size", tls_size),
    NUMBER("PT_TLS alignment", tls_align),
    NUMBER("PLT slots", plt_slots),
    NUMBER("dynamic relocations", relocations),
    NUMBER("IRELATIVE relocations", irelative_relocations),
    NUMBER("general-dynamic TLS relocations", tls_dynamic_relocations),
    NUMBER("initial-exec TLS relocations", tls_static_relocations),
    NUMBER("file size", size),
#undef NUMBER
};

static const char *yes_no(bool yes)
{
    return yes ? "yes" : "no";
}

/* Debug information names a compiler in other words than .comment, so like is compared with like. */
static void compare_compilers(struct facts *f)
{
    const struct inventory *old = f->delta->old, *new = f->delta->new;
    bool alike = (old->compiler == old->comment) == (new->compiler == new->comment);
    const char *was = alike ? old->compiler : old->comment, *is = alike ? new->compiler : new->comment;
    if (was && is)
        fact_text(f, "compiler", was, is);
}

static void compare_units(struct facts *f)
{
    size_t count;
    const struct unit_change *changes = units_compare(f->arena, f->delta->old, f->delta->new, &count);
    for (size_t i = 0; i < count; i++) {
        const struct unit_change *c = &changes[i];
        const char *others = c->more ? arena_printf(f->arena, " and %zu more", c->more) : "";
        fact_text(f, arena_printf(f->arena, "compiler%s of %s%s", c->compiler ? "" : " flags", c->name, others), c->old, c->new);
    }
}

static void compare_settings(struct facts *f)
{
    const struct inventory *old = f->delta->old, *new = f->delta->new;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uint64_t a, b;
        memcpy(&a, (const char *)old + numbers[i].offset, sizeof a);
        memcpy(&b, (const char *)new + numbers[i].offset, sizeof b);
        fact_number(f, numbers[i].what, a, b);
    }
    fact_text(f, "machine", old->machine, new->machine);
    fact_text(f, "type", old->type, new->type);
    fact_text(f, "interpreter", old->interpreter, new->interpreter);
    fact_text(f, "static TLS (DF_STATIC_TLS)", yes_no(old->static_tls), yes_no(new->static_tls));
    compare_compilers(f);
    fact_text(f, "linker", old->linker, new->linker);
    if (old->flags && new->flags) /* not recorded is no change */
        fact_text(f, "compiler flags", old->flags, new->flags);
    compare_units(f);
    fact_text(f, "library path (RUNPATH)", old->runpath, new->runpath);
    fact_text(f, "symbol table", yes_no(old->has_symbols), yes_no(new->has_symbols));
    fact_text(f, "debug information", yes_no(old->has_debug), yes_no(new->has_debug));
}

static void compare_hardening(struct facts *f)
{
    struct hardening h[2];
    for (int side = 0; side < 2; side++) {
        const struct scene *scene = f->delta->pairing->scene[side];
        h[side] = hardening_read(f->arena, scene->inv, scene->slots, scene->slot_count);
    }
    fact_text(f, "read-only after the start (RELRO)", h[0].relro, h[1].relro);
    fact_text(f, "stack", h[0].stack, h[1].stack);
    fact_text(f, "control-flow enforcement (CET)", h[0].cet, h[1].cet);
    fact_text(f, "stack protector", h[0].guard, h[1].guard);
    fact_number(f, "fortified library functions", h[0].fortified, h[1].fortified);
    fact_text(f, "needed versions", h[0].versions, h[1].versions);
}

static const char *joined(struct arena *arena, const struct inventory *inv)
{
    size_t bytes = 1, at = 0;
    for (size_t i = 0; i < inv->needed_count; i++)
        bytes += strlen(inv->needed[i]) + 1;
    char *all = arena_alloc(arena, bytes);
    for (size_t i = 0; i < inv->needed_count; i++) {
        size_t length = strlen(inv->needed[i]);
        if (at)
            all[at++] = ' ';
        memcpy(all + at, inv->needed[i], length);
        at += length;
    }
    return all;
}

static int by_name(const void *a, const void *b)
{
    const struct section *x = *(const struct section *const *)a, *y = *(const struct section *const *)b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x > y) - (x < y);
}

static const struct section **sorted_sections(struct arena *arena, const struct inventory *inv)
{
    const struct section **list = arena_array(arena, inv->section_count + 1, sizeof *list);
    for (size_t i = 0; i < inv->section_count; i++)
        list[i] = &inv->sections[i];
    if (inv->section_count)
        qsort(list, inv->section_count, sizeof *list, by_name);
    return list;
}

/* Sections that are not loaded cost nothing at run time and change with every path in the debug information. */
static bool counts(const struct section *s)
{
    return s && (s->flags & SHF_ALLOC) && s->name[0];
}

static void compare_section(struct facts *f, const struct section *old, const struct section *new)
{
    const char *name = old ? old->name : new->name;
    if (!counts(old ? old : new))
        return;
    fact_number(f, arena_printf(f->arena, "section %s size", name), old ? old->size : 0, new ? new->size : 0);
    if (old && new)
        fact_number(f, arena_printf(f->arena, "section %s alignment", name), old->align, new->align);
}

static void compare_sections(struct facts *f)
{
    const struct inventory *old = f->delta->old, *new = f->delta->new;
    const struct section **a = sorted_sections(f->arena, old), **b = sorted_sections(f->arena, new);
    for (size_t i = 0, j = 0; i < old->section_count || j < new->section_count;) {
        int order = i == old->section_count ? 1 : j == new->section_count ? -1 : strcmp(a[i]->name, b[j]->name);
        compare_section(f, order <= 0 ? a[i] : NULL, order >= 0 ? b[j] : NULL);
        i += order <= 0;
        j += order >= 0;
    }
}

static uint64_t pages_of(const struct segment *s)
{
    return s->memory_size ? (s->address + s->memory_size - 1) / 4096 - s->address / 4096 + 1 : 0;
}

/* Loads are compared in order: a linker writes the same four or so. */
static void compare_segments(struct facts *f)
{
    const struct inventory *old = f->delta->old, *new = f->delta->new;
    size_t i = 0, j = 0;
    for (size_t number = 0;; number++, i++, j++) {
        while (i < old->segment_count && old->segments[i].type != PT_LOAD)
            i++;
        while (j < new->segment_count &&new->segments[j].type != PT_LOAD)
            j++;
        if (i == old->segment_count || j == new->segment_count)
            break;
        const char *what = arena_printf(f->arena, "load segment %zu", number);
        fact_number(f, arena_printf(f->arena, "%s alignment", what), old->segments[i].align, new->segments[j].align);
        fact_number(f, arena_printf(f->arena, "%s 4 KiB pages", what), pages_of(&old->segments[i]),
                    pages_of(&new->segments[j]));
        fact_number(f, arena_printf(f->arena, "%s flags", what), old->segments[i].flags, new->segments[j].flags);
    }
}

void settings_compare(struct arena *arena, struct delta *delta)
{
    struct facts f = { arena, delta };
    compare_settings(&f);
    compare_hardening(&f);
    fact_text(&f, "needed libraries", joined(arena, delta->old), joined(arena, delta->new));
    compare_sections(&f);
    compare_segments(&f);
}
