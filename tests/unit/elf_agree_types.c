/* Agreement with pahole on the layout of every struct: sizes, holes, members' offsets and sizes. */
#include "elf/image.h"
#include "elf/inventory.h"
#include "elf/types.h"
#include "elf_made.h"
#include "tap.h"

#include <dwarf.h>

#include <string.h>

/* What pahole 1.24 shows otherwise, and why it is right to differ:
 * - members of atomic types (DW_TAG_atomic_type, which it does not know) have no size, and the struct then has holes;
 * - holes beside bit-fields are counted in bits, and to the end of the declared type: ours count bytes without any bit;
 * - a union's size is only on the members' own lines;
 * - a member in the tail padding of a base class makes it count a hole of -1 bytes: there is none here;
 * - so does a base class that lies before an earlier one;
 * - types in type units are not followed: its reading of a build without is what ours must be;
 * - structs of no size (nothing but a flexible array) are shown.
 * pahole's report as lines "NAME size S holes H", "NAME.MEMBER at OFFSET size SIZE" and
 * "NAME.MEMBER bit FIRST bits COUNT". Members of unnamed members stand deeper and are left out, as ours are. */
static const char parse[] =
    "function said(what) { lines = lines name what \"\\n\" }\n"
    "/^(struct|union|class) [^ ]+ (:.*)?\\{/ { name = $2; holes = 0; size = lines = \"\"; next }\n"
    "/^\\t\\/\\* sum members:.*sum holes:/ { holes = $0; sub(/.*sum holes: /, \"\", holes); holes += 0 }\n"
    "/^\\t\\/\\* sum bitfield members:/ { holes = \"in bits\" }\n"
    "/^\\t\\/\\* size: / { size = $0; sub(/.*size: /, \"\", size); size += 0 }\n"
    "/^typedef (struct|union) *\\{/ { name = \"@\"; holes = 0; size = lines = \"\"; next }\n"
    "/^}/ && name == \"@\" { last = $0; sub(/;.*/, \"\", last); sub(/ +__attribute__.*/, \"\", last)\n"
    "  sub(/.*[ *}]/, \"\", last); if (size != \"\") said(\" size \" size \" holes \" holes)\n"
    "  gsub(/@/, last, lines); if (size \"\" != \"0\") printf \"%s\", lines; name = \"\" }\n"
    "/^}/ && name != \"\" { if (size != \"\") said(\" size \" size \" holes \" holes)\n"
    "  if (size \"\" != \"0\") printf \"%s\", lines; name = \"\" }\n"
    "name != \"\" && /^\\t[^\\t\\/].*\\/\\* *[0-9]+(: *[0-9]+)? +[0-9]+ \\*\\/$/ {\n"
    "  place = $0; sub(/.*\\/\\*/, \"\", place); sub(/\\*\\/$/, \"\", place)\n"
    "  member = $0; sub(/ *\\/\\*[^*]*\\*\\/$/, \"\", member); sub(/;.*$/, \"\", member)\n"
    "  sub(/ +__attribute__.*/, \"\", member); bits = \"\"\n"
    "  if (match(member, /:[0-9]+$/)) { bits = substr(member, RSTART + 1); member = substr(member, 1, RSTART - 1) }\n"
    "  if (match(member, /\\(\\*+[A-Za-z0-9_]+/)) {\n"
    "    member = substr(member, RSTART, RLENGTH); gsub(/[(*]/, \"\", member) }\n"
    "  else { gsub(/\\[[^\\]]*\\]/, \"\", member); sub(/.*[ \\t*}]/, \"\", member) }\n"
    "  split(place, at, /[: ]+/); i = at[1] == \"\" ? 2 : 1\n"
    "  if (bits != \"\") said(\".\" member \" bit \" at[i] * 8 + at[i + 1] \" bits \" bits)\n"
    "  else said(\".\" member \" at \" at[i] \" size \" at[i + 1]) }\n";

static FILE *ours, *left_out, *typedefs;

