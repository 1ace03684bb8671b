# Tests. A unit test is a C program tests/unit/NAME.c that speaks TAP (tests/lib/tap.h); a command test is
# an executable tests/cli/NAME.t that speaks TAP. prove runs both.

TEST_UNIT_SRC := $(sort $(wildcard tests/unit/*.c))
TEST_UNIT     := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%.t,$(TEST_UNIT_SRC))

$(BUILD)/tests/unit/%.t: tests/unit/%.c tests/lib/tap.h $(FORENSICS_A)
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Iforensics -Itests/lib -DTEST_DIR='"$(CURDIR)/tests"' $(LDFLAGS_ALL) -o $@ $< $(FORENSICS_A) $(FORENSICS_LIBS)

.PHONY: check-unit
check-unit: $(TEST_UNIT) ## the unit tests alone
	$(PROVE) --exec '' $(TEST_UNIT)
