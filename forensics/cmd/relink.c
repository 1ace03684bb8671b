#include "cmd/relink.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/bolt.h"
#include "elf/inventory.h"
#include "layout/link_order.h"
#include "layout/link_place.h"
#include "run/command.h"

enum { SEEDS_APART = 10007 /* more layouts than a sweep has */ };

struct relink {
    struct result *result;
    struct arena *arena;
    struct real_study *study;
    const char *command[2];
    char folder[4096];
    const char *own[2];      /* the program linked without any change */
    const char *script[2];   /* GNU ld's */
    struct link_map map[2];
    const struct inventory *inventory[2]; /* of the programs linked without any change */
    size_t links;            /* names files */
    bool counted[2];         /* study->link[].moved is known */
    bool bolt;               /* llvm-bolt writes the programs anew: there are no objects */
    bool whole;              /* most code comes in objects' whole .text, not function by function */
};

bool relink_check(const char *command, struct err *err)
{
    bool output = strstr(command, "{output}"),
         options = strstr(command, "{options}") || strstr(command, "{ld-options}");
    return (output && options) ||
           err_set(
               err, ERR_USAGE,
               "the link command lacks %s: write it as in --relink 'gcc {options} main.o -o {output}' ({ld-options} "
               "where the linker is called without a compiler)",
               output ? "{options}" : "{output}");
}

/* ---- one link ---- */

/* 'it'\''s' */
static void put_quoted(FILE *to, const char *text)
{
    fputc('\'', to);
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", to);
        else
            fputc(*text, to);
    fputc('\'', to);
}

/* The linker's words, each handed on by the compiler where it is called. */
static void put_options(FILE *to, const char *const *words, bool through_compiler)
{
    for (; *words; words++) {
        fputs(through_compiler ? " -Xlinker " : " ", to);
        put_quoted(to, *words);
    }
}

static const char *expand(struct arena *arena, const char *command, int side, const char *output,
                          const char *const *words)
{
    static const struct { const char *text; enum { OUTPUT, OPTIONS, LD_OPTIONS, SIDE } what; } holders[] = {
        { "{output}", OUTPUT }, { "{options}", OPTIONS }, { "{ld-options}", LD_OPTIONS }, { "{side}", SIDE },
    };
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    if (!to)
        return command; /* fails where it is run, with its own words */
    while (*command) {
        size_t i = 0;
        while (i < sizeof holders / sizeof *holders && strncmp(command, holders[i].text, strlen(holders[i].text)) != 0)
            i++;
        if (i == sizeof holders / sizeof *holders) {
            fputc(*command++, to);
            continue;
        }
        switch (holders[i].what) {
        case OUTPUT: put_quoted(to, output); break;
        case OPTIONS: put_options(to, words, true); break;
        case LD_OPTIONS: put_options(to, words, false); break;
        case SIDE: fputs(side_name[side], to); break;
        }
        command += strlen(holders[i].text);
    }
    fclose(to);
    const char *made = arena_strdup(arena, text);
    free(text);
    return made;
}

static const char *file_name(struct relink *r, int side, const char *ending)
{
    return arena_printf(r->arena, "%s/%s.%zu%s", r->folder, side_name[side], r->links, ending);
}

/* Links a side with these words for the linker. */
static bool link_with(struct relink *r, int side, const char *output, const char *const *words, struct command_end *end,
                      struct err *err)
{
    if (!command_run(r->arena, expand(r->arena, r->command[side], side, output, words), end, err))
        return false;
    const char *words_said = *end->tail ? "; its last words: " : "";
    if (end->status != 0)
        return err_set(err, ERR_TARGET, "the link command of %s ended with status %d%s%s", side_name[side], end->status,
                       words_said, end->tail);
    return access(output, X_OK) == 0 ||
           err_set(err, ERR_TARGET, "the link command of %s made no program at {output}%s%s", side_name[side],
                   words_said, end->tail);
}

