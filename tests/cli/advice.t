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

# What a profile does: calls are inlined or not, and branches are laid out for the way they are expected to go.
cat >"$work/many.c" <<'EOF'
#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline)) void rare(int *s) { *s ^= 77; }
ATTRIBUTES int step(int n) { return (n & 1 ? 3 * n + 1 : n / 2) ^ 5; }
#define RARE(name, m) __attribute__((noinline PLACE)) int name(int s, int i) { \
    if (__builtin_expect(i % m == 0, LIKELY)) { rare(&s); s += i; } return s + 1; }
RARE(one, 53) RARE(two, 55) RARE(three, 57)
__attribute__((noinline)) int walk(int n) { int s = n; for (int i = 0; i < n; i++) s += step(i); return s; }
int main(int c, char **v)
{
    int s = 0, n = c > 1 ? atoi(v[1]) : 1;
    for (int i = 0; i < n; i++) s = three(two(one(s, i), i), i);
    printf("%d %d\n", s, walk(TURNS * n));
}
EOF
many() { "${CC:-gcc}" -g -O2 -DLIKELY="$1" -DATTRIBUTES="$2" -DPLACE="${4-}" -DTURNS="${5-40}" -o "$work/$3" "$work/many.c"; }
many 0 'static inline' trained
many 1 '__attribute__((noinline))' untrained
like "$("$ltf" --runs 0 "$work/trained" "$work/untrained" -- 5000 2>&1 | tr -s '\n ' ' ')" 'profile .PGO. does that is missing or no longer fits' \
    'lost inlining and reordered blocks in many functions: retrain'
many 1 'static inline' cooled ', section(".text.unlikely")' 80
like "$("$ltf" --runs 0 "$work/trained" "$work/cooled" -- 5000 2>&1 | tr -s '\n ' ' ')" 'profile .PGO. does that is missing or no longer fits' \
    'the same where inlining held, but many functions no longer count as hot'
many 1 'static inline' only_blocks '' 80
unlike "$("$ltf" --runs 0 "$work/trained" "$work/only_blocks" -- 5000 2>&1)" 'PGO' 'reordered blocks alone do not blame a profile'
many 0 '__attribute__((noinline))' only_calls
unlike "$("$ltf" --runs 0 "$work/trained" "$work/only_calls" -- 5000 2>&1)" 'PGO' 'lost inlining alone does not blame a profile'
done_testing
