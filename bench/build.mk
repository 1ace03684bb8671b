# The loads. A program is a row: load, flavour, where it lives; the templates below do the rest.
#
# Flavours of bench_random_mixed:
#   system           the C library's allocator
#   hakmem           Standard: statistics and checks, linked from the archive
#   hakmem_minimal   FAST: linked from the minimal archive
#   hakmem_minimal_pgo         FAST, built as one unit (-flto) with the profile of a training run: pgo.mk's rules
#   hakmem_minimal_pgo_stale   the same trained on another load under other knobs, to compare with

# Every bench keeps what an analyzer wants and the processor never sees: DWARF, symbols, a build id of the
# contents, one section a function and the relocations (a relinker or BOLT can move functions). Eager binding
# (-z now) so that no lazy PLT resolution lands inside a measured loop.
BENCH_CFLAGS  := -ffunction-sections -ffile-prefix-map=$(CURDIR)=.
BENCH_LDFLAGS := -Wl,-z,now -Wl,--emit-relocs -Wl,--build-id=sha1 -pthread
BENCH_COMMON  := bench/load.c

# $(1) load, $(2) program: linked from the plain objects, the archive $(3) (may be empty) and nothing else.
define bench_program
$(2): $$(call objs,bench/$(1).c $$(BENCH_COMMON),plain) $(3)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS_ALL) $$(BENCH_LDFLAGS) -o $$@ $$^
endef

$(BUILD)/plain/bench/%.o: bench/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(BENCH_CFLAGS) -pthread -c -o $@ $<

BENCH_PROGRAMS := bench_random_mixed_system
$(eval $(call bench_program,bench_random_mixed,$(BIN)/bench_random_mixed_system,))

# The other loads run under preload, so one program each is enough. bench/loads.txt is the table of them.
BENCH_LOADS := $(shell awk '/^[a-z]/ { print $$3 }' bench/loads.txt)
BENCH_LOADS := $(sort $(filter-out bench_random_mixed,$(BENCH_LOADS)))
$(foreach load,$(BENCH_LOADS),$(eval $(call bench_program,$(load),$(BUILD)/bench/$(load),)))
ALL += $(addprefix $(BUILD)/bench/,$(BENCH_LOADS))

# Traces of real programs: the recorder, and a trace of perl building, sorting and dropping a table of strings.
$(BUILD)/bench/libtrace.so: bench/trace_record.c bench/trace.h
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(WARN) $(OPT) -fPIC -fvisibility=default -fno-builtin -shared -o $@ $< -ldl -lpthread
$(BUILD)/bench/perl.trace: bench/trace.pl $(BUILD)/bench/libtrace.so
	$(call say,TRACE,$@)
	$(Q)rm -f $@.* && env -i PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0 BENCH_TRACE=$@ \
		LD_PRELOAD=$(abspath $(BUILD)/bench/libtrace.so) /usr/bin/perl $< >$@.out
	$(Q)mv $@.[0-9]* $@ && rm -f $@.out
ifeq ($(SANITIZE),)
ALL += $(BUILD)/bench/perl.trace
endif

# The loop without any allocator: what random_mixed costs by itself.
BENCH_FLOOR := $(BUILD)/bench/random_mixed_floor
$(BUILD)/floor/bench/%.o: bench/%.c
	$(call say,CC,$< (floor))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(BENCH_CFLAGS) -include bench/floor.h -c -o $@ $<
$(BENCH_FLOOR): $(BUILD)/floor/bench/bench_random_mixed.o $(call objs,$(BENCH_COMMON),plain)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) $(BENCH_LDFLAGS) -o $@ $^
ALL += $(BENCH_FLOOR)

# A sanitizer brings its own malloc, so the flavours with ours exist only without one.
ifneq ($(HAKMEM_SRC),)
ifeq ($(SANITIZE),)
BENCH_PROGRAMS += bench_random_mixed_hakmem bench_random_mixed_hakmem_minimal
$(eval $(call bench_program,bench_random_mixed,$(BIN)/bench_random_mixed_hakmem,$(HAKMEM_A)))
$(eval $(call bench_program,bench_random_mixed,$(BIN)/bench_random_mixed_hakmem_minimal,$(HAKMEM_MINIMAL_A)))
include bench/pgo.mk
include bench/workflow.mk
include bench/linked.mk
endif
endif

ALL      += $(addprefix $(BIN)/,$(BENCH_PROGRAMS))
PROGRAMS += $(BENCH_PROGRAMS)

.PHONY: bench-alloc
bench-alloc: $(addprefix $(BUILD)/bench/,$(BENCH_LOADS)) $(BIN)/bench_random_mixed_system $(HAKMEM_SO)
bench-alloc: ## all loads under all allocators found here (PEERS=, RUNS=, QUICK=1)
	@BUILD=$(BUILD) scripts/box/bench_alloc_box.sh

.PHONY: bench-scaling
bench-scaling: $(BUILD)/bench/server $(BIN)/bench_random_mixed_system $(HAKMEM_SO)
bench-scaling: ## cost as work grows, to 10 M slots and 16 threads: tables and a plot (PEERS=, RUNS=, QUICK=1)
	@BUILD=$(BUILD) LOADS=$(CURDIR)/bench/scaling.txt OUT=$(CURDIR)/results/scaling.json scripts/box/bench_alloc_box.sh
	@scripts/box/scaling_plot.py results/scaling.json >results/scaling.svg && echo 'written: results/scaling.svg'

.PHONY: bench-instructions
bench-instructions: $(BENCH_FLOOR) $(BIN)/bench_random_mixed_system $(HAKMEM_SO)
bench-instructions: $(addprefix $(BIN)/,$(filter-out %_system,$(BENCH_PROGRAMS))) $(PGO_FULL)
bench-instructions: ## instructions per operation of random_mixed, under each allocator
	@BUILD=$(BUILD) scripts/box/instructions_box.sh
