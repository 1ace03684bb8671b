#!/usr/bin/env bash
# The matrix box: order, points, raw runs, refusals.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
cd "$root" || exit 1

box=scripts/box/mixed_matrix_box.sh
record=scripts/box/record.pl
${CC:-gcc} -O1 -o "$work/good" tests/lib/fake_bench.c || exit 1
cp "$work/good" "$work/hang"
cp "$work/good" "$work/crash"
cp "$work/good" "$work/complain"
export RUNS=4 ITERS=1000 OUT=$work/m.json BENCH_BIN=$work/good

# The schedule, at its own level.
count() { grep -o "$1" <<<"$2" | wc -l; }
rows=$($record schedule 4 1)
is "$(fold -w1 <<<"$rows" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" " 4 A; 4 B; 4 C; 4 D;" "four rounds run each point four times"
places=$(for p in 1 2 3 4; do cut -c$p <<<"$rows" | sort | tr -d '\n'; done)
is "$places" "ABCDABCDABCDABCD" "each once in each place"
followers=$(for pair in AB AC AD BA BC BD CA CB CD DA DB DC; do count $pair "$rows"; done | tr -d '\n')
is "$followers" "111111111111" "each once after each other"
rows=$($record schedule 10 7)
is "$(wc -l <<<"$rows")" 10 "ten rounds have ten rows"
sums=$(for point in A B C D; do awk -v p=$point '{ s += index($0, p) } END { printf "%d ", s }' <<<"$rows"; done)
is "$sums" "25 25 25 25 " "and in ten rounds every point has the same mean place"
is "$($record schedule 10 7)" "$rows" "the same seed gives the same order"
orders=$(for seed in 1 2 3 4 5 6 7 8; do $record schedule 4 $seed | tr -d '\n'; echo; done | sort -u | wc -l)
ok "other seeds give other orders" test "$orders" -gt 1

# A whole matrix with a bench whose figures are a function of its knobs.
text=$(HAKMEM_WARM_POOL_SIZE=8 HAKMEM_TINY_C5_INLINE_SLOTS=0 $box HAKMEM_STATS=0 2>&1)
like "$text" "round  4 " "every round is shown"
is "$(wc -l <"$work/m.csv")" 17 "sixteen raw runs and a header are in the table"
is "$(head -n 1 "$work/m.csv")" "round,place,point,throughput,wall_s,cpu_s,peak_rss_kib" "under their names"
is "$(tail -n +2 "$work/m.csv" | cut -d, -f3,4 | sort -u | tr '\n' ' ')" "A,1000000 B,1020000 C,1030000 D,1050000 " \
    "the four points set the two knobs, whatever the caller has in his environment"
is "$(tail -n +2 "$work/m.csv" | cut -d, -f3 | tr -d '\n' | fold -w4)" "$($record schedule 4 1)" "the runs follow the schedule"
is "$($record get "$OUT" schema)" hakmem-matrix/1 "the result has a schema"
is "$($record get "$OUT" points.B | tr -d ' \n')" '{"HAKMEM_TINY_C5_INLINE_SLOTS":"1","HAKMEM_TINY_C6_INLINE_SLOTS":"0"}' "and says what B is"
is "$($record get "$OUT" knobs | tr -d ' \n')" '{"HAKMEM_STATS":"0","HAKMEM_WARM_POOL_SIZE":"8"}' "and which knobs all points share"
is "$($record get "$OUT" runs | grep -c place)" 16 "and every raw run"
is "$($record get "$OUT" binary.sha256)" "$(sha256sum <"$BENCH_BIN" | cut -d' ' -f1)" "of the binary it names"

like "$text" "D  +1, 1  +250000.00 ns  +\\+0.00 % " "and ends in the analyzer's table of gains"

# The processor model in the clock's place.
text=$(ITERS=1 OUT=$work/s.json $box --source sim 2>&1)
if [[ $text == *"not modelled: "*recorder* ]]; then
    skip "a modelled matrix" "$text"
else
    like "$text" "modelled, not measured.*D  +1, 1 .*% \\(exact\\)" "a modelled matrix says what it is and is exact"
    is "$($record get "$work/s.json" source) $($record get "$work/s.json" rounds)" "sim 1" "under its own source"
fi

# refuses TITLE REGEX ENV...: status 1, one sentence, no result.
refuses() {
    local title=$1 regex=$2 status=0 said
    shift 2
    rm -f "$work"/m.*
    said=$(env "$@" 2>&1 >/dev/null) || status=$?
    if [[ $status == 1 && $(wc -l <<<"$said") == 1 && -z $(ls "$work"/m.* 2>/dev/null) ]]; then
        like "$said" "$regex" "$title"
    else
        is "status $status: $said" "status 1, one sentence, no result" "$title"
    fi
}
refuses "an odd number of rounds" "RUNS must be even, not 5" RUNS=5 $box
refuses "a source that is none" "source takes clock or sim, not 'perf'" $box --source perf
refuses "a knob that the program refuses" "the allocator refused a knob" BENCH_BIN="$work/complain" $box HAKMEM_WARM_POOL_SIZE=99
refuses "the same on the model" "the allocator refused a knob" BENCH_BIN="$work/complain" $box --source sim HAKMEM_WARM_POOL_SIZE=99
refuses "no rounds" "RUNS must be a number from 2" RUNS=0 $box
refuses "a knob that the matrix sets" "sets HAKMEM_TINY_C5" $box HAKMEM_TINY_C5_INLINE_SLOTS=1
refuses "a program that crashes" "point A: .*killed by signal 11" BENCH_BIN="$work/crash" $box
refuses "a result of another kind" "OUT must end in .json" OUT="$work/m.txt" $box

rm -f "$work"/m.*
BENCH_BIN=$work/hang env --default-signal=INT setsid --wait $box >"$work/log" 2>&1 &
for _ in {1..50}; do pgrep -f "^$work/hang" >/dev/null && break; sleep 0.1; done
kill -INT -- "-$(ps -o pgid= -p "$(pgrep -f "^$work/hang")" | tr -d ' ')"
wait $!
is "$?" 130 "an interrupted matrix ends with 130"
like "$(cat "$work/log")" "interrupted; nothing was written" "says so"
is "$(ls "$work"/m.* 2>/dev/null)" "" "and leaves no half of a result"
done_testing
