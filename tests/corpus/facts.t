#!/usr/bin/env bash
# Every kind of fact that inspect knows, found in a pair made for it and not in the pair's null twin: tests/corpus/facts.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
here=$root/tests/corpus/facts

if ! command -v gcc >/dev/null || [[ $(uname -m) != x86_64 ]]; then
    skip "facts of pairs made here" "needs gcc on x86-64: the sentences hold for its code"
    done_testing
    exit
fi

# build SOURCE FLAGS: sets $built to the program, made once; "\ " is a space in a flag, "@NAME N" a number of the assembler,
# @lib a shared library.
declare -A made
build() {
    local flags=$2 key="$1 $2"
    built=${made[$key]-}
    [[ -z $built ]] || return 0
    built=$work/program$((${#made[@]} + 1))
    flags=${flags//@lib/-shared}
    local words=() word number=
    for word in ${flags//\\ /$'\x01'}; do
        word=${word//$'\x01'/ }
        case $word in
        @*) number=${word#@} ;;
        *) words+=("${number:+-Wa,--defsym,$number=}$word") number= ;;
        esac
    done
    (cd "$here" && gcc "${words[@]}" -o "$built" "$1") >>"$work/build.log" 2>&1 || diag "$1 $flags: $(tail -n 3 "$work/build.log")"
    made[$key]=$built
}

rows=0
while IFS='|' read -r kind name source all old new twin sentence; do
    [[ -n $kind && $kind != '#'* ]] || continue
    rows=$((rows + 1))
    build "$source" "$all $old" && old=$built
    build "$source" "$all $new" && new=$built
    build "$source" "$all $twin" && twin=$built
    [[ $twin != "$old" ]] || diag "$kind of $name: the twin is the old one itself"
    "$ltf" inspect --quiet --json "$work/$rows.new" "$old" "$new" >/dev/null 2>&1
    "$ltf" inspect --quiet --json "$work/$rows.twin" "$old" "$twin" >/dev/null 2>&1
    printf '%s\t' "$rows" "$kind" "$name" && printf '%s\n' "$sentence"
done <"$here/table" >"$work/rows"

# Lines of TAP without their numbers.
python3 - "$work" "$root/docs/result.schema.json" >"$work/said" <<'PYTHON'
import json, re, sys
work, schema = sys.argv[1:]

def told(path, kind, name):
    """The sentences of this kind about this name, and every other one for a diagnosis."""
    delta = json.load(open(path))["delta"]
    all = [(f["kind"], f["name"], f["sentence"]) for f in delta["code_facts"]]
    for s in delta["symbols"]:
        words = [s["fate"], s.get("recoding"), s.get("turns") or None, (s.get("kin") or {}).get("name")]
        all.append(("fate", s["name"], " ".join(str(w) for w in words if w)))
    all += [("file", f["what"], "%s -> %s" % (f["old"], f["new"])) for f in delta["facts"]]
    return [s for k, n, s in all if (k, n) == (kind, name)], all

kinds = set(json.load(open(schema))["$defs"]["fact"]["enum"])
for line in open(work + "/rows"):
    number, kind, name, sentence = line.rstrip("\n").split("\t")
    kinds.discard(kind)
    try:
        found, all = told("%s/%s.new" % (work, number), kind, name)
        twin, _ = told("%s/%s.twin" % (work, number), kind, name)
    except (OSError, ValueError) as e:
        print("not ok|%s of %s: %s" % (kind, name, e))
        continue
    if kind == "fate":
        twin = [s for s in twin if re.fullmatch(sentence, s)]
    good = any(re.fullmatch(sentence, s) for s in found)
    print("%s|%s of %s is told" % ("ok" if good else "not ok", kind, name))
    if not good:
        for other in found or [" ".join(o) for o in all if o[1] == name]:
            print("#|" + other)
    print("%s|and not in its null twin" % ("not ok" if twin else "ok"))
    for other in twin:
        print("#|" + other)
print("%s|every kind of fact has a pair%s" % ("not ok" if kinds else "ok", ": not " + ", ".join(sorted(kinds)) if kinds else ""))
PYTHON
while IFS='|' read -r result text; do
    case $result in
    '#') diag "$text" ;;
    ok) ok "$text" true ;;
    *) ok "$text" false ;;
    esac
done <"$work/said"
ok "the pairs were judged" test "$(wc -l <"$work/said")" -gt 80
done_testing
