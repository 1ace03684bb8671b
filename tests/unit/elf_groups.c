/* The groups of matched functions, each found in a pair made for it: same, moved, other order, other code of the same
 * source, other inlining, another function; and what was split, merged, folded, aliased or renamed. */
#include "elf/delta.h"
#include "elf/facts.h"
#include "elf/inventory.h"
#include "elf_made.h"
#include "tap.h"

static const char *compiler = "gcc";

static const char *built(const char *name, const char *flags, const char *source)
{
    made_file("made.c", source, strlen(source));
    made_run("%s -o %s %s made.c", compiler, name, flags);
    return made_path(name);
}

static const struct inventory *must_read(const char *path)
{
    struct err err = ERR_INIT;
    const struct inventory *inv = inventory_read(made_arena, path, &err);
    if (!inv) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return inv;
}

static struct delta *compare(const char *old, const char *new)
{
    struct delta *d = delta_make(made_arena, must_read(old), must_read(new));
    facts_find(made_arena, d);
    return d;
}

static const struct symbol_change *change(const struct delta *d, const char *name)
{
    for (size_t i = 0; i < d->symbol_count; i++) {
        const struct symbol_change *c = &d->symbols[i];
        if ((c->new && strcmp(c->new->name, name) == 0) || (!c->new && strcmp(c->old->name, name) == 0))
            return c;
    }
    return NULL;
}

static const char *fate(const struct delta *d, const char *name)
{
    const struct symbol_change *c = change(d, name);
    return c ? fate_name[c->fate] : "absent";
}

static const char *kin(const struct delta *d, const char *name)
{
    const struct symbol_change *c = change(d, name);
    return c && c->kin ? c->kin->name : NULL;
}

/* What the pairs below vary. */
static const char base[] =
    "#include <stdio.h>\n"
    "int table[64]; double scale[64]; static int limit = 100;\n"
    "HALF int half(int n) { return n > limit ? n / 2 + n * n : puts(\"no\"); }\n"
    "__attribute__((noinline)) int other(int n) { return n * 77 + limit; }\n"
    "__attribute__((noinline)) int walk(int n) { int s = 0; for (int i = 0; i < n; i++) s += half(i) ^ i; return s; }\n"
    "__attribute__((noinline)) double sum(const double *p, int n) { double s = 0; for (int i = 0; i < n; i++)\n"
    "  s += p[i] * 2.5 + scale[i & 63] FACTOR; return s; }\n"
    "__attribute__((noinline)) void stretch(double *p, int n) {\n"
    "  for (int i = 0; i < n; i++) p[i] = p[i] * 2.5 + 1.25; }\n"
    "__attribute__((noinline)) int pick(int n) { return n > 3 ? CALL(n) + table[n & 63] : table[1]; }\n"
    "int main(int c, char **v) { (void)v; limit += c; stretch(scale, c); \n"
    "  return walk(c) + pick(c) + other(c) + half(c) + (int)sum(scale, c); }\n";

#define PLAIN "-O2 '-DHALF=__attribute__((noinline))' -DFACTOR= -DCALL=half"

