"""What a search found, before it is told to anybody; and its telling as a `Report`. This file knows nothing of x86."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tempmm_lab.report import Report

Target = tuple[str, str]
"""What a shortest way is wanted to: ("rule", name), ("report", text) or ("example", name)."""


class OutOfLimits(Exception):
    """A limit of the caller's was reached; its text says which."""


@dataclass(slots=True)
class Answer:
    """What the engine found.

    Attributes:
        ways: for each ("rule", name), ("report", text) and ("example", name) that can be reached, a shortest way.
        visited: how many views and whole states were looked at; `moves` how many moves of theirs.
        covered: how many whole states that speaks of, at most; None if there is no telling.
        argument: how the answer was found.
        why: what stopped it, if anything did.
    """

    ways: dict[Target, tuple[Any, ...]] = field(default_factory=dict)
    visited: int = 0
    moves: int = 0
    covered: int | None = None
    argument: str = ""
    why: str = ""


def report_of(scenario: Any, answer: Answer, cycle: Any = None) -> Report:
    """Give the report of what was found in a scenario or model."""
    rules = tuple(scenario.rules) if hasattr(scenario, "rules") else _all_named(scenario, answer)

    def found(kind: str) -> dict[str, Any]:
        ways = [(name, way) for (what, name), way in answer.ways.items() if what == kind]
        ordered = sorted(ways, key=lambda item: (len(item[1]), item[0]))
        return {name: scenario.path(way) for name, way in ordered if kind != "rule" or name in rules}

    return Report(
        states=answer.visited,
        transitions=answer.moves,
        complete=not answer.why,
        cpus=getattr(scenario, "cpus", 0),
        counterexamples=found("rule"),
        examples=found("example"),
        reports=found("report"),
        rules=rules,
        why=answer.why,
        name=str(scenario) if hasattr(scenario, "rules") else type(scenario).__name__,
        cycle=cycle,
        argument=answer.argument,
        covered=answer.covered,
    )


def _all_named(model: Any, answer: Answer) -> tuple[str, ...]:
    """Give the rules of a model without a list: those of its states, and those that its steps or `stuck` broke."""
    return tuple(dict.fromkeys([*model.always, *sorted(name for kind, name in answer.ways if kind == "rule")]))
