/* Facts about code and data, each found in a pair made for it and not reported in its null twin. */
#include "elf/facts.h"

#include "elf/delta.h"
#include "elf/inventory.h"
#include "elf/line.h"
#include "elf/symbolize.h"
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
    struct delta *d = delta_make(made_arena, must_read(old), must_read(new));
    facts_find(made_arena, d);
    return d;
}

static const struct code_fact *fact(const struct delta *d, enum code_fact_kind kind, const char *name)
{
    for (size_t i = 0; i < d->code_fact_count; i++)
        if (d->code_facts[i].kind == kind && strcmp(d->code_facts[i].name, name) == 0)
            return &d->code_facts[i];
    return NULL;
}

static const char *fate(const struct delta *d, const char *name)
{
    for (size_t i = 0; i < d->symbol_count; i++)
        if (strcmp(d->symbols[i].name, name) == 0)
            return fate_name[d->symbols[i].fate];
    return "absent";
}

static void show(const struct delta *d)
{
    for (size_t i = 0; i < d->code_fact_count; i++)
        diag("%s: %s", code_fact_table[d->code_facts[i].kind].name, d->code_facts[i].sentence);
}

/* A loop of 36 bytes and 18 instructions that starts 5 bytes behind f, which starts `PAD` bytes into a page. */
static const char loop_source[] =
    "__asm__(\".text; .balign 4096; .if PAD; .skip PAD; .endif; .globl f; .type f, @function\\n\"\n"
    "\"f: mov $100, %ecx\\n1: .rept 16; incl %eax; .endr; decl %ecx; jnz 1b; ret; .size f, .-f\");\n"
    "int f(int); int main(int c, char **v) { (void)v; return f(c); }\n";

static const char *loop_program(const char *name, unsigned pad)
{
    char defines[100];
    snprintf(defines, sizeof defines, "-O1 -Wa,--defsym,PAD=%u", pad);
    return made_program(name, defines, loop_source);
}

static unsigned lines_at(unsigned start, unsigned bytes, unsigned cell)
{
    return (start + bytes - 1) / cell - start / cell + 1;
}

/* Six operations to a line of a 32-byte window, counted the long way: every instruction is two bytes. */
static unsigned op_lines_at(unsigned start)
{
    unsigned windows[8] = { 0 }, lines = 0;
    for (unsigned n = 0; n < 18; n++)
        windows[(start + 2 * n) / 32 - start / 32]++;
    for (unsigned w = 0; w < 8; w++)
        lines += (windows[w] + 5) / 6;
    return lines;
}

static void test_loops(void)
{
    static const unsigned pads[] = { 1, 20, 27, 58, 60, 4070 };
    const char *old = loop_program("old", 0);
    for (size_t i = 0; i < sizeof pads / sizeof *pads; i++) {
        struct delta *d = compare(old, loop_program("new", pads[i]));
        unsigned start = pads[i] + 5, want = lines_at(start, 36, 64), ops = op_lines_at(start),
                 pages = lines_at(start, 36, 4096);
        const struct code_fact *lines = fact(d, FACT_LOOP_LINES, "f"), *op = fact(d, FACT_LOOP_OPS, "f"),
                               *page = fact(d, FACT_LOOP_PAGES, "f");
        bool right = lines ? lines->old == 1 && lines->new == want && lines->new_address % 4096 == start : want == 1;
        right = right && (op ? op->old == op_lines_at(5) && op->new == ops : ops == op_lines_at(5));
        right = right && (page ? page->new == pages : pages == 1);
        if (!ok(right, "a loop moved to byte %u: %u lines, %u op-cache lines, %u pages", start, want, ops, pages))
            show(d);
        is_str(fate(d, "f"), "moved", "and its function is moved, not changed");
    }
    struct delta *d = compare(old, loop_program("new", 58));
    is_str(fact(d, FACT_LOOP_LINES, "f") ? fact(d, FACT_LOOP_LINES, "f")->sentence : NULL,
           "the loop at f+0x5 (36 bytes) now crosses a boundary of 64 bytes", "the sentence says where");
    d = compare(old, loop_program("new", 4096));
    ok(!fact(d, FACT_LOOP_LINES, "f") && !fact(d, FACT_JCC, "f") && !fact(d, FACT_ENTRY, "f"),
       "moved by a page, f has no fact");
}

static void test_jumps(void)
{
    /* cmp and jne fuse: seven bytes from `at`, ending at at + 5. */
    const char *source =
        "__asm__(\".text; .balign 4096; .globl f; .type f, @function\\n\"\n"
        "\"f: .skip PAD, 0xf8; cmp $1, %edi; jne 1f; incl %eax; 1: clc; clc; clc; clc; ret; .size f, .-f\");\n"
        "int f(int); int main(int c, char **v) { (void)v; return f(c); }\n";
    const char *old = made_program("old", "-Wa,--defsym,PAD=4", source);
    struct delta *d = compare(old, made_program("new", "-Wa,--defsym,PAD=29", source));
    const struct code_fact *jcc = fact(d, FACT_JCC, "f");
    ok(jcc && jcc->old == 0 && jcc->new == 1, "a fused pair across a 32-byte boundary hits the erratum");
    d = compare(old, made_program("new", "-Wa,--defsym,PAD=27", source));
    jcc = fact(d, FACT_JCC, "f");
    ok(jcc && jcc->new == 1, "one that ends at the boundary, too");
    d = compare(old, made_program("new", "-Wa,--defsym,PAD=26", source));
    ok(!fact(d, FACT_JCC, "f"), "one that ends a byte before does not");
}

