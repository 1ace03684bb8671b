#!/usr/bin/env bash
# Pins: what is copied, what the manifest says, and that a changed binary is never run.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
cd "$root" || exit 1

box=scripts/box/pin_binary_box.sh
record=scripts/box/record.pl
${CC:-gcc} -g -O1 -o "$work/good" tests/lib/fake_bench.c || exit 1
export PINNED=$work/pinned

# refuses TITLE REGEX COMMAND...: status 1 and one sentence.
refuses() {
    local title=$1 regex=$2 status=0 said
    shift 2
    said=$("$@" 2>&1 >/dev/null) || status=$?
    if [[ $status == 1 && $(wc -l <<<"$said") == 1 ]]; then
        like "$said" "$regex" "$title"
    else
        is "status $status: $said" "status 1 and one sentence" "$title"
    fi
}

like "$($box --help)" "pin_binary_box.sh BINARY NAME" "--help shows the forms"
refuses "verify with nothing pinned" "nothing is pinned" $box verify
refuses "no arguments" "usage: " $box
refuses "a binary that is not there" "is not there" $box "$work/none" a
refuses "a script instead of a binary" "not an ELF program" $box $box a
refuses "a name that leaves the folder" "is not a name" $box "$work/good" ../a
refuses "a name that is a manifest's" "is not a name" $box "$work/good" a.json
is "$(ls "$PINNED" 2>/dev/null)" "" "a refused pin leaves nothing"

ok "a binary is pinned" $box "$work/good" first
ok "the copy is the binary" cmp "$work/good" "$PINNED/first"
manifest=$PINNED/first.json
is "$($record get "$manifest" binary.sha256)" "$(sha256sum <"$work/good" | cut -d' ' -f1)" "the manifest has its sha256"
is "$($record get "$manifest" binary.build_id)" "$(readelf -n "$work/good" | sed -n 's/.*Build ID: //p')" "its build id"
is "$($record get "$manifest" binary.size)" "$(stat -c %s "$work/good")" "its size"
like "$($record get "$manifest" compiler)" "^(GNU C|Debian clang|clang)" "its compiler, from DWARF"
like "$($record get "$manifest" flags)" "-O1" "its flags, from DWARF"
like "$($record get "$manifest" machine.kernel)" "." "and the machine"
is "$($record get "$manifest" schema)" "hakmem-manifest/1" "under a schema's name"
if git rev-parse HEAD >/dev/null 2>&1; then
    is "$($record get "$manifest" source.commit)" "$(git rev-parse HEAD)" "the manifest names the commit"
    like "$($record get "$manifest" source.dirty)" "^(true|false)$" "and whether the tree was dirty"
else
    skip "the manifest names the commit" "not a checkout"
fi
cp "$work/good" "$work/bare" && strip "$work/bare"
ok "a stripped binary is pinned, too" $box "$work/bare" bare
is "$($record get "$PINNED/bare.json" compiler)$($record get "$PINNED/bare.json" flags)" "" "and claims no compiler or flags"
ok "then forgotten" $box rm bare
refuses "the same name twice" "there is a pin 'first' already" $box "$work/good" first
is "$($box list | awk '{ print $1, $NF }')" "first ok" "list shows it"
is "$($box show first)" "$(cat "$manifest")" "show prints the manifest"
is "$($box verify)" "ok first" "verify finds it as it was"
ok "the harness runs a pin" env BENCH_BIN="$PINNED/first" RUNS=1 ITERS=1 OUT="$work/o.json" scripts/run_mixed_10_cleanenv.sh

ltf=${LTF:-$root/layout_tax_forensics}
analyze() { "$ltf" --runs 1 --warmup 0 --no-control --source clock "$@"; }
not_refused() { like "$(analyze "$@" 2>&1)" "INCONCLUSIVE|NONE|inconclusive|none" "the analyzer runs a pin"; }
not_refused "$PINNED/first" "$PINNED/first"
cp "$work/good" "$work/app" && echo '{"port": 80}' >"$work/app.json"
unlike "$(analyze "$work/app" "$work/app" 2>&1)" "pin|app.json" "a JSON file of another kind beside a program is nobody's business"

# A root name: the founding workflow's binaries are called by their names in the folder above.
ok "a bench's pin gets a link" $box "$work/good" bench_random_mixed_best
is "$(readlink "$work/bench_random_mixed_best")" "pinned/bench_random_mixed_best" "that leads to the pin"
cp "$work/good" "$work/bench_random_mixed_built"
refuses "a built program's name" "is a program that make builds" $box "$work/good" bench_random_mixed_built

# Altered after pinning.
chmod +w "$PINNED/bench_random_mixed_best"
printf x >>"$PINNED/bench_random_mixed_best"
refuses "verify of a changed binary" "bench_random_mixed_best is changed" $box verify bench_random_mixed_best
is "$($box verify 2>/dev/null)" "ok first" "verify still vouches for the others"
like "$($box list)" "bench_random_mixed_best .* changed" "list shows the change"
refuses "the harness, through the link" "is not the binary that was pinned" \
    env BENCH_BIN="$work/bench_random_mixed_best" RUNS=1 ITERS=1 OUT="$work/p.json" scripts/run_mixed_10_cleanenv.sh
refuses "the matrix, through the link" "is not the binary that was pinned" \
    env BENCH_BIN="$work/bench_random_mixed_best" RUNS=2 ITERS=1 OUT="$work/p.json" scripts/box/mixed_matrix_box.sh
refuses "the analyzer, through the link" "is not the binary that was pinned" \
    analyze "$work/good" "$work/bench_random_mixed_best"
refuses "and where it comes first" "is not the binary that was pinned" \
    analyze "$work/bench_random_mixed_best" "$work/good"
cp "$work/good" "$PINNED/loose"
refuses "a file that was put into pinned/ by hand" "without a manifest" \
    env BENCH_BIN="$PINNED/loose" RUNS=1 ITERS=1 OUT="$work/p.json" scripts/run_mixed_10_cleanenv.sh
refuses "the same, to the analyzer" "without a manifest" analyze "$work/good" "$PINNED/loose"
echo "{" >"$PINNED/loose.json"
refuses "a manifest that is cut short, to the analyzer" "loose.json is not JSON" analyze "$work/good" "$PINNED/loose"
refuses "a manifest that is cut short" "is not a manifest" \
    env BENCH_BIN="$PINNED/loose" RUNS=1 ITERS=1 OUT="$work/p.json" scripts/run_mixed_10_cleanenv.sh
rm "$PINNED/loose" "$PINNED/loose.json" "$PINNED/first"
refuses "verify of a pin whose file is gone" "first is gone" $box verify first

ok "rm forgets a pin" $box rm bench_random_mixed_best
is "$(ls "$PINNED")" "first.json" "copy and manifest are gone"
not_ok "and its link" test -L "$work/bench_random_mixed_best"
refuses "rm of what is not there" "there is no pin" $box rm bench_random_mixed_best
done_testing
