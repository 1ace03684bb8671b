#!/usr/bin/env bash
# A sweep in shards: together they are the whole sweep, and what does not belong together is not put together.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
if [[ ! -x $ltf ]]; then
    skip "shards" "$ltf is not built"
    done_testing
    exit
fi
cd "$work" || exit 1

# run_shards N COMMAND...: the command with --shard 1/N .. N/N and --json shard-I.json, by GNU parallel where it is
parallel_here() { parallel --version 2>/dev/null | grep -q '^GNU parallel'; }
run_shards() {
    local n=$1 i
    shift
    if parallel_here; then
        parallel --will-cite -j 2 "$@" --shard "{}/$n" --json "shard-{}.json" old new -- 2 ">" /dev/null ::: $(seq "$n")
    else
        for ((i = 1; i <= n; i++)); do "$@" --shard "$i/$n" --json "shard-$i.json" old new -- 2 >/dev/null; done
    fi
}
# field EXPRESSION FILE: of a saved result
field() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); print('"$1"')' "$2"; }
if parallel_here; then
    ok "GNU parallel runs the shards" true
else
    skip "GNU parallel runs the shards" "GNU parallel is not installed; they run one after the other"
fi

"$root/tests/corpus/build.sh" corpus align_sort hash >/dev/null
cp corpus/align_sort/old corpus/align_sort/new .

# ---- real layouts ----
real=("$ltf" sweep --real --source clock --axes stack --layouts 6 --runs 2)
run_shards 3 "${real[@]}"
numbers='sorted(l["number"] for l in d["real_layouts"]["layouts"] if l["kind"] == "drawn")'
is "$(field "$numbers" shard-1.json)$(field "$numbers" shard-2.json)$(field "$numbers" shard-3.json)" "[0, 3][1, 4][2, 5]" "each shard has its own layouts"
"$ltf" merge shard-1.json shard-2.json shard-3.json --json whole.json >out 2>err
is "$(cat err)" "" "shards of one machine are merged"
is "$(field "$numbers" whole.json)" "[0, 1, 2, 3, 4, 5]" "and together have all of them"
is "$(field 'd["real_layouts"]["all"]["layouts"], len([1 for l in d["real_layouts"]["layouts"] if l["kind"] == "shipped"])' whole.json)" "6 12" "the conclusion rests on all, beside each shard's own shipped pair"
"$ltf" merge shard-3.json shard-1.json --json part.json >out 2>err
like "$(<out)" 'of 3 shards these are missing: 2' "a missing shard is told of"
is "$(field 'd["real_layouts"]["all"]["layouts"]' part.json)" 4 "and its layouts do not count"

refused() { # SENTENCE TITLE FILES...
    local sentence=$1 title=$2
    shift 2
    "$ltf" merge "$@" >out 2>err
    is "$? $(wc -l <err)" "1 1" "$title: refused with one sentence"
    like "$(<err)" "$sentence" "which says why"
}
sed 's/"cpu_model": "[^"]*"/"cpu_model": "Another Make 3000"/' shard-2.json >kind.json
refused 'kind.json is of another sweep: the processor differs: use machines of one kind only' "another kind of machine" shard-1.json kind.json
sed 's/"kernel": "[^"]*"/"kernel": "Linux 2.6"/' shard-2.json >kernel.json
refused 'the kernel differs' "another kernel" shard-1.json kernel.json
refused 'holds shard 1, which is there already' "the same shard twice" shard-1.json shard-1.json
"${real[@]}" --seed 9 --shard 2/3 --json seed.json old new -- 2 >/dev/null
refused 'seed.json is of another sweep: --seed differs' "another seed" shard-1.json seed.json
"${real[@]}" --shard 2/3 --json args.json old new -- 3 >/dev/null
refused 'the list of arguments differs' "other arguments" shard-1.json args.json
"${real[@]}" --shard 2/3 --json file.json old corpus/hash/new -- 2 >/dev/null
refused 'the file of new differs' "another program" shard-1.json file.json
"${real[@]}" --shard 2/4 --json four.json old new -- 2 >/dev/null
refused 'one of 4 shards, not of 3' "another number of shards" shard-1.json four.json
"$ltf" inspect old new --json inspect.json >/dev/null
refused 'inspect.json holds no layouts' "no sweep at all" inspect.json
for bad in 0/3 4/3 2 2/x 1/2/3; do
    "${real[@]}" --shard $bad old new >out 2>err
    like "$? $(<err)" "^1 .*--shard takes a part and the number of parts, e.g. 2/8, not '$bad'" "--shard $bad is an error"
