/* Pairs made for one kind of difference each, and null twins in which it must not be seen. */
#include "elf/delta.h"

#include "elf/inventory.h"
#include "elf_made.h"
#include "tap.h"

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

static struct delta *compare(const char *old, const char *new)
{
    return delta_make(made_arena, must_read(old), must_read(new));
}

/* "fate" or "fate (suffix)" or "fate (hash)" of a symbol by new or old name; "absent" when it has no record. */
static const char *fate(const struct delta *d, const char *name)
{
    for (size_t i = 0; i < d->symbol_count; i++) {
        const struct symbol_change *c = &d->symbols[i];
        if (strcmp((c->new ? c->new : c->old)->name, name) == 0)
            return arena_printf(made_arena, "%s%s", fate_name[c->fate],
                                c->by_suffix ? " (suffix)"
                                : c->by_hash ? " (hash)"
                                             : "");
    }
    return "absent";
}

static size_t count(const struct delta *d, enum fate which)
{
    size_t n = 0;
    for (int kind = 0; kind < SYMBOL_KIND_COUNT; kind++)
        n += d->fates[kind][which];
    return n;
}

static const struct fact_change *fact(const struct delta *d, const char *what)
{
    for (size_t i = 0; i < d->fact_count; i++)
        if (strcmp(d->facts[i].what, what) == 0)
            return &d->facts[i];
    return NULL;
}

static const char base[] =
    "#include <stdio.h>\n"
    "static int limit = 10; double scale[4] = { 1, 2, 3, 4 }; const char *names[] = { \"a\", \"b\" };\n"
    "__attribute__((noinline)) int leaf(int n) { return n * limit + 3; }\n"
    "__attribute__((noinline)) double sum(int n) { double s = 0.5; for (int i = 0; i < n; i++) s += scale[i & 3] * "
    "2.25; return s; }\n"
    "__attribute__((noinline)) int pick(int n) { switch (n) { case 0: return leaf(1); case 1: puts(names[0]); return "
    "7;\n"
    "    case 2: return leaf(n) + 9; case 3: return printf(\"%d\", n); case 4: return -n; default: return leaf(3); } "
    "}\n"
    "int main(int c, char **v) { (void)v; limit += c; return pick(c) + (int)sum(c); }\n";

/* The base with text in front, so that everything behind moves. */
static const char *with_prefix(const char *prefix)
{
    return arena_printf(made_arena, "%s\n%s", prefix, base);
}

static const char *with_change(const char *from, const char *to)
{
    const char *at = strstr(base, from);
    if (!at) {
        printf("Bail out! '%s' is not in the base\n", from);
        exit(1);
    }
    return arena_printf(made_arena, "%.*s%s%s", (int)(at - base), base, to, at + strlen(from));
}

static void test_null(const char *flags)
{
    struct delta *d = compare(made_program("old", flags, base), made_program("new", flags, base));
    ok(count(d, FATE_SAME) == d->symbol_count && d->symbol_count > 10 && d->fact_count == 0,
       "a rebuild with %s is the same in everything", flags);
    made_run("strip -o bare new && strip -o bare0 old");
    d = compare(made_path("bare0"), made_path("bare"));
    ok(count(d, FATE_SAME) == d->symbol_count && d->symbol_count >= 5, "and so it is stripped");
}

static void test_moved(const char *flags)
{
    const char *more = "__attribute__((used, noinline)) int extra(int n) { return n * n + 77; }";
    struct delta *d = compare(made_program("old", flags, base), made_program("new", flags, with_prefix(more)));
    is_str(fate(d, "extra"), "added", arena_printf(made_arena, "%s: a new function is added", flags));
    is_str(fate(d, "leaf"), "moved", "the ones behind it moved, with their calls");
    is_str(fate(d, "pick"), "moved", "with their jump tables and literals");
    is_str(fate(d, "sum"), "moved", "with their constants");
    ok(strncmp(fate(d, "main"), "same", 4) == 0 || strncmp(fate(d, "main"), "moved", 5) == 0, "main is unchanged");
    ok(count(d, FATE_CHANGED) + count(d, FATE_RESIZED) + count(d, FATE_REMOVED) == 0, "and nothing else is reported");
    ok(fact(d, "section .text size") && fact(d, "text bytes") &&
           fact(d, "text bytes")->new_value > fact(d, "text bytes")->old_value,
       "text grew");
    made_run("strip -o bare new && strip -o bare0 old");
    d = compare(made_path("bare0"), made_path("bare"));
    size_t by_hash = 0;
    for (size_t i = 0; i < d->symbol_count; i++)
        by_hash += d->symbols[i].by_hash && d->symbols[i].fate == FATE_MOVED;
    ok(by_hash >= 2, "stripped, functions are found again by their code");
}

