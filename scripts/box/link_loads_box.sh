#!/bin/bash
# The loads with an allocator inside: each program of bench/loads.txt from its sources and the allocator's in one command,
# with link-time optimisation, for bench_alloc_box.sh (PROGRAMS=) to compare like against like.
#
#   scripts/box/link_loads_box.sh FOLDER [SOURCE|FLAG...]
#
# SOURCEs are C files and archives (which may hold objects for link-time optimisation); without any, it is the C library's
# allocator. FLAGs are the allocator's own, as -DNAME=1 and -IFOLDER. The programs replace what FOLDER held.
#
#   CC=gcc   FLAGS='-O3 -DNDEBUG -flto' (for program and allocator alike)
#   WHICH= (the programs wanted; all if empty)

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

CC=${CC:-gcc} TABLE=$ROOT/bench/loads.txt
(($# > 0)) || die "name the folder for the programs; --help says more"
FOLDER=$1
shift
for part in "$@"; do
    [[ $part == -* || ($part == *.[ca] && -f $part) ]] || die "'$part' is neither a flag nor a C file or archive that is there"
done
# -u: with link-time optimisation a call of malloc alone does not make the linker look for it in an archive
read -ra options <<<"-std=gnu11 -D_GNU_SOURCE -pthread -w -Wl,-u,malloc ${FLAGS:--O3 -DNDEBUG -flto}"
mapfile -t programs < <(awk '/^[a-z]/ { print $3 }' "$TABLE" | sort -u)
scratch
mkdir -p -- "$FOLDER" 2>/dev/null || die "cannot make the folder $FOLDER; name another"
for program in "${programs[@]}"; do
    [[ -z ${WHICH:-} || " $WHICH " == *" $program "* ]] || continue
    "$CC" "${options[@]}" -o "$WORK/$program" "$ROOT/bench/$program.c" "$ROOT/bench/load.c" "$@" 2>"$WORK/said" ||
        die "$program: $(grep -m 1 -iE 'error|undefined|multiple' "$WORK/said" || head -n 1 "$WORK/said")"
    mv -f -- "$WORK/$program" "$FOLDER/$program" || die "cannot write to $FOLDER; name another"
done
