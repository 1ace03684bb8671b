/* Debug information and symbols wherever they live: the same facts from every place, none in the null twin, and a
 * sentence where they are not to be had. */
#include "elf/delta.h"
#include "elf/facts.h"
#include "elf/inventory.h"
#include "elf_made.h"
#include "tap.h"

/* One struct that grows, one call that is inlined or not. */
static const char source[] =
    "#include <stdio.h>\n"
    "struct shared { int a; char room[ROOM]; long z; }; enum hue { red, green MORE };\n"
    "struct shared box; enum hue tint;\n"
    "ATTR int half(int n) { return n > 0 ? n / 2 + n * n : puts(\"no\"); }\n"
    "__attribute__((noinline)) int walk(int n) { int s = box.a; for (int i = 0; i < n; i++) s += half(i); return s; }\n"
    "static __attribute__((noinline)) int still(int n) { return n * 31 + tint; }\n"
    "int main(int c, char **v) { (void)v; return walk(c) + still(c); }\n";

static const char *const sides[] = { "old", "new", "twin" };

/* Builds old, new and twin, each in a folder of its own, and runs a step there. */
static void build(const char *compiler, const char *flags, const char *step)
{
    made_run("rm -rf old new twin");
    for (int i = 0; i < 3; i++) {
        made_run("mkdir %s", sides[i]);
        made_file(arena_printf(made_arena, "%s/made.c", sides[i]), source, sizeof source - 1);
        made_run("cd %s && %s -O2 %s %s -o prog made.c && rm made.c && { %s; }",
                 sides[i], compiler, flags,
                 i == 1 ? "-DROOM=12 -DMORE=,blue '-DATTR=static inline'"
                        : "-DROOM=4 -DMORE= '-DATTR=static __attribute__((noinline))'",
                 step);
    }
}

static const struct inventory *side_of(int i)
{
    struct err err = ERR_INIT;
    const struct inventory *inv =
        inventory_read(made_arena, arena_printf(made_arena, "%s/%s/prog", made_folder, sides[i]), &err);
    if (!inv) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return inv;
}

static struct delta *compare(int old, int new)
{
    struct delta *d = delta_make(made_arena, side_of(old), side_of(new));
    facts_find(made_arena, d);
    return d;
}

static const char *sentence(const struct delta *d, enum code_fact_kind kind, const char *name)
{
    for (size_t i = 0; i < d->code_fact_count; i++)
        if (d->code_facts[i].kind == kind && strcmp(d->code_facts[i].name, name) == 0)
            return d->code_facts[i].sentence;
    return NULL;
}

static const char *setting(const struct delta *d, const char *what)
{
    for (size_t i = 0; i < d->fact_count; i++)
        if (strcmp(d->facts[i].what, what) == 0)
            return d->facts[i].new;
    return NULL;
}

static const struct symbol_change *change(const struct delta *d, const char *name)
{
    for (size_t i = 0; i < d->symbol_count; i++)
        if (strcmp(d->symbols[i].name, name) == 0)
            return &d->symbols[i];
    return NULL;
}

/* The sentence of inventory.missing that holds a text; NULL: none. */
static const char *lacks(const struct inventory *inv, const char *text)
{
    for (size_t i = 0; i < inv->missing_count; i++)
        if (strstr(inv->missing[i], text))
            return inv->missing[i];
    return NULL;
}

static void test_place(const char *what, const char *compiler, const char *flags, const char *step)
{
    build(compiler, flags, step);
    struct delta *d = compare(0, 1), *null = compare(0, 2);
    const char *size = sentence(d, FACT_STRUCT_SIZE, "shared"), *inlined = sentence(d, FACT_INLINED, "walk"),
               *values = sentence(d, FACT_ENUM_VALUES, "hue");
    const struct symbol_change *still = change(d, "still");
    bool right = size && strcmp(size, "struct shared has 24 bytes, 0 of them holes, before 16 with 0") == 0 && values &&
                 inlined && strcmp(inlined, "half is now inlined in walk (call at made.c:5)") == 0;
    if (!ok(right, "%s: a struct, an enum and an inlined call that changed are told", what))
        diag("%s; %s; %s", size ? size : "-", values ? values : "-", inlined ? inlined : "-");
    ok(still && still->fate <= FATE_MOVED && d->old->has_symbols, "%s: functions have their names", what);
    if (!ok(null->code_fact_count == 0 && !setting(null, "compiler") && !setting(null, "compiler flags"),
            "%s: nothing in the null twin", what))
        for (size_t i = 0; i < null->code_fact_count; i++)
            diag("%s", null->code_facts[i].sentence);
    ok(!lacks(d->old, "not there") && !lacks(d->old, "no debug"), "%s: nothing is said to be missing", what);
}

