# Programs with the allocator inside, like against like: FAST with its profile, FAST without, the loop with no allocator, and
# LINKED='NAME=SOURCE[,FLAG...] ...', all by link-time optimisation.
#
#   make bench-linked LINKED='mimalloc2=DIR/src/static.c,-IDIR/include,-DMI_MALLOC_OVERRIDE=1'
#
# LINKED_LOADS are rows of bench/loads.txt; for others than random_mixed set LINKED_PROGRAMS, too (empty: all are linked).

LINKED          ?=
LINKED_LOADS    ?= random_400 random_8192
LINKED_PROGRAMS ?= bench_random_mixed
LINKED_DIR      := $(BUILD)/linked

comma := ,
linked_name  = $(firstword $(subst =, ,$(1)))
linked_parts = $(subst $(comma), ,$(patsubst $(call linked_name,$(1))=%,%,$(1)))
linked_names = fast_pgo fast loop system_lto $(foreach peer,$(LINKED),$(call linked_name,$(peer)))
link_loads   = WHICH='$(LINKED_PROGRAMS)' scripts/box/link_loads_box.sh $(LINKED_DIR)/$(1) $(2)
link_done    = mkdir -p $(LINKED_DIR)/$(1) && ln -sf $(abspath $(2)) $(LINKED_DIR)/$(1)/bench_random_mixed

.PHONY: bench-linked
bench-linked: $(PGO_FULL) $(BENCH_FLOOR) $(addprefix $(BUILD)/bench/,$(BENCH_LOADS)) $(BIN)/bench_random_mixed_system
bench-linked: ## FAST against allocators linked into the program by LTO (LINKED=, LINKED_LOADS=, RUNS=, QUICK=1)
	@rm -rf $(LINKED_DIR)
	@$(call link_done,fast_pgo,$(PGO_FULL)) && $(call link_done,loop,$(BENCH_FLOOR))
	@$(call link_loads,fast,$(HAKMEM_MINIMAL_CFLAGS) $(HAKMEM_SRC)) && $(call link_loads,system_lto)
	@true $(foreach peer,$(LINKED),&& $(call link_loads,$(call linked_name,$(peer)),$(call linked_parts,$(peer))))
	@BUILD=$(BUILD) REFERENCE=fast_pgo ONLY='$(linked_names)' \
		PROGRAMS='$(foreach name,$(linked_names),$(name)=$(LINKED_DIR)/$(name))' \
		scripts/box/bench_alloc_box.sh $(LINKED_LOADS)