static const char *read_text(struct arena *arena, const char *path)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *from = fopen(path, "re");
    if (from && getdelim(&text, &bytes, '\0', from) < 0 && text)
        *text = '\0';
    if (from)
        fclose(from);
    const char *kept = arena_strdup(arena, text ? text : "");
    free(text);
    return kept;
}

static bool write_text(const char *path, const char *text, struct err *err)
{
    FILE *to = fopen(path, "we");
    bool written = to && fputs(text, to) >= 0;
    written = to && fclose(to) == 0 && written;
    return written || err_sys(err, ERR_TOOL, errno, "cannot write '%s' (set TMPDIR to a folder with room)", path);
}

/* ---- without any change ---- */

/* "GNU ld (GNU Binutils for Debian) 2.40" of the first line; the linkers that say nothing here are asked by name. */
static const char *linker_of(struct relink *r, int side, const char *output, struct err *err)
{
    const char *const words[] = { "--version", NULL };
    struct command_end end;
    if (!command_run(r->arena, expand(r->arena, r->command[side], side, output, words), &end, err))
        return NULL;
    if (r->bolt)
        return arena_printf(r->arena, "llvm-bolt (%s)", arena_strndup(r->arena, end.output, strcspn(end.output, "\n")));
    return *end.output ? arena_strndup(r->arena, end.output, strcspn(end.output, "\n")) : "an unknown linker";
}

static bool link_own(struct relink *r, int side, struct err *err)
{
    struct real_link *link = &r->study->link[side];
    const char *output = file_name(r, side, ""), *map = file_name(r, side, ".map");
    const char *const words[] = { "-Map", map, "--verbose", NULL }, *const none[] = { NULL };
    struct command_end end;
    struct err why = ERR_INIT;
    link->linker = linker_of(r, side, output, err);
    if (!link->linker)
        return false;
    if (!link_with(r, side, output, r->bolt ? none : words, &end, &why))
        return err_set(err, why.kind, "%s: give --relink the command that linked %s", why.text,
                       r->result->spec.path[side]);
    const struct inventory *inv = inventory_read(r->arena, output, err);
    if (!inv)
        return false;
    link->identical =
        inv->sha256 && r->result->side[side].sha256 && strcmp(inv->sha256, r->result->side[side].sha256) == 0;
    r->own[side] = output;
    r->inventory[side] = inv;
    r->script[side] = r->bolt ? NULL : link_script_in(r->arena, end.output);
    r->map[side] = link_map_read(r->arena, r->bolt ? "" : read_text(r->arena, map));
    return true;
}

/* Whether the compiler left functions together: then they can only be moved by the object. */
static bool is_whole(const struct link_map *map)
{
    size_t together = 0, apart = 0;
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->pieces[i].output, ".text") == 0)
            *(strcmp(map->pieces[i].section, ".text") == 0 ? &together : &apart) += map->pieces[i].size;
    return together > apart;
}

/* Linkers that take an order of symbols or sections, and no places; or that shuffle by a seed. */
static const struct orderer {
    const char *linker; /* in what it says of itself */
    const char *option, *prefix; /* of a function's name in the list; NULL: the option takes a seed */
    const char *more;   /* a further option; NULL: none */
    unsigned axes;      /* that move, all or none of them */
} orderers[] = {
    { "LLD", "--symbol-ordering-file", "", "--no-warn-symbol-ordering", 1u << AXIS_TEXT },
    { "GNU gold", "--section-ordering-file", ".text.", NULL, 1u << AXIS_TEXT },
    { "mold", "--shuffle-sections", NULL, NULL, 1u << AXIS_TEXT | 1u << AXIS_DATA },
};

/* NULL: neither it nor another of them links both sides. */
static const struct orderer *orderer_of(const struct relink *r)
{
    for (size_t i = 0; i < sizeof orderers / sizeof *orderers; i++)
        if (strstr(r->study->link[SIDE_OLD].linker, orderers[i].linker) && strstr(r->study->link[SIDE_NEW].linker, orderers[i].linker))
            return &orderers[i];
    return NULL;
}

