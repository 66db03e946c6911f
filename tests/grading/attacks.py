"""The attacks: what a student hands in, what it is worth, and what the student is told.

Most stand in the first exercise's cell of a notebook that is right otherwise: 29 of 34 points means that the attack
earned nothing and cost nothing but its exercise. What an attack could see or do, it tells in an error of its own.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from tests.grading.notebooks import NAME, with_cells

WALK = "def my_walk(memory, registers, va, access, **processor):\n"
OWN, WALKING, ALL = 29, 24, 34
"""Points: without the first exercise; without the function; everything."""


@dataclass(frozen=True)
class Attack:
    """One thing that is handed in.

    Attributes:
        points: what it must be worth; None if it must not be graded.
        says: what the student must be told.
    """

    name: str
    content: bytes
    points: int | None
    says: str
    file: str = NAME


ATTACKS: list[Attack] = []


def in_cell(name: str, says: str, code: str, points: int = OWN) -> None:
    """Note an attack that stands where the answer to the first exercise should."""
    ATTACKS.append(Attack(name, with_cells(ch01_indices_answer=textwrap.dedent(code)), points, says))


def in_function(name: str, says: str, body: str, points: int = WALKING) -> None:
    """Note an attack in the function that the student writes."""
    source = WALK + textwrap.indent(textwrap.dedent(body), "    ")
    ATTACKS.append(Attack(name, with_cells(ch01_build_answer_2=source), points, says))


def in_file(name: str, says: str, content: bytes, points: int | None = None, file: str = NAME) -> None:
    """Note an attack that is the file itself."""
    ATTACKS.append(Attack(name, content, points, says, file))
