"""The table of bench_model_box.sh: modelled against measured ratios of the binaries in a file of rows.

Rows are SET, NAME, BASE, BINARY, ARGS... by tabs. A row called `copy` is BASE again: its ratio is the clock's noise.
Effects are ratio - 1. The sign agrees when the model moves the same way as the clock, by at least a tenth as much.

A round runs base and binary of every row one right after the other, so that both meet the same neighbours on the machine.
Before and after each run timed_run.c measures how long a taken jump takes. Where that is near the shortest seen, the core's
SMT sibling was idle, as the model's is; a row with QUIET_LEAST such rounds is measured by these alone, and is measured
further, up to MORE times as many rounds, until it has them.
A row's ratio is taken from its rounds in the way that tells the odd rounds from the even ones least; the model has no part in
the choice. An effect is sure when its 99 % bootstrap interval over the rounds does not reach 0.
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
SURE = 0.99  # of a row's interval
RESAMPLES = 2000
ROUND_RESAMPLES = 400
QUIET = 1.25  # times the shortest jump: more is a busy sibling
QUIET_LEAST = 10
MORE = 3


def processor_time(timed, argv):
    """Seconds of user and system time of one run, what it prints thrown away, and cycles a jump around it."""
    done = subprocess.run([timed] + argv, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f"{argv[0]} cannot be timed, or ended with another status than 0")
    return tuple(map(float, done.stdout.split()))


def quiet_limit(state):
    """Cycles a jump that still mean an idle sibling."""
    return QUIET * min((jump for rounds in state["rounds"].values() for *_, jump in rounds), default=1)


def quiet_rounds(rounds, limit):
    return [(old, new) for old, new, jump in rounds if jump <= limit]


def low_tail(times):
    """Mean of the lowest tenth: other guests only ever add to processor time."""
    times = sorted(times)
    lowest = times[:max(1, len(times) // 10)]
    return sum(lowest) / len(lowest)


def of_pairs(pairs):
    return statistics.median(math.log(new / old) for old, new in pairs)


def by_side(figure):
    return lambda pairs: math.log(figure([new for _, new in pairs]) / figure([old for old, _ in pairs]))


# Each makes a ratio's logarithm from a row's rounds.
ESTIMATORS = {"median of the rounds' ratios": of_pairs, "ratio of medians": by_side(statistics.median),
              "ratio of the means of the lowest tenth": by_side(low_tail)}


def disagreement(estimator, times):
    """Mean square difference of odd from even rounds, brought to the length of all rounds."""
    return statistics.fmean((estimator(t[::2]) - estimator(t[1::2])) ** 2 for t in times) ** 0.5 / 2


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


def lacks_rounds(times, rounds, limit):
    return len(times) < rounds or len(times) < MORE * rounds and len(quiet_rounds(times, limit)) < QUIET_LEAST


def measure(timed, rows, rounds, state, save):
    """Processor times of base and binary, and cycles a jump around them, by row, until each has enough; a round runs every
    row, in a new order."""
    times, shuffle = state["rounds"], random.Random(1)
    for row in rows:
        row["id"] = f"{row['base_id']} / {row['binary_id']}"
        if row["id"] not in times:
            times[row["id"]] = []
            for side in ("base", "binary"):
                processor_time(timed, [row[side]] + row["args"])  # warms the page cache
    while True:
        limit = quiet_limit(state)
        order = [row for row in rows if lacks_rounds(times[row["id"]], rounds, limit)]
        if not order:
            return
        shuffle.shuffle(order)
        for row in order:
            sides = ["base", "binary"][::1 if len(times[row["id"]]) % 4 in (0, 3) else -1]
            ran = {side: processor_time(timed, [row[side]] + row["args"]) for side in sides}
            times[row["id"]].append((ran["base"][0], ran["binary"][0], max(jump for _, jump in ran.values())))
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


def sure(pairs, estimator):
    """Whether the interval of the ratio's logarithm over the rounds stays on one side of 0."""
    draw = random.Random(1)
    values = sorted(estimator(draw.choices(pairs, k=len(pairs))) for _ in range(ROUND_RESAMPLES))
    edge = int((1 - SURE) / 2 * ROUND_RESAMPLES)
    return values[edge] > 0 or values[-1 - edge] < 0


def choose_rounds(rows, state):
    """The rounds that each row is judged by."""
    limit = quiet_limit(state)
    for row in rows:
        rounds = state["rounds"][row["id"]]
        quiet = quiet_rounds(rounds, limit)
        row["quiet"] = len(quiet) >= QUIET_LEAST
        row["pairs"] = quiet if row["quiet"] else [(old, new) for old, new, _ in rounds]


