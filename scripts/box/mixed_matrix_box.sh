#!/bin/bash
# The inline-slot matrix: one binary at four points of its knobs, interleaved, every raw run kept.
#
#   BENCH_BIN=./bench_random_mixed_hakmem_minimal_pgo scripts/box/mixed_matrix_box.sh [--source clock|sim]
#                                                                                     [HAKMEM_NAME=VALUE...]
#
#   point                           A  B  C  D
#   HAKMEM_TINY_C5_INLINE_SLOTS     0  1  0  1
#   HAKMEM_TINY_C6_INLINE_SLOTS     0  0  1  1
#
# A round runs all four once. Four rounds hold every point once in every place and once after every other point; the
# rounds come in pairs of which one is the other backwards, so any even number of rounds is balanced against drift.
# Writes raw runs as JSON and CSV; `layout_tax_forensics matrix` says what follows from them, and that is printed, too.
#
# With --source sim the analyzer's processor model takes the clock's place: one run of each point, the same cycles
# whenever it is run again (PROFILE=native; ITERS is 500000 then). A modelled matrix is never a measurement.
#
#   BENCH_BIN=./bench_random_mixed_hakmem_minimal_pgo   RUNS=10 (even)  ITERS=20000000  WS=400  SEED=1
#   ORDER_SEED=1 (shuffles the rounds)   CPU=(last allowed core)   TIMEOUT=300   OUT=results/matrix_NAME_TIME.json

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

SOURCE=clock
if [[ ${1:-} == --source ]]; then
    SOURCE=${2:-}
    [[ $SOURCE == clock || $SOURCE == sim ]] || die "--source takes clock or sim, not '$SOURCE'"
    shift 2
fi
C5=HAKMEM_TINY_C5_INLINE_SLOTS C6=HAKMEM_TINY_C6_INLINE_SLOTS
POINTS=(A B C D)
declare -A POINT=([A]="$C5=0 $C6=0" [B]="$C5=1 $C6=0" [C]="$C5=0 $C6=1" [D]="$C5=1 $C6=1")

BENCH_BIN=${BENCH_BIN-$ROOT/bench_random_mixed_hakmem_minimal_pgo}
RUNS=${RUNS:-10} ITERS=${ITERS:-$([[ $SOURCE == sim ]] && echo 500000 || echo 20000000)} PROFILE=${PROFILE:-native} WS=${WS:-400} SEED=${SEED:-1} ORDER_SEED=${ORDER_SEED:-1}
need_number RUNS "$RUNS" 2 100000
((RUNS % 2 == 0)) || die "RUNS must be even, not $RUNS: an odd round has no other that runs backwards"
need_number ITERS "$ITERS" 1 1000000000000
need_number WS "$WS" 1 268435456
need_number SEED "$SEED" 1 4294967295
need_number ORDER_SEED "$ORDER_SEED" 0 4294967295
need_number TIMEOUT "${TIMEOUT:-300}" 1 86400
[[ " $* " != *" $C5="* && " $* " != *" $C6="* ]] || die "the matrix sets $C5 and $C6 itself; leave them out"
need_program BENCH_BIN "$BENCH_BIN"
need_cpu
unset "$C5" "$C6"
clean_knobs "$@"
scratch
prepare_target
BENCH_BIN=$(readlink -f -- "$BENCH_BIN")
OUT=${OUT:-$ROOT/results/matrix_$(basename "$BENCH_BIN")_$(date -u +%Y%m%dT%H%M%SZ).json}
[[ $OUT == *.json ]] || die "OUT must end in .json, not '$OUT'; the table goes beside it as .csv"
binary_json "$BENCH_BIN" >"$WORK/binary"
mapfile -t base_knobs < <(printf '%s\n' "${KNOBS[@]}" | grep -v -e "^$C5=" -e "^$C6=")

# run_point POINT: one run.
run_point()
{
    read -ra point_knobs <<<"${POINT[$1]}"
    KNOBS=("${base_knobs[@]}" "${point_knobs[@]}")
    target_run "round ${round:-0} of $RUNS, point $1" "$BENCH_BIN" "$ITERS" "$WS" "$SEED"
}

