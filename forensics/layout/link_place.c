#include "layout/link_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct link_section link_sections[] = {
    { ".text", AXIS_TEXT }, { ".rodata", AXIS_DATA }, { ".data", AXIS_DATA },
    { ".bss", AXIS_DATA },  { NULL, AXIS_COUNT },
};

static const uint64_t PAGE = 4096;
/* layout_place gives addresses in ranges that begin at multiples of this; what stays is far below. */
static const uint64_t ZONE = UINT64_C(1) << 40;

static bool begins(const char *text, const char *head)
{
    return strncmp(text, head, strlen(head)) == 0;
}

/* Merged strings and constants have no place of their own; .text.sorted.* is put in its order by the compiler's
 * profile. */
static bool can_move(const struct link_piece *p, const char *output)
{
    return strcmp(p->output, output) == 0 && begins(p->section, output) && !strstr(p->section, ".str") &&
           !strstr(p->section, ".cst") && !begins(p->section, ".text.sorted.");
}

/* In the order in which GNU ld puts the parts of .text. */
static uint32_t group_of(const char *section)
{
    static const char *const heads[] = { ".text.unlikely", ".text.exit", ".text.startup", ".text.hot" };
    uint32_t count = sizeof heads / sizeof *heads;
    for (uint32_t i = 0; i < count; i++)
        if (begins(section, heads[i]))
            return i;
    return count;
}

/* What is the same thing on both sides: the section where its name says all, else the file's name without its folder,
 * too. */
static const char *key_of(struct arena *arena, const struct link_piece *p)
{
    const char *slash = strrchr(p->file, '/');
    return p->unique ? p->section : arena_printf(arena, "%s %s", p->section, slash ? slash + 1 : p->file);
}

struct keyed {
    const char *key;
    uint32_t number;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    return strcmp(x->key, y->key);
}

static int by_key_alone(const void *key, const void *item)
{
    return strcmp(key, ((const struct keyed *)item)->key);
}

static int by_address(const void *a, const void *b)
{
    const struct link_piece *const *x = a, *const *y = b;
    return (*x)->address < (*y)->address ? -1 : (*x)->address > (*y)->address;
}

/* One side's pieces by address, not overlapping; *page is the page that the first one begins on. */
static const struct link_piece **pieces_of(struct arena *arena, const struct link_map *map, const char *output,
                                           size_t *count, uint64_t *page)
{
    const struct link_piece **pieces = arena_array(arena, map->count + 1, sizeof *pieces);
    size_t all = 0;
    for (size_t i = 0; i < map->count; i++)
        if (can_move(&map->pieces[i], output))
            pieces[all++] = &map->pieces[i];
    if (all)
        qsort(pieces, all, sizeof *pieces, by_address);
    *count = 0;
    for (size_t i = 0; i < all; i++)
        if (!*count || pieces[i]->address >= pieces[*count - 1]->address + pieces[*count - 1]->size)
            pieces[(*count)++] = pieces[i];
    *page = *count ? pieces[0]->address & ~(PAGE - 1) : 0;
    return pieces;
}