static bool is_atomic(const struct member *member)
{
    Dwarf_Die at = member->die;
    bool atomic = false;
    while (walk_type(&at) && dwarf_tag(&at) != DW_TAG_pointer_type)
        atomic = atomic || dwarf_tag(&at) == DW_TAG_atomic_type;
    return atomic;
}

static void print_type(const struct type *type)
{
    static struct member members[TYPE_MOST_MEMBERS];
    size_t count = type_members(type, members);
    bool bits = false, atomic = false;
    for (size_t i = 0; i < count; i++) {
        bits = bits || members[i].bits;
        atomic = atomic || is_atomic(&members[i]);
    }
    if (type->is_enum)
        return;
    if (!type->word[0]) /* shown only where asked for by name, and of many names not all */
        fprintf(typedefs, "%s\n", type->name);
    if (atomic)
        fprintf(left_out, "%s\n", type->name);
    fprintf(ours, "%s size %llu holes %llu\n", type->name, (unsigned long long)type->size,
            (unsigned long long)type_holes(members, count));
    if (bits)
        fprintf(ours, "%s size %llu holes in bits\n", type->name, (unsigned long long)type->size);
    for (size_t i = 0; i < count; i++)
        if (members[i].bits)
            fprintf(ours, "%s.%s bit %llu bits %u\n", type->name, members[i].name, (unsigned long long)members[i].bit,
                    members[i].bits);
        else
            fprintf(ours, "%s.%s at %llu size %llu\n", type->name, members[i].name,
                    (unsigned long long)members[i].offset, (unsigned long long)members[i].size);
}

/* pahole shows one definition of a name, so all of its lines must be among ours, and all names of ours among its. */
static void agree(const char *what, const char *path, const char *pahole_path, size_t least)
{
    struct err err = ERR_INIT;
    struct inventory *inv = inventory_read(made_arena, path, &err);
    Dwarf *dwarf = inv ? image_dwarf(inv->image) : NULL;
    if (!ok(dwarf != NULL, "%s: its debug information is read", what))
        return;
    struct types types = types_read(made_arena, inv->image, NULL, NULL);
    ours = fopen(made_path("ours"), "w");
    left_out = fopen(made_path("left_out"), "w");
    typedefs = fopen(made_path("typedefs"), "w");
    for (size_t i = 0; ours && left_out && typedefs && i < types.count; i++)
        print_type(&types.items[i]);
    fclose(ours);
    fclose(left_out);
    fclose(typedefs);
    made_file("parse.awk", parse, strlen(parse));
    made_run("keep='FILENAME == \"left_out\" { skip[$1] = 1; next } { name = $1; sub(/[.].*/, \"\", name) } "
             "!(name in skip)'; export LC_ALL=C; { pahole -F dwarf '%s'; "
             "names=$(grep -v :: typedefs | sort -u | paste -sd,); [ -z \"$names\" ] || pahole -F dwarf -C \"$names\" '%s'; } "
             "2>/dev/null | awk -f parse.awk >said; "
             "awk \"$keep\" left_out said | sort -u >theirs; awk \"$keep\" left_out ours | sort -u >mine",
             pahole_path, pahole_path);
    made_run("export LC_ALL=C; comm -13 mine theirs >only; sed 's/[ .].*//' mine | sort -u >my_names; "
             "sed 's/[ .].*//' theirs | sort -u >names; comm -23 my_names names | grep -vxFf typedefs >>only; "
             "head -10 only | sed 's/^/# /'; wc -l <theirs >count");
    FILE *f = fopen(made_path("count"), "r");
    size_t lines = 0;
    if (f && fscanf(f, "%zu", &lines) != 1)
        lines = 0;
    if (f)
        fclose(f);
    ok(lines >= least && system(arena_printf(made_arena, "test ! -s %s/only", made_folder)) == 0,
       "%s: pahole's %zu lines on structs are ours", what, lines);
}

