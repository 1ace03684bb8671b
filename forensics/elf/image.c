#include "elf/image.h"

#include "elf/keep_elf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool not_elf(const char *path, const unsigned char *bytes, size_t size, struct err *err)
{
    if (size >= 2 && bytes[0] == '#' && bytes[1] == '!')
        return err_set(err, ERR_TOOL, "'%s' is a script, not an ELF binary: name the program that it starts", path);
    if (size >= 8 && memcmp(bytes, "!<arch>\n", 8) == 0)
        return err_set(err, ERR_TOOL, "'%s' is a static library: name a program linked with it", path);
    return err_set(err, ERR_TOOL, "'%s' is not an ELF binary: name a linked program or shared library", path);
}

static bool cut_short(const struct image *im, const char *what, uint64_t end, struct err *err)
{
    return err_set(err, ERR_TOOL,
                   "'%s' is cut short: its %s should end at byte %llu, but the file has %llu; copy or link it again",
                   im->path, what, (unsigned long long)end, (unsigned long long)im->size);
}

/* offset + count * size, or UINT64_MAX where that does not fit. */
static uint64_t end_of(uint64_t offset, uint64_t count, uint64_t size)
{
    uint64_t bytes, end;
    if (__builtin_mul_overflow(count, size, &bytes) || __builtin_add_overflow(offset, bytes, &end))
        return UINT64_MAX;
    return end;
}

static bool check_header(struct image *im, struct err *err)
{
    if (im->size < EI_NIDENT || memcmp(im->bytes, ELFMAG, SELFMAG) != 0)
        return not_elf(im->path, im->bytes, im->size, err);
    size_t need = im->bytes[EI_CLASS] == ELFCLASS32 ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr);
    if (im->size < need)
        return cut_short(im, "ELF header", need, err);
    im->elf = keep_elf(im->arena, elf_memory((char *)(uintptr_t)im->bytes, im->size));
    if (!im->elf || elf_kind(im->elf) != ELF_K_ELF || !gelf_getehdr(im->elf, &im->header))
        return err_set(err, ERR_TOOL, "'%s' has a damaged ELF header (%s): copy or link it again", im->path,
                       elf_errmsg(-1));
    if (im->header.e_type == ET_REL)
        return err_set(err, ERR_TOOL, "'%s' is an object file that is not linked yet: name the linked program",
                       im->path);
    if (im->header.e_type == ET_CORE)
        return err_set(err, ERR_TOOL, "'%s' is a core dump: name the program that dumped it", im->path);
    if (im->header.e_type != ET_EXEC && im->header.e_type != ET_DYN)
        return err_set(err, ERR_TOOL, "'%s' is an ELF file of type %u: name a linked program or shared library",
                       im->path, im->header.e_type);
    return true;
}

static bool check_tables(struct image *im, struct err *err)
{
    const GElf_Ehdr *h = &im->header;
    bool wide = h->e_ident[EI_CLASS] == ELFCLASS64;
    uint64_t section = wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
    uint64_t segment = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    if (h->e_shoff && end_of(h->e_shoff, h->e_shnum ? h->e_shnum : 1, section) > im->size)
        return cut_short(im, "section table", end_of(h->e_shoff, h->e_shnum ? h->e_shnum : 1, section), err);
    if (elf_getphdrnum(im->elf, &im->segment_count) != 0 || elf_getshdrnum(im->elf, &im->section_count) != 0)
        return err_set(err, ERR_TOOL, "'%s' has damaged header tables (%s): copy or link it again", im->path,
                       elf_errmsg(-1));
    if (im->segment_count && end_of(h->e_phoff, im->segment_count, segment) > im->size)
        return cut_short(im, "program header table", end_of(h->e_phoff, im->segment_count, segment), err);
    if (im->section_count && end_of(h->e_shoff, im->section_count, section) > im->size)
        return cut_short(im, "section table", end_of(h->e_shoff, im->section_count, section), err);
    if (im->segment_count == 0)
        return err_set(err, ERR_TOOL, "'%s' has no program headers, so nothing of it can be loaded: link it again",
                       im->path);
    return true;
}

