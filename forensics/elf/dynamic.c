#include "elf/dynamic.h"

#include "elf/names.h"

#include <stdlib.h>
#include <string.h>

/* What a relocation is for, in the terms that the inventory counts. */
enum reloc_use { RELOC_OTHER, RELOC_JUMP_SLOT, RELOC_GLOB_DAT, RELOC_IRELATIVE, RELOC_TLS_DYNAMIC, RELOC_TLS_STATIC };

static const struct {
    unsigned machine, type;
    enum reloc_use use;
} reloc_table[] = {
    { EM_X86_64, R_X86_64_JUMP_SLOT, RELOC_JUMP_SLOT },
    { EM_X86_64, R_X86_64_GLOB_DAT, RELOC_GLOB_DAT },
    { EM_X86_64, R_X86_64_IRELATIVE, RELOC_IRELATIVE },
    { EM_X86_64, R_X86_64_DTPMOD64, RELOC_TLS_DYNAMIC }, /* DTPOFF64 is its second half */
    { EM_X86_64, R_X86_64_TLSDESC, RELOC_TLS_DYNAMIC },
    { EM_X86_64, R_X86_64_TPOFF64, RELOC_TLS_STATIC },
    { EM_386, R_386_JMP_SLOT, RELOC_JUMP_SLOT },
    { EM_386, R_386_GLOB_DAT, RELOC_GLOB_DAT },
    { EM_386, R_386_IRELATIVE, RELOC_IRELATIVE },
    { EM_386, R_386_TLS_DTPMOD32, RELOC_TLS_DYNAMIC },
    { EM_386, R_386_TLS_DESC, RELOC_TLS_DYNAMIC },
    { EM_386, R_386_TLS_TPOFF, RELOC_TLS_STATIC },
    { EM_AARCH64, R_AARCH64_JUMP_SLOT, RELOC_JUMP_SLOT },
    { EM_AARCH64, R_AARCH64_GLOB_DAT, RELOC_GLOB_DAT },
    { EM_AARCH64, R_AARCH64_IRELATIVE, RELOC_IRELATIVE },
    { EM_AARCH64, R_AARCH64_TLS_DTPMOD, RELOC_TLS_DYNAMIC },
    { EM_AARCH64, R_AARCH64_TLSDESC, RELOC_TLS_DYNAMIC },
    { EM_AARCH64, R_AARCH64_TLS_TPREL, RELOC_TLS_STATIC },
};

static enum reloc_use use_of(const struct image *image, uint64_t info)
{
    for (size_t i = 0; i < sizeof reloc_table / sizeof *reloc_table; i++)
        if (reloc_table[i].machine == image->header.e_machine && reloc_table[i].type == GELF_R_TYPE(info))
            return reloc_table[i].use;
    return RELOC_OTHER;
}

/* Calls back for every relocation that the loader applies (those of allocated sections). */
typedef void reloc_visit(void *context, enum reloc_use use, uint64_t offset, uint64_t symbol, size_t symbol_table);

static void visit_section(const struct image *image, Elf_Scn *scn, const GElf_Shdr *h, reloc_visit *visit,
                          void *context)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    size_t entry = gelf_fsize(image->elf, h->sh_type == SHT_RELA ? ELF_T_RELA : ELF_T_REL, 1, EV_CURRENT);
    for (size_t i = 0; data && data->d_buf && entry && i < data->d_size / entry; i++) {
        GElf_Rela rela;
        GElf_Rel rel;
        if (h->sh_type == SHT_RELA ? !gelf_getrela(data, (int)i, &rela) : !gelf_getrel(data, (int)i, &rel))
            return;
        uint64_t info = h->sh_type == SHT_RELA ? rela.r_info : rel.r_info;
        uint64_t offset = h->sh_type == SHT_RELA ? rela.r_offset : rel.r_offset;
        visit(context, use_of(image, info), offset, GELF_R_SYM(info), h->sh_link);
    }
}

/* SHT_RELR packs relative relocations: an even word is one, an odd word's bits above the lowest are one each. */
static uint64_t count_packed(const struct image *image, const GElf_Shdr *h)
{
    size_t word = image->header.e_ident[EI_CLASS] == ELFCLASS64 ? 8 : 4;
    uint64_t count = 0;
    if (h->sh_offset > image->size || h->sh_size > image->size - h->sh_offset)
        return 0;
    for (uint64_t at = 0; at + word <= h->sh_size; at += word) {
        uint64_t v = 0;
        memcpy(&v, image->bytes + h->sh_offset + at, word);
        count += v & 1 ? (uint64_t)__builtin_popcountll(v >> 1) : 1;
    }
    return count;
}

static uint64_t visit_relocations(const struct image *image, reloc_visit *visit, void *context)
{
    uint64_t packed = 0;
    for (size_t i = 0; i < image->section_count; i++) {
        GElf_Shdr h;
        Elf_Scn *scn = elf_getscn(image->elf, i);
        if (!scn || !gelf_getshdr(scn, &h) || !(h.sh_flags & SHF_ALLOC))
            continue;
        if (h.sh_type == SHT_RELA || h.sh_type == SHT_REL)
            visit_section(image, scn, &h, visit, context);
        else if (h.sh_type == SHT_RELR && image->header.e_ident[EI_DATA] == ELFDATA2LSB)
            packed += count_packed(image, &h);
    }
    return packed;
}

