#!/usr/bin/env bash
# The founding workflow on stand-ins: the order of the steps, going on after a failure, the page, refusals.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
cd "$root" || exit 1
box=${WORKFLOW_BOX:-scripts/box/founding_workflow_box.sh}
record=scripts/box/record.pl
ltf=${LTF:-$root/layout_tax_forensics}

# make's stand-in counts its calls and "trains" a program whose figures are a function of its knobs alone.
cat >"$work/make" <<EOT
#!/bin/bash
echo "\$*" >>"$work/made"
${CC:-gcc} -O1 -g -o "$work/bench_random_mixed_hakmem_minimal_pgo" tests/lib/fake_bench.c
cp "$work/bench_random_mixed_hakmem_minimal_pgo" "$work/bench_random_mixed_hakmem_minimal_pgo_stale"
EOT
# The analyzer, which fails at a verb when it is told to.
cat >"$work/analyzer" <<EOT
#!/bin/bash
[[ \$1 != "\${FAIL_AT:-}" ]] || { echo "analyzer: no luck today" >&2; exit 1; }
[[ \$1 == gate && -n \${UNDECIDED:-} ]] || exec "$ltf" "\$@"
"$ltf" "\$@"
status=\$?
sed -i '/"baseline"/,/answer/s/"answer": *"[a-z]*"/"answer": "open"/' "\$3"
exit \$status
EOT
chmod +x "$work/make" "$work/analyzer"
export MAKE=$work/make LAYOUT_TAX_FORENSICS=$work/analyzer PROGRAMS=$work PINNED=$work/pinned FOUNDING=$work/founding
export RUNS=2 ITERS=1000 FORENSICS_ITERS=4 SOURCE=clock

status=0
text=$(FAIL_AT=gate $box 2>&1) || status=$?
is "$status" 1 "a step that fails ends the workflow"
like "$text" "step gate failed: analyzer: no luck today; all it said is in" "in one sentence that names it"
is "$(grep -o '^step . of 5  [a-z_]*' <<<"$text" | tr -s ' ' | cut -d' ' -f2,5 | tr '\n' ' ')" \
    "1 train 2 validate 3 matrix 4 forensics 4 forensics_stale 5 gate " "the steps come in their order"
not_ok "there is no page of half a workflow" test -e "$FOUNDING/page.md"

status=0
text=$($box 2>&1) || status=$?
is "$(grep -c 'done before' <<<"$text") $(wc -l <"$work/made")" "5 1" "the next call goes on where it stopped and trains no second time"
is "$status" 10 "equal figures are NEUTRAL: status 10"
like "$text" "NEUTRAL: The interval of D against A lies across 0" "and the reason is printed"
like "$(cat "$FOUNDING/page.md")" "# Founding workflow.*NEUTRAL.*old against new.*stale twin" "the page has gate and forensics"
is "$($record get "$FOUNDING/gate.json" verdict)" NEUTRAL "the verdict is there as JSON"
ok "the first build is pinned as its own baseline" cmp "$work/bench_random_mixed_hakmem_minimal_pgo" \
    "$PINNED/bench_random_mixed_hakmem_minimal_pgo_phase69_best"

# A baseline that is not decided is measured longer: twice, four times, and then it stays so.
rounds() { grep -c '"round"' "$FOUNDING/old.json"; }
is "$(rounds)" 12 "a decided baseline is measured in six times RUNS pairs"
UNDECIDED=1 VALIDATE_RUNS=3 $box >/dev/null 2>&1
is "$(rounds)" 12 "an undecided one in four times what was asked for"
is "$($record get "$FOUNDING/new.json" runs.11.round)" 12 "as one series"
like "$(cat "$FOUNDING/page.md")" "validation 12" "and the page says how many"

# Only as far as training: what a finished run, and another setting, make of the kept steps.
FAIL_AT=matrix $box >/dev/null 2>&1
is "$(wc -l <"$work/made")" 3 "a finished workflow starts anew"
ITERS=2000 FAIL_AT=matrix $box >/dev/null 2>&1
is "$(wc -l <"$work/made")" 4 "so does one with other settings"
text=$(ITERS=2000 FAIL_AT=matrix $box 2>&1)
is "$(grep -c 'done before' <<<"$text") $(wc -l <"$work/made")" "2 4" "the same settings do not"

refuses() {
    local title=$1 regex=$2 status=0 said
    shift 2
    said=$(env "$@" 2>&1 >/dev/null) || status=$?
    is "$status $(wc -l <<<"$said")" "1 1" "$title: status 1 and one sentence"
    like "$said" "$regex" "$title: which says what"
}
refuses "an odd number of rounds" "RUNS must be even" RUNS=5 "$box"
refuses "no operations" "ITERS must be a number" ITERS=0 "$box"
refuses "a commit that is none" "OLD=nonesuch is no commit" OLD=nonesuch "$box"
refuses "a source that is none" "SOURCE must be auto" SOURCE=guess "$box"
chmod +w "$PINNED"/bench_random_mixed_hakmem_minimal_pgo_phase69_best
printf x >>"$PINNED/bench_random_mixed_hakmem_minimal_pgo_phase69_best"
refuses "an altered pin" "is not the binary that was pinned" ITERS=2000 "$box"
done_testing