static bool by_symbols(const struct relink *r)
{
    return r->bolt || orderer_of(r);
}

static bool by_script(const struct relink *r)
{
    return r->script[SIDE_OLD] && r->script[SIDE_NEW];
}

/* What an order can be given to: functions of plain code that have a name of their own. */
static const char **functions_of(struct relink *r, int side, size_t *count)
{
    const struct inventory *inv = r->inventory[side];
    const char **names = arena_array(r->arena, inv->symbol_count + 1, sizeof *names);
    *count = 0;
    for (size_t i = 0; i < inv->symbol_count; i++) {
        const struct symbol *s = &inv->symbols[i];
        if (s->kind == SYMBOL_FUNCTION && !s->alias && !s->cold && !s->made_up && s->size && s->section >= 0 &&
            strcmp(inv->sections[s->section].name, ".text") == 0)
            names[(*count)++] = s->name;
    }
    return names;
}

static size_t count_pieces(struct relink *r, int side)
{
    if (!by_script(r)) {
        size_t functions = 0;
        if (by_symbols(r))
            functions_of(r, side, &functions);
        return functions;
    }
    struct layout_wish wish = { .family = FAMILY_ORDER, .axes = AXES_ALL };
    size_t pieces = 0;
    for (const struct link_section *s = link_sections; s->name; s++) {
        struct link_places places[2];
        link_place(r->arena, r->map, s, &wish, places);
        if (relink_axes(r, r->study->axes) >> s->axis & 1)
            pieces += places[side].count;
    }
    return pieces;
}

struct relink *relink_open(struct result *result, const char *const command[2], struct real_study *study,
                           struct progress *progress, struct err *err)
{
    struct relink *r = arena_alloc(result->arena, sizeof *r);
    const char *folder = getenv("TMPDIR");
    *r = (struct relink){
        .result = result, .arena = result->arena, .study = study, .command = { command[0], command[1] },
        .bolt = bolt_is(command[0]) && bolt_is(command[1])
    };
    snprintf(r->folder, sizeof r->folder, "%.4000s/layout_tax_relink.XXXXXX", folder && *folder ? folder : "/tmp");
    if (!mkdtemp(r->folder)) {
        err_sys(err, ERR_TOOL, errno,
                "cannot make the folder '%s' for the linked programs (set TMPDIR to a folder with room)", r->folder);
        *r->folder = '\0';
        return NULL;
    }
    for (int side = 0; side < 2; side++) {
        progress_step(progress, side ? "linking new again" : "linking old again", side, 2, 0);
        if (!link_own(r, side, err)) {
            relink_close(r);
            return NULL;
        }
    }
    r->links++;
    for (int side = 0; side < 2; side++) {
        study->link[side].pieces = count_pieces(r, side);
        r->whole = r->whole || is_whole(&r->map[side]);
    }
    return r;
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    remove(path);
    return 0;
}

