"""How the cost of an exploration grows: with CPUs, with interrupts, and with the length of the story.

    python -m benchmarks.scale            tables, with the law through the numbers and what fits into 1 GiB
    python -m benchmarks.scale --json     the same as data
    python -m benchmarks.scale --png FILE the chart

Counts of states and transitions are the same everywhere. Seconds are CPU seconds of this machine, and only their growth
means something. Bytes are what Python's allocator holds at the peak (tracemalloc), in a run of its own, since being
watched makes it slower. Each measurement has a fresh process.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

from tempmm_lab import STORIES, Report, explore
from tempmm_lab.explore import prove
from tempmm_lab.scaling import ENGINE, EVERY_STATE, GIB, PROOF, growths
from tempmm_lab.views.scale import chart_scale

AXES: dict[str, dict[str, Any]] = {
    "cpus": {"scenario": "text_poke", "values": (1, 2, 3, 4)},
    "irqs": {"scenario": "text_poke", "values": (0, 1, 2, 3)},
    "pokes": {"scenario": "text_poke", "values": (1, 2, 3, 4)},
}
"""The knobs that are turned, one at a time from the defaults, and in which story."""
NO_PATHS = ("counterexamples", "examples", "reports", "rules", "why", "name", "cycle", "cpus")


def measure(scenario: str, knobs: dict[str, Any], how: str, *, watched: bool) -> dict[str, Any]:
    """Decide once, in this process; give the report's numbers, and either the CPU seconds or the peak in bytes."""
    asked = STORIES[scenario](**knobs)
    decide = {
        EVERY_STATE: lambda: explore(asked, reduce=False),
        ENGINE: lambda: explore(asked),
        PROOF: lambda: prove(asked),
    }[how]
    if watched:
        tracemalloc.start()
    begun = time.process_time()
    report = decide()
    took = time.process_time() - begun
    cost = {"peak": tracemalloc.get_traced_memory()[1]} if watched else {"seconds": took}
    return {"scenario": str(asked), "answers_for": report.cpus, **_numbers(report), **cost}


def _numbers(report: Report) -> dict[str, Any]:
    """Give whatever a report says that is a number or a word, by name."""
    said = {field.name: getattr(report, field.name) for field in fields(report) if field.name not in NO_PATHS}
    return {name: value for name, value in said.items() if isinstance(value, bool | int | float | str)}


def row(axis: str, at: Any, how: str) -> dict[str, Any]:
    """Measure one row in two fresh processes: one by the clock, one by the byte."""
    knobs = {} if how == PROOF else {axis: at}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as child:
        runs = [child.submit(measure, AXES[axis]["scenario"], knobs, how, watched=watched) for watched in (False, True)]
        timed, weighed = (run.result() for run in runs)
    return {"axis": axis, "at": at, "how": how, **timed, "bytes_per_state": weighed["peak"] / weighed["states"]}


def run() -> dict[str, Any]:
    """Measure everything.

    Gives:
        rows: one for each value of each knob; `at` is "any" for a proof for every number of CPUs.
        left_out: rows that could not be measured, with the reason.
        laws: for each knob the law through the number of states, how far it is off, and what 1 GiB holds by it.
    """
    rows, left_out = [], []
    for axis, given in AXES.items():
        rows += [row(axis, at, EVERY_STATE) for at in given["values"]]
        engine = [row(axis, at, ENGINE) for at in given["values"]]
        if any(each["states"] != plain["states"] for each, plain in zip(engine, rows[-len(engine) :], strict=True)):
            rows += engine
        else:
            left_out.append({"axis": axis, "how": ENGINE, "why": "it visits every state, too"})
        if axis == "cpus":
            proof = row(axis, "any", PROOF)
            if proof["answers_for"] == "any":
                rows.append(proof)
            else:
                why = f"prove() answered for {proof['answers_for']} CPUs only"
                left_out.append({"axis": axis, "how": PROOF, "why": why})
    laws = {growth.axis: _law(growth) for growth in growths(rows)}
    return {"rows": rows, "left_out": left_out, "laws": laws, "budget_bytes": GIB}


def _law(growth: Any) -> dict[str, Any]:
    law = growth.law
    return {
        "form": law.form,
        "text": law.text(growth.label),
        "off": law.off,
        "states_in_budget": growth.room,
        "largest_in_budget": growth.reach,
    }


def main() -> int:
    """Measure, and print or draw it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument("--png", type=Path, metavar="FILE", help="write the chart into a file")
    chosen = parser.parse_args()
    found = run()
    chart = chart_scale(found["rows"])
    left = [f"left out: {each['axis']} by {each['how']}: {each['why']}" for each in found["left_out"]]
    print(json.dumps(found) if chosen.json else "\n".join([chart.text(), *left]))
    if chosen.png and chart.png:
        chosen.png.write_bytes(chart.png)
    return 0


if __name__ == "__main__":
    sys.exit(main())
