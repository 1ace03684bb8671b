#!/usr/bin/env bash
# gate and matrix: made-up sessions in, words and exit statuses out; what must be refused is refused.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
record=$root/scripts/box/record.pl
cd "$work" || exit 1

old_sha=$(printf '%064d' 1) new_sha=$(printf '%064d' 2)

# series FILE SHA SECONDS [KEY=VALUE...]: ten runs within a thousandth of SECONDS.
series() {
    local file=$1 sha=$2 seconds=$3
    shift 3
    {
        printf '{"schema":"hakmem-runs/1","load":"m","time":"t","ws":400,"seed":1,"iters":1000,"min":16,"max":1039,'
        printf '"machine":{"cpu":"x","kernel":"k"},"knobs":{"HAKMEM_B":"1","HAKMEM_A":"2"},"preload":"",'
        printf '"binary":{"path":"p","sha256":"%s"},"runs":[' "$sha"
        for i in 0 1 2 3 4 5 6 7 8 9; do
            printf '%s{"run":%d,"cpu_s":%s}' "$([[ $i == 0 ]] || echo ,)" "$i" "$(awk "BEGIN { printf \"%.9f\", $seconds * (1 + .0001 * $i) }")"
        done
        printf ']}\n'
    } >"$file"
}

# matrix FILE GAIN_B GAIN_C GAIN_D: speeds against A in percent, ten rounds, and a ten-thousandth of noise.
matrix() {
    {
        printf '{"schema":"hakmem-matrix/1","load":"m","time":"t","ws":400,"seed":1,"iters":1000,"machine":{"cpu":"x","kernel":"k"},'
        printf '"knobs":{"HAKMEM_A":"2"},"binary":{"path":"p","sha256":"%s"},"runs":[' "$new_sha"
        awk -v b="$2" -v c="$3" -v d="$4" 'BEGIN {
            split("A B C D", name, " "); split("0 " b " " c " " d, gain, " ")
            for (r = 1; r <= 10; r++)
                for (p = 1; p <= 4; p++)
                    printf "%s{\"round\":%d,\"point\":\"%s\",\"cpu_s\":%.9f}", (r + p > 2 ? "," : ""), r, name[p],
                        (1 + .05 * r) / (1 + gain[p] / 100) * (1 + .0001 * ((r * p) % 3))
        }'
        printf ']}\n'
    } >"$1"
}

# gate STATUS WORD TITLE ARGS...: exit status and first word.
gate() {
    local want=$1 word=$2 title=$3 status=0
    shift 3
    "$ltf" gate "$@" >out 2>err || status=$?
    is "$status $(head -n 1 out | grep -oE '(GO|NEUTRAL|NO-GO)' | head -n 1)" "$want $word" "$title"
}

# refused TITLE REGEX VERB ARGS...: status 1, one sentence, nothing on stdout.
refused() {
    local title=$1 regex=$2 status=0
    shift 2
    "$ltf" "$@" >out 2>err || status=$?
    is "$status $(wc -l <err) $(wc -c <out)" "1 1 0" "$title: status 1, one sentence, no figure"
    like "$(cat err)" "$regex" "$title: which says what"
}

# misused TITLE REGEX VERB ARGS...: as refused, with the pointer to --help that wrong command lines get.
misused() {
    local title=$1 regex=$2 status=0
    shift 2
    "$ltf" "$@" >out 2>err || status=$?
    is "$status $(wc -c <out)" "1 0" "$title: status 1, no figure"
    like "$(head -n 1 err)" "$regex" "$title: which says what"
}

series old.json "$old_sha" 1.0
series new.json "$new_sha" 1.0
series slow.json "$new_sha" 1.12
matrix win.json 1 2 3
matrix small.json 0.2 0.2 0.4
matrix lose.json -1 -1 -2
matrix zero.json 0 0 0

gate 0 GO "the baseline recovers and the knobs win" old.json new.json win.json
like "$(cat out)" "D against A +\+1 % +\+(2.9|3.0)[0-9] % \[" "with the interval behind it"
like "$(cat out)" "not interleaved" "and what weakens it"
gate 10 NEUTRAL "the knobs win, the baseline stays low" old.json slow.json win.json
like "$(cat out)" "baseline against old +-3 % +-10\.7[0-9] %" "with its loss"
gate 10 NEUTRAL "the knobs win too little" old.json new.json small.json
gate 10 NEUTRAL "no difference is no answer" old.json new.json zero.json
like "$(cat out)" "counts as NEUTRAL" "and says so"
gate 11 NO-GO "the knobs lose" old.json new.json lose.json
gate 10 NEUTRAL "a threshold moves" --threshold gain=5 old.json new.json win.json
gate 0 GO "a negative threshold moves, too" --threshold baseline=-20 old.json slow.json win.json
gate 10 NEUTRAL "one line with --quiet" -q old.json slow.json win.json
is "$(cat out)" "NEUTRAL: The knobs win, but the baseline stays low." "and nothing else"

# Ten rounds on a machine that gets a third slower: only pairs see through that.
perl -MJSON::PP -e 'for my $f (["old", 1], ["new", 1.001]) {
    open my $in, "<", "$f->[0].json"; my $d = decode_json(join "", <$in>); my $r = 0;
    for (@{ $d->{runs} }) { $_->{round} = ++$r; $_->{cpu_s} = $f->[1] * (1 + .03 * $r) }
    open my $out, ">", "$f->[0]_rounds.json"; print $out encode_json($d) }'