static int by_offset(const void *a, const void *b)
{
    const struct link_place *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Offsets from addresses: what layout_place put into its own range comes behind what stays. */
static void to_offsets(struct arena *arena, const struct link_piece **pieces, const uint64_t *to, size_t count,
                       struct link_places *places)
{
    uint64_t behind = 0;
    for (size_t i = 0; i < count; i++)
        if (to[i] < ZONE && to[i] + pieces[i]->size > behind)
            behind = to[i] + pieces[i]->size;
    behind = (behind + PAGE - 1) & ~(PAGE - 1);
    places->items = arena_array(arena, count + 1, sizeof *places->items);
    places->count = count;
    for (size_t i = 0; i < count; i++)
        places->items[i] = (struct link_place){ pieces[i], to[i] < ZONE ? to[i] : (to[i] & (ZONE - 1)) + behind };
    if (count)
        qsort(places->items, count, sizeof *places->items, by_offset);
}

void link_place(struct arena *arena, const struct link_map maps[2], const struct link_section *section,
                const struct layout_wish *wish, struct link_places places[2])
{
    struct layout_side sides[2] = { { 0 }, { 0 } };
    const struct link_piece **pieces[2];
    size_t count[2];
    uint64_t page[2];
    for (int s = 0; s < 2; s++)
        pieces[s] = pieces_of(arena, &maps[s], section->name, &count[s], &page[s]);
    struct keyed *keys = arena_array(arena, count[0] + 1, sizeof *keys);
    bool *taken = arena_array(arena, count[0] + 1, sizeof *taken);
    for (size_t i = 0; i < count[0]; i++)
        keys[i] = (struct keyed){ key_of(arena, pieces[0][i]), (uint32_t)i };
    if (count[0])
        qsort(keys, count[0], sizeof *keys, by_key);
    for (int s = 0; s < 2; s++) {
        sides[s].objects = arena_array(arena, count[s] + 1, sizeof *sides[s].objects);
        sides[s].count = sides[s].room = count[s];
        for (size_t i = 0; i < count[s]; i++) {
            const struct link_piece *p = pieces[s][i];
            const struct keyed *twin =
                s && count[0] ? bsearch(key_of(arena, p), keys, count[0], sizeof *keys, by_key_alone) : NULL;
            uint32_t pair = !s ? (uint32_t)i : twin && !taken[twin->number] ? twin->number : LAYOUT_ALONE;
            if (twin && pair != LAYOUT_ALONE)
                taken[pair] = true;
            sides[s].objects[i] = (struct layout_object){ .name = p->section,
                                                          .address = p->address - page[s],
                                                          .size = p->size,
                                                          .extent = p->size,
                                                          .axis = section->axis,
                                                          .group = group_of(p->section),
                                                          .pair = pair,
                                                          .align = 1 };
        }
    }
    /* pieces_of has left nothing for layout_sort to drop, so that object i stays piece i. */
    layout_pair(sides);
    layout_align(sides);
    struct layout_wish own = *wish;
    own.axes = 1u << section->axis;
    struct layout_placing placing = layout_place(arena, sides, &own);
    for (int s = 0; s < 2; s++)
        to_offsets(arena, pieces[s], placing.to[s], count[s], &places[s]);
}

/* ---- the script ---- */

/* A line that begins with blanks and the section's name, and has ':' before anything else; NULL: none. */
static const char *find_section(const char *script, const char *section)
{
    size_t length = strlen(section);
    for (const char *at = script; (at = strstr(at, section)); at += length) {
        const char *begin = at;
        while (begin > script && (begin[-1] == ' ' || begin[-1] == '\t'))
            begin--;
        const char *after = at + length + strspn(at + length, " \t");
        if ((begin == script || begin[-1] == '\n') && *after == ':')
            return begin;
    }
    return NULL;
}

/* "*(.text.walk)", or with its file where other files have such a section. An archive's member is archive:member there.
 */
static void print_pattern(FILE *to, const struct link_piece *p)
{
    size_t length = strlen(p->file);
    const char *member = length && p->file[length - 1] == ')' ? strrchr(p->file, '(') : NULL;
    if (p->unique)
        fprintf(to, "*(%s)", p->section);
    else if (member)
        fprintf(to, "\"%.*s:%.*s\"(%s)", (int)(member - p->file), p->file, (int)(p->file + length - 2 - member),
                member + 1, p->section);
    else
        fprintf(to, "\"%s\"(%s)", p->file, p->section);
}

const char *link_script_place(struct arena *arena, const char *script, const char *section,
                              const struct link_places *places)
{
    const char *from = find_section(script, section), *body = from ? strchr(from, '{') : NULL;
    char *text = NULL;
    size_t bytes = 0;
    if (!body)
        return NULL;
    FILE *to = open_memstream(&text, &bytes);
    if (!to)
        return NULL;
    fprintf(to, "%.*s  . = ALIGN(0x%llx);\n%.*s", (int)(from - script), script, (unsigned long long)PAGE,
            (int)(body + 1 - from), from);
    for (size_t i = 0; i < places->count; i++) {
        fprintf(to, "\n    . = MAX(., 0x%llx); ", (unsigned long long)places->items[i].offset);
        print_pattern(to, places->items[i].piece);
    }
    fprintf(to, "\n%s", body + 1);
    fclose(to);
    const char *made = arena_strdup(arena, text);
    free(text);
    return made;
}

/* Whether a piece is this function or variable: ".text.walk", ".text.hot.walk", ".bss.table". */
static bool is_named(const struct link_piece *p, const char *name)
{
    size_t length = strlen(name), section = strlen(p->section);
    return section > length + 1 && strcmp(p->section + section - length, name) == 0 &&
           p->section[section - length - 1] == '.';
}

/* Where in the remedy's order the piece is; SIZE_MAX: nowhere. */
static size_t rank_of(const struct link_piece *p, const struct layout_remedy *remedy)
{
    for (size_t i = 0; i < remedy->order_count; i++)
        if (is_named(p, remedy->order[i]))
            return i;
    return SIZE_MAX;
}

struct ranked_piece {
    const struct link_piece *piece;
    size_t rank;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked_piece *x = a, *y = b;
    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* What goes in front of the remedy's own piece; NULL: it is about an order. */
static const char *step_of(struct arena *arena, const struct layout_remedy *remedy)
{
    switch (remedy->kind) {
    case REMEDY_ALIGN: case REMEDY_PLACE: return arena_printf(arena, ". = ALIGN(64) + %u; ", remedy->phase);
    case REMEDY_VARIABLE: return ". = ALIGN(64); ";
    case REMEDY_PAD: return ". += 64; ";
    case REMEDY_LOOP: case REMEDY_FIELDS: case REMEDY_SPLIT: case REMEDY_OLD: case REMEDY_HOT: case REMEDY_HUGE:
    case REMEDY_SPLIT_ALL: case REMEDY_COUNT: break;
    }
    return NULL;
}

/* The pieces as they are, those of an order put into it where the first of them is; false: the remedy finds no piece.
 */
static bool print_remedy(struct arena *arena, FILE *to, const struct link_map *map, const char *section,
                         const struct layout_remedy *remedy)
{
    const char *step = step_of(arena, remedy);
    size_t count, ordered = 0;
    uint64_t page;
    const struct link_piece **pieces = pieces_of(arena, map, section, &count, &page);
    struct ranked_piece *ranked = arena_array(arena, count + 1, sizeof *ranked);
    for (size_t i = 0; i < count; i++) {
        size_t rank = rank_of(pieces[i], remedy);
        if (rank != SIZE_MAX)
            ranked[ordered++] = (struct ranked_piece){ pieces[i], rank };
    }
    if (ordered)
        qsort(ranked, ordered, sizeof *ranked, by_rank);
    bool found = ordered > 1, printed = false;
    for (size_t i = 0; i < count; i++) {
        bool stepped = step && is_named(pieces[i], remedy->name);
        bool in_order = rank_of(pieces[i], remedy) != SIZE_MAX;
        found = found || stepped;
        for (size_t k = 0; in_order && !printed && k < ordered; k++) {
            fputs("\n    ", to);
            print_pattern(to, ranked[k].piece);
        }
        printed = printed || in_order;
        if (in_order)
            continue;
        fputs("\n    ", to);
        if (stepped)
            fputs(step, to);
        print_pattern(to, pieces[i]);
    }
    return found;
}

/* With the pieces of one output section; NULL: the script lacks it, or the remedy finds none there. */
static const char *script_remedied(struct arena *arena, const char *script, const struct link_map *map,
                                   const char *section, const struct layout_remedy *remedy)
{
    const char *from = find_section(script, section), *body = from ? strchr(from, '{') : NULL;
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = body ? open_memstream(&text, &bytes) : NULL;
    if (!to)
        return NULL;
    fprintf(to, "%.*s", (int)(body + 1 - script), script);
    bool found = print_remedy(arena, to, map, section, remedy);
    fprintf(to, "\n%s", body + 1);
    fclose(to);
    const char *made = found ? arena_strdup(arena, text) : NULL;
    free(text);
    return made;
}

const char *link_script_remedy(struct arena *arena, const char *script, const struct link_map *map,
                               const struct layout_remedy *remedy)
{
    enum layout_axis axis = remedy->kind == REMEDY_PAD || remedy->kind == REMEDY_VARIABLE ? AXIS_DATA : AXIS_TEXT;
    const char *made = NULL;
    for (const struct link_section *s = link_sections; s->name && !made; s++)
        if (s->axis == axis)
            made = script_remedied(arena, script, map, s->name, remedy);
    return made;
}

size_t link_placed(struct arena *arena, const struct link_map *map, const struct link_places *places)
{
    struct keyed *keys = arena_array(arena, map->count + 1, sizeof *keys);
    uint64_t page = UINT64_MAX;
    size_t placed = 0;
    for (size_t i = 0; i < map->count; i++) {
        keys[i] = (struct keyed){ key_of(arena, &map->pieces[i]), (uint32_t)i };
        if (places->count && can_move(&map->pieces[i], places->items[0].piece->output) && map->pieces[i].address < page)
            page = map->pieces[i].address;
    }
    page = places->count ? (page - places->items[0].offset) & ~(PAGE - 1) : 0;
    if (map->count)
        qsort(keys, map->count, sizeof *keys, by_key);
    for (size_t i = 0; i < places->count; i++) {
        const struct keyed *k =
            map->count ? bsearch(key_of(arena, places->items[i].piece), keys, map->count, sizeof *keys, by_key_alone)
                       : NULL;
        placed += k && map->pieces[k->number].address - page == places->items[i].offset;
    }
    return placed;
}
