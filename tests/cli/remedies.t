#!/usr/bin/env bash
# What a sweep says of the mechanism and which remedy it offers: for each a pair where it is the answer and a twin, slower
# for another reason or not slower at all, where it must not be said.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
if [[ ! -x $root/build/recorder/layout_tax_recorder-amd64-linux ]]; then
    skip "remedies" "no recorder was built"
    done_testing
    exit
fi
cd "$work" || exit 1
# build NAME SOURCE OLD-FLAGS NEW-FLAGS FLAGS...: NAME.old and NAME.new
build() {
    local name=$1 source=$2 old=$3 new=$4
    shift 4
    # shellcheck disable=SC2086 # lists of flags
    gcc -O2 "$@" $old -o "$name.old" "$source" && gcc -O2 "$@" $new -o "$name.new" "$source"
}
# sweep NAME REPEATS OPTIONS...: the report in NAME.txt on one line, the result in NAME.json
sweep() {
    local name=$1 repeats=$2
    shift 2
    rm -f "$name.remedy"
    "$ltf" sweep --profile zen3 --layouts 2 --apart 0 "$@" --remedy "$name.remedy" --json "$name.json" "$name.old" "$name.new" -- "$repeats" 2>&1 |
        tr -s ' \n' ' ' >"$name.txt"
}
# field NAME EXPRESSION: of the saved layouts r
field() { python3 -c 'import json,sys; r=json.load(open(sys.argv[1]))["layout_effect"]; print('"$2"')' "$1.json"; }
kind='(r.get("remedy") or {}).get("kind")'

# ---- who meets in the sets of the L1I ----
cat >crowd.c <<'C'
/* COUNT functions of four lines each, called in turn; a set has eight ways. */
#include <stdio.h>
#include <stdlib.h>
#define F(name, k) __attribute__((noinline)) static long name(long x) { __asm__ volatile(".rept 20; .nops 10; .endr"); return x * 3 + k; }
F(bar, 1) F(baz, 2) F(qux, 3) F(f4, 4) F(f5, 5) F(f6, 6) F(f7, 7) F(f8, 8) F(f9, 9) F(f10, 10)
int main(int argc, char **argv)
{
    long x = 1;
    for (long n = argc > 1 ? atol(argv[1]) : 1; n; n--) {
        x = f7(f6(f5(f4(qux(baz(bar(x)))))));
        if (COUNT > 7)
            x = f10(f9(f8(x)));
    }
    printf("%ld\n", x);
    return 0;
}
C
build crowd crowd.c -falign-functions=64 -falign-functions=4096 -DCOUNT=10
build roomy crowd.c -falign-functions=64 -falign-functions=4096 -DCOUNT=7
sweep crowd 3000 --axes text
like "$(<crowd.txt)" '(bar|baz|qux|f[0-9]+) shares 4 sets of the L1I with (bar|baz|main|qux), (bar|baz|qux|f[0-9]+) and [78] more, where more than 8 lines want to be' \
    "ten functions a page apart: with whom each shares its four sets, and that eight ways are too few"
is "$(field crowd "$kind, r['remedy']['gain'] < -.2")" "old-order True" "side by side in old's order they do not"
sweep roomy 3000 --axes text
unlike "$(<roomy.txt)" 'of the L1I' "seven functions at the same places share sets that are large enough: nothing is said"
is "$(field roomy "$kind")" None "and nothing is offered"

