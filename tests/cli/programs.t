#!/usr/bin/env bash
# Recorded, a program prints what it prints natively and ends the same way: programs of Debian, and made ones with
# everything that a process can do.
# shellcheck disable=SC2016 # dollars are the recorded programs' own
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/recorder.sh
. "$root/tests/lib/recorder.sh"
ulimit -c 0

# What they work on: C source, text, a list of numbers; all of it ours or made here.
cd "$work" || exit
cp "$root/forensics/sim/record.c" text.c
printf 'int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }\nint main(void) { return fib(9); }\n' >fib.c
sed 's/return/give back/' text.c >changed.c
seq 1 3000 | shuf --random-source=/dev/zero >numbers
sort -n numbers >sorted
gzip -9c text.c >text.gz
mkdir tree tree/a tree/a/b
printf 'scale=40\n4*a(1)\n2^200\nquit\n' >pi.bc
printf 'proc f n { if {$n < 2} {return $n}; expr {[f [incr n -1]] + [f [incr n -1]]} }; puts [f 12]\n' >fib.tcl
printf 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f a\n' >key.pub
$cc -O1 -c -o fib.o fib.c
$cc -O1 -g -o fib fib.c
$cc -O1 -S -o fib.s fib.c
printf 'all: one two\none: ; @echo $@ $(words $(sort c b a b))\ntwo: one ; @echo $@ after $^\n' >fib.mk
# A recording's date is fixed: make would take a newer file for a skewed clock.
touch -d 2020-01-01 tree/a/one tree/a/b/two tree/three fib.mk
tar -C tree --sort=name --mtime=2020-01-01 --owner=0 --group=0 --numeric-owner -cf tree.tar .
printf 'define(`twice'"'"', `$1$1'"'"')twice(`twice(`ab'"'"')'"'"') eval(2**10) len(abcdef)\n' >fib.m4
printf '_ZN3std6vectorIiE9push_backEi\n_Z3fibi\nmain\n' >mangled
export GIT_CONFIG_NOSYSTEM=1
git -c init.defaultBranch=main init -q repository
git -C repository -c user.name=a -c user.email=a@b commit -q --allow-empty -m one --date=2020-01-01T00:00:00Z


