#include "cmd/bolt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layout/draw.h"
#include "layout/link_order.h"

enum { LINE = 64, PAD_STEP = 16, PAD_STEPS = 16 };

/* The program's own folder of code is used again, so that its segments stay as
 * they were; nothing is split, folded or aligned otherwise than in the program.
 */
static const char flags[] = "-lite=0 --use-old-text --align-text=64 --no-huge-pages";

/* ---- the command ---- */

/* Newest first: Debian names them so. */
static const char *const programs[] = { "llvm-bolt",    "llvm-bolt-19", "llvm-bolt-18",
                                        "llvm-bolt-17", "llvm-bolt-16", "llvm-bolt-15" };

static bool in_path(struct arena *arena, const char *name)
{
    const char *path = getenv("PATH");
    for (const char *at = path ? path : ""; *at;) {
        size_t length = strcspn(at, ":");
        if (access(arena_printf(arena, "%.*s/%s", (int)length, at, name), X_OK) == 0)
            return true;
        at += length + (at[length] == ':');
    }
    return false;
}

/* For the shell. */
static const char *quoted(struct arena *arena, const char *text)
{
    const char *said = "'";
    for (; *text; text++)
        said = *text == '\'' ? arena_printf(arena, "%s'\\''", said) : arena_printf(arena, "%s%c", said, *text);
    return arena_printf(arena, "%s'", said);
}

const char *bolt_command(struct arena *arena, const char *program, struct err *err)
{
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (in_path(arena, programs[i]))
            return arena_printf(arena, "%s %s -o {output} %s {ld-options}", programs[i], quoted(arena, program), flags);
    err_set(err, ERR_TOOL, "--bolt needs llvm-bolt, which is not in PATH: apt-get install bolt-16");
    return NULL;
}

bool bolt_is(const char *command)
{
    return strncmp(command, "llvm-bolt", 9) == 0 && strstr(command, flags);
}

/* ---- orders and room ---- */

static bool moves(const struct inventory *inv, const struct symbol *s)
{
    return s->kind == SYMBOL_FUNCTION && !s->alias && !s->cold && !s->made_up && s->size && s->section >= 0 &&
           strcmp(inv->sections[s->section].name, ".text") == 0;
}

/* What moves, in the order of the addresses. */
static const struct symbol **functions(struct arena *arena, const struct inventory *inv, size_t *count)
{
    const struct symbol **list = arena_array(arena, inv->symbol_count + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; i < inv->symbol_count; i++)
        if (moves(inv, &inv->symbols[i]))
            list[(*count)++] = &inv->symbols[i];
    return list;
}

static const struct symbol *find(const struct symbol *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i]->name, name) == 0)
            return list[i];
    return NULL;
}

/* One word per name and draw, whatever else there is. */
static uint64_t drawn_pad(const char *name, uint64_t seed, unsigned number)
{
    struct draw draw = { seed ^ (uint64_t)number << 48 };
    for (; *name; name++)
        draw.state = draw.state * 1099511628211u ^ (unsigned char)*name;
    draw_next(&draw);
    return PAD_STEP * draw_below(&draw, PAD_STEPS);
}

/* Room behind `guest` so that what follows it lies as far on as behind `host`,
 * or at the same byte of the line. */
static uint64_t transplanted_pad(const struct symbol *host, const struct symbol *next, const struct symbol *guest)
{
    uint64_t distance = next->address - host->address;
    return distance >= guest->size ? distance - guest->size : (distance - guest->size) % LINE;
}

/* An order and the room in it, being written. */
struct writer {
    FILE *order, *pads;
    char *order_text, *pads_text;
    size_t order_bytes, pads_bytes, padded;
};

/* False: no memory. */
static bool writer_open(struct writer *w)
{
    *w = (struct writer){ 0 };
    w->order = open_memstream(&w->order_text, &w->order_bytes);
    w->pads = open_memstream(&w->pads_text, &w->pads_bytes);
    return w->order && w->pads;
}

/* Paddings go by patterns, and local functions have more behind their name
 * there: a number, or their file. */
static void put(struct writer *w, const struct symbol *s, uint64_t pad)
{
    fprintf(w->order, "%s\n", s->name);
    if (pad)
        fprintf(w->pads, "%s%s%s:%llu", w->padded++ ? "," : "", s->name, s->local ? "(/.*)?" : "",
                (unsigned long long)pad);
}

/* What was written, as options and order; frees the writer. */
static const char *writer_close(struct arena *arena, struct writer *w, const char *list, const char **order)
{
    if (w->order)
        fclose(w->order);
    if (w->pads)
        fclose(w->pads);
    const char *pads = w->padded ? w->pads_text : NULL;
    const char *options = arena_printf(arena, "--reorder-functions=user\n--function-order=%s\n%s%s\n", list,
                                       pads ? "--align-functions=1\n--pad-funcs=" : "", pads ? pads : "");
    *order = arena_strdup(arena, w->order_text ? w->order_text : "");
    free(w->order_text);
    free(w->pads_text);
    return options;
}

/* One's functions in the other's order, with room where that has more; what
 * only the guest has comes behind. */
static void write_transplant(struct arena *arena, struct writer *w, const struct inventory *guest,
                             const struct inventory *host)
{
    size_t guests, hosts;
    const struct symbol **from = functions(arena, guest, &guests), **like = functions(arena, host, &hosts);
    for (size_t i = 0; i < hosts; i++) {
        const struct symbol *own = find(from, guests, like[i]->name);
        if (own)
            put(w, own, i + 1 < hosts ? transplanted_pad(like[i], like[i + 1], own) : 0);
    }
    for (size_t i = 0; i < guests; i++)
        if (!find(like, hosts, from[i]->name))
            put(w, from[i], 0);
}

static void write_padded(struct arena *arena, struct writer *w, const struct inventory *inv,
                         const struct real_layout *layout, uint64_t seed)
{
    size_t count;
    const struct symbol **own = functions(arena, inv, &count);
    for (size_t i = 0; i < count; i++)
        put(w, own[i], drawn_pad(own[i]->name, seed, layout->number));
}

static const char *drawn_order(struct arena *arena, const struct inventory *inv, const struct real_layout *layout,
                               uint64_t seed)
{
    size_t count;
    const struct symbol **own = functions(arena, inv, &count);
    const char **names = arena_array(arena, count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = own[i]->name;
    return link_order(arena, names, count, seed, layout->number);
}

const char *bolt_options(struct arena *arena, const struct inventory *const own[2], const struct real_layout *layout,
                         int side, uint64_t seed, const char *list, const char **order)
{
    struct writer w;
    bool open = writer_open(&w), drawn = layout->kind == REAL_DRAWN && layout->family == FAMILY_ORDER;
    if (open && layout->kind == REAL_DRAWN && !drawn)
        write_padded(arena, &w, own[side], layout, seed);
    else if (open && !drawn)
        write_transplant(arena, &w, own[side], own[1 - side]);
    const char *options = writer_close(arena, &w, list, order);
    if (drawn)
        *order = drawn_order(arena, own[side], layout, seed);
    return options;
}
