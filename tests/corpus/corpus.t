#!/usr/bin/env bash
# The labelled pairs judged by the model alone: cause and primary against the table's label.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
build=$root/tests/corpus/build.sh

why_not() { # prints why nothing can be judged here
    [[ -x $ltf ]] || { echo "$ltf is not built"; return; }
    command -v gcc >/dev/null || { echo "no gcc: the pairs' offsets hold for its code"; return; }
    "$ltf" --runs 0 --profile zen3 -q /bin/true /bin/true >"$work/true" 2>&1 && return
    grep -q -i valgrind "$work/true" && echo "the recorder cannot be had: $(tail -1 "$work/true")"
}

field() { # FILE NAME: of the saved verdict
    python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["verdict"][sys.argv[2]])' "$1" "$2"
}

same_results() { # PAIR: both sides print the same and end alike
    local side
    for side in old new; do
        "$work/corpus/$1/$side" >"$work/$1.$side" 2>&1
        echo "status $?" >>"$work/$1.$side"
    done
    cmp "$work/$1.old" "$work/$1.new"
}

reason=$(why_not)
if [[ -n $reason ]]; then
    skip "the pairs' causes" "$reason"
    done_testing
    exit
fi

ok "the pairs build" env CC=gcc "$build" "$work/corpus"
declare -A matrix blind
while IFS='|' read -r pair why; do
    blind[$pair]=$why
done < <("$build" --blind)
causes=(layout hint data work none)
right=0 total=0 claims=()
while IFS='|' read -r pair label why; do
    "$ltf" --runs 0 --layouts 0 --profile zen3 --json "$work/$pair.json" "$work/corpus/$pair/old" "$work/corpus/$pair/new" >"$work/$pair.txt" 2>&1
    cause=$(field "$work/$pair.json" cause) primary=$(field "$work/$pair.json" primary)
    ok "$pair: old and new print the same" same_results "$pair"
    if [[ -n ${blind[$pair]-} && $primary != "$label" ]]; then
        diag "$pair is $label, and the model says $primary: ${blind[$pair]}"
    else
        like "$cause $primary" "^($label|mixed) $label$" "$pair is $label: $why"
    fi
    matrix[$label,$primary]=$((${matrix[$label,$primary]-0} + 1))
    total=$((total + 1))
    [[ $primary != "$label" ]] || right=$((right + 1))
    claims+=("$(field "$work/$pair.json" confidence) $([[ $primary == "$label" ]] && echo 1 || echo 0)")
done < <("$build" --list)

diag "primary cause found, by label: $right of $total"
stated=$(printf '%s\n' "${claims[@]}" | awk '{ sum += $1 } END { printf "%.0f", 100 * sum / NR }')
diag "mean confidence stated: $stated %, right: $((100 * right / total)) %"
off=$((100 * right / total - stated))
ok "the confidence stated is what comes of it, within fifteen points" test "${off#-}" -le 15
ok "there are 24 pairs at least" test "$total" -ge 24
ok "nine causes of ten are right, those it is blind to counted as wrong" test $((10 * right)) -ge $((9 * total))
is "${matrix[none,none]-0}" "$("$build" --list | grep -c '|none|')" "no false alarm on a pair that differs in nothing"
diag "$(printf '%-8s' label; printf '%14s' "${causes[@]}" other)"
for label in "${causes[@]}"; do
    row=$(printf '%-8s' "$label") rest=0 pairs=0
    for key in "${!matrix[@]}"; do
        [[ $key != "$label,"* ]] || pairs=$((pairs + matrix[$key]))
        [[ $key == "$label,"* && " ${causes[*]} " != *" ${key#*,} "* ]] && rest=$((rest + matrix[$key]))
    done
    for primary in "${causes[@]}"; do
        row+=$(printf '%14d' "${matrix[$label,$primary]-0}")
    done
    diag "$row$(printf '%14d' "$rest")"
    ok "$label has two pairs at least" test "$pairs" -ge 2
done
done_testing
