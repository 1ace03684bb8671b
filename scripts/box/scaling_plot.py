#!/usr/bin/env python3
"""Draws how an allocator's speed goes with the work: an SVG out of what bench_alloc_box.sh wrote for bench/scaling.txt.

    scripts/box/scaling_plot.py RESULT.json >PLOT.svg

A panel for each family of loads NAME_NUMBER: medians of operations per CPU second over NUMBER, both axes logarithmic, a
line for each allocator, the reference drawn thick. The colours suit a light and a dark page.
"""
import json
import math
import statistics
import sys

PANELS = {"ws": "slots of the table (random_mixed)", "threads": "threads (server churn)"}
WIDTH, HEIGHT, LEFT, TOP, BOTTOM, GAP, LEGEND = 400, 300, 60, 30, 46, 40, 110
COLOURS = ["#888888", "#e8590c", "#1c7ed6", "#2b8a3e", "#ae3ec9", "#0ca678", "#f08c00", "#e64980", "#5c7cfa", "#a9711a"]
STYLE = """text { font: 12px sans-serif; fill: #222 } .axis { stroke: #888; fill: none } .grid { stroke: #8884 }
.line { fill: none; stroke-width: 1.3 } .reference { stroke-width: 3.2 } .name { font-size: 11px }
@media (prefers-color-scheme: dark) { text { fill: #ddd } }"""


def medians(result):
    """{family: {allocator: [(number, operations per CPU second)]}}, in the order of numbers."""
    runs = {}
    for run in result["runs"]:
        family, number = run["load"].rsplit("_", 1)
        runs.setdefault(family, {}).setdefault(run["allocator"], {}).setdefault(int(number), []).append(run["ops_per_cpu_s"])
    return {family: {name: sorted((n, statistics.median(v)) for n, v in points.items()) for name, points in names.items()}
            for family, names in runs.items()}


def short(number):
    """1000000 -> 1 M."""
    for unit, size in (("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:g} {unit}"
    return f"{number:g}"


def round_marks(low, high):
    """1, 2, 5, 10, ... from low to high."""
    return [m * 10**e for e in range(int(math.log10(low)) - 1, int(math.log10(high)) + 1) for m in (1, 2, 5)
            if low <= m * 10**e <= high]


class Panel:
    """One family: its scales, and the place of a point."""

    def __init__(self, left, lines):
        points = [p for line in lines.values() for p in line]
        self.left, self.numbers = left, sorted({n for n, _ in points})
        self.low, self.high = min(y for _, y in points) / 1.1, max(y for _, y in points) * 1.1

    def x(self, number):
        first, last = math.log(self.numbers[0]), math.log(self.numbers[-1])
        return self.left + WIDTH * (math.log(number) - first) / ((last - first) or 1)

    def y(self, value):
        return TOP + HEIGHT * (math.log(self.high) - math.log(value)) / (math.log(self.high) - math.log(self.low))


def draw_axes(out, panel, label):
    right, bottom = panel.left + WIDTH, TOP + HEIGHT
    for value in round_marks(panel.low, panel.high):
        y = panel.y(value)
        out.append(f'<path class="grid" d="M{panel.left} {y:.1f}H{right}"/>'
                   f'<text x="{panel.left - 6}" y="{y + 4:.1f}" text-anchor="end">{value / 1e6:g}</text>')
    for number in panel.numbers:
        x = panel.x(number)
        out.append(f'<path class="axis" d="M{x:.1f} {bottom}v4"/>'
                   f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{short(number)}</text>')
    out.append(f'<path class="axis" d="M{panel.left} {TOP}V{bottom}H{right}"/>'
               f'<text x="{panel.left + WIDTH / 2}" y="{bottom + 38}" text-anchor="middle">{label}</text>'
               f'<text x="{panel.left}" y="{TOP - 12}">million operations per CPU second</text>')


def draw_lines(out, panel, lines, colour, reference):
    for name in sorted(lines, key=lambda n: n == reference): # the reference last: on top
        path = "L".join(f"{panel.x(n):.1f} {panel.y(y):.1f}" for n, y in lines[name])
        kind = "line reference" if name == reference else "line"
        out.append(f'<path class="{kind}" stroke="{colour[name]}" d="M{path}"><title>{name}</title></path>')


def draw_legend(out, left, names, colour, reference):
    for i, name in enumerate(names):
        y = TOP + 8 + 18 * i
        kind = "line reference" if name == reference else "line"
        out.append(f'<path class="{kind}" stroke="{colour[name]}" d="M{left} {y}h20"/>'
                   f'<text class="name" x="{left + 26}" y="{y + 4}">{name}</text>')


def draw(result):
    families = medians(result)
    names = [a["name"] for a in result["allocators"]]
    colour = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    step = LEFT + WIDTH + GAP
    width, height = step * len(families) + LEGEND, TOP + HEIGHT + BOTTOM
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
           f"<style>{STYLE}</style>"]
    for i, (family, lines) in enumerate(families.items()):
        panel = Panel(LEFT + i * step, lines)
        draw_axes(out, panel, PANELS.get(family, family))
        draw_lines(out, panel, lines, colour, result["reference"])
    draw_legend(out, step * len(families), names, colour, result["reference"])
    return "\n".join(out + ["</svg>"])


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        result = json.load(file)
    if result.get("schema") != "hakmem-alloc/1":
        sys.exit(f"scaling_plot.py: {sys.argv[1]} is not a result of bench_alloc_box.sh")
    print(draw(result))


if __name__ == "__main__":
    main()
