#!/usr/bin/env bash
# Sampling in the main job: a side modelled in full and one that is sampled are not set against each other.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}

ok "the loop builds" "${CC:-gcc}" -O1 -x c -o "$work/loop" - <<'END'
#include <stdlib.h>
int main(int argc, char **argv)
{
    volatile unsigned long x = 0;
    for (unsigned long n = strtoul(argc > 1 ? getenv("ROUNDS") : "1", NULL, 0); n; n--)
        x += n;
    return argv[0] == NULL;
}
END

if ! "$ltf" --runs 0 -q "$work/loop" "$work/loop" >"$work/why" 2>&1 && grep -q -i valgrind "$work/why"; then
    skip "what is sampled" "the recorder cannot be had: $(tail -1 "$work/why")"
    done_testing
    exit
fi

sampled() { # OLD NEW: the sides that the warnings call sampled, of so many million rounds each
    "$ltf" --runs 0 --layouts 0 --sample --old-env=ROUNDS="$1"000000 --new-env=ROUNDS="$2"000000 \
        "$work/loop" "$work/loop" -- all 2>&1 | tr -s '\n ' ' ' | grep -oE 'cycles of (old|new) are sampled' | cut -d' ' -f3 | tr '\n' ' '
}

# With --sample the first four million blocks are in detail.
is "$(sampled 3 3)" "" "two short runs are modelled in full"
is "$(sampled 5 6)" "old new " "two long ones are sampled"
is "$(sampled 3 5)" "" "one a little longer than a short one is modelled in full, too"
is "$(sampled 5 3)" "" "whichever of the two it is"
is "$(sampled 3 10)" "new " "one much longer is sampled"
done_testing
