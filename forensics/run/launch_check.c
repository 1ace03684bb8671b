#include "run/launch.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
enum { HOST_MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { HOST_MACHINE = EM_AARCH64 };
#else
#error "name this architecture's ELF machine here"
#endif

static const char *machine_name(unsigned machine)
{
    static const struct {
        unsigned machine;
        const char *name;
    } names[] = { { EM_386, "32-bit x86" },  { EM_X86_64, "x86-64" }, { EM_ARM, "32-bit ARM" },
                  { EM_AARCH64, "AArch64" }, { EM_RISCV, "RISC-V" },  { EM_PPC64, "POWER" },
                  { EM_S390, "s390" },       { EM_MIPS, "MIPS" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].machine == machine)
            return names[i].name;
    return "an unknown architecture";
}

/* Reads the program headers: whether there is an interpreter (its path in `interpreter`), and a dynamic section. */
static bool read_segments(int fd, const Elf64_Ehdr *header, char *interpreter, size_t room, Elf64_Phdr *dynamic)
{
    interpreter[0] = '\0';
    *dynamic = (Elf64_Phdr){ .p_type = PT_NULL };
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        off_t at = (off_t)(header->e_phoff + (uint64_t)i * header->e_phentsize);
        if (pread(fd, &segment, sizeof segment, at) != (ssize_t)sizeof segment)
            return false;
        if (segment.p_type == PT_DYNAMIC)
            *dynamic = segment;
        if (segment.p_type == PT_INTERP && segment.p_filesz > 0 && segment.p_filesz < room) {
            if (pread(fd, interpreter, segment.p_filesz, (off_t)segment.p_offset) != (ssize_t)segment.p_filesz)
                return false;
            interpreter[segment.p_filesz] = '\0';
        }
    }
    return true;
}

/* DF_1_PIE is what tells a static PIE from a shared library. */
static bool is_pie(int fd, const Elf64_Phdr *dynamic)
{
    for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic->p_filesz; at += sizeof(Elf64_Dyn)) {
        Elf64_Dyn entry;
        if (pread(fd, &entry, sizeof entry, (off_t)(dynamic->p_offset + at)) != (ssize_t)sizeof entry ||
            entry.d_tag == DT_NULL)
            return false;
        if (entry.d_tag == DT_FLAGS_1)
            return entry.d_un.d_val & DF_1_PIE;
    }
    return false;
}

static bool check_segments(const char *path, int fd, const Elf64_Ehdr *header, struct err *err)
{
    char interpreter[512];
    Elf64_Phdr dynamic;
    if (!read_segments(fd, header, interpreter, sizeof interpreter, &dynamic))
        return err_set(err, ERR_TOOL,
                       "'%s' is cut short: its program headers lie behind the end of the file: build or copy it again",
                       path);
    if (interpreter[0] && access(interpreter, X_OK) < 0)
        return err_set(err, ERR_TOOL,
                       "'%s' needs the loader '%s', which is not on this machine: install it, or link statically", path,
                       interpreter);
    if (header->e_type == ET_DYN && !interpreter[0] && !is_pie(fd, &dynamic))
        return err_set(err, ERR_TOOL, "'%s' is a shared library, not a program: give the program that uses it", path);
    return true;
}

static bool check_header(const char *path, const Elf64_Ehdr *header, ssize_t got, struct err *err)
{
    const unsigned char *ident = header->e_ident;
    if (got >= 2 && memcmp(ident, "#!", 2) == 0)
        return err_set(err, ERR_TOOL,
                       "'%s' is a script, not a binary: give the program it starts, with its arguments after '--'",
                       path);
    if (got < SELFMAG || memcmp(ident, ELFMAG, SELFMAG) != 0)
        return err_set(err, ERR_TOOL, "'%s' is not an ELF program%s: give a compiled program", path,
                       got == 0 ? " (it is empty)" : "");
    if (got < (ssize_t)sizeof *header)
        return err_set(err, ERR_TOOL, "'%s' is cut short inside its ELF header: build or copy it again", path);
    if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB || header->e_machine != HOST_MACHINE)
        return err_set(err, ERR_TOOL,
                       "'%s' is a program for %s and cannot run on this machine (%s): build it for this machine", path,
                       machine_name(header->e_machine), machine_name(HOST_MACHINE));
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
        return err_set(err, ERR_TOOL, "'%s' is %s, not a program: link it first", path,
                       header->e_type == ET_REL    ? "an object file"
                       : header->e_type == ET_CORE ? "a core dump"
                                                   : "an ELF file of another kind");
    return true;
}

static bool check_file(const char *path, struct err *err)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return err_set(err, ERR_TOOL, "there is no file '%s': check the path, or build it first", path);
        return err_sys(err, ERR_TOOL, errno, "cannot look at '%s'", path);
    }
    if (S_ISDIR(st.st_mode))
        return err_set(err, ERR_TOOL, "'%s' is a directory: give the program in it", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_TOOL, "'%s' is not a regular file: give a compiled program", path);
    return true;
}

bool launch_check(const char *path, struct err *err)
{
    if (!check_file(path, err))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, ERR_TOOL, errno, "cannot read '%s'", path);
    Elf64_Ehdr header;
    memset(&header, 0, sizeof header);
    ssize_t got = pread(fd, &header, sizeof header, 0);
    bool fine = got < 0 ? err_sys(err, ERR_TOOL, errno, "cannot read '%s'", path)
                        : check_header(path, &header, got, err) && check_segments(path, fd, &header, err);
    close(fd);
    /* Last, so that a script or an object file is called by its name and not by its missing permission. */
    if (fine && access(path, X_OK) < 0)
        return err_set(err, ERR_TOOL, "'%s' is not executable: chmod +x it", path);
    return fine;
}
