#include "elf/compose.h"

#include "elf/keep_elf.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

bool debug_file_open(struct arena *arena, const char *path, struct debug_file *file)
{
    struct stat st;
    elf_version(EV_CURRENT);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    Elf *elf = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? elf_begin(fd, ELF_C_READ_MMAP, NULL) : NULL;
    if (elf && elf_kind(elf) == ELF_K_ELF) {
        keep_file(arena, fd);
        *file = (struct debug_file){ fd, keep_elf(arena, elf) };
        return true;
    }
    elf_end(elf);
    if (fd >= 0)
        close(fd);
    return false;
}

bool debug_section(const struct debug_file *file, const char *name, unsigned number, struct debug_part *part)
{
    size_t names;
    Elf_Scn *scn = NULL;
    if (!file->elf || elf_getshdrstrndx(file->elf, &names) != 0)
        return false;
    while ((scn = elf_nextscn(file->elf, scn))) {
        GElf_Shdr h;
        const char *found = gelf_getshdr(scn, &h) ? elf_strptr(file->elf, names, h.sh_name) : NULL;
        bool usable = found && h.sh_type != SHT_NOBITS && !(h.sh_flags & SHF_COMPRESSED) && strcmp(found, name) == 0;
        if (!usable || number-- > 0)
            continue;
        Elf_Data *data = elf_rawdata(scn, NULL);
        if (!data || !data->d_buf)
            return false;
        *part = (struct debug_part){ data->d_buf, data->d_size, h.sh_offset };
        return true;
    }
    return false;
}

bool compose_has(const struct composing *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->sections[i].name, name) == 0 && c->sections[i].size)
            return true;
    return false;
}

static struct composed_section *section_of(struct composing *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->sections[i].name, name) == 0)
            return &c->sections[i];
    if (c->count == COMPOSE_SECTIONS)
        return NULL;
    c->sections[c->count] = (struct composed_section){ .name = name };
    return &c->sections[c->count++];
}

void compose_add(struct composing *c, const char *name, const void *bytes, size_t size)
{
    struct composed_section *s = section_of(c, name);
    c->failed |= !s || size > c->budget - c->copied;
    if (c->failed)
        return;
    c->copied += size;
    if (s->size + size > s->room) {
        size_t room = s->size + size > 2 * s->room ? s->size + size : 2 * s->room;
        s->bytes = arena_grow(c->arena, s->bytes, s->size, room);
        s->room = room;
    }
    memcpy(s->bytes + s->size, bytes, size);
    s->size += size;
}

void compose_map(struct composing *c, const char *name, const struct debug_file *file, const struct debug_part *part)
{
    struct composed_section *s = section_of(c, name);
    c->failed |= !s;
    if (s)
        *s = (struct composed_section){ .name = name, .file = file, .size = part->size, .offset = part->offset };
}

/* ---- the file: header, section table, names, copies; then whole pages of mapped files ---- */

static size_t aligned(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

/* Places every section; returns the size of all. `names`: where the section names start. */
static size_t place(const struct composing *c, uint64_t offset[COMPOSE_SECTIONS], size_t *names)
{
    size_t at = sizeof(Elf64_Ehdr) + (c->count + 2) * sizeof(Elf64_Shdr);
    *names = at;
    at += 1 + sizeof ".names";
    for (size_t i = 0; i < c->count; i++)
        at += strlen(c->sections[i].name) + 1;
    for (size_t i = 0; i < c->count; i++)
        if (!c->sections[i].file) {
            offset[i] = at = aligned(at, 8);
            at += c->sections[i].size;
        }
    at = aligned(at, PAGE);
    for (size_t i = 0; i < c->count; i++)
        if (c->sections[i].file) {
            size_t into = c->sections[i].offset % PAGE;
            offset[i] = at + into;
            at += aligned(into + c->sections[i].size, PAGE);
        }
    return at;
}

static bool fill(const struct composing *c, unsigned char *bytes, const uint64_t offset[COMPOSE_SECTIONS], size_t names)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
    Elf64_Shdr *table = (Elf64_Shdr *)(bytes + sizeof *header);
    char *name = (char *)bytes + names + 1;
    memcpy(header->e_ident, ELFMAG, SELFMAG);
    header->e_ident[EI_CLASS] = ELFCLASS64;
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_ident[EI_VERSION] = EV_CURRENT;
    header->e_type = ET_EXEC; /* nothing is to be relocated */
    header->e_machine = EM_X86_64;
    header->e_version = EV_CURRENT;
    header->e_shoff = sizeof *header;
    header->e_ehsize = sizeof *header;
    header->e_shentsize = sizeof *table;
    header->e_shnum = (uint16_t)(c->count + 2);
    header->e_shstrndx = (uint16_t)(c->count + 1);
    for (size_t i = 0; i < c->count; i++) {
        const struct composed_section *s = &c->sections[i];
        table[i + 1] = (Elf64_Shdr){ .sh_name = (uint32_t)(name - ((char *)bytes + names)),
                                     .sh_type = SHT_PROGBITS,
                                     .sh_offset = offset[i],
                                     .sh_size = s->size,
                                     .sh_addralign = 1 };
        name = stpcpy(name, s->name) + 1;
        uint64_t first = s->offset / PAGE * PAGE, into = s->offset % PAGE;
        if (s->file && mmap(bytes + offset[i] - into, aligned(into + s->size, PAGE), PROT_READ, MAP_PRIVATE | MAP_FIXED,
                            s->file->fd, (off_t)first) == MAP_FAILED)
            return false;
        if (!s->file && s->size)
            memcpy(bytes + offset[i], s->bytes, s->size);
    }
    table[c->count + 1] = (Elf64_Shdr){ .sh_name = (uint32_t)(name - ((char *)bytes + names)),
                                        .sh_type = SHT_STRTAB,
                                        .sh_offset = names,
                                        .sh_size = (size_t)(name - ((char *)bytes + names)) + sizeof ".names",
                                        .sh_addralign = 1 };
    strcpy(name, ".names");
    return true;
}

Dwarf *compose_end(struct composing *c)
{
    uint64_t offset[COMPOSE_SECTIONS];
    size_t names, size = place(c, offset, &names);
    if (c->failed || c->count == 0)
        return NULL;
    unsigned char *bytes =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED)
        return NULL;
    keep_mapping(c->arena, bytes, size);
    Elf *elf = fill(c, bytes, offset, names) ? elf_memory((char *)bytes, size) : NULL;
    if (!elf)
        return NULL;
    return keep_dwarf(c->arena, dwarf_begin_elf(keep_elf(c->arena, elf), DWARF_C_READ, NULL));
}
