#!/usr/bin/env bash
# The direction of includes: stages meet only in core/, strangers have one door each.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
cd "$root" || exit 1

# folder | folders it may include (besides itself)
rules='base|
core|base
run|base core
stat|base core
elf|base core
sim|base core
layout|base core sim
judge|base core
report|base core
cmd|base core run stat elf sim layout judge report'

# Prints "file: include" for every quoted include of folder $1 that is not among $2.
strays() {
    local folder=$1 allowed=" $1 $2 "
    grep -rnoE --include='*.[ch]' '^ *# *include "[^"]+"' "forensics/$folder" 2>/dev/null | grep -v '^forensics/sim/recorder/' |
        while IFS=: read -r file _ include; do
            local target=${include#*\"}
            target=${target%\"}
            [[ $target == */* ]] || { echo "$file: \"$target\" lacks its folder"; continue; }
            [[ $allowed == *" ${target%%/*} "* ]] || echo "$file: $target"
        done
}

while IFS='|' read -r folder allowed; do
    is "$(strays "$folder" "$allowed")" "" "forensics/$folder includes only ${allowed:-nothing else} and itself"
done <<<"$rules"

# A stranger's header | the files or folders that may open it
doors='perfmon/|forensics/run/perf
linux/perf_event.h|forensics/run/perf
libelf.h|forensics/elf/
gelf.h|forensics/elf/
dwarf.h|forensics/elf/
elfutils/|forensics/elf/
Zydis|forensics/elf/disasm forensics/sim/
argp.h|forensics/cmd/'
while IFS='|' read -r header allowed; do
    found=$(grep -rlE --include='*.[ch]' "# *include <$header" forensics | while read -r file; do
        for door in $allowed; do [[ $file == "$door"* ]] && continue 2; done
        echo "$file"
    done)
    is "$found" "" "<$header> is opened only by $allowed"
done <<<"$doors"

found=$(grep -rlE --include='*.[ch]' '\b(mmap|munmap|madvise|mremap)\(' alloc | grep -vE '^alloc/os[a-z_]*\.[ch]$')
is "$found" "" "only alloc/os*.c talks to mmap and madvise"

# The check itself can fail: a planted stray is seen.
mkdir -p "$work/forensics/stat"
echo '#include "run/launch.h"' >"$work/forensics/stat/x.c"
cd "$work" || exit 1
like "$(strays stat 'base core')" 'x.c: run/launch.h' "a planted stray include is reported"
done_testing
