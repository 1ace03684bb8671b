#!/bin/bash
# Instructions per operation of random_mixed: counted, not sampled; no clock and no counter hardware needed.
#
#   scripts/box/instructions_box.sh [ROW...]         (make bench-instructions does the same after building)
#
# Counts the program's instructions under valgrind's cachegrind (caches off) for ITERS and for 2 x ITERS operations; the
# difference by the operations between leaves out start, end and the table (what is printed at the end varies with the
# digits of the time: some hundred instructions in all). Rows: `loop` with no allocator, the programs with hakmem inside,
# and as preload:NAME the C library, libhakmem.so, Debian's peers and PEERS='NAME=LIBRARY ...'.
#
#   ITERS=300000   WS=400   SEED=1   BUILD=build   OUT=results/instructions_TIME.json

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

ITERS=${ITERS:-300000} WS=${WS:-400} SEED=${SEED:-1}
need_number ITERS "$ITERS" 1000 1000000000
need_number WS "$WS" 1 268435456
need_number SEED "$SEED" 1 4294967295
need_build
OUT=${OUT:-$ROOT/results/instructions_$(date -u +%Y%m%dT%H%M%SZ).json}
command -v valgrind >/dev/null || die "valgrind is not here; apt-get install valgrind"
clean_knobs "${PROMOTED[@]}"
find_peers
scratch
WANTED=" $* "

# count OPERATIONS PROGRAM [LIBRARY]: instructions of one whole run.
count()
{
    local said
    said=$(env -i PATH=/usr/bin:/bin ${3:+LD_PRELOAD="$3"} "${KNOBS[@]}" valgrind --tool=cachegrind --cache-sim=no \
        --cachegrind-out-file="$WORK/cachegrind" "$2" "$1" "$WS" "$SEED" 2>&1) || die "$2 fails under valgrind: $said"
    sed -n 's/.*I *refs: *//p' <<<"$said" | tr -d ,
}

# measure NAME PROGRAM [LIBRARY]: one row. The prefault pass adds a tenth to the operations.
measure()
{
    local once twice per_op
    [[ -x $2 && ($WANTED == "  " || $WANTED == *" $1 "*) ]] || return 0
    verify_if_pinned "$2"
    once=$(count "$ITERS" "$2" "${3:-}")
    twice=$(count "$((2 * ITERS))" "$2" "${3:-}")
    per_op=$(awk -v d="$((twice - once))" -v n="$((ITERS + ITERS / 10))" 'BEGIN { printf "%.2f", d / n }')
    printf '%-28s %s\n' "$1" "$per_op"
    printf '%s\t%s\t%s\n' "$1" "$per_op" "$(sha256_of "${3:-$2}")" >>"$WORK/rows"
}

printf 'instructions per operation, random_mixed, ws %s\n' "$WS"
measure loop "$BUILD/bench/random_mixed_floor"
for program in hakmem hakmem_minimal hakmem_minimal_pgo hakmem_minimal_pgo_stale; do
    measure "$program" "$BIN/bench_random_mixed_$program"
done
for name in "${NAMES[@]}"; do
    measure "preload:$name" "$BIN/bench_random_mixed_system" "${LIBRARY[$name]}"
done
[[ -s $WORK/rows ]] || die "no such row '$*', or no program is built in $BIN; run make"
"$RECORD" rows name instructions_per_op:n sha256 <"$WORK/rows" >"$WORK/json"
"$RECORD" object schema=hakmem-instructions/1 "time=$(date -u +%Y-%m-%dT%H:%M:%SZ)" "iters:=$ITERS" "ws:=$WS" \
    "seed:=$SEED" "rows@=$WORK/json" >"$WORK/result"
save "$OUT" <"$WORK/result"
printf 'written: %s\n' "$OUT"
