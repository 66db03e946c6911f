"""Two kinds of answers that many exercises have: an order as letters, and six statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def letters(steps: tuple[str, ...], *order: int) -> Callable[..., list[str]]:
    """Give the letters of these steps, in this order."""
    return lambda facts, *_: ["ABCDEFGHIJ"[facts["items"].index(steps[step])] for step in order]


def not_so(*false: str) -> Callable[[Any], dict[str, bool]]:
    """Give the answer of somebody who takes the statements that begin so for wrong."""
    return lambda facts: {
        letter: not text.startswith(false) for letter, text in zip("ABCDEF", facts["statements"], strict=True)
    }


def one_by_one(*false: str) -> Callable[[Any], dict[str, bool]]:
    """Give the same, found in another way."""

    def answer(facts: Any) -> dict[str, bool]:
        found = dict.fromkeys("ABCDEF", True)
        for place, text in enumerate(facts["statements"]):
            for beginning in false:
                if text[: len(beginning)] == beginning:
                    found["ABCDEF"[place]] = False
        return found

    return answer
