#!/usr/bin/env bash
# The main job on real input: bench_random_mixed trained with the matching knobs and load against the same sources
# trained with a profile that does not fit. Prints the verdict; writes text and JSON under results/.
#
# Many short rounds rather than few long ones: a shared machine's noise comes in bursts, and the least disturbed tenth of
# many rounds is what survives it.
#
# Environment: DEMO_RUNS (rounds, default 60), DEMO_ITERS (operations a run, default 1000000).
set -euo pipefail
cd "$(dirname "$0")/.."

new=./bench_random_mixed_hakmem_minimal_pgo_stale
old=./bench_random_mixed_hakmem_minimal_pgo
status=0
echo "demo: OLD $old (PGO profile that fits) against NEW $new (profile of another load)"
scripts/box/layout_tax_forensics_box.sh --runs "${DEMO_RUNS:-60}" "$old" "$new" \
    -- "${DEMO_ITERS:-1000000}" 400 1 || status=$?
case $status in
1 | 8) exit "$status" ;; # the tool or a program failed
esac
echo "demo: exit status $status (0 none, 2 work, 3 layout, 4 hint, 5 data, 6 mixed, 7 inconclusive)"
