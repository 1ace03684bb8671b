#!/bin/bash
# The programs of mimalloc-bench that need nothing beyond its repository, under every allocator that is here, as preload,
# interleaved; tables of speed by CPU time, of ratios with intervals, and of peak memory.
#
#   git clone https://github.com/daanx/mimalloc-bench
#   scripts/box/mimalloc_bench_box.sh mimalloc-bench [PROGRAM...]
#
# Builds them with gcc -O2 in BUILD/mimalloc-bench; sh6bench and sh8bench only where their sources were downloaded
# into bench/shbench. A program that does a fixed piece of work counts as one operation; one that runs for a fixed time
# prints its operations.
#
#   RUNS=5   REFERENCE=hakmem   TIMEOUT=120 (s a run)   BUILD=build   PEERS='NAME=LIBRARY ...'
#   DEBIAN=1 (0: without Debian's peers)
#   OUT=results/mimalloc_bench_TIME.txt

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

# program | sources in bench/ | flags | what counts: run, or what stands before the number that is printed | arguments
PROGRAMS='
cfrac          | cfrac/[aceiu]*.c cfrac/p[!ft]*.c cfrac/pfloat.c cfrac/ptou.c cfrac/ptoa.c | -std=gnu89 -DNOMEMOPT=1 -lm          | run | 17545186520507317056371138836327483792789528
espresso       | espresso/*.c                       | -std=gnu89 -lm                       | run | @/espresso/largest.espresso
barnes         | barnes/*.c                         | -std=gnu89 -lm                       | run | <@/barnes/input
larson         | larson/larson.cpp                  | -DCPP=1                              | Throughput = | 1 8 1000 5000 100 4141 2
larson-sized   | larson/larson.cpp                  | -DCPP=1 -DSIZED=1 -fsized-deallocation | Throughput = | 1 8 1000 5000 100 4141 2
alloc-test     | alloc-test/test_common.cpp alloc-test/allocator_tester.cpp | -DBENCH=4    | run | 1
mstress        | mstress/mstress.c                  |                                      | run | 2 50 25
rptest         | rptest/rptest.c rptest/thread.c rptest/timer.c | -fpermissive -Irptest -lm | ops: .* | 2 0 1 2 200 1000 100 8 16000
xmalloc-test   | xmalloc-test/xmalloc-test.c        |                                      | free/sec: | -w 2 -t 1 -s 64
cache-scratch  | cache-scratch/cache-scratch.cpp    |                                      | run | 2 1000 1 500000 2
cache-thrash   | cache-thrash/cache-thrash.cpp      |                                      | run | 2 1000 1 500000 2
malloc-large   | malloc-large/malloc-large.cpp      |                                      | run |
mleak          | mleak/mleak.c                      |                                      | run | 5
glibc-simple   | glibc-bench/bench-malloc-simple.c  |                                      | run |
glibc-thread   | glibc-bench/bench-malloc-thread.c  |                                      | ^ | 2
sh6bench       | shbench/sh6bench-new.c             | -DBENCH=1 -DSYS_MULTI_THREAD=1       | run | 4
sh8bench       | shbench/sh8bench-new.c             | -DBENCH=1 -DSYS_MULTI_THREAD=1       | run | 4'

BENCH=${1:-}/bench
[[ -f $BENCH/CMakeLists.txt ]] || die "'${1:-}' is not a checkout of mimalloc-bench; --help says how to get one"
BENCH=$(cd "$BENCH" && pwd)
shift
RUNS=${RUNS:-5} TIMEOUT=${TIMEOUT:-120} REFERENCE=${REFERENCE:-hakmem}
need_build
OUT=${OUT:-$ROOT/results/mimalloc_bench_$(date -u +%Y%m%dT%H%M%SZ).txt}
need_number RUNS "$RUNS" 2 1000
need_number TIMEOUT "$TIMEOUT" 1 86400
clean_knobs "${PROMOTED[@]}"
find_peers
[[ " ${NAMES[*]} " == *" $REFERENCE "* ]] || die "REFERENCE: no allocator '$REFERENCE' here, only ${NAMES[*]}; make builds hakmem"
scratch
mkdir -p "$BUILD/mimalloc-bench"

# fields ROW: SOURCES, FLAGS, COUNTS and ARGS of a program.
fields()
{
    local row
    row=$(grep "^$1  *|" <<<"$PROGRAMS" || true)
    [[ -n $row ]] || die "no program '$1'; one of $(awk 'NF { print $1 }' <<<"$PROGRAMS" | tr '\n' ' ')is"
    IFS='|' read -r _ SOURCES FLAGS COUNTS ARGS <<<"$row"
    COUNTS=$(sed 's/^ *//; s/ *$//' <<<"$COUNTS")
}

