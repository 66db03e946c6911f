"""What a notebook uses: `exercise(name)` shows the reader's own variant, `practise(name, answer)` says what is wrong.

Practice is feedback. Marks are given elsewhere, by a judge that a student's code cannot reach.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempmm_lab.assess.exercises import find_exercise
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Variant, has_keys
from tempmm_lab.assess.exercises.functions import InProcess
from tempmm_lab.assess.exercises.shapes import plain, problems, told
from tempmm_lab.errors import ModelError, whole_number

SEEDS = "tempmm-seeds.json"
"""A course puts this file beside a student's notebooks: `{"format": 1, "seeds": {exercise: seed}}`."""
FIRST_SEED = 0
"""The variant of a reader who is in no course."""


@dataclass(frozen=True, slots=True)
class Task:
    """One exercise as it is set to one reader: `facts` holds what is particular to it, as plain data."""

    exercise: Exercise
    variant: Variant

    @property
    def facts(self) -> Facts:
        """Give what is particular to this variant."""
        return self.variant.facts

    def text(self) -> str:
        """Give the whole task as plain text."""
        one = self.exercise
        head = f"{one.title} ({one.name}, {one.kind}, variant {self.variant.seed})"
        return "\n\n".join([head, self.variant.text, f"{_answer_line(one)}\n{_worth(one)}"])

    __repr__ = text


def _worth(one: Exercise) -> str:
    """Say what each part is worth: parts that are marked by themselves are how a half right answer gets its points."""
    hand = f", and {one.by_hand} by hand for what you write" if one.by_hand else ""
    if one.kind == "order":  # what is asked would be the answer
        return f"{one.points} points{hand}: 1 for each of {len(one.parts)} rules of what has to come before what"
    rows = [f"  {part.points}  {part.asks}" for name, part in one.parts.items() if len(name) > 1]
    statements = [part.points for name, part in one.parts.items() if len(name) == 1]
    rows += [f"  {statements[0]}  each statement, {len(statements)} of them"] if statements else []
    return "\n".join([f"{one.points} points{hand}:", *rows])


def _answer_line(one: Exercise) -> str:
    if one.adapt is not None:
        return f"Your function is called {one.answer}."
    if one.whole is not None:
        return f"Your answer is called {one.answer}."
    return f"Your answer is called {one.answer}: {{{', '.join(f'{name!r}: ...' for name in one.parts)}}}."


def exercise(name: str, seed: int | None = None) -> Task:
    """Give an exercise in your variant: the one your course gave you, else that of seed 0, or of any seed you like.

    Raises:
        ModelError: there is no such exercise, or the seed is no whole number of at most 64 bits.
    """
    one = find_exercise(name)
    return Task(one, one.variant(_seed(name, seed)))


def _seed(name: str, given: int | None) -> int:
    if given is not None:
        return whole_number(given, "A seed")
    chosen = os.environ.get("TEMPMM_LAB_SEED", "")
    if chosen:
        if not chosen.isdecimal():
            raise ModelError(f"TEMPMM_LAB_SEED should be a whole number, not {chosen!r}.")
        return whole_number(int(chosen), "A seed")
    found = find_seeds(Path.cwd())
    return FIRST_SEED if found is None else course_seed(found, name)


def find_seeds(folder: Path) -> Path | None:
    """Give the file of seeds for notebooks in a folder: there, or in the folder above it."""
    return next((one / SEEDS for one in (folder, folder.parent) if (one / SEEDS).is_file()), None)


def course_seed(path: Path, name: str) -> int:
    """Give the seed that a file has for an exercise, or that of a reader in no course.

    Raises:
        ModelError: the file is none of seeds.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = data["seeds"].get(name, FIRST_SEED)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ModelError(f"{path.name} is not readable as a course's seeds. Ask for it again.") from None
    return whole_number(found, f"The seed in {path.name}")


def practise(name: str, answer: Any, seed: int | None = None) -> int:
    """Print what is right and what is not in an answer to your variant, and give the points as a number.

    This is practice: it helps you, and it is not your mark. An answer of a wrong form, a function that raises an error
    or never ends, or no answer at all, is told in words and gives no points.

    Raises:
        ModelError: there is no such exercise, or the seed is no whole number of at most 64 bits.
    """
    task = exercise(name, seed)
    points, lines = _practised(task, answer)
    print("\n".join([f"Practice for {name}.", *lines]))  # noqa: T201  (the value of the cell is the points)
    return points


def _practised(task: Task, answer: Any) -> tuple[int, list[str]]:
    one = task.exercise
    if one.adapt is not None:
        if not callable(answer):
            return 0, [f"{one.answer} should be a function, such as `def {one.answer}(...)` makes."]
        return _judged(task, InProcess(answer, one.adapt))
    try:
        data = plain(answer)
    except ModelError as error:
        return 0, [str(error)]
    return _judged(task, data)


def _judged(task: Task, answer: Any) -> tuple[int, list[str]]:
    if has_keys():
        verdict = task.exercise.judge(task.variant, answer)
        return verdict.points, [verdict.text()]
    said = told(form_of(task.exercise, answer), answer, task.exercise.parts)
    done = "This copy of the book has no keys, so nothing was judged: hand your answer in."
    return 0, [*said, done if said else f"Your answer has the right form. {done}"]


def form_of(one: Exercise, answer: Any) -> dict[str, str]:
    """Give what is wrong with the form of an answer, `{part: problem}`; nothing if it can be judged."""
    if one.adapt is not None:
        return {}
    if one.whole is not None:
        said = one.whole.problem(answer)
        return {"": "There is no answer yet."} if answer is None else {"": f"The answer {said}."} if said else {}
    return problems({name: part.shape for name, part in one.parts.items() if part.shape}, answer)