static const char *branch_program(const char *name, const char *body)
{
    return made_program(name, "-O1",
                        arena_printf(made_arena,
                                     "__asm__(\".text; .globl f; .type f, @function\\nf: %s; .size f, .-f\");\n"
                                     "int f(int); int main(int c, char **v) { (void)v; return f(c); }\n",
                                     body));
}

static void test_order(void)
{
    const char *old = branch_program("old",
                                     "test %edi,%edi; js 1f; lea 3(%rdi),%eax; ret; 1: mov %edi,%eax; neg %eax; ret");
    struct delta *d = compare(
        old,
        branch_program("new", "test %edi,%edi; jns 1f; mov %edi,%eax; neg %eax; ret; nop; 1: lea 3(%rdi),%eax; ret"));
    const struct code_fact *inverted = fact(d, FACT_INVERTED, "f");
    is_str(fate(d, "f"), "reordered", "the same blocks in another order are told");
    ok(inverted && inverted->new == 1, "with the branch that was inverted");
    d = compare(
        old, branch_program("new", "test %edi,%edi; jns 1f; lea 3(%rdi),%eax; ret; 1: mov %edi,%eax; neg %eax; ret"));
    is_str(fate(d, "f"), "changed", "an inverted branch to the same places is another program");
    d = compare(old,
                branch_program("new", "test %edi,%edi; jz 1f; lea 3(%rdi),%eax; ret; 1: mov %edi,%eax; neg %eax; ret"));
    is_str(fate(d, "f"), "changed", "so is another condition");
    d = compare(
        old, branch_program("new", "test %edi,%edi; jns 1f; mov %edi,%eax; not %eax; ret; 1: lea 3(%rdi),%eax; ret"));
    ok(strcmp(fate(d, "f"), "reordered") != 0, "and another block");
    d = compare(branch_program("old", "1: dec %edi; cmp $7,%edi; jne 1b; mov %edi,%eax; ret"),
                branch_program("new", "jmp 1f; 2: mov %edi,%eax; ret; 1: dec %edi; cmp $7,%edi; je 2b; jmp 1b"));
    is_str(fate(d, "f"), "reordered", "a loop turned round is the same");
}

static const char parted[] =
    "#include <stdio.h>\n#include <stdlib.h>\nint tab[64];\n"
    "__attribute__((noinline, cold)) void bad(int x) { printf(\"%d\", x); }\n"
    "__attribute__((noinline)) int f(int *p, int n) { int s = 0; for (int i = 0; i < n; i++) {\n"
    "  if (p[i] < 0) { bad(3); s ^= p[i] * 3; puts(\"neg\"); bad(5); } else s += p[i];\n"
    "  switch (s) { case 77: s = 1; break; case 78: puts(\"a\"); break; case 79: bad(s); break; case 80: s += n; "
    "break;\n"
    "  case 81: s <<= 1; break; case 82: puts(\"x\"); break; } } if (n > 9999) abort(); return s; }\n"
    "int main(int c, char **v) { (void)v; return f(tab, c); }\n";

static void test_cold(void)
{
    const char *split = made_program("old", "-O2", parted),
               *one = made_program("new", "-O2 -fno-reorder-blocks-and-partition", parted);
    struct delta *d = compare(split, one);
    const struct code_fact *back = fact(d, FACT_FROM_COLD, "f"), *away;
    is_str(fate(d, "f"), "reordered", "a function whose cold part came back is the same function");
    ok(back && back->new > 20, "and says how many bytes came");
    d = compare(one, split);
    away = fact(d, FACT_TO_COLD, "f");
    ok(away && back && away->new == back->new, "the other way round they went");
    d = compare(one, made_program("third", "-O2 -fno-reorder-blocks-and-partition -DX", parted));
    ok(d->code_fact_count == 0, "a rebuild has no fact at all");
    char cold[400];
    snprintf(
        cold, sizeof cold,
        "__attribute__((noinline%s)) int g(int n) { return n * 7 + 3; } __attribute__((cold, noinline)) int h(int n) "
        "{ return n / 3; } int main(int c, char **v) { (void)v; return g(c) + h(c); }",
        "");
    const char *warm = made_program("old", "-O2", cold);
    snprintf(
        cold, sizeof cold,
        "__attribute__((noinline%s)) int g(int n) { return n * 7 + 3; } __attribute__((cold, noinline)) int h(int n) "
        "{ return n / 3; } int main(int c, char **v) { (void)v; return g(c) + h(c); }",
        ", cold, optimize(2)");
    d = compare(warm, made_program("new", "-O2", cold));
    const struct code_fact *place = fact(d, FACT_PLACE, "g");
    ok(place && place->old == USE_TEXT && place->new == USE_TEXT_COLD && !fact(d, FACT_PLACE, "h"),
       "a function that went among the unlikely ones is told, one that was there is not");
}

