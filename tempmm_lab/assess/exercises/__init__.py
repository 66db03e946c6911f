"""Exercises: variants for every student, keys for the teacher, and feedback that says what to try.

What a student needs (to be shown a variant, and to have a function called) is in this folder. Every key and every
judge is in the folder `keys` inside it, which a student's archive and a student's process can do without.
"""

from __future__ import annotations

from tempmm_lab.assess.exercises import ch01, ch02, ch03, ch04, ch05, ch06, ch07, ch08, ch09, ch10
from tempmm_lab.assess.exercises.exercise import Exercise
from tempmm_lab.assess.exercises.later import LATER
from tempmm_lab.errors import ModelError

FIRST = (ch01, ch02, ch03, ch04, ch05, ch06, ch07, ch08, ch09, ch10)
CHAPTERS = {number: one.EXERCISES for number, one in enumerate(FIRST, 1)}
CHAPTERS |= {one.EXERCISES[0].chapter: one.EXERCISES for one in LATER}
EXERCISES: dict[str, Exercise] = {one.name: one for every in CHAPTERS.values() for one in every}
"""Every exercise by its name, in the order of the book."""


def find_exercise(name: object) -> Exercise:
    """Give the exercise of this name.

    Raises:
        ModelError: there is none.
    """
    if isinstance(name, str) and name in EXERCISES:
        return EXERCISES[name]
    close = [one for one in EXERCISES if isinstance(name, str) and one[:4] == name[:4]] or list(EXERCISES)
    raise ModelError(f"There is no exercise {name!r}. There are: {', '.join(close)}.")
