"""The table of bench_model_box.sh: modelled against measured ratios of the binaries in a file of rows.

Rows are SET, NAME, BASE, BINARY, ARGS... by tabs. A row called `copy` is BASE again: its ratio is the clock's noise.
Effects are ratio - 1. The sign agrees when the model moves the same way as the clock, by at least a tenth as much.
"""
import argparse
import json
import os
import random
import subprocess
import sys

LARGE = 0.03  # effects of the clock beyond which the sign must agree
RESAMPLES = 2000


def processor_time(argv):
    """Seconds of user and system time of one run, what it prints thrown away."""
    pid = os.posix_spawn(argv[0], argv, {"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                         file_actions=[(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0) for fd in (1, 2)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{argv[0]} ended with status {status}")
    return usage.ru_utime + usage.ru_stime


def low_tail(times):
    """Mean of the lowest tenth: other guests only ever add to processor time."""
    times = sorted(times)
    lowest = times[:max(1, len(times) // 10)]
    return sum(lowest) / len(lowest)


def measure(rows, rounds):
    """Clock ratio of each row; a round runs every program once, in a new order."""
    programs = {}
    for row in rows:
        for path in (row["base"], row["binary"]):
            programs[path] = [path] + row["args"]
    order, times, shuffle = list(programs), {path: [] for path in programs}, random.Random(1)
    for round_number in range(rounds + 1):
        shuffle.shuffle(order)
        for path in order:
            seconds = processor_time(programs[path])
            if round_number:  # the first one warms the page cache
                times[path].append(seconds)
    for row in rows:
        row["clock"] = low_tail(times[row["binary"]]) / low_tail(times[row["base"]])
        row["seconds"] = low_tail(times[row["base"]])


def model(command, profile, rows):
    """Ratio of modelled cycles of each row. A program is modelled once: sides do not know of each other, but for the
    name that both are given, and that is one in a set."""
    programs, cycles = {}, {}
    for row in rows:
        for path in (row["base"], row["binary"]):
            programs[path] = row["args"]
    paths = list(programs)
    for first, second in zip(paths[::2], paths[1::2] + paths[-1:]):
        argv = [command, "--runs", "0", "--profile", profile, "--json", "-", first, second, "--"] + programs[first]
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if not done.stdout:
            sys.exit(done.stderr.decode())
        costs = json.loads(done.stdout)["costs"]
        for path, side in ((first, "old"), (second, "new")):
            cycles[path] = costs[side]["total"]["counts"]["cycles"]
    for row in rows:
        row["model"] = cycles[row["binary"]] / cycles[row["base"]]


def ranks(values):
    """1, 2, ...; equal values share their mean rank."""
    order, result = sorted(range(len(values)), key=values.__getitem__), [0.0] * len(values)
    i = 0
    while i < len(order):
        j = i
        while j < len(order) and values[order[j]] == values[order[i]]:
            j += 1
        for k in range(i, j):
            result[order[k]] = (i + j + 1) / 2
        i = j
    return result


def correlation(points):
    """Spearman's; None where one side does not vary."""
    x, y = ranks([p[0] for p in points]), ranks([p[1] for p in points])
    mx, my = sum(x) / len(x), sum(y) / len(y)
    sxx, syy = sum((a - mx) ** 2 for a in x), sum((b - my) ** 2 for b in y)
    if not sxx or not syy:
        return None
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / (sxx * syy) ** 0.5


def agreement(points):
    """Share of the clock's large effects whose sign the model has; None without any."""
    large = [(m, c) for m, c in points if abs(c) > LARGE]
    right = sum(1 for m, c in large if m * c > 0 and abs(m) >= abs(c) / 10)
    return right / len(large) if large else None


def interval(points, figure):
    """95 % percentile bootstrap over the points, with a fixed seed."""
    draw, values = random.Random(1), []
    for _ in range(RESAMPLES):
        value = figure([points[draw.randrange(len(points))] for _ in points])
        if value is not None:
            values.append(value)
    values.sort()
    return (values[int(0.025 * len(values))], values[int(0.975 * (len(values) - 1))]) if values else None


def with_interval(points, figure, form):
    value = figure(points)
    if value is None:
        return "-"
    low, high = interval(points, figure)
    return f"{form(value)} [{form(low)}, {form(high)}]"


def percent(value):
    return f"{100 * value:.0f} %"


def summary(name, rows):
    points = [(r["model"] - 1, r["clock"] - 1) for r in rows if r["name"] != "copy"]
    noise = max((abs(r["clock"] - 1) for r in rows if r["name"] == "copy"), default=0)
    clocks, large = [c for _, c in points], sum(abs(c) > LARGE for _, c in points)
    print(f"{name:<14}{len(points):>4}  {100 * min(clocks):+7.1f} ..{100 * max(clocks):+7.1f} %  {100 * noise:>5.1f} %  "
          f"{large:>5}  {with_interval(points, agreement, percent):<22}"
          f"{with_interval(points, correlation, lambda v: f'{v:.2f}')}")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("rows")
    options.add_argument("--rounds", type=int, required=True)
    options.add_argument("--profile", required=True)
    options.add_argument("--command", required=True)
    options.add_argument("--keep")
    options = options.parse_args()
    rows = []
    with open(options.rows, encoding="utf-8") as lines:
        for line in lines:
            name_set, name, base, binary, *args = line.rstrip("\n").split("\t")
            rows.append({"set": name_set, "name": name, "base": base, "binary": binary, "args": args})
    sets = list(dict.fromkeys(row["set"] for row in rows))
    for name in sets:
        of_set = [row for row in rows if row["set"] == name]
        measure(of_set, options.rounds)
        model(options.command, options.profile, of_set)
    if options.keep:
        with open(options.keep, "w", encoding="utf-8") as keep:
            for r in rows:
                keep.write(f"{r['set']}\t{r['name']}\t{r['model']:.4f}\t{r['clock']:.4f}\t{r['seconds']:.6f}\n")
    for row in rows:
        if row["set"] == "corpus" and row["name"] != "copy":
            print(f"  {row['name']:<24} model {row['model']:6.3f}   clock {row['clock']:6.3f}")
    print(f"profile {options.profile}; clock: {options.rounds} interleaved rounds, processor time, mean of the lowest tenth")
    print(f"{'set':<14}{'n':>4}  {'clock against base':<20}  {'A/A':>7}  {'> 3 %':>5}  {'sign agreement':<22}rank correlation")
    for name in sets:
        summary(name, [row for row in rows if row["set"] == name])
    if len(sets) > 1:
        summary("all", rows)
    for row in sorted(rows, key=lambda r: -abs(r["model"] - r["clock"]))[:5]:
        print(f"  furthest apart: {row['set']} {row['name']}: model {row['model']:.3f}, clock {row['clock']:.3f}")


main()
