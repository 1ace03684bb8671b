# Fuzzing: clang's libFuzzer under the address and undefined-behaviour sanitizers. `make fuzz-elf FUZZ_SECONDS=3600`

FUZZ_SECONDS ?= 60
FUZZ_BUILD   := build/fuzz
FUZZ_FLAGS   := CC=clang BUILD=$(FUZZ_BUILD) SANITIZE=address,undefined,fuzzer-no-link OPT='-O1 -g'

# Only the stage under test is built again with the fuzzer's counters.
FUZZ_ELF_O := $(patsubst %.c,$(BUILD)/%.o,$(wildcard forensics/base/*.c forensics/core/*.c forensics/elf/*.c))

$(FUZZ_BUILD)/fuzz_elf: tests/fuzz/fuzz_elf.c $(FUZZ_ELF_O)
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Iforensics -DFUZZ_BASE='"$(FUZZ_BUILD)/elf-seeds/debug.so"' $(LDFLAGS_ALL) \
	    -fsanitize=fuzzer -o $@ $(filter %.c %.o,$^) $(FORENSICS_LIBS)

# Seeds: programs of a few kilobytes, with and without symbols, debug information and TLS.
$(FUZZ_BUILD)/elf-seeds: tests/fuzz/seed_elf.c
	@mkdir -p $@
	$(Q)gcc -O2 -nostdlib -static -o $@/static $<
	$(Q)gcc -O2 -g -nostdlib -fPIC -shared -o $@/debug.so $<
	$(Q)gcc -O2 -s -nostdlib -static-pie -o $@/stripped $<
	$(Q)gcc -O1 -m32 -nostdlib -static -o $@/small $< 2>/dev/null || true

.PHONY: fuzz-elf
fuzz-elf: ## fuzz the ELF reader for FUZZ_SECONDS
	@$(MAKE) --no-print-directory $(FUZZ_FLAGS) $(FUZZ_BUILD)/fuzz_elf $(FUZZ_BUILD)/elf-seeds
	@mkdir -p $(FUZZ_BUILD)/elf-corpus
	$(FUZZ_BUILD)/fuzz_elf -max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=1024 -max_len=65536 -verbosity=0 \
	    -print_final_stats=1 -artifact_prefix=$(FUZZ_BUILD)/ $(FUZZ_BUILD)/elf-corpus $(FUZZ_BUILD)/elf-seeds