static void test_changed(void)
{
    const char *old = made_program("old", "-O2", base);
    struct delta *d = compare(old, made_program("new", "-O2", with_change("* 2.25", "* 2.75")));
    is_str(fate(d, "sum"), "changed", "another constant in read-only data is a change");
    is_str(fate(d, "pick"), "same", "which the neighbours do not feel");
    d = compare(old, made_program("new", "-O2", with_change("-n; default", "-n - 100000; default")));
    ok(strncmp(fate(d, "pick"), "resized", 7) == 0 || strncmp(fate(d, "pick"), "changed", 7) == 0,
       "other code is a change");
    d = compare(old, made_program("new", "-O2", with_change("puts(names[0]); return 7", "perror(names[0]); return 7")));
    ok(strcmp(fate(d, "pick"), "changed") == 0 || strcmp(fate(d, "pick"), "resized") == 0,
       "a call to another library function is a change");
    d = compare(old, made_program("new", "-O2", with_change("{ 1, 2, 3, 4 }", "{ 1, 2, 3, 5 }")));
    is_str(fate(d, "scale"), "changed", "other initial bytes of an object are a change");
    is_str(fate(d, "sum"), "same", "but not of the function that reads it");
    d = compare(old, made_program("new", "-O2", with_change("scale[4]", "scale[40]")));
    is_str(fate(d, "scale"), "resized", "a longer array is resized");
}

static void test_swapped_targets(void)
{
    const char *old =
        "int a, b; __attribute__((noinline)) int f(void) { return a; } int main(void) { return f() + b; }";
    const char *new =
        "int b, a; __attribute__((noinline)) int f(void) { return b; } int main(void) { return f() + a; }";
    struct delta *d = compare(made_program("old", "-O2 -fno-toplevel-reorder", old),
                              made_program("new", "-O2 -fno-toplevel-reorder", new));
    is_str(fate(d, "f"), "changed", "equal bytes at an equal address that mean another object are a change");
}

static void test_names(void)
{
    const char *one =
        "__attribute__((noinline)) int calc(int n) { int s = n; for (int i = 0; i < n; i++) s = s * 31 + i; return s; }"
        "int main(int c, char **v) { (void)v; return calc(c); }";
    made_program("old", "-O2", one);
    made_run("objcopy --redefine-sym calc=calc.constprop.0 old suffixed");
    made_run("objcopy --redefine-sym calc=other old renamed");
    is_str(fate(compare(made_path("old"), made_path("suffixed")), "calc.constprop.0"), "same (suffix)",
           "a compiler's suffix does not hide a function");
    is_str(fate(compare(made_path("old"), made_path("renamed")), "other"), "same (hash)",
           "nor does another name hide the same code");
}

/* GNU ld writes the version into .symtab's names only. */
static void test_versions(void)
{
    const char *source = "#include <stdio.h>\nint main(void) { return fputs(\"x\", stdout); }";
    made_program("old", "-O2 -no-pie", source);
    made_run("strip -o bare old");
    is_str(fate(compare(made_path("old"), made_path("bare")), "stdout"), "same (suffix)",
           "a version behind a name does not hide a variable of the C library");
}

static void test_stripped_change(void)
{
    made_program("old", "-O2", base);
    made_program(
        "new", "-O2",
        with_change("case 1: puts(names[0]); return 7;", "case 1: puts(names[1]); puts(names[0]); return n * 77;"));
    struct inventory *whole = must_read(made_path("new"));
    made_run("strip -o bare0 old && strip -o bare new");
    struct delta *d = compare(made_path("bare0"), made_path("bare"));
    const struct symbol *pick = NULL;
    for (size_t i = 0; i < whole->symbol_count; i++)
        if (strcmp(whole->symbols[i].name, "pick") == 0)
            pick = &whole->symbols[i];
    const struct symbol_change *c = delta_at(d, false, pick->address);
    ok(c && c->by_place && c->old && (c->fate == FATE_RESIZED || c->fate == FATE_CHANGED),
       "stripped, a function that changed is found between its unchanged neighbours");
    ok(count(d, FATE_ADDED) + count(d, FATE_REMOVED) == 0, "and nothing came or went");
}

