#!/usr/bin/env bash
# --locate: measured time by function, joined to what the files say.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
cc=${CC:-gcc}

source='#include <stdlib.h>
__attribute__((noinline)) unsigned busy(unsigned n) { unsigned s = n; for (unsigned i = 0; i < ROUNDS; i++) s = s * 31 + (s >> 3) EXTRA; return s; }
__attribute__((noinline)) unsigned idle(unsigned n) { unsigned s = n; for (unsigned i = 0; i < 4000000; i++) s = s * 33 ^ 7; return s; }
int main(int argc, char **argv) { return (int)(busy((unsigned)argc) + idle((unsigned)argc)) == atoi(argv[argc - 1]); }'
"$cc" -O1 -xc - -o "$work/old" -DROUNDS=12000000 -DEXTRA= <<<"$source"
"$cc" -O1 -xc - -o "$work/new" -DROUNDS=24000000 -DEXTRA='+ (s ^ 5)' <<<"$source"

said=$("$ltf" --locate --source clock --runs 2 --warmup 0 --no-control --json "$work/result.json" "$work/old" "$work/new" 2>&1)
if grep -q 'cannot sample\|cannot map the kernel' <<<"$said"; then
    skip "time by function" "$(grep -o 'cannot .*' <<<"$said" | head -n 1)"
    done_testing
    exit
fi
like "$said" "Where the time was \((ns of CPU time, sampled by the clock|cycles, sampled by perf)\)" "the report says where the time was and who measured"
like "$said" "What became of the code that ran" "and what became of that code"

like "$(tr -s ' \n' ' ' <<<"$said")" "To do it again layout_tax_forensics .*--locate " "and the command to do it again samples again"

# jq's work: one figure of the result.
figure() { python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
print(eval(sys.argv[2], {"r": r, "abs": abs, "sum": sum, "len": len, "next": next}))' "$work/result.json" "$1"; }

is "$(figure 'r["sampled"]["new"]["functions"][0]["name"]')" busy "most time was in the busy function"
is "$(figure 'r["sampled"]["new"]["source"] in ("clock", "perf")')" True "a measured figure says who measured it"
is "$(figure 'r["costs"]["new"]')" None "and is no modelled one"
is "$(figure 'sum(f["cycles"]["base"] for f in r["sampled"]["new"]["functions"] if f["name"] == "busy") > 1.5 * sum(f["cycles"]["base"] for f in r["sampled"]["old"]["functions"] if f["name"] == "busy")')" \
    True "new took more of it there"
is "$(figure 'r["delta"]["fate_cycles"]["resized"]["new"] > .5 * sum(v["new"] for k, v in r["delta"]["fate_cycles"].items() if k not in ("source", "error"))')" \
    True "most of the time is in code that changed"
is "$(figure 'r["delta"]["fate_cycles"]["source"] == r["sampled"]["new"]["source"]')" True "from the same source"
is "$(figure 'r["delta"]["code_facts"][0]["name"]')" busy "the first fact is of the function that took the time"
is "$(figure 'r["delta"]["code_facts"][0]["new_cycles"] > r["delta"]["code_facts"][0]["old_cycles"] > 0')" True "with its time in both"
is "$(figure 'r["delta"]["code_facts"][0]["cause_cycles"]')" None "and without a share that samples cannot know"
is "$(figure '[e["source"] == r["sampled"]["new"]["source"] and e["weight"] > .8 for e in r["evidence"] if e["text"].startswith("busy carries")]')" \
    "[True]" "where the measured time grew is evidence, with who measured it"
is "$(figure 'len([e for e in r["evidence"] if e["symbol"] == "busy" and e["source"] == "elf" and "as sampled" in e["text"]]) > 0')" True \
    "so is what changed in that function"
is "$(figure 'len([e for e in r["evidence"] if "idle" in e["text"]])')" 0 "and nothing is said of the function whose time stayed"
is "$("$ltf" report "$work/result.json" 2>/dev/null | grep -c '^Where the time was')" 1 "a saved result shows it again"

"$cc" -O1 -xc - -o "$work/twin" -DROUNDS=12000000 -DEXTRA= <<<"$source"
"$ltf" --locate --source clock --runs 2 --warmup 0 --no-control --json "$work/twin.json" "$work/old" "$work/twin" >"$work/out" 2>&1
is "$(python3 -c 'import json, sys
print([e["text"] for e in json.load(open(sys.argv[1]))["evidence"] if "as sampled" in e["text"] and e["source"] == "elf"])' "$work/twin.json")" "[]" \
    "the null twin has no fact to weigh"

# The same in a shared library of each side.
for side in old new; do
    mkdir -p "$work/$side.d"
    extra=; rounds=6000000
    [[ $side == new ]] && extra='+ (s ^ 5)' && rounds=12000000
    "$cc" -O1 -shared -fPIC -xc - -o "$work/$side.d/libbusy.so" "-DROUNDS=$rounds" "-DEXTRA=$extra" \
        <<<'unsigned busy(unsigned n) { unsigned s = n; for (unsigned i = 0; i < ROUNDS; i++) s = s * 31 + (s >> 3) EXTRA; return s; }'
    # shellcheck disable=SC2016 # $ORIGIN is for the loader
    "$cc" -O1 -xc - -o "$work/$side.d/prog" -L"$work/$side.d" -lbusy '-Wl,-rpath,$ORIGIN' \
        <<<'unsigned busy(unsigned); int main(int c, char **v) { (void)v; return busy(c) == 42; }'
done
"$ltf" --locate --source clock --runs 2 --warmup 0 --no-control --json "$work/result.json" "$work/old.d/prog" "$work/new.d/prog" >"$work/out" 2>&1
is "$(figure 'next(f["name"] for f in r["sampled"]["new"]["functions"])')" busy "functions of a library that differs have names"
is "$(figure 'len([e for e in r["evidence"] if e["symbol"] == "libbusy.so" and e["weight"] > .8 and "differs" in e["text"]])')" 1 \
    "a library that differs and took the time is named"
is "$(figure 'r["libraries"]["changed"][0]["delta"]["code_facts"][0]["new_cycles"] > r["libraries"]["changed"][0]["delta"]["code_facts"][0]["old_cycles"] > 0')" \
    True "and its facts have their time"

"$ltf" --locate --source clock --runs 1 --warmup 0 --no-control "$work/old" /bin/false >"$work/out" 2>&1
is "$?" 8 "a program that fails is told as before: status 8"
done_testing
