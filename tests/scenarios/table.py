"""Explore every scenario on every build and write down what came of it: `python -m tests.scenarios.table`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tempmm_lab import BUILDS, ModelError, explore
from tempmm_lab.judge import Search
from tempmm_lab.scenarios import STORIES
from tests.scenarios.identity import by_position

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scenarios.md"
HEAD = """# What exploring each scenario on each build gives

This page is written by `make scenarios`. Every scenario is explored on its default knobs: two CPUs, one interrupt at
most on each. "States" and "transitions" are all there are. A rule that can be broken is named with the length of a
shortest schedule. `schedule_inside` is misuse on purpose. Up to v6.14 it breaks no rule by itself (the
masks heal); with `touch=True` the task faults at the alias on every build. v6.14 loses a flush, as the
released v6.14.0 to v6.14.6 did (CVE-2025-37964), wherever another CPU unmaps while this one switches.

| scenario | build | states | transitions | rules broken, in so many steps | reports |
|---|---|---|---|---|---|
"""
IDENTITY = """
## How a program's place is told

A state holds where each program has got to. That is told by everything the program was answered so far. It could be
told by its position in the code and the locals that are still needed; then fewer states would differ. This is how many
there are either way, on v6.16 with no interrupts.

| scenario | by answers | by position and live locals | share |
|---|---|---|---|
"""


def rows(names):
    """Give a row of the first table for every scenario and build, and the seconds each took."""
    for name in names:
        for build in BUILDS:
            try:
                scenario = STORIES[name](build=build)
            except ModelError:
                yield f"| {name} | {build} | | | needs temporary mms | |", 0.0
                continue
            begun = time.process_time()
            report = explore(scenario, reduce=False)
            took = time.process_time() - begun
            broken = ", ".join(f"{rule} ({len(path)})" for rule, path in report.counterexamples.items()) or "none"
            extent = "" if report.complete else f" ({report.why})"
            counts = f"{report.states:,}{extent} | {report.transitions:,}"
            yield f"| {name} | {build} | {counts} | {broken} | {len(report.reports) or ''} |", took


def identity(names):
    """Give a row of the second table for every scenario."""
    for name in names:
        search = Search(STORIES[name](irqs=0), 2_000_000, None, None)
        search.run()
        by_answers, merged = len(search.parents), len({by_position(system) for system in search.parents})
        half = "under half" if merged * 2 < by_answers else ""
        yield f"| {name} | {by_answers:,} | {merged:,} | {merged / by_answers:.0%} {half} |"


def page() -> tuple[str, list[tuple[str, float]]]:
    """Give the page, and the seconds of each row, which do not go into it."""
    found = list(rows(STORIES))
    text = HEAD + "\n".join(row for row, _ in found) + "\n" + IDENTITY + "\n".join(identity(STORIES)) + "\n"
    return text, found


if __name__ == "__main__":
    text, found = page()
    PAGE.write_text(text, encoding="utf-8")
    for row, took in found:
        print(f"{took:6.2f} s  {row}")
    sys.stdout.write(f"{PAGE.name} written\n")
