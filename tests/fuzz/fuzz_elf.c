/* libFuzzer target: any bytes are an inventory or a sentence, and an inventory can be compared with itself.
 *
 *   make fuzz-elf FUZZ_SECONDS=3600       corpus in build/fuzz/elf, seeded with a small program of this machine
 */
#include "elf/delta.h"
#include "elf/inventory.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct inventory *old = inventory_from_memory(arena, "input", data, size, &err);
    struct inventory *new = inventory_from_memory(arena, "input", data, size, &err);
    if (!old != !new || (!old && strlen(err.text) < 20))
        abort();
    if (old && new &&delta_make(arena, old, new)->symbol_count > old->symbol_count + new->symbol_count)
        abort();
    arena_free(arena);
    return 0;
}
