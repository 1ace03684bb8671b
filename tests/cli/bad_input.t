#!/usr/bin/env bash
# Bad input ends in one sentence with the remedy, status 1 or 8, and nothing is left behind.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
cd "$work" || exit 1
export TMPDIR=$work/tmp
mkdir "$TMPDIR"

good=/bin/true
cc=${CC:-gcc}
fast=(--runs 2 --warmup 0 --source clock)

# refuses STATUS REGEX TITLE ARGS...: that exit status, exactly one line on stderr, nothing on stdout, no litter.
refuses() {
    local want=$1 regex=$2 title=$3 status=0
    shift 3
    timeout 60 "$ltf" "$@" >"$work/out" 2>"$work/err" || status=$?
    # argp adds a sentence that points to --help.
    sed '/^Try `/,$d' "$work/err" >"$work/said"
    is "$status $(wc -l <"$work/said") $(wc -c <"$work/out")" "$want 1 0" "$title: status $want, one sentence" || diag "$(cat "$work/err")"
    like "$(cat "$work/said")" "$regex" "$title: it names the thing"
    is "$(ls -A "$TMPDIR")" "" "$title: nothing is left behind"
}

program() { # NAME C-STATEMENTS
    printf '#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n#include <signal.h>\nint main(void)\n{\n%s\n    return 0;\n}\n' "$2" >"$1.c"
    "$cc" -O1 -o "$1" "$1.c"
}

refuses 1 "no-such-file" "a missing file" "${fast[@]}" ./no-such-file $good
echo "hello" >text && chmod +x text
refuses 1 "text.*ELF" "a file that is not ELF" "${fast[@]}" $good ./text
printf '#!/bin/sh\nexit 0\n' >script.sh && chmod +x script.sh
refuses 1 "script" "a script instead of a binary" "${fast[@]}" $good ./script.sh
refuses 1 "directory" "a directory" "${fast[@]}" "$work" $good
cp $good plain && chmod -x plain
refuses 1 "plain.*(execut|chmod)" "a file that is not executable" "${fast[@]}" $good ./plain
refuses 1 "/dev/zero:1: a line has at most" "a script of readings that never ends a line" --script /dev/zero $good $good
refuses 1 "more than 1000000 lines" "a script of readings that never ends" --script <(yes '') $good $good
: >empty && chmod +x empty
refuses 1 "empty" "an empty file" "${fast[@]}" $good ./empty
cp $good other && printf '\xb7\x00' | dd of=other bs=1 seek=18 conv=notrunc status=none
refuses 1 "other.*(aarch64|AArch64|architecture|machine)" "another architecture" "${fast[@]}" $good ./other
head -c 300 $good >./cut && chmod +x ./cut
refuses 1 "cut" "an ELF file cut short" "${fast[@]}" $good ./cut
refuses 1 "[Cc]ore|CPU" "a core that does not exist" "${fast[@]}" --cpu 4095 $good $good
refuses 1 "no-such-event" "an unknown event" --source perf --events no-such-event $good $good
refuses 1 "two builds" "a single name" "${fast[@]}" $good
refuses 1 "extra" "a name too many" "${fast[@]}" $good $good extra
refuses 1 "--runs" "a number that is none" --runs many $good $good
refuses 1 "nonsense" "an unknown threshold" --threshold nonsense=3 $good $good
refuses 1 "pattern|regex|REGEX|expression" "a broken pattern" "${fast[@]}" --metric '([0-9' $good $good
refuses 1 "stdin-not-there" "a stdin file that is not there" "${fast[@]}" --stdin stdin-not-there $good $good

refuses 1 "stdin-not-there" "a stdin file that is not there, for the model" --runs 0 --stdin stdin-not-there $good $good
mkfifo pipe
refuses 1 "pipe.*save it to a file" "a pipe for stdin" "${fast[@]}" --stdin pipe $good $good
refuses 1 "pipe.*save it to a file" "a pipe for stdin, for the model" --runs 0 --stdin pipe $good $good

refuses 1 "empty" "an empty perf file" import ./empty ./empty
refuses 1 "text" "a perf file of another tool" import ./text ./text
refuses 1 "none.perf" "a perf file that is not there" import ./none.perf ./text
refuses 1 "text" "a saved result that is none" judge ./text
refuses 1 "empty" "an empty saved result" report ./empty

program crash '    raise(SIGSEGV);'
refuses 8 "crash.*(SIGSEGV|[Ss]egmentation|signal 11)" "a target that crashes" "${fast[@]}" $good ./crash
program killed '    raise(SIGKILL);'
refuses 8 "killed.*(SIGKILL|[Kk]illed|signal 9)" "a target killed by a signal" "${fast[@]}" $good ./killed
program fails '    fputs("no such table\n", stderr); return 3;'
refuses 8 "fails.*3.*no such table" "a target that fails" "${fast[@]}" $good ./fails
program hangs '    for (;;) pause();'
refuses 8 "hangs.*(timeout|longer|--timeout)" "a target that hangs" "${fast[@]}" --timeout 0.5 $good ./hangs
is "$(running "$work/hangs")" "" "a target that hangs: no process is left"
program one '    puts("one");'
program two '    puts("two");'
refuses 8 "(one.*two|two.*one)" "different results" "${fast[@]}" --same-output ./one ./two
refuses 8 "pattern|match" "nothing that matches the pattern" "${fast[@]}" --metric 'Throughput = ([0-9]+)' ./one ./one

program flood '    static char line[65536]; for (int i = 0; i < 1600; i++) fwrite(line, 1, sizeof line, stdout);'
ok "100 MB of stdout is no trouble" timeout 60 "$ltf" "${fast[@]}" --fail-on work --output "$work/report" ./flood ./flood
is "$(ls -A "$TMPDIR")" "" "100 MB of stdout: nothing is left behind"

# Differing results without --same-output: a warning, and a verdict.
status=0
"$ltf" "${fast[@]}" ./one ./two >"$work/out" 2>&1 || status=$?
like "$status $(cat "$work/out")" "^[07] .*differ" "different results are a warning when not asked for"

if [[ -w /dev/full ]]; then
    refuses 1 "(No space|full|space left)" "a full disk for the report" "${fast[@]}" --output /dev/full $good $good
    refuses 1 "(No space|full|space left)" "a full disk for the JSON" "${fast[@]}" --json /dev/full --output "$work/report" $good $good
fi
refuses 1 "nowhere" "a folder that is not there for the JSON" "${fast[@]}" --json ./nowhere/x.json --output "$work/report" $good $good

# Ctrl-C in mid-run: children gone, a partial result that says so.
program slow '    usleep(300000); puts("slow");'
status=0
for _ in {1..20}; do running "$work/slow"; sleep 0.1; done >"$work/seen" &
timeout --preserve-status --signal=INT 2.5 "$ltf" --runs 50 --source clock --json "$work/partial.json" ./slow ./slow \
    >"$work/out" 2>"$work/err" || status=$?
is "$status" 130 "Ctrl-C ends with status 130"
like "$(cat "$work/seen")" "^[0-9]+" "Ctrl-C: a child ran before"
is "$(running "$work/slow")" "" "Ctrl-C: the children are gone"
like "$(cat "$work/out")" "[Ii]nterrupted|[Pp]artial" "Ctrl-C: the partial result says that it is one"
is "$(ls -A "$TMPDIR")" "" "Ctrl-C: nothing is left behind"
done_testing
