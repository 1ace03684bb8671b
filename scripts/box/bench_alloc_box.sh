#!/bin/bash
# Allocators against one another: every load of bench/loads.txt under every allocator that is here, as preload,
# interleaved; tables of operations per CPU second, of ratios with intervals, and of peak memory.
#
#   scripts/box/bench_alloc_box.sh [LOAD...]          (make bench-alloc does the same after building)
#
# Allocators: the C library (system), build/libhakmem.so (hakmem), Debian's mimalloc, jemalloc and tcmalloc where
# installed, and PEERS='NAME=LIBRARY ...'. PROGRAMS='NAME=FOLDER ...' adds allocators that are inside the programs of a
# folder (link_loads_box.sh makes one); a load whose program is not there has no figures. ONLY='NAME ...' runs these alone.
# A round runs every allocator once on every load in a new random order.
#
#   RUNS=10   QUICK= (1: small loads, two rounds: a check that all work, no figures to trust)   REFERENCE=hakmem
#   CPU=(last allowed core, for loads that use one)   TIMEOUT=120 (s a run)   BUILD=build   LOADS=bench/loads.txt (the table)
#   OUT=results/alloc_TIME.json (raw runs; the tables go beside it as .txt)

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

QUICK=${QUICK:-} REFERENCE=${REFERENCE:-hakmem}
RUNS=${RUNS:-$([[ -n $QUICK ]] && echo 2 || echo 10)}
TIMEOUT=${TIMEOUT:-120}
OUT=${OUT:-$ROOT/results/alloc_$(date -u +%Y%m%dT%H%M%SZ).json}
TABLE=${LOADS:-$ROOT/bench/loads.txt}
need_build
need_number RUNS "$RUNS" 2 1000
need_number TIMEOUT "$TIMEOUT" 1 86400
[[ $OUT == *.json ]] || die "OUT must end in .json, not '$OUT'; the tables go beside it as .txt"
[[ -f $TABLE ]] || die "LOADS: $TABLE is not there; the table of loads is bench/loads.txt"
need_cpu
ALL_CPUS=$(allowed_cpus | paste -sd,)