static void test_groups(const char *debug)
{
    const char *plain = arena_printf(made_arena, "%s %s", debug, PLAIN);
    const char *old = built("old", plain, base);
    struct delta *d = compare(old, built("new", plain, base));
    ok(strcmp(fate(d, "walk"), "same") == 0 && strcmp(fate(d, "sum"), "same") == 0 && d->code_fact_count == 0,
       "%s %s: the null twin: all the same", compiler, debug);

    bool gcc = strcmp(compiler, "gcc") == 0;
    const char *unroll = gcc ? "-funroll-all-loops -O3 -fno-tree-vectorize" : "-O3 -fno-vectorize -fno-unroll-loops";
    d = compare(old, built("new", arena_printf(made_arena, "%s %s", plain, unroll), base));
    is_str(fate(d, gcc ? "sum" : "stretch"), "recoded", "an unrolled loop is other code of the same calls and data");
    d = compare(old, built("new", arena_printf(made_arena, "%s -fno-omit-frame-pointer", plain), base));
    is_str(fate(d, "pick"), "recoded", "a frame pointer, too");
    const char *vectors = gcc ? "-O3 -mavx2" : "-O3 -fno-vectorize";
    d = compare(old, built("new", arena_printf(made_arena, "%s %s", plain, vectors), base));
    is_str(fate(d, "stretch"), "recoded", "and a vectorised loop, though its constants are vectors");

    const char *inlined = arena_printf(
        made_arena, "%s -O2 '-DHALF=static inline __attribute__((always_inline))' -DFACTOR= -DCALL=half", debug);
    d = compare(old, built("new", inlined, base));
    is_str(fate(d, "walk"), "reinlined", "a call that was inlined is a change of inlining");
    is_str(fate(d, "pick"), "reinlined", "in every caller");
    is_str(fate(d, "sum"), "moved", "but not in another function");
    is_str(fate(d, "half"), "removed", "the callee is gone");
    d = compare(made_path("new"), old);
    is_str(fate(d, "walk"), "reinlined", "and the other way round");

    d = compare(old, built("new", "-O2 '-DHALF=__attribute__((noinline))' -DFACTOR= -DCALL=other", base));
    ok(strcmp(fate(d, "pick"), "resized") == 0 || strcmp(fate(d, "pick"), "changed") == 0,
       "a call of another function instead is none, but another function");
    is_str(fate(d, "walk"), "same", "which others do not feel");
    d = compare(old, built("new", arena_printf(made_arena, "%s -UFACTOR -DFACTOR='*3.75'", plain), base));
    ok(strcmp(fate(d, "sum"), "resized") == 0 || strcmp(fate(d, "sum"), "changed") == 0,
       "another constant is another function");
    d = compare(old, built("new", arena_printf(made_arena, "%s -UFACTOR -DFACTOR='+table[i&63]'", plain), base));
    ok(strcmp(fate(d, "sum"), "resized") == 0 || strcmp(fate(d, "sum"), "changed") == 0,
       "and so is what reads other data");
}

/* A function of a few instructions, taking two arguments and referring to nothing. */
static const char *small(const char *name, const char *body)
{
    return built(name, "-O1",
                 arena_printf(made_arena,
                              "__asm__(\".text; .globl f; .type f, @function\\nf: %s; .size f, .-f\");\n"
                              "int g(int n) { return n * 3; }\n"
                              "int f(int, int); int main(int c, char **v) { (void)v; return f(c, 3); }\n",
                              body));
}

