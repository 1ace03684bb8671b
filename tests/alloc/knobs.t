#!/bin/bash
# Every knob does what its row says, shown by statistics or by what the process does.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
build=${BUILD:-$root/build}
lib=$build/libhakmem.so
load=$build/tests/alloc/mixed
doc=$build/tests/alloc/knobs_doc

stats() { env LD_PRELOAD="$lib" HAKMEM_STATS=1 "$@" "$load" 2>&1; }
cell() { awk -v row="$1" -v col="$2" '$1 == row { print $col; exit }'; }   # of the table by band
value() { awk -v name="$1" 'index($0, name) == 1 { print $NF; exit }'; }
gt() { (( $1 > $2 )); }

# inline slots
on=$(stats) off5=$(stats HAKMEM_TINY_C5_INLINE_SLOTS=0) off6=$(stats HAKMEM_TINY_C6_INLINE_SLOTS=0)
is "$(cell C5 6 <<<"$on") $(cell C6 6 <<<"$on")" '0 0' 'by default no malloc of C5 or C6 takes a call for want of inline slots'
ok 'and their inline slots are refilled' gt "$(cell C5 4 <<<"$on")" 0
ok 'HAKMEM_TINY_C5_INLINE_SLOTS=0: every malloc of C5 takes a call' gt "$(cell C5 6 <<<"$off5")" 10000
is "$(cell C5 4 <<<"$off5") $(cell C5 5 <<<"$off5")" "$(cell C5 4 <<<"$on") $(cell C5 5 <<<"$on")" \
    'to a list of the same length: slabs see the same batches'
is "$(cell C6 6 <<<"$off5")" 0 'while C6 is served as before'
ok 'HAKMEM_TINY_C6_INLINE_SLOTS=0: every malloc of C6 takes a call' gt "$(cell C6 6 <<<"$off6")" 10000
is "$(cell C5 6 <<<"$off6")" 0 'and C5 is served as before'
for program in contract threads; do
    ok "and $program holds without inline slots, too" env HAKMEM_TINY_C5_INLINE_SLOTS=0 HAKMEM_TINY_C6_INLINE_SLOTS=0 \
        "$build/tests/alloc/$program.preload.t"
done

# warm pool
w0=$(stats HAKMEM_WARM_POOL_SIZE=0) w16=$(stats HAKMEM_WARM_POOL_SIZE=16)
is "$(value 'warm hits' <<<"$w0")" 0 'HAKMEM_WARM_POOL_SIZE=0: no slab is found warm'
ok 'and the cold list serves instead' gt "$(value 'cold hits' <<<"$w0")" 0
ok 'HAKMEM_WARM_POOL_SIZE=16: slabs are found warm' gt "$(value 'warm hits' <<<"$w16")" 0

# cache bound
ok 'HAKMEM_CACHE_KB=1 flushes more often than 1024' gt "$(cell C7 5 < <(stats HAKMEM_CACHE_KB=1))" \
    "$(cell C7 5 < <(stats HAKMEM_CACHE_KB=1024))"

# purging
is "$(value 'purged bytes' < <(stats HAKMEM_PURGE_MS=-1))" 0 'HAKMEM_PURGE_MS=-1: nothing is returned'
ok 'HAKMEM_PURGE_MS=0: idle memory is returned at once' gt "$(value 'purged bytes' < <(stats HAKMEM_PURGE_MS=0))" 1000000

# kept runs
ok 'blocks above 32 KiB are kept by their thread' gt "$(value 'run hits' <<<"$on")" 90
is "$(value 'run hits' < <(stats HAKMEM_RUNS_KB=0))" 0 'HAKMEM_RUNS_KB=0: they are not'

# spare memory
ok 'by default a freed large block is spare' gt "$(value 'cached bytes' <<<"$on")" 1000000
s0=$(stats HAKMEM_SPARE_MB=0)
is "$(value 'cached bytes' <<<"$s0")" 0 'HAKMEM_SPARE_MB=0: none is kept'
ok 'but returned' gt "$(value 'purged bytes' <<<"$s0")" 1000000

# random order
first() { env LD_PRELOAD="$lib" "$@" "$load" order; }
is "$(first)" ascending 'blocks of a fresh slab come in ascending order'
is "$(first HAKMEM_RANDOM_ORDER=1)" mixed 'HAKMEM_RANDOM_ORDER=1: they do not'

