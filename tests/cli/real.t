#!/usr/bin/env bash
# sweep --real: layouts that the system and the linker really make, checked, run in turns, kept over an interruption.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
if [[ ! -x $ltf ]]; then
    skip "real layouts" "$ltf is not built"
    done_testing
    exit
fi
cd "$work" || exit 1
export TMPDIR=$work/tmp
mkdir tmp

cat >app.c <<'C'
#include <stdio.h>
#include <stdlib.h>
unsigned table[256];
const unsigned odd[] = { 1, 3, 5, 7 };
__attribute__((noinline)) unsigned one(unsigned x) { return x * 3 + table[x & 255]; }
__attribute__((noinline)) unsigned two(unsigned x) { return (x ^ x >> 3) + odd[x & 3]; }
__attribute__((noinline)) unsigned three(unsigned x) { return x * 5 + 1; }
__attribute__((noinline, cold)) unsigned rare(unsigned x) { return x - 1; }
int main(int argc, char **argv)
{
    unsigned sum = 0, *heap = malloc(400);
    (void)argv;
    heap[3] = 7;
    for (unsigned i = 0; i < WORK; i++)
        sum += one(sum + i) ^ two(sum) ^ three(i + heap[3]);
    printf("%u\n", argc > 9 ? rare(sum) : sum);
#ifdef SHIFTY
    if (((unsigned long)&one & 4095) != SHIFTY)
        printf("I am elsewhere\n");
#endif
    return 0;
}
C
compile() { gcc -O2 -ffunction-sections -fdata-sections "-DWORK=$1" "${@:3}" -c app.c -o "$2.o" && gcc "$2.o" -o "$2"; }
compile 100000 old
compile 100000 new -DNOTHING
link='gcc {options} {side}.o -o {output}'

sweep() { "$ltf" sweep --real --source clock --layouts 3 --runs 2 "$@" >out 2>err; }
# field EXPRESSION [FILE]: of the saved result's real layouts, e.g. 'len(r["layouts"])'
field() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); r=d["real_layouts"]; print('"$1"')' "${2:-result.json}"; }
kinds='sorted((l["kind"], len(l["old"]), len(l["new"])) for l in r["layouts"] if not l["refused"])'

sweep --json result.json ./old ./new
like "$(<out)" 'Stack and heap: moved by the size of the environment' "without a link command stack and heap are moved"
like "$(<out)" 'Code and data: not moved.*give --relink' "and it is said how code could be"
like "$(tr -s ' \n' ' ' <out)" 'Code on pages of 2 MiB: not possible, as no whole one lies in the code of both' "and that its pages cannot be huge"
is "$(field "$kinds")" "[('drawn', 2, 2), ('drawn', 2, 2), ('drawn', 2, 2), ('random', 2, 2), ('shipped', 2, 2), ('shipped', 2, 2), ('shipped', 2, 2), ('shipped', 2, 2)]" \
    "every layout has a cost for each round and side"
is "$(field 'sorted(k for k,v in r["layouts"][6]["moves"].items() if v)')" "['heap', 'stack']" "a drawn layout tells what it moved"
is "$(field 'r["metric"], r["source"]')" "cpu clock" "the result tells what was measured, and by what"
"$ltf" report result.json --format json >again.json
ok "a saved result, loaded and saved again, is the same file" cmp result.json again.json
like "$(tr -s ' ' <out)" 'new against old model 95 % interval measured' "model and clock stand side by side"

sweep --axes stack --json result.json ./old ./new
is "$(field 'sorted(set(k for l in r["layouts"] for k,v in l["moves"].items() if v))')" "['stack']" "--axes chooses what moves"

if ld --version | grep -q '^GNU ld'; then
    sweep --relink "$link" --json result.json ./old ./new
    is "$(field 'r["link_old"]["identical"], r["link_new"]["identical"]')" "True True" "linked again without any change the files are the same"
    like "$(<out)" 'Old linked again without any change is the same file' "which is said"
    is "$(field 'sorted(set(l["kind"] for l in r["layouts"] if not l["refused"]))')" "['drawn', 'new-place', 'old-place', 'random', 'relinked', 'shipped']" \
        "relinked, drawn and transplanted layouts all run"
    is "$(field 'r["link_old"]["moved"] > 5 and r["link_old"]["moved"] == r["link_new"]["moved"]')" True "the linker's own map confirms where the pieces are"
    is "$(ls tmp)" "" "no linked program is left behind"
    cp result.json first.json
    sweep --relink "$link" --json result.json ./old ./new
    shifts='[(l["kind"], l["number"], l["family"], l["stack"], l["heap"], l["name"]) for l in r["layouts"]]'
    is "$(field "$shifts")" "$(field "$shifts" first.json)" "the same seed draws the same layouts"

    here=$(nm old | sed -n 's/^0*\([0-9a-f]*\) T one$/0x\1/p')
    compile 100000 shifty -DSHIFTY=$((here & 4095))
    [[ $(./shifty | wc -l) == 1 ]] || compile 100000 shifty -DSHIFTY=$((0x$(nm shifty | sed -n 's/^\([0-9a-f]*\) T one$/\1/p') & 4095))
    cp shifty.o old2.o && cp shifty old2 && cp shifty.o new2.o && cp shifty new2
    sweep --relink 'gcc {options} {side}2.o -o {output}' --json result.json ./old2 ./new2
    is "$(field 'sum(1 for l in r["layouts"] if l["kind"] == "drawn" and l["refused"] and "prints other results" in l["refused"] and not l["old"]) > 0')" True \
        "a layout in which the program prints something else is refused, and never timed"
    like "$(tr -s ' \n' ' ' <out)" 'do not count, e.g.: (old|new) prints other results in this layout' "which is said"
