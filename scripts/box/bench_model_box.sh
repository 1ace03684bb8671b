#!/bin/bash
# The processor model against the clock: labelled pairs, and 32 layouts each of six programs.
#
#   scripts/box/bench_model_box.sh [SET...]         (make bench-model does the same after building)
#
# Sets: corpus (old against new of each pair), sort (an insertion sort behind 1 to 63 bytes of padding), kernels,
# random_mixed (with hakmem in it), lua (a script), bzip2 and zlib (compressing numbers) and, when asked for, report
# (layout_tax_forensics rendering a saved result: longer and noisier); all but the first two relinked by lld with their
# sections shuffled. lua, bzip2 and zlib are built from Debian's sources, fetched by apt-get into SOURCES at first use;
# where that fails they are left out, and it is said. Every binary is compared with its set's base (a
# pair's old). The model's ratio is of modelled cycles (--runs 0, deterministic); the clock's is of processor time, each
# binary right before or after its base, rounds interleaved, randomisation off. A copy of each base says how much of that is
# noise, and an effect counts as sure when its 99 % interval over the rounds does not reach 0. Rounds beside an idle SMT
# sibling count alone where there are enough of them. On a quiet machine with two cores the whole table takes less than ten
# minutes.
#
#   ROUNDS=40   LAYOUTS=32   PROFILE=zen3   BUILD=build   KEEP=FILE (every row as TSV)   SOURCES=BUILD/sources
#   STATE=FILE   times and modelled cycles are kept here and reused: a busy machine is measured in instalments. Delete it
#                when the model has changed.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

