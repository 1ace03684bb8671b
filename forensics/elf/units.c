#include "elf/units.h"

#include "elf/dwarf_walk.h"
#include "elf/names.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

struct compiled_unit {
    const char *name, *producer; /* "GNU C17 12.2.0 -O2 ..." */
};

struct units {
    struct compiled_unit *items; /* by name */
    size_t count, room;
};

static int by_name(const void *a, const void *b)
{
    const struct compiled_unit *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->producer, y->producer);
}

static struct units read_units(struct arena *arena, const struct inventory *inv)
{
    struct units u = { 0 };
    struct walk_unit unit = { 0 };
    while (inv->image && walk_unit(inv->image, &unit)) {
        bool compiled = dwarf_tag(&unit.tree) == DW_TAG_compile_unit;
        const char *name = compiled ? walk_text(&unit.tree, DW_AT_name) : NULL,
                   *producer = compiled ? walk_text(&unit.tree, DW_AT_producer) : NULL;
        if (name && producer && strncmp(producer, "GNU AS", 6) != 0)
            *ARENA_PUSH(arena, u.items, u.count, u.room) = (struct compiled_unit){ name, producer };
    }
    if (u.count)
        qsort(u.items, u.count, sizeof *u.items, by_name);
    return u;
}

/* Where the flags start; the text's end where there are none. */
static size_t flags_at(const char *producer)
{
    const char *flags = strstr(producer, " -");
    return flags ? (size_t)(flags - producer) : strlen(producer);
}

static const char *flags_of(const char *producer)
{
    const char *flags = producer + flags_at(producer);
    return *flags ? flags + 1 : "";
}

static bool same_compiler(const char *a, const char *b)
{
    return flags_at(a) == flags_at(b) && strncmp(a, b, flags_at(a)) == 0;
}

/* Whether a side's whole file has these, so that its own facts tell of them. */
static bool is_of_file(const struct inventory *inv, const char *producer)
{
    size_t length = flags_at(producer);
    return inv->compiler && inv->flags && strlen(inv->compiler) == length &&
           strncmp(inv->compiler, producer, length) == 0 && strcmp(inv->flags, flags_of(producer)) == 0;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

struct changes {
    struct arena *arena;
    struct unit_change *items;
    size_t count;
};

static void add_change(struct changes *c, const struct compiled_unit *old, const struct compiled_unit *new)
{
    bool compiler = !same_compiler(old->producer, new->producer);
    struct unit_change change = { .name = name_clean(c->arena, last_part(new->name)),
                                  .compiler = compiler,
                                  .old = name_clean(c->arena, compiler ? old->producer : flags_of(old->producer)),
                                  .new = name_clean(c->arena, compiler ? new->producer : flags_of(new->producer)) };
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].compiler == compiler && strcmp(c->items[i].old, change.old) == 0 &&
            strcmp(c->items[i].new, change.new) == 0) {
            c->items[i].more++;
            return;
        }
    if (c->count < UNIT_CHANGES_MOST)
        c->items[c->count++] = change;
}

static size_t run(const struct units *u, size_t at)
{
    size_t end = at;
    while (end < u->count && strcmp(u->items[end].name, u->items[at].name) == 0)
        end++;
    return end - at;
}

struct unit_change *units_compare(struct arena *arena, const struct inventory *old, const struct inventory *new,
                                  size_t *count)
{
    struct arena *scratch = arena_new();
    struct units a = read_units(scratch, old), b = read_units(scratch, new);
    struct changes c = { arena, arena_array(arena, UNIT_CHANGES_MOST, sizeof *c.items), 0 };
    for (size_t i = 0, j = 0; i < a.count && j < b.count;) {
        const struct compiled_unit *x = &a.items[i], *y = &b.items[j];
        int order = strcmp(x->name, y->name);
        size_t olds = run(&a, i), news = run(&b, j);
        bool one = order == 0 && olds == 1 && news == 1; /* of several of one name none can be told from the others */
        if (one && strcmp(x->producer, y->producer) != 0 && !(is_of_file(old, x->producer) && is_of_file(new, y->producer)))
            add_change(&c, x, y);
        i += order <= 0 ? olds : 0;
        j += order >= 0 ? news : 0;
    }
    *count = c.count;
    arena_free(scratch);
    return c.items;
}
