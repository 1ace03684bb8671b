#!/bin/bash
# Speed of replaying one recording in many layouts.
#
#   scripts/box/bench_replay_box.sh                 (make bench-replay does the same after building)
#
# Sweeps bench_random_mixed (the C library's malloc) against itself over LAYOUTS layouts of all axes, both sides of each,
# and divides the instructions replayed by the sweep's wall clock and by its processor time. Recording is in the time.
#
#   LAYOUTS=64   ITERATIONS=1000000   PROFILE=zen3   BUILD=build

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

LAYOUTS=${LAYOUTS:-64} ITERATIONS=${ITERATIONS:-1000000} PROFILE=${PROFILE:-zen3}
need_number LAYOUTS "$LAYOUTS" 2 10000
need_number ITERATIONS "$ITERATIONS" 1000 1000000000
need_built_analyzer
command -v python3 >/dev/null || die "python3 is not here; apt-get install python3"
program=$BIN/bench_random_mixed_system
need_program PROGRAM "$program"
scratch
python3 - "$LTF" "$LAYOUTS" "$PROFILE" "$WORK/result.json" "$program" "$ITERATIONS" <<'EOF'
import json, os, resource, subprocess, sys, time
command, layouts, profile, result, program, iterations = sys.argv[1:]
begin = time.monotonic()
subprocess.run([command, "sweep", "--runs", "0", "--no-control", "--apart", "0", "--layouts", layouts, "--profile", profile,
                "-q", "--json", result, program, program, "--", iterations, "400", "1"], check=True, stdout=subprocess.DEVNULL)
wall, usage = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
with open(result, encoding="utf-8") as file:
    study = json.load(file)
trials = study["layouts"]
replays = 2 * len(trials) - sum(t["family"] in ("old-place", "new-place") for t in trials) # of these one side is as shipped
million, cpu = study["layout_effect"]["instructions"]["new"] / 1e6, usage.ru_utime + usage.ru_stime
print(f"{million:.0f} million instructions a recording, {len(trials)} layouts, {replays} replays on {os.cpu_count()} cores")
print(f"{wall:.1f} s wall, {cpu:.1f} s processor time, load average {os.getloadavg()[0]:.1f}")
print(f"{million * replays / wall:.0f} million instructions a second in all, "
      f"{million * replays / cpu:.0f} a second of processor time")
EOF
