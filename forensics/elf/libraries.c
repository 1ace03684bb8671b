#include "elf/libraries.h"

#include "elf/delta.h"
#include "elf/facts.h"
#include "elf/image.h"
#include "elf/inventory.h"
#include "elf/loader.h"

#include <string.h>

struct comparing {
    struct arena *arena;
    struct libraries *all;
    const struct inventory *const *program;
    const struct load_list *list[2];
    size_t inspected;
    uint64_t bytes;
};

static void say_missing(struct comparing *c, const char *sentence)
{
    struct libraries *l = c->all;
    for (size_t i = 0; i < l->missing_count; i++)
        if (strcmp(l->missing[i], sentence) == 0)
            return;
    *ARENA_PUSH(c->arena, l->missing, l->missing_count, l->missing_room) = sentence;
}

static void note_missing(struct comparing *c, int side)
{
    const struct load_list *list = c->list[side];
    for (size_t i = 0; i < list->count; i++)
        if (!list->items[i]->image)
            say_missing(c, arena_printf(c->arena,
                                        "'%.80s', which %.80s needs, was not found where the loader looks: it is not compared",
                                        list->items[i]->name, list->items[i]->wanted_by));
    if (list->cut)
        say_missing(c, arena_printf(c->arena, "'%s' loads more than %d libraries: the rest is not compared",
                                    c->program[side]->path, LOAD_MOST));
}

/* "libfoo" of "libfoo.so.1": another version of the same library. */
static size_t stem(const char *name)
{
    const char *end = strstr(name, ".so");
    return end ? (size_t)(end - name) : strlen(name);
}

static bool same_stem(const char *a, const char *b)
{
    return stem(a) == stem(b) && strncmp(a, b, stem(a)) == 0;
}

static const char *known_as(const struct loaded *item)
{
    return item->soname ? item->soname : item->name;
}

#define ALONE SIZE_MAX

/* Every library of new and its partner in old, ALONE without one: by name, else another version that neither loads
 * beside. */
static size_t *pair_up(struct arena *arena, const struct load_list *const list[2], bool *taken)
{
    size_t *partner = arena_array(arena, list[1]->count + 1, sizeof *partner);
    for (size_t n = 0; n < list[1]->count; n++)
        partner[n] = ALONE;
    for (int pass = 0; pass < 2; pass++)
        for (size_t n = 0; n < list[1]->count; n++)
            for (size_t o = 0; o < list[0]->count && partner[n] == ALONE && list[1]->items[n]->image; o++) {
                const struct loaded *old = list[0]->items[o], *new = list[1]->items[n];
                bool fits = pass ? same_stem(known_as(old), known_as(new)) : strcmp(known_as(old), known_as(new)) == 0;
                if (taken[o] || !old->image || !fits)
                    continue;
                partner[n] = o;
                taken[o] = true;
            }
    return partner;
}

static bool same_bytes(const struct loaded *old, const struct loaded *new)
{
    return strcmp(old->path, new->path) == 0 ||
           (old->image->size == new->image->size && memcmp(old->image->bytes, new->image->bytes, new->image->size) == 0);
}

static struct library *add(struct comparing *c, const struct loaded *old, const struct loaded *new)
{
    struct libraries *l = c->all;
    struct library *library = ARENA_PUSH(c->arena, l->changed, l->changed_count, l->changed_room);
    *library = (struct library){ .name = known_as(new ? new : old),
                                 .path = { old ? old->path : NULL, new ? new->path : NULL } };
    return library;
}

static void inspect(struct comparing *c, struct library *library)
{
    struct inventory *read[2];
    for (int side = 0; side < 2; side++) {
        struct err err = ERR_INIT;
        read[side] = inventory_read(c->arena, library->path[side], &err);
        if (!read[side]) {
            say_missing(c, arena_strdup(c->arena, err.text));
            return;
        }
    }
    memcpy(library->inventory, read, sizeof read);
    library->delta = delta_make(c->arena, read[0], read[1]);
    facts_find(c->arena, library->delta);
}

static void compare_pair(struct comparing *c, const struct loaded *old, const struct loaded *new)
{
    if (same_bytes(old, new)) {
        c->all->same++;
        return;
    }
    struct library *library = add(c, old, new);
    uint64_t bytes = old->image->size + new->image->size;
    if (c->inspected == LIBRARIES_INSPECTED || bytes > LIBRARIES_BYTES - c->bytes) {
        c->all->left_out++;
        return;
    }
    c->inspected++;
    c->bytes += bytes;
    inspect(c, library);
}

struct libraries *libraries_compare(struct arena *arena, const struct inventory *const program[2],
                                    const struct load_environment environment[2])
{
    struct comparing c = { .arena = arena, .all = arena_alloc(arena, sizeof *c.all), .program = program };
    for (int side = 0; side < 2; side++) {
        const struct image *image = program[side]->image;
        if (!image || !image->on_disk)
            return NULL;
        c.list[side] = loads_of(arena, image, environment[side].search_path, environment[side].preload);
        note_missing(&c, side);
    }
    bool *taken = arena_array(arena, c.list[0]->count + 1, sizeof *taken);
    const size_t *partner_of = pair_up(arena, c.list, taken);
    for (size_t i = 0; i < c.list[1]->count; i++) {
        const struct loaded *new = c.list[1]->items[i];
        if (partner_of[i] != ALONE)
            compare_pair(&c, c.list[0]->items[partner_of[i]], new);
        else if (new->image)
            add(&c, NULL, new);
    }
    for (size_t i = 0; i < c.list[0]->count; i++)
        if (!taken[i] && c.list[0]->items[i]->image)
            add(&c, c.list[0]->items[i], NULL);
    return c.all;
}