def compare(rows, state, estimator):
    """Ratios of each row."""
    for row in rows:
        pairs = row["pairs"]
        row["clock"] = math.exp(estimator(pairs))
        row["sure"] = sure(pairs, estimator)
        row["seconds"] = statistics.median(old for old, _ in pairs)
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
    large = [(p[0], p[1]) for p in points if abs(p[1]) > LARGE]
    right = sum(1 for m, c in large if m * c > 0 and abs(m) >= abs(c) / 10)
    return right / len(large) if large else None


def sure_agreement(points):
    """The same of those that are sure."""
    return agreement([p for p in points if p[2]])


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
    points = [(r["model"] - 1, r["clock"] - 1, r["sure"]) for r in rows if r["name"] != "copy"]
    noise = max((abs(r["clock"] - 1) for r in rows if r["name"] == "copy"), default=0)
    clocks = [p[1] for p in points]
    large = [p for p in points if abs(p[1]) > LARGE]
    print(f"{name:<14}{len(points):>4}  {100 * min(clocks):+7.1f} ..{100 * max(clocks):+7.1f} %  {100 * noise:>5.1f} %  "
          f"{len(large):>5}  {with_interval(points, agreement, percent):<22}"
          f"{sum(p[2] for p in large):>4}  {with_interval(points, sure_agreement, percent):<22}"
          f"{with_interval(points, correlation, lambda v: f'{v:.2f}')}")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("rows")
    options.add_argument("--rounds", type=int, required=True)
    options.add_argument("--profile", required=True)
    options.add_argument("--command", required=True)
    options.add_argument("--timed", required=True, help="timed_run.c, built")
    options.add_argument("--keep")
    options.add_argument("--state")
    options = options.parse_args()
    rows = []
    with open(options.rows, encoding="utf-8") as lines:
        for line in lines:
            name_set, name, base, binary, *args = line.rstrip("\n").split("\t")
            rows.append({"set": name_set, "name": name, "base": base, "binary": binary, "args": args})
    sets = list(dict.fromkeys(row["set"] for row in rows))
    state = {"rounds": {}, "cycles": {}}
    if options.state and os.path.exists(options.state):
        with open(options.state, encoding="utf-8") as kept:
            state |= json.load(kept)

    def save():
        if options.state:
            with open(options.state + ".new", "w", encoding="utf-8") as kept:
                json.dump(state, kept)
            os.replace(options.state + ".new", options.state)

    for name in sets:
        of_set = [row for row in rows if row["set"] == name]
        programs = programs_of(of_set)
        measure(options.timed, of_set, options.rounds, state, save)
        model(options.command, options.profile, programs, state, save)
    choose_rounds(rows, state)
    times = [row["pairs"] for row in rows]
    title, estimator = min(ESTIMATORS.items(), key=lambda item: disagreement(item[1], times))
    compare(rows, state, estimator)
    if options.keep:
        with open(options.keep, "w", encoding="utf-8") as keep:
            for r in rows:
                keep.write(f"{r['set']}\t{r['name']}\t{r['model']:.4f}\t{r['clock']:.4f}\t{r['seconds']:.6f}\t"
                           f"{'sure' if r['sure'] else '-'}\n")
    for row in rows:
        if row["set"] == "corpus" and row["name"] != "copy":
            print(f"  {row['name']:<24} model {row['model']:6.3f}   clock {row['clock']:6.3f}"
                  f"{'' if row['quiet'] else '   busy sibling'}")
    print(f"profile {options.profile}; clock: {min(map(len, times))} rounds at least, processor time, {title} "
          f"(+-{100 * disagreement(estimator, times):.1f} % a row)")
    print(f"SMT sibling idle: {sum(row['quiet'] for row in rows)} of {len(rows)} rows, by these rounds alone; "
          f"busy or changing: the rest, by all of theirs")
    print(f"{'set':<14}{'n':>4}  {'clock against base':<20}  {'A/A':>7}  {'> 3 %':>5}  {'sign agreement':<22}"
          f"{'sure':>4}  {'sign agreement':<22}rank correlation")
    for name in sets:
        summary(name, [row for row in rows if row["set"] == name])
    if len(sets) > 1:
        summary("all", rows)
    for row in sorted(rows, key=lambda r: -abs(r["model"] - r["clock"]))[:5]:
        print(f"  furthest apart: {row['set']} {row['name']}: model {row['model']:.3f}, clock {row['clock']:.3f}")


if __name__ == "__main__":
    main()
