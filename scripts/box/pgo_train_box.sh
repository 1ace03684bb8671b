#!/bin/bash
# Trains an instrumented bench through the ten-run harness and records what it learned.
#
#   [ITERS=.. WS=.. MIN=.. MAX=.. SEED=.. RUNS=..] scripts/box/pgo_train_box.sh FOLDER HAKMEM_NAME=VALUE...
#
# FOLDER holds the instrumented program `trainer` and its objects under gen/. Leaves FOLDER/profile.json: the hash
# over all counters, the settings, and the knobs that the training process itself saw.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

help_asked "$@"
(($# >= 1)) || die "usage: pgo_train_box.sh FOLDER HAKMEM_NAME=VALUE..."
FOLDER=$(readlink -f -- "$1")
shift
need_program trainer "$FOLDER/trainer"
scratch

# Purging follows the real clock, so what it counts differs from run to run: off, unless asked for.
FIXED=()
[[ " $* " == *" HAKMEM_PURGE_MS="* ]] || FIXED=(HAKMEM_PURGE_MS=-1)

# Old counters would be added to, an old record would speak for another run.
rm -f "$FOLDER/profile.json"
find "$FOLDER/gen" -name '*.gcda' -delete
BENCH_BIN=$FOLDER/trainer OUT=$FOLDER/training.json \
    "$ROOT/scripts/run_mixed_10_cleanenv.sh" "$@" "${FIXED[@]}" "HAKMEM_TRAIN_RECORD=$WORK/seen" >"$WORK/log" 2>&1 ||
    die "training failed: $(tail -n 1 "$WORK/log")"

# Names relative to gen/, so the hash does not depend on where the tree lies.
(cd "$FOLDER/gen" && find . -name '*.gcda' | sort | xargs -r sha256sum) >"$WORK/counters"
[[ -s $WORK/counters ]] || die "training left no counters under $FOLDER/gen; was the trainer built elsewhere?"
[[ -s $WORK/seen ]] || die "the training process wrote no HAKMEM_TRAIN_RECORD; is hakmem linked into $FOLDER/trainer?"
tail -n 1 "$WORK/seen" >"$WORK/knobs_seen"
for knob in "$@"; do
    seen=$("$RECORD" get "$WORK/knobs_seen" "${knob%%=*}") || die "the training process knows no knob ${knob%%=*}"
    [[ $seen == "${knob#*=}" ]] || die "training asked for $knob, but the process saw ${knob%%=*}=$seen"
done

"$RECORD" object schema=hakmem-profile/1 "hash=$(sha256sum <"$WORK/counters" | cut -d' ' -f1)" \
    "files:=$(wc -l <"$WORK/counters")" "knobs_asked:=$("$RECORD" object "$@")" "knobs_seen@=$WORK/knobs_seen" \
    "settings:=$("$RECORD" pick "$FOLDER/training.json" iters ws seed min max aslr)" >"$WORK/profile"
save "$FOLDER/profile.json" <"$WORK/profile"
