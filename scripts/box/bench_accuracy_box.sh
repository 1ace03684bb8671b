#!/bin/bash
# Causes found against causes known: the labelled pairs, judged by the model alone.
#
#   scripts/box/bench_accuracy_box.sh [PAIR...]     (make bench-accuracy does the same after building)
#
# Each pair of tests/corpus goes through `compare --runs 0` (which cause) and through `sweep` (the change or the layout).
# The cause in the table was written down before any verdict on the pair was looked at; a pair that comes out wrong is
# shown as wrong. Nothing is timed: `make bench-model` holds the same pairs against the clock.
#
# The last table holds the confidence that was stated against how often it was right. The pairs built with other flags count
# there, too, as far as the verdict names a cause: their labels hold, but nobody checked how large they are.
#
#   PROFILE=zen3   LAYOUTS=16   APART=4 (layouts of each axis alone)   BUILD=build   VARIANTS='-O1 -O3 -Os'
#   SWEEP=1 (0: compare alone)   KEEP=FOLDER   the saved results; what is there already is not judged again, so that a busy
#                                machine gets there in instalments. Empty it when the tool has changed.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

PROFILE=${PROFILE:-zen3} LAYOUTS=${LAYOUTS:-16} APART=${APART:-4}
VARIANTS=${VARIANTS--O1 -O3 -Os} SWEEP=${SWEEP:-1}
need_number SWEEP "$SWEEP" 0 1
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

# saved NAME ARG...: the result NAME of one run of the tool, where it is not there yet. Its exit status is a verdict; a
# failure leaves no file, and the table stops at it.
saved()
{
    local file=$RESULTS/$1.json
    shift
    [[ -s $file ]] || "$LTF" "$@" --profile "$PROFILE" -q --json "$file" "$old" "$new" >"$WORK/log" 2>&1 || true
    [[ -s $file ]] || die "$pair cannot be judged: $(tail -1 "$WORK/log")"
}

compared=(--runs 0 --layouts 0)
while IFS='|' read -r pair label _; do
    (($# == 0)) || [[ " $* " == *" $pair "* ]] || continue
    old=$WORK/corpus/$pair/old new=$WORK/corpus/$pair/new
    saved "$pair.compare" "${compared[@]}"
    ((SWEEP == 0)) || saved "$pair.sweep" sweep --layouts "$LAYOUTS" --apart "$APART"
    printf '%s\t%s\n' "$pair" "$label" >>"$WORK/rows"
done <<<"$LIST"

: >"$WORK/variants"
for flags in $VARIANTS; do
    BOTH=$flags CC=gcc "$ROOT/tests/corpus/build.sh" "$WORK/variant" "$@" >/dev/null
    while IFS='|' read -r pair label _; do
        (($# == 0)) || [[ " $* " == *" $pair "* ]] || continue
        old=$WORK/variant/$pair/old new=$WORK/variant/$pair/new
        saved "$pair$flags.compare" "${compared[@]}"
        printf '%s\t%s\n' "$pair$flags" "$label" >>"$WORK/variants"
    done <<<"$LIST"
done
python3 "$BOX_DIR/accuracy_table.py" --results "$RESULTS" --variants "$WORK/variants" "$WORK/rows"
