#!/usr/bin/env bash
# The PGO pipeline in a build folder of its own, with little training: about 15 seconds, most of it compiling.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
cd "$root" || exit 1

record=scripts/box/record.pl
build=build/pgo-test
program=$build/bench_random_mixed_hakmem_minimal_pgo
folder=$build/pgo/full
pgo() { make -s -j2 BUILD=$build PGO_TRAIN_ARGS='RUNS=1 ITERS=200000 WS=400 SEED=1' "$@" pgo-fast-full; }

ok "the pipeline builds a program" pgo
is "$($record get $folder/manifest.json binary.sha256)" "$(sha256sum <$program | cut -d' ' -f1)" "its manifest names it by sha256"
profile=$($record get $folder/manifest.json profile.hash)
like "$profile" "^[0-9a-f]{64}$" "and its profile by hash"
is "$($record get $folder/manifest.json profile.knobs_seen.HAKMEM_WARM_POOL_SIZE)" 16 "and the knobs that the training process saw"
is "$($record get $folder/manifest.json profile.settings.iters)" 200000 "and what it trained on"
is "$(strings -a $program | grep -cF "$root")" 0 "no absolute path is left in the program"
sha=$(sha256sum <$program)
ok "trained again" pgo
is "$($record get $folder/manifest.json profile.hash)" "$profile" "same sources, same knobs: the same profile"
is "$(sha256sum <$program)" "$sha" "and the same program, bit for bit"

ok "trained with other knobs" pgo PGO_KNOBS='HAKMEM_WARM_POOL_SIZE=12 HAKMEM_TINY_C5_INLINE_SLOTS=0 HAKMEM_TINY_C6_INLINE_SLOTS=0'
is "$($record get $folder/manifest.json profile.knobs_seen.HAKMEM_TINY_C5_INLINE_SLOTS)" 0 "the process saw them"
unlike "$($record get $folder/manifest.json profile.hash)" "$profile" "and the profile is another"

said=$(pgo PGO_KNOBS=HAKMEM_TINY_C5_INLINE_SLOTS=7 2>&1)
like "$said" "training failed: .*the allocator refused a knob" "a knob out of range stops the training"
not_ok "and leaves no profile behind" test -e $folder/profile.json
said=$(pgo PGO_KNOBS=HAKMEM_NO_SUCH_KNOB=1 2>&1)
like "$said" "the training process knows no knob HAKMEM_NO_SUCH_KNOB" "so does a knob that nobody reads"

# A program that runs but does not keep its blocks is never given a manifest.
${CC:-gcc} -O1 -o "$work/liar" tests/lib/fake_bench.c || exit 1
cp "$work/liar" "$work/silent"
for name in liar silent; do
    said=$(scripts/box/pgo_verify_box.sh "$work/$name" $build/bench_random_mixed_system "$work" 2>&1)
    like "$said" "(do not keep|does not keep|did not print)" "verify refuses a $name program"
done
not_ok "and writes no manifest" test -e "$work/manifest.json"
done_testing
