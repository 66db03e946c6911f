"""What was handed out: the notebooks of exercises, and which of their cells are which."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.exercise import Exercise
from tempmm_lab.book import exercise_notebooks
from tempmm_lab.grading.reading import Cell


@dataclass(frozen=True, slots=True)
class Handed:
    """A cell as it was handed out.

    Attributes:
        role: "task" (locked), "answer" (the student's), "practice" (locked; an answer is judged where it stands), or
            "words" (marked by a person).
        exercise: the exercise it belongs to.
        points: for words.
    """

    name: str
    role: str
    exercise: str
    kind: str
    source: str
    points: int = 0


@dataclass(frozen=True, slots=True)
class Assignment:
    """A notebook as it was handed out.

    Attributes:
        others: the texts of code cells that belong to no exercise, such as one that opens a bench.
        prose: the texts between the exercises.
    """

    name: str
    cells: tuple[Handed, ...]
    others: frozenset[str] = frozenset()
    prose: frozenset[str] = frozenset()

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        """Give its exercises, in its order."""
        return tuple(EXERCISES[name] for name in dict.fromkeys(cell.exercise for cell in self.cells))

    def cell(self, name: str) -> Handed | None:
        """Give the cell of this name."""
        return next((cell for cell in self.cells if cell.name == name), None)


@functools.lru_cache(maxsize=1)
def assignments() -> tuple[Assignment, ...]:
    """Give every notebook that is handed out, in the order of the book."""
    return tuple(_assignment(path) for path in exercise_notebooks())


def _assignment(path: Path) -> Assignment:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    made = [_handed(cell) for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    others = [cell for cell in notebook["cells"] if "nbgrader" not in cell["metadata"]]
    cells = tuple(cell for cell in made if cell is not None)
    return Assignment(path.stem, cells, _texts(others, "code"), _texts(others, "markdown"))


def _texts(cells: Sequence[dict[str, object]], kind: str) -> frozenset[str]:
    return frozenset(_text(cell).strip() for cell in cells if cell["cell_type"] == kind)


def _text(cell: dict[str, object]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)  # type: ignore[arg-type]


def _handed(cell: dict[str, object]) -> Handed | None:
    metadata = cell["metadata"]
    assert isinstance(metadata, dict)
    noted = metadata["nbgrader"]
    name = str(noted["grade_id"])
    exercise = max((one for one in EXERCISES if name == one or name.startswith(f"{one}-")), key=len, default="")
    if not exercise:
        return None
    kind = str(cell["cell_type"])
    role = "answer" if kind == "code" else "words"
    if noted["locked"]:
        role = "practice" if noted["grade"] else "task"
    return Handed(name, role, exercise, kind, _text(cell), noted.get("points", 0) if role == "words" else 0)


def which(stem: str, cells: Sequence[Cell]) -> Assignment | None:
    """Give the assignment that a notebook is an answer to: by its file's name, else by the names of its cells."""
    for one in assignments():
        if stem == one.name:
            return one
    found = {name for cell in cells for name in cell.names}
    counted = [(sum(cell.name in found for cell in one.cells), one) for one in assignments()]
    best = max(counted, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] else None
