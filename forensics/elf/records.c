#include "elf/records.h"

#include <dwarf.h>
#include <string.h>

#include "elf/symbolize.h"
#include "elf/types.h"
#include "elf/variable.h"

enum { ALIGN_MOST = 16 };

struct record_walk {
    struct arena *arena;
    const struct inventory *inv;
    struct record **records;
};

/* The symbol that begins where the variable lies. */
static const struct symbol *symbol_of(const struct inventory *inv, Dwarf_Die *die)
{
    uint64_t number, base = variable_tls_base(inv);
    const struct symbol *s = NULL;
    switch (variable_place(die, &number)) {
    case VARIABLE_NOWHERE: return NULL;
    case VARIABLE_AT: s = symbol_at(inv, number); break;
    case VARIABLE_IN_TLS:
        s = symbol_at_tls(inv, number);
        if (!s && number >= base)
            s = symbol_at_tls(inv, number -= base);
        break;
    }
    return s && s->address == number ? s : NULL;
}

/* Through typedefs, qualifiers and arrays to a struct, `type` filled; its name may be the last typedef's. */
static bool struct_of(Dwarf_Die *variable, struct type *type)
{
    Dwarf_Die die = *variable;
    *type = (struct type){ .word = "" };
    for (int steps = 0; steps < WALK_MOST_DEPTH && walk_type(&die); steps++)
        switch (dwarf_tag(&die)) {
        case DW_TAG_typedef:
            type->name = walk_name(&die);
            break;
        case DW_TAG_const_type: case DW_TAG_volatile_type: case DW_TAG_array_type:
            break;
        case DW_TAG_structure_type:
            type->die = die;
            if (walk_name(&die)) {
                type->word = "struct ";
                type->name = walk_name(&die);
            }
            type->size = walk_number(&die, DW_AT_byte_size, 0);
            return type->name && type->size;
        default:
            return false;
        }
    return false;
}

/* "char name[96];" from "char[96]" and "name". */
static const char *declaration(struct arena *arena, const char *type, const char *name)
{
    size_t before = strcspn(type, "[");
    const char *space = before && type[before - 1] == '*' ? "" : " ";
    return arena_printf(arena, "%.*s%s%s%s;", (int)before, type, space, name, type + before);
}

/* What a member's type needs: its size where it is a number, else all that offset and size allow. */
static uint64_t align_of(const struct member *m, uint64_t record)
{
    Dwarf_Die die = m->die;
    uint64_t place = m->offset | m->size | record | ALIGN_MOST, own = walk_number(&die, DW_AT_alignment, 0);
    if (own && (own & (own - 1)) == 0 && own <= record)
        return own;
    for (int steps = 0; steps < WALK_MOST_DEPTH && walk_type(&die); steps++)
        switch (dwarf_tag(&die)) {
        case DW_TAG_typedef: case DW_TAG_const_type: case DW_TAG_volatile_type: case DW_TAG_array_type:
            break;
        case DW_TAG_base_type: case DW_TAG_enumeration_type: case DW_TAG_pointer_type:
            place |= walk_number(&die, DW_AT_byte_size, sizeof(uint64_t));
            return place & -place;
        default:
            return place & -place;
        }
    return place & -place;
}

/* NULL: a field has no name or bytes of its own. */
static struct record *record_of(struct arena *arena, const struct type *type)
{
    struct arena *scratch = arena_new();
    struct member *members = arena_array(scratch, TYPE_MOST_MEMBERS, sizeof *members);
    size_t count = type_members(type, members);
    struct record *r = arena_alloc(arena, sizeof *r);
    *r = (struct record){ .type = arena_printf(arena, "%s%s", type->word, type->name), .size = type->size,
                          .fields = arena_array(arena, count + 1, sizeof *r->fields), .field_count = count };
    uint64_t end = 0;
    bool apart = count > 1 && count < TYPE_MOST_MEMBERS;
    for (size_t i = 0; apart && i < count; i++) {
        struct member *m = &members[i];
        apart = *m->name && m->size && !m->bits && m->offset >= end && dwarf_tag(&m->die) == DW_TAG_member &&
                !walk_number(&m->die, DW_AT_artificial, 0);
        end = m->offset + m->size;
        r->fields[i] = (struct record_field){ .name = arena_strdup(arena, m->name), .offset = m->offset, .size = m->size,
                                              .align = align_of(m, type->size),
                                              .declaration = declaration(arena, type_said(scratch, &m->die), m->name) };
    }
    arena_free(scratch);
    return apart && end <= type->size ? r : NULL;
}

static void note(void *context, Dwarf_Die *die, const char *scope)
{
    struct record_walk *walk = context;
    struct type type;
    (void)scope;
    const struct symbol *s = dwarf_tag(die) == DW_TAG_variable ? symbol_of(walk->inv, die) : NULL;
    struct record **record = s ? &walk->records[s - walk->inv->symbols] : NULL;
    if (record && !*record && struct_of(die, &type) && s->size >= type.size)
        *record = record_of(walk->arena, &type);
}

struct record **records_read(struct arena *arena, const struct inventory *inv)
{
    struct walk_budget budget = { WALK_MOST_DIES };
    struct record_walk walk = { arena, inv, arena_array(arena, inv->symbol_count + 1, sizeof *walk.records) };
    if (inv->image && image_dwarf(inv->image))
        walk_units(inv->image, &budget, note, &walk);
    return walk.records;
}
