#include "elf/apart.h"

#include "elf/dwarf_walk.h"
#include "elf/keep_elf.h"

#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct apart {
    Dwfl_Module *module; /* NULL: nothing was found, or the file is not on disk */
};

static void end_dwfl(void *thing)
{
    dwfl_end(thing);
}

bool image_has(const struct image *image, const char *name)
{
    size_t names;
    if (elf_getshdrstrndx(image->elf, &names) != 0)
        return false;
    for (size_t i = 1; i < image->section_count; i++) {
        GElf_Shdr h;
        Elf_Scn *scn = elf_getscn(image->elf, i);
        const char *found = scn && gelf_getshdr(scn, &h) ? elf_strptr(image->elf, names, h.sh_name) : NULL;
        if (found && strcmp(found, name) == 0)
            return true;
    }
    return false;
}

static Dwfl_Module *module_of(struct image *image)
{
    static const Dwfl_Callbacks callbacks = {
        .find_elf = dwfl_build_id_find_elf,
        .find_debuginfo = dwfl_standard_find_debuginfo,
        .section_address = dwfl_offline_section_address,
    };
    if (image->apart)
        return image->apart->module;
    struct apart *apart = image->apart = arena_alloc(image->arena, sizeof *apart);
    Dwfl *dwfl = image->on_disk ? dwfl_begin(&callbacks) : NULL;
    if (!dwfl)
        return NULL;
    arena_defer(image->arena, end_dwfl, dwfl);
    apart->module = dwfl_report_offline(dwfl, image->path, image->path, -1);
    dwfl_report_end(dwfl, NULL, NULL);
    return apart->module;
}

/* libdw finds .dwo files and dwz's common file from where the file itself lies, which it can tell of an open one
 * only. The bytes in memory are as good for all others, and are there already. */
static Dwarf *open_inside(struct image *image)
{
    bool refers = image_has(image, ".gnu_debugaltlink") || image_has(image, ".debug_addr");
    int file = image->on_disk && refers ? open(image->path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return keep_dwarf(image->arena, dwarf_begin_elf(image->elf, DWARF_C_READ, NULL));
    keep_file(image->arena, file);
    return keep_dwarf(image->arena, dwarf_begin(file, DWARF_C_READ));
}

Dwarf *image_dwarf(struct image *image)
{
    Dwarf_Addr bias;
    if (image->dwarf_tried)
        return image->dwarf;
    image->dwarf_tried = true;
    if (image_has(image, ".debug_info") || image_has(image, ".zdebug_info")) {
        image->dwarf = open_inside(image);
    } else {
        Dwfl_Module *module = module_of(image);
        image->dwarf = module ? dwfl_module_getdwarf(module, &bias) : NULL;
    }
    Dwarf *common = image->dwarf ? dwarf_getalt(image->dwarf) : NULL;
    image->texts_unended = image->dwarf && !(walk_texts_end(image->dwarf) && (!common || walk_texts_end(common)));
    if (image->texts_unended)
        image->dwarf = NULL;
    return image->dwarf;
}

static int dynamic_symbols(const struct image *image)
{
    for (size_t i = 1; i < image->section_count; i++) {
        GElf_Shdr h;
        Elf_Scn *scn = elf_getscn(image->elf, i);
        if (scn && gelf_getshdr(scn, &h) && h.sh_type == SHT_DYNSYM && h.sh_entsize)
            return (int)(h.sh_size / h.sh_entsize);
    }
    return 0;
}

/* Without any other table libdwfl hands out the dynamic one. */
int apart_symbols(struct image *image)
{
    Dwfl_Module *module = module_of(image);
    int count = module ? dwfl_module_getsymtab(module) : 0;
    return count > dynamic_symbols(image) ? count : 0;
}

const char *apart_symbol(const struct image *image, int number, GElf_Sym *sym)
{
    GElf_Addr address;
    const char *name = dwfl_module_getsym_info(image->apart->module, number, sym, &address, NULL, NULL, NULL);
    return name && name[0] ? name : NULL;
}

const char *apart_path(const struct image *image)
{
    const char *debug = NULL;
    if (image->apart && image->apart->module)
        dwfl_module_info(image->apart->module, NULL, NULL, NULL, NULL, NULL, NULL, &debug);
    return debug;
}
