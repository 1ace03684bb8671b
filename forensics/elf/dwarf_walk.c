#include "elf/dwarf_walk.h"

#include "base/arena.h"
#include "elf/split.h"

#include <dwarf.h>
#include <stdio.h>
#include <string.h>

static bool spend(struct walk_budget *budget)
{
    if (budget->dies == 0)
        return false;
    budget->dies--;
    return true;
}

bool walk_child(struct walk_budget *budget, Dwarf_Die *die, Dwarf_Die *child)
{
    return spend(budget) && dwarf_child(die, child) == 0 && dwarf_dieoffset(child) > dwarf_dieoffset(die);
}

bool walk_next(struct walk_budget *budget, Dwarf_Die *die)
{
    Dwarf_Die next;
    if (!spend(budget) || dwarf_siblingof(die, &next) != 0 || dwarf_dieoffset(&next) <= dwarf_dieoffset(die))
        return false;
    *die = next;
    return true;
}

enum { SCOPE_MOST = 512 /* bytes of joined namespace names; the rest is cut off */ };

/* One walk: what is called back, and which partial units of dwz's common file were seen. */
struct walk {
    struct walk_budget *budget;
    walk_visit *visit;
    void *context;
    Dwarf *own;           /* units of this are walked anyway */
    struct arena *arena;  /* NULL: common files are not followed */
    const void **seen;    /* imported units by address, a table of linear probing; NULL: free */
    size_t seen_count, seen_room;
};

static bool insert(const void **table, size_t room, const void *unit)
{
    size_t at = (uintptr_t)unit * 0x9e3779b97f4a7c15u >> 20 & (room - 1);
    for (; table[at]; at = (at + 1) & (room - 1))
        if (table[at] == unit)
            return false;
    table[at] = unit;
    return true;
}

/* True the first time. */
static bool first_visit(struct walk *w, const void *unit)
{
    if (2 * w->seen_count >= w->seen_room) {
        size_t room = w->seen_room ? 2 * w->seen_room : 64;
        const void **table = arena_array(w->arena, room, sizeof *table);
        for (size_t i = 0; i < w->seen_room; i++)
            if (w->seen[i])
                insert(table, room, w->seen[i]);
        w->seen = table;
        w->seen_room = room;
    }
    bool first = insert(w->seen, w->seen_room, unit);
    w->seen_count += first;
    return first;
}

static void walk_below(struct walk *w, Dwarf_Die *parent, const char *scope, unsigned depth);

/* dwz moves what several files have in common to partial units of a file of its own, and their units import them. Those
 * of this file are among its units. */
static void walk_import(struct walk *w, Dwarf_Die *die, const char *scope, unsigned depth)
{
    Dwarf_Attribute attr;
    Dwarf_Die unit;
    if (w->arena && dwarf_formref_die(dwarf_attr(die, DW_AT_import, &attr), &unit) &&
        dwarf_cu_getdwarf(unit.cu) != w->own && first_visit(w, unit.addr))
        walk_below(w, &unit, scope, depth);
}

static void walk_below(struct walk *w, Dwarf_Die *parent, const char *scope, unsigned depth)
{
    Dwarf_Die die;
    if (depth > WALK_MOST_DEPTH || !walk_child(w->budget, parent, &die))
        return;
    do {
        int tag = dwarf_tag(&die);
        if (tag == DW_TAG_imported_unit)
            walk_import(w, &die, scope, depth + 1);
        if (tag != DW_TAG_namespace && tag != DW_TAG_module) {
            w->visit(w->context, &die, scope);
            continue;
        }
        char inner[SCOPE_MOST];
        const char *name = walk_name(&die);
        snprintf(inner, sizeof inner, "%s%s%s", scope, scope[0] ? "::" : "", name ? name : "(anonymous)");
        walk_below(w, &die, inner, depth + 1);
    } while (walk_next(w->budget, &die));
}

void walk_scope(struct walk_budget *budget, Dwarf_Die *parent, walk_visit *visit, void *context)
{
    struct walk w = { .budget = budget, .visit = visit, .context = context };
    walk_below(&w, parent, "", 0);
}

bool walk_texts_end(Dwarf *dwarf)
{
    static const char *const names[] = { ".debug_str", ".debug_line_str", ".debug_str.dwo", ".zdebug_str", ".zdebug_line_str",
                                         ".zdebug_str.dwo" };
    Elf *elf = dwarf_getelf(dwarf);
    size_t table;
    if (!elf || elf_getshdrstrndx(elf, &table) != 0)
        return false;
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
        GElf_Shdr h;
        const char *name = gelf_getshdr(scn, &h) ? elf_strptr(elf, table, h.sh_name) : NULL;
        Elf_Data *data = NULL;
        for (size_t i = 0; name && !data && i < sizeof names / sizeof *names; i++)
            data = strcmp(name, names[i]) == 0 ? elf_getdata(scn, NULL) : NULL;
        if (data && data->d_size && (!data->d_buf || ((const char *)data->d_buf)[data->d_size - 1]))
            return false;
    }
    return true;
}

