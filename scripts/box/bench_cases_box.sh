#!/bin/bash
# Real programs, model and clock side by side: is the sign right in both, and what does a sweep say?
#
#   scripts/box/bench_cases_box.sh [CASE...]        (make bench-cases does the same after building)
#
#   pgo     random_mixed with hakmem, built with the profile of what runs, against the twin with a stale profile
#   lua     Debian's source package lua5.4 linked as its objects come, against the same objects relinked in a bad order:
#           each hot function at the same place of a page of its own, the rest of the page filled with cold ones
#
# lua fetches the package (apt-get source, in a folder of its own; no root) unless SOURCE names its unpacked src folder.
# Its hot functions are those that the model counts instructions in; where they end up is scripts/box/bad_order.py's doing
# and follows from sizes alone. The clock is processor time, new right beside old, randomisation off (model_against_clock.py);
# A/A is a copy of the base against it.
#
#   ROUNDS=60   LAYOUTS=8   PROFILE=zen3   BUILD=build   SOURCE=FOLDER

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

ROUNDS=${ROUNDS:-60} LAYOUTS=${LAYOUTS:-8} PROFILE=${PROFILE:-zen3} SOURCE=${SOURCE:-}
need_number ROUNDS "$ROUNDS" 10 100000
need_number LAYOUTS "$LAYOUTS" 2 1000
need_built_analyzer
command -v python3 >/dev/null || die "python3 is not here; apt-get install python3"
scratch
CASES=("$@")
((${#CASES[@]})) || CASES=(pgo lua)

# case_row NAME OLD NEW ARG...: both sides and a copy of old, for the clock and for the sweep.
case_row()
{
    local IFS=$'\t' name=$1 old=$2 new=$3
    shift 3
    cp "$old" "$WORK/$name.copy"
    printf '%s\n' "$name	copy	$old	$WORK/$name.copy	$*" "$name	new	$old	$new	$*" >>"$WORK/rows"
}

case_pgo()
{
    local full=$ROOT/bench_random_mixed_hakmem_minimal_pgo
    need_program "the build with a profile" "$full"
    need_program "its stale twin" "${full}_stale"
    case_row pgo "$full" "${full}_stale" 200000 400 1
}

# The package's sources, unpacked; nothing of them stays here.
fetch_lua()
{
    local apt=(-o Dir::Etc::sourcelist="$WORK/apt/debian.sources" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$WORK/apt/lists"
        -o Dir::Cache="$WORK/apt/cache" -o APT::Sandbox::User="$(id -un)")
    mkdir -p "$WORK"/apt/{lists/partial,cache/archives/partial}
    cat >"$WORK/apt/debian.sources" <<'SOURCES'
Types: deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
    (cd "$WORK/apt" && apt-get "${apt[@]}" update && apt-get "${apt[@]}" source --download-only lua5.4 && tar -xf lua5.4_*.orig.tar.gz) \
        >"$WORK/log" 2>&1 || die "the source package lua5.4 cannot be fetched ($(tail -1 "$WORK/log")); unpack it and set SOURCE to its src folder"
    SOURCE=$(echo "$WORK"/apt/lua-*/src)
}

case_lua()
{
    local file load=$BOX_DIR/case_load.lua
    command -v ld.lld >/dev/null || die "ld.lld is not here; apt-get install lld"
    [[ -n $SOURCE ]] || fetch_lua
    [[ -f $SOURCE/lvm.c ]] || die "SOURCE: there is no lvm.c in $SOURCE; name the src folder of Lua 5.4"
    mkdir -p "$WORK/lua"
    for file in "$SOURCE"/l*.c; do
        [[ $file == */luac.c ]] || gcc -O2 -ffunction-sections -DLUA_COMPAT_5_3 -DLUA_USE_POSIX -c -o "$WORK/lua/$(basename "$file" .c).o" "$file"
    done
    gcc -fuse-ld=lld -o "$WORK/lua.old" "$WORK"/lua/*.o -lm
    "$LTF" --runs 0 --layouts 0 --profile "$PROFILE" -q --json "$WORK/lua.json" "$WORK/lua.old" "$WORK/lua.old" -- "$load" 1 >"$WORK/log" 2>&1 || true
    [[ -s $WORK/lua.json ]] || die "lua cannot be modelled: $(tail -1 "$WORK/log")"
    python3 "$BOX_DIR/bad_order.py" "$WORK/lua.json" "$WORK/lua.old" >"$WORK/order"
    gcc -fuse-ld=lld -Wl,--symbol-ordering-file="$WORK/order" -Wl,--no-warn-symbol-ordering -o "$WORK/lua.new" "$WORK"/lua/*.o -lm
    case_row lua "$WORK/lua.old" "$WORK/lua.new" "$load" 2
}

for case in "${CASES[@]}"; do
    [[ $(type -t "case_$case") == function ]] || die "there is no case '$case'; use pgo, lua"
    "case_$case"
done
env -i PATH="$PATH" LC_ALL=C setarch -R python3 "$BOX_DIR/model_against_clock.py" --rounds "$ROUNDS" --profile "$PROFILE" --command "$LTF" \
    --keep "$WORK/kept" "$WORK/rows" >"$WORK/log"
while IFS=$'\t' read -r name row model clock seconds _; do
    if [[ $row == copy ]]; then
        noise=$clock
        continue
    fi
    awk -v name="$name" -v m="$model" -v c="$clock" -v a="$noise" -v s="$seconds" \
        'BEGIN { printf "%-5s model %+6.1f %%   clock %+6.1f %% (A/A %+.1f %%, %.1f ms)   sign %s\n", name, 100 * (m - 1), 100 * (c - 1), 100 * (a - 1),
                 1000 * s, ((m - 1) * (c - 1) > 0 ? "agrees" : "DIFFERS") }'
    IFS=$'\t' read -r -a sides < <(grep "^$name	new	" "$WORK/rows")
    "$LTF" sweep --profile "$PROFILE" --layouts "$LAYOUTS" --apart 0 "${sides[2]}" "${sides[3]}" -- "${sides[@]:4}" >"$WORK/sweep" 2>"$WORK/log" || true
    sed -n '1p; /^The same code/,/^$/p' "$WORK/sweep"
done <"$WORK/kept"