# ---- one array padded ----
cat >arrays.c <<'C'
/* Stores to one array and loads of another, GAP bytes and an array apart; MORE turns of other work. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
enum { WORDS = 512 };
uint64_t first[WORDS] __attribute__((aligned(64)));
char gap[GAP] __attribute__((aligned(64)));
uint64_t second[WORDS] __attribute__((aligned(64)));
volatile int more = MORE;
__attribute__((noinline)) static void walk(void)
{
    for (int i = 0; i + 1 < WORDS; i++) {
        first[i + 1] = second[i] + 3;
        second[i + 1] ^= first[i];
    }
}
int main(int argc, char **argv)
{
    for (long n = argc > 1 ? atol(argv[1]) : 1; n; n--) {
        walk();
        for (volatile int i = 0; i < more; i++)
            ;
    }
    printf("%llu %d\n", (unsigned long long)first[WORDS - 1], gap[0]);
    return 0;
}
C
build arrays arrays.c -DGAP=192 -DGAP=4096 -fno-tree-vectorize -fno-toplevel-reorder -DMORE=1
build busier arrays.c '-DGAP=192 -DMORE=1' '-DGAP=4608 -DMORE=200' -fno-tree-vectorize -fno-toplevel-reorder
sweep arrays 300 --profile skylake-sp
is "$(field arrays "$kind, r['remedy']['name'] in ('gap', 'second'), r['remedy']['gain'] < -.3")" "pad-array True True" \
    "an array that came to lie 4 KiB behind another: 64 bytes in front of it take it away"
unlike "$(<arrays.txt)" 'walk costs' "no function is blamed that lies where it lay"
sed "s/^char gap\|^uint64_t second/$(sed 's#/\*.*##' arrays.remedy | tr -d '\n')\n&/" arrays.c >padded.c
build padded padded.c -DGAP=192 -DGAP=4096 -fno-tree-vectorize -fno-toplevel-reorder -DMORE=1
sweep padded 300 --profile skylake-sp
is "$(field padded 'abs(r["observed"]) < .02, r.get("remedies_tried")')" "True None" "what was written can be pasted, and then nothing is left to explain"
if ld --version | grep -q '^GNU ld'; then
    for side in old:192 new:4096; do
        gcc -O2 -fno-tree-vectorize -fno-toplevel-reorder -fdata-sections -DMORE=1 -DGAP="${side#*:}" -c arrays.c -o "built_${side%:*}.o"
        gcc "built_${side%:*}.o" -o "built.${side%:*}"
    done
    "$ltf" sweep --real --profile skylake-sp --layouts 2 --apart 0 --runs 2 --relink 'gcc {options} built_{side}.o -o {output}' \
        --json built.json built.old built.new -- 300 >built.txt 2>&1
    is "$(python3 -c 'import json; print([(l["refused"], len(l["new"])) for l in json.load(open("built.json"))["real_layouts"]["layouts"] if l["kind"] == "remedied"])')" \
        "[(None, 2)]" "with the link command new is linked with the padding, and runs"
    like "$(tr -s ' \n' ' ' <built.txt)" 'Put 64 bytes in front of (gap|second): new -[0-9.]+ %, modelled.* Measured: new [+-][0-9.]+ % \[' \
        "so that both gains stand side by side"
else
    skip "with the link command new is linked with the padding, and runs" "the linker is not GNU ld"
fi
sweep busier 300 --profile skylake-sp
is "$(field busier "r['observed'] > .05, $kind")" "True None" "where the array moved and other work is what costs no padding is offered"

# ---- what never runs moved out of functions ----
cat >pieces.c <<'C'
/* One function of 48 pieces, each with BLOAT bytes in it that never run; MORE turns of other work. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)
#define cold_path() (void)0
static volatile int never, more = MORE;
#define P(n) if (x == 77 + n) { \
        cold_path(); \
        __asm__ volatile(".skip " TEXT(BLOAT) ", 0x90"); \
    } \
    x = x * 3 + n;
#define Q(n) P(n##0) P(n##1) P(n##2) P(n##3) P(n##4) P(n##5) P(n##6) P(n##7)
__attribute__((noinline)) static uint64_t pieces(uint64_t x)
{
    Q(1) Q(2) Q(3) Q(4) Q(5) Q(6)
    return x | 1;
}
int main(int argc, char **argv)
{
    uint64_t x = 1;
    for (long n = argc > 1 ? atol(argv[1]) : 1; n; n--) {
        x = pieces(x);
        for (volatile int i = 0; i < more; i++)
            ;
    }
    printf("%llu\n", (unsigned long long)x);
    return never;
}
C
build pieces pieces.c -DBLOAT=16 -DBLOAT=4070 -g -DMORE=1
build laden pieces.c -DMORE=1 -DMORE=300 -g -DBLOAT=4070
sweep pieces 2000
is "$(field pieces "$kind, r['remedy']['name'], r['remedy']['gain'] < -.3, 'pieces.c:' in r['remedy']['order'][0]")" "split-function pieces True True" \
    "a function that grew by what never runs, piece by piece: moving that out takes it away, and the lines are named"
like "$(<pieces.txt)" 'Move what never runs out of pieces: new -[0-9.]+ %, modelled' "which is said"
sed "s/^#define cold_path.*/$(sed -n '/^__attribute__/p' pieces.remedy)/" pieces.c >cured.c
build cured cured.c -DBLOAT=16 -DBLOAT=4070 -g -DMORE=1
is "$(./cured.new 9)" "$(./pieces.new 9)" "what was written can be pasted, and the program does what it did"
"$ltf" sweep --profile zen3 --layouts 2 --apart 0 --json cured.json pieces.new cured.new -- 2000 >/dev/null
is "$(field cured 'r["observed"] < -.3')" True "but faster, as the replay said"
sweep laden 2000
is "$(field laden "r['observed'] > .1, $kind")" "True None" "where old has the same pieces and other work is what costs it is not offered, whatever it would bring"