ROUNDS=${ROUNDS:-40} LAYOUTS=${LAYOUTS:-32} PROFILE=${PROFILE:-zen3}
need_number ROUNDS "$ROUNDS" 10 100000
need_number LAYOUTS "$LAYOUTS" 2 1000
need_built_analyzer
command -v ld.lld >/dev/null || die "ld.lld is not here; apt-get install lld"
command -v python3 >/dev/null || die "python3 is not here; apt-get install python3"
scratch
SOURCES=${SOURCES:-$BUILD/sources}
declare -A DEBIAN=([lua]=lua5.4 [bzip2]=bzip2 [zlib]=zlib) # source package of a set
SETS=("$@")
((${#SETS[@]})) || SETS=(corpus sort kernels random_mixed lua bzip2 zlib)

# row SET NAME BASE BINARY ARG...: one comparison for the table.
row()
{
    local IFS=$'\t'
    printf '%s\n' "$*" >>"$WORK/rows"
}

# parted WORD... -- WORD...: FLAGS are the words before --, REST those behind it.
parted()
{
    FLAGS=()
    while [[ $1 != -- ]]; do
        FLAGS+=("$1")
        shift
    done
    REST=("${@:2}")
}

# relinked SET FLAGS... -- ARG...: the base, a copy of it, and the shuffled ones from the objects and flags given. All
# paths are of one length: they lie on the stack, and a longer one moves everything below it.
relinked()
{
    local set=$1 seed dir
    parted "${@:2}"
    mkdir -p "$WORK/$set"/{base,copy}
    gcc -fuse-ld=lld -o "$WORK/$set/base/program" "${FLAGS[@]}"
    cp "$WORK/$set/base/program" "$WORK/$set/copy/program"
    row "$set" copy "$WORK/$set/base/program" "$WORK/$set/copy/program" "${REST[@]}"
    for ((seed = 1; seed <= LAYOUTS; seed++)); do
        dir=$(printf '%s/%s/%04d' "$WORK" "$set" "$seed")
        mkdir "$dir"
        gcc -fuse-ld=lld "-Wl,--shuffle-sections=.text*=$seed" -o "$dir/program" "${FLAGS[@]}"
        row "$set" "$seed" "$WORK/$set/base/program" "$dir/program" "${REST[@]}"
    done
}

set_corpus()
{
    local pair label
    CC=gcc "$ROOT/tests/corpus/build.sh" "$WORK/corpus" >/dev/null
    mkdir "$WORK/corpus/copy"
    cp "$WORK/corpus/hash/old" "$WORK/corpus/copy/old"
    cp "$WORK/corpus/hash/old" "$WORK/corpus/copy/new"
    row corpus copy "$WORK/corpus/copy/old" "$WORK/corpus/copy/new"
    while IFS='|' read -r pair label _; do
        row corpus "$pair ($label)" "$WORK/corpus/$pair/old" "$WORK/corpus/$pair/new"
    done < <("$ROOT/tests/corpus/build.sh" --list)
}

set_sort()
{
    local i pad dir tight=(-falign-functions=1 -falign-loops=1 -falign-jumps=1 -falign-labels=1)
    for ((i = 0; i < LAYOUTS; i++)); do
        pad=$((1 + i * 64 / LAYOUTS))
        dir=$WORK/sort/base
        ((i == 0)) || dir=$(printf '%s/sort/%04d' "$WORK" "$pad")
        mkdir -p "$dir"
        (cd "$ROOT/tests/corpus" && gcc -O2 "${tight[@]}" -DREPEATS=80 -DPAD="$pad" -o "$dir/program" align_main.c pad.S align_sort.c)
        ((i == 0)) || row sort "$pad" "$WORK/sort/base/program" "$dir/program"
    done
    mkdir "$WORK/sort/copy"
    cp "$WORK/sort/base/program" "$WORK/sort/copy/program"
    row sort copy "$WORK/sort/base/program" "$WORK/sort/copy/program"
}

set_kernels()
{
    gcc -O2 -ffunction-sections -Dmain=kernels -c -o "$WORK/kernels.o" "$ROOT/tests/recorder/compute.c"
    # Their own status is a checksum, and the model takes any but 0 for a failure.
    gcc -O2 -x c -c -o "$WORK/main.o" - <<<'int kernels(void); int main(void) { return kernels() == -1; }'
    relinked kernels "$WORK/kernels.o" "$WORK/main.o" --
}

set_random_mixed()
{
    relinked random_mixed "$BUILD/plain/bench/bench_random_mixed.o" "$BUILD/plain/bench/load.o" \
        "$BUILD/libhakmem_minimal.a" -pthread -Wl,-z,now -- 500000 400 1
}

set_report()
{
    CC=gcc "$ROOT/tests/corpus/build.sh" "$WORK/example" hash
    "$LTF" --runs 0 --profile "$PROFILE" --json "$WORK/example.json" -q "$WORK/example/hash/old" "$WORK/example/hash/new" -- 3 >/dev/null || true
    relinked report "$BUILD"/forensics/cmd/*.o "$BUILD/libforensics.a" -ljansson -lpfm -ldw -lelf -lZydis -lmd -lpthread -lm \
        -- report "$WORK/example.json"
}

# debian_source PACKAGE: upstream's sources of the Debian package, without Debian's patches, in $SOURCES/PACKAGE. Lists
# and downloads live in $WORK: this system's own package state is not touched.
debian_source()
{
    local package=$1 apt=(-o "Dir::Etc::sourcelist=$WORK/apt/list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$WORK/apt/lists" -o "Dir::Cache=$WORK/apt")
    [[ ! -d $SOURCES/$package ]] || return 0
    command -v apt-get >/dev/null && command -v dpkg-source >/dev/null || return 1
    mkdir -p "$WORK"/apt/{lists,archives}/partial "$SOURCES"
    if [[ ! -s $WORK/apt/list ]]; then
        # The release alone: the same versions everywhere, and mirrors of its updates are often incomplete.
        apt-get indextargets --format "deb-src \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" 'Created-By: Packages' | awk '$3 !~ /-/' |
            sort -u >"$WORK/apt/list"
        apt-get "${apt[@]}" update >/dev/null 2>&1 || return 1
    fi
    (cd "$WORK/apt" && apt-get "${apt[@]}" source --download-only "$package" &&
        dpkg-source --skip-patches -x "${package}"_*.dsc "$WORK/apt/$package") >/dev/null 2>&1 || return 1
    mv "$WORK/apt/$package" "$SOURCES/$package"
}

# compiled SET FLAGS... -- FILE...: objects of the C files with one section a function, in $WORK/objects/SET.
compiled()
{
    local set=$1 file
    parted "${@:2}"
    mkdir -p "$WORK/objects/$set"
    for file in "${REST[@]}"; do
        gcc -O2 -w -ffunction-sections "${FLAGS[@]}" -c -o "$WORK/objects/$set/$(basename "$file" .c).o" "$file"
    done
}

set_lua()
{
    compiled lua -DLUA_USE_POSIX -- "$SOURCES"/lua5.4/src/*.c
    rm "$WORK/objects/lua/luac.o" # has a main of its own
    cat >"$WORK/load.lua" <<'END'
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local words, counts = {}, {}
for i = 1, 4000 do
    words[i] = string.format("%x", i * 2654435761 % 4294967296):sub(1, 3)
    counts[words[i]] = (counts[words[i]] or 0) + 1
end
table.sort(words)
local text = table.concat(words, " ")
local vowels = select(2, text:gsub("[ae]", ""))
local primes, sieve = 0, {}
for i = 2, 20000 do
    if not sieve[i] then
        primes = primes + 1
        for j = i * i, 20000, i do sieve[j] = true end
    end
end
print(fib(19), #text, vowels, primes)
END
    relinked lua "$WORK"/objects/lua/*.o -lm -ldl -- "$WORK/load.lua"
}

set_bzip2()
{
    local src=$SOURCES/bzip2 unit files=()
    for unit in blocksort huffman crctable randtable compress decompress bzlib bzip2; do
        files+=("$src/$unit.c")
    done
    compiled bzip2 -D_FILE_OFFSET_BITS=64 -- "${files[@]}"
    seq 1 40000 >"$WORK/numbers"
    relinked bzip2 "$WORK"/objects/bzip2/*.o -- -kc "$WORK/numbers"
}

set_zlib()
{
    local src=$SOURCES/zlib
    compiled zlib -DHAVE_UNISTD_H -I"$src" -- "$src"/*.c "$src/test/minigzip.c"
    seq 1 40000 >"$WORK/numbers"
    relinked zlib "$WORK"/objects/zlib/*.o -- -c "$WORK/numbers"
}

gcc -O2 -o "$WORK/timed_run" "$BOX_DIR/timed_run.c"
for set in "${SETS[@]}"; do
    [[ $(type -t "set_$set") == function ]] ||
        die "there is no set '$set'; use corpus, sort, kernels, random_mixed, lua, bzip2, zlib, report"
    if [[ -n ${DEBIAN[$set]:-} ]] && ! debian_source "${DEBIAN[$set]}"; then
        say "left out: $set, because apt-get cannot fetch Debian's source of it here (or dpkg-dev is missing)"
        continue
    fi
    "set_$set"
done
env -i PATH="$PATH" LC_ALL=C setarch -R python3 "$BOX_DIR/model_against_clock.py" --rounds "$ROUNDS" --profile "$PROFILE" \
    --command "$LTF" --timed "$WORK/timed_run" ${STATE:+--state "$STATE"} ${KEEP:+--keep "$KEEP"} "$WORK/rows"
