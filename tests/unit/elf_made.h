/* Binaries made on the spot: writes C sources into a temporary folder and compiles them. Included by tests only. */
#ifndef TESTS_ELF_MADE_H
#define TESTS_ELF_MADE_H

#include "base/arena.h"
#include "base/err.h"
#include "tap.h"

#include <unistd.h>

static char made_folder[] = "/tmp/elf_made.XXXXXX";
static struct arena *made_arena;

static void made_remove(void)
{
    char command[200];
    snprintf(command, sizeof command, "rm -rf '%s'", made_folder);
    if (system(command) != 0)
        fprintf(stderr, "cannot remove %s\n", made_folder);
    arena_free(made_arena);
}

/* Makes the folder; everything in it goes at exit. */
static void made_begin(void)
{
    made_arena = arena_new();
    if (!mkdtemp(made_folder)) {
        perror("mkdtemp");
        exit(1);
    }
    atexit(made_remove);
}

/* A path in the folder. */
__attribute__((unused)) static const char *made_path(const char *name)
{
    return arena_printf(made_arena, "%s/%s", made_folder, name);
}

/* Writes a file in the folder. */
__attribute__((unused)) static const char *made_file(const char *name, const void *bytes, size_t size)
{
    const char *path = made_path(name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, size, f) != size || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
    return path;
}

/* Runs a command in the folder; a failure ends the test program. */
__attribute__((format(printf, 1, 2), unused)) static void made_run(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const char *command = arena_printf(made_arena, "cd '%s' && %s", made_folder, arena_vprintf(made_arena, format, ap));
    va_end(ap);
    if (system(command) != 0) {
        printf("Bail out! failed: %s\n", command);
        exit(1);
    }
}

/* Compiles one source into a program of this name and returns its path. The source is always called made.c, so that
 * two builds differ in nothing but what the test wants. */
__attribute__((unused)) static const char *made_program(const char *name, const char *flags, const char *source)
{
    made_file("made.c", source, strlen(source));
    made_run("gcc -g -o %s %s made.c", name, flags);
    return made_path(name);
}

#endif
