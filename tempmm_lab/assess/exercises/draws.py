"""Seeds and what is drawn from them: with whole numbers and SHA-256 alone, so the same on every Python.

A seed chooses one *number* below the count of an exercise's variants, and a `Draw` reads that number digit by digit, in
a base that changes from draw to draw. So every variant is one number, every number one variant, and their count is
the product of the bases.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from math import comb
from typing import TypeVar

from tempmm_lab.errors import ModelError, a_thing, whole_number

T = TypeVar("T")
COURSE = 1 << 63
"""Set in every seed that was made from a course's secret, and in no other: readers choose smaller ones."""
PURPOSES = ("variant", "judge")


def seed_of(course_secret: bytes, student: str, exercise: str, purpose: str = "variant") -> int:
    """Give a student's seed for an exercise: 64 bits, by HMAC-SHA256, with the highest bit set.

    The purpose "variant" gives what the student is shown; "judge" gives a second seed that the student never sees, for
    the arguments with which a function is judged.

    Raises:
        ModelError: the secret has fewer than 16 bytes, or a name is no word.
    """
    if len(a_thing(course_secret, bytes, "The course's secret is bytes, such as secrets.token_bytes(32).")) < 16:
        raise ModelError("The course's secret has at least 16 bytes: use secrets.token_bytes(32), and keep it.")
    named = [a_thing(name, str, "A student, an exercise and a purpose are words.") for name in (student, exercise)]
    if not all(named) or purpose not in PURPOSES:
        raise ModelError(f"Give a student, an exercise, and a purpose of {' or '.join(PURPOSES)}.")
    message = json.dumps([*named, purpose]).encode()
    return COURSE | int.from_bytes(hmac.digest(course_secret, message, "sha256")[:8], "big") >> 1


def number_of(seed: int, exercise: str, variants: int) -> int:
    """Give the number of the variant that a seed chooses, below `variants`."""
    checked = whole_number(seed, "A seed")
    return int.from_bytes(hashlib.sha256(f"{exercise}:{checked}".encode()).digest(), "big") % variants


class Draw:
    """Choices read off one number. `ways` is how many different outcomes the draws so far can have."""

    def __init__(self, number: int) -> None:
        self._left = number
        self.ways = 1

    def below(self, bound: int) -> int:
        """Give a number from 0 up to, and without, `bound`."""
        self.ways *= bound
        self._left, digit = divmod(self._left, bound)
        return digit

    def one_of(self, things: Sequence[T]) -> T:
        """Give one of some things."""
        return things[self.below(len(things))]

    def other(self, than: int, bound: int) -> int:
        """Give a number below `bound` that differs from `than`."""
        return (than + 1 + self.below(bound - 1)) % bound

    def some(self, things: Sequence[T], count: int) -> tuple[T, ...]:
        """Give `count` of some things, in the order they have."""
        which, chosen = self.below(comb(len(things), count)), list[T]()
        for place, thing in enumerate(things):
            with_this = comb(len(things) - place - 1, count - len(chosen) - 1) if len(chosen) < count else 0
            if which < with_this:
                chosen.append(thing)
            else:
                which -= with_this
        return tuple(chosen)

    def shuffled(self, things: Sequence[T]) -> tuple[T, ...]:
        """Give all the things in another order."""
        left, order = list(things), list[T]()
        while left:
            order.append(left.pop(self.below(len(left))))
        return tuple(order)


class Stream:
    """As many numbers from one seed as are wanted, for judging a function with many arguments."""

    def __init__(self, seed: int) -> None:
        self._seed = whole_number(seed, "A seed")
        self._block = 0
        self._draw = Draw(0)
        self._full = 0

    def below(self, bound: int) -> int:
        """Give a number from 0 up to, and without, `bound`, which has at most 64 bits."""
        if not self._full:
            digest = hashlib.sha256(f"stream:{self._seed}:{self._block}".encode()).digest()
            self._draw, self._full, self._block = Draw(int.from_bytes(digest, "big")), 2, self._block + 1
        self._full -= 1
        return self._draw.below(1 << 128) % bound

    def one_of(self, things: Sequence[T]) -> T:
        """Give one of some things."""
        return things[self.below(len(things))]
