"""The self-test of chapter 0: from five kept answers to the chapter where a reader may start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempmm_lab.assess import answers
from tempmm_lab.assess.predict import automatic_choice
from tempmm_lab.assess.question import Question
from tempmm_lab.assess.questions import QUESTIONS

GROUND = {
    "ch00-self-walk": ("the walk through the page tables", ("01-from-cr3-to-a-byte",)),
    "ch00-self-rights": ("rights and error codes", ("02-who-may-touch-this-page",)),
    "ch00-self-stale": ("stale translations", ("03-the-cache-that-lies",)),
    "ch00-self-between": ("interrupts and preemption", ("04-two-switches-called-off",)),
    "ch00-self-lazy": (
        "which mm is loaded, and who is told",
        ("05-three-opinions-about-one-cpu", "06-telling-the-other-cpus"),
    ),
}
"""Question id -> what it is about, and the files of the chapters about it."""
NEXT = "07-writing-to-code"
"""Where a reader starts who has the ground."""
Named = Callable[[str], str]
RIGHT, WRONG, SKIPPED, OPEN = "right", "not right", "skipped", "not answered yet"


@dataclass(frozen=True, slots=True)
class Row:
    """One question: its id, what it is about, how it was answered at first, and the chapters about it."""

    id: str
    about: str
    answered: str
    chapters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """Where to start, and why.

    Attributes:
        rows: the five questions, in the book's order.
    """

    rows: tuple[Row, ...]

    @property
    def complete(self) -> bool:
        """Whether every question was answered or skipped."""
        return all(row.answered != OPEN for row in self.rows)

    @property
    def read(self) -> tuple[str, ...]:
        """The chapters to read before chapter 7: those of every question that was not answered right."""
        return tuple(name for row in self.rows if row.answered != RIGHT for name in row.chapters)

    @property
    def first(self) -> str:
        """The chapter to open next."""
        return (*self.read, NEXT)[0]

    def text(self) -> str:
        """Give the result as plain text: a line for each question, and one that says where to start."""
        lines = [f"{row.about:36} {row.answered:17} {_hint(row, _number)}".rstrip() for row in self.rows]
        return "\n".join([*lines, self._says(_number)])

    def _says(self, name: Named) -> str:
        if not self.complete:
            left = sum(row.answered == OPEN for row in self.rows)
            return f"{left} of {len(self.rows)} not answered yet. Answer or skip each, and run this cell again."
        if not self.read:
            return f"All {len(self.rows)} right at first: start at {name(NEXT)}."
        return f"Start at {name(self.first)}. Read {', '.join(map(name, self.read))}; then go on at {name(NEXT)}."

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        head = "| question about | your first answer | read |\n|---|---|---|\n"
        rows = "\n".join(f"| {row.about} | {row.answered} | {_hint(row, _link)} |" for row in self.rows)
        return {"text/markdown": f"{head}{rows}\n\n**{self._says(_link)}**", "text/plain": self.text()}


def where_to_start(folder: Path | None = None) -> Start:
    """Give where to start in the book, from the first answers to the five questions of chapter 0's self-test.

    Answers are read from `predictions.json` in `folder` (by default the working folder). What was skipped counts as
    not known.
    """
    known, mode = answers.kept(folder), answers.automatic()
    rows = []
    for name, (about, chapters) in GROUND.items():
        question = QUESTIONS[name]
        if mode is not None:
            choice = automatic_choice(question, mode)
            known = {**known, name: answers.SKIPPED if choice is None else choice}
        rows.append(Row(name, about, _answered(question, known.get(name)), chapters))
    return Start(tuple(rows))


def _answered(question: Question, choice: int | None) -> str:
    if choice is None or choice not in range(-1, len(question.choices)):
        return OPEN
    if choice == answers.SKIPPED:
        return SKIPPED
    return RIGHT if choice == question.right else WRONG


def _hint(row: Row, name: Named) -> str:
    return "" if row.answered in (RIGHT, OPEN) else " and ".join(map(name, row.chapters))


def _number(chapter: str) -> str:
    return f"chapter {int(chapter[:2])}"


def _link(chapter: str) -> str:
    return f"[{_number(chapter)}]({chapter}.ipynb)"
