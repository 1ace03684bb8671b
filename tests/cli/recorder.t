#!/usr/bin/env bash
# The recorder: counts against cachegrind, the same stream every time, and the programs it must cope with.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

# shellcheck source=tests/lib/recorder.sh
. "$root/tests/lib/recorder.sh"
set -e
$cc -O2 -static -o "$bin/compute" "$here/compute.c"
$cc -O2 -o "$bin/malloc" "$here/malloc.c"
$cc -O2 -D_GNU_SOURCE -o "$bin/life" "$here/life.c" -lpthread
$cc -O2 -o "$bin/clock" "$here/clock.c" -lpthread
$cc -O2 -shared -fPIC -o "$bin/preload.so" "$here/preload.c"
set +e

## counts

got=$(record -b "$bin/compute")
native=$("$bin/compute"); status=$?
is "$(cat "$work/stderr")" "$native" "a recorded program prints what it prints natively"
is "$(value status <<<"$got")" "$status" "and exits with the same status"
is "$(value bad_next <<<"$got")" 0 "every block starts where the one before it left for"

# Per function: ADDRESS of every function of the program itself, from its symbol table.
by_function() { # reads "ADDRESS COUNT" lines in hexadecimal, prints "FUNCTION SUM"
    nm "$bin/compute" | awk '$2 ~ /[tT]/ && $3 ~ /^(fill|sift|heap_sort|strings|locked|fib|newton|precision|main)$/ { print "s", $1, $3 }' |
        sort -k2 >"$work/symbols"
    nm -S "$bin/compute" | awk 'NF == 4 { print $4, $2 }' >"$work/sizes"
    python3 - "$work/symbols" "$work/sizes" <<'PY'
import sys
sizes = dict(line.split() for line in open(sys.argv[2]))
ranges = [(int(a, 16), int(sizes[n], 16), n) for _, a, n in (l.split() for l in open(sys.argv[1]))]
sums = {n: 0 for _, _, n in ranges}
for line in open("/dev/fd/3"):
    address, count = line.split()
    for start, size, name in ranges:
        if start <= int(address, 16) < start + size:
            sums[name] += int(count)
for name in sorted(sums):
    print(name, sums[name])
PY
}
if [[ -x /usr/libexec/valgrind/cachegrind-amd64-linux ]]; then
    mine=$(awk '$1 == "block" { print $2, $4 }' <<<"$got" | by_function 3<&0)
    env -i VALGRIND_LIB=/usr/libexec/valgrind VALGRIND_LAUNCHER=/usr/bin/valgrind.bin PATH=/usr/bin:/bin \
        /usr/libexec/valgrind/cachegrind-amd64-linux --tool=cachegrind --cache-sim=no \
        --cachegrind-out-file="$work/cg" "$bin/compute" >/dev/null 2>&1
    theirs=$(awk '/^fn=/ { f = substr($0, 4) } /^[0-9]/ { n[f] += $2 }
        END { for (f in n) if (f ~ /^(fill|sift|heap_sort|strings|locked|fib|newton|precision|main)$/) print f, n[f] }' "$work/cg" | LC_ALL=C sort)
    is "$mine" "$theirs" "instructions per function equal cachegrind's exactly"
    total=$(awk '/^summary:/ { print $2 }' "$work/cg")
    steps=$(value steps <<<"$got")
    diff=$((steps > total ? steps - total : total - steps))
    ok "and in total within 0.1 % ($steps against $total)" test $((diff * 1000)) -le "$total"
    ok "a repeated instruction retires once" test "$(value insns <<<"$got")" -lt "$steps"
else
    skip "instructions per function equal cachegrind's" "no cachegrind here"
fi

## the same stream every time

mkdir -p "$work/a/very/deep/folder/with/a/long/name" "$work/elsewhere"
cp "$bin/malloc" "$work/elsewhere/other-name"
hashes=$(
    record "$bin/malloc" 30000 | value hash
    cd "$work/a/very/deep/folder/with/a/long/name" && record "$bin/malloc" 30000 | value hash
    cd / && env -i PATH=/usr/bin:/bin "$drive" "$bin/malloc" 30000 2>&1 | value hash
    BIG=$(printf '%05000d' 0) record "$bin/malloc" 30000 | value hash
    record -n malloc "$work/elsewhere/other-name" 30000 | value hash
)
is "$(sort <<<"$hashes" | uniq -c | awk '{ print $1 }')" 5 \
    "five recordings are the same, whatever the folder, the environment and the program's path" || diag "$hashes"
hashes=$(for _ in 1 2 3; do record "$bin/life" random | value hash; done)
is "$(sort -u <<<"$hashes" | wc -l)" 1 "random bytes are the same in every recording"
record -s "$work/saved" "$bin/malloc" 30000 >"$work/from-file"
record "$bin/malloc" 30000 >"$work/from-ring"
ok "a saved recording holds the same stream" cmp "$work/from-file" "$work/from-ring"
got=$(record -e EXTRA=1 "$bin/life" environment)
like "$(cat "$work/stderr")" "^PATH=/usr/local/bin:/usr/bin:/bin.LC_ALL=C.TZ=UTC0.*EXTRA=1" "the environment is a fixed list with additions"
unlike "$(cat "$work/stderr")" "HOME=$HOME.*PWD|LOGNAME|SHLVL" "and nothing of the caller's"
like "$(record -r "$bin/malloc" 10)" "engine=valgrind 3.*isa=x86-64-v2.*aslr=off.*arg=/proc/self/fd/200/malloc.arg=10" \
    "the recipe says how it was run"

## what processes do

got=$(record "$bin/life" threads)
is "$(value status <<<"$got") $(value threads <<<"$got") $(value bad_next <<<"$got")" "7 4 0" "threads are recorded, each by its number"
got=$(record "$bin/life" fork)
is "$(value status <<<"$got") $(value forks <<<"$got") $(value end <<<"$got")" "8 1 8" "a fork is noted, and the stream stays the parent's"
ok "the child's million turns are not in it" test "$(value insns <<<"$got")" -lt 1000000
got=$(record "$bin/life" signals)
is "$(value status <<<"$got") $(value signals <<<"$got") $(value signal_ends <<<"$got")" "9 9 4" \
    "signals and returns from handlers are noted, a handler that jumps out has no return"
got=$(record "$bin/life" code)
is "$(value status <<<"$got")" 10 "code that changes itself runs right"
got=$(record "$bin/life" exec)
is "$(value status <<<"$got") $(value execs <<<"$got")" "0 1" "a program that replaces itself ends the stream there"
got=$(record "$bin/life" noexec)
is "$(value status <<<"$got") $(value execs <<<"$got")" "12 2" "and goes on when that fails"
got=$(record "$bin/life" abort)
is "$(value status <<<"$got") $(value signal <<<"$got")" "-1 6" "a signal that ends the program is told"
got=$(record -e LD_PRELOAD="$bin/preload.so" "$bin/life" id)
is "$(cat "$work/stderr")" 4242 "LD_PRELOAD works"

## time

want=$("$bin/clock")
is "$(grep -c ': yes$' <<<"$want")/$(wc -l <<<"$want")" 11/11 "natively, time passes as it should" || diag "$want"
record "$bin/clock" >"$work/clock"
is "$(cat "$work/stderr")" "$want" "and recorded it does"
texts=$(for _ in 1 2 3; do record "$bin/clock" x >"$work/clock" && cat "$work/stderr"; sleep 0.3; done)
is "$(sort -u <<<"$texts" | wc -l)" 1 "all clocks show the same in every recording" || diag "$texts"

## the same processor everywhere

# What programs choose their code by, as an old processor with SSE4.2 answers, and as one with AVX2. (The program run
# natively fails this on any machine.)
identity='hwcap bfebfbff hwcap2 0 frame 0 vdso 0
ignored 0 told 1
cpuid 0: 0000000b 756e6547 6c65746e 49656e69
cpuid 1: 00020652 00100800 0298e3ff bfebfbff
cpuid 2: 55035a01 00f0b2e3 00000000 09ca212c
cpuid 4: 1c004121 01c0003f 0000003f 00000000
cpuid 7: 00000000 00000000 00000000 00000000
cpuid b: 00000001 00000002 00000100 00000000
cpuid d: 00000001 00000002 00000100 00000000
cpuid 80000001: 00000000 00000000 00000001 28100800
cpuid 80000006: 00000000 00000000 01006040 00000000
ifunc 1 avx2 0 avx512 0
cpu 0 node 0, cache 32768 262144'
identity_v3='hwcap bfebfbff hwcap2 0 frame 0 vdso 0
ignored 0 told 1
cpuid 0: 0000000d 756e6547 6c65746e 49656e69
cpuid 1: 000306c3 02100800 3ffafbff bfebfbff
cpuid 2: 76036301 00f0b6ff 00000000 00c10000
cpuid 4: 1c004121 01c0003f 0000003f 00000000
cpuid 7: 00000000 000027aa 00000000 00000000
cpuid b: 00000001 00000002 00000100 00000002
cpuid d: 00000007 00000340 00000340 00000000
cpuid 80000001: 00000000 00000000 00000021 2c100800
cpuid 80000006: 00000000 00000000 01006040 00000000
ifunc 2 avx2 1 avx512 0
xcr0 0 7
cpu 0 node 0, cache 32768 262144'
$cc -O1 -D_GNU_SOURCE -o "$bin/identity" "$here/identity.c"
record "$bin/identity" >"$work/lines"
is "$(cat "$work/stderr")" "$identity" "processor, capabilities, caches and ifunc choices are a fixed processor's, not this one's"
if grep -qw avx2 /proc/cpuinfo && $cc -O1 -D_GNU_SOURCE -march=x86-64-v3 -Wl,-z,x86-64-v3 -o "$bin/identity-v3" "$here/identity.c" 2>/dev/null; then
    record "$bin/identity-v3" >"$work/lines"
    is "$(cat "$work/stderr")" "$identity_v3" "another fixed one for a program that needs AVX2"
else
    skip "another fixed one for a program that needs AVX2" "no AVX2 here"
fi
if grep -qw rdseed /proc/cpuinfo; then
    texts=$(for _ in 1 2; do record "$bin/identity" random >"$work/lines"; grep random "$work/stderr"; done)
    is "$(grep -c . <<<"$texts") $(sort -u <<<"$texts" | wc -l)" "2 1" "RDRAND and RDSEED, used without asking CPUID, are the same in every recording" || diag "$texts"
else
    skip "RDRAND and RDSEED are the same in every recording" "this processor has none"
fi

## refusals

printf '#!/bin/sh\n' >"$work/script"; chmod +x "$work/script"
cp "$bin/malloc" "$work/setuid"; chmod u+s "$work/setuid"
cp "$bin/malloc" "$work/other"; printf '\267\0' | dd of="$work/other" bs=1 seek=18 conv=notrunc status=none # EM_AARCH64
printf 'text\n' >"$work/text"; chmod +x "$work/text"
cp "$bin/malloc" "$work/capable"
cp "$bin/malloc" "$work/not-executable"; chmod -x "$work/not-executable"
$cc -O1 -Wl,--dynamic-linker=/nonexistent/ld.so -o "$work/no-loader" "$here/malloc.c"
$cc -O1 -o "$bin/illegal" "$here/illegal.c"
like "$(record "$work/script")" "error=.*is a script" "a script is refused"
like "$(record "$work/setuid")" "error=.*setuid" "a setuid program is refused"
like "$(record "$work/other")" "error=.*not an x86-64 program" "another architecture is refused"
like "$(record "$work/text")" "error=.*not an ELF" "a text file is refused"
if python3 -c 'import os, struct, sys; os.setxattr(sys.argv[1], "security.capability", struct.pack("<5I", 0x2000001, 1 << 13, 0, 0, 0))' "$work/capable" 2>/dev/null; then
    like "$(record "$work/capable")" "error=.*has file capabilities" "a program with file capabilities is refused"
else
    skip "a program with file capabilities is refused" "only root may give them, and not on every file system"
fi
like "$(record "$work/no-loader")" "error=.*needs the loader '/nonexistent/ld.so', which is not on this machine" "a program without its loader is refused"
like "$(record "$work/not-executable")" "error=.*is not executable: chmod [+]x" "a program that is not executable is refused"
mkdir "$work/noexec"
# shellcheck disable=SC2016 # the inner shell's own
if unshare -m true 2>/dev/null; then
    like "$(unshare -m bash -c 'mount -t tmpfs -o noexec none "$1/noexec" && cp "$1/bin/malloc" "$1/noexec" && "$2" "$1/noexec/malloc" 2>&1' - "$work" "$drive")" \
        "error=.*mounted noexec" "a program on a file system without execution is refused"
else
    skip "a program on a file system without execution is refused" "only root can mount one"
fi
like "$(record "$work/missing")" "error=cannot open the program" "a missing program is told"
if $cc -O2 -Wl,-z,x86-64-v4 -o "$bin/v4" "$here/malloc.c" 2>/dev/null; then
    like "$(record "$bin/v4")" "error=.*AVX-512" "a program that needs AVX-512 is refused"
else
    skip "a program that needs AVX-512 is refused" "this linker cannot mark one"
fi
if grep -qw avx2 /proc/cpuinfo && $cc -O2 -march=x86-64-v3 -Wl,-z,x86-64-v3 -o "$bin/v3" "$here/malloc.c" 2>/dev/null; then
    like "$(record -r "$bin/v3" 100)" "status=0.*isa=x86-64-v3" "a program that needs AVX2 is shown it"
else
    skip "a program that needs AVX2 is shown it" "no AVX2 here"
fi
like "$(record "$bin/illegal" avx512)" "error=.*uses AVX-512.*at 0x[0-9a-f]+\\): build it for" "AVX-512 in a program that is not marked is named when it is met"
like "$(record "$bin/illegal" xop)" "error=.*cannot run \\(unknown instruction at 0x[0-9a-f]+: 8f e8" "another unknown instruction, too"
for act in trap raise; do
    got=$(record "$bin/illegal" "$act")
    is "$(value error <<<"$got")$(value signal <<<"$got")" 4 "SIGILL by the program's own will ($act) is the program's"
done
limited() { (ulimit "$@" && record /bin/true); }
like "$(limited -n 64)" "error=.*needs 1024 descriptors, and the limit here .ulimit -n. is below" "too few descriptors are named"
like "$(limited -s 1024)" "error=.*needs a stack of 8 MiB.*ulimit -s" "too small a stack is named"
like "$(limited -v 100000)" "error=.*256 MiB of address space.*ulimit -v" "too little address space is named"
like "$(limited -d 100000)" "error=.*256 MiB of data.*ulimit -d" "too little data is named"
like "$(limited -f 1000)" "error=.*files of 1 GiB.*ulimit -f" "too small files are named"
is "$(limited -S -v 300000 | value status)$(limited -S -n 256 | value status)$(limited -S -s 1024 | value status)" 000 "soft limits are raised for the recording"
like "$(TMPDIR=$work/nowhere record /bin/true)" "error=cannot make a folder for the recording in '.*/nowhere' .set TMPDIR" "a missing TMPDIR is named"
like "$(record -t 0.3 /bin/sleep 60)" "error=.*ended after 0.3 seconds" "a recording has a time limit"
like "$(record -i /bin/sleep 60)" "error=interrupted while" "a recording can be interrupted"
is "$(record -q 3 "$bin/malloc" 100000000 | value signal)" 9 "a reader that gives up ends the program"

## where the recorder lies

installed=$work/inst/libexec/layout_tax_forensics
mkdir -p "$work/inst/bin" "$installed/src/sim" "$work/old/bin" "$work/fake"
cp "$drive" "$work/inst/bin/drive"
cp -r "$root/forensics/sim/recorder" "$root/forensics/sim/stream_format.h" "$installed/src/sim/"
export XDG_CACHE_HOME=$work/cache
first_use() { "$work/inst/bin/drive" /bin/true 2>&1; }
like "$(VALGRIND_LIBS=/nonexistent first_use)" "error=.*apt-get install valgrind" "without Valgrind the sentence has the remedy"
echo '#define VERSION "9.9.9"' >"$work/fake/config.h"; : >"$work/fake/pub_tool_tooliface.h"
like "$(VALGRIND_INCLUDE=$work/fake first_use)" "error=.*Valgrind 9.9.9 is installed, but the recorder knows only" \
    "an unknown Valgrind is refused by its version"
is "$(first_use | value status)" 0 "where it is not built, it is built on first use"
ok "into the cache folder" test -x "$XDG_CACHE_HOME"/layout_tax_forensics/recorder-*/layout_tax_recorder-amd64-linux
cp "$drive" "$work/old/bin/drive"
like "$("$work/old/bin/drive" /bin/true)" "status=0" "and found there the next time, also without sources"
rm -r "$XDG_CACHE_HOME"
like "$("$work/old/bin/drive" /bin/true)" "error=.*neither built nor" "with neither, the sentence says so"
cp -r "$root/build/recorder" "$installed/recorder"
is "$(first_use | value status)" 0 "an installed recorder is found"

## nothing stays behind

folders() { find "$TMPDIR" -type l | wc -l; }
is "$(ls "$TMPDIR")" "" "no temporary folder is left"
"$drive" /bin/sleep 60 >"$work/lines" 2>&1 &
killed=$!
until [[ $(folders) == 1 ]]; do sleep 0.05; done
kill -9 $killed
wait $killed 2>/dev/null
is "$(folders)" 1 "a recording that is killed leaves its folder"
left=$(find "$TMPDIR" -type l)
"$drive" /bin/sleep 2 >"$work/lines" 2>&1 &
until [[ ! -L $left && $(folders) == 1 ]]; do sleep 0.05; done
like "$(record /bin/true)" "status=0" "the next one takes it away"
is "$(folders)" 1 "and leaves the folder of one that runs"
wait
is "$(value status <"$work/lines") $(ls "$TMPDIR")" "0 " "which ends well, and then nothing is left"

done_testing
