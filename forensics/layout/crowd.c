#include "layout/crowd.h"

#include <stdlib.h>

enum { LINE_BITS = 6, SETS = 64, NAMED = 2 };

/* A line of code that ran, and whose it is. */
struct hot_line {
    uint64_t line;
    size_t object;
};

struct hot_lines {
    struct hot_line *items; /* by line, then by object; each once */
    size_t count, room;
};

static int by_line(const void *a, const void *b)
{
    const struct hot_line *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->object < y->object ? -1 : x->object > y->object;
}

static struct hot_lines lines_of(struct arena *arena, const struct layout_side *side, const bool *hot)
{
    struct hot_lines lines = { 0 };
    size_t kept = 0;
    for (size_t i = 0; i < side->span_count; i++) {
        const struct layout_span *s = &side->spans[i];
        size_t object = layout_text_at(side, s->address);
        for (uint64_t line = s->address >> LINE_BITS;
             object != SIZE_MAX && hot[object] && line <= (s->end - 1) >> LINE_BITS; line++)
            *ARENA_PUSH(arena, lines.items, lines.count, lines.room) = (struct hot_line){ line, object };
    }
    if (lines.count)
        qsort(lines.items, lines.count, sizeof *lines.items, by_line);
    for (size_t i = 0; i < lines.count; i++)
        if (!kept || by_line(&lines.items[kept - 1], &lines.items[i]) != 0)
            lines.items[kept++] = lines.items[i];
    lines.count = kept;
    return lines;
}

/* Sets with more lines than ways in which the object has one. */
static size_t crowded_sets(const struct hot_lines *lines, size_t object, unsigned ways, bool crowded[SETS])
{
    size_t in_set[SETS] = { 0 }, sets = 0;
    bool own[SETS] = { false };
    for (size_t i = 0; i < lines->count; i++) {
        size_t set = lines->items[i].line % SETS;
        in_set[set] += i == 0 || lines->items[i].line != lines->items[i - 1].line;
        own[set] |= lines->items[i].object == object;
    }
    for (size_t set = 0; set < SETS; set++)
        sets += crowded[set] = own[set] && in_set[set] > ways;
    return sets;
}

const char *crowd_of(struct arena *arena, const struct layout_side *side, size_t object, const bool *hot, unsigned ways)
{
    struct arena *scratch = arena_new();
    struct hot_lines lines = lines_of(scratch, side, hot);
    size_t *shared = arena_array(scratch, side->count + 1, sizeof *shared), others = 0;
    bool crowded[SETS];
    size_t sets = crowded_sets(&lines, object, ways, crowded);
    for (size_t i = 0; i < lines.count; i++)
        if (crowded[lines.items[i].line % SETS] && lines.items[i].object != object)
            others += !shared[lines.items[i].object]++;
    const char *names = NULL;
    for (int n = 0; n < NAMED && (size_t)n < others; n++) {
        size_t most = 0;
        for (size_t i = 0; i < side->count; i++)
            most = shared[i] > shared[most] ? i : most;
        shared[most] = 0;
        names = names ? arena_printf(arena, "%s%s%s", names, others == NAMED ? " and " : ", ", side->objects[most].name)
                      : side->objects[most].name;
    }
    arena_free(scratch);
    if (!names)
        return NULL;
    const char *more = others > NAMED ? arena_printf(arena, " and %zu more", others - NAMED) : "";
    return arena_printf(arena, "%zu set%s of the L1I with %s%s, where more than %u lines want to be", sets,
                        sets > 1 ? "s" : "", names, more, ways);
}