#define APART "objcopy --only-keep-debug prog prog.debug && strip prog && objcopy --add-gnu-debuglink=prog.debug prog"

static bool have(const char *command)
{
    return system(arena_printf(made_arena, "command -v %s >/dev/null 2>&1", command)) == 0;
}

static void test_places(void)
{
    static const struct {
        const char *what, *compiler, *flags, *step;
    } rows[] = {
        { "gcc, DWARF 5", "gcc", "-gdwarf-5", ":" },
        { "gcc, DWARF 4", "gcc", "-gdwarf-4", ":" },
        { "gcc, compressed", "gcc", "-g -gz=zlib", ":" },
        { "gcc, compressed the old way", "gcc", "-g -gz=zlib-gnu", ":" },
        { "gcc, type units of DWARF 5", "gcc", "-gdwarf-5 -fdebug-types-section", ":" },
        { "gcc, type units of DWARF 4", "gcc", "-gdwarf-4 -fdebug-types-section", ":" },
        { "gcc, split DWARF 5", "gcc", "-gdwarf-5 -gsplit-dwarf", ":" },
        { "gcc, split DWARF 4", "gcc", "-gdwarf-4 -gsplit-dwarf", ":" },
        { "gcc, split DWARF 5 with type units", "gcc", "-gdwarf-5 -gsplit-dwarf -fdebug-types-section", ":" },
        { "gcc, split DWARF 4 with type units", "gcc", "-gdwarf-4 -gsplit-dwarf -fdebug-types-section", ":" },
        { "gcc, LTO", "gcc", "-g -flto", ":" },
        { "gcc, LTO, DWARF 4", "gcc", "-gdwarf-4 -flto", ":" },
        { "gcc, linked file beside", "gcc", "-g", APART },
        { "gcc, linked file in .debug", "gcc", "-g", APART " && mkdir .debug && mv prog.debug .debug" },
        { "gcc, linked file compressed", "gcc", "-g",
          "objcopy --only-keep-debug --compress-debug-sections prog prog.debug && strip prog && objcopy "
          "--add-gnu-debuglink=prog.debug prog" },
        { "gcc, linked file by checksum", "gcc", "-g -Wl,--build-id=none", APART },
        { "gcc, debug information apart, symbols here", "gcc", "-g",
          "objcopy --only-keep-debug prog prog.debug && strip -g prog && objcopy --add-gnu-debuglink=prog.debug prog" },
        { "gcc, dwz", "gcc", "-g", "dwz prog" },
        { "gcc, dwz with a common file", "gcc", "-g", "cp prog other && dwz -m common -r prog other" },
        { "gcc, dwz with a common file, DWARF 4", "gcc", "-gdwarf-4", "cp prog other && dwz -m common -r prog other" },
        { "clang, DWARF 5", "clang", "-gdwarf-5", ":" },
        { "clang, DWARF 4", "clang", "-gdwarf-4", ":" },
        { "clang, type units", "clang", "-gdwarf-5 -fdebug-types-section", ":" },
        { "clang, split DWARF 5", "clang", "-gdwarf-5 -gsplit-dwarf", ":" },
        { "clang, split DWARF 5 with type units", "clang", "-gdwarf-5 -gsplit-dwarf -fdebug-types-section", ":" },
        { "clang, linked file beside", "clang", "-g", APART },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!have(rows[i].compiler) || (strncmp(rows[i].step, "dwz", 3) == 0 && !have("dwz")))
            skip(rows[i].what, "not on this machine");
        else
            test_place(rows[i].what, rows[i].compiler, rows[i].flags, rows[i].step);
}

/* Split files are looked for beside the program, too: where it was compiled may be another machine. */
static void test_moved(void)
{
    build("gcc", "-g -gsplit-dwarf", ":");
    made_run("for side in old new twin; do mv $side away && mkdir $side && mv away/* $side && rmdir away; done; "
             "mkdir -p there && for side in old new; do mv $side there/; done");
    struct err err = ERR_INIT;
    struct delta *d = delta_make(made_arena, inventory_read(made_arena, made_path("there/old/prog"), &err),
                                 inventory_read(made_arena, made_path("there/new/prog"), &err));
    facts_find(made_arena, d);
    ok(sentence(d, FACT_STRUCT_SIZE, "shared") != NULL, "split files that moved along with the program are found");
    made_run("rm -rf there");
}

