#!/usr/bin/env bash
# sweep: labelled pairs are proved or refuted on the model, the same way every time; bad input and interruption end well.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
if [[ ! -x $ltf ]]; then
    skip "pairs are proved and refuted" "$ltf is not built"
    done_testing
    exit
fi
if ! "$ltf" sweep --layouts 2 --apart 0 /bin/true /bin/true >"$work/true" 2>&1; then
    if grep -q -i valgrind "$work/true"; then
        skip "pairs are proved and refuted" "Valgrind is not installed"
        done_testing
        exit
    fi
fi
like "$(head -1 "$work/true")" 'hardly differs' "a program against itself leaves nothing to explain"

"$root/tests/corpus/build.sh" "$work/corpus" align_sort classes scattered hash pages >/dev/null
# sweep PAIR REPEATS OPTIONS...: the report in $work/PAIR.txt, the result in $work/PAIR.json
sweep() {
    local pair=$1 repeats=$2
    shift 2
    "$ltf" sweep --profile zen3 --layouts 4 "$@" --json "$work/$pair.json" "$work/corpus/$pair/old" "$work/corpus/$pair/new" -- "$repeats" >"$work/$pair.txt"
}
# field PAIR EXPRESSION: of the saved result, e.g. 'r["answer"]'
field() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); r=d["layout_effect"]; print('"$2"')' "$work/$1.json"; }

sweep align_sort 2 --apart 1
is "$?" 3 "a layout pair has the exit status of layout"
is "$(field align_sort 'r["answer"]')" luck "a moved loop is proved to be layout luck"
is "$(field align_sort 'r["effects"][0]["content"] == 0 and r["effects"][0]["luck"] > .05')" True "its code costs exactly nothing, its place a lot"
is "$(field align_sort '[e["axes"] for e in r["effects"]]')" "[['text', 'data', 'heap', 'stack'], ['text'], ['data'], ['heap'], ['stack'], ['data', 'heap'], ['text'], ['heap']]" \
    "all axes together come first, then each alone, other experiments last"
is "$(field align_sort '[e["experiment"] for e in r["effects"][4:]]')" "['objects', 'packed', 'loops', 'spread']" "which are packed data, loops and blocks, and a spread heap"
is "$(field align_sort '[abs(e["content"]) < .01 for e in r["effects"]]')" "[True, True, False, False, False, False, True, False]" \
    "moving the text or the loops in it takes it away, moving anything else does not"
is "$(field align_sort 'abs(r["huge_pages"] - r["observed"]) < .01')" True "pages of 2 MiB leave it"
is "$(field align_sort 'abs(r["transplant_in_old"]) < .01 and abs(r["transplant_in_new"]) < .01')" True "so does transplanting"
like "$(cat "$work/align_sort.txt")" 'Layout luck: the change of the code costs \+0.0 %' "the report says so in words"

is "$(field align_sort 'r["culprits"][0]["name"], r["culprits"][0]["alone"] < -.05')" "kernel True" "the function is named, and moving it alone is enough"
like "$(tr -s ' \n' ' ' <"$work/align_sort.txt")" 'kernel costs [0-9.]+ % of new.s time only because it lies at 0x[0-9a-f]+ \(byte 60 of its line\) and not at old.s 0x[0-9a-f]+ \(byte 27\)' "and where it lies in its line"


# ---- remedies ----
cd "$work" || exit 1
# A loop that code in front of it moves inside its function: the function stays where it is.
corpus=$root/tests/corpus
mkdir -p corpus/inside
for side in old:1 new:34; do
    sed "s/^    uint64_t sum = 0;/&__asm__ volatile(\".skip ${side#*:}, 0x90\");/" "$corpus/align_sort.c" >inside.c
    gcc -I"$corpus" -O2 -falign-functions=1 -falign-loops=1 -falign-jumps=1 -falign-labels=1 -DREPEATS=2 -DPAD=27 -o "corpus/inside/${side%:*}" \
        "$corpus/align_main.c" "$corpus/pad.S" inside.c
