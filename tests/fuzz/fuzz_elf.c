/* libFuzzer's side of tests/fuzz/elf_target.h.
 *
 *   make fuzz-elf FUZZ_SECONDS=3600       corpus in build/fuzz/elf-corpus, seeded with small programs of this machine
 */
#include "elf_mutate.h"
#include "elf_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
    if (seed % 8 == 0 || !damage_elf(data, size, seed))
        return LLVMFuzzerMutate(data, size, room);
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!target_base)
        target_load_base(FUZZ_BASE);
    target_run(data, size);
    return 0;
}
