#!/usr/bin/env bash
# The measuring box: layout_tax_forensics with fixed conditions, results kept.
#
#   layout_tax_forensics_box [OPTIONS...] OLD NEW [-- ARGS...]
#
# Clean environment, one pinned core, ten rounds, A/A control, ASLR off; the verdict goes to the terminal, and text and
# JSON to RESULTS_DIR (default ./results). Options are layout_tax_forensics' own and win over the box's. The exit
# status is the verdict's (layout_tax_forensics help lists them).
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
tool=${LAYOUT_TAX_FORENSICS:-}
for candidate in "$here/../../layout_tax_forensics" "$here/layout_tax_forensics"; do
    [[ -n $tool || ! -x $candidate ]] || tool=$candidate
done
[[ -n $tool ]] || tool=$(command -v layout_tax_forensics || true)
if [[ -z $tool ]]; then
    echo "layout_tax_forensics_box: the command layout_tax_forensics is not here: run \`make\` first, or set LAYOUT_TAX_FORENSICS to its path" >&2
    exit 1
fi
if (($# < 1)) || [[ $1 == --help || $1 == -h ]]; then
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
    (($#)) && exit 0 || exit 1
fi

results=${RESULTS_DIR:-results}
if ! mkdir -p "$results" 2>/dev/null || [[ ! -w $results ]]; then
    echo "layout_tax_forensics_box: cannot write results to '$results': set RESULTS_DIR to a folder that can be written" >&2
    exit 1
fi
stem=$results/forensics-$(date -u +%Y%m%dT%H%M%SZ)-$$
status=0
"$tool" compare --runs 10 --json "$stem.json" "$@" || status=$?
if [[ -s $stem.json ]]; then
    "$tool" report --color never --output "$stem.txt" "$stem.json" || true
    echo "results: $stem.json $stem.txt" >&2
fi
exit "$status"