# find_programs: adds PROGRAMS to the allocators, and fills FOLDER (name -> folder of programs).
declare -A FOLDER=()
find_programs()
{
    local peer
    for peer in ${PROGRAMS:-}; do
        [[ $peer == ?*=?* && -d ${peer#*=} ]] || die "PROGRAMS: '$peer' is not NAME=FOLDER with a folder that is there"
        add_peer "${peer%%=*}" ""
        FOLDER[${peer%%=*}]=$(readlink -f -- "${peer#*=}")
    done
}

# keep_only: leaves the allocators that ONLY names.
keep_only()
{
    local name kept=()
    [[ -n ${ONLY:-} ]] || return 0
    for name in $ONLY; do
        [[ " ${NAMES[*]} " == *" $name "* ]] || die "ONLY: no allocator '$name' here, only ${NAMES[*]}"
        kept+=("$name")
    done
    NAMES=("${kept[@]}")
}

find_peers
find_programs
keep_only
[[ " ${NAMES[*]} " == *" $REFERENCE "* ]] ||
    die "REFERENCE: no allocator '$REFERENCE' here, only ${NAMES[*]}; make builds hakmem"
((${#NAMES[@]} > 1)) || die "nothing to compare: only the C library's allocator is here; make builds hakmem"

# program_of NAME: what runs the load of load_row under it; fills SUBJECT, empty where there is none.
program_of()
{
    SUBJECT=$PROGRAM
    [[ -n ${FOLDER[$1]:-} ]] || return 0
    SUBJECT=${FOLDER[$1]}/$LOAD_PROGRAM
    [[ -x $SUBJECT ]] || SUBJECT=
}

# load_row NAME: fills LOAD_PROGRAM, CORES, PROGRAM and ARGS from the table.
load_row()
{
    local row full quick words
    row=$(awk -v name="$1" '$1 == name' "$TABLE")
    [[ -n $row ]] || die "no load '$1' in $TABLE; one of $(load_names | tr '\n' ' ')is"
    full=${row%%|*} quick=${row#*|}
    read -ra words <<<"$full"
    CORES=${words[1]} PROGRAM=${words[2]} LOAD_PROGRAM=${words[2]}
    ARGS=("${words[@]:3}")
    [[ -z $QUICK ]] || read -ra ARGS <<<"$quick"
    ARGS=("${ARGS[@]//@/$BUILD}")
    case $PROGRAM:$BUILD in
    bench_random_mixed:"$ROOT/build") PROGRAM=$ROOT/bench_random_mixed_system ;; # at the root in the plain build
    bench_random_mixed:*) PROGRAM=$BUILD/bench_random_mixed_system ;;
    *) PROGRAM=$BUILD/bench/$PROGRAM ;;
    esac
    need_program "load $1" "$PROGRAM"
}

load_names()
{
    awk '/^[a-z]/ { print $1 }' "$TABLE"
}

(($# > 0)) || { mapfile -t all < <(load_names) && set -- "${all[@]}"; }
for load in "$@"; do
    load_row "$load"
done
clean_knobs "${PROMOTED[@]}"
scratch
printf 'allocators: %s\n' "${NAMES[*]}"
for name in "${NAMES[@]}"; do
    "$RECORD" object "name=$name" "library=${LIBRARY[$name]}" "programs=${FOLDER[$name]:-}" \
        "sha256=$([[ -z ${LIBRARY[$name]} ]] || sha256_of "${LIBRARY[$name]}")" >"$WORK/peer.$name"
done

# run_load ROUND LOAD NAME: one run, one line of the raw table. A load looks at its blocks, so an allocator may fail it:
# that is a result too, kept with its sentence, and the pair is not tried again.
declare -A FAILED=()
run_load()
{
    [[ -z ${FAILED[$2 $3]:-} ]] || return 0
    program_of "$3"
    [[ -n $SUBJECT ]] || return 0
    CPU_SET=$ALL_CPUS PRELOAD=${LIBRARY[$3]}
    [[ $CORES == all ]] || CPU_SET=$CPU
    prepare_target
    if ! (
        target_run "$2 under $3" "$SUBJECT" "${ARGS[@]}"
        printf '%s\t%s\t%s\t%s\t%s\n' "$2" "$1" "$3" "$THROUGHPUT_CPU" "$RSS_KIB" >>"$WORK/runs"
    ) 2>"$WORK/why"; then
        FAILED[$2 $3]=$(sed "s/^$ME: //" "$WORK/why" | head -n 1)
        say "${FAILED[$2 $3]}"
    fi
}

# Round 0 is not kept: it pays for cold files.
for ((round = 0; round <= RUNS; round++)); do
    for load in "$@"; do
        load_row "$load"
        for name in $(printf '%s\n' "${NAMES[@]}" | shuf --random-source=<(yes "$round $load")); do
            run_load "$round" "$load" "$name"
        done
    done
    [[ ! -t 2 ]] || printf '\rround %d of %d ' "$round" "$RUNS" >&2
done
[[ ! -t 2 ]] || printf '\r' >&2

awk -F'\t' '$2 > 0' "$WORK/runs" >"$WORK/kept"
{
    "$BOX_DIR/ratio_table.pl" "$REFERENCE" "${NAMES[@]}" <"$WORK/kept"
    ((${#FAILED[@]} == 0)) || printf '\nFailed, so without figures:\n'
    ((${#FAILED[@]} == 0)) || printf '  %s\n' "${FAILED[@]}"
} >"$WORK/tables"
cat "$WORK/tables"
FAILED_PAIRS=()
for failed in "${!FAILED[@]}"; do
    FAILED_PAIRS+=("$failed=${FAILED[$failed]}")
done
"$RECORD" rows load round:n allocator ops_per_cpu_s:n peak_rss_kib:n <"$WORK/kept" >"$WORK/rows"
"$RECORD" object schema=hakmem-alloc/1 "time=$(date -u +%Y-%m-%dT%H:%M:%SZ)" "machine:=$(machine_json)" \
    "rounds:=$RUNS" "quick:=$([[ -n $QUICK ]] && echo true || echo false)" "reference=$REFERENCE" \
    "allocators:=[$(for name in "${NAMES[@]}"; do cat "$WORK/peer.$name"; done | sed 's/^}/},/' | sed '$s/,$//')]" \
    "runs@=$WORK/rows" "failed:=$("$RECORD" object "${FAILED_PAIRS[@]}")" >"$WORK/result"
save "${OUT%.json}.txt" <"$WORK/tables"
save "$OUT" <"$WORK/result"
printf 'written: %s %s\n' "$OUT" "${OUT%.json}.txt"
for failed in "${!FAILED[@]}"; do
    [[ $failed != *" $REFERENCE" ]] || die "the reference fails: ${FAILED[$failed]}"
done
