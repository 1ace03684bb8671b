#!/usr/bin/env bash
# JSON on stdout is JSON and nothing else; a saved comparison says the same again, in every format.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
cd "$work" || exit 1

# verdict FILE: what matters of a saved result, in one line
verdict() {
    perl -MJSON::PP -0777 -e 'my $d = decode_json(<STDIN>); my $v = $d->{verdict};
        print JSON::PP->new->canonical->encode([@$v{qw(cause primary regression confidence summary shares reasons)}, $d->{advice}, $d->{evidence}])' <"$1"
}

# Noisy figures from a script: intervals, resampling and all.
{
    echo "source clock"
    for i in {0..9}; do
        echo "old $i cpu 1.00$((i * 7 % 10))e9"
        echo "new $i cpu 1.03$((i * 3 % 10))e9"
        echo "control $i cpu 1.00$((i * 9 % 10))e9"
    done
    printf 'source perf\n'
    for side in old new control; do
        echo "$side * instructions 2e9"
        echo "$side * branches 4e8"
        echo "$side * cache-misses 2e6"
    done
    printf 'old * cycles 1e9\nnew * cycles 1.03e9\ncontrol * cycles 1e9\nold * branch-misses 4e6\nnew * branch-misses 6e6\ncontrol * branch-misses 4e6\n'
} >script
status=0
"$ltf" --script script --json - /bin/true /bin/true >saved.json 2>err || status=$?
is "$status" 4 "the comparison ends in hint"
ok "--json - prints JSON and nothing else" perl -MJSON::PP -0777 -e 'decode_json(<STDIN>)' <saved.json
is "$(<err)" "" "and stderr is silent off a terminal"

again=0
"$ltf" judge --json - saved.json >again.json 2>err || again=$?
is "$again" "$status" "judge ends with the same status"
is "$(verdict again.json)" "$(verdict saved.json)" "and the same verdict, to the last digit"
"$ltf" judge --threshold floor=20 --json - saved.json >other.json && is "$(verdict other.json | cut -c1-7)" '["none"' \
    "with a floor above the effect it is none"
is "$("$ltf" judge --quiet --fail-on hint saved.json >/dev/null; echo $?)" 1 "--fail-on folds a judged result, too"

"$ltf" --script script /bin/true /bin/true >first.txt || true
for format in text markdown html json; do
    ok "report writes $format" "$ltf" report --format $format --output "out.$format" saved.json
done
is "$(<out.text)" "$(<first.txt)" "the text is that of the run itself"
is "$(<out.json)" "$(<saved.json)" "the JSON is the saved one"
like "$(<out.html)" "^<!DOCTYPE html>.*</html>" "the HTML is a page"
like "$(<out.markdown)" "^#+ HINT" "the Markdown begins with the verdict"

"$ltf" inspect --json - /bin/true /bin/true >inspect.json
is "$(perl -MJSON::PP -0777 -e 'my $d = decode_json(<STDIN>); print $d->{complete} ? "complete" : "partial"' <inspect.json)" \
    "complete" "an inspection is complete though nothing ran"
ok "and can be shown again" "$ltf" report inspect.json

# Cut short, or with a field of the wrong kind: one sentence, status 1, never a crash.
for bytes in 1 100 1000 $(($(wc -c <saved.json) - 3)); do
    head -c "$bytes" saved.json >cut.json
    status=0
    "$ltf" report cut.json >out 2>err || status=$?
    is "$status $(wc -l <err)" "1 1" "a file cut after $bytes bytes: one sentence"
done
for change in 's/"ratio": *[0-9.]+/"ratio": "big"/' 's/"cause": *"hint"/"cause": "bad luck"/' 's/"metrics": *\[/"metrics": [7,/' 's/"version": *1\b/"version": 99/'; do
    perl -0777 -pe "$change" saved.json >wrong.json
    status=0
    "$ltf" report wrong.json >out 2>err || status=$?
    is "$status $(wc -l <err)" "1 1" "after $change: one sentence" || diag "$(<err)"
done

# Where the report goes: pipes that close, terminals that are none, narrow ones.
is "$("$ltf" report saved.json | head -1)" "$(head -1 first.txt)" "a reader that stops early gets what it read"
status=0
"$ltf" report saved.json >&- 2>err || status=$?
is "$status $(wc -l <err)" "1 1" "a closed stdout is an error in one sentence"
is "$("$ltf" report saved.json | grep -c $'\033')" 0 "no colour into a pipe"
like "$("$ltf" report --color always saved.json)" $'\033' "unless it is asked for"
if command -v script >/dev/null && script -qec true typescript >/dev/null 2>&1; then
    on_terminal() { script -qec "stty cols $1; $2 '$ltf' report saved.json" typescript </dev/null | tr -d '\r'; }
    like "$(on_terminal 100 'TERM=xterm NO_COLOR=')" $'\033' "colour on a terminal"
    unlike "$(on_terminal 100 'TERM=xterm NO_COLOR=1')" $'\033' "none with NO_COLOR"
    unlike "$(on_terminal 100 'TERM=dumb NO_COLOR=')" $'\033' "none on a dumb terminal"
    is "$(on_terminal 80 'LC_ALL=C NO_COLOR=1' | awk 'length > 80')" "" "no line is wider than a terminal of 80 columns"
else
    skip "terminals" "script(1) is not installed, or there are no pseudo-terminals here"
fi
done_testing