gate 0 GO "runs in rounds are pairs" old_rounds.json new_rounds.json win.json
like "$(cat out)" "against old +-3 % +-0\.10 % \[-0\.10, -0\.10\]" "on a machine that drifts"
unlike "$(cat out)" "interleaved" "and there is nothing to warn of"

"$ltf" gate --json g.json -q old.json slow.json win.json >/dev/null
is "$($record get g.json verdict) $($record get g.json exit_status) $($record get g.json undecided)" "NEUTRAL 10 false" "JSON has the verdict"
is "$($record get g.json rules.baseline.answer) $($record get g.json rules.gain.answer)" "no yes" "the answers"
is "$($record get g.json new.sha256)" "$new_sha" "the binary that was judged"
like "$($record get g.json matrix.d_against_a.interval.0)" "^2\.9" "and the matrix with intervals"
like "$("$ltf" gate --json - old.json new.json win.json | $record get /dev/stdin rules.gain.threshold_percent)" "^1(\.0)?$" "--json - writes it to stdout"
like "$("$ltf" gate --format markdown old.json new.json win.json)" "\| condition \|" "markdown is for reviews"

# The matrix alone.
like "$("$ltf" matrix win.json)" "B +1, 0 +[0-9.]+ ns +\+(0.9|1.0)[0-9] % \[" "matrix shows B alone"
"$ltf" matrix --json m.json -q win.json >/dev/null
like "$($record get m.json d_beyond_b_times_c.percent)" "^-0\.0[0-9]" "and what both have beyond the product, drift of the machine or not"
like "$($record get m.json d_saves_beyond_b_and_c.percent_of_a)" "^-0\.0[0-9]" "and what they save beyond the sum"
cat >sim.json <<'EOT'
{"schema":"hakmem-matrix/1","source":"sim","load":"m","iters":100,"binary":{"path":"p","sha256":"s"},"runs":[
{"round":1,"point":"A","cycles":1100},{"round":1,"point":"B","cycles":1050},{"round":1,"point":"C","cycles":1050},{"round":1,"point":"D","cycles":1000}]}
EOT
like "$("$ltf" matrix sim.json)" "modelled, not measured.*D +1, 1 +10.00 cycles +\+10.00 % \(exact\).*save: \+0.00 % of A.s time \(exact\)" "a modelled matrix is exact and says what it is"

misused "no files" "three files are needed" gate
refused "a folder for a file" "is not JSON|cannot open" gate "$work" new.json win.json
refused "a file that is not there" "cannot open none.json" gate none.json new.json win.json
refused "files in another order" 'holds "hakmem-matrix/1", not "hakmem-runs/1"' gate win.json new.json old.json
head -c 300 old.json >cut.json
refused "a file cut short" "cut.json is not JSON" gate cut.json new.json win.json
refused "a modelled matrix" "modelled, not measured" gate old.json new.json sim.json
misused "a word for a threshold" "above -100" gate --threshold gain=lots old.json new.json win.json
misused "a threshold that is none" "no threshold of the gate is called 'ipc'" gate --threshold ipc=1 old.json new.json win.json
refused "a matrix of another binary" "matrix of another binary" gate new.json old.json win.json
sed 's/"ws":400/"ws":500/' new.json >other.json
refused "another working set" "differ in ws \('400', '500'\)" gate old.json other.json win.json
sed 's/"cpu":"x"/"cpu":"y"/' new.json >other.json
refused "another processor" "differ in processor" gate old.json other.json win.json
sed 's/"HAKMEM_A":"2"/"HAKMEM_A":"3"/' new.json >other.json
refused "other knobs" "differ in knobs \('HAKMEM_A=2 HAKMEM_B=1', 'HAKMEM_A=3" gate old.json other.json win.json
sed 's/"HAKMEM_A":"2"/"HAKMEM_A":"3"/' win.json >other.json
refused "a matrix with other knobs" "HAKMEM_A=3" gate old.json new.json other.json
sed 's/"cpu_s":[0-9.]*/"cpu_s":null/' new.json >other.json
refused "a run without CPU time" "runs\[0\].cpu_s is no time" gate old.json other.json win.json
sed 's/"runs":.*/"runs":[]}/' new.json >other.json
refused "no runs" "runs is missing or empty" gate old.json other.json win.json
sed 's/"runs":.*/"runs":[{"cpu_s":1}]}/' new.json >other.json
refused "one run" "one run has no interval" gate old.json other.json win.json
sed 's/,{"round":10,"point":"D"[^}]*}//' win.json >other.json
refused "a matrix cut short" "lacks point D in round 10 of 10" matrix other.json
sed 's/{"round":2,/{"round":1,/g' win.json >other.json
refused "a round twice" "has point A twice in round 1" matrix other.json
sed 's/"point":"C"/"point":"E"/' win.json >other.json
refused "a point of another matrix" "point 'E', which this panel does not have" matrix other.json
sed 's/"round":10,/"round":10000000,/' win.json >other.json
refused "a round out of this world" "no point or no round" matrix other.json
done_testing
