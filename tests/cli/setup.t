#!/usr/bin/env bash
# The set-up step on machines that lack something, played with a PATH of stand-ins: what it says, what it runs.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
setup=$root/scripts/setup.sh
mkdir "$work/bin"
for tool in bash awk cat env id true mktemp rm tail sed grep head tr; do # not the shell's own
    ln -s "$(type -P $tool)" "$work/bin/$tool"
done
own_id=$(sha256sum <"$(type -P id)")
# Commands of the table: there, unless a case takes one away.
while IFS= read -r tool; do
    [[ -e $work/bin/$tool ]] || printf '#!/bin/sh\nexit 0\n' >"$work/bin/$tool"
done < <(sed -n 's/^[a-z]*|[^|]*|cmd:\([^|]*\)|.*/\1/p' "$setup")
printf '#!/bin/sh\nexit 0\n' >"$work/bin/cc" # finds every header
chmod +x "$work/bin"/* 2>/dev/null

stand_in() { # NAME LINES; a link to the machine's own goes first, as writing would go through it
    rm -f "$work/bin/$1"
    printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

try() { # TARGET: sets $status and $said
    status=0
    : >"$work/ran"
    said=$(PATH=$work/bin CC=cc RAN=$work/ran "$work/bin/bash" "$setup" "$1" 2>&1) || status=$?
}

is "$("$setup" --list | grep -c '^| `')" "$(grep -cE '^(build|check|demo)\|' "$setup")" "--list prints every row"

# Rows that look for a file may be missing on this machine; the cases below count only what they take away.
if ! "$setup" check >/dev/null 2>&1; then
    skip "the cases" "this machine lacks a package of the table and cannot install it"
    done_testing
    exit
fi
# shellcheck disable=SC2016
apt='echo "$@" >>"$RAN"'
stand_in id 'echo 0'
stand_in apt-get "$apt"
try check
is "$status $said$(cat "$work/ran")" "0 " "with everything there it says nothing and runs nothing"

rm "$work/bin/ld"
try build
is "$status" 0 "root with apt-get: succeeds"
is "$said" "setup: installing binutils (assembler and linker)" "in one line it says what it installs and why"
is "$(cat "$work/ran")" "install -y --no-install-recommends binutils" "and installs just that"

rm "$work/bin/clang"
try build
unlike "$said" "clang" "what only the tests need is not asked for by the build"
try check
like "$said" "binutils \(.*\), clang \(second compiler" "but by the tests"

# shellcheck disable=SC2016
stand_in apt-get 'echo "$@" >>"$RAN"; case $1 in update) : >"$RAN.fresh";; *) test -e "$RAN.fresh";; esac'
try build
is "$status:$(tr '\n' ';' <"$work/ran")" \
    "0:install -y --no-install-recommends binutils;update;install -y --no-install-recommends binutils;" \
    "old package lists are fetched only after a first try failed"
rm -f "$work/ran.fresh"

stand_in apt-get 'echo "E: Unable to locate package"; exit 100'
try build
is "$status" 1 "an apt-get that fails: status 1"
like "$said" "run it by hand: .*apt-get install --no-install-recommends binutils" "with the exact command"

stand_in id 'echo 1000'
stand_in sudo 'exit 1'
try build
is "$status" 1 "neither root nor sudo: status 1"
like "$said" "sudo apt-get install --no-install-recommends binutils$" "with the exact command"

# shellcheck disable=SC2016
stand_in sudo '[ "$1" = -n ] && shift; echo "sudo" >>"$RAN"; exec "$@"'
stand_in apt-get "$apt"
try build
is "$status $(tail -1 "$work/ran")" "0 install -y --no-install-recommends binutils" "with sudo it goes through sudo"
like "$(cat "$work/ran")" "sudo" "and not around it"

rm "$work/bin/apt-get"
try build
is "$status" 1 "no apt-get: status 1"
like "$said" "binutils.*no apt-get" "and it names what is missing"
is "$(sha256sum <"$(type -P id)")" "$own_id" "the machine's own commands are as they were"
done_testing
