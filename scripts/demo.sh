#!/usr/bin/env bash
# The main job on real input: bench_random_mixed on the FAST allocator, built with the profile of a matching training
# run, against the same sources built without it. Prints the verdict; writes text and JSON under results/.
#
# Many short rounds rather than few long ones: a shared machine's noise comes in bursts, and the least disturbed tenth of
# many rounds is what survives it.
#
# Environment: DEMO_RUNS (rounds, default 60), DEMO_ITERS (operations a run, default 1000000).
set -euo pipefail
cd "$(dirname "$0")/.."

old=./bench_random_mixed_hakmem_minimal_pgo
new=./bench_random_mixed_hakmem_minimal
status=0
echo "demo: OLD $old (trained with a matching profile) against NEW $new (the same sources, profile lost)"
scripts/box/layout_tax_forensics_box.sh --runs "${DEMO_RUNS:-60}" "$old" "$new" \
    -- "${DEMO_ITERS:-1000000}" 400 1 || status=$?
case $status in
1 | 8) exit "$status" ;; # the tool or a program failed
esac
echo "demo: exit status $status (0 none, 2 work, 3 layout, 4 hint, 5 data, 6 mixed, 7 inconclusive)"
