#!/bin/bash
# Runs bench_random_mixed ten times on one core in a clean environment and says how fast it was and how steady.
#
#   BENCH_BIN=./bench_random_mixed_hakmem scripts/run_mixed_10_cleanenv.sh [HAKMEM_NAME=VALUE...]
#
# The program sees PATH and the knobs, nothing else. The three promoted knobs keep the caller's value or get their
# default (HAKMEM_WARM_POOL_SIZE=16 HAKMEM_TINY_C5_INLINE_SLOTS=1 HAKMEM_TINY_C6_INLINE_SLOTS=1); any other knob is
# an argument. What else can be set, with its default:
#
#   BENCH_BIN=./bench_random_mixed_hakmem_minimal_pgo   RUNS=10  ITERS=20000000  WS=400  SEED=1
#   MIN=16 MAX=1039 (block sizes)   CPU=(last allowed core)   TIMEOUT=300 (s a run)   PRELOAD=(a library)
#   OUT=results/mixed_NAME_TIME.json (the result file)

# shellcheck source-path=SCRIPTDIR source=box/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/box/lib.sh"

help_asked "$@"

BENCH_BIN=${BENCH_BIN-$ROOT/bench_random_mixed_hakmem_minimal_pgo}
RUNS=${RUNS:-10} ITERS=${ITERS:-20000000} WS=${WS:-400} SEED=${SEED:-1} MIN=${MIN:-16} MAX=${MAX:-1039}

need_number RUNS "$RUNS" 1 100000
need_number ITERS "$ITERS" 1 1000000000000
need_number WS "$WS" 1 268435456
need_number SEED "$SEED" 1 4294967295
need_number MIN "$MIN" 1 1073741824
need_number MAX "$MAX" "$MIN" 1073741824
need_number TIMEOUT "${TIMEOUT:-300}" 1 86400
[[ -z ${PRELOAD:-} || -f ${PRELOAD:-} ]] || die "PRELOAD: $PRELOAD is not there; name a shared library"
need_program BENCH_BIN "$BENCH_BIN"
need_cpu
clean_knobs "$@"
scratch
prepare_target
BENCH_BIN=$(readlink -f -- "$BENCH_BIN")
OUT=${OUT:-$ROOT/results/mixed_$(basename "$BENCH_BIN")_$(date -u +%Y%m%dT%H%M%SZ).json}

binary_json "$BENCH_BIN" >"$WORK/binary"
printf '%s  runs=%s iter=%s ws=%s seed=%s sizes=%s..%s core=%s aslr=%s\n%s\n' "$(basename "$BENCH_BIN")" "$RUNS" \
    "$ITERS" "$WS" "$SEED" "$MIN" "$MAX" "$CPU" "$ASLR" "${KNOBS[*]}"
for ((run = 1; run <= RUNS; run++)); do
    target_run "run $run of $RUNS" "$BENCH_BIN" "$ITERS" "$WS" "$SEED" "$MIN" "$MAX"
    printf '%s\t%s\t%s\t%s\t%s\n' "$run" "$THROUGHPUT" "$SECONDS_WALL" "$SECONDS_CPU" "$RSS_KIB" >>"$WORK/runs"
    printf 'run %2d  %12.0f ops/s  %ss  rss %s KiB\n' "$run" "$THROUGHPUT" "$SECONDS_WALL" "$RSS_KIB"
done
[[ $(sha256_of "$BENCH_BIN") == "$("$RECORD" get "$WORK/binary" sha256)" ]] ||
    die "$BENCH_BIN changed while it was measured; run again when nothing builds it"

cut -f2 "$WORK/runs" | "$RECORD" stats >"$WORK/stats"
awk -v ops="$ITERS" -F'\t' '$4 + 0 > 0 { print ops / $4 }' "$WORK/runs" >"$WORK/per_cpu"
echo null >"$WORK/cpu_stats"
[[ ! -s $WORK/per_cpu ]] || "$RECORD" stats <"$WORK/per_cpu" >"$WORK/cpu_stats"
"$RECORD" rows run:n throughput:n wall_s:n cpu_s:n peak_rss_kib:n <"$WORK/runs" >"$WORK/rows"
"$RECORD" object schema=hakmem-runs/1 load=bench_random_mixed "time=$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    "binary@=$WORK/binary" "machine:=$(machine_json)" "knobs:=$(knobs_json)" "aslr=$ASLR" "preload=${PRELOAD:-}" \
    "iters:=$ITERS" "ws:=$WS" "seed:=$SEED" "min:=$MIN" "max:=$MAX" \
    "runs@=$WORK/rows" "ops_per_wall_s@=$WORK/stats" "ops_per_cpu_s@=$WORK/cpu_stats" >"$WORK/result"
save "$OUT" <"$WORK/result"

figure()
{
    "$RECORD" get "$WORK/stats" "$1" || echo nan
}
printf 'mean %.0f  median %.0f  sd %.0f  CV %.2f %%  min %.0f  max %.0f ops/s\n' "$(figure mean)" "$(figure median)" \
    "$(figure sd)" "$(figure cv_percent)" "$(figure min)" "$(figure max)"
printf 'written: %s\n' "$OUT"
