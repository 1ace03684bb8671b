/* Cut, flipped and crafted files: every one ends in an inventory or in one sentence, soon and in little memory. */
#include "elf/delta.h"

#include "elf/facts.h"
#include "elf/inventory.h"
#include "elf/line.h"
#include "elf_made.h"
#include "tap.h"

#include <elf.h>
#include <sys/resource.h>

static const char source[] = "#include <stdio.h>\n"
                             "struct point { char tag; double x, y; }; __thread int counter; struct point points[9];\n"
                             "static inline int half(int n) { return n > 0 ? n / 2 : puts(\"no\"); }\n"
                             "__attribute__((noinline)) int walk(int n) { int s = 0; for (int i = 0; i < n; i++) s += "
                             "half(i) ^ counter; return s; }\n"
                             "int main(int c, char **v) { (void)v; points[0].x = c; return walk(c); }\n";

static unsigned char whole[1 << 18], piece[1 << 18];
static size_t whole_size;

struct tally {
    size_t read, refused, silent /* refused without a full sentence */;
};

/* Reads the piece and, where that works, compares it with itself and with the whole file. */
static void attempt(size_t size, struct tally *t)
{
    struct arena *a = arena_new();
    struct err err = ERR_INIT;
    struct inventory *inv = inventory_from_memory(a, "piece", piece, size, &err);
    struct inventory *good = inventory_from_memory(a, "whole", whole, whole_size, &err);
    if (inv && good) {
        facts_find(a, delta_make(a, inv, good));
        facts_find(a, delta_make(a, good, inv));
        struct lines *lines = lines_open(a, inv);
        struct source_line line;
        for (uint64_t at = 0x1000; lines && at < 0x1300; at += 37)
            line_at(lines, at, &line);
        t->read++;
    } else {
        t->refused++;
        t->silent += strncmp(err.text, "'piece' ", 8) != 0 || strlen(err.text) < 30;
    }
    arena_free(a);
}

static void test_cuts(void)
{
    struct tally t = { 0 };
    memcpy(piece, whole, whole_size);
    for (size_t size = 1; size < whole_size; size += size < 1200 ? 7 : 61)
        attempt(size, &t);
    ok(t.refused > 200 && t.read == 0 && t.silent == 0, "a file cut anywhere is refused with a sentence (%zu cuts)",
       t.refused);
}

static uint32_t next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    return *seed ^= *seed << 5;
}

/* Up to eight flipped bits or replaced words in [from, to). */
static void damage(uint32_t *seed, size_t from, size_t to)
{
    static const uint32_t nasty[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 0x10000, 0xffff };
    memcpy(piece, whole, whole_size);
    for (unsigned n = 1 + next(seed) % 8; n; n--) {
        size_t at = from + next(seed) % (to - from - 4);
        if (next(seed) & 1)
            piece[at] ^= (unsigned char)(1u << next(seed) % 8);
        else
            memcpy(piece + at, &nasty[next(seed) % 8], 4);
    }
}

static void test_flips(const char *what, size_t from, size_t to, size_t times)
{
    struct tally t = { 0 };
    uint32_t seed = 20250701;
    for (size_t i = 0; i < times; i++) {
        damage(&seed, from, to);
        attempt(whole_size, &t);
    }
    ok(t.silent == 0 && t.read + t.refused == times, "%zu damages of %s: %zu read, %zu refused with a sentence", times,
       what, t.read, t.refused);
}

/* A symbol table in which every name is the same long text would cost the square of the file's size. */
static void test_shared_names(void)
{
    enum { SYMBOLS = 2000, NAME = 100000 };
    static struct {
        Elf64_Ehdr header;
        Elf64_Phdr load;
        Elf64_Sym symbols[SYMBOLS];
        char names[NAME + 2];
        Elf64_Shdr sections[3];
    } file;
    file.header = (Elf64_Ehdr){ .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
                                .e_type = ET_DYN,
                                .e_machine = EM_X86_64,
                                .e_version = 1,
                                .e_phoff = offsetof(__typeof__(file), load),
                                .e_shoff = offsetof(__typeof__(file), sections),
                                .e_ehsize = sizeof(Elf64_Ehdr),
                                .e_phentsize = sizeof(Elf64_Phdr),
                                .e_phnum = 1,
                                .e_shentsize = sizeof(Elf64_Shdr),
                                .e_shnum = 3 };
    file.load =
        (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = sizeof file, .p_memsz = sizeof file };
    memset(file.names + 1, 'x', NAME);
    for (size_t i = 0; i < SYMBOLS; i++)
        file.symbols[i] =
            (Elf64_Sym){ .st_name = 1 + (uint32_t)i, .st_info = STT_FUNC, .st_shndx = 1, .st_value = i, .st_size = 1 };
    file.sections[1] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
                                     .sh_offset = offsetof(__typeof__(file), symbols),
                                     .sh_size = sizeof file.symbols,
                                     .sh_link = 2,
                                     .sh_entsize = sizeof(Elf64_Sym) };
    file.sections[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
                                     .sh_offset = offsetof(__typeof__(file), names),
                                     .sh_size = sizeof file.names };
    struct arena *a = arena_new();
    struct err err = ERR_INIT;
    struct inventory *inv = inventory_from_memory(a, "names", &file, sizeof file, &err);
    size_t bytes = 0;
    for (size_t i = 0; inv && i < inv->symbol_count; i++)
        bytes += strlen(inv->symbols[i].name);
    ok(inv && inv->symbol_count == SYMBOLS, "a table of overlapping names is read");
    ok(bytes > 0 && bytes < 20 * sizeof file, "and its names stay in proportion to the file");
    arena_free(a);
}

int main(void)
{
    made_begin();
    FILE *f = fopen(made_program("whole", "-O2 -Wl,--build-id", source), "rb");
    whole_size = f ? fread(whole, 1, sizeof whole, f) : 0;
    if (f)
        fclose(f);
    alarm(120); /* a hang ends the program, which prove reports */
    const Elf64_Ehdr *header = (const void *)whole;
    test_cuts();
    test_flips("the ELF header", 0, 64, 600);
    test_flips("the program headers", 64, 64 + 56 * (size_t)header->e_phnum, 1000);
    test_flips("the section table", header->e_shoff, whole_size, 1500);
    test_flips("everything", 0, whole_size, 1500);
    test_shared_names();
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    ok(usage.ru_maxrss < 512 * 1024, "all of it in less than half a gigabyte (%ld KiB)", usage.ru_maxrss);
    return done_testing();
}