/* What is lost costs only what needed it. */
static void test_missing(void)
{
    build("gcc", "-g -gsplit-dwarf", "rm -f *.dwo");
    struct delta *d = compare(0, 1);
    ok(lacks(d->old, "1 of its 1 units in .dwo files that are not there"), "lost .dwo files are told");
    ok(!sentence(d, FACT_INLINED, "walk") && sentence(d, FACT_INSNS, "walk"), "code is compared all the same");
    build("gcc", "-g -Wl,--build-id=none", APART " && echo >>prog.debug");
    d = compare(0, 1);
    ok(lacks(d->old, "'prog.debug', which is not there or belongs to another build") && !d->old->has_debug,
       "a linked file whose checksum is another is not taken");
    ok(!d->old->has_symbols && change(d, "main") == NULL, "nor are its symbols");
    build("gcc", "-g", APART " && rm prog.debug");
    ok(lacks(side_of(0), "'prog.debug', which is not there"), "one that is not there is named");
    build("gcc", "-g", APART);
    made_run("cp new/prog.debug old/prog.debug");
    ok(lacks(side_of(0), "belongs to another build"), "the file of another build is not taken");
    if (have("dwz")) {
        build("gcc", "-g", "cp prog other && dwz -m common -r prog other && rm common");
        d = compare(0, 1);
        ok(lacks(d->old, "'common', which is not there"), "a lost common file of dwz is told");
        ok(sentence(d, FACT_INSNS, "walk") != NULL, "and code is compared all the same");
    } else {
        skip("a lost common file", "no dwz here");
    }
}

static void test_one_side(void)
{
    build("gcc", "-g", ":");
    made_run("strip -g new/prog && strip twin/prog");
    struct delta *d = compare(0, 1);
    ok(!sentence(d, FACT_INLINED, "walk") && !setting(d, "compiler") && !setting(d, "compiler flags"),
       "debug information on one side is no change of inlining, compiler or flags");
    is_str(setting(d, "debug information"), "no", "but that it went is told");
    d = compare(0, 2);
    is_str(setting(d, "symbol table"), "no", "so is a lost symbol table");
}

/* As Fedora packs the names of functions into a stripped file. */
static void test_small_table(void)
{
    if (!have("xz")) {
        skip(".gnu_debugdata", "no xz here");
        return;
    }
    build("gcc", "-g",
          "nm -D prog --format=posix --defined-only | awk '{ print $1 }' | sort >dynamic && "
          "nm prog --format=posix --defined-only | awk '$2 ~ /^[tT]$/ { print $1 }' | sort >functions && "
          "comm -13 dynamic functions >keep && objcopy --only-keep-debug prog small && "
          "objcopy -S --remove-section .comment --keep-symbols=keep small small && strip --strip-all prog && "
          "xz small && objcopy --add-section .gnu_debugdata=small.xz prog");
    struct delta *d = compare(0, 1), *null = compare(0, 2);
    const struct symbol_change *walk = change(d, "walk"), *still = change(d, "still");
    ok(walk && walk->fate == FATE_REINLINED && still && still->fate <= FATE_MOVED && change(d, "half"),
       "names of functions are read from .gnu_debugdata");
    ok(null->code_fact_count == 0, "nothing in the null twin");
    ok(lacks(d->old, "functions have names, data objects have none"), "and the report says what that leaves out");
}

