#!/bin/bash
# The founding workflow: train, validate, matrix, forensics, gate, in order; ends in one page.
#
#   scripts/box/founding_workflow_box.sh             (make founding-workflow does the same after building)
#
# OLD is the pin bench_random_mixed_hakmem_minimal_pgo_phase69_best, NEW the build that step 1 trains. Without that pin
# step 1 makes it: of the commit OLD=COMMIT, built apart, or else of the build of today, which is then its own baseline.
# Every step keeps what it found in results/founding/; after an interruption the next call goes on with the first step
# that is not done, as long as settings, commit and binaries are the same (FRESH=1: from the start).
# Ends with the gate's status: 0 GO, 10 NEUTRAL, 11 NO-GO, 1 error.
#
#   RUNS=10   VALIDATE_RUNS=60 (6 * RUNS, and up to four times as many while step 5 cannot tell: -3 % is little)
#   ITERS=20000000   FORENSICS_ITERS=2000000 (the processor model runs these, too)   WS=400   SEED=1
#   FOUNDING=results/founding   OLD=   FRESH=   SOURCE=auto (of step 4; clock: no processor model at all)
#   PROGRAMS=. (where the builds are)   MAKE=make

# shellcheck source-path=SCRIPTDIR source=lib.sh
# shellcheck disable=SC2317 # steps are called by name
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"
cd "$ROOT"

RUNS=${RUNS:-10} ITERS=${ITERS:-20000000} FORENSICS_ITERS=${FORENSICS_ITERS:-2000000} WS=${WS:-400} SEED=${SEED:-1}
OLD=${OLD:-} FRESH=${FRESH:-} FOUNDING=$(readlink -m -- "${FOUNDING:-$ROOT/results/founding}")
PINNED=$(readlink -m -- "${PINNED:-$ROOT/pinned}")
PROGRAMS=${PROGRAMS:-.} MAKE=${MAKE:-make} SOURCE=${SOURCE:-auto}
NEW_BIN=$PROGRAMS/bench_random_mixed_hakmem_minimal_pgo STALE_BIN=$PROGRAMS/bench_random_mixed_hakmem_minimal_pgo_stale
OLD_PIN=bench_random_mixed_hakmem_minimal_pgo_phase69_best OLD_BIN=$PINNED/bench_random_mixed_hakmem_minimal_pgo_phase69_best
need_number RUNS "$RUNS" 2 100000
((RUNS % 2 == 0)) || die "RUNS must be even, not $RUNS: the matrix runs its rounds in pairs"
VALIDATE_RUNS=${VALIDATE_RUNS:-$((6 * RUNS))}
need_number VALIDATE_RUNS "$VALIDATE_RUNS" 2 1000000
need_number ITERS "$ITERS" 1 1000000000000
need_number FORENSICS_ITERS "$FORENSICS_ITERS" 1 1000000000000
need_number WS "$WS" 1 268435456
need_number SEED "$SEED" 1 4294967295
[[ -z $OLD ]] || git rev-parse --verify --quiet "$OLD^{commit}" >/dev/null || die "OLD=$OLD is no commit of this repository"
[[ $SOURCE == auto || $SOURCE == clock || $SOURCE == sim || $SOURCE == perf ]] ||
    die "SOURCE must be auto, perf, sim or clock, not '$SOURCE'"
need_analyzer
export RUNS ITERS WS SEED PINNED
mkdir -p -- "$FOUNDING" 2>/dev/null || die "cannot make the folder $FOUNDING; set FOUNDING= to one that can be written"
scratch
trap 'say "interrupted; the steps that were done are kept in $FOUNDING: run it again to go on"; exit 130' INT
trap 'say "ended by SIGTERM; the steps that were done are kept in $FOUNDING: run it again to go on"; exit 143' TERM