/* A bit of everything that shifts members: bases, virtual tables, bit-fields, flexible arrays, nested types. */
static const char sources[] =
    "struct bits { int a : 3; unsigned b : 7; long c : 40; char d; short e : 9; unsigned long f : 64; } bits;\n"
    "struct packed { char a; long b; short c[3]; } __attribute__((packed)) packed;\n"
    "struct apart { char a; __attribute__((aligned(64))) char b[70]; double d; } apart;\n"
    "struct tail { int n; struct { short x, y; } at; union { long l; char c[5]; }; int rest[]; } tail;\n"
    "enum hue { red, green } hue; typedef int four[4]; struct many { four f[3]; const volatile char *p;\n"
    "  void (*call)(int); enum hue h; struct bits b; } many;\n"
    "#ifdef __cplusplus\n"
    "struct base { virtual ~base(); int i, c; }; base::~base() {} base b;\n"
    "class derived : public base { public: char d; base &r; derived() : r(*this) {} } d;\n"
    "struct one { long l; }; struct both : derived, one { short s; } both;\n"
    "#endif\n"
    "int main(void) { return bits.a + packed.a + apart.a + tail.n + many.h + hue; }\n";

static void test_made(void)
{
    static const char *const compilers[] = { "gcc", "g++", "clang", "clang++" };
    static const char *const flags[] = { "-gdwarf-5", "-gdwarf-4", "-g -gz", "-g -fdebug-types-section", "-g -flto" };
    made_file("made.c", sources, sizeof sources - 1);
    made_file("made.cc", sources, sizeof sources - 1);
    for (size_t c = 0; c < sizeof compilers / sizeof *compilers; c++) {
        bool cxx = strstr(compilers[c], "++");
        if (system(arena_printf(made_arena, "%s --version >/dev/null 2>&1", compilers[c])) != 0) {
            skip(compilers[c], "not on this machine");
            continue;
        }
        for (size_t f = 0; f < sizeof flags / sizeof *flags; f++) {
            const char *what = arena_printf(made_arena, "%s %s", compilers[c], flags[f]);
            /* clang's LTO needs a linker plugin that not every machine has; in clang's type units a polymorphic base is
             * a bare name, of no size. */
            if ((strstr(flags[f], "-flto") && strncmp(what, "clang", 5) == 0) ||
                (strstr(flags[f], "types-section") && strcmp(compilers[c], "clang++") == 0))
                continue;
            made_run("%s -o made made.%s", what, cxx ? "cc" : "c");
            if (f == 0)
                made_run("cp made plain");
            bool units = strstr(flags[f], "types-section");
            agree(what, made_path("made"), made_path(units ? "plain" : "made"), cxx ? 30 : 25);
        }
    }
}

/* Whose debug information Debian ships apart, in libc6-dbg (valgrind depends on it). */
static void test_shipped(void)
{
    static const char *const libraries[] = { "libc.so.6",         "libm.so.6",       "ld-linux-x86-64.so.2",
                                             "libresolv.so.2",    "libmvec.so.1",    "libthread_db.so.1",
                                             "libnss_compat.so.2", "libnss_hesiod.so.2", "libanl.so.1" };
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        const char *path = arena_printf(made_arena, "/lib/x86_64-linux-gnu/%s", libraries[i]);
        struct err err = ERR_INIT;
        struct inventory *inv = inventory_read(made_arena, path, &err);
        if (!inv || !image_dwarf(inv->image))
            skip(path, "the library or its debug information is not on this machine");
        else
            agree(path, path, path, 10);
    }
}

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

int main(int argc, char **argv)
{
    (void)argc;
    made_begin();
    if (system("pahole --version >/dev/null 2>&1") != 0) {
        skip("agreement with pahole", "no pahole here");
        return done_testing();
    }
    test_made();
    char *self = realpath(argv[0], NULL);
    if (SANITIZED)
        skip("this test program", "it holds the sanitizer's types, whose namespaces pahole leaves out");
    else
        agree("this test program", self, self, 200);
    free(self);
    test_shipped();
    return done_testing();
}
