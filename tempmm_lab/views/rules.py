"""Draw the rules of a scenario: which of them this run broke and when, and which can be broken at all."""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.report import Report
from tempmm_lab.scenarios.rules import RULES
from tempmm_lab.trace import Trace
from tempmm_lab.views.svg import Svg

WIDTH, LEFT, TOP = 300, 14, 48


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a rule: in which step this run first breaks it, and what exploring said, in words."""

    rule: str
    step: int | None
    explored: str
    breakable: bool


def verdicts(trace: Trace, report: Report | None) -> list[Verdict]:
    """Give what is known of every rule of a run's scenario."""
    broken = trace.broken
    return [
        Verdict(rule, broken.get(rule), explored(rule, report), report is not None and rule in report.counterexamples)
        for rule in trace.scenario.rules
    ]


def explored(rule: str, report: Report | None) -> str:
    """Say what exploring found about a rule; "" if nothing was explored."""
    if report is None:
        return ""
    path = report.counterexamples.get(rule)
    if path is not None:
        return f"can break after {len(path)} step{'' if len(path) == 1 else 's'}"
    if not report.complete:
        return "not broken so far"
    return "holds for any number of CPUs" if report.cpus == "any" else "holds in every interleaving"


def sketch(rows: list[Verdict]) -> Svg:
    """Give the drawing, unfinished."""
    tall = 36 if any(row.explored for row in rows) else 24
    drawing = Svg(WIDTH, TOP + tall * len(rows) + 4)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(LEFT, 24, "Rules", "h")
    drawing.text(WIDTH - LEFT, 24, "in this run", "t m end")
    for place, row in enumerate(rows):
        _draw_row(drawing, TOP + tall * place, row)
        drawing.hint(LEFT, TOP + tall * place - 12, WIDTH - 2 * LEFT, tall - 4, RULES[row.rule])
    return drawing


def _draw_row(drawing: Svg, y: float, row: Verdict) -> None:
    drawing.line(LEFT, y - 14, WIDTH - LEFT, y - 14)
    broken = row.step is not None
    drawing.text(LEFT, y + 1, *_mark(row))
    drawing.text(LEFT + 18, y + 1, row.rule, "c b bad" if broken else "c")
    drawing.text(WIDTH - LEFT, y + 1, f"step {row.step}" if broken else "-", "c end bad b" if broken else "c end m")
    if row.explored:
        drawing.text(LEFT + 18, y + 15, row.explored, "t bad" if row.breakable else "t m")


def _mark(row: Verdict) -> tuple[str, str]:
    if row.step is not None or row.breakable:
        return "✗", "bad b"
    return ("✓", "ok b") if row.explored.startswith("holds") else ("·", "m")


def describe(rows: list[Verdict]) -> str:
    """Say in sentences what is known of every rule."""
    return " ".join(f"{_told(row)}." for row in rows)


def _told(row: Verdict) -> str:
    here = f"broken in step {row.step} of this run" if row.step is not None else "not broken in this run"
    return f"{row.rule}: {here}" + (f", {row.explored}" if row.explored else "")


def twin(rows: list[Verdict]) -> list[str]:
    """Give the rules as lines, each with what it says."""
    return ["Rules", *(f"  {_told(row)}\n      {RULES[row.rule]}" for row in rows)]