else
    skip "code and data are moved by linking again" "the linker is not GNU ld"
fi

if command -v ld.lld >/dev/null; then
    for side in old new; do gcc -fuse-ld=lld "$side.o" -o "$side.lld"; done
    sweep --relink 'gcc -fuse-ld=lld {options} {side}.o -o {output}' --json result.json ./old.lld ./new.lld
    is "$(field 'r["link_old"]["identical"], r["link_old"]["moved"] >= 3, r["link_old"]["moved"] == r["link_new"]["moved"]')" "True True True" "lld moves functions by an order of symbols"
    is "$(field '[(l["family"], l["moves"]["text"], l["moves"]["data"], len(l["old"])) for l in r["layouts"] if l["kind"] == "drawn"]')" \
        "[('order', True, False, 2), ('order', True, False, 2), ('order', True, False, 2)]" "and nothing else"
    deaf='case "{options}" in *order*) gcc -fuse-ld=lld {side}.o -o {output} ;; *) gcc -fuse-ld=lld {options} {side}.o -o {output} ;; esac'
    sweep --relink "$deaf" --json result.json ./old.lld ./new.lld
    is "$(field 'sorted(set(bool(l["refused"]) for l in r["layouts"] if l["kind"] == "drawn"))')" "[True]" "an order that moves nothing does not count"
    like "$(tr -s ' \n' ' ' <out)" 'linked in another order old is as before: does its link command hand \{options\} on' "which is said"
else
    skip "lld moves functions by an order of symbols" "lld is not installed"
fi

if command -v ld.gold >/dev/null; then
    for side in old new; do gcc -fuse-ld=gold "$side.o" -o "$side.gold"; done
    sweep --relink 'gcc -fuse-ld=gold {options} {side}.o -o {output}' --json result.json ./old.gold ./new.gold
    is "$(field 'r["link_old"]["identical"], r["link_old"]["moved"] >= 3, r["link_old"]["moved"] == r["link_new"]["moved"]')" "True True True" "gold moves functions by an order of sections"
else
    skip "gold moves functions by an order of sections" "gold is not installed"
fi

if gcc -fuse-ld=mold old.o -o old.mold 2>/dev/null; then
    gcc -fuse-ld=mold new.o -o new.mold
    sweep --relink 'gcc -fuse-ld=mold {options} {side}.o -o {output}' --json result.json ./old.mold ./new.mold
    is "$(field 'r["link_old"]["identical"], r["link_old"]["moved"] >= 3, r["link_old"]["moved"] == r["link_new"]["moved"]')" "True True True" "mold moves functions by shuffling what both have"
    is "$(field '[(l["moves"]["text"], l["moves"]["data"], len(l["old"])) for l in r["layouts"] if l["kind"] == "drawn"]')" \
        "[(True, True, 2), (True, True, 2), (True, True, 2)]" "and data along with them"
    like "$(tr -s ' \n' ' ' <out)" 'shuffled by mold [0-9.]+ .*, by seeds. Where old and new have not the same sections they get other orders' "which is said, and what it costs"
    sweep --axes text --relink 'gcc -fuse-ld=mold {options} {side}.o -o {output}' --json result.json ./old.mold ./new.mold
    like "$(tr -s ' \n' ' ' <out)" 'not moved, as mold [0-9.]+ .* shuffles both or neither' "one of them alone is not moved, which is said, too"
    is "$(field '[l["kind"] for l in r["layouts"] if l["moves"]["text"]]')" "[]" "and is not done"
else
    skip "mold moves functions by shuffling what both have" "mold is not installed, or this gcc does not know it"
fi

