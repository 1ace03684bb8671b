#!/usr/bin/env bash
# The labelled pairs: builds OUT/PAIR/old and OUT/PAIR/new.
#
#   build.sh --list            PAIR | CAUSE | WHY
#   build.sh --blind           PAIR | why the model cannot see it
#   build.sh OUT [PAIR...]     all pairs, or those named
#   BOTH=-O3 build.sh OUT      with flags of both sides, behind -O2
#
# The cause of a pair is written down here when the pair is made, before any verdict on it is looked at. A pair whose cause
# the model does not find stays, with its label: it counts as wrong, and `blind` says why.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# pair | cause | why | sources | flags of both | flags of old | flags of new
table() {
    cat <<'ROWS'
align_sort|layout|insertion-sort loop moved from 64n+27 to 64n+60; same instructions|align_main.c pad.S align_sort.c|-DREPEATS=80 @tight|-DPAD=27|-DPAD=60
align_fib|layout|recursive function moved from 64n+2 to 64n+56; same instructions|align_main.c pad.S align_fib.c|-DREPEATS=200 @tight|-DPAD=2|-DPAD=56
align_search|layout|search loop moved from 64n+47 to 64n+21; same instructions|align_main.c pad.S align_search.c|-DREPEATS=80 @tight|-DPAD=47|-DPAD=21
sameset|layout|24 hot functions at 4 KiB stride share an L1I set; same instructions|sameset.c|||-falign-functions=4096
scattered|layout|160 hot functions with 4 KiB of dead code behind each instead of behind all; same instructions|scattered.c|-fno-toplevel-reorder||-DSCATTER
expect|hint|six rare branches carry an inverted __builtin_expect|expect.c||-DEXPECT=0|-DEXPECT=1
lostcold|hint|error path lost its cold attribute, checks hinted likely|lostcold.c|||-DLOST
profile|hint|PGO profile of a training run that takes the opposite branches|profile.c|@profile|train:5|train:5 wrong
pad|data|list nodes padded 24 -> 88 bytes|list.c|-DREGION=1200000||-DPAD=64
pages|data|list nodes one per page instead of packed|list.c|-DNODES=1500 -DREGION=6200000|-DSPACING=64|-DSPACING=4096
stride|data|48 records 4096 bytes apart (one L1D set) instead of 4160|stride.c||-DSTRIDE=4160|-DSTRIDE=4096
tls|data|general-dynamic TLS instead of initial-exec in a shared object|tls_main.c|@library tls_lib.c|-ftls-model=initial-exec|-ftls-model=global-dynamic
hash|work|sixteen more finalising rounds per 64-byte piece|hash.c||-DFINAL=0|-DFINAL=16
verify|work|the sorted array is verified and checksummed as well|sort.c|||-DVERIFY
rebuild|none|the same source built twice|sort.c|||
path|none|the same source built in another directory, with debug info|sort.c|-g @path||
bytecode|layout|interpreter with computed goto moved from 64n+48 to 64n+27; same instructions|align_main.c pad.S bytecode.c|-DREPEATS=50 @tight|-DPAD=48|-DPAD=27
backtrack|layout|backtracking matcher moved from 64n+54 to 64n+24; same instructions|align_main.c pad.S backtrack.c|-DREPEATS=1 @tight|-DPAD=54|-DPAD=24
classes|layout|look-up loop over bytes moved from 64n+60 to 64n+33; same instructions|align_main.c pad.S classes.c|-DREPEATS=30 @tight|-DPAD=60|-DPAD=33
handlers|layout|112 event handlers with 4 KiB of error paths behind each instead of behind all|handlers.c|-fno-toplevel-reorder||-DSCATTER
json|hint|every check of a parser says the opposite of what usually holds|json.c|||-DINVERTED
stray|hint|a compressor's match loop was marked cold|lz.c|||-DSTRAY
trained|hint|a compressor's PGO profile is of incompressible data|lz.c|@profile|train:2|train:2 random
lower|hint|a binary search's conditional moves became branches that nobody can predict|lower.c|||-fno-if-conversion -fno-if-conversion2
fields|data|the three hot fields of a record lie in three lines instead of one|fields.c|||-DFAR
queue|data|items of a priority queue grew from 16 to 64 bytes, of which 48 are never read|queue.c||-DPAD=0|-DPAD=48
fragments|data|list nodes allocated with long-lived blocks between them|fragments.c|||-DMIXED
matrix|data|rows of a matrix 4096 bytes apart (one L1D set a column) instead of 4160|matrix.c||-DPITCH=520|-DPITCH=512
blob|data|offsets that a chain of records is followed by lie across two lines each|blob.c||-DSHIFT=0|-DSHIFT=60
join|work|each step along a hash chain hashes the key anew|join.c|||-DAGAIN
shapes|work|a class lost `final`: virtual calls instead of inlined ones|shapes.cc|-fno-rtti -fno-devirtualize-speculatively -fno-exceptions|-DFINAL=final|-DFINAL=
stencil|work|a stencil is not vectorised any more|stencil.c|-O3||-fno-tree-vectorize
bfs|work|vertices are marked when they leave the queue, so they enter it several times|bfs.c|||-DLATE
dead|none|a function that nobody calls was added|bfs.c|||-DREPORT
renamed|none|functions, types and fields were renamed|json.c|||-Dread_values=parse -Dreader=parser -Dhash=digest
stripped|none|the same program without its symbol table|join.c|||-s
ROWS
}

