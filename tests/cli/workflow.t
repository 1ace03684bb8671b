#!/usr/bin/env bash
# One binary at two settings through the analyzer: --old-env and --new-env, measured and modelled alike.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
cd "$root" || exit 1
ltf=${LTF:-$root/layout_tax_forensics}
record=scripts/box/record.pl
${CC:-gcc} -g -O1 -o "$work/good" tests/lib/fake_bench.c || exit 1

# The stand-in's throughput is a function of its knobs alone: 1000000 + 20000 C5 + 30000 C6.
C5=HAKMEM_TINY_C5_INLINE_SLOTS C6=HAKMEM_TINY_C6_INLINE_SLOTS
"$ltf" --runs 2 --warmup 0 --source clock --metric 'Throughput = ([0-9.]+)' --env $C6=1 --env $C5=1 --old-env $C5=0 \
    --new-env $C5=1 --json "$work/r.json" -q "$work/good" "$work/good" >/dev/null 2>&1
throughput() { "$record" where "$work/r.json" metrics name=throughput "$1"; }
is "$(throughput old) $(throughput new)" "1030000 1050000" "old and new see their own settings, which win over what both are given"
is "$("$record" get "$work/r.json" spec.old_env | tr -d ' \n')" "[\"$C5=0\"]" "the result says what old was given"
like "$("$ltf" report --verbose "$work/r.json")" "--old-env $C5=0 --new-env $C5=1" "and the command to repeat it does"
not_ok "--old-env takes NAME=VALUE" "$ltf" --old-env $C5 "$work/good" "$work/good"
done_testing
