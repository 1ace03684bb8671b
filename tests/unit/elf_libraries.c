/* Shared libraries: found as the loader finds them, compared where they differ, nothing where they are the same. */
#include "elf/image.h"
#include "elf/inventory.h"
#include "elf/libraries.h"
#include "elf/loader.h"
#include "elf_made.h"
#include "tap.h"

static const char source[] = "struct item { int a; char room[ROOM]; long z; } table[8];\n"
                             "__attribute__((noinline)) long pick(int n) { return table[n & 7].z; }\n";

/* A folder a side, each with a program and the libraries `names` that it needs. */
static void build(const char *side, int room, const char *names, const char *link)
{
    const char *libraries = "";
    made_file("lib.c", source, sizeof source - 1);
    made_file("main.c", "int main(void) { return 0; }", 28);
    made_run("rm -rf %s && mkdir %s", side, side);
    for (const char *at = names; *at; at += strcspn(at, " "), at += *at == ' ') {
        const char *name = arena_strndup(made_arena, at, strcspn(at, " "));
        made_run("gcc -g -O1 -shared -fPIC -DROOM=%d -Wl,-soname,%s -o %s/%s lib.c", room, name, side, name);
        libraries = arena_printf(made_arena, "%s -l:%s", libraries, name);
    }
    made_run("gcc -O1 -o %s/prog main.c -L%s -Wl,--no-as-needed %s %s", side, side, libraries, link);
}

#define HERE "'-Wl,-rpath,$ORIGIN'"

static struct libraries *compare_under(const char *old, const char *new, const struct load_environment environment[2])
{
    const char *name[2] = { old, new };
    const struct inventory *program[2];
    for (int side = 0; side < 2; side++) {
        struct err err = ERR_INIT;
        program[side] = inventory_read(made_arena, arena_printf(made_arena, "%s/%s/prog", made_folder, name[side]), &err);
        if (!program[side]) {
            printf("Bail out! %s\n", err.text);
            exit(1);
        }
    }
    return libraries_compare(made_arena, program, environment);
}

static struct libraries *compare(const char *old, const char *new)
{
    return compare_under(old, new, (struct load_environment[2]){ { NULL, NULL }, { NULL, NULL } });
}

static const char *sentence(const struct library *library, enum code_fact_kind kind)
{
    const struct delta *d = library->delta;
    for (size_t i = 0; d && i < d->code_fact_count; i++)
        if (d->code_facts[i].kind == kind)
            return d->code_facts[i].sentence;
    return NULL;
}

static bool one_changed(const struct libraries *l, const char *name)
{
    bool right = l->changed_count == 1 && strcmp(l->changed[0].name, name) == 0 && l->changed[0].delta && !l->left_out &&
                 !l->missing_count && sentence(&l->changed[0], FACT_OBJECT_SIZE);
    for (size_t i = 0; !right && i < l->changed_count; i++)
        diag("%s: %s", l->changed[i].name, l->changed[i].delta ? "inspected" : "not inspected");
    for (size_t i = 0; !right && i < l->missing_count; i++)
        diag("%s", l->missing[i]);
    return right;
}

static void test_pair(void)
{
    build("old", 4, "libpick.so", HERE);
    build("new", 60, "libpick.so", HERE);
    build("twin", 4, "libpick.so", HERE);
    const struct libraries *l = compare("old", "new"), *null = compare("old", "twin");
    ok(one_changed(l, "libpick.so"), "a library beside the program (DT_RUNPATH, $ORIGIN) that differs is inspected");
    is_str(sentence(&l->changed[0], FACT_STRUCT_SIZE), "struct item has 72 bytes, 0 of them holes, before 16 with 0",
           "with its types");
    ok(l->same >= 1, "the C library is the same file for both");
    ok(null->changed_count == 0 && null->same == l->same + 1 && null->missing_count == 0,
       "two builds of one source: nothing, though they are two files");
    ok(library_of_module(l, true, "libpick.so") == &l->changed[0] && !library_of_module(l, true, "libc.so.6"),
       "costs find the library by its file's name");
}

static void test_paths(void)
{
    build("old", 4, "libpick.so", "'-Wl,--disable-new-dtags,-rpath,$ORIGIN'");
    build("new", 60, "libpick.so", "'-Wl,--disable-new-dtags,-rpath,${ORIGIN}'");
    ok(one_changed(compare("old", "new"), "libpick.so"), "DT_RPATH is followed");
    build("old", 4, "libpick.so", "");
    build("new", 4, "libpick.so", "");
    build("other", 60, "libpick.so", "");
    const struct libraries *lost = compare("old", "new");
    ok(lost->changed_count == 0 && lost->missing_count == 1 && strstr(lost->missing[0], "'libpick.so', which prog needs, was not found"),
       "a library that the loader would not find is said to be missing, and nothing else");
    struct load_environment paths[2] = { { made_path("old"), NULL },
                                         { arena_printf(made_arena, "/nowhere:%s", made_path("other")), NULL } };
    ok(one_changed(compare_under("old", "new", paths), "libpick.so"), "LD_LIBRARY_PATH is a side's own");
    paths[1].search_path = made_path("new");
    ok(compare_under("old", "new", paths)->changed_count == 0, "the same library by another path: nothing");
}

