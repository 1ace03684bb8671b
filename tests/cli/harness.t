#!/usr/bin/env bash
# The ten-run harness: what it gives a program, what it writes, and how it refuses.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
cd "$root" || exit 1

harness=scripts/run_mixed_10_cleanenv.sh
record=scripts/box/record.pl
${CC:-gcc} -O1 -o "$work/good" tests/lib/fake_bench.c || exit 1
for name in crash hang fail silent complain env; do
    cp "$work/good" "$work/$name"
done
export RUNS=3 ITERS=1000 OUT=$work/out.json

like "$($harness --help)" "BENCH_BIN=.*RUNS=10.*ITERS=20000000" "--help names the settings and their defaults"

text=$(BENCH_BIN=$work/good $harness 2>&1)
like "$text" "mean 1050000  median 1050000  sd 0  CV 0.00 %  min 1050000  max 1050000 ops/s" "three equal runs have no spread"
is "$(grep -c '^run ' <<<"$text")" 3 "every run is printed"
is "$($record get "$OUT" runs | grep -c throughput)" 3 "every run is in the result file"
is "$($record get "$OUT" binary.sha256)" "$(sha256sum <"$work/good" | cut -d' ' -f1)" "the result names the binary by its sha256"
is "$($record get "$OUT" binary.build_id)" "$(readelf -n "$work/good" | sed -n 's/.*Build ID: //p')" "and by its build id"
is "$($record get "$OUT" knobs.HAKMEM_WARM_POOL_SIZE)" 16 "and holds the promoted defaults"
is "$($record get "$OUT" ops_per_cpu_s.mean)" 4000 "operations per CPU second come from iterations and CPU time"
like "$($record get "$OUT" machine.kernel)" "$(uname -r)" "and the machine"

first=$(bash -c '. scripts/box/lib.sh; allowed_cpus' | head -n 1)
ok "the first allowed core may be named" env BENCH_BIN="$work/good" CPU="$first" $harness
is "$($record get "$OUT" machine.core)" "$first" "and is the one in the result"

is "$(printf '%s\n' 1 2 3 4 10 | $record stats | tr -d ' \n')" \
    '{"cv_percent":88.3883476483184,"max":10,"mean":4,"median":3,"min":1,"n":5,"sd":3.53553390593274}' \
    "mean, median and standard deviation of 1 2 3 4 10"
is "$(printf '%s\n' 4 1 3 2 | $record stats | tr -d ' \n' | grep -o '"median":[0-9.]*')" '"median":2.5' "an even count takes the middle of the two"

# The environment: PATH and knobs, the caller's promoted values, the knobs given as arguments.
rm -f "$OUT"
text=$(HAKMEM_TINY_C5_INLINE_SLOTS=0 HAKMEM_STRAY=1 LD_BIND_NOW=1 BENCH_BIN=$work/env RUNS=1 WS=7 SEED=5 \
    bash -c "cp $work/env $work/dump; $harness HAKMEM_STATS=0" 2>&1)
like "$text" "left out of the environment: HAKMEM_STRAY LD_BIND_NOW" "a dirty environment is said in one sentence"
is "$($record get "$OUT" knobs | tr -d ' \n')" \
    '{"HAKMEM_STATS":"0","HAKMEM_TINY_C5_INLINE_SLOTS":"0","HAKMEM_TINY_C6_INLINE_SLOTS":"1","HAKMEM_WARM_POOL_SIZE":"16"}' \
    "a promoted knob keeps the caller's value, another is taken as an argument only"
seen=$(bash -c ". scripts/box/lib.sh; need_cpu; clean_knobs HAKMEM_X=1; scratch; prepare_target; target_run t $work/env 9 8; grep -v ^Thr \"\$WORK/out\"" 2>/dev/null)
is "$seen" "PATH=/usr/bin:/bin
HAKMEM_WARM_POOL_SIZE=16
HAKMEM_TINY_C5_INLINE_SLOTS=1
HAKMEM_TINY_C6_INLINE_SLOTS=1
HAKMEM_X=1
arg 9
arg 8" "the program sees its knobs and arguments, and nothing of the caller"

# refuses TITLE REGEX ENV...: status 1, one line on stderr, no result.
refuses() {
    local title=$1 regex=$2 status=0 said
    shift 2
    rm -f "$OUT"
    said=$(env "$@" 2>&1 >/dev/null) || status=$?
    if [[ $status == 1 && $(wc -l <<<"$said") == 1 && ! -e $OUT ]]; then
        like "$said" "$regex" "$title"
    else
        is "status $status: $said" "status 1 and one sentence" "$title"
    fi
}
refuses "a missing program" "is not there" BENCH_BIN="$work/none" $harness
refuses "a folder" "is not a file" BENCH_BIN="$work" $harness
refuses "no name at all" "is empty" BENCH_BIN= $harness
refuses "a script" "not an ELF program" BENCH_BIN=$harness $harness
refuses "a file without the x bit" "not executable" BENCH_BIN=tests/lib/fake_bench.c $harness
refuses "no runs" "RUNS must be a number from 1" BENCH_BIN="$work/good" RUNS=0 $harness
refuses "a word for a number" "ITERS must be a number" BENCH_BIN="$work/good" ITERS=many $harness
refuses "sizes upside down" "MAX must be a number from 100" BENCH_BIN="$work/good" MIN=100 MAX=50 $harness
refuses "a core that is not there" "CPU=4000 is not a core" BENCH_BIN="$work/good" CPU=4000 $harness
refuses "an argument that is no knob" "'C5=1' is not a knob" BENCH_BIN="$work/good" $harness C5=1
refuses "a preload that is not there" "PRELOAD: .*is not there" BENCH_BIN="$work/good" PRELOAD=/none.so $harness
refuses "a program that crashes" "run 1 of 3: .*killed by signal 11" BENCH_BIN="$work/crash" $harness
refuses "a program that fails, in its own words" "failed with status 3: fake: no luck today" BENCH_BIN="$work/fail" $harness
refuses "a program that prints no figure" "did not print one line" BENCH_BIN="$work/silent" $harness
refuses "a program that hangs" "did not end within 1 s" BENCH_BIN="$work/hang" TIMEOUT=1 $harness
refuses "a knob that the allocator refuses" "the allocator refused a knob: .*WARM_POOL" BENCH_BIN="$work/complain" HAKMEM_WARM_POOL_SIZE=99 $harness
refuses "a result file that cannot be written" "cannot (make|write)" BENCH_BIN="$work/good" OUT=/proc/none/x.json $harness

# Ctrl-C: 130, no program left, nothing written.
rm -f "$OUT"
BENCH_BIN=$work/hang env --default-signal=INT setsid --wait $harness >"$work/log" 2>&1 &
for _ in {1..50}; do pgrep -f "^$work/hang" >/dev/null && break; sleep 0.1; done
child=$(pgrep -f "^$work/hang")
kill -INT -- "-$(ps -o pgid= -p "$child" | tr -d ' ')"
wait $!
is "$?" 130 "an interrupted harness ends with 130"
like "$(cat "$work/log")" "interrupted; nothing was written" "and says so"
not_ok "and leaves no program behind" pgrep -f "^$work/hang"
is "$(ls "$OUT"* 2>/dev/null)" "" "and no result"
done_testing
