"""The tables of bench_accuracy_box.sh: what compare and sweep say of labelled pairs, against the labels.

Rows are PAIR, LABEL by tabs; results are PAIR.compare.json and PAIR.sweep.json. Of compare the primary cause counts.
What sweep has to say follows from the label:
  layout  proved: luck, or both with luck the larger part
  hint    the layout refuted: code that is not more work
  work    the layout refuted: code
  data    the arrangement of data; and text moved alone takes nothing away
  none    no difference
"""
import argparse
import json
import os

CAUSES = ["layout", "hint", "data", "work", "none"]
FOUND = CAUSES + ["other"]
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
    compare, sweep = load(results, pair, "compare"), load(results, pair, "sweep")
    study = sweep["layout_effect"]
    primary = compare["verdict"]["primary"]
    text = effect(study, ["text"])
    return {
        "pair": pair, "label": label, "cause": compare["verdict"]["cause"],
        "found": primary if primary in CAUSES else "other", "answer": study["answer"],
        "observed": study["observed"], "code": study["effects"][0]["content"], "luck": study["effects"][0]["luck"],
        "text": text["luck"] if text else None, "cause_right": primary == label, "sweep_right": sweep_right(label, study),
    }


def confusion(title, rows, key, columns):
    print(f"\n{title}")
    print("  " + "label".ljust(10) + "".join(column.rjust(15) for column in columns))
    for label in CAUSES:
        of_label = [row for row in rows if row["label"] == label]
        if of_label:
            print("  " + label.ljust(10) + "".join(str(sum(row[key] == c for row in of_label)).rjust(15) for c in columns))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", required=True)
    parser.add_argument("rows")
    options = parser.parse_args()
    with open(options.rows, encoding="utf-8") as file:
        rows = [judge(options.results, *line.rstrip("\n").split("\t")) for line in file]
    print(f"  {'pair':<13}{'label':<8}{'compare':<15}{'':<7}{'sweep':<15}{'':<7}"
          f"{'observed':>9}{'code':>8}{'layout':>8}{'by text':>9}  %")
    for r in rows:
        cause = r["cause"] if r["cause"] == r["found"] else f"{r['cause']} ({r['found']})"
        print(f"  {r['pair']:<13}{r['label']:<8}{cause:<15}{'' if r['cause_right'] else 'WRONG':<7}{r['answer']:<15}"
              f"{'' if r['sweep_right'] else 'WRONG':<7}{percent(r['observed']):>9}{percent(r['code']):>8}"
              f"{percent(r['luck']):>8}{percent(r['text']):>9}")
    confusion("compare: primary cause", rows, "found", FOUND)
    confusion("sweep: answer", rows, "answer", ANSWERS)
    causes, sweeps = sum(r["cause_right"] for r in rows), sum(r["sweep_right"] for r in rows)
    null = [r for r in rows if r["label"] == "none"]
    alarms = sum(r["found"] != "none" or r["answer"] != "no-difference" for r in null)
    print(f"\nright causes: {causes} of {len(rows)} ({100 * causes / len(rows):.0f} %); "
          f"right sweeps: {sweeps} of {len(rows)} ({100 * sweeps / len(rows):.0f} %); "
          f"false alarms on null pairs: {alarms} of {len(null)}")


if __name__ == "__main__":
    main()
