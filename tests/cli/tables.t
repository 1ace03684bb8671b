#!/usr/bin/env bash
# What bench-accuracy and bench-model make of their rows: figures made up here, answers known.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
if ! command -v python3 >/dev/null; then
    skip "the tables add up" "no python3"
    done_testing
    exit
fi

py() { # FUNCTIONS' MODULE, EXPRESSION
    python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); from '"$1"' import *; print('"$2"')' "$root/scripts/box"
}

claims='[claim(c / 10, right) for c, right in %s]'
# shellcheck disable=SC2059
ordered() { py accuracy_table "ordered($(printf "$claims" "$1"))"; }
is "$(ordered '((9, True), (8, True), (5, False))')" 1.0 "right verdicts that state more than wrong ones are ordered"
is "$(ordered '((5, True), (5, True), (9, False))')" 0.0 "a mapping that is upside down is seen"
is "$(ordered '((9, True), (9, True), (9, False))')" 0.5 "a constant one says nothing"
is "$(ordered '((9, True), (8, True))')" None "without a wrong one nothing can be said"
# shellcheck disable=SC2059
like "$(py accuracy_table "reliability($(printf "$claims" '((9, True), (9, True), (9, False), (2, True))'))")" \
    '90 \.\. 100 % +3 +90 % +2 +67 %  \[9, 99\]' "a row has what was stated, what was right, and the interval"

# Fifteen rounds of a row: ten beside an idle sibling, where new is as fast as old, and five beside a busy one.
rounds='{"rounds": {"row": [(1, 1, 1.0)] * 10 + [(1, 2, 2.3)] * 5}}'
is "$(py model_against_clock "quiet_limit($rounds)")" 1.25 "a sibling is idle up to a quarter above the shortest jump"
chosen() { # ROUNDS: the median of those that the row is measured by, and whether they are quiet
    py model_against_clock "[choose_rounds(rows, $1) or (math.exp(of_pairs(rows[0]['pairs'])), rows[0]['quiet']) for rows in [[{'id': 'row'}]]][0]"
}
is "$(chosen "$rounds")" '(1.0, True)' "the quiet rounds alone count"
is "$(chosen '{"rounds": {"row": [(1, 1, 1.0)] * 3 + [(1, 2, 2.3)] * 5}}')" '(2.0, False)' "where they are too few all count, and it is said"
is "$(py model_against_clock '[lacks_rounds([(1, 1, 2.3)] * n, 10, 1.25) for n in (9, 29, 30)]')" '[True, True, False]' \
    "a row without quiet rounds is measured three times as long, and no longer"
done_testing