bool walk_unit(struct image *image, struct walk_unit *unit)
{
    Dwarf_Die sub;
    uint8_t type;
    uint64_t id;
    Dwarf *dwarf = image_dwarf(image);
    if (!dwarf || dwarf_get_units(dwarf, unit->cu, &unit->cu, NULL, &type, &unit->head, &sub) != 0)
        return false;
    /* libdw hands out a type unit's type by the same parameter as a skeleton's other half. */
    bool skeleton = type == DW_UT_skeleton;
    bool there = skeleton && sub.addr && walk_texts_end(dwarf_cu_getdwarf(sub.cu));
    unit->tree = there ? sub : unit->head;
    unit->lacks_split = skeleton && !there;
    bool partly = there && !split_is_whole(dwarf_cu_getdwarf(sub.cu));
    if ((unit->lacks_split || partly) && dwarf_cu_info(unit->cu, NULL, NULL, NULL, NULL, &id, NULL, NULL) == 0 &&
        split_find(image, &unit->head, id, &sub)) {
        unit->tree = sub;
        unit->lacks_split = false;
    }
    return true;
}

/* Type units lie beside the split unit in its own file. */
static void walk_split_types(struct walk *w, Dwarf *split)
{
    Dwarf_CU *cu = NULL;
    Dwarf_Die die;
    uint8_t type;
    while (w->budget->dies && dwarf_get_units(split, cu, &cu, NULL, &type, &die, NULL) == 0)
        if (type == DW_UT_split_type || type == DW_UT_type)
            walk_below(w, &die, "", 0);
}

void walk_units(struct image *image, struct walk_budget *budget, walk_visit *visit, void *context)
{
    Dwarf *dwarf = image_dwarf(image), *before = dwarf;
    struct walk w = {
        .budget = budget, .visit = visit, .context = context, .own = dwarf, .arena = arena_new()
    };
    struct walk_unit unit = { 0 };
    while (budget->dies && walk_unit(image, &unit)) {
        Dwarf *split = dwarf_cu_getdwarf(unit.tree.cu);
        walk_below(&w, &unit.tree, "", 0);
        if (split != dwarf && split != before)
            walk_split_types(&w, split);
        before = split;
    }
    arena_free(w.arena);
}

/* libdw measures an attribute when it steps to the next one, so the step over this one tells whether its text ends. */
struct measured {
    unsigned attribute;
    bool stepped_over;
};

static int measure_attribute(Dwarf_Attribute *attr, void *thing)
{
    struct measured *m = thing;
    if (m->stepped_over)
        return DWARF_CB_ABORT;
    m->stepped_over = dwarf_whatattr(attr) == m->attribute;
    return DWARF_CB_OK;
}

const char *walk_text(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute attr;
    struct measured m = { .attribute = attribute };
    if (!dwarf_attr(die, attribute, &attr))
        return NULL;
    if (dwarf_whatform(&attr) == DW_FORM_string && dwarf_getattrs(die, measure_attribute, &m, 0) == -1)
        return NULL;
    return dwarf_formstring(&attr);
}

enum { MOST_ORIGINS = 16 };

const char *walk_name(Dwarf_Die *die)
{
    Dwarf_Die at = *die, origin;
    Dwarf_Attribute attr;
    for (int i = 0; i < MOST_ORIGINS; i++, at = origin) {
        if (dwarf_hasattr(&at, DW_AT_name))
            return walk_text(&at, DW_AT_name);
        if (!dwarf_formref_die(dwarf_attr(&at, DW_AT_abstract_origin, &attr), &origin) &&
            !dwarf_formref_die(dwarf_attr(&at, DW_AT_specification, &attr), &origin))
            return NULL;
    }
    return NULL;
}

uint64_t walk_number(Dwarf_Die *die, unsigned attribute, uint64_t otherwise)
{
    Dwarf_Attribute attr;
    Dwarf_Word value;
    return dwarf_attr_integrate(die, attribute, &attr) && dwarf_formudata(&attr, &value) == 0 ? value : otherwise;
}

bool walk_type(Dwarf_Die *die)
{
    Dwarf_Attribute attr;
    Dwarf_Die type, definition;
    if (!dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attr), &type))
        return false;
    bool apart = !dwarf_hasattr(&type, DW_AT_byte_size) && dwarf_hasattr(&type, DW_AT_signature) &&
                 dwarf_formref_die(dwarf_attr(&type, DW_AT_signature, &attr), &definition);
    *die = apart ? definition : type;
    return true;
}

uint64_t walk_elements(Dwarf_Die *array)
{
    struct walk_budget budget = { 16 };
    uint64_t elements = 1;
    Dwarf_Die range;
    if (!walk_child(&budget, array, &range))
        return 0;
    do {
        uint64_t last = walk_number(&range, DW_AT_upper_bound, UINT64_MAX);
        uint64_t count = walk_number(&range, DW_AT_count, last == UINT64_MAX ? 0 : last + 1);
        if (dwarf_tag(&range) == DW_TAG_subrange_type && __builtin_mul_overflow(elements, count, &elements))
            return 0;
    } while (walk_next(&budget, &range));
    return elements;
}

uint64_t walk_type_size(Dwarf_Die *die)
{
    Dwarf_Die at = *die;
    uint64_t elements = 1;
    for (unsigned depth = 0; depth < WALK_MOST_DEPTH && walk_type(&at); depth++) {
        uint64_t own = walk_number(&at, DW_AT_byte_size, 0), size;
        int tag = dwarf_tag(&at);
        if (own)
            return __builtin_mul_overflow(own, elements, &size) ? 0 : size;
        if (tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type)
            return 8 * elements;
        if (tag == DW_TAG_array_type && __builtin_mul_overflow(elements, walk_elements(&at), &elements))
            return 0;
    }
    return 0;
}