/* Packages of .dwo files, which libdw reads from 0.191 on: by both tools, of both compilers and index versions. */
static void test_packages(void)
{
    static const struct {
        const char *compiler, *flags, *tool;
    } rows[] = {
        { "gcc", "-gdwarf-4 -gsplit-dwarf", "dwp" },
        { "gcc", "-gdwarf-4 -gsplit-dwarf -fdebug-types-section", "dwp" },
        { "gcc", "-gdwarf-4 -gsplit-dwarf", "llvm-dwp" },
        { "gcc", "-gdwarf-5 -gsplit-dwarf", "llvm-dwp" },
        { "clang", "-gdwarf-4 -gsplit-dwarf", "dwp" },
        { "clang", "-gdwarf-4 -gsplit-dwarf", "llvm-dwp" },
        { "clang", "-gdwarf-5 -gsplit-dwarf", "llvm-dwp" },
        { "clang", "-gdwarf-5 -gsplit-dwarf -fdebug-types-section", "llvm-dwp" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *what = arena_printf(made_arena, "%s %s, %s", rows[i].compiler, rows[i].flags, rows[i].tool);
        if (!have(rows[i].compiler) || !have(rows[i].tool))
            skip(what, "not on this machine");
        else
            test_place(what, rows[i].compiler, rows[i].flags,
                       arena_printf(made_arena, "%s -e prog -o prog.dwp && rm -f *.dwo", rows[i].tool));
    }
}

/* Several sources in a package: a type that all have is in it once, and a unit that is lost costs itself alone. */
static void test_package_of_many(void)
{
    static const char one[] = "#include \"both.h\"\nstruct both first; int main(int c, char **v) { (void)v; return second(c) + first.in.b[c]; }\n",
                      two[] = "#include \"both.h\"\nstruct own { char b[ROOM]; long l; } own; struct both *shared; int second(int n) { return own.b[n] + shared->in.b[1]; }\n",
                      both[] = "struct inner { int b[ROOM]; }; struct both { struct both *next; struct inner in; }; int second(int);\n";
    if (!have("dwp")) {
        skip("a package of several units", "no dwp here");
        return;
    }
    for (int types = 0; types < 2; types++) {
        made_run("rm -rf old new twin");
        for (int i = 0; i < 3; i++) {
            made_run("mkdir %s", sides[i]);
            made_file(arena_printf(made_arena, "%s/one.c", sides[i]), one, sizeof one - 1);
            made_file(arena_printf(made_arena, "%s/two.c", sides[i]), two, sizeof two - 1);
            made_file(arena_printf(made_arena, "%s/both.h", sides[i]), both, sizeof both - 1);
            made_run("cd %s && for unit in one two; do gcc -c -O1 -gdwarf-4 -gsplit-dwarf %s -DROOM=%d $unit.c; done && gcc -o prog one.o two.o && "
                     "dwp -o prog.dwp one.dwo two.dwo && mv one.dwo lost && rm *.dwo *.c *.o",
                     sides[i], types ? "-fdebug-types-section" : "", i == 1 ? 12 : 4);
        }
        const char *with = types ? "with type units" : "of several units";
        struct delta *d = compare(0, 1), *null = compare(0, 2);
        ok(sentence(d, FACT_STRUCT_SIZE, "both") && sentence(d, FACT_STRUCT_SIZE, "own") && sentence(d, FACT_MEMBER_TYPE, "inner") && !lacks(d->old, ".dwo"),
           "a package %s: all of them are read", with);
        ok(null->code_fact_count == 0, "a package %s: nothing in the null twin", with);
        made_run("for side in old new; do (cd $side && mv lost one.dwo && dwp -o prog.dwp one.dwo && rm one.dwo); done");
        d = compare(0, 1);
        const char *own = sentence(d, FACT_STRUCT_SIZE, "own"), *shared = sentence(d, FACT_STRUCT_SIZE, "both");
        if (!ok(lacks(d->old, "1 of its 2 units") && !own && shared, "a package %s that lacks a unit costs that unit alone", with))
            diag("%s; %s; %s", lacks(d->old, "units in") ? lacks(d->old, "units in") : "nothing lacks", own ? own : "-", shared ? shared : "-");
    }
}

/* A package that is cut, or whose tables say too much, is as none. */
static void test_damaged_package(void)
{
    if (!have("dwp")) {
        skip("a damaged package", "no dwp here");
        return;
    }
    build("gcc", "-gdwarf-4 -gsplit-dwarf", "dwp -e prog -o prog.dwp && rm -f *.dwo");
    made_run("cp old/prog.dwp whole");
    static const char *const damage[] = {
        "head -c 700 whole", "head -c 0 whole", "tr '\\001' '\\377' <whole", "tr '\\002' '\\177' <whole", "sed 's/cu_index/xx_index/' whole",
        "tr '\\003\\006' '\\300\\200' <whole",
    };
    size_t survived = 0;
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        made_run("%s >old/prog.dwp", damage[i]);
        struct delta *d = compare(0, 1);
        survived += d->symbol_count > 0 && change(d, "walk") != NULL;
    }
    ok(survived == sizeof damage / sizeof *damage, "a damaged package ends nothing");
    made_run("rm old/prog.dwp");
    ok(lacks(side_of(0), "1 of its 1 units in .dwo files that are not there"), "and one that is gone is told as lost .dwo files are");
}

int main(void)
{
    made_begin();
    test_places();
    test_moved();
    test_missing();
    test_one_side();
    test_small_table();
    test_packages();
    test_package_of_many();
    test_damaged_package();
    return done_testing();
}