static void test_counts(void)
{
    const char *source = "#include <string.h>\nvolatile int sink; extern int ext(int) __attribute__((weak));\n"
                         "__attribute__((noinline)) int f(int n) { volatile char room[ROOM]; room[n] = 1; for (int i = "
                         "0; i < CALLS; i++) sink += ext(i); return room[1]; }\n"
                         "int main(int c, char **v) { (void)v; return f(c); }\n";
    const char *old = made_program("old", "-O2 -funroll-all-loops -DROOM=96 -DCALLS=1 -fno-stack-protector", source);
    struct delta *d = compare(
        old, made_program("new", "-O2 -funroll-all-loops -DROOM=160 -DCALLS=2 -fno-stack-protector", source));
    const struct code_fact *frame = fact(d, FACT_FRAME, "f"), *insns = fact(d, FACT_INSNS, "f");
    ok(frame && frame->new - frame->old >= 64 && frame->new - frame->old <= 80,
       "a larger frame is told, with its size");
    ok(insns && insns->new > insns->old, "and more instructions");
    const char *tls = "__thread int v; int *get(int n) { v += n; return &v; }";
    made_file("made.c", tls, strlen(tls));
    made_run("gcc -shared -fPIC -O2 -ftls-model=initial-exec -o ie.so made.c && gcc -shared -fPIC -O2 -o gd.so made.c");
    d = compare(made_path("ie.so"), made_path("gd.so"));
    const struct code_fact *calls = fact(d, FACT_TLS_CALLS, "get");
    ok(calls && calls->old == 0 && calls->new == 1, "a call of __tls_get_addr is told");
}

static void test_objects(void)
{
    const char *old_source = "__attribute__((aligned(64))) int a = 1; __attribute__((aligned(64))) int b = 2; "
                             "__attribute__((aligned(64))) char c[64] = { 1 };"
                             "long big[8] = { 1 }; int main(void) { return a + b + c[0] + (int)big[0]; }";
    const char *new_source =
        "__attribute__((aligned(64))) int a = 1; int b = 2; __attribute__((aligned(32))) char c[64] = { 1 };"
        "long big[16] = { 1 }; int main(void) { return a + b + c[0] + (int)big[0]; }";
    struct delta *d = compare(made_program("old", "-O2 -fno-toplevel-reorder", old_source),
                              made_program("new", "-O2 -fno-toplevel-reorder", new_source));
    ok(fact(d, FACT_NEIGHBOURS, "b") != NULL, "two variables that share a line now are told");
    ok(fact(d, FACT_OBJECT_LINES, "c") != NULL && fact(d, FACT_OBJECT_ALIGN, "c") != NULL,
       "an array that lost its alignment, too");
    ok(fact(d, FACT_OBJECT_SIZE, "big") && fact(d, FACT_OBJECT_SIZE, "big")->new == 128, "and one that grew");
    ok(!fact(d, FACT_OBJECT_SIZE, "a") && !fact(d, FACT_OBJECT_ALIGN, "a"), "a, which stayed, is not mentioned");
    const char *room = "__thread char room[SIZE]; int main(int c, char **v) { (void)v; return room[c]; }";
    d = compare(made_program("old", "-O2 -DSIZE=488", room), made_program("new", "-O2 -DSIZE=520", room));
    const struct code_fact *tls = fact(d, FACT_TLS_SIZE, "PT_TLS");
    ok(tls && tls->old == 488 && tls->new == 520, "PT_TLS grew from 488 to 520 bytes");
}

static const char *setting(const struct delta *d, const char *what)
{
    for (size_t i = 0; i < d->fact_count; i++)
        if (strcmp(d->facts[i].what, what) == 0)
            return arena_printf(made_arena, "%s -> %s", d->facts[i].old, d->facts[i].new);
    return NULL;
}

static const char *sentence(const struct delta *d, enum code_fact_kind kind, const char *name)
{
    const struct code_fact *f = fact(d, kind, name);
    return f ? f->sentence : NULL;
}

/* Two objects and what lies between them in pages: PAD bytes before them, GAP between. */
static void test_pages(void)
{
    static const char source[] =
        "__asm__(\".pushsection .data; .balign 4096; .skip PAD; .globl first, second, third\\n\"\n"
        "\".type first, @object; first: .skip 100; .size first, 100; .skip GAP\\n\"\n"
        "\".type second, @object; second: .skip 200; .size second, 200\\n\"\n"
        "\".balign 4096; .skip 64 - SHIFT; .type third, @object; third: .skip 64; .size third, 64; .popsection\\n\");\n"
        "extern char first[], second[]; int main(void) { return first[0] + second[0]; }\n";
    const char *flags = "-Wa,--defsym,PAD=%d,--defsym,GAP=%d,--defsym,SHIFT=%d";
    const char *old = made_program("old", arena_printf(made_arena, flags, 3950, 64, 0), source);
    struct delta *d = compare(old, made_program("new", arena_printf(made_arena, flags, 3700, 64, 0), source));
    is_str(sentence(d, FACT_PAGE_SHARED, "second"), "first and second share a 4 KiB page, before they did not",
           "two objects that share a page now are told");
    ok(!fact(d, FACT_NEIGHBOURS, "second"), "which does not make them share a line");
    d = compare(old, made_program("new", arena_printf(made_arena, flags, 3960, 64, 0), source));
    is_str(sentence(d, FACT_OBJECT_PAGES, "first"), NULL, "an object inside its page is not told to cross it");
    d = compare(old, made_program("new", arena_printf(made_arena, flags, 4040, 64, 0), source));
    is_str(sentence(d, FACT_OBJECT_PAGES, "first"), "first (100 bytes) now crosses a 4 KiB page",
           "one that crosses a page now is told");
    d = compare(old, made_program("new", arena_printf(made_arena, flags, 3950, 64, 24), source));
    is_str(sentence(d, FACT_OBJECT_ALIGN, "third"), "third starts 40 bytes past a multiple of 64, before at one",
           "lost alignment to 64 bytes is told");
    d = compare(old, made_program("new", arena_printf(made_arena, flags, 3950, 64, -64), source));
    ok(!fact(d, FACT_OBJECT_ALIGN, "third"), "another place of the same alignment is not");
    d = compare(old, made_program("new", arena_printf(made_arena, flags, 3950, 64, 0), source));
    ok(d->code_fact_count == 0, "the null twin has no fact");
}

