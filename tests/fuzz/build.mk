# Fuzzing: clang's libFuzzer under the address and undefined-behaviour sanitizers. `make fuzz-elf FUZZ_SECONDS=3600`
# What it found is kept in tests/fuzz/elf-found/ and replayed by tests/unit/elf_fuzz.c.

FUZZ_SECONDS ?= 60
FUZZ_BUILD   := build/fuzz
FUZZ_FLAGS   := CC=clang BUILD=$(FUZZ_BUILD) SANITIZE=address,undefined,fuzzer-no-link OPT='-O1 -g'

# Only the stage under test is built again with the fuzzer's counters.
FUZZ_ELF_O := $(patsubst %.c,$(BUILD)/%.o,$(wildcard forensics/base/*.c forensics/core/*.c forensics/elf/*.c))

$(FUZZ_BUILD)/stage.a: $(FUZZ_ELF_O)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_BUILD)/fuzz_elf: tests/fuzz/fuzz_elf.c tests/fuzz/elf_mutate.h tests/fuzz/elf_target.h $(FUZZ_BUILD)/stage.a
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Iforensics -DFUZZ_BASE='"$(FUZZ_BUILD)/elf-seeds/debug.so"' $(LDFLAGS_ALL) \
	    -fsanitize=fuzzer -o $@ $(filter %.c %.a,$^) $(FORENSICS_LIBS)

$(FUZZ_BUILD)/elf-seeds: tests/fuzz/seeds.sh tests/fuzz/seed_elf.c tests/fuzz/seed_elf.cc
	$(Q)tests/fuzz/seeds.sh $@

.PHONY: fuzz-elf
fuzz-elf: ## fuzz the ELF reader for FUZZ_SECONDS
	@$(MAKE) --no-print-directory $(FUZZ_FLAGS) $(FUZZ_BUILD)/fuzz_elf $(FUZZ_BUILD)/elf-seeds
	@mkdir -p $(FUZZ_BUILD)/elf-corpus
	$(FUZZ_BUILD)/fuzz_elf -max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=1024 -max_len=65536 -verbosity=0 \
	    -print_final_stats=1 -artifact_prefix=$(FUZZ_BUILD)/ $(FUZZ_BUILD)/elf-corpus $(FUZZ_BUILD)/elf-seeds
