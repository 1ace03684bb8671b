#!/usr/bin/env bash
# Instructions per operation: exact, repeatable, and in the order that must hold.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
cd "$root" || exit 1

box=scripts/box/instructions_box.sh
export OUT=$work/i.json ITERS=20000
if ! command -v valgrind >/dev/null; then
    skip "instructions are counted" "valgrind is not installed"
    done_testing
    exit
fi
text=$($box loop preload:system 2>&1)
per_op() { sed -n "s/^$1  *\([0-9.]*\)$/\1/p" <<<"$text"; }
floor=$(per_op loop)
system=$(per_op preload:system)
like "$floor" '^[0-9]+\.[0-9]+$' "the loop alone has a figure"
ok "the C library's allocator needs more than the loop alone ($system against $floor)" \
    awk -v a="$floor" -v b="$system" 'BEGIN { exit !(b > a + 10) }'
is "$(grep -c '^[a-z:_]* *[0-9.]*$' <<<"$text")" 2 "only the rows asked for are counted"
first=$floor
text=$($box loop 2>&1)
ok "a second count agrees to a tenth of an instruction ($first and $(per_op loop))" \
    awk -v a="$first" -v b="$(per_op loop)" 'BEGIN { exit !(a - b < 0.1 && b - a < 0.1) }'
is "$(scripts/box/record.pl get "$OUT" schema)" hakmem-instructions/1 "the result has a schema"

refuses() { # TITLE REGEX COMMAND...: status 1 and one sentence
    local title=$1 regex=$2 status=0 said
    shift 2
    said=$("$@" 2>&1 >/dev/null) || status=$?
    if [[ $status == 1 && $(wc -l <<<"$said") == 1 ]]; then
        like "$said" "$regex" "$title"
    else
        is "status $status: $said" "status 1 and one sentence" "$title"
    fi
}
refuses "too few operations" "ITERS must be a number from 1000" env ITERS=5 $box
refuses "an unknown row" "no such row 'nothing'" $box nothing
refuses "a folder without programs" "no program is built" env BUILD="$work" $box
done_testing
