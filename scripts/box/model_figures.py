#!/usr/bin/env python3
"""The figures of a saved result that came from the model, on stdout: what must be the same bytes on every machine.

    model_figures.py < result.json

Costs go without their recipe, as that names folders. A result without figures is an error.
"""
import json
import sys

result = json.load(sys.stdin)
metrics = [m for m in result["metrics"] if m["source"] == "sim"]
costs = {side: {k: v for k, v in (cost or {}).items() if k != "recipe"} for side, cost in result["costs"].items()}
effect = result.get("layout_effect")
if not effect:
    assert len(metrics) > 20 and costs["old"]["total"]["instructions"] > 100000
    assert costs["old"]["total"] != costs["new"]["total"]
json.dump({"costs": costs, "metrics": metrics, "verdict": result["verdict"], "layouts": result["layouts"],
           "layout_effect": effect}, sys.stdout, indent=1)
