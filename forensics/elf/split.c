#include "elf/split.h"

#include "elf/apart.h"
#include "elf/compose.h"
#include "elf/dwarf_walk.h"

#include <dwarf.h>
#include <string.h>

/* Sections that a unit may need, by their numbers in an index. */
enum { ID_INFO = 1, ID_TYPES, ID_ABBREV, ID_LINE, ID_LOC, ID_STR_OFFSETS, ID_RNGLISTS = 8 /* of DWARF 5 */ };

/* .debug_cu_index or .debug_tu_index: a table of hashes, and a row of places and sizes a unit. */
struct index {
    const unsigned char *hashes, *rows, *ids, *places, *sizes; /* inside the file; NULL: no index */
    uint32_t version, columns, units, slots;
};

/* A unit that was asked for. */
struct found {
    uint64_t id;
    Dwarf *dwarf; /* NULL: not to be had */
    Dwarf_Die tree;
};

struct split {
    const char *path;      /* of the package; NULL: none */
    struct debug_file package;
    struct debug_file own; /* where the skeletons are */
    struct index units, types;
    struct found *items;
    size_t count, room;
    size_t copied;         /* bytes */
    size_t rows_seen;
};

/* What all units together may copy: contributions are disjoint, so that only crafted files ask for more. And how many
 * units: each takes a few mappings, of which a process has 65530. */
enum { COPIED_MOST = 256 << 20, UNITS_MOST = 8192, ROWS_MOST = 1 << 28 /* of type units looked at */ };

static uint32_t word(const unsigned char *bytes)
{
    uint32_t w;
    memcpy(&w, bytes, sizeof w);
    return w;
}

static struct index index_read(const struct debug_file *file, const char *name)
{
    struct index x = { 0 };
    struct debug_part part;
    if (!debug_section(file, name, 0, &part) || part.size < 16)
        return x;
    x.version = word(part.bytes) & 0xffff; /* 16 bits and 16 of padding in DWARF 5 */
    x.columns = word(part.bytes + 4);
    x.units = word(part.bytes + 8);
    x.slots = word(part.bytes + 12);
    uint64_t cells = (uint64_t)x.columns * x.units;
    bool fits = (x.version == 2 || x.version == 5) && x.columns <= 16 && x.slots <= part.size / 12 &&
                cells <= part.size / 8 && (x.slots & (x.slots - 1)) == 0 &&
                16 + 12ull * x.slots + 4 * (x.columns + 2 * cells) <= part.size;
    if (!fits)
        return (struct index){ 0 };
    x.hashes = part.bytes + 16;
    x.rows = x.hashes + 8 * (size_t)x.slots;
    x.ids = x.rows + 4 * (size_t)x.slots;
    x.places = x.ids + 4 * (size_t)x.columns;
    x.sizes = x.places + 4 * cells;
    return x;
}

/* The row of a unit, from 0; UINT32_MAX: none. DWARF 5, section 7.3.5.3. */
static uint32_t index_find(const struct index *x, uint64_t id)
{
    uint32_t mask = x->slots - 1, at = (uint32_t)id & mask, step = ((uint32_t)(id >> 32) & mask) | 1;
    for (uint32_t tries = 0; x->hashes && tries < x->slots; tries++, at = (at + step) & mask) {
        uint64_t hash;
        uint32_t row = word(x->rows + 4 * (size_t)at);
        memcpy(&hash, x->hashes + 8 * (size_t)at, sizeof hash);
        if (row == 0)
            return UINT32_MAX;
        if (hash == id)
            return row <= x->units ? row - 1 : UINT32_MAX;
    }
    return UINT32_MAX;
}

/* Where a row's part of a section is; false: it has none. */
static bool index_part(const struct index *x, uint32_t row, uint32_t id, uint32_t *place, uint32_t *size)
{
    for (uint32_t c = 0; c < x->columns; c++)
        if (word(x->ids + 4 * (size_t)c) == id) {
            size_t cell = (size_t)row * x->columns + c;
            *place = word(x->places + 4 * cell);
            *size = word(x->sizes + 4 * cell);
            return *size > 0;
        }
    return false;
}

