#include "sim/record_check.h"

#include "sim/record.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- limits ---- */

const struct record_limit record_limits[] = {
    { RLIMIT_STACK, RECORD_STACK, RECORD_STACK, "a stack of 8 MiB", "-s" },
    { RLIMIT_NOFILE, RECORD_DESCRIPTORS, RECORD_DESCRIPTORS, "1024 descriptors", "-n" },
    { RLIMIT_AS, 256 << 20, RLIM_INFINITY, "256 MiB of address space beside the program's own", "-v" },
    { RLIMIT_DATA, 256 << 20, RLIM_INFINITY, "256 MiB of data beside the program's own", "-d" },
    { RLIMIT_FSIZE, 1 << 30, RLIM_INFINITY, "files of 1 GiB", "-f" },
    { RLIMIT_CORE, 0, 0, "no core dump", "-c" },
};
const unsigned record_limit_count = sizeof record_limits / sizeof *record_limits;

/* The ring and the recording are this process's own files, so there the soft limit counts. */
static rlim_t allowed(const struct record_limit *row)
{
    struct rlimit limit;
    if (getrlimit(row->resource, &limit) != 0)
        return 0;
    return row->resource == RLIMIT_FSIZE ? limit.rlim_cur : limit.rlim_max;
}

bool record_check_limits(struct err *err)
{
    for (unsigned i = 0; i < record_limit_count; i++) {
        const struct record_limit *row = &record_limits[i];
        if (allowed(row) < row->least)
            return err_set(err, ERR_TOOL,
                           "the recorder needs %s, and the limit here (ulimit %s) is below that: raise it, or use --source clock",
                           row->what, row->option);
    }
    return true;
}

/* ---- the program ---- */

/* Bits of the GNU property x86 ISA_1_NEEDED (x86-64 psABI, "Program Property"). */
enum { ISA_NEEDED = 0xc0008002, ISA_V3 = 1 << 2, ISA_V4 = 1 << 3 };

/* The ISA_1_NEEDED bits of one property note. */
static uint32_t isa_bits(const unsigned char *note, size_t bytes)
{
    Elf64_Nhdr n;
    if (bytes < sizeof n + 4)
        return 0;
    memcpy(&n, note, sizeof n);
    if (n.n_type != NT_GNU_PROPERTY_TYPE_0 || n.n_namesz != 4 || n.n_descsz > bytes - sizeof n - 4)
        return 0;
    const unsigned char *at = note + sizeof n + 4, *end = at + n.n_descsz;
    while (end - at >= 8) {
        uint32_t type, size, value;
        memcpy(&type, at, 4);
        memcpy(&size, at + 4, 4);
        if (size > (size_t)(end - at) - 8)
            break;
        if (type == (uint32_t)ISA_NEEDED && size == 4) {
            memcpy(&value, at + 8, 4);
            return value;
        }
        at += 8 + (size + 7) / 8 * 8;
    }
    return 0;
}

/* The first program header of `type`. */
static bool find_segment(int fd, const Elf64_Ehdr *header, uint32_t type, Elf64_Phdr *found)
{
    for (unsigned i = 0; i < header->e_phnum; i++) {
        if (pread(fd, found, sizeof *found, (off_t)(header->e_phoff + (uint64_t)i * sizeof *found)) != sizeof *found)
            return false;
        if (found->p_type == type)
            return true;
    }
    return false;
}

static uint32_t needed_isa(int fd, const Elf64_Ehdr *header)
{
    Elf64_Phdr p;
    unsigned char note[512];
    if (!find_segment(fd, header, PT_GNU_PROPERTY, &p))
        return 0;
    ssize_t n = pread(fd, note, p.p_filesz < sizeof note ? p.p_filesz : sizeof note, (off_t)p.p_offset);
    return n > 0 ? isa_bits(note, (size_t)n) : 0;
}