static void test_segments(void)
{
    static const char source[] =
        "__asm__(\".text; .skip CODE\"); char room[DATA]; int main(void) { return room[1]; }\n";
    const char *flags = "-no-pie -DDATA=%d -Wa,--defsym,CODE=%d%s";
    const char *old = made_program("old", arena_printf(made_arena, flags, 100, 9000000, ""), source);
    struct delta *d =
        compare(old, made_program("new",
                                  arena_printf(made_arena, flags, 100, 9000000,
                                               " -Wl,-z,max-page-size=0x200000 -Wl,-z,common-page-size=0x200000"),
                                  source));
    const struct code_fact *huge = fact(d, FACT_HUGE_TEXT, "code");
    ok(huge && huge->new >= 4 && huge->new <= 5 && huge->old < huge->new,
       "code aligned to huge pages is told, with how many");
    is_str(setting(d, "load segment 1 alignment"), "4096 -> 2097152", "and the alignment of the segment");
    d = compare(old, made_program("new", arena_printf(made_arena, flags, 9000000, 9000000, ""), source));
    const struct code_fact *data = fact(d, FACT_HUGE_DATA, "data");
    ok((!data || data->new > data->old) && !fact(d, FACT_HUGE_TEXT, "code"),
       "more data is no change of the code's pages");
    ok(setting(d, "section .bss size") && setting(d, "load segment 3 4 KiB pages"),
       "a section that grew is told, and the pages of its segment");
    d = compare(old, made_program("new", arena_printf(made_arena, flags, 100, 9000000, ""), source));
    ok(d->code_fact_count == 0 && d->fact_count == 0, "the null twin differs in nothing");
}

static void test_tls(void)
{
    static const char source[] = "__attribute__((aligned(ALIGN))) __thread int v; static __thread int w[4];\n"
                                 "int get(int n) { v += n; w[n & 3] ^= v; return v; }\n";
    static const struct {
        const char *name, *flags;
    } builds[] = {
        { "gd", "-DALIGN=4" },
        { "again", "-DALIGN=4" },
        { "aligned", "-DALIGN=64" },
        { "ie", "-DALIGN=4 -ftls-model=initial-exec" },
        { "desc", "-DALIGN=4 -mtls-dialect=gnu2" },
    };
    made_file("made.c", source, sizeof source - 1);
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++)
        made_run("gcc -shared -fPIC -O2 -o %s.so %s made.c", builds[i].name, builds[i].flags);
    struct delta *d = compare(made_path("gd.so"), made_path("aligned.so"));
    is_str(sentence(d, FACT_TLS_ALIGN, "PT_TLS"), "alignment of PT_TLS in bytes: 64, before 4",
           "another alignment of PT_TLS is told");
    ok(!fact(d, FACT_STATIC_TLS, "DF_STATIC_TLS") && !fact(d, FACT_TLS_MODEL, "get"), "the model is not");
    d = compare(made_path("gd.so"), made_path("ie.so"));
    is_str(sentence(d, FACT_STATIC_TLS, "DF_STATIC_TLS"),
           "asks for room in the static TLS block (DF_STATIC_TLS): 1, before 0", "DF_STATIC_TLS is told");
    const char *model = sentence(d, FACT_TLS_MODEL, "get");
    ok(model && strstr(model, "2 by one from a slot, 0 by a call; before 0, 0, 2"),
       "and the model that a function's accesses went to");
    ok(setting(d, "general-dynamic TLS relocations") && setting(d, "initial-exec TLS relocations"),
       "and the relocations of both models");
    d = compare(made_path("ie.so"), made_path("desc.so"));
    model = sentence(d, FACT_TLS_MODEL, "get");
    ok(model && strstr(model, "0 by one from a slot, 2 by a call; before 0, 2, 0"), "descriptors call, too");
    ok(!fact(d, FACT_TLS_CALLS, "get"), "though not __tls_get_addr");
    d = compare(made_path("gd.so"), made_path("again.so"));
    ok(d->code_fact_count == 0 && d->fact_count == 0, "the null twin differs in nothing");
}

