"""The table of bench_model_box.sh: modelled against measured ratios of the binaries in a file of rows.

Rows are SET, NAME, BASE, BINARY, ARGS... by tabs. A row called `copy` is BASE again: its ratio is the clock's noise, and
its runs count as the base's, too. Effects are ratio - 1. The sign agrees when the model moves the same way as the clock,
by at least a tenth as much.

A program's time is the mean of its lowest tenth of runs, or the median, whichever tells the odd rounds from the even
ones less: on a quiet machine the first, where something always runs beside it the second. The model has no part in it.
"""
import argparse
import hashlib
import json
import math
import os
import random
import statistics
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


ESTIMATORS = {"mean of the lowest tenth": low_tail, "median": statistics.median}


def disagreement(estimator, times):
    """Spread of the logarithms of odd against even rounds, brought to the length of all rounds."""
    return statistics.pstdev(math.log(estimator(t[::2]) / estimator(t[1::2])) for t in times.values()) / 2


def identity(path, args):
    """What a kept figure belongs to: where the binary stands in its set, its bytes, its arguments."""
    with open(path, "rb") as binary:
        digest = hashlib.sha256(binary.read()).hexdigest()[:16]
    return " ".join(path.split("/")[-3:] + [digest] + [os.path.basename(a) for a in args])


def programs_of(rows):
    """Identity to command, in order."""
    programs = {}
    for row in rows:
        for side in ("base", "binary"):
            row[f"{side}_id"] = identity(row[side], row["args"])
            programs[row[f"{side}_id"]] = [row[side]] + row["args"]
    return programs


def measure(programs, rounds, state, save):
    """Processor times by program until each has `rounds`; a round runs every program once, in a new order."""
    times, shuffle = state["times"], random.Random(1)
    for program in programs:
        if not times.get(program):
            times[program] = []
            processor_time(programs[program])  # warms the page cache
    while True:
        order = [program for program in programs if len(times[program]) < rounds]
        if not order:
            return
        shuffle.shuffle(order)
        for program in order:
            times[program].append(processor_time(programs[program]))
        save()


def model(command, profile, programs, state, save):
    """Modelled cycles by program. A program is modelled once: sides do not know of each other, but for the name that
    both are given, and that is one in a set."""
    cycles = state["cycles"]
    wanted = [program for program in programs if program not in cycles]
    for first, second in zip(wanted[::2], wanted[1::2] + wanted[-1:]):
        argv = [command, "--runs", "0", "--layouts", "0", "--profile", profile, "--json", "-", programs[first][0],
                programs[second][0], "--"] + programs[first][1:]
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if not done.stdout:
            sys.exit(done.stderr.decode())
        costs = json.loads(done.stdout)["costs"]
        for program, side in ((first, "old"), (second, "new")):
            cycles[program] = costs[side]["total"]["counts"]["cycles"]
        save()


def compare(rows, state, estimator):
    """Ratios of each row, the base's copy counted with the base."""
    copies = {row["base_id"]: row["binary_id"] for row in rows if row["name"] == "copy"}
    for row in rows:
        base = state["times"][row["base_id"]]
        if row["name"] != "copy":
            base = base + state["times"].get(copies.get(row["base_id"]), [])
        row["clock"] = estimator(state["times"][row["binary_id"]]) / estimator(base)
        row["seconds"] = estimator(base)
        row["model"] = state["cycles"][row["binary_id"]] / state["cycles"][row["base_id"]]


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
    options.add_argument("--state")
    options = options.parse_args()
    rows = []
    with open(options.rows, encoding="utf-8") as lines:
        for line in lines:
            name_set, name, base, binary, *args = line.rstrip("\n").split("\t")
            rows.append({"set": name_set, "name": name, "base": base, "binary": binary, "args": args})
    sets = list(dict.fromkeys(row["set"] for row in rows))
    state = {"times": {}, "cycles": {}}
    if options.state and os.path.exists(options.state):
        with open(options.state, encoding="utf-8") as kept:
            state = json.load(kept)

    def save():
        if options.state:
            with open(options.state + ".new", "w", encoding="utf-8") as kept:
                json.dump(state, kept)
            os.replace(options.state + ".new", options.state)

    everything = {}
    for name in sets:
        of_set = programs_of([row for row in rows if row["set"] == name])
        everything.update(of_set)
        measure(of_set, options.rounds, state, save)
        model(options.command, options.profile, of_set, state, save)
    times = {program: state["times"][program] for program in everything}
    title, estimator = min(ESTIMATORS.items(), key=lambda item: disagreement(item[1], times))
    compare(rows, state, estimator)
    if options.keep:
        with open(options.keep, "w", encoding="utf-8") as keep:
            for r in rows:
                keep.write(f"{r['set']}\t{r['name']}\t{r['model']:.4f}\t{r['clock']:.4f}\t{r['seconds']:.6f}\n")
    for row in rows:
        if row["set"] == "corpus" and row["name"] != "copy":
            print(f"  {row['name']:<24} model {row['model']:6.3f}   clock {row['clock']:6.3f}")
    print(f"profile {options.profile}; clock: {min(map(len, times.values()))} interleaved rounds, processor time, {title} "
          f"(+-{100 * disagreement(estimator, times):.1f} % a program)")
    print(f"{'set':<14}{'n':>4}  {'clock against base':<20}  {'A/A':>7}  {'> 3 %':>5}  {'sign agreement':<22}rank correlation")
    for name in sets:
        summary(name, [row for row in rows if row["set"] == name])
    if len(sets) > 1:
        summary("all", rows)
    for row in sorted(rows, key=lambda r: -abs(r["model"] - r["clock"]))[:5]:
        print(f"  furthest apart: {row['set']} {row['name']}: model {row['model']:.3f}, clock {row['clock']:.3f}")


main()