done

# ---- interruption of one of them ----
long=("$ltf" sweep --real --source clock --axes stack --layouts 6 --runs 20)
"${long[@]}" --shard 1/3 --json shard-1.json old new -- 2 >/dev/null
"${long[@]}" --shard 3/3 --json shard-3.json old new -- 2 >/dev/null
rounds='sorted((l["kind"], l["number"], len(l["old"]), len(l["new"])) for l in d["real_layouts"]["layouts"])'
"${long[@]}" --shard 2/3 --json shard-2.json old new -- 2 >/dev/null
whole=$(field "$rounds" shard-2.json)
rm shard-2.json
shard_two() { exec "${long[@]}" --shard 2/3 --resume state-2.json --json shard-2.json old new -- 2 >out 2>err; }
shard_two &
pid=$!
for ((i = 0; i < 2000; i++)); do
    [[ -s state-2.json ]] && break
    sleep 0.005
done
kill -TERM $pid
wait $pid
status=$?
before=$(field 'd["real_layouts"]["layouts"][0]["old"]' state-2.json)
is "$status" 143 "a shard can be stopped"
not_ok "and leaves no result" test -e shard-2.json
like "$(<err)" 'the same command goes on from state-2.json' "but its state, and says how to go on"
"${long[@]}" --shard 3/3 --resume state-2.json old new -- 2 >/dev/null 2>err
like "$? $(<err)" '^1 .*state-2.json holds shard 2: give every shard a file of its own' "another shard does not go on from it"
(shard_two)
is "$(field 'd["real_layouts"]["layouts"][0]["old"]' shard-2.json | cut -c1-$((${#before} - 1)))" "${before%]}" "the same command goes on with the rounds that ran"
is "$(field "$rounds" shard-2.json)" "$whole" "and ends with all layouts and rounds of its part"
"$ltf" merge shard-1.json shard-2.json shard-3.json --json whole.json >out 2>err
is "$(cat err; field "$numbers, d['real_layouts']['all']['layouts']" whole.json)" "[0, 1, 2, 3, 4, 5] 6" "which is merged like any other"

# ---- on the model ----
if [[ ! -x $root/build/recorder/layout_tax_recorder-amd64-linux ]]; then
    skip "shards on the model" "no recorder was built"
    done_testing
    exit
fi
model=("$ltf" sweep --profile zen3 --layouts 3 --apart 1)
"${model[@]}" --json alone.json old new -- 2 >/dev/null
run_shards 2 "${model[@]}"
"$ltf" merge shard-2.json shard-1.json --json whole.json >out
is "$?" 3 "the merged verdict has its exit status"
is "$(field 'd["layout_effect"]["effects"], d["layouts"]' whole.json)" "$(field 'd["layout_effect"]["effects"], d["layouts"]' alone.json)" \
    "on the model the shards together are the whole sweep, bit for bit"
ok "with all that follows from it" cmp whole.json alone.json
model=("$ltf" sweep --profile "zen3,skylake-sp" --layouts 2 --apart 0 --axes text)
"${model[@]}" --json alone.json old new -- 2 >/dev/null
run_shards 2 "${model[@]}"
"$ltf" merge shard-2.json shard-1.json --json whole.json >out
ok "so they are on several processors" cmp whole.json alone.json
like "$(<out)" 'skylake-sp +[+-][0-9.]+ %' "all of which stand in one table"
sed -E 's/("instructions": \{"old": )[0-9.]+/\11/' shard-2.json >recording.json
refused 'recorded another execution of old' "another recording" shard-1.json recording.json
done_testing