cat >many.c <<'C'
/* 48 hot functions with BLOAT bytes in each that never run; MORE turns of other work. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)
static volatile int never, more = MORE;
#define F(n) __attribute__((noinline)) static uint64_t f##n(uint64_t x) \
    { \
        if (never) \
            __asm__ volatile(".skip " TEXT(BLOAT) ", 0x90"); \
        return x * 3 + n; \
    }
#define C(n) x = f##n(x);
#define G(M, n) M(n##0) M(n##1) M(n##2) M(n##3) M(n##4) M(n##5) M(n##6) M(n##7)
G(F, 1) G(F, 2) G(F, 3) G(F, 4) G(F, 5) G(F, 6)
int main(int argc, char **argv)
{
    uint64_t x = 1;
    for (long n = argc > 1 ? atol(argv[1]) : 1; n; n--) {
        G(C, 1) G(C, 2) G(C, 3) G(C, 4) G(C, 5) G(C, 6)
        for (volatile int i = 0; i < more; i++)
            ;
    }
    printf("%llu\n", (unsigned long long)x);
    return 0;
}
C
build many many.c -DBLOAT=16 -DBLOAT=4076 -DMORE=1
build toiling many.c -DMORE=1 -DMORE=300 -DBLOAT=4076
sweep many 2000 --axes text
is "$(field many "$kind, r['remedy']['name'], r['remedy']['gain'] < -.3")" "split-functions None True" \
    "48 functions that grew to a page each and meet in one set: large pages do not help, splitting all of them does"
ok "what was written are options that a compiler takes" xargs -a <(sed '/^#/d' many.remedy) gcc -DBLOAT=16 -DMORE=1 -O2 -Wno-missing-profile -o many.pasted many.c
sweep toiling 2000 --axes text
is "$(field toiling "r['observed'] > .1, $kind")" "True None" "where old is split as badly it is not offered"

# ---- one variable aligned ----
cat >tls.c <<'C'
/* Where to go next, LEAD bytes into the thread-local data, as packed data would have it; MORE turns of other work. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)
__asm__(".section .tdata, \"awT\"\n.balign 64\n.globl lead, next\n.type lead, @object\n.type next, @object\n"
        "lead: .skip " TEXT(LEAD) ", 1\n.size lead, . - lead\nnext: .quad 0\n.size next, 8\n.text");
struct __attribute__((packed)) any_byte { uint64_t at; };
extern __thread struct any_byte next[1];
static volatile int more = MORE;
__attribute__((noinline)) static uint64_t follow(uint64_t at)
{
    for (int i = 0; i < 64; i++)
        at = next[at].at;
    return at;
}
int main(int argc, char **argv)
{
    uint64_t at = 0;
    for (long n = argc > 1 ? atol(argv[1]) : 1; n; n--) {
        at = follow(at);
        for (volatile int i = 0; i < more; i++)
            ;
    }
    printf("%llu\n", (unsigned long long)at);
    return 0;
}
C
build tls tls.c -DLEAD=8 -DLEAD=60 -g -DMORE=1
build spinning tls.c '-DLEAD=8 -DMORE=1' '-DLEAD=72 -DMORE=60' -g
sweep tls 2000 --profile skylake-sp
is "$(field tls "$kind, r['remedy']['name'], r['remedy']['gain'] < -.2")" "align-variable next True" \
    "a thread-local variable that other ones pushed across two lines: a border of 64 bytes takes it away"
is "$(<tls.remedy)" '__attribute__((aligned(64))) /* on next */' "which is what is written"
sed 's/next: .quad/.balign 64; &/' tls.c >lined.c
build lined lined.c -DLEAD=8 -DLEAD=60 -g -DMORE=1
sweep lined 2000 --profile skylake-sp
is "$(field lined 'abs(r["observed"]) < .02, r.get("remedies_tried")')" "True None" "and with it nothing is left to explain"
sweep spinning 2000 --profile skylake-sp
is "$(field spinning "r['observed'] > .1, $kind")" "True None" "where it moved but lies on one line and other work is what costs nothing is offered"

# ---- fields of a record in another order ----
sed 's/spin(100000)/spin(MORE)/' "$root/tests/corpus/fields.c" >fields.c
build fields fields.c -DNEAR -DFAR -g -I"$root/tests/corpus" -DMORE=100000
build longer fields.c -DMORE=1000 -DMORE=400000 -g -I"$root/tests/corpus" -DFAR
sweep fields 20000
is "$(field fields "$kind, r['remedy']['name'], r['remedy']['gain'] < -.08, r['remedy']['order'][:3]")" \
    "field-order struct bucket True ['uint64_t key;', 'uint64_t amount;', 'struct bucket *next;']" \
    "fields read together that came to lie in three lines: side by side in front they do not"
like "$(<fields.txt)" 'What of it lies on the heap was not replayed' "and what that leaves out is said"
sed '/^struct bucket {/,/^};/d;/^_Static_assert/d' fields.c | sed '/#include "common.h"/r fields.remedy' >ordered.c
build ordered ordered.c -DNEAR -DFAR -g -I"$root/tests/corpus" -DMORE=100000
is "$(./ordered.new 9)" "$(./fields.new 9)" "what was written can be pasted, and the program does what it did"
"$ltf" sweep --profile zen3 --layouts 2 --apart 0 --json ordered.json fields.new ordered.new -- 20000 >/dev/null
is "$(field ordered 'r["observed"] < -.08')" True "but faster, as the replay said"
sweep longer 20000
is "$(field longer "r['observed'] > .1, $kind")" "True None" "where old has them as far apart and other work is what costs it is not offered"
done_testing