static bool check_loader(const char *program, int fd, const Elf64_Ehdr *header, struct err *err)
{
    Elf64_Phdr p;
    char loader[PATH_MAX] = "";
    if (!find_segment(fd, header, PT_INTERP, &p))
        return true;
    if (p.p_filesz >= sizeof loader || pread(fd, loader, p.p_filesz, (off_t)p.p_offset) != (ssize_t)p.p_filesz)
        return err_set(err, ERR_TARGET, "'%s' is cut short before its loader's name: build or copy it again", program);
    if (access(loader, X_OK) != 0)
        return err_set(err, ERR_TARGET,
                       "'%s' needs the loader '%s', which is not on this machine: install it, or link statically", program,
                       loader);
    return true;
}

static bool check_header(const char *program, const Elf64_Ehdr *h, ssize_t got, struct err *err)
{
    if (got >= 2 && memcmp(h, "#!", 2) == 0)
        return err_set(err, ERR_TARGET, "'%s' is a script: record its interpreter, with the script as first argument",
                       program);
    if (got < (ssize_t)sizeof *h || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        return err_set(err, ERR_TARGET, "'%s' is not an ELF executable: give the program itself", program);
    if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_machine != EM_X86_64)
        return err_set(err, ERR_TARGET,
                       "'%s' is not an x86-64 program, and the recorder runs no other: use --source clock or perf",
                       program);
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        return err_set(err, ERR_TARGET, "'%s' is not an executable (an object file or a core dump?): link it first",
                       program);
    return true;
}

static bool check_mode(const char *program, int fd, struct err *err)
{
    struct stat st;
    struct statvfs place;
    if (fstat(fd, &st) != 0)
        return err_sys(err, ERR_TARGET, errno, "cannot look at '%s'", program);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_TARGET, "'%s' is not a file: give the program itself", program);
    if (!(st.st_mode & 0111))
        return err_set(err, ERR_TARGET, "'%s' is not executable: chmod +x it", program);
    if (fstatvfs(fd, &place) == 0 && place.f_flag & ST_NOEXEC)
        return err_set(err, ERR_TARGET,
                       "'%s' lies on a file system from which nothing may be executed (mounted noexec): copy it elsewhere",
                       program);
    if (st.st_mode & (S_ISUID | S_ISGID))
        return err_set(err, ERR_TARGET,
                       "'%s' is setuid or setgid, and cannot be recorded with its rights: record a copy without",
                       program);
    if (fgetxattr(fd, "security.capability", NULL, 0) > 0)
        return err_set(err, ERR_TARGET,
                       "'%s' has file capabilities (getcap), and cannot be recorded with them: record a copy without",
                       program);
    return true;
}

static bool check_isa(const char *program, uint32_t needed, enum record_isa *isa, struct err *err)
{
    if (needed & ISA_V4)
        return err_set(err, ERR_TARGET,
                       "'%s' needs AVX-512 (x86-64-v4), which the recorder cannot run: build it for x86-64-v3 or less",
                       program);
    *isa = needed & ISA_V3 ? RECORD_ISA_V3 : RECORD_ISA_V2;
    if (*isa == RECORD_ISA_V3 && !__builtin_cpu_supports("avx2"))
        return err_set(err, ERR_TARGET,
                       "'%s' needs AVX2 (x86-64-v3), which this processor lacks: build it for x86-64-v2", program);
    return true;
}

int record_check_open(const char *program, enum record_isa *isa, struct err *err)
{
    Elf64_Ehdr header;
    int fd = open(program, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        err_sys(err, ERR_TARGET, errno, "cannot open the program '%s'", program);
        return -1;
    }
    if (check_mode(program, fd, err) && check_header(program, &header, pread(fd, &header, sizeof header, 0), err) &&
        check_loader(program, fd, &header, err) && check_isa(program, needed_isa(fd, &header), isa, err))
        return fd;
    close(fd);
    return -1;
}

bool record_check(const char *program, struct err *err)
{
    enum record_isa isa;
    int fd = record_check_open(program, &isa, err);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}