static void test_variables(void)
{
    static const char source[] = "typedef TYPE number; number wide[SIZE] = { 1 }; int narrow = 3;\n"
                                 "static TYPE *const p = wide;\n"
                                 "int main(void) { return (int)wide[0] + narrow + (p != 0); }\n";
    const char *old = made_program("old", "-O1 -DTYPE=int -DSIZE=4", source);
    struct delta *d = compare(old, made_program("new", "-O1 -DTYPE=int -DSIZE=12", source));
    is_str(sentence(d, FACT_VARIABLE_TYPE, "wide"), "the variable wide is number[12], before number[4]",
           "an array that grew is told by its type");
    d = compare(old, made_program("new", "-O1 -DTYPE=long -DSIZE=4", source));
    ok(fact(d, FACT_OBJECT_SIZE, "wide") && fact(d, FACT_OBJECT_SIZE, "wide")->new == 32, "and by its size");
    ok(!fact(d, FACT_VARIABLE_TYPE, "narrow"), "a variable that stayed is not");
    d = compare(old, made_program("new", "-O1 -DTYPE=int -DSIZE=4", source));
    ok(d->code_fact_count == 0, "the null twin has no fact");
}

/* Thread-local ones have an offset and no address, those of functions stand below these. */
static void test_hidden_variables(const char *compiler, const char *flags)
{
    static const char source[] = "__thread struct slot { int a[SIZE]; } slots[3]; static __thread char text[SIZE] = { 1 };\n"
                                 "__thread int kept = 4;\n"
                                 "int count(int n) { static short counts[SIZE] = { 1 }; { static long sums[SIZE] = { 2 };\n"
                                 "  return counts[n] += (short)(sums[n] + text[n] + slots[n].a[0] + kept); } }\n"
                                 "int main(int c, char **v) { (void)v; return count(c); }\n";
    static const struct {
        const char *name, *sentence;
    } rows[] = {
        { "text", "the thread-local variable text is char[40], before char[8]" },
        { "counts", "is short int[40], before short int[8]" },
        { "sums", "is long int[40], before long int[8]" },
    };
    static const char *const sides[] = { "a", "b", "c" };
    for (int i = 0; i < 3; i++) { /* folders, as clang's .dwo files are called by the source alone */
        made_run("rm -rf %s && mkdir %s", sides[i], sides[i]);
        made_file(arena_printf(made_arena, "%s/made.c", sides[i]), source, strlen(source));
        made_run("cd %s && %s -g -O1 %s -DSIZE=%d -o prog made.c", sides[i], compiler, flags, i == 1 ? 40 : 8);
    }
    struct delta *d = compare(made_path("a/prog"), made_path("b/prog")), *null = compare(made_path("a/prog"), made_path("c/prog"));
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        bool found = false;
        for (size_t i = 0; i < d->code_fact_count && !found; i++)
            found = d->code_facts[i].kind == FACT_VARIABLE_TYPE && strstr(d->code_facts[i].name, rows[row].name) &&
                    (strstr(d->code_facts[i].sentence, rows[row].sentence) ||
                     (strcmp(compiler, "clang") == 0 && strstr(d->code_facts[i].sentence, "[40], before")));
        ok(found, "%s %s: the type of %s is told", compiler, flags, rows[row].name);
    }
    ok(!fact(d, FACT_VARIABLE_TYPE, "kept") && null->code_fact_count == 0, "%s %s: nothing of what stayed, nor in the null twin", compiler,
       flags);
}

