#!/usr/bin/env bash
# A program against its own copy is never given a cause, whatever the machine does meanwhile.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
cd "$work" || exit 1

cat >loop.c <<'E2'
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    unsigned x = 1, *table = malloc(4096 * sizeof *table);
    for (unsigned i = 0; i < 60000; i++) {
        x = x * 1103515245u + 12345u;
        table[x >> 20] += x & 64 ? i : 1;
    }
    printf("%u\n", table[7]);
    return 0;
}
E2
"${CC:-gcc}" -O2 -g -o loop loop.c
mkdir "a folder" && cp loop "a folder/copy"

# try TITLE ALLOWED OPTIONS...: every verdict of the tries is among those allowed and its status says the same.
tries() { # COUNT TITLE ALLOWED OPTIONS...
    local count=$1 title=$2 allowed=$3 bad="" status
    shift 3
    for ((seed = 1; seed <= count; seed++)); do
        status=0
        "$ltf" --seed "$seed" --quiet "$@" ./loop "a folder/copy" >"$work/out" 2>&1 || status=$?
        [[ "$status $(<"$work/out")" =~ ^($allowed) ]] || bad+="seed $seed: status $status: $(<"$work/out")"$'\n'
    done
    is "$bad" "" "$title"
}

quiet='0 NONE|7 INCONCLUSIVE: |7 UNRELIABLE'
tries 20 "20 of 20 tries by the clock name no cause" "$quiet" --source clock --runs 3 --warmup 0
tries 5 "nor do tries without the control" "$quiet" --source clock --runs 6 --warmup 0 --no-control
if [[ -x $root/build/recorder/layout_tax_recorder-amd64-linux ]]; then
    tries 3 "the model alone finds no difference at all" "0 NONE \(no regression\): cycles changed by 0 %" --runs 0
    tries 2 "nor does the model beside the clock give a cause" "$quiet" --source sim --runs 3 --warmup 0
else
    skip "the model alone finds no difference at all" "no recorder was built"
fi
done_testing
