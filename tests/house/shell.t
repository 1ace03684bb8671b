#!/usr/bin/env bash
# Every shell script passes shellcheck.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
cd "$root" || exit 1
if ! command -v shellcheck >/dev/null; then
    skip "scripts pass shellcheck" "shellcheck is not installed"
    done_testing
    exit
fi
while read -r file; do
    ok "$file passes shellcheck" shellcheck -x -P "$root" "$file"
done < <(grep -rlE '^#!/(usr/)?bin/(env )?(ba)?sh' .ci scripts tests | sort)
done_testing