# What all steps depend on. A finished run is not gone on with.
key="$SOURCE $RUNS $VALIDATE_RUNS $ITERS $FORENSICS_ITERS $WS $SEED $OLD $(git rev-parse HEAD 2>/dev/null || true) $(git diff HEAD 2>/dev/null | sha256sum)"
if [[ -n $FRESH || -e $FOUNDING/page.md || $(cat "$FOUNDING/key" 2>/dev/null) != "$key" ]]; then
    rm -f -- "$FOUNDING"/*
    printf '%s\n' "$key" >"$FOUNDING/key"
fi

# The binaries that a step ran, so that a step is not taken over when one was built again.
binaries()
{
    sha256sum -- "$OLD_BIN" "$NEW_BIN" "$STALE_BIN" 2>/dev/null | cut -c1-64 | paste -sd' '
}

# step NUMBER NAME COMMAND...: runs it unless it is done, with its output in NAME.log.
step()
{
    local number=$1 name=$2 before=$SECONDS status=0
    shift 2
    if [[ -e $FOUNDING/$name.done && $(cat "$FOUNDING/$name.done") == "$(binaries)" ]]; then
        printf 'step %s of 5  %-20s done before\n' "$number" "$name"
        return
    fi
    rm -f -- "$FOUNDING/$name.done"
    printf 'step %s of 5  %-20s ' "$number" "$name"
    # Not `|| status=$?`: that would let a step go on after a command of it has failed.
    set +e
    (
        set -e
        "$@"
    ) >"$FOUNDING/$name.log" 2>&1
    status=$?
    set -e
    if ((status != 0)); then
        printf '\n'
        ((status < 128)) || exit "$status"
        die "step $name failed: $(tail -n 1 "$FOUNDING/$name.log"); all it said is in $FOUNDING/$name.log"
    fi
    binaries >"$FOUNDING/$name.done"
    printf '%4d s\n' $((SECONDS - before))
}

# The FAST build of another commit, from its own sources in a folder of its own, as the old pin.
pin_commit()
{
    mkdir "$WORK/old"
    git archive "$1" | tar -x -C "$WORK/old"
    "$MAKE" -s -C "$WORK/old" pgo-fast-full
    "$BOX_DIR/pin_binary_box.sh" "$WORK/old/bench_random_mixed_hakmem_minimal_pgo" "$OLD_PIN"
}

train()
{
    "$MAKE" -s pgo-fast-full pgo-fast-stale
    if [[ ! -e $OLD_BIN ]]; then
        if [[ -n $OLD ]]; then
            pin_commit "$OLD"
        else
            "$BOX_DIR/pin_binary_box.sh" "$NEW_BIN" "$OLD_PIN"
        fi
    fi
}

# pairs N: N runs of old and new more. The harness, one run at a time, both in turns: so the runs of a round are a pair.
pairs()
{
    local round order side
    local -A binary=([old]=$OLD_BIN [new]=$NEW_BIN)
    for ((round = 1; round <= $1; round++)); do
        ((round % 2)) && order="old new" || order="new old"
        for side in $order; do
            RUNS=1 BENCH_BIN=${binary[$side]} OUT=$WORK/$side.$(printf %06d "$round").json scripts/run_mixed_10_cleanenv.sh
        done
    done
    for side in old new; do
        [[ ! -e $FOUNDING/$side.json ]] || cp "$FOUNDING/$side.json" "$WORK/$side.000000.json"
        "$RECORD" merge "$WORK/$side".*.json | save "$FOUNDING/$side.json"
        rm -f "$WORK/$side".*.json
    done
}

validate()
{
    rm -f -- "$FOUNDING/old.json" "$FOUNDING/new.json"
    pairs "$VALIDATE_RUNS"
}

# matrix NAME [--source sim]
matrix()
{
    local name=$1
    shift
    BENCH_BIN=$NEW_BIN OUT=$FOUNDING/$name.json "$BOX_DIR/mixed_matrix_box.sh" "$@"
}

model_matrix()
{
    ITERS=$((FORENSICS_ITERS / 4 > 0 ? FORENSICS_ITERS / 4 : 1)) matrix matrix_sim --source sim
}

# forensics NAME OLD NEW: a verdict of any kind is a result, a failure of tool or program is not.
forensics()
{
    local status=0 knobs=() knob
    for knob in "${PROMOTED[@]}"; do
        knobs+=(--env "$knob")
    done
    "$ANALYZER" compare --runs "$RUNS" --source "$SOURCE" "${knobs[@]}" --json "$FOUNDING/$1.json" \
        "$2" "$3" -- "$FORENSICS_ITERS" "$WS" "$SEED" || status=$?
    ((status != 1 && status != 8 && status < 128))
}

validated()
{
    grep -c '"round"' "$FOUNDING/old.json"
}

# While the baseline's interval lies across its threshold there are twice as many pairs, up to four times the first. (Three
# looks at 95 % are together a little less than that.)
gate()
{
    local status count
    while true; do
        status=0
        "$ANALYZER" gate --json "$FOUNDING/gate.json" "$FOUNDING/old.json" "$FOUNDING/new.json" "$FOUNDING/matrix.json" \
            >"$FOUNDING/gate.txt" || status=$?
        ((status != 1)) || return 1
        count=$(validated)
        [[ $("$RECORD" get "$FOUNDING/gate.json" rules.baseline.answer) == open ]] || break
        ((count < 4 * VALIDATE_RUNS)) || break
        pairs "$count"
    done
}

# verdict TITLE RESULT: the one line of a comparison, as a section.
verdict()
{
    printf '\n## %s\n\n' "$1"
    "$ANALYZER" report --quiet --color never "$2" | sed 's/^/    /'
}

# One page: the gate first, then what it rests on.
page()
{
    printf '# Founding workflow\n\n%s rounds (validation %s), %s operations a run; old %s, new %s.\n\n## Gate\n\n' \
        "$RUNS" "$(validated)" "$ITERS" \
        "$(sha256_of "$OLD_BIN" | cut -c1-12)" "$(sha256_of "$NEW_BIN" | cut -c1-12)"
    "$ANALYZER" gate --format markdown "$FOUNDING/old.json" "$FOUNDING/new.json" "$FOUNDING/matrix.json" || true
    if [[ $SOURCE != clock ]]; then
        printf '\n## The matrix on the processor model\n\n'
        "$ANALYZER" matrix --format markdown "$FOUNDING/matrix_sim.json"
    fi
    verdict 'Forensics: old against new, interleaved' "$FOUNDING/forensics.json"
    verdict 'Forensics: new against its stale twin, interleaved' "$FOUNDING/forensics_stale.json"
}

step 1 train train
need_program OLD "$OLD_BIN"
step 2 validate validate
step 3 matrix matrix matrix
[[ $SOURCE == clock ]] || step 3 matrix_sim model_matrix
step 4 forensics forensics forensics "$OLD_BIN" "$NEW_BIN"
step 4 forensics_stale forensics forensics_stale "$NEW_BIN" "$STALE_BIN"
step 5 gate gate
page >"$WORK/page"
save "$FOUNDING/page.md" <"$WORK/page"
cat "$FOUNDING/gate.txt"
printf '\nold against new:   '
"$ANALYZER" report --quiet --color never "$FOUNDING/forensics.json"
printf 'new against stale: '
"$ANALYZER" report --quiet --color never "$FOUNDING/forensics_stale.json"
printf '\npage: %s\n' "${FOUNDING#"$ROOT"/}/page.md"
exit "$("$RECORD" get "$FOUNDING/gate.json" exit_status)"