void relink_close(struct relink *relink)
{
    if (relink && *relink->folder)
        nftw(relink->folder, drop, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* ---- layouts ---- */

unsigned relink_axes(const struct relink *relink, unsigned wanted)
{
    const struct orderer *o = orderer_of(relink);
    if (by_script(relink))
        return wanted & (1u << AXIS_TEXT | 1u << AXIS_DATA);
    if (relink->bolt)
        return wanted & 1u << AXIS_TEXT;
    return o && (wanted & o->axes) == o->axes ? o->axes : 0;
}

bool relink_transplants(const struct relink *relink)
{
    return (relink->bolt || by_script(relink)) && (relink_axes(relink, relink->study->axes) >> AXIS_TEXT & 1);
}

bool relink_pads(const struct relink *relink)
{
    return relink->bolt || by_script(relink);
}

bool relink_remedies(const struct relink *relink, enum remedy_kind kind)
{
    bool places = kind == REMEDY_ALIGN || kind == REMEDY_PLACE || kind == REMEDY_OLD || kind == REMEDY_HOT ||
                  kind == REMEDY_VARIABLE || kind == REMEDY_PAD;
    return places && by_script(relink);
}

static struct layout_wish wish_of(const struct real_layout *layout, uint64_t seed)
{
    enum layout_family family = layout->kind == REAL_OLD_PLACE   ? FAMILY_OLD_PLACE
                                : layout->kind == REAL_NEW_PLACE ? FAMILY_NEW_PLACE
                                                                 : layout->family;
    return (struct layout_wish){ .family = family, .axes = AXES_ALL, .seed = seed, .number = layout->number };
}

/* A side's script with every movable section placed; *first: its places in .text. */
static const char *script_of(struct relink *r, const struct real_layout *layout, int side, struct link_places *text)
{
    struct layout_wish wish = wish_of(layout, r->study->seed);
    const char *script = r->script[side];
    for (const struct link_section *s = link_sections; script && s->name; s++) {
        struct link_places places[2];
        if (!(relink_axes(r, r->study->axes) >> s->axis & 1))
            continue;
        link_place(r->arena, r->map, s, &wish, places);
        const char *placed = places[side].count ? link_script_place(r->arena, script, s->name, &places[side]) : NULL;
        script = placed ? placed : script;
        text->count = s->axis == AXIS_TEXT ? places[side].count : text->count;
        text->items = s->axis == AXIS_TEXT ? places[side].items : text->items;
    }
    return script;
}

/* Links with a script of our own; *map: its file of the linker's map. */
static bool link_script(struct relink *r, int side, const char *text, const char **map, const char **path,
                        struct err *err)
{
    const char *output = file_name(r, side, ""), *script = file_name(r, side, ".ld");
    *map = file_name(r, side, ".map");
    const char *const words[] = { "-T", script, "-Map", *map, NULL };
    struct command_end end;
    bool linked = write_text(script, text, err) && link_with(r, side, output, words, &end, err);
    unlink(script);
    *path = output;
    return linked;
}

/* Every line of a list with the linker's own beginning. */
static const char *prefixed(struct arena *arena, const char *prefix, const char *list)
{
    size_t lines = 0;
    for (const char *at = list; *at; at++)
        lines += *at == '\n';
    char *text = arena_alloc(arena, strlen(list) + lines * strlen(prefix) + 1), *to = text;
    while (*list) {
        size_t length = strcspn(list, "\n") + 1;
        to = mempcpy(stpcpy(to, prefix), list, length);
        list += length;
    }
    *to = '\0';
    return text;
}

/* Links with what a seed makes of the input sections: the same of both sides as far as they have the same. */
static bool link_shuffled(struct relink *r, int side, unsigned number, const char **path, struct err *err)
{
    const char *output = file_name(r, side, "");
    const char *seed = arena_printf(r->arena, "%s=%llu", orderer_of(r)->option,
                                    (unsigned long long)(r->study->seed * SEEDS_APART + number + 1));
    const char *const words[] = { seed, NULL };
    struct command_end end;
    *path = output;
    return link_with(r, side, output, words, &end, err);
}

/* Links with an order of functions. */
static bool link_symbols(struct relink *r, int side, const char *order, const char **path, struct err *err)
{
    const struct orderer *o = orderer_of(r);
    const char *output = file_name(r, side, ""), *list = file_name(r, side, ".order");
    const char *const words[] = { o->option, list, o->more, NULL };
    struct command_end end;
    order = prefixed(r->arena, o->prefix, order);
    bool linked = write_text(list, order, err) && link_with(r, side, output, words, &end, err);
    unlink(list);
    *path = output;
    return linked;
}

static bool lacks_relocations(int side, struct err *err)
{
    return err_set(err, ERR_TARGET, "llvm-bolt can move no function of %s: link it with -Wl,--emit-relocs", side_name[side]);
}

/* Writes a side anew with llvm-bolt, which reads its options from a file: they may be many. */
static bool link_bolt(struct relink *r, const struct real_layout *layout, int side, const char **path, struct err *err)
{
    const char *output = file_name(r, side, ""), *list = file_name(r, side, ".order"), *file = file_name(r, side, ".options"), *order;
    const char *options = bolt_options(r->arena, r->inventory, layout, side, r->study->seed, list, &order);
    const char *const words[] = { arena_printf(r->arena, "@%s", file), NULL };
    struct command_end end;
    bool linked = write_text(list, order, err) && write_text(file, options, err) && link_with(r, side, output, words, &end, err);
    unlink(list);
    unlink(file);
    *path = output;
    if (!linked && strstr(err->text, "relocations are enabled")) {
        err_clear(err);
        return lacks_relocations(side, err);
    }
    return linked;
}

static bool moves_something(struct relink *r, int side, struct err *err)
{
    r->counted[side] = true;
    if (r->bolt && !r->study->link[side].moved)
        return lacks_relocations(side, err);
    return r->study->link[side].moved ||
           err_set(err, ERR_TARGET, "linked in another order %s is as before: does its link command hand {options} on?",
                   side_name[side]);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct symbol *const *)a)->name, (*(const struct symbol *const *)b)->name);
}