# program INPUT PROGRAM ARG...: one point. INPUT "-": none. What this machine does not have is skipped.
program() {
    local input=${1#-} path
    shift
    path=$(PATH=/usr/local/bin:/usr/bin:/bin command -v "$1")
    if [[ $path != /* ]]; then
        skip "$1" "not installed"
        return
    fi
    ran=$((ran + 1))
    shift
    same "${path##*/}" "$path" "$@"
}
ran=0

program numbers sort -n
program sorted uniq -c -w 2
program text.c cut -c 3-20
program text.c tr a-z A-Z
program text.c wc
program text.c tac
program - join --nocheck-order sorted sorted
program text.gz od -A x -t x1z
program text.c base64
program text.c sha256sum
program numbers factor
program - date -d @1000000000 +%c
program - ls -lR --time-style=+%s tree
program text.c gzip -9nc
program text.gz gzip -dc
program text.c xz -6c
program text.c bzip2 -9c
program text.c sed -n -e 's/static/STATIC/gp' -e '/err/{h;x;p}'
program text.c awk '{ for (i = 1; i <= NF; i++) n[$i]++ } END { for (w in n) if (n[w] > 9) s += n[w] * length(w); print s, sqrt(s) }'
program text.c grep -nE '(record|err)_[a-z]+\(.*\)$'
program - find tree -newermt 2019-01-01 -type f -size -1 -name 't*'
program - diff -u text.c changed.c
program - cmp -l text.c changed.c
program tree.tar tar -tv --full-time
program text.c dash -c 'n=0; while read -r a b; do case $a in static) n=$((n + 1)) ;; esac; done; echo $n; (exit 3) || echo $?; exit 5'
program - bash -c 'for i in {1..30}; do a[i]=$((i * i)); done; echo "${a[@]: -3}"; printf "%s\n" "$(echo child)"; exit 6'
program text.c perl -ne '$n{$1}++ while /(\w+)/g; END { printf "%s %d\n", $_, $n{$_} for grep $n{$_} > 15, sort keys %n }'
program text.c python3 -c 'import sys, re, collections
print(collections.Counter(re.findall(r"\w+", sys.stdin.read())).most_common(5), sum(i * i for i in range(5000)), {"a", "b"})'
program - git -C repository log --format=%s:%ad --date=iso
program - "$(gcc -print-prog-name=cc1)" -quiet -O2 -o - fib.c
program - "$(g++ -print-prog-name=cc1plus)" -quiet -O2 -o - fib.c
program - gcc -O2 -o fib.again fib.c
program - as -al -o fib.as.o fib.s
program - ld -r -M -o fib.ld.o fib.o
ar rcD fib.a fib.o
program - ar tvO fib.a
program - readelf -aW fib
program - objdump -dr fib.o
program - nm -n fib
program - strip -v -o fib.stripped fib
program mangled c++filt
program - make -f fib.mk
program - eu-readelf -l --symbols fib
program - m4 fib.m4
program - bc -lq pi.bc
program - sqlite3 :memory: 'with recursive n(i) as (select 1 union all select i+1 from n where i<2000) select count(*), sum(i*i), group_concat(i%7) from n where i%13=0'
program - gdb -nx -batch -ex 'disassemble fib' -ex 'info line main' -ex 'print sizeof(int)' fib
program text.c openssl dgst -sha3-256
program - ssh-keygen -lf key.pub
program text.c zstd -3c
program - jq -nc '[range(50)]|map(.*.)|add'
program - tclsh fib.tcl
program - file fib fib.o text.gz
ok "at least 30 programs ran ($ran)" test "$ran" -ge 30

## made programs: how they are linked, and what they do

build_made() {
    local c=("$cc" -O1 -D_GNU_SOURCE -Wall -Wextra -Werror -pthread "$here/process.c" -lm) cxx=("${CXX:-g++}" -O1 -pthread "$here/throw.cc")
    "${c[@]}" -o pie && "${c[@]}" -no-pie -fno-pie -o fixed && "${c[@]}" -static -o static && "${c[@]}" -static-pie -o static-pie &&
        "${cxx[@]}" -o throw && "${cxx[@]}" -static -o throw-static
}
ok "the made programs build" build_made
for act in children signals threads killed; do
    for made in pie fixed static static-pie; do
        same "$act, $made" "./$made" "$act"
    done
done
same "a library loaded by dlopen, another rounding" ./pie library
same "C++ exceptions" ./throw
same "C++ exceptions, static" ./throw-static
input=text.c same "standard input from a file" ./pie input
for from in 'seq 1 7' 'yes | head -n 70000'; do
    lines=$(eval "$from" | "$drive" ./pie input 2>&1 | sed -n 's/^lines: //p')
    is "$lines" "$(eval "$from" | wc -l)" "standard input from a pipe: $from"
done

## what the command says of what it cannot follow

ltf() { "$root/layout_tax_forensics" --runs 0 --profile zen3 "$@" 2>&1 | tr -s ' \n' ' '; }
like "$(ltf ./pie ./pie -- children)" "! old started 7 other processes, whose work is not modelled \(the clock counts it\): give the program that does the work" \
    "children are counted, and it is said that they are not modelled"
like "$(ltf /bin/dash /bin/dash -- -c 'exec true')" "! old became another program \(execve\), whose work is not modelled" "so is a program that becomes another one"
unlike "$(ltf ./pie ./pie -- threads)" "not modelled" "threads are followed, and nothing is said"
if command -v script >/dev/null; then
    like "$(script -qec "'$root/layout_tax_forensics' --runs 0 --stdin /dev/tty ./pie ./pie -- input" typescript)" "'/dev/tty' is a terminal and cannot be fed again" "a terminal as standard input is refused"
else
    skip "a terminal as standard input is refused" "no script (bsdutils) here"
fi
done_testing
