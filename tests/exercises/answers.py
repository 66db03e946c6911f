"""Answers to every exercise that the tests know: plausible wrong ones with what they must lose, and right ones.

A wrong answer is named after its misconception. `loses` are the parts that it must lose on the seed it is given for,
and `says` a piece of the message that must be among its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.exercise import Facts


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: made from the facts and the key, or a function of the student's own kind."""

    exercise: str
    name: str
    make: Callable[[Facts, Any], Any]
    loses: tuple[str, ...]
    says: str
    seed: int = 0


@dataclass(frozen=True)
class Right:
    """A right answer, written without the key."""

    exercise: str
    name: str
    make: Callable[[Facts], Any]


WRONG: list[Wrong] = []
RIGHT: list[Right] = []


def wrong(exercise: str, name: str, make: Callable[..., Any], loses: str, says: str, seed: int = 0) -> None:
    """Note a wrong answer. `loses` are names of parts; "all" is every part."""
    parts = tuple(EXERCISES[exercise].parts) if loses == "all" else tuple(loses.split())
    WRONG.append(Wrong(exercise, name, make, parts, says, seed))


def wrong_function(exercise: str, function: Callable[..., Any], loses: str, says: str) -> None:
    """Note a wrong function."""
    wrong(exercise, function.__name__, lambda *_: function, loses, says)


def wrong_about(exercise: str, beginning: str, says: str) -> None:
    """Note an answer that is wrong about one statement, on the first variant that has it."""
    one = EXERCISES[exercise]
    shown = (enumerate(one.variant(seed).facts["statements"]) for seed in range(50))
    found = ([place for place, text in each if text.startswith(beginning)] for each in shown)
    seed, places = next((seed, places) for seed, places in enumerate(found) if places)
    letter = "ABCDEF"[places[0]]
    wrong(exercise, beginning, lambda _, key: {**key, letter: not key[letter]}, letter, says, seed)


def right(exercise: str, name: str, make: Callable[[Facts], Any]) -> None:
    """Note a right answer."""
    RIGHT.append(Right(exercise, name, make))


def but(**changed: Any) -> Callable[[Facts, Any], Any]:
    """Give the key with some parts changed."""
    return lambda _, key: {**key, **changed}
