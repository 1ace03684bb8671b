"""The tables of bench_accuracy_box.sh: what compare and sweep say of labelled pairs, against the labels.

Rows are PAIR, LABEL by tabs; results are PAIR.compare.json and PAIR.sweep.json. Of compare the primary cause counts.
What sweep has to say follows from the label:
  layout  proved: luck, or both with luck the larger part
  hint    the layout refuted: code that is not more work
  work    the layout refuted: code
  data    the arrangement of data; and text moved alone takes nothing away
  none    no difference
Variants are the same pairs built with other flags: nobody checked their size on a clock, so only verdicts that name a cause
count there, and only in the table that holds the confidence stated against what came of it.
"""
import argparse
import json
import os

from null_table import binomial_interval

CAUSES = ["layout", "hint", "data", "work", "none"]
FOUND = CAUSES + ["other"]
EDGES = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01]
ANSWERS = ["luck", "code", "data", "both", "no-difference", "undecided"]


def load(results, pair, verb):
    with open(os.path.join(results, f"{pair}.{verb}.json"), encoding="utf-8") as file:
        return json.load(file)


def effect(study, axes):
    """The effect of one set of axes; None when it was not drawn."""
    for one in study["effects"]:
        if one["axes"] == axes and one["experiment"] == "objects":
            return one
    return None


def percent(value):
    return "-" if value is None else f"{100 * value:+.1f}"


def sweep_right(label, study):
    whole, text = study["effects"][0], effect(study, ["text"])
    answer, observed = study["answer"], study["observed"]
    moved_by_text = abs(text["luck"]) if text else 0
    return {
        "layout": answer == "luck" or (answer == "both" and abs(whole["luck"]) > abs(whole["content"])),
        "hint": answer == "code",
        "work": answer == "code",
        "data": answer == "data" and moved_by_text <= max(study["floor"], 0.1 * abs(observed)),
        "none": answer == "no-difference",
    }[label]


def judge(results, pair, label):
    compare = load(results, pair, "compare")
    primary = compare["verdict"]["primary"]
    row = {"pair": pair, "label": label, "cause": compare["verdict"]["cause"],
           "found": primary if primary in CAUSES else "other", "cause_right": primary == label, "answer": "-",
           "observed": None, "code": None, "luck": None, "text": None, "sweep_right": None}
    if os.path.exists(os.path.join(results, f"{pair}.sweep.json")):
        study = load(results, pair, "sweep")["layout_effect"]
        text = effect(study, ["text"])
        row |= {"answer": study["answer"], "observed": study["observed"], "code": study["effects"][0]["content"],
                "luck": study["effects"][0]["luck"], "text": text["luck"] if text else None,
                "sweep_right": sweep_right(label, study)}
    return row


def confusion(title, rows, key, columns):
    print(f"\n{title}")
    print("  " + "label".ljust(10) + "".join(column.rjust(15) for column in columns))
    for label in CAUSES:
        of_label = [row for row in rows if row["label"] == label]
        if of_label:
            print("  " + label.ljust(10) + "".join(str(sum(row[key] == c for row in of_label)).rjust(15) for c in columns))


def claim(confidence, right):
    return {"confidence": confidence, "right": right}


def claims_of(results, rows, variants):
    """Stated confidence and outcome of every verdict of the pairs, and of those of the variants that name a cause."""
    claims = [claim(load(results, r["pair"], "compare")["verdict"]["confidence"], r["cause_right"]) for r in rows]
    for name, label in variants:
        verdict = load(results, name, "compare")["verdict"]
        if verdict["primary"] in CAUSES and verdict["primary"] != "none":
            claims.append(claim(verdict["confidence"], verdict["primary"] == label))
    return claims


def ordered(claims):
    """How often a right verdict states more than a wrong one, ties counted half; None without either."""
    right, wrong = ([c["confidence"] for c in claims if c["right"] == value] for value in (True, False))
    if not right or not wrong:
        return None
    return sum((r > w) + (r == w) / 2 for r in right for w in wrong) / (len(right) * len(wrong))


def reliability(claims):
    print("\nconfidence stated against verdicts that are right")
    print(f"  {'stated':<14}{'verdicts':>9}{'mean':>8}{'right':>8}{'share':>9}  95 % interval")
    for low, high in zip(EDGES, EDGES[1:]):
        of_bin = [c for c in claims if low <= c["confidence"] < high]
        if of_bin:
            reliability_row(f"{100 * low:.0f} .. {100 * min(high, 1):.0f} %", of_bin)
    reliability_row("all", claims)
    brier = sum((c["confidence"] - c["right"]) ** 2 for c in claims) / len(claims)
    order = ordered(claims)
    print(f"  mean square error {brier:.3f}; a right verdict states more than a wrong one: "
          f"{'-' if order is None else f'{100 * order:.0f} %'} (50 %: it says nothing)")


def reliability_row(name, claims):
    right = sum(c["right"] for c in claims)
    low, high = binomial_interval(right, len(claims))
    mean = sum(c["confidence"] for c in claims) / len(claims)
    print(f"  {name:<14}{len(claims):>9}{100 * mean:>7.0f} %{right:>7}{100 * right / len(claims):>9.0f} %"
          f"  [{100 * low:.0f}, {100 * high:.0f}]")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", required=True)
    parser.add_argument("--variants", help="rows as well: NAME of the result, LABEL")
    parser.add_argument("rows")
    options = parser.parse_args()
    with open(options.rows, encoding="utf-8") as file:
        rows = [judge(options.results, *line.rstrip("\n").split("\t")) for line in file]
    variants = []
    if options.variants:
        with open(options.variants, encoding="utf-8") as file:
            variants = [line.rstrip("\n").split("\t") for line in file]
    print(f"  {'pair':<13}{'label':<8}{'compare':<15}{'':<7}{'sweep':<15}{'':<7}"
          f"{'observed':>9}{'code':>8}{'layout':>8}{'by text':>9}  %")
    for r in rows:
        cause = r["cause"] if r["cause"] == r["found"] else f"{r['cause']} ({r['found']})"
        print(f"  {r['pair']:<13}{r['label']:<8}{cause:<15}{'' if r['cause_right'] else 'WRONG':<7}{r['answer']:<15}"
              f"{'WRONG' if r['sweep_right'] is False else '':<7}{percent(r['observed']):>9}{percent(r['code']):>8}"
              f"{percent(r['luck']):>8}{percent(r['text']):>9}")
    confusion("compare: primary cause", rows, "found", FOUND)
    swept = [r for r in rows if r["sweep_right"] is not None]
    if swept:
        confusion("sweep: answer", swept, "answer", ANSWERS)
    causes, sweeps = sum(r["cause_right"] for r in rows), sum(r["sweep_right"] for r in swept)
    reliability(claims_of(options.results, rows, variants))
    null = [r for r in rows if r["label"] == "none"]
    alarms = sum(r["found"] != "none" or r["answer"] not in ("-", "no-difference") for r in null)
    of_sweeps = f"right sweeps: {sweeps} of {len(swept)} ({100 * sweeps / len(swept):.0f} %); " if swept else ""
    print(f"\nright causes: {causes} of {len(rows)} ({100 * causes / len(rows):.0f} %); {of_sweeps}"
          f"false alarms on null pairs: {alarms} of {len(null)}")


if __name__ == "__main__":
    main()
