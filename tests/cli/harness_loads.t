#!/usr/bin/env bash
# The loads and the box that runs them under every allocator: same results everywhere, right tables, refusals.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
cd "$root" || exit 1

box=scripts/box/bench_alloc_box.sh
record=scripts/box/record.pl
mixed=./bench_random_mixed_system
hakmem=build/libhakmem.so
if [[ ! -x $mixed || ! -x build/bench/server ]]; then
    ok "the loads are built (run make first)" false
    done_testing
    exit
fi

like "$($mixed --help)" "cycles .*default 20000000.*ws .*default 400.*seed .*default 1.*min .*default 16.*max .*default 1039" \
    "random_mixed's help has the defaults that the harness documents"
like "$($mixed 1000 10 3 2>/dev/null)" '^Throughput = [0-9]+ ops/s \[iter=1000 ws=10\] time=[0-9.]+s$' \
    "it prints its line on stdout"
like "$($mixed 1000 10 3 2>&1 >/dev/null)" '^Peak RSS = [0-9]+ KiB, CPU time = [0-9.]+ s, CPU throughput = [0-9]+ ops/s$' \
    "and memory and CPU time on stderr"
sum() { "$@" --checksum 2>/dev/null | grep Checksum; }
is "$(sum $mixed 20000 100 5)" "$(sum $mixed 20000 100 5)" "the same arguments give the same checksum"
unlike "$(sum $mixed 20000 100 5)" "$(sum $mixed 20000 100 6)" "another seed gives another"
unlike "$(sum $mixed 20000 100 5 16 1039)" "$(sum $mixed 20000 100 5 16 1038)" "other sizes give another"

