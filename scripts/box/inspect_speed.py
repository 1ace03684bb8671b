#!/usr/bin/env python3
"""Times `inspect` on the files of inspect_inputs.sh; used by bench_inspect_box.sh.

Prints a table: medians over rounds of wall clock and processor time, the largest memory, and each limit with its answer.
Status 1 when a limit is not kept.
"""
import argparse
import os
import resource
import shutil
import statistics
import sys
import time


def run(command, seconds=None):
    """Wall seconds, processor seconds, peak KiB and exit status of a command; its output goes nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.dup2(null, 1)
        os.dup2(null, 2)
        if seconds:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        os.execvp(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    os.close(null)
    wall = time.monotonic() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, status


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--readelf-seconds", type=int, default=60)
    parser.add_argument("--command", required=True)
    parser.add_argument("folder")
    args = parser.parse_args()
    symbols, other, debug = (os.path.join(args.folder, name) for name in ("symbols", "symbols.other", "debug"))
    cases = [("symbols, itself", symbols, symbols), ("symbols, all moved", symbols, other), ("debug, itself", debug, debug)]
    samples = {case[0]: [] for case in cases}
    for _ in range(args.rounds):
        for name, old, new in cases:
            sample = run([args.command, "inspect", old, new])
            if sample[3] != 0:
                sys.exit(f"inspect_speed.py: '{args.command} inspect {old} {new}' failed")
            samples[name].append(sample)
    busy = os.getloadavg()[0] - 1 > len(os.sched_getaffinity(0)) / 2
    clock = 1 if busy else 0
    print(f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores"
          + (": limits are held against processor time, which wall clock does not exceed on an idle machine"
             if busy else ""))
    print(f"{'case':<20} {'MB':>6} {'wall s':>8} {'least':>7} {'most':>7} {'cpu s':>7} {'peak MB':>8}")
    times, peaks = {}, {}
    for name, old, _ in cases:
        wall = [s[0] for s in samples[name]]
        times[name] = statistics.median(s[clock] for s in samples[name])
        peaks[name] = max(s[2] for s in samples[name]) * 1024
        print(f"{name:<20} {os.path.getsize(old) / 1e6:6.1f} {statistics.median(wall):8.3f} {min(wall):7.3f} {max(wall):7.3f} "
              f"{statistics.median(s[1] for s in samples[name]):7.3f} {peaks[name] / 1e6:8.1f}")
    limit, why = 10.0, "10 s"
    if shutil.which("eu-readelf"):
        seconds = run(["eu-readelf", "--debug-dump=info", debug], args.readelf_seconds)
        said = f"stopped after {seconds[1]:.1f} s of processor time" if seconds[3] else f"{seconds[clock]:.3f} s"
        print(f"eu-readelf --debug-dump=info of debug: {said}")
        if 1.5 * seconds[clock] < limit:
            limit, why = 1.5 * seconds[clock], "1.5 times eu-readelf"
    kept = True
    for what, value, most, unit in (
            ("symbols, itself", times["symbols, itself"], 0.3, "s"),
            ("debug, itself", times["debug, itself"], limit, "s"),
            ("debug, itself: memory", peaks["debug, itself"] / os.path.getsize(debug), 4, "times the file")):
        answer = "kept" if value < most else "NOT KEPT"
        kept = kept and value < most
        print(f"limit {what}: {value:.3f} of {most:.3f} {unit}: {answer}")
    print(f"(the limit of time for debug is {why})")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
