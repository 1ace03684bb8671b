/* What is fuzzed: any bytes are an inventory or a sentence, and an inventory can be compared with itself and with
 * another program, and its lines looked up. A broken promise aborts. Included by the fuzzer and by the test that replays.
 */
#ifndef TESTS_FUZZ_ELF_TARGET_H
#define TESTS_FUZZ_ELF_TARGET_H

#include "elf/delta.h"
#include "elf/facts.h"
#include "elf/inventory.h"
#include "elf/line.h"
#include "elf/records.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Programs to compare the input with, one in C and one in C++: equal files have few facts. */
static struct inventory *target_base[2];

static void target_load_base(size_t number, const char *path)
{
    struct err err = ERR_INIT;
    target_base[number] = inventory_read(arena_new(), path, &err);
    if (!target_base[number]) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
}

/* A program of skeleton units whose other halves the input may be: a package (.dwp) is looked for beside the program. */
static struct {
    const char *program; /* NULL: packages are not tried */
    int package;         /* the file that holds them */
    size_t whole;        /* packages that left nothing missing in the program */
} target_split;

/* `program` lies in a folder of the caller's; the package is made beside it. */
static void target_load_split(const char *program)
{
    char path[4096];
    snprintf(path, sizeof path, "%s.dwp", program);
    target_split.program = program;
    target_split.package = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (target_split.package < 0) {
        perror(path);
        exit(1);
    }
}

static void target_compare(struct arena *arena, const struct inventory *old, const struct inventory *new)
{
    struct delta *delta = delta_make(arena, old, new);
    if (delta->symbol_count > old->symbol_count + new->symbol_count)
        abort();
    facts_find(arena, delta);
}

static void target_lines(struct arena *arena, const struct inventory *inv)
{
    struct lines *lines = lines_open(arena, inv);
    struct source_line line;
    for (size_t i = 0; lines && i < inv->symbol_count && i < 64; i++)
        line_at(lines, inv->symbols[i].address, &line);
    records_read(arena, inv);
}

/* What the input is compared with; a bit each. */
enum {
    TARGET_ITSELF = 1,
    TARGET_AS_NEW = 2, /* of each base */
    TARGET_AS_OLD = 8,
    TARGET_LINES = 32, /* no comparison: the source lines of its functions, the records of its variables */
    TARGET_PACKAGE = 64, /* the program of skeletons, with the input as its package */
    TARGET_ALL = 127,
};

/* What a damaged package says costs the program nothing but what stands in it. */
static void target_package(struct arena *arena, const void *bytes, size_t size)
{
    struct err err = ERR_INIT;
    if (ftruncate(target_split.package, 0) != 0 || pwrite(target_split.package, bytes, size, 0) != (ssize_t)size)
        abort();
    const struct inventory *program = inventory_read(arena, target_split.program, &err);
    if (!program)
        abort();
    target_split.whole += program->missing_count == 0;
    target_compare(arena, program, program);
    target_compare(arena, target_base[0], program);
    target_lines(arena, program);
}

/* Whether the input was read; else it was refused with a sentence. */
static bool target_run(const void *bytes, size_t size, unsigned what)
{
    struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct inventory *input = inventory_from_memory(arena, "input", bytes, size, &err);
    if (!input && strlen(err.text) < 20)
        abort();
    if (input && (what & TARGET_ITSELF))
        target_compare(arena, input, input);
    for (unsigned i = 0; input && i < 2; i++) {
        if (what & TARGET_AS_NEW << i)
            target_compare(arena, target_base[i], input);
        if (what & TARGET_AS_OLD << i)
            target_compare(arena, input, target_base[i]);
    }
    if (input && (what & TARGET_LINES))
        target_lines(arena, input);
    if (target_split.program && (what & TARGET_PACKAGE))
        target_package(arena, bytes, size);
    arena_free(arena);
    return input != NULL;
}

#endif
