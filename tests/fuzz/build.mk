# Fuzzing: clang's libFuzzer under the address and undefined-behaviour sanitizers, one process, inputs in memory.
#   make fuzz-elf FUZZ_SECONDS=3600      or FUZZ_EXECUTIONS=10000000 FUZZ_SECONDS=0
# What it found is kept in tests/fuzz/elf-found/ and replayed by tests/unit/elf_fuzz.c.

FUZZ_SECONDS    ?= 60
FUZZ_EXECUTIONS ?= 0
FUZZ_BUILD      := build/fuzz
# Blocks are counted, comparisons are not: those cost a third of the executions and teach the damage here nothing.
FUZZ_FLAGS := CC=clang BUILD=$(FUZZ_BUILD) SANITIZE=address,undefined OPT='-O2 -g' \
              CFLAGS=-fsanitize-coverage=inline-8bit-counters,pc-table

# Only the stage under test is built again with the fuzzer's counters.
FUZZ_ELF_O := $(patsubst %.c,$(BUILD)/%.o,$(wildcard forensics/base/*.c forensics/core/*.c forensics/elf/*.c))

$(FUZZ_BUILD)/stage.a: $(FUZZ_ELF_O)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_BUILD)/fuzz_elf: tests/fuzz/fuzz_elf.c tests/fuzz/elf_mutate.h tests/fuzz/elf_target.h $(FUZZ_BUILD)/stage.a
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Iforensics -DFUZZ_SEEDS='"$(FUZZ_BUILD)/elf-seeds"' $(LDFLAGS_ALL) \
	    -fsanitize=fuzzer -o $@ $(filter %.c %.a,$^) $(FORENSICS_LIBS)

$(FUZZ_BUILD)/elf-seeds: tests/fuzz/seeds.sh tests/fuzz/seed_elf.c tests/fuzz/seed_elf.cc
	$(Q)tests/fuzz/seeds.sh $@

.PHONY: fuzz-elf
fuzz-elf: ## fuzz the ELF reader for FUZZ_SECONDS or FUZZ_EXECUTIONS
	@$(MAKE) --no-print-directory $(FUZZ_FLAGS) $(FUZZ_BUILD)/fuzz_elf $(FUZZ_BUILD)/elf-seeds
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_EXECUTIONS=$(FUZZ_EXECUTIONS) \
	    tests/fuzz/fuzz.sh $(FUZZ_BUILD)/fuzz_elf $(FUZZ_BUILD)/elf-corpus $(FUZZ_BUILD)/elf-seeds
