"""One line of bench_sim_box.sh: a program natively, under the model and under cachegrind, interleaved."""
import argparse
import os
import statistics
import sys
import time

CLEAN = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
QUIET = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0) for fd in (1, 2)]


def run(argv):
    """Wall clock and processor seconds, MB of the largest process."""
    begin = time.monotonic()
    _, status, usage = os.wait4(os.posix_spawn(argv[0], argv, CLEAN, file_actions=QUIET), 0)
    wall = time.monotonic() - begin
    if status:
        sys.exit(f"{argv[0]} ended with status {os.waitstatus_to_exitcode(status)}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, required=True)
    options.add_argument("--profile", required=True)
    options.add_argument("--command", required=True)
    options.add_argument("name")
    options.add_argument("argv", nargs=argparse.REMAINDER)
    options = options.parse_args()
    program, *args = options.argv
    ways = {
        "native": [program, *args],
        "model": [options.command, "--runs", "0", "--profile", options.profile, "-q", program, program, "--", *args],
        "cachegrind": ["/usr/bin/valgrind", "--tool=cachegrind", "--cache-sim=yes", "--branch-sim=yes",
                       "--cachegrind-out-file=/dev/null", program, *args],
    }
    seen = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way, argv in ways.items():
            wall, cpu, memory = run(argv)
            sides = 2 if way == "model" else 1
            seen[way].append((wall / sides, cpu / sides, memory))
    median = {way: [statistics.median(column) for column in zip(*runs)] for way, runs in seen.items()}
    model, other = median["model"], median["cachegrind"]
    print(f"{options.name:<13} native {median['native'][0]:6.3f} s   model {model[0]:6.2f} s wall, {model[1]:6.2f} s cpu, "
          f"{model[2]:4.0f} MB   cachegrind {other[0]:6.2f} s wall, {other[1]:6.2f} s cpu, {other[2]:4.0f} MB   "
          f"model/cachegrind {model[0] / other[0]:.2f} wall, {model[1] / other[1]:.2f} cpu")


main()