/* Functions by name, each name once: of two of one name nobody knows which is which. Global ones are local in what mold
 * links. */
static const struct symbol **named_once(struct arena *arena, const struct inventory *inv, size_t *count)
{
    const struct symbol **names = arena_array(arena, inv->symbol_count + 1, sizeof *names);
    size_t all = 0;
    for (size_t i = 0; i < inv->symbol_count; i++)
        if (inv->symbols[i].kind == SYMBOL_FUNCTION)
            names[all++] = &inv->symbols[i];
    if (all)
        qsort(names, all, sizeof *names, by_name);
    *count = 0;
    for (size_t i = 0, end; i < all; i = end) {
        for (end = i + 1; end < all && strcmp(names[i]->name, names[end]->name) == 0; end++)
            ;
        if (end == i + 1)
            names[(*count)++] = names[i];
    }
    return names;
}

/* How many of the functions are elsewhere than in the program linked without any change. */
static bool count_moved(struct relink *r, int side, const char *path, struct err *err)
{
    const struct inventory *inv = inventory_read(r->arena, path, err);
    if (!inv)
        return false;
    size_t own_count, count;
    const struct symbol **own = named_once(r->arena, r->inventory[side], &own_count);
    const struct symbol **names = named_once(r->arena, inv, &count);
    for (size_t i = 0; count && i < own_count; i++) {
        const struct symbol **twin = bsearch(&own[i], names, count, sizeof *names, by_name);
        r->study->link[side].moved += twin && (*twin)->address != own[i]->address;
    }
    return moves_something(r, side, err);
}

static bool link_ordered_side(struct relink *r, const struct real_layout *layout, int side, const char **path,
                              struct err *err)
{
    size_t count;
    if (r->bolt)
        return link_bolt(r, layout, side, path, err) && (r->counted[side] ? moves_something(r, side, err) : count_moved(r, side, *path, err));
    const char **names = functions_of(r, side, &count);
    bool linked = !orderer_of(r)->prefix
                      ? link_shuffled(r, side, layout->number, path, err)
                      : link_symbols(r, side, link_order(r->arena, names, count, r->study->seed, layout->number), path, err);
    return linked && (r->counted[side] ? moves_something(r, side, err) : count_moved(r, side, *path, err));
}

static bool link_remedy(struct relink *r, const char **path, struct err *err)
{
    const struct layout_remedy *remedy = r->result->layouts->remedy;
    const char *map, *script = r->script[SIDE_NEW]
                                   ? link_script_remedy(r->arena, r->script[SIDE_NEW], &r->map[SIDE_NEW], remedy)
                                   : NULL;
    if (!script)
        return err_set(err, ERR_TARGET,
                       "the remedy could not be built: its functions or data have no sections of their own (compile new with "
                       "-ffunction-sections -fdata-sections; thread-local data cannot be placed)");
    bool linked = link_script(r, SIDE_NEW, script, &map, path, err);
    unlink(map);
    return linked;
}

