# shellcheck shell=bash disable=SC2154 # $root and $work are tap.sh's
# For tests that record programs: source it after tap.sh. Without a built recorder the test ends here, skipped.
#   $tool $here $bin $drive    the recorder, tests/recorder/, made programs, the program that drives a recording
#   record OPTION... PROGRAM ARG...   name=value lines of tests/recorder/drive.c; what the program printed in $work/stderr
#   value NAME                 of such lines, from standard input
#   same TITLE PROGRAM ARG...  one point: recorded it prints what it prints natively, and ends the same way
# Also: $TMPDIR is a folder of the test's own.

tool=$root/build/recorder/layout_tax_recorder-amd64-linux
# shellcheck disable=SC2034 # for the test
here=$root/tests/recorder
bin=$work/bin
drive=$root/build/tests/recorder/drive # two folders below build/, where it looks for the recorder
cc=${CC:-gcc}

if [[ ! -x $tool ]]; then
    skip "recordings" "the recorder is not built: apt-get install valgrind, then make"
    done_testing
    exit
fi

mkdir -p "$bin" "$work/tmp" "$(dirname "$drive")"
export TMPDIR=$work/tmp
$cc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -I"$root/forensics" -o "$drive.$$" "$here/drive.c" \
    "$root/build/libforensics.a" -lpthread || exit
mv "$drive.$$" "$drive"

value() { sed -n "s/^$1=//p"; }
record() { "$drive" "$@" 2>"$work/stderr"; }

# What a recording gives a program; a native run is given the same.
fixed=(PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C TZ=UTC0 HOME=/ PYTHONHASHSEED=0 PERL_HASH_SEED=0)

ending() { # "exit STATUS" or "signal NUMBER", from a recording's lines
    awk -F= '$1 == "error" { print; exit } $1 == "status" { s = $2 } $1 == "signal" { g = $2 }
        END { if (g > 0) print "signal", g; else if (s != "") print "exit", s }'
}

# Standard input is $input's, or nothing; both runs start with it at its beginning.
same() {
    local title=$1 status
    shift
    # shellcheck disable=SC2016 # perl's own
    env -i "${fixed[@]}" perl -e 'my $e = system { $ARGV[0] } @ARGV;
        print STDERR "\n", $? & 127 ? "signal " . ($? & 127) : "exit " . ($? >> 8), "\n"' "$@" \
        >"$work/.want" 2>&1 <"${input:-/dev/null}"
    status=$("$drive" "$@" 2>"$work/.got" <"${input:-/dev/null}" | ending)
    printf '\n%s\n' "$status" >>"$work/.got"
    ok "$title" diff --text "$work/.want" "$work/.got"
}