static void count_one(void *context, enum reloc_use use, uint64_t offset, uint64_t symbol, size_t symbol_table)
{
    struct inventory *inv = context;
    (void)offset, (void)symbol, (void)symbol_table;
    inv->relocations++;
    inv->plt_slots += use == RELOC_JUMP_SLOT;
    inv->irelative_relocations += use == RELOC_IRELATIVE;
    inv->tls_dynamic_relocations += use == RELOC_TLS_DYNAMIC;
    inv->tls_static_relocations += use == RELOC_TLS_STATIC;
}

static Elf_Data *find_dynamic(const struct image *image)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        GElf_Phdr p;
        if (gelf_getphdr(image->elf, (int)i, &p) && p.p_type == PT_DYNAMIC && p.p_offset < image->size &&
            p.p_filesz <= image->size - p.p_offset)
            return elf_getdata_rawchunk(image->elf, (int64_t)p.p_offset, p.p_filesz, ELF_T_DYN);
    }
    return NULL;
}

struct dynamic_tags dynamic_tags(struct arena *arena, const struct image *image)
{
    struct dynamic_tags tags = { 0 };
    Elf_Data *data = find_dynamic(image);
    size_t entry = gelf_fsize(image->elf, ELF_T_DYN, 1, EV_CURRENT), room = 0, count = data && data->d_buf ? data->d_size / entry : 0;
    uint64_t strings = 0;
    GElf_Dyn dyn;
    for (int i = 0; (size_t)i < count && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++)
        if (dyn.d_tag == DT_STRTAB)
            strings = dyn.d_un.d_ptr;
    for (int i = 0; (size_t)i < count && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
        const char *text = strings ? name_clean(arena, image_text(image, strings + dyn.d_un.d_val)) : NULL;
        if (dyn.d_tag == DT_NEEDED && text)
            *ARENA_PUSH(arena, tags.needed, tags.needed_count, room) = text;
        else if (dyn.d_tag == DT_RUNPATH)
            tags.runpath = text;
        else if (dyn.d_tag == DT_RPATH)
            tags.rpath = text;
        else if (dyn.d_tag == DT_SONAME)
            tags.soname = text;
        else if (dyn.d_tag == DT_FLAGS)
            tags.static_tls = dyn.d_un.d_val & DF_STATIC_TLS;
        else if (dyn.d_tag == DT_FLAGS_1)
            tags.pie = dyn.d_un.d_val & DF_1_PIE;
    }
    return tags;
}

void dynamic_read(struct arena *arena, const struct image *image, struct inventory *inv)
{
    for (size_t i = 0; i < inv->segment_count; i++)
        if (inv->segments[i].type == PT_INTERP)
            inv->interpreter = name_clean(arena, image_text(image, inv->segments[i].address));
    struct dynamic_tags tags = dynamic_tags(arena, image);
    inv->needed = tags.needed;
    inv->needed_count = tags.needed_count;
    inv->runpath = tags.runpath || !tags.rpath ? tags.runpath : arena_printf(arena, "%s (DT_RPATH)", tags.rpath);
    inv->static_tls = tags.static_tls;
    bool library = tags.soname || !inv->interpreter;
    inv->type = image->absolute ? "executable" : tags.pie || !library ? "PIE" : "shared object";
    inv->relocations += visit_relocations(image, count_one, inv);
}

struct collecting {
    struct arena *arena;
    const struct image *image;
    struct slot *slots;
    size_t count, room;
};

static const char *symbol_name(const struct image *image, size_t table, uint64_t symbol)
{
    GElf_Shdr h;
    GElf_Sym sym;
    Elf_Scn *scn = elf_getscn(image->elf, table);
    Elf_Data *data = scn && gelf_getshdr(scn, &h) ? elf_getdata(scn, NULL) : NULL;
    if (!data || symbol > INT32_MAX || !gelf_getsym(data, (int)symbol, &sym))
        return NULL;
    return elf_strptr(image->elf, h.sh_link, sym.st_name);
}

static void collect_slot(void *context, enum reloc_use use, uint64_t offset, uint64_t symbol, size_t symbol_table)
{
    struct collecting *c = context;
    bool tls = use == RELOC_TLS_STATIC || use == RELOC_TLS_DYNAMIC;
    if (!tls && use != RELOC_JUMP_SLOT && use != RELOC_GLOB_DAT)
        return;
    const char *name = symbol_name(c->image, symbol_table, symbol);
    if (tls || (name && *name))
        *ARENA_PUSH(c->arena, c->slots, c->count, c->room) =
            (struct slot){ .address = offset,
                           .name = name ? name : "",
                           .use = use == RELOC_TLS_STATIC    ? SLOT_TLS_OFFSET
                                  : use == RELOC_TLS_DYNAMIC ? SLOT_TLS_CALL
                                                             : SLOT_ADDRESS };
}

static int by_address(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

struct slot *slots_read(struct arena *arena, const struct image *image, size_t *count)
{
    struct collecting c = { .arena = arena, .image = image };
    visit_relocations(image, collect_slot, &c);
    if (c.count)
        qsort(c.slots, c.count, sizeof *c.slots, by_address);
    *count = c.count;
    return c.slots;
}

const struct slot *slot_at(const struct slot *slots, size_t count, uint64_t address)
{
    struct slot key = { .address = address };
    return count ? bsearch(&key, slots, count, sizeof *slots, by_address) : NULL;
}

const char *slot_name(const struct slot *slots, size_t count, uint64_t address)
{
    const struct slot *found = slot_at(slots, count, address);
    return found && found->name[0] ? found->name : NULL;
}