done
sweep inside 2 --apart 0 --axes text --remedy inside.remedy
is "$? $(field inside 'r["answer"]')" "3 luck" "a loop that moved inside its function is layout luck, too"
like "$(tr -s ' \n' ' ' <inside.txt)" 'Layout luck inside functions' "which is said"
is "$(field inside 'r["remedy"]["kind"], r["remedy"]["name"], r["remedy"]["gain"] < -.05')" "align-loops kernel True" "aligning its loops takes it away"
sed "s/^uint64_t kernel/$(sed 's/[&"]/\\&/g;s#/\*.*##' inside.remedy | tr -d '\n')&/" inside.c >aligned.c
ok "what was written can be pasted" gcc -I"$corpus" -O2 -DREPEATS=2 -DPAD=27 -o aligned "$corpus/align_main.c" "$corpus/pad.S" aligned.c
is "$(./aligned)" "$(corpus/inside/new)" "and the program does what it did"
# 160 hot functions, each of which got a page of code inside that never runs.
cat >grown.c <<'C'
#include <stdint.h>
#include <stdio.h>
#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)
static volatile int never;
#define F(n) static __attribute__((noinline)) uint64_t f##n(uint64_t x) { if (never) __asm__ volatile(".skip " TEXT(BLOAT) ", 0x90"); return x * 3 + n; }
#define T(n) F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7)
T(1) T(2) T(3) T(4) T(5) T(6) T(7) T(8) T(9) T(10) T(11) T(12) T(13) T(14) T(15) T(16) T(17) T(18) T(19) T(20)
#define C(n) x = f##n(x);
#define D(n) C(n##0) C(n##1) C(n##2) C(n##3) C(n##4) C(n##5) C(n##6) C(n##7)
int main(void)
{
    uint64_t x = 1;
    for (int i = 0; i < 100; i++) {
        D(1) D(2) D(3) D(4) D(5) D(6) D(7) D(8) D(9) D(10) D(11) D(12) D(13) D(14) D(15) D(16) D(17) D(18) D(19) D(20)
    }
    printf("%llu\n", (unsigned long long)x);
    return 0;
}
C
mkdir -p corpus/grown
gcc -O2 -DBLOAT=16 -o corpus/grown/old grown.c && gcc -O2 -DBLOAT=4160 -o corpus/grown/new grown.c
# Zen 3 hides most of what translation takes here; skylake-sp's fetch waits for it.
sweep grown 1 --layouts 2 --apart 0 --axes text --remedy grown.remedy --profile skylake-sp
is "$(field grown 'r["remedy"]["kind"], r["remedy"]["gain"] < -.1, r["huge_gain"]["new"] == r["remedy"]["gain"], abs(r["huge_gain"]["old"]) < .02')" \
    "huge-pages True True True" "code that grew over more pages: pages of 2 MiB take it away"
like "$(tr -s ' \n' ' ' <grown.txt)" 'With code on pages of 2 MiB old [+-]0.[0-9] %, new -[0-9.]+ %' "which is said"
ok "what was written are options that a linker takes" gcc -O2 -DBLOAT=16 "$(<grown.remedy)" -o pasted grown.c

sweep align_sort 2 --apart 0 --remedy fragment.ld
is "$(field align_sort '[r["remedy"][k] for k in ("kind", "name", "phase")], r["remedies_tried"], r["remedy"]["gain"] < -.05')" "['place-function', 'kernel', 27] 2 True" \
    "a border of 64 does not do, old's place in the line does: the least remedy that replay confirms"
like "$(tr -s ' \n' ' ' <align_sort.txt)" 'Let kernel begin 27 bytes behind a border of 64, as in old: new -[0-9.]+ %, modelled' "the report says what to do, and what it will bring"
printf 'int kernel(void) { return 7; }\nint main(void) { return kernel() - 7; }\n' >paste.c
if ld --version | grep -q '^GNU ld'; then
    gcc -O1 -fno-inline -ffunction-sections -Wl,-T,fragment.ld -o paste paste.c
    is "$(($(nm paste | sed -n 's/^\([0-9a-f]*\) T kernel$/0x\1/p') % 64))" 27 "what was written can be pasted: it puts the function there"
    ok "and the program runs" ./paste
else
    skip "what was written can be pasted" "the linker is not GNU ld"
fi
sweep scattered 300 --apart 0 --remedy order.txt --profile skylake-sp
is "$(field scattered 'r["remedy"]["kind"], r["remedy"]["gain"] < -.05')" "old-order True" "functions that cold code keeps apart: old's order takes it away"
is "$(grep -c '^hot' order.txt)" 160 "the order names every function"
sweep hash 2 --apart 0 --remedy none.txt
is "$(field hash '"remedy" in r')" False "no remedy is looked for where the code is slower"
like "$(<hash.txt)" 'none.txt was not written: no remedy was confirmed' "which is said"
not_ok "and nothing is written" test -e none.txt

