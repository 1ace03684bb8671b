"""The table of bench_null_box.sh: how many sweeps of one program's relinks claim that the code costs something."""
import argparse
import json
import os
from math import comb


def binomial_interval(hits, trials, level=0.95):
    """Clopper and Pearson's interval of a share, by bisection."""
    tail = (1 - level) / 2

    def at_least(p):
        return sum(comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(hits, trials + 1))

    def at_most(p):
        return sum(comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(0, hits + 1))

    def solve(function, rising):
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            if (function(middle) < tail) == rising:
                low = middle
            else:
                high = middle
        return low

    return (0.0 if hits == 0 else solve(at_least, True), 1.0 if hits == trials else solve(at_most, False))


def show(title, hits, trials):
    low, high = binomial_interval(hits, trials)
    print(f"  {title:<58}{hits:>4} of {trials}  {100 * hits / trials:5.1f} %  [{100 * low:.1f}, {100 * high:.1f}]")
    return low


def study_of(result):
    """What the layouts said: on the machine, where they ran there, else on the model."""
    real = result.get("real_layouts")
    if not real:
        return {**result["layout_effect"], "clock": False}
    return {**real, "clock": True, "observed": real["observed"]["value"]}


def where(study):
    if study["clock"]:
        rounds = max(len(layout["old"]) for layout in study["layouts"])
        return f"{rounds} rounds on the clock, smallest effect that counts in the first {100 * study['floor']:.1f} %"
    return f"{study['processor']}, {study['instructions']['old'] / 1e6:.2f} million instructions a side"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results")
    parser.add_argument("relinks", type=int)
    options = parser.parse_args()
    studies = []
    for number in range(1, options.relinks + 1):
        with open(os.path.join(options.results, f"{number}.json"), encoding="utf-8") as file:
            studies.append(study_of(json.load(file)))
    whole = [study["all"] if study["clock"] else study["effects"][0] for study in studies]
    observed = [100 * abs(study["observed"]) for study in studies]
    contents = [100 * abs(one["content"]) for one in whole]
    print(f"{len(studies)} sweeps of {whole[0]['layouts']} layouts, {where(studies[0])}")
    print(f"  as shipped the relinks differ by up to {max(observed):.2f} %, in the same layout by up to {max(contents):.4f} %")
    show("as shipped differ by the floor or more", sum(abs(s["observed"]) >= s["floor"] for s in studies), len(studies))
    outside = sum(not one["content_interval"][0] <= 0 <= one["content_interval"][1] for one in whole)
    low = show("the interval of the code's part leaves out 0", outside, len(studies))
    show("and the estimate reaches the floor (the verdict's claim)", sum(one["content_significant"] for one in whole), len(studies))
    print("  5 % is " + ("within" if low <= 0.05 else "below") + " the binomial interval of the share that leaves out 0"
          + ("" if low <= 0.05 else ": too many"))


if __name__ == "__main__":
    main()
