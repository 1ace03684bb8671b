#include "cmd/modules.h"

#include <string.h>

#include "elf/inventory.h"
#include "elf/symbolize.h"

/* The link-time address of a file offset, by the sections; false when no section holds it. */
static bool address_of_offset(const struct inventory *inv, uint64_t offset, uint64_t *address)
{
    enum { NOBITS = 8, ALLOC = 2 };
    for (size_t i = 0; i < inv->section_count; i++) {
        const struct section *s = &inv->sections[i];
        if (!(s->flags & ALLOC) || s->type == NOBITS || s->use == USE_TLS)
            continue;
        /* A segment's first page may begin before its first section; pages map whole. */
        if (offset >= (s->offset & ~4095ull) && offset < s->offset + s->size) {
            *address = s->address - (s->offset - offset);
            return true;
        }
    }
    *address = offset;
    return offset == 0;
}

static void extent(const struct inventory *inv, uint64_t *low, uint64_t *high)
{
    *low = UINT64_MAX, *high = 0;
    for (size_t i = 0; i < inv->section_count; i++) {
        const struct section *s = &inv->sections[i];
        if (!(s->flags & 2) || !s->address)
            continue;
        if (s->address < *low)
            *low = s->address;
        if (s->address + s->size > *high && s->use != USE_TLS)
            *high = s->address + s->size;
    }
}

void modules_map(struct modules *modules, const struct stream_map *map)
{
    if (map->kind != STREAM_MAP_FILE || !*map->path)
        return;
    for (size_t i = 0; i < modules->count; i++)
        if (strcmp(modules->items[i].path, map->path) == 0)
            return;
    struct err err = ERR_INIT;
    const struct inventory *inv = modules->program;
    if (!inv || strcmp(inv->path, map->path) != 0)
        inv = inventory_read(modules->arena, map->path, &err);
    struct module *m = ARENA_PUSH(modules->arena, modules->items, modules->count, modules->room);
    *m = (struct module){ .path = arena_strdup(modules->arena, map->path) };
    uint64_t link, low, high;
    if (!inv || !address_of_offset(inv, map->file_offset, &link))
        return;
    extent(inv, &low, &high);
    m->inventory = inv;
    m->bias = map->address - link;
    m->low = low + m->bias;
    m->high = high + m->bias;
}

static const struct module *module_of(const struct modules *modules, const struct sim_map *map, uint64_t address)
{
    for (size_t i = 0; i < modules->count; i++) {
        const struct module *m = &modules->items[i];
        if (!m->inventory)
            continue;
        if (map && *map->path ? strcmp(m->path, map->path) == 0 : address >= m->low && address < m->high)
            return m;
    }
    return NULL;
}

static enum sim_text text_of(const struct inventory *inv, uint64_t address, const struct symbol *symbol)
{
    if (symbol && (strcmp(symbol->name, "__tls_get_addr") == 0 || strncmp(symbol->name, "_dl_tlsdesc_", 12) == 0 ||
                   strcmp(symbol->name, "__tls_get_addr_slow") == 0))
        return SIM_TEXT_TLS_HELPER;
    if (symbol && symbol->cold)
        return SIM_TEXT_COLD;
    for (size_t i = 0; i < inv->section_count; i++) {
        const struct section *s = &inv->sections[i];
        if (address >= s->address && address - s->address < s->size && s->address)
            return s->use == USE_PLT ? SIM_TEXT_PLT : s->use == USE_TEXT_COLD ? SIM_TEXT_COLD : SIM_TEXT_PLAIN;
    }
    return SIM_TEXT_PLAIN;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void name_function(void *context, const struct sim_map *map, uint64_t address, struct sim_symbol *out)
{
    const struct module *m = module_of(context, map, address);
    if (!m)
        return;
    const struct symbol *s = symbol_at(m->inventory, address - m->bias);
    if (s && s->kind != SYMBOL_FUNCTION && s->kind != SYMBOL_IFUNC)
        s = NULL;
    out->module = base_name(m->path);
    out->text = text_of(m->inventory, address - m->bias, s);
    if (s) {
        out->name = s->pretty ? s->pretty : s->name;
        out->address = s->address;
        out->size = symbol_extent(m->inventory, s);
        out->first = address - m->bias == s->address;
    }
}

static void name_object(void *context, const struct sim_map *map, uint64_t address, enum object_class class, struct sim_symbol *out)
{
    if (class != OBJECT_PLAIN)
        return;
    const struct module *m = module_of(context, map, address);
    if (!m)
        return;
    const struct symbol *s = symbol_at(m->inventory, address - m->bias);
    out->module = base_name(m->path);
    if (s) {
        out->name = s->pretty ? s->pretty : s->name;
        out->address = s->address;
        out->size = symbol_extent(m->inventory, s);
    }
}

struct sim_names modules_names(struct modules *modules)
{
    return (struct sim_names){ modules, name_function, name_object };
}