static bool same_place(const struct index *a, uint32_t row, const struct index *b, uint32_t other, uint32_t id)
{
    uint32_t place[2], size[2];
    return index_part(a, row, id, &place[0], &size[0]) && index_part(b, other, id, &place[1], &size[1]) &&
           place[0] == place[1];
}

/* ---- putting a unit together ---- */

static void add_row_part(struct composing *c, const struct debug_file *file, const struct index *x, uint32_t row,
                         uint32_t id, const char *from, const char *name)
{
    struct debug_part whole;
    uint32_t place, size;
    if (index_part(x, row, id, &place, &size) && debug_section(file, from, 0, &whole) && place <= whole.size &&
        size <= whole.size - place)
        compose_add(c, name, whole.bytes + place, size);
}

/* Addresses, and in DWARF 4 ranges, are the skeleton's: all from its base on, which skips a header in DWARF 5. */
static void map_skeleton_part(struct composing *c, const struct split *s, Dwarf_Die *skeleton, unsigned attribute,
                              unsigned gnu, const char *name)
{
    Dwarf_Attribute attr;
    Dwarf_Word base = 0;
    struct debug_part part;
    if (dwarf_attr(skeleton, attribute, &attr) || dwarf_attr(skeleton, gnu, &attr))
        dwarf_formudata(&attr, &base);
    if (!debug_section(&s->own, name, 0, &part) || base >= part.size)
        return;
    part.size -= base;
    part.offset += base;
    compose_map(c, name, &s->own, &part);
}

/* A split unit has no reference to a line table: its own is the first there is, and clang leaves it to the skeleton. */
static void map_skeleton(struct composing *c, const struct split *s, Dwarf_Die *skeleton)
{
    if (!compose_has(c, ".debug_line")) {
        map_skeleton_part(c, s, skeleton, DW_AT_stmt_list, DW_AT_stmt_list, ".debug_line");
        map_skeleton_part(c, s, skeleton, 0, 0, ".debug_line_str");
    }
    map_skeleton_part(c, s, skeleton, DW_AT_addr_base, DW_AT_GNU_addr_base, ".debug_addr");
    map_skeleton_part(c, s, skeleton, DW_AT_GNU_ranges_base, DW_AT_GNU_ranges_base, ".debug_ranges");
}

/* A unit of the package with the type units of its object file, which share abbreviations and string offsets. */
static Dwarf *from_package(struct image *image, Dwarf_Die *skeleton, uint64_t id)
{
    struct split *s = image->split;
    const struct debug_file *file = &s->package;
    uint32_t row = index_find(&s->units, id);
    struct composing c = { .arena = image->arena, .budget = COPIED_MOST - s->copied };
    bool five = s->units.version == 5;
    struct debug_part text;
    s->rows_seen += s->types.units;
    if (!s->path || row == UINT32_MAX || s->rows_seen > ROWS_MOST)
        return NULL;
    add_row_part(&c, file, &s->units, row, ID_INFO, ".debug_info.dwo", ".debug_info");
    for (uint32_t t = 0; s->types.hashes && t < s->types.units; t++)
        if (same_place(&s->units, row, &s->types, t, ID_ABBREV) && same_place(&s->units, row, &s->types, t, ID_STR_OFFSETS))
            add_row_part(&c, file, &s->types, t, five ? ID_INFO : ID_TYPES, five ? ".debug_info.dwo" : ".debug_types.dwo",
                         five ? ".debug_info" : ".debug_types");
    add_row_part(&c, file, &s->units, row, ID_ABBREV, ".debug_abbrev.dwo", ".debug_abbrev");
    add_row_part(&c, file, &s->units, row, ID_LINE, ".debug_line.dwo", ".debug_line");
    add_row_part(&c, file, &s->units, row, ID_STR_OFFSETS, ".debug_str_offsets.dwo", ".debug_str_offsets");
    if (five)
        add_row_part(&c, file, &s->units, row, ID_RNGLISTS, ".debug_rnglists.dwo", ".debug_rnglists");
    map_skeleton(&c, s, skeleton);
    if (debug_section(file, ".debug_str.dwo", 0, &text))
        compose_map(&c, ".debug_str", file, &text);
    Dwarf *dwarf = compose_end(&c);
    s->copied += c.copied;
    return dwarf;
}