blind() {
    cat <<'ROWS'
backtrack|the clock loses 14 % and more at the other offset, and what of the front end does it is not modelled
ROWS
}

cc=${CC:-gcc} both=-O2\ ${BOTH-}

build() { # OUT PAIR SOURCES COMMON OLD NEW
    local out=$1 sources=$3 common=$4 side flags list
    local -A own=([old]=$5 [new]=$6)
    rm -rf "$out" && mkdir -p "$out"
    for side in old new; do
        flags="$both ${common//@tight/-falign-functions=1 -falign-loops=1 -falign-jumps=1 -falign-labels=1}"
        list=$sources
        case $common in
        *@library*)
            # shellcheck disable=SC2086 # lists of flags
            "$cc" $both -fPIC ${own[$side]} -shared -Wl,-soname,lib$side.so -o "$out/lib$side.so" "${common##*@library }"
            # shellcheck disable=SC2016,SC2086
            "$cc" $both -o "$out/$side" "$list" "-Wl,-rpath,\$ORIGIN" "$out/lib$side.so"
            continue
            ;;
        *@profile*)
            rm -rf "$out/data"
            # shellcheck disable=SC2086
            "$cc" $both -fprofile-generate -fprofile-update=single -fprofile-dir="$out/data" -dumpbase x -o "$out/train" "$list"
            # shellcheck disable=SC2086
            "$out/train" ${own[$side]#train:} >/dev/null
            # shellcheck disable=SC2086
            "$cc" $both -fprofile-use="$out/data" -dumpbase x -o "$out/$side" "$list"
            rm -rf "$out/data" "$out/train"
            continue
            ;;
        *@path*)
            flags=${flags//@path/}
            if [[ $side == new ]]; then
                mkdir -p "$out/another/and/longer/directory"
                cp common.h "$list" "$out/another/and/longer/directory"
                list=$out/another/and/longer/directory/$list
            fi
            ;;
        esac
        # shellcheck disable=SC2086
        "$cc" $flags ${own[$side]} -o "$out/$side" $list
    done
}

if [[ ${1-} == --list ]]; then
    table | cut -d'|' -f1-3
    exit 0
fi
if [[ ${1-} == --blind ]]; then
    blind
    exit 0
fi
out=${1:?usage: build.sh --list | --blind | OUT [PAIR...]}
shift
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$here"
while IFS='|' read -r pair _ _ sources common old new; do
    (($# == 0)) || [[ " $* " == *" $pair "* ]] || continue
    build "$out/$pair" "$pair" "$sources" "$common" "$old" "$new"
done < <(table)
