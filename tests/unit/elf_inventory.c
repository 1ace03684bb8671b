#include "elf/inventory.h"

#include "elf_made.h"
#include "elf/symbolize.h"
#include "tap.h"

#include <ctype.h>
#include <sys/stat.h>

static const char *refusal(const char *path)
{
    struct arena *a = arena_new();
    struct err err = ERR_INIT;
    struct inventory *inv = inventory_read(a, path, &err);
    const char *text = inv ? "no refusal" : arena_strdup(made_arena, err.text);
    arena_free(a);
    return text;
}

static void says(const char *path, const char *want, const char *what)
{
    const char *got = refusal(path);
    if (!ok(strstr(got, want) != NULL, "%s", what))
        diag("got  <%s>\n#   want <%s>", got, want);
}

static struct inventory *must_read(const char *path)
{
    struct err err = ERR_INIT;
    struct inventory *inv = inventory_read(made_arena, path, &err);
    if (!inv) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return inv;
}

static void test_bad_input(void)
{
    unsigned char bytes[4096];
    const char *program = made_program("whole", "-O2", "int main(void) { return 0; }");
    FILE *f = fopen(program, "rb");
    size_t size = f ? fread(bytes, 1, sizeof bytes, f) : 0;
    if (f)
        fclose(f);
    says(made_path("absent"), "does not exist: check the path", "a missing file is named, with what to do");
    says(made_folder, "is a directory", "a directory is refused");
    says(made_file("empty", "", 0), "is empty", "an empty file is refused");
    says(made_file("script", "#!/bin/sh\n", 10), "is a script", "a script is refused as such");
    says(made_file("text", "hello, world, this is text", 26), "is not an ELF binary", "a text is refused");
    says(made_file("ar", "!<arch>\nxxxxxxxxxxxxxxxx", 24), "static library", "an archive is refused as such");
    says(made_file("head", bytes, 40), "cut short: its ELF header should end at byte 64", "a cut header says so");
    says(made_file("cut", bytes, size), "cut short: its section table", "a cut file says so");
    says("/dev/null", "is not a regular file", "a device is refused");
    made_run("gcc -c -o made.o made.c");
    says(made_path("made.o"), "is an object file that is not linked yet", "an object file is refused as such");
    bytes[18] = 0xf3;                                                          /* e_machine: RISC-V */
    bytes[40] = bytes[41] = bytes[42] = bytes[43] = bytes[60] = bytes[61] = 0; /* no section table */
    bytes[56] = 1;                                                             /* one program header: PT_PHDR */
    struct inventory *inv = must_read(made_file("riscv", bytes, size));
    struct err err = ERR_INIT;
    ok(!inventory_is_native(inv, &err) && strstr(err.text, "64-bit RISC-V"), "another machine is read, but not native");
    ok(inv->missing_count >= 2, "and what that costs is said");
}

static const char two_threads[] =
    "#include <stdio.h>\n"
    "__thread int counter = 3; __thread char room[100];\n"
    "static int twice(int x) { return 2 * x; }\n"
    "int (*hook)(int) = twice;\n"
    "__attribute__((cold, noinline)) void die(int n) { fprintf(stderr, \"%d\", n); }\n"
    "extern int alias(int) __attribute__((alias(\"work\")));\n"
    "__attribute__((noinline)) int work(int n) {\n"
    "    if (__builtin_expect(n < 0, 0)) { die(n); puts(\"cold\"); puts(\"path\"); die(2); }\n"
    "    return hook(n) + counter++ + room[n]; }\n"
    "__attribute__((hot, noinline)) int hot(int n) { return hook(n) ^ 5; }\n"
    "int table[1000] = { 1 }; int zeros[500];\n"
    "int main(int c, char **v) { (void)v; return work(c) + hot(c) + table[c] + zeros[c]; }\n";

