/* Agreement with binutils on programs and libraries that Debian ships, each line of theirs against one of ours. */
#include "elf/disasm.h"
#include "elf/frames.h"
#include "elf/image.h"
#include "elf/inventory.h"
#include "elf/symbolize.h"
#include "elf_made.h"
#include "tap.h"

#include <elf.h>

static const char *const programs[] = {
    "/bin/ls",
    "/bin/cp",
    "/bin/sed",
    "/bin/tar",
    "/usr/bin/sort",
    "/usr/bin/make",
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/x86_64-linux-gnu/libm.so.6",
    "/lib/x86_64-linux-gnu/libz.so.1",
    "/lib64/ld-linux-x86-64.so.2",
    "/usr/lib/x86_64-linux-gnu/libelf.so.1",
    "/usr/lib/x86_64-linux-gnu/libdw.so.1",
    "/usr/lib/x86_64-linux-gnu/libjansson.so.4",
};

static FILE *ours;

static void ours_begin(void)
{
    ours = fopen(made_path("ours"), "w");
    if (!ours) {
        perror("ours");
        exit(1);
    }
}

/* Closes our lines and compares them, sorted, with what a command prints. At most ten differing lines are shown. */
__attribute__((format(printf, 2, 3))) static void agree(const char *what, const char *command, ...)
{
    va_list ap;
    fclose(ours);
    va_start(ap, command);
    const char *theirs = arena_vprintf(made_arena, command, ap);
    va_end(ap);
    const char *line = arena_printf(
        made_arena,
        "cd %s && export LC_ALL=C && { %s; } 2>/dev/null | sort > theirs; sort ours > sorted; "
        "test -s sorted && diff sorted theirs > difference; code=$?; head -10 difference | sed 's/^/# /'; exit $code",
        made_folder, theirs);
    ok(system(line) == 0, "%s", what);
}

static const char *say(const char *path, const char *what)
{
    return arena_printf(made_arena, "%s: %s", path, what);
}

static void test_tables(const char *path, const struct inventory *inv)
{
    ours_begin();
    for (size_t i = 1; i < inv->section_count; i++)
        fprintf(ours, "%s %016llx %06llx %06llx\n", inv->sections[i].name, (unsigned long long)inv->sections[i].address,
                (unsigned long long)inv->sections[i].offset, (unsigned long long)inv->sections[i].size);
    agree(say(path, "sections are readelf's"),
          "readelf -SW '%s' | sed -n 's/^ *\\[ *[1-9][0-9]*\\] //p' | awk '{ print $1, $3, $4, $5 }'", path);
    ours_begin();
    for (size_t i = 0; i < inv->segment_count; i++)
        fprintf(ours, "0x%06llx 0x%016llx 0x%06llx 0x%06llx\n", (unsigned long long)inv->segments[i].offset,
                (unsigned long long)inv->segments[i].address, (unsigned long long)inv->segments[i].file_size,
                (unsigned long long)inv->segments[i].memory_size);
    agree(say(path, "segments are readelf's"),
          "readelf -lW '%s' | sed -n '/^Program Headers/,/^ Section to/p' | awk '$2 ~ /^0x/ { print $2, $3, $5, $6 }'",
          path);
    ours_begin();
    fprintf(ours, "%llu\n", (unsigned long long)inv->relocations);
    agree(say(path, "relocations are as many as readelf's"), "readelf -rW '%s' | grep -cE 'R_X86_64_|^[0-9a-f]{16}$'",
          path);
}

static void test_symbols(const char *path, const struct inventory *inv)
{
    static const char *const type[] = { "FUNC", "OBJECT", "TLS", "IFUNC" };
    ours_begin();
    for (size_t i = 0; i < inv->symbol_count; i++) {
        const struct symbol *s = &inv->symbols[i];
        if (!s->made_up && s->size)
            fprintf(ours, "%016llx %llu %s %s\n", (unsigned long long)s->address, (unsigned long long)s->size,
                    type[s->kind], s->name);
    }
    agree(say(path, "sized symbols are readelf's"),
          "readelf -sW '%s' | awk '/^Symbol table/ { table = $3 } { kept[table] = 1 } "
          "$7 != \"UND\" && $7 != \"ABS\" && $4 ~ /^(FUNC|OBJECT|TLS|IFUNC)$/ && $3 != 0 { sub(/@.*/, \"\", $8); "
          "lines[table] = lines[table] $2 \" \" $3 \" \" $4 \" \" $8 \"\\n\" } "
          "END { q = sprintf(\"%%c\", 39); printf \"%%s\", (q \".symtab\" q) in kept ? lines[q \".symtab\" q] : "
          "lines[q \".dynsym\" q] }'",
          path);
}

