# FAST with a profile: instrument, train through the harness, rebuild as one unit, verify, write the manifest.
#
#   make pgo-fast-full                            train with the promoted knobs
#   make pgo-fast-full PGO_KNOBS='HAKMEM_...=..'  train with others
#   make pgo-fast-stale                           the twin whose profile does not fit what will run
#
# The named targets always train again; the program as a file target trains only when something it depends on is
# newer. Same sources and knobs give the same profile and the same binary, bit for bit: one thread counts
# (-fprofile-update=single), seeds and addresses are fixed, nothing time-driven runs while training, names inside
# objects come from the source's path (-frandom-seed), no absolute path stays (-ffile-prefix-map), and the
# optimiser sees one partition.

PGO_CC ?= gcc

# What a variant trains on: knobs, and the harness's settings (a few seconds of work each).
PGO_KNOBS      ?= HAKMEM_WARM_POOL_SIZE=16 HAKMEM_TINY_C5_INLINE_SLOTS=1 HAKMEM_TINY_C6_INLINE_SLOTS=1
PGO_TRAIN_ARGS ?= RUNS=1 ITERS=5000000 WS=400 SEED=1
# The twin is out of date in both ways that happen: other knobs, and a load from another day (large blocks, small
# table) that leaves the tiny fast paths cold, so the compiler lays them out as never run.
PGO_STALE_KNOBS      ?= HAKMEM_WARM_POOL_SIZE=12 HAKMEM_TINY_C5_INLINE_SLOTS=0 HAKMEM_TINY_C6_INLINE_SLOTS=0
PGO_STALE_TRAIN_ARGS ?= RUNS=1 ITERS=200000 WS=16 SEED=1 MIN=131072 MAX=262143

PGO_SRC    := $(HAKMEM_SRC) bench/bench_random_mixed.c $(BENCH_COMMON)
PGO_CFLAGS  = $(STD) $(WARN) $(OPT) -pthread $(BENCH_CFLAGS) $(HAKMEM_MINIMAL_CFLAGS) $(CPPFLAGS) $(CFLAGS)
PGO_GEN    := -fprofile-generate -fprofile-update=single
# Without -fno-tree-sink gcc 12 copies the block that an inlined malloc took to another register in every call.
PGO_USE    := -fprofile-use -Wmissing-profile -flto -flto-partition=one -fno-tree-sink
# A bench is a ruler: it must not be specialised for the working set that it was trained with (r % ws by a constant).
PGO_RULER  := -fno-profile-values
pgo_ruler   = $(if $(filter bench/%,$(1)),$(PGO_RULER))
PGO_BOXES  := scripts/run_mixed_10_cleanenv.sh scripts/box/lib.sh scripts/box/record.pl
PGO_OFTEN  := $(filter pgo-fast-full pgo-fast-stale,$(MAKECMDGOALS))

# A file that changes only when the text $(1) does, so that what was made under another choice is made again.
pgo_remember = @mkdir -p $(@D); { printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@; }

$(BUILD)/pgo/flags: FORCE
	$(call pgo_remember,$(PGO_CC) $(PGO_CFLAGS) $(PGO_USE) $(PGO_RULER) $(LDFLAGS))

# $(1) variant, $(2) program, $(3) knobs, $(4) harness settings, $(5) the target's name
define pgo_variant
$(BUILD)/pgo/$(1)/choice: FORCE
	$$(call pgo_remember,$(3) $(4))

$(BUILD)/pgo/$(1)/gen/%.o: %.c $(BUILD)/pgo/flags
	$$(call say,GEN,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(PGO_CC) $$(PGO_CFLAGS) -MMD -MP $$(PGO_GEN) $$(call pgo_ruler,$$<) -frandom-seed=$$< -c -o $$@ $$<

$(BUILD)/pgo/$(1)/trainer: $$(call objs,$$(PGO_SRC),pgo/$(1)/gen)
	$$(call say,LD,$$@)
	$$(Q)$$(PGO_CC) $$(OPT) $$(LDFLAGS) $$(BENCH_LDFLAGS) $$(PGO_GEN) -o $$@ $$^

$(BUILD)/pgo/$(1)/profile.json: $(BUILD)/pgo/$(1)/trainer $(BUILD)/pgo/$(1)/choice $(PGO_BOXES) \
		scripts/box/pgo_train_box.sh $(if $(filter $(5),$(PGO_OFTEN)),FORCE)
	$$(call say,TRAIN,$(3) $(4))
	$$(Q)env $(4) scripts/box/pgo_train_box.sh $(BUILD)/pgo/$(1) $(3)

$(BUILD)/pgo/$(1)/use/%.o: %.c $(BUILD)/pgo/$(1)/profile.json
	$$(call say,USE,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(PGO_CC) $$(PGO_CFLAGS) -MMD -MP -MF $$(@:.o=.d) $$(PGO_USE) $$(call pgo_ruler,$$<) -frandom-seed=$$< \
		-dumpdir $(BUILD)/pgo/$(1)/gen/$$(<D)/ -dumpbase $$(<F) -dumpbase-ext .c -c -o $$@ $$<

$(2): $$(call objs,$$(PGO_SRC),pgo/$(1)/use) $(BIN)/bench_random_mixed_system scripts/box/pgo_verify_box.sh
	$$(call say,LD,$$@)
	$$(Q)$$(PGO_CC) $$(OPT) $$(LDFLAGS) $$(BENCH_CFLAGS) $$(BENCH_LDFLAGS) $$(PGO_USE) -o $$@ \
		$$(call objs,$$(PGO_SRC),pgo/$(1)/use)
	$$(Q)scripts/box/pgo_verify_box.sh $$@ $(BIN)/bench_random_mixed_system $(BUILD)/pgo/$(1)

.PHONY: $(5)
$(5): $(2)
endef

.PHONY: FORCE
PGO_FULL  := $(BIN)/bench_random_mixed_hakmem_minimal_pgo
PGO_STALE := $(PGO_FULL)_stale
$(eval $(call pgo_variant,full,$(PGO_FULL),$(PGO_KNOBS),$(PGO_TRAIN_ARGS),pgo-fast-full))
$(eval $(call pgo_variant,stale,$(PGO_STALE),$(PGO_STALE_KNOBS),$(PGO_STALE_TRAIN_ARGS),pgo-fast-stale))

pgo-fast-full: ## FAST with a profile trained on the promoted knobs (PGO_KNOBS=, PGO_TRAIN_ARGS=)
pgo-fast-stale: ## its twin with a profile that does not fit (PGO_STALE_KNOBS=, PGO_STALE_TRAIN_ARGS=)

# Not in ALL: training is work to ask for. `make clean` knows them all the same.
PROGRAMS += bench_random_mixed_hakmem_minimal_pgo bench_random_mixed_hakmem_minimal_pgo_stale
