"""What of a submitted notebook is run, in which order, and what is odd about it, in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from tempmm_lab.grading.assignment import Assignment, Handed
from tempmm_lab.grading.reading import Cell

MOST_NOTES = 40


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do.

    Attributes:
        number: the cell's place in the submitted notebook; 0 for a cell of ours that was missing there.
        source: what to run; None where nothing is run.
        exercise: whose cell it is, if it is known.
        judges: after it, the answer to this exercise is looked at.
        quiet: nothing is said if it fails: it is as it was handed out, and no exercise needs it.
    """

    number: int
    source: str | None
    exercise: str = ""
    judges: str = ""
    quiet: bool = False


@dataclass
class Plan:
    """The steps, the notes, and what the student wrote for a person to read, by the name of its cell."""

    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)


def make_plan(assignment: Assignment, cells: Sequence[Cell]) -> Plan:
    """Give what is to be done with a notebook that answers an assignment."""
    plan, known = Plan(), [(cell, _known(assignment, cell)) for cell in cells]
    last = {handed.name: cell.number for cell, handed in known if handed is not None}
    for cell, handed in known:
        if handed is not None and handed.role == "words":
            plan.words[handed.name] = cell.source
            if cell.kind != handed.kind:
                plan.notes.append(f"The cell {handed.name} for your words has become a {cell.kind[:20]} cell.")
        else:
            quiet = handed is None and cell.source.strip() in assignment.others
            plan.steps += [replace(step, quiet=quiet) for step in _steps(cell, handed, last, plan.notes)]
    _missing(assignment, {handed.name for _, handed in known if handed}, plan)
    plan.notes += _twice(handed for _, handed in known)
    plan.notes += _order(assignment, list(last))
    del plan.notes[MOST_NOTES:]
    return plan


def _known(assignment: Assignment, cell: Cell) -> Handed | None:
    """Give the cell that was handed out which this one is: by a name, else by the text of a locked one."""
    for name in cell.names:
        found = assignment.cell(name)
        if found is not None:
            return found
    locked = (one for one in assignment.cells if one.role in ("task", "practice"))
    return next((one for one in locked if one.source.strip() == cell.source.strip()), None)


def _steps(cell: Cell, handed: Handed | None, last: dict[str, int], notes: list[str]) -> list[Step]:
    if handed is None:
        return [Step(cell.number, cell.source)] if cell.kind == "code" else []
    if cell.kind != "code":
        notes.append(f"The code cell {handed.name} has become a {cell.kind[:20]} cell. It is run as code.")
    if handed.role == "answer":
        return [Step(cell.number, cell.source, handed.exercise)]
    judges = handed.exercise if handed.role == "practice" and last[handed.name] == cell.number else ""
    steps = []
    if cell.source.strip() != handed.source.strip():
        ran = "It is run as it is" + (", and then as it was handed out." if handed.role == "task" else ".")
        notes.append(f"The locked cell {handed.name} was changed. {ran}")
        steps.append(Step(cell.number, cell.source, handed.exercise))
    if handed.role == "task":
        steps.append(Step(cell.number, handed.source, handed.exercise))
    return [*steps, Step(cell.number, None, handed.exercise, judges)]


def _missing(assignment: Assignment, there: set[str], plan: Plan) -> None:
    """Name the cells that are gone, and put tasks back before whatever else there is of their exercise."""
    for handed in assignment.cells:
        if handed.name in there:
            continue
        said = {"task": "It is run all the same.", "practice": "That costs nothing."}.get(handed.role, "")
        plan.notes.append(f"The cell {handed.name} is missing. {said}".strip())
        if handed.role == "task":
            places = (at for at, step in enumerate(plan.steps) if step.exercise == handed.exercise)
            plan.steps.insert(next(places, 0), Step(0, handed.source, handed.exercise))


def _twice(known: object) -> list[str]:
    counted = Counter(handed.name for handed in known if handed is not None)  # type: ignore[attr-defined]
    return [
        f"The cell {name} is there {count} times. All are used, in order: what comes last counts."
        for name, count in counted.items()
        if count > 1
    ]


def _order(assignment: Assignment, names: list[str]) -> list[str]:
    """Name the first pair of cells that were handed out the other way round."""
    place = {handed.name: at for at, handed in enumerate(assignment.cells)}
    for one, other in pairwise(names):
        if place[one] > place[other]:
            return [f"The cells are in another order: {other} now comes after {one}. They are run as they stand."]
    return []
