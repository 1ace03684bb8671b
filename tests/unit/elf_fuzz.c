/* The fuzzer's target without the fuzzer: inputs that once broke something, and damage of programs made here, the same
 * every time. The sanitizers' build of this test is where it counts.
 */
#include "../fuzz/elf_mutate.h"
#include "../fuzz/elf_target.h"
#include "elf_made.h"

#include <dirent.h>
#include <sys/resource.h>

enum { ROOM = 1 << 17, DAMAGES = 300 /* a program */ };

static unsigned char input[ROOM], damaged[ROOM], before[ROOM];
static size_t before_size; /* of the program before this one */

static size_t load(const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t size = f ? fread(input, 1, sizeof input, f) : 0;
    if (f)
        fclose(f);
    return size;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "README.md") != 0;
}

/* Every file of a folder, in order of name; returns how many. */
static int each_file(const char *folder, void (*run)(const char *name, size_t size))
{
    struct dirent **list;
    int count = scandir(folder, &list, is_input, alphasort);
    for (int i = 0; i < count; i++) {
        run(list[i]->d_name, load(arena_printf(made_arena, "%s/%s", folder, list[i]->d_name)));
        free(list[i]);
    }
    if (count >= 0)
        free(list);
    return count;
}

/* In memory that ends where the input does. */
static bool run(const unsigned char *bytes, size_t size)
{
    unsigned char *exact = malloc(size ? size : 1);
    memcpy(exact, bytes, size);
    bool read = target_run(exact, size, TARGET_ALL);
    free(exact);
    return read;
}

static void replay(const char *name, size_t size)
{
    run(input, size);
    ok(size > 0, "%s is read or refused", name);
}

static void damage_often(const char *name, size_t size)
{
    bool package = strcmp(name, "package") == 0;
    size_t known = 0, read = 0, whole = target_split.whole;
    if (package) {
        run(input, size);
        ok(target_split.whole == whole + 1, "an intact package leaves nothing missing");
        whole++;
    }
    for (uint64_t seed = 0; seed < DAMAGES; seed++) {
        memcpy(damaged, input, size);
        known += damage_elf(damaged, size, seed);
        if (seed % 8 == 0)
            damage_graft(damaged, size, before, before_size, seed);
        read += run(damaged, size);
    }
    if (size > EI_CLASS && input[EI_CLASS] == ELFCLASS32)
        ok(known == 0 && read == DAMAGES, "%s is left alone and read", name);
    else if (package)
        ok(known == DAMAGES && read == 0 && target_split.whole > whole && target_split.whole < whole + DAMAGES,
           "%s: %d damages, of which %zu leave nothing missing in its program", name, DAMAGES, target_split.whole - whole);
    else
        ok(known == DAMAGES && read > DAMAGES / 2, "%s: %d damages, %zu of them deep enough to be read", name, DAMAGES,
           read);
    memcpy(before, input, size);
    before_size = size;
}

int main(void)
{
    made_begin();
    made_run("'%s/fuzz/seeds.sh' seeds", TEST_DIR);
    target_load_base(0, made_path("seeds/debug.so"));
    target_load_base(1, made_path("seeds/cxx.so"));
    made_run("cp seeds/split.so split.so");
    target_load_split(made_path("split.so"));
    alarm(300); /* a hang ends the program, which prove reports */
    ok(each_file(TEST_DIR "/fuzz/elf-found", replay) >= 0, "the folder of earlier findings is there");
    ok(each_file(made_path("seeds"), damage_often) > 5, "seeds were made");
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    ok(usage.ru_maxrss < 768 * 1024, "all of it in less than 768 MiB (%ld KiB)", usage.ru_maxrss);
    return done_testing();
}
