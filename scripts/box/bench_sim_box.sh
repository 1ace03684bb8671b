#!/bin/bash
# Speed of recording and modelling against cachegrind with its cache and branch models, whole processes.
#
#   scripts/box/bench_sim_box.sh [PROGRAM...]       (make bench-sim does the same after building)
#
# Programs: random_mixed (the C library's malloc), gzip, sqlite3; absent ones are left out with a sentence. A round runs
# the program natively, under the full model, the sampled one and cachegrind, one after the other; medians of wall clock
# and processor time. The command models two sides a run, so its figures are halves. Memory is the largest process's. The
# sampled model's error is against the full one's figures, of the misses that occur once in 10000 instructions or oftener.
#
#   ROUNDS=7   PROFILE=zen3   BUILD=build

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

ROUNDS=${ROUNDS:-7} PROFILE=${PROFILE:-zen3}
need_number ROUNDS "$ROUNDS" 3 1000
need_built_analyzer
command -v valgrind >/dev/null || die "valgrind is not here; apt-get install valgrind"
command -v python3 >/dev/null || die "python3 is not here; apt-get install python3"
scratch
PROGRAMS=("$@")
((${#PROGRAMS[@]})) || PROGRAMS=(random_mixed gzip sqlite3)

measure() # NAME PROGRAM ARG...
{
    if [[ -z $2 || ! -x $2 ]]; then
        say "$1 is not here: left out"
        return
    fi
    python3 "$BOX_DIR/model_speed.py" --rounds "$ROUNDS" --profile "$PROFILE" --command "$LTF" "$@"
}

seq 1 300000 >"$WORK/numbers"
for program in "${PROGRAMS[@]}"; do
    case $program in
    random_mixed) measure random_mixed "$BIN/bench_random_mixed_system" 1000000 400 1 ;;
    gzip) measure gzip "$(command -v gzip || true)" -c "$WORK/numbers" ;;
    sqlite3)
        measure sqlite3 "$(command -v sqlite3 || true)" :memory: "create table t(a integer primary key, b text);
            insert into t with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
                select i, hex(i * 7919 % 20011) from n;
            create index x on t(b);
            select count(*), sum(a), max(b) from t join (select b as c from t where a % 3 = 0) on b = c;"
        ;;
    *) die "there is no program '$program'; use random_mixed, gzip or sqlite3" ;;
    esac
done