# The whole sequence once more, written down independently: 30 cycles, 4 slots, sizes 1..8, content is one byte's repeat.
want=$(perl -e 'use integer;
sub step { my $s = shift; $s = ($s ^ ($s << 13)) & 0xffffffff; $s ^= $s >> 17; return ($s ^ ($s << 5)) & 0xffffffff }
sub fold { my ($s, $v) = @_; return ($s ^ $v) * 0x100000001b3 }
my (@size, @byte); my $sum = 0;
sub back { my $k = shift; $sum = fold($sum, $size[$k]); $sum = fold($sum, $byte[$k]) for 1 .. $size[$k]; undef $size[$k] }
for my $pass ([3, 0x9e3779b9 ^ 1], [30, 1]) {
    my ($n, $r) = @$pass;
    for (1 .. $n) {
        $r = step($r); my $k = $r % 4;
        if (defined $size[$k]) { back($k) } else { $size[$k] = 1 + ($r & 7); $byte[$k] = $r >> 8 & 0xff }
    }
}
defined $size[$_] and back($_) for 0 .. 3;
printf "Checksum = %016x", $sum')
is "$(sum $mixed 30 4 1 1 8)" "$want" "random_mixed does what its description says, step for step"

refuses() { # TITLE REGEX COMMAND...: status 1 and one sentence
    local title=$1 regex=$2 status=0 said
    shift 2
    said=$("$@" 2>&1 >/dev/null) || status=$?
    if [[ $status == 1 && $(wc -l <<<"$said") == 1 ]]; then
        like "$said" "$regex" "$title"
    else
        is "status $status: $said" "status 1 and one sentence" "$title"
    fi
}
refuses "a negative number" "unknown option '-5'" $mixed -5
refuses "a word" "cycles must be a number from 1 to .*, not 'ten'" $mixed ten
refuses "zero slots" "ws must be a number from 1" $mixed 10 0
refuses "a number that does not fit" "seed must be" $mixed 10 10 99999999999999999999
refuses "a number with something after it" "ws must be .*'10k'" $mixed 10 10k
refuses "sizes upside down" "min is larger than max" $mixed 10 10 1 50 40
refuses "an argument too many" "one argument too many, '6'" $mixed 1 2 3 4 5 6

# Every row of the table: runs with its quick arguments, and does the same under hakmem.
while read -r name _ program words; do
    read -ra quick <<<"${words#*|}"
    quick=("${quick[@]//@/build}")
    path=build/bench/$program
    [[ $program != bench_random_mixed ]] || path=$mixed
    if ! "$path" --help | grep -q -- --checksum; then
        like "$("$path" "${quick[@]}" 2>/dev/null)" "^Throughput = [0-9]" "$name runs (its order is the scheduler's: no checksum)"
        continue
    fi
    want=$(sum "$path" "${quick[@]}")
    got=$(export LD_PRELOAD=$root/$hakmem && sum "$path" "${quick[@]}")
    if [[ -f $hakmem ]]; then
        is "$got" "${want:-a checksum}" "$name gives the same under hakmem"
    else
        like "$want" "^Checksum = " "$name runs"
    fi
done < <(grep '^[a-z]' bench/loads.txt)

# Traces: what a program with threads did is recorded, and played back to the same end.
BENCH_TRACE=$work/trace LD_PRELOAD=$root/build/bench/libtrace.so build/bench/server 2 1000 50 5 >/dev/null 2>&1
mv "$work"/trace.[0-9]* "$work/trace"
like "$(build/bench/replay "$work/trace" 2>/dev/null)" 'steps=4[0-9]{3} ' "2 threads x 1000 blocks taken and given make 4000 steps and a few"
ok "valgrind finds nothing wrong in playing it" valgrind -q --error-exitcode=9 build/bench/replay "$work/trace"
BENCH_TRACE=$work/forked LD_PRELOAD=$root/build/bench/libtrace.so \
    perl -e 'if (fork) { wait } else { my @x = map { "x" x $_ } 1 .. 1000 }' >/dev/null
is "$(find "$work" -name 'forked.*' | wc -l)" 1 "a forked child writes no trace of its own"
mv "$work"/forked.* "$work/forked"
ok "nor into its parent's" build/bench/replay "$work/forked"
head -c 1001 "$work/trace" >"$work/cut"
like "$(build/bench/replay "$work/cut" 2>/dev/null)" 'steps=[0-9]+ ' "a trace that is cut short plays to where it is cut"
: >"$work/empty"
refuses "an empty trace" "is no trace, or an empty one" build/bench/replay "$work/empty"
refuses "a text file" "is no trace: record 0" build/bench/replay Makefile
refuses "a trace that is not there" "cannot read the trace" build/bench/replay "$work/none"
refuses "a folder" "(cannot read the trace|is no trace)" build/bench/replay "$work"
refuses "no trace at all" "no trace is named" build/bench/replay

# Tables from made-up runs: ten rounds whose ratios are 1 to 10, so the median is 5.5 and the interval its 2nd and 9th.
runs=$(for r in 1 2 3 4 5 6 7 8 9 10; do
    printf 'x\t%d\tours\t%d000000\t2048\nx\t%d\ttheirs\t1000000\t1024\n' "$r" "$r" "$r"
done)
tables=$(scripts/box/ratio_table.pl ours ours theirs broken <<<"$runs")
like "$tables" "interval, 97.9 %" "ten rounds: the interval covers 97.9 % (1 - 22/1024)"
like "$tables" "x +5\.50 \[2\.00, 9\.00\] +- +5\.50" "median and interval of ratios 1..10; no figure for an allocator without runs"
like "$tables" "x +5\.5 +1 +-" "medians of operations"
like "$tables" "x +2\.0 +1\.0 +- +2\.00" "memory, and how much more than the least of the others"

# The box on a table of its own.
printf 'small 1 bench_random_mixed 2000 50 1 | 1000 50 1\nmany all exchange 2 2000 | 2 1000\n' >"$work/loads.txt"
export LOADS=$work/loads.txt OUT=$work/a.json QUICK=1
text=$(PEERS="again=$root/$hakmem" REFERENCE=system $box 2>&1)
like "$text" "allocators: system .*again" "PEERS adds an allocator"
is "$($record get "$OUT" runs | grep -c '"load" : "many"')" "$(($($record get "$OUT" allocators | grep -c '"name"') * 2))" \
    "two rounds of every allocator are kept"
like "$(cat "$work/a.txt")" "system against each" "the tables are written beside the raw runs"

# Allocators inside programs: linked from sources or an archive, and compared with the others.
link=scripts/box/link_loads_box.sh
ok "a load is linked with the C library's allocator" env WHICH=bench_random_mixed $link "$work/plain"
is "$(sum "$work/plain/bench_random_mixed" 20000 100 5)" "$(sum $mixed 20000 100 5)" "and does what it did"
ok "and with an archive" env WHICH=bench_random_mixed $link "$work/inside" build/libhakmem_minimal.a
like "$(HAKMEM_HELP=1 "$work/inside/bench_random_mixed" 10 10 2>&1)" "HAKMEM_WARM_POOL_SIZE" "whose allocator is then the program's"
text=$(PROGRAMS="plain=$work/plain inside=$work/inside" ONLY="inside plain" REFERENCE=inside $box 2>&1)
like "$text" "allocators: inside plain" "PROGRAMS adds them, ONLY leaves out the others"
like "$text" "small +[0-9.]+ \[" "they have figures"
unlike "$(grep -c many <<<"$text")" 1 "but for a load that was not linked"
refuses "a part that is no file" "'none.c' is neither a flag nor a C file or archive" $link "$work/plain" none.c
refuses "a source that does not compile" "bench_random_mixed: .*error" env WHICH=bench_random_mixed $link "$work/plain" -std=none
refuses "a folder that is not there" "'x=/none' is not NAME=FOLDER" env PROGRAMS=x=/none $box
refuses "only an allocator that is not there" "no allocator 'nobody' here" env ONLY=nobody $box

# The plot of how cost grows: a panel for each family, a line for each allocator in it, by the figures of the result.
printf 'ws_100 1 bench_random_mixed 2000 100 1 | 1000 100 1\nws_1000 1 bench_random_mixed 2000 1000 1 | 1000 1000 1\n' \
    >"$work/grow.txt"
printf 'threads_1 all server 1 100 | 1 100\nthreads_2 all server 2 100 | 2 100\n' >>"$work/grow.txt"
LOADS=$work/grow.txt OUT=$work/grow.json $box >/dev/null 2>&1
scripts/box/scaling_plot.py "$work/grow.json" >"$work/grow.svg"
ok "the plot of how cost grows is well-formed" python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$work/grow.svg"
is "$(grep -c '<path class="line.*<title>' "$work/grow.svg")" \
    "$(($($record get "$work/grow.json" allocators | grep -c '"name"') * 2))" "it has a line for each allocator in both panels"
is "$(grep -c 'class="line reference".*<title>hakmem' "$work/grow.svg")" 2 "the reference is the thick one"
not_ok "a file that is no result is refused" scripts/box/scaling_plot.py "$work/loads.txt"
read -ra rows < <(awk '/^[a-z]/ { print $3 }' bench/scaling.txt | sort -u | paste -sd' ')
is "${rows[*]}" "bench_random_mixed server" "the table of how cost grows names loads that are built"

# An allocator that damages blocks has no figures, and the table says why.
cat >"$work/bad.c" <<'C'
#include <stddef.h>
extern void *__libc_malloc(size_t);
void *malloc(size_t n) { return n == 77 ? __libc_malloc(16) - 8 : __libc_malloc(n); }
int posix_memalign(void **p, size_t a, size_t n) { (void)a; *p = (char *)__libc_malloc(n + 64) + 1; return 0; }
C
${CC:-gcc} -w -shared -fPIC -o "$work/bad.so" "$work/bad.c"
printf 'bent 1 aligned 100 | 100\n' >"$work/loads.txt"
text=$(PEERS="bad=$work/bad.so" REFERENCE=system $box 2>/dev/null)
like "$text" "bent under bad: .*is not aligned" "a broken allocator is named with what it did"
said=$(PEERS="bad=$work/bad.so" REFERENCE=bad $box 2>&1 >/dev/null)
is "$?" 1 "a reference that fails a load ends the box with 1"
like "$said" "the reference fails: bent under bad" "and the last sentence says so"
refuses "a peer that is not there" "'x=/none.so' is not NAME=LIBRARY" env PEERS=x=/none.so $box
refuses "an unknown load" "no load 'nothing'" $box nothing
refuses "an unknown reference" "no allocator 'nobody' here" env REFERENCE=nobody $box
cp tests/lib/fake_bench.c "$work/text.so"
said=$(PEERS="text=$work/text.so" REFERENCE=system $box 2>/dev/null)
like "$said" "bent under text: the library was not loaded" "a library that does not load is no figure either"
done_testing
