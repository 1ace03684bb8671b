#!/bin/bash
# Causes found against causes known: the labelled pairs, judged by the model alone.
#
#   scripts/box/bench_accuracy_box.sh [PAIR...]     (make bench-accuracy does the same after building)
#
# Each pair of tests/corpus goes through `compare --runs 0` (which cause) and through `sweep` (the change or the layout).
# The cause in the table was written down before any verdict on the pair was looked at; a pair that comes out wrong is
# shown as wrong. Nothing is timed: `make bench-model` holds the same pairs against the clock.
#
#   PROFILE=zen3   LAYOUTS=16   APART=4 (layouts of each axis alone)   BUILD=build   KEEP=FOLDER (the saved results)

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

PROFILE=${PROFILE:-zen3} LAYOUTS=${LAYOUTS:-16} APART=${APART:-4}
need_number LAYOUTS "$LAYOUTS" 2 1000
need_number APART "$APART" 2 1000
need_built_analyzer
command -v gcc >/dev/null || die "gcc is not here: the pairs' offsets hold for its code; apt-get install gcc"
command -v python3 >/dev/null || die "python3 is not here; apt-get install python3"
scratch
RESULTS=${KEEP:-$WORK/results}
mkdir -p "$RESULTS"
LIST=$("$ROOT/tests/corpus/build.sh" --list)
for pair in "$@"; do
    grep -q "^$pair|" <<<"$LIST" || die "there is no pair '$pair'; tests/corpus/build.sh --list names them"
done
CC=gcc "$ROOT/tests/corpus/build.sh" "$WORK/corpus" "$@" >/dev/null

while IFS='|' read -r pair label _; do
    (($# == 0)) || [[ " $* " == *" $pair "* ]] || continue
    old=$WORK/corpus/$pair/old new=$WORK/corpus/$pair/new
    # Their exit statuses are verdicts; a failure leaves no file, and the table stops at it.
    "$LTF" --runs 0 --layouts 0 --profile "$PROFILE" -q --json "$RESULTS/$pair.compare.json" "$old" "$new" >"$WORK/log" 2>&1 || true
    "$LTF" sweep --profile "$PROFILE" --layouts "$LAYOUTS" --apart "$APART" -q --json "$RESULTS/$pair.sweep.json" "$old" "$new" >>"$WORK/log" 2>&1 || true
    [[ -s $RESULTS/$pair.compare.json && -s $RESULTS/$pair.sweep.json ]] || die "$pair cannot be judged: $(tail -1 "$WORK/log")"
    printf '%s\t%s\n' "$pair" "$label" >>"$WORK/rows"
done <<<"$LIST"
python3 "$BOX_DIR/accuracy_table.py" --results "$RESULTS" "$WORK/rows"