/* Types that are not at the top of a file: in types, in functions, behind typedefs, in unnamed members. */
static void test_hidden_types(void)
{
    static const struct {
        const char *from, *to;
        enum code_fact_kind kind;
        const char *name, *sentence;
    } rows[] = {
        { "INNER 4", "INNER 12", FACT_STRUCT_SIZE, "space::outer::inner",
          "struct space::outer::inner has 24 bytes, 0 of them holes, before 8 with 0" },
        { "INNER 4", "INNER 12", FACT_STRUCT_SIZE, "space::outer", "struct space::outer has 28 bytes, 0 of them holes, before 12 with 0" },
        { "LOCAL 2", "LOCAL 6", FACT_STRUCT_SIZE, "work()::local", "struct work()::local has 12 bytes, 0 of them holes, before 4 with 0" },
        { "PLAIN 3", "PLAIN 9", FACT_STRUCT_SIZE, "plain_t", "plain_t has 10 bytes, 0 of them holes, before 4 with 0" },
        { "WIDE int", "WIDE long", FACT_STRUCT_SIZE, "either", "union either has 8 bytes, 0 of them holes, before 4 with 0" },
        { "DEEP int", "DEEP char", FACT_MEMBER_TYPE, "holder", "the member deep of struct holder is char, before int" },
        { "BIT 3", "BIT 5", FACT_MEMBER_OFFSET, "flags", "1 member of struct flags moved, the first is b from bit 3 to bit 5" },
        { "MODES a", "MODES a, b", FACT_ENUM_VALUES, "space::outer::mode", "enum space::outer::mode has 2 values, before 1" },
    };
    static const char source[] = "#define INNER 4\n#define LOCAL 2\n#define PLAIN 3\n#define WIDE int\n#define DEEP int\n#define BIT 3\n#define MODES a\n"
                                 "namespace space { struct outer { enum mode { MODES } m; struct inner { short x[INNER]; } in; }; }\n"
                                 "space::outer o;\n"
                                 "typedef struct { short n; char c[PLAIN - 1]; } plain_t; plain_t p; union either { WIDE w; char c; } e;\n"
                                 "struct holder { long first; struct { union { DEEP deep; short other; }; int beside; }; } h;\n"
                                 "struct flags { int a : BIT; int b : 4; } f;\n"
                                 "__attribute__((noinline)) int work(int n) { struct local { short s[LOCAL]; } all[4] = {}; all[n].s[1] = (short)n;\n"
                                 "  __asm__ volatile(\"\" : : \"r\"(all) : \"memory\"); return all[n & 1].s[0]; }\n"
                                 "int main(int c, char **) { return work(c) + o.in.x[0] + p.n + e.c + h.deep + f.b; }\n";
    made_file("made.cc", source, strlen(source));
    made_run("g++ -g -O1 -o old made.cc && cp old twin");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *at = strstr(source, rows[i].from);
        const char *other = arena_printf(made_arena, "%.*s%s%s", (int)(at - source), source, rows[i].to, at + strlen(rows[i].from));
        made_file("made.cc", other, strlen(other));
        made_run("g++ -g -O1 -o new made.cc");
        struct delta *d = compare(made_path("old"), made_path("new"));
        const struct code_fact *f = fact(d, rows[i].kind, rows[i].name);
        is_str(f ? f->sentence : NULL, rows[i].sentence, rows[i].to);
    }
    made_file("made.cc", source, strlen(source));
    made_run("g++ -g -O1 -o new made.cc");
    ok(compare(made_path("old"), made_path("new"))->code_fact_count == 0, "the null twin has no fact");
}

static const char typed[] = "#include <stdio.h>\n"
                            "struct grown { char tag; double x; char pad[PAD]; double last; };\n"
                            "struct kept { int a, b; }; struct kept keep;\n"
                            "struct shifted { FIRST SECOND int rest[12]; }; struct shifted shift;\n"
                            "struct grown grow;\n"
                            "int main(void) { grow.x = keep.a + shift.rest[2]; return (int)grow.last; }\n";

static void test_types(void)
{
    struct grown_old {
        char tag;
        double x;
        char pad[4];
        double last;
    };
    struct grown_new {
        char tag;
        double x;
        char pad[40];
        double last;
    };
    const char *old = made_program("old", "-O2 -DPAD=4 '-DFIRST=long a;' '-DSECOND=int b;'", typed);
    struct delta *d = compare(old, made_program("new", "-O2 -DPAD=40 '-DFIRST=int b;' '-DSECOND=long a;'", typed));
    const struct code_fact *size = fact(d, FACT_STRUCT_SIZE, "grown"), *offset = fact(d, FACT_MEMBER_OFFSET, "grown");
    ok(size && size->old == sizeof(struct grown_old) && size->new == sizeof(struct grown_new),
       "a struct that grew is told with its sizes");
    is_str(size ? size->sentence : NULL, "struct grown has 64 bytes, 7 of them holes, before 32 with 11",
           "and its holes");
    ok(offset && offset->old == offsetof(struct grown_old, last) && offset->new == offsetof(struct grown_new, last),
       "the member behind moved, with its offsets");
    ok(fact(d, FACT_MEMBER_OFFSET, "shifted") && !fact(d, FACT_MEMBER_OFFSET, "kept") &&
           !fact(d, FACT_STRUCT_SIZE, "kept"),
       "members that changed places are told, an unchanged struct is not");
    d = compare(old, made_program("new", "-O2 -DPAD=45 '-DFIRST=long a;' '-DSECOND=int b; short c[24];'", typed));
    const struct code_fact *line = fact(d, FACT_MEMBER_LINE, "shifted");
    ok(line && line->old == 12 && line->new == 60, "an array that crosses a line now is told");
    struct delta *null = compare(old, made_program("new", "-O2 -DPAD=4 '-DFIRST=long a;' '-DSECOND=int b;'", typed));
    ok(null->code_fact_count == 0, "the null twin has no fact");
}

