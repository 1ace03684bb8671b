/* libFuzzer's side of tests/fuzz/elf_target.h.
 *
 *   make fuzz-elf FUZZ_SECONDS=3600       corpus in build/fuzz/elf-corpus, seeded with small programs made here
 */
#include "elf_mutate.h"
#include "elf_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other, size_t other_size,
                                 uint8_t *out, size_t room, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
    if (seed % 8 == 0 || !damage_elf(data, size, seed))
        return LLVMFuzzerMutate(data, size, room);
    return size;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other, size_t other_size,
                                 uint8_t *out, size_t room, unsigned seed)
{
    if (one_size > room)
        return 0;
    memcpy(out, one, one_size);
    return damage_graft(out, one_size, other, other_size, seed) ? one_size : 0;
}

/* One question an input, so that an execution is short; which one follows from the bytes, so that it stays the same.
 * What has a package's index is one. */
static unsigned question(const uint8_t *data, size_t size)
{
    static const char index[] = "debug_cu_index";
    uint64_t hash = size, word;
    if (memmem(data, size, index, sizeof index - 1))
        return TARGET_PACKAGE;
    for (size_t at = 0; at + sizeof word <= size; at += sizeof word) {
        memcpy(&word, data + at, sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    }
    return 1u << (hash >> 32) % 6;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!target_base[0]) {
        target_load_base(0, FUZZ_SEEDS "/debug.so");
        target_load_base(1, FUZZ_SEEDS "/cxx.so");
        const char *split = getenv("FUZZ_SPLIT");
        if (split)
            target_load_split(split);
    }
    target_run(data, size, question(data, size));
    return 0;
}
