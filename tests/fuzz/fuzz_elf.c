/* libFuzzer target: any bytes are an inventory or a sentence, and an inventory can be compared with itself and with
 * another program.
 *
 *   make fuzz-elf FUZZ_SECONDS=3600       corpus in build/fuzz/elf-corpus, seeded with a small program of this machine
 */
#include "elf/delta.h"
#include "elf/facts.h"
#include "elf/inventory.h"
#include "elf/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A program to compare the input with: equal files have few facts. */
static unsigned char base[1 << 17];
static size_t base_size;

static void load_base(void)
{
    FILE *f = base_size ? NULL : fopen(FUZZ_BASE, "rb");
    if (f) {
        base_size = fread(base, 1, sizeof base, f);
        fclose(f);
    }
}

static void compare(struct arena *arena, const struct inventory *old, const struct inventory *new)
{
    struct delta *delta = delta_make(arena, old, new);
    if (delta->symbol_count > old->symbol_count + new->symbol_count)
        abort();
    facts_find(arena, delta);
}

static void look_up_lines(struct arena *arena, const struct inventory *inv)
{
    struct lines *lines = lines_open(arena, inv);
    struct source_line line;
    for (size_t i = 0; lines && i < inv->symbol_count && i < 64; i++)
        line_at(lines, inv->symbols[i].address, &line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    load_base();
    struct inventory *input = inventory_from_memory(arena, "input", data, size, &err);
    struct inventory *known = base_size ? inventory_from_memory(arena, "base", base, base_size, &err) : NULL;
    if (!input && strlen(err.text) < 20)
        abort();
    if (input) {
        compare(arena, input, input);
        compare(arena, known ? known : input, input);
        look_up_lines(arena, input);
    }
    arena_free(arena);
    return 0;
}