# address space
like "$(env LD_PRELOAD="$lib" HAKMEM_ADDRESS_SPACE_GB=1 "$load" big)" 'refused' 'HAKMEM_ADDRESS_SPACE_GB=1: 2 GiB are refused'
like "$(env LD_PRELOAD="$lib" "$load" big)" 'given' 'by default they are given'

# huge pages, seen from outside
huge() { strace -f -e trace=madvise env LD_PRELOAD="$lib" "$@" 2>&1 | grep -c MADV_HUGEPAGE; }
blocks=("$build/bench/large" 20 4 1048576 8388608 4096)
if command -v strace >/dev/null && strace true >/dev/null 2>&1; then
    is "$(huge HAKMEM_HUGE_PAGES=0 "$load")" 0 'HAKMEM_HUGE_PAGES=0: no advice is given'
    ok 'HAKMEM_HUGE_PAGES=1: it is, for units that are in use' gt "$(huge HAKMEM_HUGE_PAGES=1 "$load")" 0
    is "$(huge HAKMEM_HUGE_PAGES=1 "${blocks[@]}")" 0 'but not for blocks above 1 MiB'
    ok 'HAKMEM_HUGE_PAGES=2: for those, too' gt "$(huge HAKMEM_HUGE_PAGES=2 "${blocks[@]}")" 0
else
    skip 'HAKMEM_HUGE_PAGES' 'strace is not here or may not trace'
fi

# quarantine
held() { env LD_PRELOAD="$build/libhakmem_checking.so" HAKMEM_QUARANTINE_KB="$1" "$load" reuse; }
is "$(held 0)" 'reused' 'HAKMEM_QUARANTINE_KB=0: the checking build hands a freed block out again at once'
is "$(held 4096)" 'held' 'HAKMEM_QUARANTINE_KB=4096: it does not'

# fault injection
like "$(env LD_PRELOAD="$lib" HAKMEM_FAIL_NTH=6 "$load" 2>&1; echo $?)" '(^|[^0-9])[01]$' 'HAKMEM_FAIL_NTH: a failed request does not crash'

# bad values: once, default
for bad in x '' 12x -1 9999999999999999999 ' 3' 1.5; do
    out=$(stats HAKMEM_WARM_POOL_SIZE="$bad")
    if [[ -z $bad ]]; then
        unlike "$out" 'WARM_POOL_SIZE' 'an empty value is as good as none'
    else
        is "$(grep -c 'HAKMEM_WARM_POOL_SIZE=.* is not a whole number from 0 to 1024; the default 16 is used' <<<"$out")" 1 \
            "HAKMEM_WARM_POOL_SIZE='$bad' is reported once and the default used"
    fi
done

# help, document, record
help=$(env LD_PRELOAD="$lib" HAKMEM_HELP=1 /bin/true 2>&1)
# shellcheck disable=SC2016 # the backquotes are the document's
for k in $("$doc" | sed -n 's/^| `\([A-Z0-9_]*\)`.*/\1/p'); do
    like "$help" "$k " "HAKMEM_HELP=1 explains $k"
done
sed -n '/^| variable/,/^$/p' "$root/docs/knobs.md" | sed '/^$/d' >"$work/in_doc"
"$doc" >"$work/now"
ok 'docs/knobs.md has the table of the source (make docs-knobs)' diff "$work/in_doc" "$work/now"
env LD_PRELOAD="$lib" HAKMEM_TRAIN_RECORD="$work/record" HAKMEM_TINY_C5_INLINE_SLOTS=0 HAKMEM_WARM_POOL_SIZE=3 /bin/true
env LD_PRELOAD="$lib" HAKMEM_TRAIN_RECORD="$work/record" /bin/true
is "$(wc -l <"$work/record")" 2 'HAKMEM_TRAIN_RECORD appends a line for each process'
is "$(head -1 "$work/record" | tr ',{}' '\n' | grep -E 'C5|WARM' | tr -d ' "' | paste -sd,)" \
    'HAKMEM_WARM_POOL_SIZE:3,HAKMEM_TINY_C5_INLINE_SLOTS:0' 'with the values that the process really saw'
done_testing
