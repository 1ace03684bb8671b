# Demonstration and installation.

.PHONY: demo demo-setup install uninstall
demo-setup:
	@scripts/setup.sh build

demo: demo-setup ## two real builds in, a verdict out (sets up, builds, compares)
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory pgo-fast-full
	@scripts/demo.sh

.PHONY: bench-accuracy bench-cases bench-inspect bench-null bench-model bench-sim bench-replay
bench-accuracy: $(BIN)/layout_tax_forensics $(RECORDER) ## causes found against causes known: the labelled pairs (PROFILE=, LAYOUTS=, KEEP=)
	@BUILD=$(BUILD) scripts/box/bench_accuracy_box.sh

bench-cases: $(BIN)/layout_tax_forensics $(RECORDER) $(BIN)/bench_random_mixed_hakmem_minimal_pgo $(BIN)/bench_random_mixed_hakmem_minimal_pgo_stale ## real programs, model and clock side by side: a stale profile, a bad link order (ROUNDS=, SOURCE=)
	@BUILD=$(BUILD) scripts/box/bench_cases_box.sh

bench-null: $(BIN)/layout_tax_forensics $(RECORDER) ## relinks of one program swept against one another: is the code blamed? (RELINKS=, LAYOUTS=)
	@BUILD=$(BUILD) scripts/box/bench_null_box.sh

bench-model: $(BIN)/layout_tax_forensics $(RECORDER) $(BIN)/bench_random_mixed_hakmem_minimal ## the model against the clock: labelled pairs, layouts of six programs (ROUNDS=, LAYOUTS=, KEEP=)
	@BUILD=$(BUILD) scripts/box/bench_model_box.sh

bench-sim: $(BIN)/layout_tax_forensics $(RECORDER) $(BIN)/bench_random_mixed_system ## the model's speed against cachegrind's (ROUNDS=)
	@BUILD=$(BUILD) scripts/box/bench_sim_box.sh

bench-inspect: $(BIN)/layout_tax_forensics ## speed and memory of inspect on files of 20 and 100 MB (ROUNDS=)
	@BUILD=$(BUILD) scripts/box/bench_inspect_box.sh

bench-replay: $(BIN)/layout_tax_forensics $(RECORDER) $(BIN)/bench_random_mixed_system ## instructions a second of replaying layouts (LAYOUTS=)
	@BUILD=$(BUILD) scripts/box/bench_replay_box.sh

.PHONY: test-others other-machine
other-machine: $(BIN)/layout_tax_forensics $(RECORDER) ## are the modelled figures the same on other processors and another kernel? (CPUS=, LAYOUTS=)
	@BUILD=$(BUILD) scripts/box/other_machine_box.sh $(CPUS)

test-others: $(BUILD)/libhakmem.so $(FORENSICS_A) ## other people's tests and programs over the allocator (MIMALLOC=, INSTALL=1, SUITES=)
	@BUILD=$(BUILD) scripts/box/others_tests_box.sh $(SUITES)

INSTALL   ?= install
BINDIR    := $(DESTDIR)$(PREFIX)/bin
LIBDIR    := $(DESTDIR)$(PREFIX)/lib
MANDIR    := $(DESTDIR)$(PREFIX)/share/man

# path in the tree : folder it goes to : mode
INSTALLED := \
    layout_tax_forensics:$(BINDIR)/layout_tax_forensics:755 \
    scripts/box/layout_tax_forensics_box.sh:$(BINDIR)/layout_tax_forensics_box:755 \
    $(wildcard docs/layout_tax_forensics.1):$(MANDIR)/man1/layout_tax_forensics.1:644 \
    $(BUILD)/libhakmem.so:$(LIBDIR)/libhakmem.so:755 \
    $(BUILD)/libhakmem.a:$(LIBDIR)/libhakmem.a:644 \
    alloc/hakmem.h:$(DESTDIR)$(PREFIX)/include/hakmem.h:644 \
    $(BUILD)/hakmem.pc:$(LIBDIR)/pkgconfig/hakmem.pc:644 \
    docs/libhakmem.3:$(MANDIR)/man3/libhakmem.3:644 \
    $(RECORDER_INSTALLED)

# Made anew each time: PREFIX may be another one than last time.
.PHONY: $(BUILD)/hakmem.pc
$(BUILD)/hakmem.pc:
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' 'Name: hakmem' \
	    'Description: memory allocator' 'Version: $(VERSION)' 'Libs: -L$${libdir} -lhakmem' 'Libs.private: -lpthread' \
	    'Cflags: -I$${includedir}' > $@

install: all $(BUILD)/hakmem.pc ## install under PREFIX (default /usr/local; DESTDIR for packages)
	@set -e; for row in $(INSTALLED); do IFS=: read -r from to mode <<< "$$row"; \
	    $(INSTALL) -D -m "$$mode" "$$from" "$$to"; echo "  INST  $$to"; done

uninstall: ## remove what install put under PREFIX
	@for row in $(INSTALLED); do IFS=: read -r _ to _ <<< "$$row"; rm -f "$$to"; done
