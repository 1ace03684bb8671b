#!/bin/bash
# The fast paths that docs/ALLOC.md shows are those of libhakmem.so: the same instructions in the same order. (Registers
# and addresses are left out: they are the compiler's choice.)
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
lib=${BUILD:-$root/build}/libhakmem.so
if ! readelf -p .comment "$lib" | grep -q 'GCC: (Debian 12'; then
    skip 'the fast paths as built' "the docs show what Debian 12's gcc makes"
    done_testing
    exit
fi

# documented COLUMN: the instructions of the listing that starts in this column.
documented()
{
    awk -v at="$1" '/^    malloc  +free$/ { on = 1; next } on && !/^    / { exit } on { print substr($0, at, 47) }' \
        "$root/docs/ALLOC.md" | awk 'NF { print $1 }' | paste -sd' '
}

# built FUNCTION: the same out of the library, to the first ret.
built()
{
    objdump -d --no-show-raw-insn "$lib" |
        awk -v f="<$1>:" '$2 == f { on = 1; next } on { print $2; if ($2 == "ret") exit }' | paste -sd' '
}

is "$(documented 5)" "$(built malloc)" 'the docs show malloc as it is built'
is "$(documented 52)" "$(built free)" 'the docs show free as it is built'
done_testing