static void test_frames(const char *path, const struct inventory *inv)
{
    struct frames *frames = frames_read(made_arena, inv->image, inv->sections, inv->section_count);
    ours_begin();
    for (size_t i = 0; i < frames->count; i++)
        fprintf(ours, "%016llx..%016llx\n", (unsigned long long)frames->items[i].address,
                (unsigned long long)(frames->items[i].address + frames->items[i].size));
    agree(say(path, "call frame entries are readelf's"), "readelf --debug-dump=frames '%s' | sed -n 's/.*FDE.* pc=//p'",
          path);
}

static uint64_t longest_offset(const char *path, uint64_t address)
{
    const char *command = arena_printf(
        made_arena,
        "readelf --debug-dump=frames-interp '%s' 2>/dev/null | awk '/FDE/ { on = ($0 ~ /pc=%016llx\\.\\./) } "
        "on && $2 ~ /^rsp\\+/ { sub(/rsp\\+/, \"\", $2); if ($2 + 0 > most) most = $2 + 0 } END { print most + 0 }'",
        path, (unsigned long long)address);
    FILE *f = popen(command, "r");
    unsigned long long most = 0;
    if (f && fscanf(f, "%llu", &most) != 1)
        most = 0;
    if (f)
        pclose(f);
    return most ? most : 8; /* readelf prints no row for an FDE that leaves the CIE's state, %rsp + 8, as it is */
}

static void test_frame_sizes(const char *path, const struct inventory *inv)
{
    struct frames *frames = frames_read(made_arena, inv->image, inv->sections, inv->section_count);
    size_t wrong = 0, asked = 0;
    for (size_t i = 3; i < frames->count; i += frames->count / 12 + 1, asked++) {
        bool through_rbp;
        uint64_t bytes = frame_bytes(&frames->items[i], &through_rbp),
                 want = longest_offset(path, frames->items[i].address);
        wrong += bytes != want;
        if (bytes != want)
            diag("%llx: %llu, readelf %llu", (unsigned long long)frames->items[i].address, (unsigned long long)bytes,
                 (unsigned long long)want);
    }
    ok(asked >= 8 && wrong == 0, "%s: frame sizes of %zu functions are readelf's", path, asked);
}

/* Every instruction of .text starts where objdump says. */
static void test_instructions(const char *path, const struct inventory *inv)
{
    const struct section *text = NULL;
    for (size_t i = 0; i < inv->section_count; i++)
        if (strcmp(inv->sections[i].name, ".text") == 0)
            text = &inv->sections[i];
    const unsigned char *code = text ? image_at(inv->image, text->address, text->size) : NULL;
    ours_begin();
    for (uint64_t at = 0; code && at < text->size;) {
        struct insn insn;
        fprintf(ours, "%llx\n", (unsigned long long)(text->address + at));
        at += disasm(code + at, text->size - at, text->address + at, &insn) ? insn.length : 1;
    }
    agree(say(path, "instructions start where objdump's do"),
          "objdump -d -j .text --no-show-raw-insn '%s' | sed -nE 's/^ +([0-9a-f]+):.*/\\1/p'", path);
}

int main(void)
{
    size_t seen = 0;
    made_begin();
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct err err = ERR_INIT;
        if (access(programs[i], R_OK) != 0) {
            skip(programs[i], "not on this machine");
            continue;
        }
        struct inventory *inv = inventory_read(made_arena, programs[i], &err);
        if (!ok(inv != NULL, "%s is read", programs[i]))
            continue;
        seen++;
        test_tables(programs[i], inv);
        test_symbols(programs[i], inv);
        test_frames(programs[i], inv);
    }
    ok(seen >= 8, "%zu programs and libraries were there", seen);
    static const char *const small[] = { "/bin/ls", "/lib/x86_64-linux-gnu/libz.so.1", "/bin/sed" };
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        struct err err = ERR_INIT;
        struct inventory *inv = inventory_read(made_arena, small[i], &err);
        if (!inv) {
            skip(small[i], "not on this machine");
            continue;
        }
        test_frame_sizes(small[i], inv);
        test_instructions(small[i], inv);
    }
    return done_testing();
}