/* DT_RPATH of the program counts for what its libraries need, DT_RUNPATH does not. */
static void test_deep(void)
{
    static const char *const tags[] = { "--disable-new-dtags", "--enable-new-dtags" };
    for (int t = 0; t < 2; t++) {
        for (int side = 0; side < 2; side++) {
            const char *name = side ? "new" : "old";
            made_file("lib.c", source, sizeof source - 1);
            made_file("main.c", "int main(void) { return 0; }", 28);
            made_run("rm -rf %s && mkdir -p %s/deep", name, name);
            made_run("gcc -O1 -shared -fPIC -DROOM=%d -o %s/deep/libdeep.so lib.c && "
                     "gcc -shared -o %s/libtop.so -Wl,--no-as-needed -L%s/deep -ldeep -xc /dev/null && "
                     "gcc -o %s/prog main.c -Wl,--no-as-needed -L%s -ltop '-Wl,%s,-rpath,$ORIGIN:$ORIGIN/deep' "
                     "-Wl,--allow-shlib-undefined,-rpath-link,%s/deep",
                     side ? 60 : 4, name, name, name, name, name, tags[t], name);
        }
        const struct libraries *l = compare("old", "new");
        if (t == 0)
            ok(one_changed(l, "libdeep.so"), "DT_RPATH of the program counts for what its libraries need");
        else
            ok(l->changed_count == 0 && l->missing_count == 1 && strstr(l->missing[0], "'libdeep.so', which libtop.so needs"),
               "DT_RUNPATH does not, and who needs the library is named");
    }
}

static void test_one_sided(void)
{
    build("old", 4, "libpick.so", HERE);
    build("new", 4, "libpick.so libmore.so", HERE);
    const struct libraries *l = compare("old", "new");
    ok(l->changed_count == 1 && strcmp(l->changed[0].name, "libmore.so") == 0 && !l->changed[0].path[0] && l->changed[0].path[1] &&
           !l->changed[0].delta,
       "a library that new alone loads is told as that");
    l = compare("new", "old");
    ok(l->changed_count == 1 && l->changed[0].path[0] && !l->changed[0].path[1], "and the other way round");
    build("new", 60, "libpick.so.2", HERE);
    build("old", 4, "libpick.so.1", HERE);
    ok(one_changed(compare("old", "new"), "libpick.so.2"), "another version of a library is compared with the one before");
    struct load_environment preload[2] = { { NULL, NULL }, { NULL, made_path("new/libpick.so.2") } };
    l = compare_under("old", "old", preload);
    ok(l->changed_count == 1 && strstr(l->changed[0].name, "libpick.so.2") && !l->changed[0].path[0],
       "what LD_PRELOAD adds to one side is told");
}

static void test_bound(void)
{
    static const char many[] = "liba.so libb.so libc_.so libd.so libe.so libf.so libg.so libh.so libi.so libj.so";
    build("old", 4, many, HERE);
    build("new", 60, many, HERE);
    const struct libraries *l = compare("old", "new");
    size_t inspected = 0;
    for (size_t i = 0; i < l->changed_count; i++)
        inspected += l->changed[i].delta != NULL;
    ok(l->changed_count == 10 && inspected == LIBRARIES_INSPECTED && l->left_out == 10 - LIBRARIES_INSPECTED,
       "of many libraries that differ the first are inspected, the others counted");
    ok(strcmp(l->changed[0].name, "liba.so") == 0 && l->changed[0].delta, "in the order of loading");
}

/* What a crafted file names is looked for a bounded number of times. */
static void test_hostile(void)
{
    made_run("rm -rf old new && mkdir old new && "
             "path=$(head -c 40000 /dev/zero | tr '\\0' ':' | sed 's/:/x:/g') && name=$(head -c 9000 /dev/zero | tr '\\0' n) && "
             "gcc -shared -o stub.so -Wl,-soname,$name -xc /dev/null && "
             "gcc -o old/prog -xc main.c -Wl,-rpath,$path && gcc -o new/prog main.c -Wl,--no-as-needed -xnone stub.so '-Wl,-rpath,$PLATFORM/x:$ORIGIN'");
    const struct libraries *l = compare("old", "new");
    ok(l->changed_count == 0 && l->missing_count == 1 && l->same >= 1 && strlen(l->missing[0]) < 300,
       "endless search paths, a name of 9000 bytes and unknown tokens: the rest is compared");
}

/* The loader's own answer, by ldd: "name => /path (address)". */
static void test_agreement(const char *program)
{
    struct err err = ERR_INIT;
    struct image *image = access(program, X_OK) == 0 ? image_open(made_arena, program, &err) : NULL;
    FILE *ldd = image ? popen(arena_printf(made_arena, "env -u LD_LIBRARY_PATH -u LD_PRELOAD ldd %s 2>/dev/null | awk '$2 == \"=>\" { print $3 }' | xargs -r realpath", program), "r") : NULL;
    if (!ldd) {
        skip(program, "not on this machine");
        return;
    }
    const struct load_list *list = loads_of(made_arena, image, NULL, NULL);
    size_t lines = 0, agree = 0;
    char line[4096];
    while (fgets(line, sizeof line, ldd)) {
        line[strcspn(line, "\n")] = '\0';
        size_t i = 0;
        while (i < list->count && !(list->items[i]->path && strcmp(list->items[i]->path, line) == 0))
            i++;
        lines++;
        agree += i < list->count;
        if (i == list->count)
            diag("%s: ldd finds %s", program, line);
    }
    pclose(ldd);
    size_t own = 0; /* ldd shows the loader itself without an arrow */
    for (size_t i = 0; i < list->count; i++)
        own += list->items[i]->path && !strstr(list->items[i]->path, "/ld-linux");
    ok(lines > 0 && agree == lines && own == lines, "%s: the same %zu libraries as ldd finds", program, lines);
}

int main(void)
{
    static const char *const programs[] = { "/bin/bash", "/usr/bin/gcc", "/usr/bin/perl", "/usr/bin/eu-readelf", "/usr/bin/ld" };
    made_begin();
    test_pair();
    test_paths();
    test_deep();
    test_one_sided();
    test_bound();
    test_hostile();
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        test_agreement(programs[i]);
    return done_testing();
}