bolt=$(compgen -c llvm-bolt | sort -r | grep -x 'llvm-bolt\(-[0-9]*\)\?' | head -1)
if [[ -n $bolt ]]; then
    # Keeps what was written, beside doing it.
    mkdir kept bin
    # shellcheck disable=SC2016
    printf '#!/bin/sh\n%s "$@" || exit\nfor word; do [ "$last" = -o ] && cp "$word" "%s/kept/"; last=$word; done\n' "$bolt" "$work" >bin/llvm-bolt
    chmod +x bin/llvm-bolt
    sed '/unsigned one(/{h;d};/unsigned rare(/{G}' app.c >turned.c
    for side in app turned; do gcc -O2 -fno-toplevel-reorder -fno-reorder-functions -DWORK=100000 -Wl,--emit-relocs "$side.c" -o "$side.bolt"; done
    PATH=$work/bin:$PATH sweep --bolt --json result.json ./app.bolt ./turned.bolt
    is "$(field '[l["refused"] for l in r["layouts"] if l["refused"]], r["link_old"]["moved"] >= 3, r["link_new"]["moved"] >= 3')" "[] True True" "llvm-bolt moves functions without their objects"
    is "$(field '[(l["family"], l["moves"]["text"], l["moves"]["data"]) for l in r["layouts"] if l["kind"] == "drawn"]')" \
        "[('order', True, False), ('pad', True, False), ('order', True, False)]" "by orders and room in turn, and moves nothing else"
    places() { nm -n "$1" | awk '$3 ~ /^(one|two|three|rare|main)$/ { printf "%s %s ", $3, substr($1, length($1) - 2) }'; }
    like "$(for file in kept/new.*; do places "$file"; done)" "$(places kept/old.0)" "transplanted new has its functions at old's very places in the page"
    like "$(for file in kept/old.*; do places "$file"; done)" "$(places kept/new.0)" "and old at new's"
    not_ok "which differ when nothing is changed" test "$(places kept/old.0)" = "$(places kept/new.0)"
    compile 100000 plain
    sweep --bolt --json result.json ./plain ./plain
    like "$(tr -s ' \n' ' ' <out)" 'llvm-bolt can move no function of (old|new): link it with -Wl,--emit-relocs' "a program without relocations is not moved, which is said"
else
    skip "llvm-bolt moves functions without their objects" "llvm-bolt is not installed"
fi
"$ltf" sweep --real --bolt --relink "$link" ./old ./new >out 2>err
like "$? $(<err)" '^1 .*--bolt and --relink are two ways to move code' "--bolt and --relink together are an error"
PATH=$work/nothing "$ltf" sweep --real --bolt ./old ./new >out 2>err
like "$? $(<err)" '^1 .*--bolt needs llvm-bolt, which is not in PATH: apt-get install bolt-16' "without llvm-bolt it says what to install"

sweep --relink 'false {options} {output}' ./old ./new
is "$?" 8 "a link command that fails has the target's exit status"
like "$(<err)" 'link command of old ended with status 1.*give --relink the command that linked' "and one sentence"
sweep --relink 'gcc old.o -o {output}' ./old ./new
is "$?" 1 "a link command without room for options is an error"
like "$(<err)" 'lacks \{options\}' "which says what is missing"
sweep --old-relink "$link" ./old ./new
like "$(<err)" 'both sides must be linked again' "one side alone cannot be linked again"
"$ltf" sweep --relink "$link" ./old ./new >out 2>err
like "$(<err)" 'give --real, too' "--relink without --real is an error"

# ---- interruption ----
compile 20000000 slow
compile 20000000 slow2
run_slow() { "$ltf" sweep --real --source clock --layouts 2 --runs 3 --axes stack --resume kept.json --json result.json ./slow ./slow2 >out 2>err; }
run_slow &
pid=$!
for ((i = 0; i < 400; i++)); do
    [[ -s kept.json ]] && break
    sleep 0.05
done
kill -TERM "$(pgrep -P $pid -x layout_tax_fore || echo $pid)"
wait $pid
is "$?" 143 "a signal ends it with 128 and its number"
like "$(<err)" 'after [0-9]+ of [0-9]+ runs: the same command goes on from kept.json' "and says how to go on"
is "$(cat out)" "" "nothing half-done is printed"
is "$(ls tmp)" "" "nothing is left behind"
before=$(field 'next(l["old"] for l in r["layouts"] if l["kind"] == "drawn")' kept.json)
like "$before" '[0-9]' "the rounds until then are kept"
run_slow
is "$(field 'next(l["old"] for l in r["layouts"] if l["kind"] == "drawn")' | cut -c1-$((${#before} - 1)))" "${before%]}" "the same command goes on with them"
is "$(field 'set(len(l["old"]) for l in r["layouts"])')" "{3}" "and ends with all rounds"
"$ltf" sweep --real --source clock --layouts 2 --runs 3 --axes stack --resume kept.json ./old ./slow2 >out 2>err
is "$?" 1 "runs of other programs are not gone on with"
like "$(<err)" 'kept.json is of another sweep: the file of old differs' "and the difference is named"
done_testing
