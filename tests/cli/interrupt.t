#!/usr/bin/env bash
# Ctrl-C while the model runs: it ends at once, not with the program, and leaves no process and no file.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
cd "$work" || exit 1
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
if [[ ! -x $root/build/recorder/layout_tax_recorder-amd64-linux ]]; then
    skip "interrupts of the model" "no recorder was built"
    done_testing
    exit
fi

printf 'int main(void)\n{\n    return 0;\n}\n' >quick.c
printf 'int main(void)\n{\n    for (;;)\n        __asm__ volatile("");\n}\n' >endless-under-test.c
printf '#include <unistd.h>\nint main(void)\n{\n    for (;;)\n        pause();\n}\n' >waiting-under-test.c
for name in quick endless-under-test waiting-under-test; do
    "${CC:-gcc}" -O1 -o $name $name.c
done

# Links to our programs stand for whatever a recording keeps there.
links() { find "$TMPDIR" -maxdepth 2 -lname "$work/*" 2>/dev/null; }

# Waits until the recording of a program has begun, sends the signal, waits for the end.
interrupt() { # SIGNAL NEW OPTIONS...
    local signal=$1 new=$2 pid
    shift 2
    # A shell without job control starts background commands with SIGINT ignored, which the command respects.
    env --default-signal=INT "$ltf" "$@" --json result.json ./quick "./$new" >out 2>err &
    pid=$!
    for ((i = 0; i < 300; i++)); do
        [[ -n $(links) && $(readlink -f "$(links | head -1)") == */"$new" ]] && break
        sleep 0.1
    done
    sleep 0.2
    kill -s "$signal" $pid
    status=0
    # It must end without the program's help: the program never ends.
    timeout 20 tail --pid=$pid -f /dev/null || { kill -9 $pid; }
    wait $pid || status=$?
}

left() { # what is still there a moment later
    for ((i = 0; i < 30; i++)); do
        [[ -z $(pgrep -f -- '-under-test') && -z $(links) ]] && break
        sleep 0.1
    done
    pgrep -f -- '-under-test'
    links
    ls -A "$TMPDIR"
}

for new in endless-under-test waiting-under-test; do
    interrupt INT $new --runs 0
    is "$status" 130 "$new: Ctrl-C ends with status 130"
    is "$(wc -l <err)" 1 "and one sentence"
    like "$(<err)" "interrupted" "that says so"
    is "$(left)" "" "nothing is left behind"
done
interrupt TERM endless-under-test --runs 0
is "$status" 143 "SIGTERM ends with status 143"
is "$(left)" "" "nothing is left behind"

status=0
"$ltf" --runs 0 --timeout 1 ./quick ./endless-under-test >out 2>err || status=$?
is "$status $(wc -l <err)" "8 1" "--timeout ends a modelled run that does not end: status 8, one sentence"
like "$(<err)" "endless-under-test.*ended after 1 seconds" "with its name"
is "$(left)" "" "nothing is left behind"
done_testing
