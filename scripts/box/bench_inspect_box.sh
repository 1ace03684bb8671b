#!/bin/bash
# Speed and memory of `inspect` on large files.
#
#   scripts/box/bench_inspect_box.sh        (make bench-inspect does the same after building)
#
# The files are generated and compiled once, in INPUTS (inspect_inputs.sh). Wall clock and processor time are medians of
# ROUNDS rounds, each of which takes every case in turn; memory is the largest. Limits: 0.3 s for 20 MB of symbols against
# themselves; for 100 MB with debug information the lesser of 10 s and 1.5 times eu-readelf, and four times the file's size
# in memory. eu-readelf runs once and is stopped after READELF_SECONDS of processor time.
#
#   ROUNDS=7   BUILD=build   INPUTS=build/bench/inspect   READELF_SECONDS=60

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

ROUNDS=${ROUNDS:-7} READELF_SECONDS=${READELF_SECONDS:-60}
need_number ROUNDS "$ROUNDS" 1 1000
need_number READELF_SECONDS "$READELF_SECONDS" 1 100000
need_built_analyzer
INPUTS=${INPUTS:-$BUILD/bench/inspect}
command -v python3 >/dev/null || die "python3 is not here; apt-get install python3"
"$BOX_DIR/inspect_inputs.sh" "$INPUTS"
exec python3 "$BOX_DIR/inspect_speed.py" --rounds "$ROUNDS" --readelf-seconds "$READELF_SECONDS" \
    --command "$LTF" "$INPUTS"