static bool check_loads(struct image *im, struct err *err)
{
    im->loads = arena_array(im->arena, im->segment_count, sizeof *im->loads);
    for (size_t i = 0; i < im->segment_count; i++) {
        GElf_Phdr p;
        if (!gelf_getphdr(im->elf, (int)i, &p) || p.p_type != PT_LOAD)
            continue;
        uint64_t end = end_of(p.p_offset, 1, p.p_filesz);
        if (end > im->size)
            return cut_short(im, "loaded part", end, err);
        if (p.p_memsz < p.p_filesz || end_of(p.p_vaddr, 1, p.p_memsz) == UINT64_MAX)
            return err_set(err, ERR_TOOL, "'%s' has a damaged program header (number %zu): copy or link it again",
                           im->path, i);
        im->loads[im->load_count++] = (struct load){
            .address = p.p_vaddr,
            .file_size = p.p_filesz,
            .memory_size = p.p_memsz,
            .offset = p.p_offset,
            .writable = p.p_flags & PF_W,
            .executable = p.p_flags & PF_X,
        };
    }
    return true;
}

struct image *image_from_memory(struct arena *arena, const char *path, const void *bytes, size_t size, struct err *err)
{
    struct image *im = arena_alloc(arena, sizeof *im);
    *im = (struct image){ .arena = arena, .path = arena_strdup(arena, path), .bytes = bytes, .size = size };
    elf_version(EV_CURRENT);
    if (!check_header(im, err) || !check_tables(im, err) || !check_loads(im, err))
        return NULL;
    im->decodes = im->header.e_machine == EM_X86_64 && im->header.e_ident[EI_CLASS] == ELFCLASS64 &&
                  im->header.e_ident[EI_DATA] == ELFDATA2LSB;
    im->absolute = im->header.e_type == ET_EXEC;
    return im;
}

static bool usable_file(const char *path, const struct stat *st, struct err *err)
{
    if (S_ISDIR(st->st_mode))
        return err_set(err, ERR_TOOL, "'%s' is a directory: name the binary inside it", path);
    if (!S_ISREG(st->st_mode))
        return err_set(err, ERR_TOOL, "'%s' is not a regular file: name a linked program or shared library", path);
    if (st->st_size == 0)
        return err_set(err, ERR_TOOL, "'%s' is empty: build or copy it again", path);
    return true;
}

struct image *image_open(struct arena *arena, const char *path, struct err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        err_set(err, ERR_TOOL, "'%s' does not exist: check the path, or build it first", path);
        return NULL;
    }
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_sys(err, ERR_TOOL, errno, "cannot read '%s'", path);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (!usable_file(path, &st, err)) {
        close(fd);
        return NULL;
    }
    /* Private and writable: libelf may convert a table in place, and the file must not notice. */
    void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    int saved = errno;
    close(fd);
    if (bytes == MAP_FAILED) {
        err_sys(err, ERR_TOOL, saved, "cannot map '%s'", path);
        return NULL;
    }
    keep_mapping(arena, bytes, (size_t)st.st_size);
    struct image *image = image_from_memory(arena, path, bytes, (size_t)st.st_size, err);
    if (image)
        image->on_disk = true;
    return image;
}

uint64_t image_room(const struct image *image, uint64_t address)
{
    for (size_t i = 0; i < image->load_count; i++) {
        const struct load *l = &image->loads[i];
        if (address >= l->address && address - l->address < l->file_size)
            return l->file_size - (address - l->address);
    }
    return 0;
}

const unsigned char *image_at(const struct image *image, uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < image->load_count; i++) {
        const struct load *l = &image->loads[i];
        uint64_t into = address - l->address;
        if (address >= l->address && into < l->file_size && size <= l->file_size - into)
            return image->bytes + l->offset + into;
    }
    return NULL;
}

bool image_covers(const struct image *image, uint64_t address)
{
    for (size_t i = 0; i < image->load_count; i++)
        if (address >= image->loads[i].address && address - image->loads[i].address < image->loads[i].memory_size)
            return true;
    return false;
}

const char *image_text(const struct image *image, uint64_t address)
{
    uint64_t room = image_room(image, address);
    const char *text = (const char *)image_at(image, address, room);
    return text && memchr(text, 0, room) ? text : NULL;
}

const char *image_machine(const struct image *image)
{
    static const struct {
        unsigned machine;
        const char *name;
    } table[] = {
        { EM_X86_64, "x86-64" },   { EM_386, "i386" },
        { EM_AARCH64, "AArch64" }, { EM_ARM, "ARM" },
        { EM_RISCV, "RISC-V" },    { EM_PPC64, "PowerPC64" },
        { EM_S390, "S/390" },      { EM_MIPS, "MIPS" },
        { EM_PPC, "PowerPC" },     { EM_LOONGARCH, "LoongArch" },
        { EM_SPARCV9, "SPARC64" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].machine == image->header.e_machine)
            return table[i].name;
    return arena_printf(image->arena, "ELF machine %u", image->header.e_machine);
}