/* All of one .dwo file, its sections of one name behind each other. */
static Dwarf *from_file(struct image *image, Dwarf_Die *skeleton, const char *path)
{
    static const char *const names[] = { ".debug_info",        ".debug_types", ".debug_abbrev",  ".debug_line",
                                         ".debug_str_offsets", ".debug_str",   ".debug_rnglists" };
    struct split *s = image->split;
    struct debug_file file;
    struct composing c = { .arena = image->arena, .budget = COPIED_MOST - s->copied };
    struct debug_part part;
    if (!debug_file_open(image->arena, path, &file))
        return NULL;
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (unsigned number = 0; debug_section(&file, arena_printf(image->arena, "%s.dwo", names[n]), number, &part); number++)
            compose_add(&c, names[n], part.bytes, part.size);
    map_skeleton(&c, s, skeleton);
    Dwarf *dwarf = compose_end(&c);
    s->copied += c.copied;
    return dwarf;
}

static const char *text_of(Dwarf_Die *die, unsigned attribute, unsigned gnu)
{
    const char *text = walk_text(die, attribute);
    return text ? text : walk_text(die, gnu);
}

/* Beside the program, else where it was compiled. */
static Dwarf *from_files(struct image *image, Dwarf_Die *skeleton)
{
    const char *name = text_of(skeleton, DW_AT_dwo_name, DW_AT_GNU_dwo_name),
               *compiled = text_of(skeleton, DW_AT_comp_dir, DW_AT_comp_dir), *slash = strrchr(image->path, '/');
    if (!name)
        return NULL;
    if (name[0] == '/')
        return from_file(image, skeleton, name);
    Dwarf *beside = from_file(image, skeleton,
                              arena_printf(image->arena, "%.*s%s", slash ? (int)(slash + 1 - image->path) : 0, image->path, name));
    return beside || !compiled ? beside : from_file(image, skeleton, arena_printf(image->arena, "%s/%s", compiled, name));
}

/* ---- */

static struct split *split_of(struct image *image)
{
    if (image->split)
        return image->split;
    struct split *s = image->split = arena_alloc(image->arena, sizeof *s);
    const char *path = arena_printf(image->arena, "%s.dwp", image->path), *apart = apart_path(image);
    if (!image->on_disk || !debug_file_open(image->arena, apart ? apart : image->path, &s->own) ||
        !debug_file_open(image->arena, path, &s->package))
        return s;
    s->units = index_read(&s->package, ".debug_cu_index");
    s->types = index_read(&s->package, ".debug_tu_index");
    s->path = s->units.hashes ? path : NULL;
    return s;
}

const char *split_package(struct image *image)
{
    return split_of(image)->path;
}

bool split_is_whole(Dwarf *dwarf)
{
    struct debug_file file = { .elf = dwarf_getelf(dwarf) };
    struct debug_part part;
    return !debug_section(&file, ".debug_info.dwo", 1, &part) && !debug_section(&file, ".debug_types.dwo", 1, &part);
}

/* The unit of that number; type units have others. */
static bool pick(struct found *found)
{
    Dwarf_CU *cu = NULL;
    bool sound = found->dwarf && walk_texts_end(found->dwarf);
    while (sound && dwarf_get_units(found->dwarf, cu, &cu, NULL, NULL, &found->tree, NULL) == 0) {
        uint64_t id;
        uint8_t type;
        if (dwarf_cu_info(cu, NULL, &type, NULL, NULL, &id, NULL, NULL) == 0 && type == DW_UT_split_compile &&
            id == found->id)
            return true;
    }
    found->dwarf = NULL;
    return false;
}

bool split_find(struct image *image, Dwarf_Die *skeleton, uint64_t id, Dwarf_Die *tree)
{
    struct split *s = split_of(image);
    struct found *found = NULL;
    for (size_t i = 0; i < s->count && !found; i++)
        if (s->items[i].id == id)
            found = &s->items[i];
    if (!found && s->count == UNITS_MOST)
        return false;
    if (!found) {
        struct found new = { .id = id, .dwarf = from_package(image, skeleton, id) };
        if (!pick(&new) && image->on_disk) {
            new.dwarf = from_files(image, skeleton);
            pick(&new);
        }
        found = ARENA_PUSH(image->arena, s->items, s->count, s->room);
        *found = new;
    }
    *tree = found->tree;
    return found->dwarf != NULL;
}
