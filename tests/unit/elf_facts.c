/* Facts about code and data, each found in a pair made for it and not reported in its null twin. */
#include "elf/facts.h"

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

int main(void)
{
    made_begin();
    test_loops();
    test_jumps();
    test_order();
    test_cold();
    test_counts();
    test_objects();
    return done_testing();
}
