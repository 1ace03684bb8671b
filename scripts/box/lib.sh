# Sourced by the boxes: refusing, describing, and running one measured program in a clean environment.
# shellcheck shell=bash
# shellcheck disable=SC2034  # several variables here are results that the sourcing box reads

set -euo pipefail
export LC_ALL=C
ME=${0##*/}
BOX_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$BOX_DIR/../.." && pwd)
RECORD=$BOX_DIR/record.pl

# The promoted knobs and their defaults: the only HAKMEM_* that a box takes from its caller's environment.
PROMOTED=(HAKMEM_WARM_POOL_SIZE=16 HAKMEM_TINY_C5_INLINE_SLOTS=1 HAKMEM_TINY_C6_INLINE_SLOTS=1)

# One sentence, status 1.
die()
{
    printf '%s: %s\n' "$ME" "$*" >&2
    exit 1
}

say()
{
    printf '%s: %s\n' "$ME" "$*" >&2
}

# help_asked "$@": with --help, prints the comment that the script starts with and ends it.
help_asked()
{
    [[ ${1:-} == --help || ${1:-} == -h ]] || return 0
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
    exit 0
}

# need_number NAME VALUE MIN MAX
need_number()
{
    if ! [[ $2 =~ ^[0-9]{1,15}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
        die "$1 must be a number from $3 to $4, not '$2'"
    fi
}

# need_program NAME FILE: an ELF file that this machine may run; a pin must still be what was pinned.
need_program()
{
    local magic
    [[ -n $2 ]] || die "$1 is empty; name the program to run"
    [[ -e $2 ]] || die "$1: $2 is not there; build it with make, or name another"
    [[ -f $2 ]] || die "$1: $2 is not a file; name a program"
    [[ -r $2 && -x $2 ]] || die "$1: $2 is not executable; chmod +x it, or name another"
    magic=$(head -c 4 "$2" | od -An -tx1 | tr -d ' \n')
    [[ $magic == 7f454c46 ]] || die "$1: $2 is not an ELF program; name the binary itself, not a script around it"
    verify_if_pinned "$2"
}

sha256_of()
{
    sha256sum -- "$1" | cut -d' ' -f1
}

# Empty when the file has none.
build_id_of()
{
    readelf -n -- "$1" 2>/dev/null | awk '/Build ID:/ && !seen++ { print $3 }'
}

# verify_if_pinned FILE: nothing for a file outside pinned/; in there, refuses what differs from its manifest.
verify_if_pinned()
{
    local real manifest want
    real=$(readlink -f -- "$1")
    manifest=$real.json
    [[ $(dirname "$real") == "$(readlink -m -- "${PINNED:-$ROOT/pinned}")" ]] || return 0
    [[ -f $manifest ]] ||
        die "$1 lies in pinned/ without a manifest; pin it with scripts/box/pin_binary_box.sh"
    want=$("$RECORD" get "$manifest" binary.sha256 2>/dev/null) ||
        die "$manifest is not a manifest; pin the binary again"
    [[ $(sha256_of "$real") == "$want" ]] ||
        die "$1 is not the binary that was pinned (its sha256 differs from $manifest); pin it again or restore it"
}

# The allowed cores, one a line.
allowed_cpus()
{
    taskset -pc $$ | sed 's/.*: //' | tr ',' '\n' | while IFS=- read -r first last; do
        seq "$first" "${last:-$first}"
    done
}

# need_cpu: fills CPU with the last allowed core (the first one serves most interrupts), or checks the one given.
need_cpu()
{
    local allowed
    allowed=$(allowed_cpus)
    CPU=${CPU:-${allowed##*$'\n'}}
    need_number CPU "$CPU" 0 8191
    [[ $'\n'$allowed$'\n' == *$'\n'"$CPU"$'\n'* ]] ||
        die "CPU=$CPU is not a core this process may use; one of ${allowed//$'\n'/ } is"
}

# Puts what a result must be compared with into one JSON object.
machine_json()
{
    local governor=/sys/devices/system/cpu/cpu${CPU:-0}/cpufreq/scaling_governor
    "$RECORD" object \
        "cpu=$(awk -F': ' '/^model name/ && !seen++ { print $2 }' /proc/cpuinfo)" \
        "cores:=$(nproc --all)" "core:=${CPU:-null}" \
        "arch=$(uname -m)" "kernel=$(uname -r)" \
        "hypervisor=$(lscpu | sed -n 's/^Hypervisor vendor: *//p')" \
        "governor=$( (cat "$governor" || echo unknown) 2>/dev/null)" \
        "memory_kib:=$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)" \
        "load_1min:=$(cut -d' ' -f1 /proc/loadavg)"
}

binary_json()
{
    "$RECORD" object "path=$1" "sha256=$(sha256_of "$1")" "build_id=$(build_id_of "$1")" "size:=$(stat -Lc %s -- "$1")"
}

# clean_knobs [NAME=VALUE...]: fills KNOBS with the promoted knobs (caller's value or default) and the ones given
# as arguments; every other HAKMEM_* of the environment, and what preloads or tunes the C library, stays out.
clean_knobs()
{
    local knob name stray
    KNOBS=()
    for knob in "${PROMOTED[@]}"; do
        name=${knob%%=*}
        [[ " $* " == *" $name="* ]] || KNOBS+=("$name=${!name-${knob#*=}}")
    done
    for knob in "$@"; do
        [[ $knob =~ ^HAKMEM_[A-Z0-9_]+=[^[:space:]]*$ ]] || die "'$knob' is not a knob; write HAKMEM_NAME=VALUE"
        KNOBS+=("$knob")
    done
    stray=$(compgen -e | grep -E '^(HAKMEM_.*|LD_PRELOAD|LD_BIND_NOW|LD_AUDIT|GLIBC_TUNABLES|MALLOC_.*|MIMALLOC_.*)$' |
        grep -vxE "$(printf '%s\n' "${PROMOTED[@]%%=*}" | paste -sd'|')" | tr '\n' ' ' || true)
    [[ -z $stray ]] || say "left out of the environment: ${stray% }; give a knob as an argument, a library as PRELOAD="
}

knobs_json()
{
    "$RECORD" object "${KNOBS[@]}"
}

# prepare_target: builds TARGET_PREFIX, the words that stand before a measured program: its core, fixed addresses
# where the machine allows that, a time limit, and an environment with nothing in it but KNOBS and PRELOAD.
prepare_target()
{
    ASLR=on
    TARGET_PREFIX=(timeout --foreground "${TIMEOUT:-300}" taskset -c "${CPU_SET:-$CPU}")
    if setarch -R true 2>/dev/null; then
        ASLR=off
        TARGET_PREFIX+=(setarch -R)
    fi
    TARGET_PREFIX+=(env -i PATH=/usr/bin:/bin)
    [[ -z ${PRELOAD:-} ]] || TARGET_PREFIX+=("LD_PRELOAD=$PRELOAD")
}

# target_run WHAT PROGRAM ARGS...: runs it once with KNOBS and fills THROUGHPUT and THROUGHPUT_CPU (operations per
# second of the wall clock and of CPU time), SECONDS_WALL, SECONDS_CPU and RSS_KIB from what it printed; null where it
# printed none. WHAT names the run in the sentence when it fails. WORK is a scratch folder.
target_run()
{
    local what=$1 status=0 line note
    shift
    # A shell around it takes what bash would say of a signal, and leaves the traps and their words to this one.
    ( "${TARGET_PREFIX[@]}" "${KNOBS[@]}" "$@" >"$WORK/out" 2>"$WORK/err"; exit $? ) 2>/dev/null || status=$?
    ((status != 124)) || die "$what: $1 did not end within ${TIMEOUT:-300} s; set TIMEOUT= or less work"
    ((status < 128)) || die "$what: $1 was killed by signal $((status - 128))$(last_words)"
    ((status == 0)) || die "$what: $1 failed with status $status$(last_words)"
    note=$(grep -m 1 "cannot be preloaded" "$WORK/err" || true)
    [[ -z $note ]] || die "$what: the library was not loaded: $note"
    note=$(grep -m 1 '^hakmem: HAKMEM_[A-Z0-9_]*=' "$WORK/err" || true)
    [[ -z $note ]] || die "$what: the allocator refused a knob: $note"
    line=$(grep "^Throughput = " "$WORK/out" || true)
    [[ $line =~ ^Throughput\ =\ ([0-9.]+)\ ops/s\ \[[^]]*\]\ time=([0-9.]+)s$ ]] ||
        die "$what: $1 did not print one line 'Throughput = N ops/s [..] time=Ns'; name a bench_random_mixed build"
    THROUGHPUT=${BASH_REMATCH[1]}
    SECONDS_WALL=${BASH_REMATCH[2]}
    SECONDS_CPU=$(sed -n 's/.*CPU time = \([0-9.]*\) s.*/\1/p' "$WORK/err" | head -n 1)
    THROUGHPUT_CPU=$(sed -n 's/.*CPU throughput = \([0-9]*\) ops.*/\1/p' "$WORK/err" | head -n 1)
    RSS_KIB=$(sed -n 's/.*Peak RSS = \([0-9]*\) KiB.*/\1/p' "$WORK/err" | head -n 1)
    SECONDS_CPU=${SECONDS_CPU:-null}
    THROUGHPUT_CPU=${THROUGHPUT_CPU:-null}
    RSS_KIB=${RSS_KIB:-null}
}

last_words()
{
    local words
    words=$(tail -n 1 "$WORK/err" | cut -c1-200)
    [[ -z $words ]] || printf ': %s' "$words"
}

# scratch: makes WORK, which goes away with the script however it ends.
scratch()
{
    WORK=$(mktemp -d)
    trap 'rm -rf "$WORK"' EXIT
    trap 'say "interrupted; nothing was written"; exit 130' INT
    trap 'say "ended by SIGTERM; nothing was written"; exit 143' TERM
}

# save FILE < JSON: all of it or nothing.
save()
{
    local folder
    folder=$(dirname -- "$1")
    mkdir -p -- "$folder" 2>/dev/null || die "cannot make the folder $folder; name another file with OUT="
    if ! { cat >"$1.part.$$"; } 2>/dev/null || ! mv -f -- "$1.part.$$" "$1" 2>/dev/null; then
        rm -f -- "$1.part.$$"
        die "cannot write $1 (no right, or no room); name another file with OUT="
    fi
}

# compiled_by FILE NAME: what DWARF says of how it was compiled; NAME is compiler or flags. Link-time units last.
compiled_by()
{
    local producer
    producer=$(readelf --debug-dump=info --dwarf-depth=1 -- "$1" 2>/dev/null |
        sed -n 's/.*DW_AT_producer *: *\((.*): \)\{0,1\}//p' | grep -v ' GIMPLE ' | sort | uniq -c | sort -rn |
        sed -n '1s/^ *[0-9]* //p' || true) # nothing where there is no DWARF
    case $2 in
    compiler) printf "%s\n" "${producer%% -*}" ;;
    flags) sed -n 's/^[^-]* -/-/p' <<<"$producer" | sed 's/ -frandom-seed=[^ ]*//' ;;
    esac
}

# The commit and whether the tree differs from it; empty strings outside a checkout.
source_json()
{
    local dirty=false
    [[ -z $(git -C "$ROOT" status --porcelain 2>/dev/null) ]] || dirty=true
    "$RECORD" object "commit=$(git -C "$ROOT" rev-parse HEAD 2>/dev/null || true)" "dirty:=$dirty"
}

# manifest_json BINARY [PROFILE [SOURCE]]: everything that says which build this is; PROFILE is a hakmem-profile/1
# file, SOURCE the JSON of source_json from when it was built (default: now).
manifest_json()
{
    "$RECORD" object schema=hakmem-manifest/1 "time=$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        "binary:=$(binary_json "$1")" "compiler=$(compiled_by "$1" compiler)" "flags=$(compiled_by "$1" flags)" \
        "source:=${3:-$(source_json)}" "machine:=$(machine_json)" \
        "profile:=$(if [[ -n ${2:-} ]]; then cat -- "$2"; else echo null; fi)"
}

# need_build: makes BUILD absolute (default: build) and fills BIN with the folder that its programs lie in.
need_build()
{
    BUILD=${BUILD:-build}
    [[ $BUILD == /* ]] || BUILD=$ROOT/$BUILD
    BIN=$BUILD
    [[ $BUILD != "$ROOT/build" ]] || BIN=$ROOT
}

# need_built_analyzer: need_build, and LTF is the analyzer of that build.
need_built_analyzer()
{
    need_build
    LTF=$BIN/layout_tax_forensics
    need_program LTF "$LTF"
}

# need_analyzer: fills ANALYZER (LAYOUT_TAX_FORENSICS, or the one that make built).
need_analyzer()
{
    ANALYZER=${LAYOUT_TAX_FORENSICS:-$ROOT/layout_tax_forensics}
    [[ -x $ANALYZER ]] || die "the analyzer $ANALYZER is not there; run make, or set LAYOUT_TAX_FORENSICS"
}

# find_peers: fills NAMES and LIBRARY (name -> shared library, empty for the C library's own allocator) with what is
# here: build/libhakmem.so, Debian's peers by the names that their packages install (not with DEBIAN=0), and
# PEERS='NAME=LIBRARY ...'.
declare -A LIBRARY=([system]="")
NAMES=(system)
add_peer()
{
    [[ $1 =~ ^[A-Za-z0-9_.-]+$ ]] || die "PEERS: '$1' is not a name; write NAME=LIBRARY"
    [[ -z ${LIBRARY[$1]+set} ]] || die "PEERS: there are two allocators called '$1'"
    LIBRARY[$1]=$2
    NAMES+=("$1")
}

find_peers()
{
    local peer library
    [[ ! -f $BUILD/libhakmem.so ]] || add_peer hakmem "$BUILD/libhakmem.so"
    [[ ${DEBIAN:-1} == 0 ]] || for peer in mimalloc=libmimalloc.so.2 jemalloc=libjemalloc.so.2 tcmalloc=libtcmalloc_minimal.so.4; do
        library=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk -v so="${peer#*=}" '$1 == so && !seen++ { print $NF }')
        [[ -z $library ]] || add_peer "${peer%%=*}" "$library"
    done
    for peer in ${PEERS:-}; do
        [[ $peer == ?*=?* && -f ${peer#*=} ]] || die "PEERS: '$peer' is not NAME=LIBRARY with a library that is there"
        add_peer "${peer%%=*}" "$(readlink -f -- "${peer#*=}")"
    done
}
