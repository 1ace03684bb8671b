# shellcheck shell=bash
# TAP for shell tests: source it, call the points, end with done_testing.
#   ok TITLE COMMAND...        the command succeeds
#   not_ok TITLE COMMAND...    the command fails
#   is GOT WANT TITLE          equal strings
#   like GOT REGEX TITLE       bash extended regex
#   unlike GOT REGEX TITLE
#   skip TITLE REASON
# Also: $root (repository), $work (a scratch folder, removed at the end), running FILE (the processes that run it).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/ltf-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
tap_count=0 tap_failed=0

tap_point() { # PASS(0/1) TITLE
    tap_count=$((tap_count + 1))
    if [[ $1 == 0 ]]; then
        printf 'ok %d - %s\n' "$tap_count" "$2"
    else
        tap_failed=$((tap_failed + 1))
        printf 'not ok %d - %s\n#   at %s:%s\n' "$tap_count" "$2" "${BASH_SOURCE[2]}" "${BASH_LINENO[1]}"
        return 1
    fi
}

# Processes whose program is exactly this file, one a line: other tests that run at the same time do not count.
running() {
    find /proc/[0-9]*/exe -maxdepth 0 -lname "$1" 2>/dev/null | cut -d/ -f3
}

diag() { printf '%s\n' "$@" | sed 's/^/# /'; }

ok() {
    local title=$1 status=0
    shift
    "$@" >"$work/.ok.log" 2>&1 || status=1
    tap_point "$status" "$title" || { diag "command: $*"; head -20 "$work/.ok.log" | sed 's/^/#   /'; }
}

not_ok() {
    local title=$1 status=1
    shift
    "$@" >"$work/.ok.log" 2>&1 || status=0
    tap_point "$status" "$title" || diag "command succeeded: $*"
}

is() {
    local status=0
    [[ $1 == "$2" ]] || status=1
    tap_point "$status" "$3" || { diag "got:"; diag "$1"; diag "want:"; diag "$2"; }
}

like() {
    local status=0
    [[ $1 =~ $2 ]] || status=1
    tap_point "$status" "$3" || { diag "got:"; diag "$1"; diag "want a match of: $2"; }
}

unlike() {
    local status=0
    [[ ! $1 =~ $2 ]] || status=1
    tap_point "$status" "$3" || { diag "got:"; diag "$1"; diag "want no match of: $2"; }
}

skip() {
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

done_testing() {
    printf '1..%d\n' "$tap_count"
    [[ $tap_failed == 0 ]]
}
