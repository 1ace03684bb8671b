#!/usr/bin/env bash
# The report shown in docs/reading-a-report.md is the one that is printed today.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
page=$root/docs/reading-a-report.md
is "$(awk '/^```/ { inside = !inside; next } inside' "$page")" "$(cat "$root/tests/golden/report/layout.txt")" \
    "the example of docs/reading-a-report.md is tests/golden/report/layout.txt"
while read -r word status; do
    ok "it explains $word with status $status" grep -qE "^\| \`${word^^}\` \|.*\| $status \|$" "$page"
done < <(sed -nE 's/.*= \{ "([a-z]+)", ([0-9]), .*/\1 \2/p' "$root/forensics/core/cause.c")
done_testing
