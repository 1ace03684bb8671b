#include "elf/variable.h"

#include <dwarf.h>

uint64_t variable_tls_base(const struct inventory *inv)
{
    for (size_t i = 0; i < inv->segment_count; i++)
        if (inv->segments[i].type == PT_TLS)
            return inv->segments[i].address;
    return UINT64_MAX;
}

/* The number that a location's first operation pushes, in .debug_addr with split DWARF. */
static bool pushed(Dwarf_Attribute *location, const Dwarf_Op *op, uint64_t *number)
{
    Dwarf_Attribute indirect;
    Dwarf_Word value;
    Dwarf_Addr address;
    bool index = op->atom == DW_OP_addrx || op->atom == DW_OP_constx || op->atom == DW_OP_GNU_addr_index ||
                 op->atom == DW_OP_GNU_const_index;
    *number = op->number;
    if (!index)
        return op->atom == DW_OP_addr || op->atom == DW_OP_const8u || op->atom == DW_OP_const4u;
    if (dwarf_getlocation_attr(location, op, &indirect) != 0)
        return false;
    bool is_address = dwarf_formaddr(&indirect, &address) == 0;
    if (!is_address && dwarf_formudata(&indirect, &value) != 0)
        return false;
    *number = is_address ? address : value;
    return true;
}

enum variable_place variable_place(Dwarf_Die *die, uint64_t *number)
{
    Dwarf_Attribute attr;
    Dwarf_Op *ops;
    size_t count;
    if (!dwarf_attr_integrate(die, DW_AT_location, &attr) || dwarf_getlocation(&attr, &ops, &count) != 0 || count < 1 ||
        count > 2 || !pushed(&attr, &ops[0], number))
        return VARIABLE_NOWHERE;
    bool address = ops[0].atom == DW_OP_addr || ops[0].atom == DW_OP_addrx || ops[0].atom == DW_OP_GNU_addr_index;
    if (count == 1)
        return address ? VARIABLE_AT : VARIABLE_NOWHERE;
    bool tls = ops[1].atom == DW_OP_GNU_push_tls_address || ops[1].atom == DW_OP_form_tls_address;
    return tls ? VARIABLE_IN_TLS : VARIABLE_NOWHERE;
}
