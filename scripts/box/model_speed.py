"""One program of bench_sim_box.sh: natively, under the full model, the sampled one and cachegrind, interleaved."""
import argparse
import json
import os
import statistics
import sys
import tempfile
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


def figures(command, options, sides):
    """What the model says of the program: every count, by name."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        run([command, *options, "--json", path, *sides])
        with open(path, encoding="utf-8") as file:
            return json.load(file)["costs"]["new"]["total"]["counts"]


def errors(full, sampled):
    """Of the IPC, and the largest of a count of misses that occur once in 10000 instructions or oftener."""
    ipc = full["cycles"] / sampled["cycles"] - 1
    misses = [abs(sampled.get(name, 0) / count - 1) for name, count in full.items()
              if name.endswith("misses") and count > full["instructions"] * 1e-4]
    return f"IPC {100 * ipc:+.2f} %, misses within {100 * max(misses, default=0):.2f} %"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, required=True)
    options.add_argument("--profile", required=True)
    options.add_argument("--command", required=True)
    options.add_argument("name")
    options.add_argument("argv", nargs=argparse.REMAINDER)
    options = options.parse_args()
    program, *args = options.argv
    common, sides = ["--runs", "0", "--profile", options.profile, "-q"], [program, program, "--", *args]
    model = {"full": [*common, "--full"], "sampled": [*common, "--sample"]}
    ways = {
        "native": [program, *args],
        "full": [options.command, *model["full"], *sides],
        "sampled": [options.command, *model["sampled"], *sides],
        "cachegrind": ["/usr/bin/valgrind", "--tool=cachegrind", "--cache-sim=yes", "--branch-sim=yes",
                       "--cachegrind-out-file=/dev/null", program, *args],
    }
    seen = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way, argv in ways.items():
            wall, cpu, memory = run(argv)
            halves = 2 if way in model else 1
            seen[way].append((wall / halves, cpu / halves, memory))
    median = {way: [statistics.median(column) for column in zip(*runs)] for way, runs in seen.items()}
    counts = {way: figures(options.command, how, sides) for way, how in model.items()}
    other = median["cachegrind"]
    print(f"{options.name}: {counts['full']['instructions'] / 1e6:.0f} million instructions")
    for way, (wall, cpu, memory) in median.items():
        line = f"  {way:<11} {wall:6.2f} s wall {cpu:6.2f} s cpu {memory:4.0f} MB"
        if way in counts:
            line += f"   {wall / other[0]:.2f} times cachegrind's wall, {cpu / other[1]:.2f} its cpu"
        if way == "sampled":
            line += f"\n              against full: {errors(counts['full'], counts['sampled'])}"
        print(line)


main()