/* Bodies that differ in registers alone, or that look so. */
static void test_registers(void)
{
    static const struct {
        const char *old, *new, *what;
        bool same;
    } rows[] = {
        { "mov %edi,%eax; mov %esi,%ecx; sub %ecx,%eax; ret", "mov %edi,%eax; mov %esi,%edx; sub %edx,%eax; ret",
          "another scratch register", true },
        { "mov %edi,%eax; mov %esi,%ecx; sub %ecx,%eax; ret", "mov %edi,%ecx; mov %esi,%eax; sub %ecx,%eax; ret",
          "operands that changed places", false },
        { "mov %edi,%eax; mov %esi,%ecx; sub %ecx,%eax; ret", "mov %esi,%eax; mov %edi,%ecx; sub %ecx,%eax; ret",
          "another argument", false },
        { "mov %edi,%eax; mov %esi,%ecx; sub %eax,%ecx; ret", "mov %edi,%ecx; mov %esi,%eax; sub %ecx,%eax; ret",
          "another result", false },
        { "mov %edi,%ecx; test %esi,%esi; jz 1f; add $1,%ecx; 1: mov %ecx,%eax; ret",
          "mov %edi,%edx; test %esi,%esi; jz 1f; add $1,%edx; 1: mov %edx,%eax; ret", "a value that lives across blocks", true },
        { "mov %edi,%ecx; test %esi,%esi; jz 1f; add $1,%ecx; 1: mov %ecx,%eax; ret",
          "mov %edi,%edx; test %esi,%esi; jz 1f; add $1,%edx; 1: mov %esi,%eax; ret", "a block that reads another value", false },
        { "mov %edi,%ecx; 1: dec %ecx; jnz 1b; mov %esi,%eax; ret", "mov %edi,%edx; 1: dec %edx; jnz 1b; mov %esi,%eax; ret",
          "a loop's counter", true },
        { "push %rbx; mov %edi,%ebx; call g; add %ebx,%eax; pop %rbx; ret",
          "push %rbp; mov %edi,%ebp; call g; add %ebp,%eax; pop %rbp; ret", "a saved register across a call", true },
        { "push %rbx; mov %edi,%ebx; mov %esi,%edi; call g; add %ebx,%eax; pop %rbx; ret",
          "push %rbx; mov %edi,%ebx; mov %esi,%edx; call g; add %ebx,%eax; pop %rbx; ret", "an argument in another register", false },
        { "mov %dil,%al; ret", "mov %sil,%al; ret", "bytes of another argument", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct delta *d = compare(small("old", rows[i].old), small("new", rows[i].new));
        const struct symbol_change *c = change(d, "f");
        bool same = c && c->fate == FATE_RECODED && c->recoding == RECODING_REGISTERS;
        ok(same == rows[i].same, "%s: %s", rows[i].what, rows[i].same ? "the same with other registers" : "not the same");
    }
}

/* In what way recoded functions differ. */
static void test_recodings(void)
{
    const char *old = built("old", PLAIN " -fno-tree-vectorize", base);
    struct delta *d = compare(old, built("new", PLAIN " -fno-tree-vectorize -funroll-all-loops", base));
    const struct symbol_change *c = change(d, "sum");
    ok(c && c->recoding == RECODING_UNROLLED && c->turns == 8, "a loop unrolled eight times is told as that");
    d = compare(made_path("new"), old);
    c = change(d, "sum");
    ok(c && c->recoding == RECODING_ROLLED && c->turns == 8, "and the other way round");
    d = compare(old, built("new", PLAIN " -fno-tree-vectorize -ffixed-rbx", base));
    c = change(d, "walk");
    ok(c && c->fate == FATE_RECODED && (c->recoding == RECODING_ALLOCATION || c->recoding == RECODING_REGISTERS),
       "without one register it is the same operations in others");
    d = compare(old, built("new", PLAIN " -fno-tree-vectorize '-DEXTRA'", base));
    ok(d->fates[SYMBOL_FUNCTION][FATE_RECODED] == 0, "the null twin has none");
}

/* Many became one, without debug information. */
static void test_merged(void)
{
    static const char source[] =
        "#include <stdio.h>\nint limit = 100, table[64];\n"
        "HOW int one(int n) { return n > limit ? n / 2 + n * n : puts(\"no\"); }\n"
        "HOW int two(int n) { return n > limit ? n * 2 + table[n & 63] : puts(\"yes\"); }\n"
        "__attribute__((noinline)) int both(int n) { return one(n) ^ two(n + 1); }\n"
        "int main(int c, char **v) { (void)v; return both(c); }\n";
    struct delta *d = compare(built("old", "-O2 '-DHOW=static __attribute__((noinline))'", source),
                              built("new", "-O2 '-DHOW=static inline'", source));
    is_str(fate(d, "both"), "reinlined", "a function that took in two others is told as that");
    is_str(kin(d, "one"), "both", "and each of them names it");
    is_str(kin(d, "two"), "both", "also without debug information");
    d = compare(made_path("new"), made_path("old"));
    is_str(fate(d, "both"), "reinlined", "split into three it is told as that");
    is_str(kin(d, "one"), "both", "and each part names where it came from");
}

/* Stripped files have the groups, too: functions go by their code and their place. */
static void test_stripped(void)
{
    built("old", PLAIN, base);
    built("new", PLAIN " -funroll-all-loops -O3 -fno-tree-vectorize", base);
    const struct inventory *whole = must_read(made_path("new"));
    made_run("strip -o bare_old old && strip -o bare_new new");
    struct delta *d = compare(made_path("bare_old"), made_path("bare_new"));
    const struct symbol_change *sum = NULL, *other = NULL;
    for (size_t i = 0; i < whole->symbol_count; i++) {
        sum = strcmp(whole->symbols[i].name, "sum") == 0 ? delta_at(d, false, whole->symbols[i].address) : sum;
        other = strcmp(whole->symbols[i].name, "other") == 0 ? delta_at(d, false, whole->symbols[i].address) : other;
    }
    ok(sum && sum->fate == FATE_RECODED, "stripped: an unrolled loop is other code of the same calls and data");
    ok(other && other->fate <= FATE_MOVED, "stripped: its neighbour only moved");
    d = compare(made_path("bare_old"), made_path("bare_old"));
    ok(d->fates[SYMBOL_FUNCTION][FATE_SAME] > 5 && d->fates[SYMBOL_FUNCTION][FATE_RECODED] == 0,
       "stripped: a file against itself is the same");
}

/* The compiler splits a function, or makes a clone of it. */
static void test_split(void)
{
    static const char source[] =
        "#include <stdio.h>\n"
        "static __attribute__((NOINLINE)) int check(int *p, int n) { if (n < 0) return -1; int s = 0;\n"
        "  for (int i = 0; i < n; i++) { s += p[i]; if (s > 1000) { puts(\"large\"); s = p[i] * 3; } } return s; }\n"
        "int room[64];\n"
        "__attribute__((noinline)) int a(int n) { return check(room, n) + 1; }\n"
        "__attribute__((noinline)) int b(int n) { return check(room + 1, n * 2) + 2; }\n"
        "__attribute__((noinline)) int d(int n) { return check(room + 3, n * 3) + 2; }\n"
        "int main(int c, char **v) { (void)v; return a(c) + b(c) + d(c); }\n";
    struct delta *d = compare(built("old", "-O2 -DNOINLINE=noinline", source),
                              built("new", "-O2 -DNOINLINE=unused", source));
    ok(!change(d, "check.part.0") || strcmp(fate(d, "check.part.0"), "added") != 0 || kin(d, "check.part.0"),
       "a part that was split off names where it came from");
    is_str(fate(d, "a"), "reinlined", "and its callers inline the rest");
    d = compare(made_path("new"), made_path("old"));
    is_str(fate(d, "a"), "reinlined", "and the other way round");
}

/* Two functions of equal code become one with two names. */
static void test_folded(void)
{
    static const char source[] =
        "#define LOOP { int s = n; for (int i = 0; i < n; i++) s = s * 31 + i; return s; }\n"
        "int x, y;\n"
        "__attribute__((noinline)) int first(int n) LOOP\n"
        "__attribute__((noinline)) int second(int n) LOOP\n"
        "__attribute__((noinline)) int third(int n) { return n * 3 + x; }\n"
        "int (*volatile keep)(int) = second;\n"
        "int main(int c, char **v) { (void)v; return first(c) + keep(c) + third(c) + y; }\n";
    const char *apart = built("old", "-O2 -fno-ipa-icf -ffunction-sections", source);
    /* An alias, as -fipa-icf and gold's --icf make it. */
    static const char alias[] =
        "#define LOOP { int s = n; for (int i = 0; i < n; i++) s = s * 31 + i; return s; }\n"
        "int x, y;\n"
        "__attribute__((noinline)) int first(int n) LOOP\n"
        "int second(int n) __attribute__((alias(\"first\")));\n"
        "__attribute__((noinline)) int third(int n) { return n * 3 + x; }\n"
        "int (*volatile keep)(int) = second;\n"
        "int main(int c, char **v) { (void)v; return first(c) + keep(c) + third(c) + y; }\n";
    struct delta *d = compare(apart, built("new", "-O2 -fno-ipa-icf -ffunction-sections", alias));
    ok(strcmp(fate(d, "first"), "same") == 0 || strcmp(fate(d, "first"), "moved") == 0,
       "the code that stays is the same");
    is_str(fate(d, "second"), "removed", "a function folded into another is gone");
    is_str(kin(d, "second"), "first", "and names the one it went into");
    d = compare(made_path("new"), apart);
    is_str(fate(d, "second"), "added", "unfolded it is added");
    is_str(kin(d, "second"), "first", "and names where it came from");
    if (system("gold --version >/dev/null 2>&1") != 0) {
        skip("folding by the linker", "no gold here");
        return;
    }
    built("old", "-O2 -fno-ipa-icf -ffunction-sections -fuse-ld=gold -Wl,--icf=none", source);
    d = compare(made_path("old"),
                built("new", "-O2 -fno-ipa-icf -ffunction-sections -fuse-ld=gold -Wl,--icf=all", source));
    const char *gone = strcmp(fate(d, "second"), "removed") == 0 ? "second" : "first";
    is_str(fate(d, gone), "removed", "folded by gold: one of the two is gone");
    is_str(kin(d, gone), gone[0] == 's' ? "first" : "second", "and names the other");
    ok(strcmp(fate(d, "main"), "changed") != 0 && strcmp(fate(d, "main"), "resized") != 0, "main calls what it called");
}

static size_t came_or_went(const struct delta *d)
{
    return d->fates[SYMBOL_FUNCTION][FATE_ADDED] + d->fates[SYMBOL_FUNCTION][FATE_REMOVED];
}

static void test_aliases(void)
{
    static const char one[] = "__attribute__((noinline)) int name(int n) { return n * 31 + 7; }\n"
                              "int extra(int n) __attribute__((alias(\"name\")));\n"
                              "int main(int c, char **v) { (void)v; return name(c); }\n",
                      other[] = "__attribute__((noinline)) int extra(int n) { return n * 31 + 7; }\n"
                                "int main(int c, char **v) { (void)v; return extra(c); }\n";
    struct delta *d = compare(built("old", "-O2", one), built("new", "-O2", other));
    is_str(fate(d, "extra"), "same", "a function that kept one of its two names is the same");
    ok(came_or_went(d) == 0, "and nothing came or went");
    d = compare(made_path("new"), made_path("old"));
    ok(came_or_went(d) == 0, "and the other way round");
}

/* Renamed and changed: known by what it calls and reads. */
static void test_neighbourhood(void)
{
    static const char source[] =
        "#include <stdio.h>\nint table[8]; double scale[8];\n"
        "__attribute__((noinline)) int anchor(int n) { return n * 31 + table[1]; }\n"
        "__attribute__((noinline)) int NAME(int n) {\n"
        "  puts(\"x\"); return printf(\"%d\", anchor(n) + table[n & 7]) EXTRA; }\n"
        "TWIN\n"
        "int main(int c, char **v) { (void)v; return NAME(c) + anchor(c) + (int)scale[c]; }\n";
    const char *twin = "'-DTWIN=__attribute__((noinline,used)) int SECOND(int n) { printf(\"%d\", n); puts(\"y\"); "
                       "return anchor(n) ^ table[2] ADD; }'";
    const char *flags = "-O2 -fno-ipa-icf -DNAME=%s '-DEXTRA=%s' %s";
    const char *old = built("old", arena_printf(made_arena, flags, "alpha", "", "-DTWIN="), source);
    struct delta *d = compare(old, built("new", arena_printf(made_arena, flags, "beta", "* 77", "-DTWIN="), source));
    const struct symbol_change *c = change(d, "beta");
    ok(c && c->by_refs && c->old && strcmp(c->old->name, "alpha") == 0,
       "a function that was renamed and changed is found by what it refers to");
    ok(c && c->fate == FATE_RECODED, "and is other code of the same calls and data");
    const char *two = arena_printf(made_arena, "%s -DSECOND=third -DADD=", twin),
               *other = arena_printf(made_arena, "%s -DSECOND=fourth -DADD=+3", twin);
    d = compare(built("old", arena_printf(made_arena, flags, "alpha", "", two), source),
                built("new", arena_printf(made_arena, flags, "beta", "* 77", other), source));
    c = change(d, "beta");
    ok(c && c->fate == FATE_ADDED, "where two refer to the same, none is guessed");
}

int main(void)
{
    made_begin();
    test_groups("-g");
    test_groups("-g0");
    if (system("clang --version >/dev/null 2>&1") == 0) {
        compiler = "clang";
        test_groups("-g0");
        compiler = "gcc";
    } else {
        skip("groups in clang's code", "no clang here");
    }
    test_registers();
    test_recodings();
    test_merged();
    test_stripped();
    test_neighbourhood();
    test_split();
    test_folded();
    test_aliases();
    return done_testing();
}
