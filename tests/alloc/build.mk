# Tests of the allocator. A program tests/alloc/NAME.c of ALLOC_PROGRAMS knows only malloc's own names; it runs
# four times: linked statically with the archive, with FAST's, and with each shared object preloaded.
# A program of ALLOC_WHITE_BOX includes the allocator's headers and links the names that interpose nothing.

ALLOC_PROGRAMS  := contract threads memory safety
ALLOC_WHITE_BOX := units faults spare runs orphans saving
ALLOC_SCRIPTS   := $(sort $(wildcard tests/alloc/*.t))
ALLOC_T := $(BUILD)/tests/alloc

alloc_cc = @mkdir -p $(@D) && $(if $(V),,printf '  %-5s %s\n' TEST $@ &&) \
	$(CC) $(CFLAGS_ALL) -Itests/lib -Ialloc $(LDFLAGS_ALL) -pthread

$(ALLOC_T)/%: tests/alloc/%.c tests/lib/tap.h
	$(alloc_cc) -o $@ $<
$(ALLOC_T)/%.static.t: tests/alloc/%.c tests/lib/tap.h $(HAKMEM_A)
	$(alloc_cc) -static -DSTATIC_PROGRAM -o $@ $< $(HAKMEM_A)
$(ALLOC_T)/%.minimal.t: tests/alloc/%.c tests/lib/tap.h $(HAKMEM_MINIMAL_A)
	$(alloc_cc) -o $@ $< $(HAKMEM_MINIMAL_A)
$(ALLOC_T)/%.names.t: tests/alloc/%.c tests/lib/tap.h $(HAKMEM_NAMES_A)
	$(alloc_cc) -o $@ $< $(HAKMEM_NAMES_A)

# The stress has the allocator compiled in, so that a sanitizer sees both; and once more over the checking build.
ALLOC_TSAN := -O1 -g -fsanitize=thread
ALLOC_ASAN := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
define ALLOC_STRESS
$(ALLOC_T)/stress.$(1).t: tests/alloc/stress.c tests/lib/tap.h $(2) $$(wildcard alloc/*.h)
	$$(call say,TEST,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(STD) $$(WARN) $(3) $$(CFLAGS) -fvisibility=hidden -Itests/lib -Ialloc -pthread -o $$@ \
		$$(filter %.c %.a,$$^)
endef
$(eval $(call ALLOC_STRESS,tsan,$(HAKMEM_CORE_SRC),$(ALLOC_TSAN)))
$(eval $(call ALLOC_STRESS,asan,$(HAKMEM_CORE_SRC),$(ALLOC_ASAN)))
$(eval $(call ALLOC_STRESS,checking,$(HAKMEM_CHECKING_A),-O2 -g))

# For as long as wanted; FLAVOUR: checking, tsan or asan.
SECONDS ?= 1800
THREADS ?= 8
SEED    ?= 1
FLAVOUR ?= checking
.PHONY: stress
stress: $(ALLOC_T)/stress.$(FLAVOUR).t ## random stress of the allocator, SECONDS=1800 THREADS=8 FLAVOUR=checking
	$< $(SECONDS) $(THREADS) $(SEED)

# A preloaded run is a script of one line beside the program.
alloc_preload = @printf '\#!/bin/sh\nexec env LD_PRELOAD=%s %s\n' '$(abspath $(1))' '$(abspath $(2))' >$@ && chmod +x $@
$(ALLOC_T)/%.preload.t: $(ALLOC_T)/% $(HAKMEM_SO)
	$(call alloc_preload,$(HAKMEM_SO),$<)
$(ALLOC_T)/%.checking.t: $(ALLOC_T)/% $(HAKMEM_CHECKING_SO)
	$(call alloc_preload,$(HAKMEM_CHECKING_SO),$<)
.SECONDARY: $(patsubst %,$(ALLOC_T)/%,$(ALLOC_PROGRAMS))

ifeq ($(SANITIZE),)
TEST_ALLOC := $(foreach p,$(ALLOC_PROGRAMS),$(foreach v,preload checking,$(ALLOC_T)/$(p).$(v).t)) \
              $(foreach p,contract safety threads,$(ALLOC_T)/$(p).static.t) \
              $(foreach p,contract memory,$(ALLOC_T)/$(p).minimal.t) \
              $(patsubst %,$(ALLOC_T)/%.names.t,$(ALLOC_WHITE_BOX)) \
              $(patsubst %,$(ALLOC_T)/stress.%.t,tsan asan checking) \
              $(ALLOC_T)/cxx.static.t $(ALLOC_T)/cxx.preload.t $(ALLOC_T)/cxx.checking.t $(ALLOC_SCRIPTS)
endif

# Scripts need the programs they run.
ALLOC_HELPERS := $(BUILD)/bench/large $(ALLOC_T)/mixed $(ALLOC_T)/knobs_doc $(HAKMEM_SO) $(HAKMEM_CHECKING_SO)
$(ALLOC_T)/knobs_doc: tests/alloc/knobs_doc.c $(HAKMEM_NAMES_A)
	$(alloc_cc) -o $@ $< $(HAKMEM_NAMES_A)
$(ALLOC_T)/cxx: tests/alloc/cxx.cc
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D) && $(CXX) -std=c++17 -Wall -Wextra -O1 -g -pthread -o $@ $<
$(ALLOC_T)/cxx.static.t: tests/alloc/cxx.cc $(HAKMEM_A)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D) && $(CXX) -std=c++17 -Wall -Wextra -O1 -g -pthread -o $@ $< $(HAKMEM_A)

# The scripts are in the tree and never remade; this only builds what they run.
$(ALLOC_SCRIPTS): $(ALLOC_HELPERS) ;

.PHONY: docs-knobs
docs-knobs: $(ALLOC_T)/knobs_doc ## remake the table of docs/knobs.md
	@sed -i '/^| variable/,$$d' docs/knobs.md && $< >>docs/knobs.md

.PHONY: check-alloc
check-alloc: $(TEST_ALLOC) ## the allocator's tests alone
	$(PROVE) --exec '' $(TEST_ALLOC)
