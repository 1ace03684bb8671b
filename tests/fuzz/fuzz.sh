#!/usr/bin/env bash
# Runs a fuzzer until something is found or a limit is reached, and says how much it did.
#   fuzz.sh PROGRAM CORPUS SEEDS      FUZZ_SECONDS, FUZZ_EXECUTIONS: the limits; 0: none
# Exit status: 0 nothing found, 1 a finding, whose input lies beside the program.
set -euo pipefail
program=$1 corpus=$2 seeds=$3
mkdir -p "$corpus"
work=$(mktemp -d)
log=$work/log
trap 'rm -rf "$work"' EXIT
if [[ -e $seeds/split.so ]]; then # packages are read from a file beside the program
    cp "$seeds/split.so" "$work/split.so"
    export FUZZ_SPLIT=$work/split.so
fi
# Short stacks and a small quarantine: half of the time would be the sanitizer's own. Memory is that of an arena, so
# what leaks is a handle, which the limit on memory meets.
export ASAN_OPTIONS=quarantine_size_mb=1:malloc_context_size=4:replace_str=0:detect_leaks=0
status=0
"$program" -max_total_time="${FUZZ_SECONDS:-60}" -runs="$((${FUZZ_EXECUTIONS:-0} > 0 ? FUZZ_EXECUTIONS : -1))" \
    -timeout=20 -rss_limit_mb=1024 -max_len=16384 -len_control=0 -entropic=0 -reload=0 -print_final_stats=1 \
    -artifact_prefix="$(dirname "$program")/" "$corpus" "$seeds" >"$log" 2>&1 || status=$?
awk -v failed="$status" '
    /^#[0-9]+\t/ { for (i = 3; i < NF; i++) if ($i == "cov:") places = $(i + 1) }
    /number_of_executed_units/ { runs = $2 }
    /average_exec_per_sec/ { rate = $2 }
    /new_units_added/ { fresh = $2 }
    /slowest_unit_time_sec/ { slow = $2 }
    /Test unit written to/ { found = $NF }
    END {
        printf "%d executions, %d a second; %d places of the code reached, %d inputs added, the slowest took %d s\n",
               runs, rate, places, fresh, slow
        if (failed == 72 && !found) # how the fuzzer says that it was interrupted
            print "interrupted; no finding"
        else
            print failed ? "a finding: " (found ? found : "no input was written") : "no finding"
    }' "$log"
if ((status)); then
    grep -E '^(SUMMARY|==[0-9]+==ERROR)|runtime error|^ +#[0-9]+ ' "$log" | head -n 30
    exit 1
fi
