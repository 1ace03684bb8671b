# Tests. A unit test is a C program tests/unit/NAME.c that speaks TAP (tests/lib/tap.h); a command test is
# an executable tests/cli/NAME.t that speaks TAP (tests/lib/tap.sh); tests/house/ keeps the house in order.
# prove runs them all and its summary ends `make check`.

TEST_UNIT_SRC := $(sort $(wildcard tests/unit/*.c))
TEST_ALLOC_UNIT := $(filter tests/unit/alloc_%,$(TEST_UNIT_SRC))
TEST_UNIT     := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%.t,$(filter-out $(TEST_ALLOC_UNIT),$(TEST_UNIT_SRC)))
TEST_SCRIPTS  := $(sort $(wildcard tests/house/*.t tests/cli/*.t tests/corpus/*.t))

$(BUILD)/tests/unit/%.t: tests/unit/%.c tests/lib/tap.h $(FORENSICS_A)
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Iforensics -Itests/lib -DTEST_DIR='"$(CURDIR)/tests"' $(LDFLAGS_ALL) -o $@ $< $(FORENSICS_A) $(FORENSICS_LIBS)

.PHONY: check check-programs check-unit check-setup
check-programs: $(TEST_UNIT) $(TEST_ALLOC)

check-unit: $(TEST_UNIT) ## the unit tests alone
	$(PROVE) --exec '' $(TEST_UNIT)

check-setup:
	@scripts/setup.sh check

# The variants: the other compiler under -Werror, and the sanitizers. Their unit tests run beside the plain ones.
CLANG_BUILD := build/clang
ASAN_BUILD  := build/asan
variant = $(MAKE) --no-print-directory BUILD=$(1) $(2) all check-programs

check: check-setup ## every test, from nothing; ends with prove's summary
	@$(MAKE) --no-print-directory all check-programs
	@$(call variant,$(CLANG_BUILD),CC=clang)
	@$(call variant,$(ASAN_BUILD),SANITIZE=address$(comma)undefined OPT='-O1 -g')
	$(PROVE) --exec '' $(TEST_UNIT) $(TEST_ALLOC) \
	    $(patsubst $(BUILD)/%,$(ASAN_BUILD)/%,$(TEST_UNIT)) $(TEST_SCRIPTS)
comma := ,

include tests/fuzz/build.mk
