#include "layout/link_map.h"

#include <stdlib.h>
#include <string.h>

/* One line without its end. */
struct text_line {
    const char *at;
    size_t length;
};

static bool next_line(const char **text, struct text_line *line)
{
    if (!**text)
        return false;
    line->at = *text;
    line->length = strcspn(*text, "\n");
    *text += line->length + ((*text)[line->length] == '\n');
    return true;
}

/* "0x1139 0x1f rest": true when two numbers are there; *rest is what follows. */
static bool take_place(const char *at, const char *end, uint64_t *address, uint64_t *size, const char **rest)
{
    char *after;
    while (at < end && *at == ' ')
        at++;
    if (end - at < 3 || at[0] != '0' || at[1] != 'x')
        return false;
    *address = strtoull(at, &after, 16);
    for (at = after; at < end && *at == ' ';)
        at++;
    if (end - at < 3 || at[0] != '0' || at[1] != 'x')
        return false;
    *size = strtoull(at, &after, 16);
    for (at = after; at < end && *at == ' ';)
        at++;
    *rest = at;
    return true;
}

static int by_section(const void *a, const void *b)
{
    const struct link_piece *const *x = a, *const *y = b;
    return strcmp((*x)->section, (*y)->section);
}

static void mark_unique(struct arena *arena, struct link_map *map)
{
    struct link_piece **sorted = arena_array(arena, map->count + 1, sizeof(struct link_piece *));
    for (size_t i = 0; i < map->count; i++)
        sorted[i] = &map->pieces[i];
    if (map->count)
        qsort(sorted, map->count, sizeof *sorted, by_section);
    for (size_t i = 0; i < map->count; i++)
        sorted[i]->unique = !(i && strcmp(sorted[i]->section, sorted[i - 1]->section) == 0) &&
                            !(i + 1 < map->count && strcmp(sorted[i]->section, sorted[i + 1]->section) == 0);
}

struct link_map link_map_read(struct arena *arena, const char *text)
{
    static const char head[] = "\nLinker script and memory map\n";
    struct link_map map = { 0 };
    struct text_line line;
    const char *output = NULL, *waiting = NULL; /* a name whose place stands on the next line */
    const char *at = strstr(text, head);
    for (at = at ? at + sizeof head - 1 : ""; next_line(&at, &line);) {
        const char *end = line.at + line.length, *p = line.at, *rest;
        uint64_t address, size;
        size_t indent = strspn(p, " ");
        if (!line.length)
            continue;
        if (indent == 0 && *p == '.') { /* an output section */
            output = arena_strndup(arena, p, strcspn(p, " \n"));
            waiting = NULL;
            continue;
        }
        const char *name = waiting;
        waiting = NULL;
        if (indent == 1 && (p[1] == '.' || strncmp(p + 1, "COMMON ", 7) == 0)) {
            size_t length = strcspn(p + 1, " \n");
            name = arena_strndup(arena, p + 1, length);
            p += 1 + length;
            if (p == end) {
                waiting = name;
                continue;
            }
        } else if (indent < 8) {
            continue;
        }
        if (!name || !output || !take_place(p, end, &address, &size, &rest) || !size || !address || rest == end)
            continue;
        *ARENA_PUSH(arena, map.pieces, map.count, map.room) =
            (struct link_piece){ .output = output,
                                 .section = name,
                                 .file = arena_strndup(arena, rest, (size_t)(end - rest)),
                                 .address = address,
                                 .size = size };
    }
    mark_unique(arena, &map);
    return map;
}

const char *link_script_in(struct arena *arena, const char *output)
{
    static const char bar[] = "\n==================================================\n";
    const char *from = strstr(output, bar), *to = from ? strstr(from + 1, bar) : NULL;
    return to ? arena_strndup(arena, from + sizeof bar - 1, (size_t)(to + 1 - (from + sizeof bar - 1))) : NULL;
}