sweep align_sort 2 --layouts 3 --apart 0
cp "$work/align_sort.json" "$work/first.json"
taskset -c "$(taskset -pc $$ | sed 's/.*: *//;s/[-,].*//')" "$ltf" sweep --profile zen3 --layouts 3 --apart 0 --json "$work/align_sort.json" "$work/corpus/align_sort/old" "$work/corpus/align_sort/new" -- 2 >/dev/null
ok "the same seed on one core gives the same result, bit for bit" cmp "$work/first.json" "$work/align_sort.json"
"$ltf" report "$work/first.json" --format json >"$work/again.json"
ok "a saved sweep, loaded and saved again, is the same file" cmp "$work/first.json" "$work/again.json"
sweep align_sort 2 --layouts 3 --apart 0 --seed 2
is "$(field align_sort 'r["answer"]')" luck "another seed gives the same answer"
not_ok "by other layouts" cmp "$work/first.json" "$work/align_sort.json"

sweep classes 4 --apart 0 --layouts 2 --profile zen3,skylake-sp
is "$(field classes 'r["processor"], r["answer"], [(e["processor"], e["answer"]) for e in d["layout_effect_elsewhere"]]')" \
    "zen3 luck [('skylake-sp', 'no-difference')]" "one recording, two processors: a tax on Zen 3, none on Skylake"
like "$(cat "$work/classes.txt")" 'skylake-sp +\+0\.0 %.*no-difference' "both stand in one table"
"$ltf" report "$work/classes.json" --format json >"$work/again.json"
ok "and come back from a saved result" cmp "$work/classes.json" "$work/again.json"
"$ltf" sweep --profile zen3, "$work/corpus/hash/old" "$work/corpus/hash/new" 2>"$work/err"
is "$?" 1 "a list that ends in a comma names no processor"

sweep scattered 300 --apart 0 --profile skylake-sp
is "$(field scattered 'r["answer"]')" luck "code scattered over pages is proved to be layout luck"
is "$(field scattered 'r["huge_pages"] < .8 * r["observed"], r["huge_gain"]["new"] < -.01 and abs(r["huge_gain"]["old"]) < .01')" "True True" \
    "pages of 2 MiB take a part of it away, and give old nothing"
is "$(field scattered '[abs(e["luck"]) < .1 * r["observed"] for e in r["effects"] if e["experiment"] == "loops"]')" "[True]" "loops have no part in it"
sweep hash 2 --apart 0
is "$?" 2 "added work has the exit status of work"
is "$(field hash 'r["answer"], r["effects"][0]["content"] > .05')" "code True" "added work is refuted: it is the code"
like "$(cat "$work/hash.txt")" 'No layout of new comes near old' "the report says that no layout comes near"
sweep pages 20 --apart 1
is "$?" 5 "a data pair has the exit status of data"
is "$(field pages 'r["answer"]')" data "nodes one per page: moving objects does not help, packing the data does"
is "$(field pages '[abs(e["content"]) < .01 for e in r["effects"]]')" "[False, False, False, False, False, True, False, False]" "only packed data takes it away, text does not"

"$ltf" sweep --axes text,cheese a b 2>"$work/err"
is "$?" 1 "an unknown axis is an error"
like "$(cat "$work/err")" "'cheese' is no axis: use text, data, heap or stack" "which names it"
"$ltf" sweep --layouts 1 a b 2>"$work/err"
is "$?" 1 "one layout is too few"
"$ltf" sweep --layouts 2 "$work/corpus/hash/old" /nonexistent 2>"$work/err"
is "$?" 1 "a missing build is an error"

mkdir "$work/tmp"
TMPDIR=$work/tmp "$ltf" sweep --layouts 5000 "$work/corpus/hash/old" "$work/corpus/hash/new" -- 2 >"$work/out" 2>"$work/err" &
pid=$!
sleep 1.5
kill -TERM "$pid"
wait "$pid"
is "$?" 143 "a signal ends a sweep with 128 and its number"
is "$(cat "$work/out")" "" "nothing half-done is printed"
is "$(ls "$work/tmp")" "" "no recording is left behind"

TMPDIR=$work/tmp timeout --foreground 60 "$ltf" sweep --layouts 2 /bin/sleep /bin/sleep -- 50 >"$work/out" 2>"$work/err" &
pid=$!
sleep 1
kill -TERM "$pid"
wait "$pid"
is "$?" 143 "a signal ends a recording, too"
is "$(ls "$work/tmp")" "" "and leaves nothing behind"
done_testing
