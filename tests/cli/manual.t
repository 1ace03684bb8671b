#!/usr/bin/env bash
# The manual page tells of every verb, option and exit status that the command knows, and of no option that it does not.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
page=$root/docs/layout_tax_forensics.1

complaints() { { groff -mdoc -Tutf8 -ww "$page" >/dev/null; } 2>&1; }
if command -v groff >/dev/null; then
    is "$(complaints)" "" "the page formats without a complaint"
else
    skip "the page formats without a complaint" "groff is not installed"
fi
if command -v mandoc >/dev/null; then
    ok "mandoc finds no error in it" mandoc -Tlint -Werror "$page"
else
    skip "mandoc finds no error in it" "mandoc is not installed"
fi

if [[ ! -x $ltf ]]; then
    skip "every option of --help is in the manual" "$ltf is not built"
    done_testing
    exit
fi
verbs=$("$ltf" help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p')
like "$verbs" 'compare' "the command lists its verbs"
for verb in $verbs; do
    ok "the manual has the verb $verb" grep -q "^\.It Cm $verb" "$page"
done
# Options stand at the start of a help line; words inside the sentences are none.
options() { for verb in $verbs; do "$ltf" "$verb" --help; done | sed -nE 's/^ {2,6}(-[a-zA-Z?], )?(--[a-z-]+).*/\1\2/p' | tr ',' '\n' | tr -d ' ' | grep -vxE -- '-\?|--usage|--help|-V|--version' | sort -u; }
options >"$work/options"
ok "the command lists its options" grep -qxF -- --runs "$work/options"
while read -r option; do
    ok "the manual has $option" grep -qE "^\.It.* Fl ${option#-}( |$)" "$page"
done <"$work/options"
while read -r option; do
    ok "$option of the manual exists" grep -qxF -- "$option" "$work/options"
done < <(sed -n 's/^\.It.*Fl -\([a-z-]*\).*/--\1/p' "$page")
"$ltf" help | sed -n '/^Exit status:/,$s/^  \([0-9]\)  \([a-z()]*\) .*/\1 \2/p' >"$work/statuses"
ok "the command lists its exit statuses" test -s "$work/statuses"
while read -r status word; do
    ok "the manual has exit status $status for $word" grep -qE "^\.It ${status} +${word//[()]/}" "$page"
done <"$work/statuses"
done_testing