/* Pairs of sources that differ in one word. */
static void test_type_facts(void)
{
    static const struct {
        const char *from, *to;
        enum code_fact_kind kind;
        const char *sentence;
    } rows[] = {
        { "ARRAY 4", "ARRAY 12", FACT_MEMBER_TYPE, "the member room of struct box is int[12], before int[4]" },
        { "ARRAY 4", "ARRAY 12", FACT_STRUCT_SIZE, "struct box has 72 bytes, 4 of them holes, before 40 with 4" },
        { "KIND int", "KIND long", FACT_MEMBER_TYPE, "the member kind of struct box is long int, before int" },
        { "BITS 3", "BITS 5", FACT_MEMBER_TYPE,
          "the member flags of struct box is unsigned int : 5, before unsigned int : 3" },
        { "MORE", "MORE char more;", FACT_MEMBERS, "struct box has 5 members, before 4: more is new (1 bytes at 33)" },
        { "HUES red", "HUES red, green, blue", FACT_ENUM_VALUES, "enum hue has 3 values, before 1" },
        { "HUES red", "HUES red, huge = 1l << 40", FACT_ENUM_SIZE, "enum hue has 8 bytes, before 4" },
    };
    static const char source[] = "#define ARRAY 4\n#define KIND int\n#define BITS 3\n#define MORE\n#define HUES red\n"
                                 "enum hue { HUES }; struct box { KIND kind; long *next; int room[ARRAY];\n"
                                 "  unsigned flags : BITS; MORE } box; enum hue hue;\n"
                                 "int main(void) { return box.kind + hue; }\n";
    const char *old = made_program("old", "-O2", source);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *at = strstr(source, rows[i].from);
        struct delta *d = compare(
            old, made_program("new", "-O2",
                              arena_printf(made_arena, "%.*s%s%s", (int)(at - source), source, rows[i].to,
                                           at + strlen(rows[i].from))));
        const struct code_fact *f = fact(d, rows[i].kind, strstr(rows[i].sentence, "enum") ? "hue" : "box");
        is_str(f ? f->sentence : NULL, rows[i].sentence, rows[i].to);
    }
    struct delta *null = compare(old, made_program("new", "-O2", source));
    ok(null->code_fact_count == 0, "the null twin has no fact");
    const char *one = "struct box { int a; }; struct box x; int y(void); int main(void) { return x.a + y(); }",
               *two = "struct box { int b[2]; }; struct box z; int y(void) { return z.b[1]; }";
    made_file("one.c", one, strlen(one));
    made_file("two.c", two, strlen(two));
    made_run("gcc -g -o old one.c two.c && gcc -g -o new two.c one.c");
    null = compare(made_path("old"), made_path("new"));
    ok(!fact(null, FACT_STRUCT_SIZE, "box") && !fact(null, FACT_MEMBERS, "box"),
       "two types of one name in two sources, linked in another order, are not taken for a change");
}

static void test_inlining(const char *compiler)
{
    static const char source[] =
        "#include <stdio.h>\n"
        "ATTR int half(int n) { return n > 0 ? n / 2 + n * n : puts(\"no\"); }\n"
        "__attribute__((noinline)) int walk(int n) { int s = 0; for (int i = 0; i < n; i++) s += half(i); return s; }\n"
        "int main(int c, char **v) { (void)v; return walk(c); }\n";
    made_file("made.c", source, strlen(source));
    made_run("%s -g -O2 '-DATTR=static __attribute__((noinline))' -o old made.c && %s -g -O2 '-DATTR=static inline' -o "
             "new made.c",
             compiler, compiler);
    struct delta *d = compare(made_path("old"), made_path("new"));
    const struct code_fact *now = fact(d, FACT_INLINED, "walk");
    is_str(now ? now->sentence : NULL, "half is now inlined in walk (call at made.c:3)",
           arena_printf(made_arena, "%s: an inlined call is told with its line", compiler));
    const struct symbol *kin = NULL;
    for (size_t i = 0; i < d->symbol_count; i++)
        if (d->symbols[i].fate == FATE_REMOVED && strcmp(d->symbols[i].old->name, "half") == 0)
            kin = d->symbols[i].kin;
    is_str(kin ? kin->name : NULL, "walk", "the function that vanished went there");
    d = compare(made_path("new"), made_path("old"));
    now = fact(d, FACT_INLINED, "walk");
    is_str(now ? now->sentence : NULL, "half is no longer inlined in walk (call at made.c:3)",
           "and the other way round");
}

/* A function with a cold part has several ranges in its debug information, and inlines what it did. */
/* One call more or fewer of several. */
static void test_inlining_count(void)
{
    static const char source[] = "static inline __attribute__((always_inline)) int half(int n) { return n / 2 + n * n; }\n"
                                 "__attribute__((noinline)) int walk(int n) { int s = 0;\n"
                                 "  for (int i = 0; i < n; i++) s += half(i);\n"
                                 "  for (int i = 0; i < n; i++) s ^= SECOND(s + i);\n"
                                 "  return s; }\n"
                                 "int main(int c, char **v) { (void)v; return walk(c); }\n";
    const char *old = made_program("old", "-O2 -DSECOND=", source), *new = made_program("new", "-O2 -DSECOND=half", source);
    struct delta *d = compare(old, new), *back = compare(new, old);
    is_str(sentence(d, FACT_INLINED, "walk"), "half is inlined 2 times in walk, before 1: now also the call at made.c:4",
           "a call that is inlined beside another is told with its line");
    is_str(sentence(back, FACT_INLINED, "walk"), "half is inlined 1 time in walk, before 2: no longer the call at made.c:4",
           "and one that is not any more");
    d = compare(old, made_program("new", "-O2 -DSECOND=~", source));
    ok(!fact(d, FACT_INLINED, "walk"), "other code with the same calls inlined has no such fact");
}