# Every point once; a program's first run is never kept: it pays for cold files and pages. Refuses knobs that it refuses.
warm_up()
{
    local point
    for point in "${POINTS[@]}"; do
        run_point "$point"
    done
}

# Every point in every round; one line a run goes to the raw table.
measure()
{
    "$RECORD" schedule "$RUNS" "$ORDER_SEED" >"$WORK/schedule"
    printf '%s  rounds=%s iter=%s ws=%s seed=%s core=%s aslr=%s\n' "$(basename "$BENCH_BIN")" "$RUNS" "$ITERS" "$WS" \
        "$SEED" "$CPU" "$ASLR"
    round=0
    while read -r order; do
        round=$((round + 1))
        printf 'round %2d ' "$round"
        for ((place = 1; place <= ${#order}; place++)); do
            point=${order:place-1:1}
            run_point "$point"
            printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$round" "$place" "$point" "$THROUGHPUT" "$SECONDS_WALL" "$SECONDS_CPU" \
                "$RSS_KIB" >>"$WORK/runs"
            printf ' %s %10.0f' "$point" "$THROUGHPUT"
        done
        printf '  ops/s\n'
    done <"$WORK/schedule"
}

# model_pair POINT POINT: both on the processor model, in one call of the analyzer.
model_pair()
{
    local options=() knob side pair=("$1" "$2")
    for knob in "${base_knobs[@]}"; do
        options+=(--env "$knob")
    done
    for side in 0 1; do
        for knob in ${POINT[${pair[side]}]}; do
            options+=("$([[ $side == 0 ]] && echo --old-env || echo --new-env)" "$knob")
        done
    done
    rm -f "$WORK/modelled"
    "$ANALYZER" compare --runs 0 --quiet --profile "$PROFILE" "${options[@]}" --json "$WORK/modelled" --output "$WORK/verdict" \
        "$BENCH_BIN" "$BENCH_BIN" -- "$ITERS" "$WS" "$SEED" 2>"$WORK/err" || [[ -s $WORK/modelled ]] ||
        die "points $1 and $2 were not modelled$(last_words)"
    for side in old new; do
        printf '1\t%s\t%s\n' "$([[ $side == old ]] && echo "$1" || echo "$2")" \
            "$("$RECORD" where "$WORK/modelled" metrics name=cycles "$side")" >>"$WORK/runs"
    done
}

need_analyzer
warm_up
if [[ $SOURCE == sim ]]; then
    RUNS=1 columns=(round:n point cycles:n)
    model_pair A D
    model_pair B C
else
    columns=(round:n place:n point throughput:n wall_s:n cpu_s:n peak_rss_kib:n)
    measure
fi
[[ $(sha256_of "$BENCH_BIN") == "$("$RECORD" get "$WORK/binary" sha256)" ]] ||
    die "$BENCH_BIN changed while it was measured; run again when nothing builds it"

"$RECORD" rows "${columns[@]}" <"$WORK/runs" >"$WORK/rows"
for point in "${POINTS[@]}"; do
    read -ra point_knobs <<<"${POINT[$point]}"
    printf '%s@=%s\n' "$point" "$WORK/point.$point" >>"$WORK/points"
    "$RECORD" object "${point_knobs[@]}" >"$WORK/point.$point"
done
mapfile -t point_files <"$WORK/points"
KNOBS=("${base_knobs[@]}")
"$RECORD" object schema=hakmem-matrix/1 "source=$SOURCE" load=bench_random_mixed "time=$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    "binary@=$WORK/binary" "machine:=$(machine_json)" "aslr=$ASLR" "knobs:=$(knobs_json)" \
    "points:=$("$RECORD" object "${point_files[@]}")" "iters:=$ITERS" "ws:=$WS" "seed:=$SEED" "rounds:=$RUNS" \
    "order_seed:=$ORDER_SEED" "runs@=$WORK/rows" >"$WORK/result"
{ printf '%s\n' "${columns[*]%:n}" | tr ' ' ','; tr '\t' ',' <"$WORK/runs"; } | save "${OUT%.json}.csv"
save "$OUT" <"$WORK/result"
"$ANALYZER" matrix "$OUT"
printf 'written: %s %s\n' "$OUT" "${OUT%.json}.csv"