static void test_facts(void)
{
    struct inventory *inv = must_read(made_program("facts", "-O2 -no-pie -Wl,--build-id=sha1", two_threads));
    is_str(inv->type, "executable", "-no-pie gives an executable");
    char line[300] = "";
    FILE *f = popen(arena_printf(made_arena, "readelf -lW %s | awk '$1 == \"TLS\" { print $6, $NF }'", inv->path), "r");
    ok(f && fgets(line, sizeof line, f) && inv->tls_size == strtoull(line, NULL, 16) && inv->tls_size >= 104,
       "the size of PT_TLS is readelf's");
    if (f)
        pclose(f);
    ok(strncmp(inv->compiler, "GNU C", 5) == 0 && strstr(inv->flags, "-O2"),
       "compiler and flags come from DW_AT_producer");
    ok(inv->build_id && strlen(inv->build_id) == 40, "the build id is there");
    ok(strlen(inv->sha256) == 64 && isxdigit((unsigned char)inv->sha256[63]), "and the digest");
    ok(inv->needed_count == 1 && strcmp(inv->needed[0], "libc.so.6") == 0, "DT_NEEDED is libc.so.6");
    ok(inv->plt_slots >= 1 && inv->relocations > inv->plt_slots, "PLT slots and relocations are counted");
    const struct symbol *twice = symbol_named(inv, "twice"), *work = symbol_named(inv, "work");
    ok(twice && twice->local && strcmp(twice->file, "made.c") == 0, "a static function is local and knows its file");
    ok(work && symbol_named(inv, "alias") == work, "an alias leads to the function");
    size_t aliases = 0;
    for (size_t i = 0; i < inv->symbol_count; i++)
        aliases += inv->symbols[i].alias &&
                   (strcmp(inv->symbols[i].name, "alias") == 0 || strcmp(inv->symbols[i].name, "work") == 0);
    ok(aliases == 1, "one of the two names is flagged as alias");
    const struct symbol *counter = symbol_named(inv, "counter");
    ok(counter && counter->kind == SYMBOL_TLS && symbol_at_tls(inv, counter->address + 3) == counter,
       "TLS symbols are found by offset");
    const struct symbol *zeros = symbol_named(inv, "zeros");
    ok(zeros && zeros->size == 2000 && zeros->use == USE_BSS && symbol_at(inv, zeros->address + 1999) == zeros,
       "an object is found by its last byte");
    ok(symbol_named(inv, "die")->cold && symbol_named(inv, "work.cold")->cold && !work->cold,
       "cold functions are told from others");
    is_str(symbol_named(inv, "work.cold")->base_name, "work", "the cold part's base name is the function's");
    is_str(section_use_name[symbol_named(inv, "main")->use], "text.startup", "main sits among the startup code");
    is_str(section_use_name[symbol_named(inv, "hot")->use], "text.hot", "a hot function among the hot");
    is_str(section_use_name[work->use], "text", "an ordinary one in the rest");
}

static void test_libraries(void)
{
    const char *source = "__thread int v; int *get(void) { return &v; }";
    made_file("made.c", source, strlen(source));
    made_run("gcc -shared -fPIC -O2 -o gd.so made.c");
    made_run("gcc -shared -fPIC -O2 -ftls-model=initial-exec -Wl,-rpath,/opt/x -o ie.so made.c");
    struct inventory *gd = must_read(made_path("gd.so")), *ie = must_read(made_path("ie.so"));
    is_str(gd->type, "shared object", "a library is a shared object");
    ok(gd->tls_dynamic_relocations == 1 && gd->tls_static_relocations == 0 && !gd->static_tls,
       "general-dynamic TLS is counted");
    ok(ie->tls_dynamic_relocations == 0 && ie->tls_static_relocations == 1 && ie->static_tls,
       "initial-exec TLS is counted");
    is_str(ie->runpath, "/opt/x", "the library path is read");
    ok(!gd->has_debug && gd->missing_count == 1, "missing debug information is said");
}

static void test_stripped(void)
{
    struct inventory *whole = must_read(made_program("whole", "-O2", two_threads));
    made_run("strip -o bare whole");
    struct inventory *bare = must_read(made_path("bare"));
    ok(!bare->has_symbols && bare->missing_count >= 1 &&
           strstr(bare->missing[bare->missing_count - 1], "no symbol table"),
       "a stripped file says so");
    size_t missed = 0, functions = 0;
    for (size_t i = 0; i < whole->symbol_count; i++) {
        const struct symbol *s = &whole->symbols[i];
        if (s->kind != SYMBOL_FUNCTION || s->size == 0 || s->alias)
            continue;
        const struct symbol *found = symbol_at(bare, s->address);
        functions++;
        missed += !found || found->address != s->address || found->size != s->size;
    }
    ok(functions >= 5 && missed == 0, "every function that has a size is found again by its call frames");
    const struct symbol *work = symbol_named(whole, "work");
    is_str(symbol_at(bare, work->address + 1)->name,
           arena_printf(made_arena, "fn_%llx", (unsigned long long)work->address), "under the name of its address");
}

static void test_no_section_table(void)
{
    FILE *f = fopen(made_program("table", "-O2", two_threads), "rb");
    static unsigned char bytes[1 << 20];
    size_t size = f ? fread(bytes, 1, sizeof bytes, f) : 0;
    if (f)
        fclose(f);
    memset(bytes + 40, 0, 8); /* e_shoff */
    memset(bytes + 60, 0, 4); /* e_shnum, e_shstrndx */
    struct inventory *inv = must_read(made_file("headless", bytes, size)), *whole = must_read(made_path("table"));
    const struct symbol *work = symbol_named(whole, "work"), *found = symbol_at(inv, work->address);
    ok(found && found->address == work->address && found->size == work->size,
       "functions are found without a section table");
    ok(inv->needed_count == 1 && inv->tls_size == whole->tls_size && inv->tls_size > 0, "libraries and TLS, too");
}

int main(void)
{
    made_begin();
    test_bad_input();
    test_facts();
    test_libraries();
    test_stripped();
    test_no_section_table();
    return done_testing();
}
