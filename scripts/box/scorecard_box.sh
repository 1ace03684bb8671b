#!/bin/bash
# The scorecard: FAST and Standard, their baselines, and other allocators in one interleaved session of random_mixed.
#
#   scripts/box/scorecard_box.sh                     (make scorecard does the same after building)
#
# Writes docs/SCORECARD.md from what was measured. A baseline is a pinned binary (pinned/scorecard_fast, _standard)
# that runs in the same session; it moves to the build of today only when the analyzer finds all of the interval better.
# Other allocators run by preload over bench_random_mixed_system: the C library, build/libhakmem.so, Debian's mimalloc,
# jemalloc and tcmalloc where installed, and PEERS='NAME=LIBRARY ...'. Each round runs all in a new random order.
#
#   RUNS=10   ITERS=20000000  WS=400  SEED=1   CPU=(last allowed core)   TIMEOUT=300   BUILD=build
#   FAST=./bench_random_mixed_hakmem_minimal_pgo   STANDARD=./bench_random_mixed_hakmem   SCORECARD=docs/SCORECARD.md
#   OUT=results/scorecard_TIME.json (raw runs)

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

RUNS=${RUNS:-10} ITERS=${ITERS:-20000000} WS=${WS:-400} SEED=${SEED:-1}
FAST=${FAST:-$ROOT/bench_random_mixed_hakmem_minimal_pgo} STANDARD=${STANDARD:-$ROOT/bench_random_mixed_hakmem}
SYSTEM=${SYSTEM:-$ROOT/bench_random_mixed_system} SCORECARD=${SCORECARD:-$ROOT/docs/SCORECARD.md}
PINNED=$(readlink -m -- "${PINNED:-$ROOT/pinned}")
OUT=${OUT:-$ROOT/results/scorecard_$(date -u +%Y%m%dT%H%M%SZ).json}
need_build
need_number RUNS "$RUNS" 2 100000
need_number ITERS "$ITERS" 1 1000000000000
need_number WS "$WS" 1 268435456
need_number SEED "$SEED" 1 4294967295
need_program FAST "$FAST"
need_program STANDARD "$STANDARD"
need_program SYSTEM "$SYSTEM"
need_analyzer
need_cpu
find_peers
clean_knobs "${PROMOTED[@]}"
scratch

# subject NAME PROGRAM LIBRARY
SUBJECTS=()
declare -A PROGRAM_OF=() LIBRARY_OF=() SHA_OF=()
subject()
{
    local real
    real=$(readlink -f -- "$2")
    SUBJECTS+=("$1")
    PROGRAM_OF[$1]=$real LIBRARY_OF[$1]=$3 SHA_OF[$1]=$(sha256_of "${3:-$real}")
    printf '%s\t%s\t%s\t%s\n' "$1" "$(basename "$real")" "${3##*/}" "${SHA_OF[$1]}" >>"$WORK/subjects"
}

# baseline BUILD PROGRAM: the pinned one, when there is one and it is another binary.
baseline()
{
    local pin=$PINNED/scorecard_$1
    [[ -e $pin ]] || return 0
    need_program "baseline $1" "$pin"
    [[ $(sha256_of "$pin") == "$(sha256_of "$2")" ]] || subject "$1_baseline" "$pin" ""
}

# keep BUILD PROGRAM: pins the build as its baseline where the analyzer says so.
keep()
{
    local move pin=scorecard_$1
    move=$("$RECORD" get "$WORK/card" "baselines.$1.move")
    if [[ $move == moves ]]; then
        PINNED=$PINNED "$BOX_DIR/pin_binary_box.sh" rm "$pin"
    elif [[ $move == stays || -e $PINNED/$pin ]]; then
        return 0
    fi
    PINNED=$PINNED "$BOX_DIR/pin_binary_box.sh" "$2" "$pin"
}

run_subject()
{
    PRELOAD=${LIBRARY_OF[$1]}
    prepare_target
    target_run "round $round of $RUNS, $1" "${PROGRAM_OF[$1]}" "$ITERS" "$WS" "$SEED"
}

subject fast "$FAST" ""
subject standard "$STANDARD" ""
baseline fast "$FAST"
baseline standard "$STANDARD"
for name in "${NAMES[@]}"; do
    subject "$name" "$SYSTEM" "${LIBRARY[$name]}"
done
printf 'subjects: %s\n' "${SUBJECTS[*]}"
# Round 0 is not kept: it pays for cold files.
for ((round = 0; round <= RUNS; round++)); do
    place=0
    for name in $(printf '%s\n' "${SUBJECTS[@]}" | shuf --random-source=<(yes "$SEED $round")); do
        place=$((place + 1))
        run_subject "$name"
        printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$round" "$place" "$name" "$THROUGHPUT" "$SECONDS_CPU" "$RSS_KIB" >>"$WORK/runs"
    done
    [[ ! -t 2 ]] || printf '\rround %d of %d ' "$round" "$RUNS" >&2
done
[[ ! -t 2 ]] || printf '\r' >&2
for name in "${SUBJECTS[@]}"; do
    [[ $(sha256_of "${LIBRARY_OF[$name]:-${PROGRAM_OF[$name]}}") == "${SHA_OF[$name]}" ]] ||
        die "$name changed while it was measured; run again when nothing builds it"
done

awk -F'\t' '$1 > 0' "$WORK/runs" | "$RECORD" rows round:n place:n point throughput:n cpu_s:n peak_rss_kib:n >"$WORK/rows"
"$RECORD" rows name program library sha256 <"$WORK/subjects" >"$WORK/subjects.json"
"$RECORD" object schema=hakmem-scorecard/1 load=bench_random_mixed "time=$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    "machine:=$(machine_json)" "aslr=$ASLR" "knobs:=$(knobs_json)" "iters:=$ITERS" "ws:=$WS" "seed:=$SEED" "rounds:=$RUNS" \
    "commit=$(git -C "$ROOT" rev-parse HEAD 2>/dev/null || true)" "subjects@=$WORK/subjects.json" "runs@=$WORK/rows" >"$WORK/result"
save "$OUT" <"$WORK/result"
"$ANALYZER" scorecard --format markdown --output "$WORK/scorecard.md" --json "$WORK/card" "$OUT"
{ printf '# Scorecard\n\n' && cat "$WORK/scorecard.md"; } | save "$SCORECARD"
"$ANALYZER" scorecard "$OUT"
keep fast "$FAST"
keep standard "$STANDARD"
printf 'written: %s %s\n' "$OUT" "$SCORECARD"