# build PROGRAM: false where its sources are not here.
build()
{
    local program=$BUILD/mimalloc-bench/$1 compiler=gcc
    local -a sources
    fields "$1"
    # shellcheck disable=SC2206 # words and patterns, from the table above
    (cd "$BENCH" && sources=($SOURCES) && [[ -e ${sources[0]} ]]) || return 1
    [[ ! -x $program ]] || return 0
    [[ $SOURCES != *.cpp* ]] || compiler='g++ -std=c++17'
    # shellcheck disable=SC2086
    (cd "$BENCH" && $compiler -O2 -w -pthread -o "$program" $SOURCES $FLAGS) 2>"$WORK/err" || die "$1 does not build$(last_words)"
}

# run ROUND PROGRAM NAME: one line of the raw table. The wrapper prints CPU seconds and peak KiB of the program alone.
run()
{
    local input=/dev/null library=${LIBRARY[$3]} words cpu kib number
    fields "$2"
    read -ra words <<<"${ARGS//@/$BENCH}"
    if [[ ${words[0]:-} == '<'* ]]; then
        input=${words[0]#<} words=()
    fi
    read -r cpu kib < <(cd "$WORK" && python3 -c '
import os, sys, resource
pid = os.fork()
if pid == 0:
    out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(os.open(sys.argv[2], os.O_RDONLY), 0), os.dup2(out, 1), os.dup2(out, 2)
    os.execvp("timeout", ["timeout", *sys.argv[3:]])
_, status, _ = os.wait4(pid, 0)
use = resource.getrusage(resource.RUSAGE_CHILDREN)
print(use.ru_utime + use.ru_stime if status == 0 else "failed", use.ru_maxrss)
' "$WORK/out" "$input" "$TIMEOUT" env -i PATH=/usr/bin:/bin ${library:+LD_PRELOAD="$library"} "${KNOBS[@]}" \
        "$BUILD/mimalloc-bench/$2" ${words[@]+"${words[@]}"})
    if [[ $cpu == failed ]]; then
        say "$2 fails under $3: $(tail -n 1 "$WORK/out" | cut -c1-120)"
        return 0
    fi
    number=1
    [[ $COUNTS == run ]] || number=$(grep -oP "$COUNTS *\\.*\\K[0-9.]+" "$WORK/out" | head -n 1)
    [[ $2 != rptest ]] || cpu=1 # it counts by CPU seconds itself
    awk -v load="$2" -v round="$1" -v name="$3" -v n="$number" -v cpu="$cpu" -v kib="$kib" \
        'BEGIN { printf "%s\t%s\t%s\t%.6f\t%s\n", load, round, name, n * (n == 1 ? 1e6 : 1) / (cpu + 1e-9), kib }' >>"$WORK/runs"
}

(($# > 0)) || mapfile -t all < <(awk 'NF { print $1 }' <<<"$PROGRAMS")
(($# > 0)) || set -- "${all[@]}"
HERE=()
for program in "$@"; do
    build "$program" && HERE+=("$program") && continue
    say "$program is left out: its sources are not in $BENCH"
done
((${#HERE[@]} > 0)) || die "no program is left to run"
for ((round = 0; round <= RUNS; round++)); do # round 0 pays for cold files
    for program in "${HERE[@]}"; do
        for name in $(printf '%s\n' "${NAMES[@]}" | shuf --random-source=<(yes "$round $program")); do
            run "$round" "$program" "$name"
        done
    done
done
awk -F'\t' '$2 > 0' "$WORK/runs" >"$WORK/kept"
"$BOX_DIR/ratio_table.pl" "$REFERENCE" "${NAMES[@]}" <"$WORK/kept" >"$WORK/tables"
cat "$WORK/tables"
save "$OUT" <"$WORK/tables"
printf 'written: %s\n' "$OUT"
