#!/bin/bash
# What the report tells a person to do follows from what was proved.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
cat >"$work/walk.c" <<'EOF'
#include <stdio.h>
#include <stdlib.h>
ATTRIBUTES int step(int n) { return (n & 1 ? 3 * n + 1 : n / 2) ^ 5; }
__attribute__((noinline)) int walk(int n) { int s = n; for (int i = 0; i < n; i++) s += step(i); return s; }
int main(int argc, char **argv) { printf("%d\n", walk(argc > 1 ? atoi(argv[1]) : 1)); }
EOF
build() { "${CC:-gcc}" -g -O2 -DATTRIBUTES="$1" -o "$work/$2" "$work/walk.c"; }
build 'static inline' inlined
build '__attribute__((noinline))' called
if [[ ! -x $root/build/recorder/layout_tax_recorder-amd64-linux ]]; then
    skip 'remedies' 'no recorder was built'
    done_testing
    exit
fi

out=$("$ltf" --runs 0 "$work/inlined" "$work/called" -- 300000 2>&1)
like "$out" 'step is no longer inlined in walk' 'a call where code was inlined is the proof'
like "$out" 'Get step inlined into walk again' 'and the remedy names both'
unlike "$out" 'Start with step' 'instead of the share that step has, which was a part of walk before'
back=$("$ltf" --runs 0 "$work/called" "$work/inlined" -- 300000 2>&1)
like "$back" 'NONE .faster' 'the other way round it is faster'
unlike "$back" 'inlined into' 'and nothing needs a remedy'
done_testing
