"""`tempmm-lab check`: a notebook of exercises, looked over before it is handed in.

It is run as the grader runs it: in a process of its own, from top to bottom, with a copy that has no keys; in the
grader's sandbox where there is one, else without, which is what opening it in Jupyter does too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tempmm_lab.assess.exercises.draws import COURSE
from tempmm_lab.assess.exercises.exercise import Exercise, has_keys
from tempmm_lab.assess.exercises.shapes import told
from tempmm_lab.assess.exercises.task import FIRST_SEED, SEEDS, course_seed, find_seeds, form_of
from tempmm_lab.errors import ModelError
from tempmm_lab.grading.assignment import Assignment, which
from tempmm_lab.grading.limits import LIMITS
from tempmm_lab.grading.plan import Plan, make_plan
from tempmm_lab.grading.reading import Cell, Unreadable, cells_of, read_bytes
from tempmm_lab.grading.running import Looked, Running, safe
from tempmm_lab.grading.sandbox import Sandbox, find_sandbox
from tempmm_lab.grading.session import NoSandbox, Session
from tempmm_lab.grading.strict import shown
from tempmm_lab.grading.timing import TooLong, no_longer_than

FINE = "an answer of the right form"
STATES = {
    "given": FINE,
    "untouched": "no answer yet",
    "missing": "no answer yet",
    "unfit": "an answer of a wrong form",
    "lost": "could not be looked at",
}
HERE = replace(LIMITS, processes=1 << 16)
"""The grader's limits; but outside of a sandbox the system counts all the processes that somebody has as one's own."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found.

    Attributes:
        notebook: the file's name.
        assignment: which notebook of exercises it answers; "" if that cannot be said.
        problems: what is wrong with the notebook as a whole, in sentences.
        remarks: what is worth knowing, and not wrong.
        exercises: for each its name, title, state and messages; and where this copy has keys, points for practice.
        words: for each cell that a person marks, whether something was written.
        ran: "in a sandbox", "without a sandbox", or "" where it was not run.
    """

    notebook: str
    assignment: str = ""
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    exercises: list[Looked] = field(default_factory=list)
    words: dict[str, bool] = field(default_factory=dict)
    ran: str = ""

    @property
    def wrong(self) -> int:
        """How many things there are to look at."""
        answers = [one for one in self.exercises if one["state"] != "given" or one["troubles"]]
        return len(self.problems) + len(answers) + sum(not written for written in self.words.values())

    @property
    def _seen(self) -> str:
        return "form" if self.ran else "cells"

    def data(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {"format": 1, "wrong": self.wrong, **asdict(self)}

    def text(self) -> str:
        """Give it as lines of plain text."""
        head = f"{self.notebook}: answers to {self.assignment}" if self.assignment else self.notebook
        lines = [head, *self.remarks, *(f"!!  {problem}" for problem in self.problems)]
        lines += [f"Run from top to bottom, {self.ran}."] if self.ran else []
        for one in self.exercises:
            fine = one["state"] == "given" and not one["troubles"]
            lines.append(f"{'ok' if fine else '!!'}  {one['name']}: {_verdict(one)}")
            lines += [f"      {message}" for message in [*one["troubles"], *one["messages"]]]
        for name, written in self.words.items():
            said = "written, and marked by a person" if written else "nothing is written; a person marks it"
            lines.append(f"{'ok' if written else '!!'}  {name}: {said}")
        end = f"{self.wrong} to look at." if self.wrong else f"Nothing is wrong with its {self._seen}."
        return "\n".join([*lines, f"{end} This is no mark, and your file was not changed."])


def _verdict(one: Looked) -> str:
    points = f"; practice: {one['practice']} of {one['of']} points" if one["practice"] is not None else ""
    return STATES[one["state"]] + points


def check_notebook(path: Path, sandbox: Sandbox | None = None) -> Checked:
    """Look a notebook over, and run it: in the sandbox that is given, or in what there is here.

    Raises:
        ModelError: there is no such file, or nothing can be run here.
    """
    if not os.path.lexists(path):  # of a name that no file can have, too
        raise ModelError(f"There is no file {path}. Give the notebook that you want to hand in.")
    try:
        cells, notes = cells_of(read_bytes(path, LIMITS), LIMITS)
    except Unreadable as error:
        return Checked(path.name, problems=[str(error)])
    assignment = which(path.stem, cells)
    if assignment is None:
        return Checked(
            path.name, problems=[*notes, "It is none of the notebooks of exercises: nothing in it is known."]
        )
    plan = make_plan(assignment, cells)
    seeds, problems, remarks = _seeds(path.absolute().parent, assignment)
    if path.name != f"{assignment.name}.ipynb":
        remarks.append(f"It was handed out as {assignment.name}.ipynb; it is known by its cells.")
    exercises, ran = _run(assignment, plan, cells, seeds, sandbox)
    if not ran:
        remarks.append("It was not run: on Windows that cannot be done. Its cells were looked at, and no answer was.")
    words = {one.name: _written(plan, one.name, one.source) for one in assignment.cells if one.role == "words"}
    return Checked(path.name, assignment.name, notes + plan.notes + problems, remarks, exercises, words, ran)


def _written(plan: Plan, name: str, handed_out: str) -> bool:
    return plan.words.get(name, "").strip() not in ("", handed_out.strip())


def _seeds(folder: Path, assignment: Assignment) -> tuple[dict[str, int], list[str], list[str]]:
    """Give the seeds for a notebook in a folder, what is wrong with them, and what is to be said about them."""
    names = [one.name for one in assignment.exercises]
    seeds, path = dict.fromkeys(names, FIRST_SEED), find_seeds(folder)
    if path is None:
        missing = f"There is no {SEEDS} beside it or in the folder above: its tasks are those of variant 0."
        mine = f"{missing} Put the file back that came with it, or your answers are to other tasks than yours."
        return seeds, [] if has_keys() else [mine], [missing] if has_keys() else []
    try:
        seeds = {name: course_seed(path, name) for name in names}
    except ModelError as error:
        return seeds, [str(error)], []
    without = [name for name, seed in seeds.items() if seed < COURSE]
    if without:
        return seeds, [f"{SEEDS} has no seed of a course for {', '.join(without)}. Ask for the file again."], []
    return seeds, [], [f"Its tasks are your own, by {SEEDS}."]


def _run(
    assignment: Assignment, plan: Plan, cells: list[Cell], seeds: Mapping[str, int], sandbox: Sandbox | None
) -> tuple[list[Looked], str]:
    if os.name == "nt":  # the line to the worker needs pipes that can be waited for
        return [], ""
    place = sandbox or _place()
    running = _Checking(plan, assignment, cells, Session(place, seeds, HERE), seeds)
    try:
        return running.results(), "without a sandbox" if place.name == "none" else "in a sandbox as the grader does"
    except NoSandbox as error:
        raise ModelError(f"The notebook could not be run. {shown(error)}") from None


def _place() -> Sandbox:
    try:
        return find_sandbox()
    except ModelError:
        return find_sandbox(unsafe=True)


class _Checking(Running):
    """A notebook whose answers are looked at for their form and, where there are keys, for practice."""

    def __init__(
        self, plan: Plan, assignment: Assignment, cells: list[Cell], session: Session, seeds: Mapping[str, int]
    ) -> None:
        super().__init__(plan, {one.name: one for one in assignment.exercises}, session)
        self.seeds, self.untouched = seeds, _untouched(assignment, cells)

    def look(self, exercise: Exercise, value: Any) -> Looked:
        """Say what is wrong with an answer's form; else practise, if that can be done."""
        if exercise.name in self.untouched:
            return self.nothing(exercise, "untouched", "The cells for your answer are as they were handed out.")
        wrong = form_of(exercise, value)
        if wrong:
            return _looked(exercise, "unfit", told(wrong, value))
        if not has_keys():
            return _looked(exercise, "given", [])
        try:
            with no_longer_than(LIMITS.judging):
                verdict = exercise.judge(exercise.variant(self.seeds[exercise.name]), value)
        except TooLong:
            self.session.close()  # it may have been in the middle of a sentence
            return _looked(exercise, "lost", [f"{exercise.answer} takes too long. Does it loop?"])
        return _looked(exercise, "given", list(verdict.messages), verdict.points)

    def nothing(self, exercise: Exercise, state: str, why: str) -> Looked:
        """Say why there is no answer to look at."""
        return _looked(exercise, state, [why])

    def _with_troubles(self, name: str) -> Looked:
        return {**self.done[name], "troubles": safe(self.troubles.get(name, []))}


def _looked(exercise: Exercise, state: str, messages: list[str], points: int | None = None) -> Looked:
    return {"name": exercise.name, "title": exercise.title, "state": state, "messages": safe(messages),
            "practice": points, "of": exercise.points, "troubles": []}  # fmt: skip


def _untouched(assignment: Assignment, cells: list[Cell]) -> set[str]:
    """Give the exercises whose answer cells are as they were handed out, and whose answer is named nowhere else."""
    handed = {one.name: one for one in assignment.cells}
    as_given = {one.source.strip() for one in assignment.cells} | assignment.others
    theirs = [cell for cell in cells if cell.kind == "code" or any(name in handed for name in cell.names)]
    own = [cell for cell in theirs if cell.source.strip() not in as_given]
    changed = {handed[name].exercise for cell in own for name in cell.names if name in handed}
    text = "\n".join(cell.source for cell in own)
    return {one.name for one in assignment.exercises if one.name not in changed and one.answer not in text}
