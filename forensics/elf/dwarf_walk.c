#include "elf/dwarf_walk.h"

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

static void walk_below(struct walk_budget *budget, Dwarf_Die *parent, const char *scope, unsigned depth,
                       walk_visit *visit, void *context)
{
    Dwarf_Die die;
    if (depth > WALK_MOST_DEPTH || !walk_child(budget, parent, &die))
        return;
    do {
        int tag = dwarf_tag(&die);
        if (tag != DW_TAG_namespace && tag != DW_TAG_module) {
            visit(context, &die, scope);
            continue;
        }
        char inner[SCOPE_MOST];
        const char *name = dwarf_diename(&die);
        snprintf(inner, sizeof inner, "%s%s%s", scope, scope[0] ? "::" : "", name ? name : "(anonymous)");
        walk_below(budget, &die, inner, depth + 1, visit, context);
    } while (walk_next(budget, &die));
}

void walk_scope(struct walk_budget *budget, Dwarf_Die *parent, walk_visit *visit, void *context)
{
    walk_below(budget, parent, "", 0, visit, context);
}

bool walk_unit(Dwarf *dwarf, struct walk_unit *unit)
{
    Dwarf_Die sub;
    uint8_t type;
    if (dwarf_get_units(dwarf, unit->cu, &unit->cu, NULL, &type, &unit->head, &sub) != 0)
        return false;
    /* libdw hands out a type unit's type by the same parameter as a skeleton's other half. */
    bool skeleton = type == DW_UT_skeleton;
    unit->tree = skeleton && sub.addr ? sub : unit->head;
    unit->lacks_split = skeleton && !sub.addr;
    return true;
}

/* Type units lie beside the split unit in its own file. */
static void walk_split_types(Dwarf *split, struct walk_budget *budget, walk_visit *visit, void *context)
{
    Dwarf_CU *cu = NULL;
    Dwarf_Die die;
    uint8_t type;
    while (budget->dies && dwarf_get_units(split, cu, &cu, NULL, &type, &die, NULL) == 0)
        if (type == DW_UT_split_type || type == DW_UT_type)
            walk_scope(budget, &die, visit, context);
}

void walk_units(Dwarf *dwarf, struct walk_budget *budget, walk_visit *visit, void *context)
{
    struct walk_unit unit = { 0 };
    Dwarf *before = dwarf;
    while (budget->dies && walk_unit(dwarf, &unit)) {
        Dwarf *split = dwarf_cu_getdwarf(unit.tree.cu);
        walk_scope(budget, &unit.tree, visit, context);
        if (split != dwarf && split != before)
            walk_split_types(split, budget, visit, context);
        before = split;
    }
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
