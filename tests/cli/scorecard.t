#!/usr/bin/env bash
# The scorecard: its arithmetic on made-up sessions, and the box that measures, writes and moves baselines.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
cd "$root" || exit 1
ltf=${LTF:-$root/layout_tax_forensics}
record=scripts/box/record.pl
box=scripts/box/scorecard_box.sh

# session FILE SUBJECT=SPEED...: eight rounds on a machine that drifts, speeds in M ops/s, a little noise.
session() {
    local file=$1
    shift
    perl -e 'my $sep = ""; print q({"schema":"hakmem-scorecard/1","load":"m","iters":1000000,"ws":4,"seed":1,"subjects":[);
        for (@ARGV) { my ($n) = split /=/; print qq($sep\{"name":"$n","program":"p_$n","library":"","sha256":"sha_$n"}); $sep = "," }
        print q(],"runs":[); $sep = "";
        for my $r (1 .. 8) { for (@ARGV) { my ($n, $v) = split /=/;
            printf q(%s{"round":%d,"point":"%s","cpu_s":%.9f}), $sep, $r, $n, (1 + .1 * $r) / $v * (1 + .0005 * (length($n) * $r % 3)); $sep = "," } }
        print "]}\n"' "$@" >"$file"
}
card() { "$ltf" scorecard -q --json "$work/c.json" "$work/s.json" 2>&1; }
value() { $record get "$work/c.json" "$1"; }

session "$work/s.json" fast=100 standard=80 system=50
is "$(card)" "FAST baseline first, Standard baseline first" "without other baselines the builds are the first"
like "$(value subjects.system.fast_against_it.percent)" "^(99\.[89]|100\.[01])" "FAST against a peer is paired by round, whatever the machine does"
is "$(value baselines.fast.baseline_sha256)" sha_fast "the baseline is named by its sha256"
session "$work/s.json" fast=103 standard=80 fast_baseline=100 standard_baseline=83 system=50
is "$(card)" "FAST baseline moves, Standard baseline stays" "a better build moves its baseline, a worse one does not"
like "$(value baselines.fast.against_baseline.interval.0)" "^2\.[89]" "by its whole interval"
session "$work/s.json" fast=100 standard=80 fast_baseline=100 system=50
is "$(card)" "FAST baseline stays, Standard baseline first" "an equal one stays: noise moves nothing"
like "$("$ltf" scorecard --format markdown "$work/s.json")" "\| system \| [0-9.]+ \| .*\| .sha_system. \|" "markdown has every subject"
session "$work/s.json" fast=100 system=50
like "$(card)" "no subject 'standard'" "a session without a build is refused"
session "$work/s.json" fast=100 standard=80
sed -i 's/{"round":8,"point":"standard"[^}]*}/{"round":8,"point":"fast","cpu_s":1}/' "$work/s.json"
like "$(card)" "has point fast twice in round 8" "a session that is not whole is refused"

# The box on stand-ins whose CPU time is written into them.
bench() { sed "s/0\.250000/$2/" tests/lib/fake_bench.c | ${CC:-gcc} -x c -O1 -o "$work/$1" -; }
bench fast 0.200000 && bench standard 0.250000 && bench system 0.500000 && bench faster 0.100000 && bench slower 0.300000 || exit 1
export PINNED=$work/pinned SCORECARD=$work/card.md OUT=$work/o.json BUILD=$work RUNS=2 ITERS=1000000 SYSTEM=$work/system STANDARD=$work/standard
run() { FAST=$work/$1 $box 2>&1; }
text=$(run fast)
like "$text" "FAST +5\.00 .*this build is the baseline" "the first session sets the baseline"
like "$(head -n 1 "$SCORECARD") $(cat "$SCORECARD")" "^# Scorecard .*\| system \| 2\.00 \| \+150\.00 %" "and writes the scorecard"
ok "the baseline is pinned" cmp "$work/fast" "$PINNED/scorecard_fast"
like "$(run slower)" "FAST +5\.00 .*-33\.33 % \[-33\.33, -33\.33\] +stays" "a slower build runs beside the baseline"
ok "which stays" cmp "$work/fast" "$PINNED/scorecard_fast"
like "$(run faster)" "\+100\.00 % \[\+100\.00, \+100\.00\] +moves" "a faster one"
ok "takes its place" cmp "$work/faster" "$PINNED/scorecard_fast"
chmod +w "$PINNED/scorecard_fast" && printf x >>"$PINNED/scorecard_fast" && rm -f "$OUT"
like "$(run fast)" "is not the binary that was pinned" "an altered baseline is refused"
not_ok "and nothing is written" test -e "$OUT"
done_testing