static void test_inlining_with_cold_part(void)
{
    static const char source[] =
        "#include <stdio.h>\n__attribute__((cold, noinline)) void bad(int n) { printf(\"%d\", n); }\n"
        "static inline int half(int n) { return n / 2 + n * n; }\n"
        "__attribute__((noinline)) int walk(int n) { int s = 0; for (int i = 0; i < n; i++) { s += half(i);\n"
        "#ifdef CHECK\n    if (s == 77) { bad(s); puts(\"x\"); bad(n); }\n#endif\n    } return s; }\n"
        "int main(int c, char **v) { (void)v; bad(c); return walk(c); }\n";
    struct delta *d = compare(made_program("old", "-O2", source), made_program("new", "-O2 -DCHECK", source));
    ok(fact(d, FACT_COLD_BYTES, "walk") && !fact(d, FACT_INLINED, "walk"),
       "a cold part alone does not make an inlined call vanish");
}

static void test_lines(void)
{
    static const char source[] = "#include <stdio.h>\n"
                                 "static inline int half(int n)\n{\n    return n * 12345 + 6;\n}\n"
                                 "__attribute__((noinline)) int walk(int n)\n{\n    return half(n) + puts(\"x\");\n}\n"
                                 "int main(int c, char **v)\n{\n    (void)v;\n    return walk(c);\n}\n";
    static const char *const flags[] = { "-O2 -gdwarf-5", "-O2 -gdwarf-4", "-O2 -gz", "-O2 -gsplit-dwarf" };
    for (size_t f = 0; f < sizeof flags / sizeof *flags; f++) {
        struct inventory *inv = must_read(made_program("lined", flags[f], source));
        struct lines *lines = lines_open(made_arena, inv);
        const struct symbol *walk = symbol_named(inv, "walk");
        struct source_line line;
        bool inlined = false, outer = false;
        for (uint64_t at = walk->address; lines && at < walk->address + walk->size; at++) {
            if (!line_at(lines, at, &line) || !strstr(line.file, "made.c"))
                continue;
            inlined = inlined ||
                      (line.line == 4 && line.inlined == 1 && line.function && strcmp(line.function, "half") == 0);
            outer = outer ||
                    (line.line == 8 && line.inlined == 0 && line.function && strcmp(line.function, "walk") == 0);
        }
        ok(inlined && outer, "%s: lines of a function and of what it inlines are found", flags[f]);
        ok(lines && !line_at(lines, 1, &line), "and none where there is no code");
    }
    made_program("lined", "-O2 -Wl,--build-id", source);
    made_run("objcopy --only-keep-debug lined lined.debug && strip -o apart lined && objcopy "
             "--add-gnu-debuglink=lined.debug apart");
    struct inventory *apart = must_read(made_path("apart"));
    struct lines *lines = lines_open(made_arena, apart);
    struct source_line line;
    ok(apart->has_debug && lines &&
           line_at(lines, symbol_named(must_read(made_path("lined")), "walk")->address, &line) && line.line == 7,
       "debug information in a file of its own is found by its link");
    ok(!lines_open(made_arena, must_read("/bin/true")), "without any there are no lines");
}

static void test_demangling(void)
{
    const char *source =
        "namespace ns { struct T { int a; }; __attribute__((noinline)) int f(const T &t, int n) { return t.a * n; } }"
        "int main(int c, char **) { ns::T t = { c }; return ns::f(t, c); }";
    made_file("made.cc", source, strlen(source));
    made_run("g++ -g -O2 -o cpp made.cc");
    const struct symbol *f = symbol_named(must_read(made_path("cpp")), "_ZN2ns1fERKNS_1TEi");
    is_str(f ? f->pretty : NULL, "ns::f(ns::T const&, int)", "C++ names are shown as written");
}

/* docs/inspect.md has a row for every kind of fact, with its cause. */
static void test_document(void)
{
    static char text[1 << 16];
    static const char *const cause[SHARE_COUNT] = { "work", "layout", "hint", "data" };
    FILE *f = fopen(TEST_DIR "/../docs/inspect.md", "r");
    size_t size = f ? fread(text, 1, sizeof text - 1, f) : 0, missing = 0;
    if (f)
        fclose(f);
    for (int kind = 0; kind < FACT_KIND_COUNT; kind++) {
        const struct code_fact_row *row = &code_fact_table[kind];
        const char *line = arena_printf(made_arena, "| `%s` | %s |", row->name, cause[row->share]);
        missing += !strstr(text, line);
        if (!strstr(text, line))
            diag("no row '%s'", line);
    }
    ok(size > 0 && missing == 0, "the document has a row for every fact, with its cause");
}

int main(void)
{
    made_begin();
    test_document();
    test_pages();
    test_segments();
    test_tls();
    test_variables();
    test_hidden_variables("gcc", "");
    test_hidden_variables("gcc", "-gsplit-dwarf");
    if (system("clang --version >/dev/null 2>&1") == 0)
        test_hidden_variables("clang", "-gsplit-dwarf -gdwarf-5");
    else
        skip("variables of clang", "no clang here");
    test_types();
    test_hidden_types();
    test_type_facts();
    test_inlining("gcc");
    if (system("clang --version >/dev/null 2>&1") == 0)
        test_inlining("clang");
    else
        skip("inlining by clang", "no clang here");
    test_inlining_count();
    test_inlining_with_cold_part();
    test_lines();
    test_demangling();
    test_loops();
    test_jumps();
    test_order();
    test_cold();
    test_counts();
    test_objects();
    return done_testing();
}