static void test_duplicates(void)
{
    const char *x =
        "static __attribute__((noinline)) int help(int n) { return n * 3 + 1; } int x(int n) { return help(n) + 1; }";
    const char *y =
        "static __attribute__((noinline)) int help(int n) { return n / 3 - 1; } int y(int n) { return help(n) + 2; }";
    const char *m = "int x(int), y(int); int main(int c, char **v) { (void)v; return x(c) + y(c); }";
    made_file("x.c", x, strlen(x));
    made_file("y.c", y, strlen(y));
    made_file("m.c", m, strlen(m));
    made_run("gcc -O2 -o old x.c y.c m.c && gcc -O2 -o new y.c m.c x.c");
    struct delta *d = compare(made_path("old"), made_path("new"));
    size_t helps = 0, right = 0;
    for (size_t i = 0; i < d->symbol_count; i++) {
        const struct symbol_change *c = &d->symbols[i];
        if (!c->old || !c->new || strcmp(c->new->name, "help") != 0)
            continue;
        helps++;
        right += c->fate == FATE_MOVED && strcmp(c->old->file, c->new->file) == 0;
    }
    ok(helps == 2 && right == 2, "two statics of one name are each matched with their own");
}

static void test_settings(void)
{
    const char *source =
        "__thread int room[SIZE]; int data[SIZE]; int main(int c, char **v) { (void)v; return room[c] + data[c]; }";
    struct delta *d = compare(made_program("old", "-O2 -DSIZE=100", source),
                              made_program("new", "-O3 -DSIZE=130 -Wl,-rpath,/opt -lm -Wl,--no-as-needed -lm", source));
    const struct fact_change *tls = fact(d, "PT_TLS size");
    ok(tls && tls->old_value == 400 && tls->new_value == 520, "growth of PT_TLS is a fact, 400 to 520");
    ok(fact(d, "section .bss size") != NULL, "and of .bss");
    is_str(fact(d, "library path (RUNPATH)") ? fact(d, "library path (RUNPATH)")->new : NULL, "/opt",
           "and a new library path");
    is_str(fact(d, "needed libraries") ? fact(d, "needed libraries")->new : NULL, "libm.so.6 libc.so.6",
           "and a new library");
    ok(fact(d, "compiler flags") && strstr(fact(d, "compiler flags")->new, "-O3"), "and other flags");
    ok(!fact(d, "compiler"), "but not the compiler, which is the same");
    is_str(fate(d, "room"), "resized", "the thread-local array is resized");
    is_str(fate(d, "main"), "same", "main is not");
}

/* One source of three compiled otherwise: most have the same flags, so the file as a whole has, too. */
static void test_unit_flags(const char *compiler, const char *record)
{
    static const char *const names[] = { "one", "two", "main" };
    for (int i = 0; i < 3; i++) {
        const char *source = i == 2 ? "int one(int); int two(int); int main(int c, char **v) { (void)v; return one(c) + two(c); }"
                                    : arena_printf(made_arena, "int %s(int n) { return n * %d + 3; }", names[i], i + 7);
        made_file(arena_printf(made_arena, "%s.c", names[i]), source, strlen(source));
    }
    made_run("for side in old new twin; do for unit in one two main; do flags=-O1; [ $side$unit != newtwo ] || flags=-O3; "
             "%s -g %s $flags -c $unit.c || exit 1; done; %s -o $side one.o two.o main.o; done",
             compiler, record, compiler);
    struct delta *d = compare(made_path("old"), made_path("new")), *null = compare(made_path("old"), made_path("twin"));
    const struct fact_change *two = fact(d, "compiler flags of two.c");
    ok(two && strstr(two->old, "-O1") && strstr(two->new, "-O3"), "%s: one source compiled with other flags is told by name", compiler);
    ok(!fact(d, "compiler flags") && !fact(d, "compiler flags of one.c"), "%s: the others are not", compiler);
    ok(null->fact_count == 0, "%s: the null twin differs in nothing", compiler);
}

