#!/usr/bin/env bash
# Every exit status of the table is reached, from scripted figures: no clock, no counters, no luck.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}

# script CPU_NEW INSTRUCTIONS_NEW CYCLES_NEW BRANCH_MISSES_NEW CACHE_MISSES_NEW: old is 1e9 of each clock figure,
# 2e9 instructions in 1e9 cycles, 4e8 branches with 4e6 misses, 1e8 cache references with 2e6 misses.
script() {
    cat <<EOF
source clock
old * cpu 1e9
new * cpu $1
control * cpu 1e9
source perf
old * instructions 2e9
new * instructions $2
control * instructions 2e9
old * cycles 1e9
new * cycles $3
control * cycles 1e9
old * branches 4e8
new * branches 4e8
control * branches 4e8
old * branch-misses 4e6
new * branch-misses $4
control * branch-misses 4e6
old * cache-references 1e8
new * cache-references 1e8
control * cache-references 1e8
old * cache-misses 2e6
new * cache-misses $5
control * cache-misses 2e6
EOF
}

# verdict SCRIPT-FILE [OPTIONS...]: prints "STATUS CAUSE"
verdict() {
    local file=$1 status=0
    shift
    "$ltf" --script "$file" --json "$work/result.json" "$@" /bin/true /bin/true >"$work/out" 2>"$work/err" || status=$?
    echo "$status $(perl -MJSON::PP -0777 -ne 'print decode_json($_)->{verdict}{cause}' "$work/result.json" 2>>"$work/err")"
    rm -f "$work/result.json"
}

check() { # WANT TITLE SCRIPT-ARGS...
    local want=$1 title=$2
    shift 2
    script "$@" >"$work/script"
    is "$(verdict "$work/script")" "$want" "$title"
}

check "0 none" "equal figures are none" 1e9 2e9 1e9 4e6 2e6
check "0 none" "faster is none" 9e8 2e9 9e8 4e6 2e6
check "2 work" "a tenth more instructions at the same IPC is work" 1.1e9 2.2e9 1.1e9 4e6 2e6
check "3 layout" "the same instructions and misses, more cycles: layout" 1.1e9 2e9 1.1e9 4e6 2e6
check "4 hint" "mispredicts that cost what was lost: hint" 1.1e9 2e9 1.1e9 10.6e6 2e6
check "5 data" "cache misses that cost what was lost: data" 1.1e9 2e9 1.1e9 4e6 4.4e6
check "6 mixed" "half of it instructions, half of it mispredicts: mixed" 1.2e9 2.2e9 1.2e9 10.6e6 2e6

# The clock alone: slower, and no cause guessed.
cat >"$work/script" <<'EOF'
source clock
old * cpu 1e9
new * cpu 1.1e9
control * cpu 1e9
EOF
is "$(verdict "$work/script")" "7 inconclusive" "the clock alone names no cause"
like "$(cat "$work/out")" "slower" "but says that it is slower"

# An A/A control that differs from old as much as new does.
cat >"$work/script" <<'EOF'
source clock
old * cpu 1e9
new * cpu 1.1e9
control * cpu 1.1e9
EOF
is "$(verdict "$work/script")" "7 unreliable" "an A/A control that fails is unreliable"

# Too noisy to tell.
{
    echo "source clock"
    values=(1.00 1.31 0.92 1.18 1.05 1.27 0.95 1.12 1.22 0.98 1.15 1.02)
    for i in {0..9}; do
        echo "old $i cpu ${values[i]}e9"
        echo "new $i cpu ${values[i + 2]}e9"
        echo "control $i cpu ${values[i + 1]}e9"
    done
} >"$work/script"
like "$(verdict "$work/script")" "^7 (inconclusive|unreliable)" "noise is not a verdict"

# --fail-on folds the verdicts to 0 and 1.
script 1.1e9 2.2e9 1.1e9 4e6 2e6 >"$work/script"
is "$(verdict "$work/script" --fail-on work,layout)" "1 work" "--fail-on work,layout turns work into 1"
is "$(verdict "$work/script" --fail-on layout)" "0 work" "--fail-on layout turns work into 0"
is "$(verdict "$work/script" --fail-on regression)" "1 work" "--fail-on regression turns any regression into 1"
is "$(verdict "$work/script" --threshold floor=20)" "0 none" "a floor above the effect makes it none"

# A target that failed.
printf 'source clock\nold * cpu 1e9\nnew * cpu 1e9\ncontrol * cpu 1e9\nnew 2 exit 3\n' >"$work/script"
is "$(verdict "$work/script" | cut -d' ' -f1)" "8" "a target that fails is 8"
like "$(cat "$work/err")" "^layout_tax_forensics: .*3" "and one sentence says with which status"
done_testing
