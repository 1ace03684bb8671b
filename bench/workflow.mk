# The founding workflow's last steps: the scorecard, and all steps in order.

SCORED := $(BIN)/bench_random_mixed_system $(BIN)/bench_random_mixed_hakmem $(PGO_FULL) $(HAKMEM_SO) $(BIN)/layout_tax_forensics

.PHONY: scorecard founding-workflow
scorecard: $(SCORED)
scorecard: ## docs/SCORECARD.md from one interleaved session (RUNS=, ITERS=, PEERS=)
	@BUILD=$(BUILD) FAST=$(PGO_FULL) STANDARD=$(BIN)/bench_random_mixed_hakmem \
		SYSTEM=$(BIN)/bench_random_mixed_system scripts/box/scorecard_box.sh

# NEUTRAL (10) is an answer; NO-GO (11) fails.
founding-workflow: ## train, validate, matrix, forensics, gate: one page (ITERS=, RUNS=, OLD=commit, FRESH=1)
	@$(MAKE) --no-print-directory all
	@scripts/box/founding_workflow_box.sh || [ $$? -eq 10 ]