/* One flag each; the null twin is in test_null. */
static void test_hardening(void)
{
    static const struct {
        const char *what, *old, *new, *was, *is;
    } rows[] = {
        { "read-only after the start (RELRO)", "-Wl,-z,norelro", "-Wl,-z,relro,-z,lazy", "none", "relocated data" },
        { "read-only after the start (RELRO)", "-Wl,-z,relro,-z,lazy", "-Wl,-z,relro,-z,now", "relocated data",
          "relocated data and GOT" },
        { "stack", "-Wl,-z,noexecstack", "-Wl,-z,execstack", "not executable", "executable" },
        { "stack protector", "-fno-stack-protector", "-fstack-protector-all", "no", "yes" },
        { "fortified library functions", "-O2 -U_FORTIFY_SOURCE", "-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2", "0",
          "2" },
        { "control-flow enforcement (CET)", "-nostartfiles -nostdlib -DNONE -fcf-protection=none",
          "-nostartfiles -nostdlib -DNONE -fcf-protection=full", "none", "IBT SHSTK" },
        { "needed versions", "-DOLD=2.2.5", "-DOLD=2.14", "libc.so.6(GLIBC_2.2.5) libc.so.6(GLIBC_2.34)",
          "libc.so.6(GLIBC_2.14) libc.so.6(GLIBC_2.2.5) libc.so.6(GLIBC_2.34)" },
    };
    static const char source[] =
        "#ifdef NONE\nvoid _start(void) { }\n#else\n#include <stdio.h>\n#include <string.h>\n"
        "#ifdef OLD\n#define TEXT_(x) #x\n#define TEXT(x) TEXT_(x)\n"
        "__asm__(\".symver memcpy, memcpy@GLIBC_\" TEXT(OLD));\n#endif\n"
        "char to[16], from[16]; int main(int c, char **v) { char text[40]; sprintf(text, v[0], c);\n"
        "  memcpy(to, from, (size_t)c); return puts(text); }\n#endif\n";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct delta *d = compare(made_program("old", rows[i].old, source), made_program("new", rows[i].new, source));
        const struct fact_change *f = fact(d, rows[i].what);
        is_str(f ? arena_printf(made_arena, "%s -> %s", f->old, f->new) : NULL,
               arena_printf(made_arena, "%s -> %s", rows[i].was, rows[i].is), rows[i].what);
    }
}

static void test_lookup(void)
{
    const char *more = "__attribute__((used, noinline)) int extra(int n) { return n * n + 77; }";
    struct delta *d = compare(made_program("old", "-O2", base), made_program("new", "-O2", with_prefix(more)));
    size_t wrong = 0;
    for (size_t i = 0; i < d->symbol_count; i++) {
        const struct symbol_change *c = &d->symbols[i];
        if (c->new && c->new->kind == SYMBOL_FUNCTION && c->new->size)
            wrong += delta_at(d, false, c->new->address) != c ||
                     delta_at(d, false, c->new->address + c->new->size - 1) != c;
        if (c->old && c->old->kind == SYMBOL_FUNCTION && c->old->size)
            wrong += delta_at(d, true, c->old->address + c->old->size - 1) != c;
    }
    ok(wrong == 0, "delta_at finds every function on both sides by its first and last byte");
    ok(!delta_at(d, true, 1) && !delta_at(d, false, UINT64_MAX), "and nothing where there is nothing");
}

int main(void)
{
    made_begin();
    test_null("-O2");
    test_null("-O2 -no-pie -static");
    test_moved("-O2");
    test_moved("-O2 -no-pie");
    test_moved("-O1 -fcf-protection=full -mcmodel=medium");
    test_changed();
    test_swapped_targets();
    test_names();
    test_versions();
    test_stripped_change();
    test_duplicates();
    test_settings();
    test_unit_flags("gcc", "");
    if (system("clang --version >/dev/null 2>&1") == 0)
        test_unit_flags("clang", "-grecord-command-line");
    else
        skip("flags of clang's units", "no clang here");
    test_hardening();
    test_lookup();
    return done_testing();
}
