/* Agreement with binutils and elfutils on programs and libraries that Debian ships, without and with symbols, each
 * line of theirs against one of ours. What they show otherwise is said beside the command that takes it out. */
#include "elf/disasm.h"
#include "elf/frames.h"
#include "elf/image.h"
#include "elf/inventory.h"
#include "elf/symbolize.h"
#include "elf_made.h"
#include "tap.h"

#include <elf.h>

static const char *const programs[] = {
    "/bin/bash",
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

/* The file that Debian ships the symbols of a library in; the library itself where there is none. */
static const char *symbols_of(const char *path, const struct inventory *inv)
{
    const char *debug = !inv->build_id || strlen(inv->build_id) < 3
                            ? path
                            : arena_printf(made_arena, "/usr/lib/debug/.build-id/%.2s/%s.debug", inv->build_id,
                                           inv->build_id + 2);
    return access(debug, R_OK) == 0 ? debug : path;
}

static void test_symbols(const char *path, const struct inventory *inv)
{
    static const char *const type[] = { "FUNC", "OBJECT", "TLS", "IFUNC" };
    ours_begin();
    for (size_t i = 0; i < inv->symbol_count; i++) {
        const struct symbol *s = &inv->symbols[i];
        if (!s->made_up && s->size)
            fprintf(ours, "%016llx %llu %s %.*s\n", (unsigned long long)s->address, (unsigned long long)s->size,
                    type[s->kind], (int)strcspn(s->name, "@"), s->name);
    }
    agree(say(path, "sized symbols are readelf's"),
          "readelf -sW '%s' | awk '/^Symbol table/ { table = $3 } { kept[table] = 1 } "
          "$7 != \"UND\" && $7 != \"ABS\" && $4 ~ /^(FUNC|OBJECT|TLS|IFUNC)$/ && $3 != 0 { sub(/@.*/, \"\", $8); "
          "lines[table] = lines[table] $2 \" \" $3 \" \" $4 \" \" $8 \"\\n\" } "
          "END { q = sprintf(\"%%c\", 39); printf \"%%s\", (q \".symtab\" q) in kept ? lines[q \".symtab\" q] : "
          "lines[q \".dynsym\" q] }'",
          symbols_of(path, inv));
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

/* Bounds and the largest distance of the CFA from %rsp, from elfutils' listing of the call frame programs. */
static const char frame_sizes[] =
    "function see() { if (in_rsp && offset > most) most = offset }\n"
    "function finish() { if (kind == \"FDE\") print start, size, most\n"
    "  if (kind == \"CIE\") { cie_rsp[id] = in_rsp; cie_offset[id] = offset } kind = \"\" }\n"
    "/^Call frame information section.*eh_frame/ { on = 1 } /^Call frame information section.*debug_frame/ { on = 0 }\n"
    "!on { next }\n"
    "match($0, /^ \\[ *[0-9a-f]+\\] (CIE|FDE) /) { finish()\n"
    "  id = substr($0, 1, index($0, \"]\")); gsub(/[][ ]/, \"\", id)\n"
    "  kind = $0 ~ /\\] CIE/ ? \"CIE\" : \"FDE\"; most = depth = offset = in_rsp = 0\n"
    "  if (kind == \"FDE\") { of = $0; sub(/.*cie=\\[ */, \"\", of); sub(/\\].*/, \"\", of)\n"
    "    in_rsp = cie_rsp[of]; offset = cie_offset[of]; see() } }\n"
    "$1 == \"initial_location:\" { match($0, /0x[0-9a-f]+/); start = substr($0, RSTART + 2, RLENGTH - 2) }\n"
    "$1 == \"address_range:\" { size = $2 }\n"
    "$1 == \"def_cfa\" { in_rsp = $2 == \"r7\"; offset = $NF + 0; see() }\n"
    "$1 == \"def_cfa_register\" { in_rsp = $2 == \"r7\"; see() }\n"
    "$1 == \"def_cfa_offset\" { offset = $2 + 0; see() }\n"
    "$1 == \"def_cfa_expression\" { in_rsp = 0 }\n"
    "$1 == \"remember_state\" { kept_rsp[depth] = in_rsp; kept[depth++] = offset }\n"
    "$1 == \"restore_state\" { in_rsp = kept_rsp[--depth]; offset = kept[depth]; see() }\n"
    "END { finish() }\n";

static void test_frame_sizes(const char *path, const struct inventory *inv)
{
    struct frames *frames = frames_read(made_arena, inv->image, inv->sections, inv->section_count);
    ours_begin();
    for (size_t i = 0; i < frames->count; i++) {
        bool through_rbp;
        fprintf(ours, "%016llx 0x%llx %llu\n", (unsigned long long)frames->items[i].address,
                (unsigned long long)frames->items[i].size,
                (unsigned long long)frame_bytes(&frames->items[i], &through_rbp));
    }
    const char *what = arena_printf(made_arena, "bounds and frame sizes of %zu functions are eu-readelf's",
                                    frames->count);
    agree(say(path, what),
          "eu-readelf --debug-dump=frames '%s' | awk -f frame_sizes", path);
}

/* objdump shows fwait and the x87 control instruction behind it as one, fstcw and the like; a processor runs two. */
static bool behind_fwait(const unsigned char *code, uint64_t at, uint64_t size)
{
    if (at == 0 || code[at - 1] != 0x9b || at + 1 >= size)
        return false;
    unsigned op = code[at], form = code[at + 1];
    bool control = form < 0xc0 && (form >> 3 & 7) >= 6; /* fnstenv, fnstcw; fnsave, fnstsw */
    return ((op == 0xd9 || op == 0xdd) && control) || (op == 0xdb && (form == 0xe2 || form == 0xe3)) ||
           (op == 0xdf && form == 0xe0);
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
        if (!behind_fwait(code, at, text->size))
            fprintf(ours, "%llx\n", (unsigned long long)(text->address + at));
        at += disasm(code + at, text->size - at, text->address + at, &insn) ? insn.length : 1;
    }
    agree(say(path, "instructions start where objdump's do"),
          "objdump -d -j .text --no-show-raw-insn '%s' | sed -nE 's/^ +([0-9a-f]+):.*/\\1/p'", path);
}

static bool test_file(const char *path, bool elfutils)
{
    struct err err = ERR_INIT;
    if (access(path, R_OK) != 0) {
        skip(path, "not on this machine");
        return false;
    }
    struct inventory *inv = inventory_read(made_arena, path, &err);
    if (!ok(inv != NULL, "%s is read", path))
        return false;
    test_tables(path, inv);
    test_symbols(path, inv);
    test_frames(path, inv);
    test_instructions(path, inv);
    if (elfutils)
        test_frame_sizes(path, inv);
    else
        skip("bounds and frame sizes", "no eu-readelf here");
    return true;
}

int main(int argc, char **argv)
{
    bool elfutils = system("eu-readelf --version >/dev/null 2>&1") == 0;
    size_t seen = 0;
    (void)argc;
    made_begin();
    made_file("frame_sizes", frame_sizes, sizeof frame_sizes - 1);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        seen += test_file(programs[i], elfutils);
    ok(seen >= 10, "%zu programs and libraries were there", seen);
    /* The shipped ones are stripped; this one is not. */
    char *self = realpath(argv[0], NULL);
    test_file(self, elfutils);
    free(self);
    return done_testing();
}
