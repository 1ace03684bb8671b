#!/bin/bash
# How often does a sweep blame the code when only the layout differs?
#
#   scripts/box/bench_null_box.sh                   (make bench-null does the same after building)
#
# One program (an event loop over 112 handlers, their error paths of 4 KiB each between them; tests/corpus/handlers.c) is
# linked RELINKS times from the same object, its functions in an order drawn by ld.lld. Each relink is swept against the next one, the last against the first. The code is the same, so what
# the layouts leave of a difference (D_content) is nothing, and 5 % of the sweeps may say otherwise at the 5 % level.
# Counted both as the test alone (the 95 % interval leaves out 0, however small the estimate) and as the verdict claims
# it (and the estimate reaches the floor); beside them stands how many of the pairs differ as shipped.
#
# The program has to execute the same instructions each time: one that prints its own timing does not, and a sweep rightly
# calls that a difference of content, if a tiny one.
#
# With CLOCK=1 the same on the machine: each pair is linked again in LAYOUTS orders, the same for both, and runs ROUNDS
# rounds of them. On the model the difference is exactly nothing; here the interval has to hold the machine's noise.
#
#   RELINKS=20   LAYOUTS=8   PROFILE=zen3   REPEATS=150   CLOCK=0   ROUNDS=8   BUILD=build   KEEP=FOLDER (the saved results)

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

RELINKS=${RELINKS:-20} LAYOUTS=${LAYOUTS:-8} PROFILE=${PROFILE:-zen3} REPEATS=${REPEATS:-150}
CLOCK=${CLOCK:-0} ROUNDS=${ROUNDS:-8}
need_number CLOCK "$CLOCK" 0 1
need_number ROUNDS "$ROUNDS" 1 1000
need_number RELINKS "$RELINKS" 3 1000
need_number LAYOUTS "$LAYOUTS" 2 1000
need_number REPEATS "$REPEATS" 1 100000
need_built_analyzer
command -v gcc >/dev/null || die "gcc is not here; apt-get install gcc"
command -v ld.lld >/dev/null || die "ld.lld is not here; apt-get install lld"
command -v python3 >/dev/null || die "python3 is not here; apt-get install python3"
scratch
RESULTS=${KEEP:-$WORK/results}
mkdir -p "$RESULTS"

link_of() { # SEED: the command that links it, as --relink takes it
    echo "gcc -fuse-ld=lld '-Wl,--shuffle-sections=.text*=$1' {options} -o {output} '$WORK/handlers.o'"
}

gcc -O2 -ffunction-sections -DSCATTER -c -o "$WORK/handlers.o" "$ROOT/tests/corpus/handlers.c"
for ((seed = 1; seed <= RELINKS; seed++)); do
    gcc -fuse-ld=lld "-Wl,--shuffle-sections=.text*=$seed" -o "$WORK/relink$seed" "$WORK/handlers.o"
done
for ((seed = 1; seed <= RELINKS; seed++)); do
    next=$((seed % RELINKS + 1))
    how=(--profile "$PROFILE" --apart 0)
    ((CLOCK)) && how=(--real --source clock --axes text --runs "$ROUNDS" --old-relink "$(link_of "$seed")" --new-relink "$(link_of "$next")")
    "$LTF" sweep "${how[@]}" --layouts "$LAYOUTS" --seed "$seed" -q --json "$RESULTS/$seed.json" \
        "$WORK/relink$seed" "$WORK/relink$next" -- "$REPEATS" >"$WORK/log" 2>&1 || true
    [[ -s $RESULTS/$seed.json ]] || die "relink $seed cannot be swept: $(tail -1 "$WORK/log")"
done
python3 "$BOX_DIR/null_table.py" "$RESULTS" "$RELINKS"
