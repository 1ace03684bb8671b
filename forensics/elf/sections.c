#include "elf/sections.h"

#include "elf/names.h"

#include <string.h>

static bool starts(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 && (name[length] == 0 || name[length] == '.' || name[length] == '_');
}

/* By name first; the first row that fits wins. */
static const struct {
    const char *prefix;
    enum section_use use;
} by_name[] = {
    { ".text.unlikely", USE_TEXT_COLD },
    { ".text.cold", USE_TEXT_COLD },
    { ".text.split", USE_TEXT_COLD },
    { ".text.hot", USE_TEXT_HOT },
    { ".text.startup", USE_TEXT_STARTUP },
    { ".text.exit", USE_TEXT_EXIT },
    { ".plt", USE_PLT },
    { ".iplt", USE_PLT },
    { ".text", USE_TEXT },
    { ".rodata", USE_RODATA },
    { ".lrodata", USE_RODATA },
    { ".debug", USE_DEBUG },
    { ".zdebug", USE_DEBUG },
    { ".gdb_index", USE_DEBUG },
    { ".gnu_debugdata", USE_DEBUG },
    { ".gnu.debuglto", USE_DEBUG },
};

enum section_use section_use_of(const char *name, uint64_t flags, uint32_t type)
{
    if (flags & SHF_TLS)
        return USE_TLS;
    for (size_t i = 0; i < sizeof by_name / sizeof *by_name; i++) {
        bool code = by_name[i].use <= USE_PLT, debug = by_name[i].use == USE_DEBUG;
        if (starts(name, by_name[i].prefix) && (code ? (flags & SHF_EXECINSTR) != 0 : debug == !(flags & SHF_ALLOC)))
            return by_name[i].use;
    }
    if (!(flags & SHF_ALLOC))
        return USE_OTHER;
    if (flags & SHF_EXECINSTR)
        return USE_TEXT;
    if (flags & SHF_WRITE)
        return type == SHT_NOBITS ? USE_BSS : USE_DATA;
    return USE_OTHER; /* tables of the loader and the unwinder */
}

static void read_sections(struct arena *arena, const struct image *image, struct inventory *inv)
{
    size_t names = 0;
    inv->sections = arena_array(arena, image->section_count, sizeof *inv->sections);
    bool named = elf_getshdrstrndx(image->elf, &names) == 0;
    for (size_t i = 0; i < image->section_count; i++) {
        GElf_Shdr h;
        Elf_Scn *scn = elf_getscn(image->elf, i);
        struct section *s = &inv->sections[i];
        const char *name = NULL;
        s->name = "";
        inv->section_count = i + 1;
        if (!scn || !gelf_getshdr(scn, &h))
            continue;
        if (named)
            name = elf_strptr(image->elf, names, h.sh_name);
        *s = (struct section){ .name = name ? name_clean(arena, name) : "",
                               .address = h.sh_addr,
                               .offset = h.sh_offset,
                               .size = h.sh_size,
                               .align = h.sh_addralign,
                               .flags = h.sh_flags,
                               .type = h.sh_type };
        s->use = section_use_of(s->name, s->flags, s->type);
        inv->bytes[s->use] += s->size;
        if ((s->flags & SHF_ALLOC) && (s->flags & SHF_EXECINSTR))
            inv->text_bytes += s->size;
    }
}

void sections_read(struct arena *arena, const struct image *image, struct inventory *inv)
{
    read_sections(arena, image, inv);
    inv->segments = arena_array(arena, image->segment_count, sizeof *inv->segments);
    for (size_t i = 0; i < image->segment_count; i++) {
        GElf_Phdr p;
        if (!gelf_getphdr(image->elf, (int)i, &p))
            continue;
        inv->segments[inv->segment_count++] = (struct segment){
            .address = p.p_vaddr,
            .offset = p.p_offset,
            .file_size = p.p_filesz,
            .memory_size = p.p_memsz,
            .align = p.p_align,
            .type = p.p_type,
            .flags = p.p_flags,
        };
        if (p.p_type == PT_TLS) {
            inv->tls_size = p.p_memsz;
            inv->tls_align = p.p_align;
        }
    }
    /* Without a section table the executable segments are all that can be counted. */
    for (size_t i = 0; i < image->load_count && inv->text_bytes == 0; i++)
        if (image->loads[i].executable)
            inv->bytes[USE_TEXT] = inv->text_bytes = image->loads[i].file_size;
}

int section_at(const struct inventory *inv, uint64_t address)
{
    for (size_t i = 0; i < inv->section_count; i++) {
        const struct section *s = &inv->sections[i];
        if ((s->flags & SHF_ALLOC) && !(s->flags & SHF_TLS) && address >= s->address && address - s->address < s->size)
            return (int)i;
    }
    return -1;
}

const unsigned char *section_bytes(const struct inventory *inv, const char *name, uint64_t *size)
{
    const struct image *image = inv->image;
    for (size_t i = 0; i < inv->section_count; i++) {
        const struct section *s = &inv->sections[i];
        if (strcmp(s->name, name) != 0 || s->type == SHT_NOBITS || s->offset > image->size ||
            s->size > image->size - s->offset)
            continue;
        *size = s->size;
        return image->bytes + s->offset;
    }
    return NULL;
}