static bool link_placed_side(struct relink *r, const struct real_layout *layout, int side, const char **path,
                             struct err *err)
{
    if (!by_script(r))
        return link_ordered_side(r, layout, side, path, err);
    const char *map;
    struct link_places text = { 0 };
    const char *script = script_of(r, layout, side, &text);
    if (!link_script(r, side, script, &map, path, err))
        return false;
    if (layout->kind == REAL_DRAWN && !r->counted[side]) {
        struct link_map made = link_map_read(r->arena, read_text(r->arena, map));
        r->study->link[side].moved = link_placed(r->arena, &made, &text);
    }
    unlink(map);
    return layout->kind != REAL_DRAWN || !text.count || moves_something(r, side, err);
}

bool relink_layout(struct relink *relink, const struct real_layout *layout, const char *path[2], struct err *err)
{
    for (int side = 0; side < 2; side++) {
        bool stays = layout->kind == REAL_RELINKED || (layout->kind == REAL_OLD_PLACE && side == SIDE_OLD) ||
                     (layout->kind == REAL_NEW_PLACE && side == SIDE_NEW) ||
                     (layout->kind == REAL_REMEDIED && side == SIDE_OLD);
        if (stays)
            path[side] = relink->own[side];
        else if (layout->kind == REAL_REMEDIED && !link_remedy(relink, &path[side], err))
            return false;
        else if (layout->kind == REAL_REMEDIED)
            continue;
        else if (!link_placed_side(relink, layout, side, &path[side], err))
            return false;
    }
    relink->links++;
    return true;
}

/* What a linker does that shuffles all or nothing. */
static const char *shuffled_said(const struct relink *r)
{
    const char *linker = r->study->link[SIDE_OLD].linker;
    if (!relink_axes(r, r->study->axes))
        return arena_printf(r->arena,
                            "Code and data: not moved, as %s shuffles both or neither: let --axes have both text and data.",
                            linker);
    return arena_printf(r->arena,
                        "Code and data: the input sections are shuffled by %s, by seeds. Where old and new have not the same "
                        "sections they get other orders in one layout, and the interval is the wider for it; GNU ld and lld give both "
                        "the same.",
                        linker);
}

void relink_tell(const struct relink *relink, struct real_study *study)
{
    struct arena *arena = relink->arena;
    const char *said;
    if (relink->bolt)
        said = arena_printf(arena,
                            "Code: %zu functions of old and %zu of new are written in other orders, and with room between them, by %s. Data: not "
                            "moved.",
                            study->link[SIDE_OLD].pieces, study->link[SIDE_NEW].pieces, study->link[SIDE_OLD].linker);
    else if (orderer_of(relink) && !orderer_of(relink)->prefix)
        said = shuffled_said(relink);
    else if (!relink_axes(relink, AXES_ALL))
        said = arena_printf(arena,
                            "Code and data: not moved, as %s takes neither a linker script nor an order of symbols: "
                            "link with GNU ld, lld, gold or mold.",
                            study->link[SIDE_OLD].linker);
    else if (!by_script(relink))
        said = arena_printf(arena,
                            "Code: %zu functions of old and %zu of new are put in other orders by %s. Data: not moved; "
                            "GNU ld moves it.",
                            study->link[SIDE_OLD].pieces, study->link[SIDE_NEW].pieces, study->link[SIDE_OLD].linker);
    else
        said = arena_printf(
            arena, "Code and data: %zu pieces of old and %zu of new are placed by %s%s.", study->link[SIDE_OLD].pieces,
            study->link[SIDE_NEW].pieces, study->link[SIDE_OLD].linker,
            relink->whole ? "; compile with -ffunction-sections -fdata-sections, so that functions move one by one"
                          : "");
    *ARENA_PUSH(arena, study->notes, study->note_count, study->note_room) = said;
}
