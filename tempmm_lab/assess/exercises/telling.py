"""How tasks are told: lists with letters, tables of words, statements to judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Part
from tempmm_lab.assess.exercises.shapes import Truth

LETTERS = "ABCDEFGHIJ"


def lettered(things: Sequence[str]) -> str:
    """Give things as lines, each with a letter."""
    return "\n".join(f"  {letter}  {thing}" for letter, thing in zip(LETTERS, things, strict=False))


def memory_lines(words: Iterable[Sequence[int]]) -> str:
    """Give words of physical memory as lines."""
    return "\n".join(f"  {pa:#014x}: {word:#018x}" for pa, word in words)


def statements(draw: Draw, pool: Sequence[str]) -> list[str]:
    """Draw six statements, in any order. Nothing is known here of which are right."""
    return list(draw.shuffled(draw.some(pool, 6)))


def rules(*names: str) -> dict[str, Part]:
    """Give the parts of an order: rules of what has to come before what. Which they are stands with the keys."""
    return {name: Part(1, "a rule of what has to come before what") for name in names}


def statement_parts(points: int = 1) -> dict[str, Part]:
    """Give the parts of an answer to six statements."""
    return {letter: Part(points, f"whether {letter} is right", Truth()) for letter in LETTERS[:6]}


def statements_shown(facts: Mapping[str, Any]) -> str:
    """Give a variant's statements, and how to answer."""
    return f"Say of each statement whether it is right (True) or not (False).\n\n{lettered(facts['statements'])}"
