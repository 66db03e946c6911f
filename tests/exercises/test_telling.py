"""What is said of an answer: its form in grammatical sentences, and of a list whether it is too short or too long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.keys import ch09_okay, ch14_barrier
from tempmm_lab.assess.exercises.keys.judging import too_few_or_many
from tempmm_lab.assess.exercises.shapes import Many, Shape, Truth, Whole, Word, problems, told

WORDS = ("M", "T", "N", "lazy")
STATEMENTS: Mapping[str, Shape] = dict.fromkeys("ABCDEF", Truth())


def _said(parts: Mapping[str, Shape], answer: Any) -> list[str]:
    return told(problems(parts, answer), answer, parts)


@pytest.mark.parametrize(
    ("shape", "value", "one", "several"),
    [
        (Truth(), "yes", "should be True or False, and is text", "should be True or False, and are text"),
        (Truth(), 1, "and is a whole number", "and are whole numbers"),
        (Truth(), None, "and is nothing yet (None)", "and are nothing yet (None)"),
        (Whole(), [], "should be a whole number, and is a list", "should be a whole number, and are lists"),
        (Whole(8), 9, "should be at least 0 and below 0x8", "should be at least 0 and below 0x8"),
        (Many(Word(WORDS), 1), ["M", "T"], "at most 1 items, and has 2", "at most 1 items, and have 2"),
        (Many(Word(WORDS)), ["x"], "has a problem: item 1 should be", "have a problem: item 1 should be"),
        (Many(Word(WORDS)), {}, "should be a list, and is a dictionary", "should be a list, and are dictionaries"),
    ],
)
def test_one_is_and_several_are(shape: Shape, value: Any, one: str, several: str) -> None:
    """Of one part it is said what it is, of several that are alike what they are."""
    assert one in _said({"A": shape, "B": shape}, {"A": value, "B": _right(shape)})[0]
    (both,) = _said({"A": shape, "B": shape}, {"A": value, "B": value})
    assert both.startswith("'A', 'B' ")
    assert several in both


def _right(shape: Shape) -> Any:
    tried: tuple[Any, ...] = (True, 0, [])
    return next(value for value in tried if shape.problem(value) is None)


@given(st.sets(st.sampled_from("ABCDEF")), st.sets(st.sampled_from(("a", "x", "first", "G")), max_size=3))
def test_what_is_missing_and_what_is_there_instead(there: set[str], others: set[str]) -> None:
    """Parts that are not there are named, and names that are none of the parts; never a part that is right."""
    answer = dict.fromkeys([*sorted(there), *sorted(others)], True)
    missing = [name for name in "ABCDEF" if name not in there]
    expected = [f"Missing in your answer: {', '.join(map(repr, missing))}."] if missing else []
    expected += [f"It has {', '.join(map(repr, sorted(others)))} instead."] if missing and others else []
    assert _said(STATEMENTS, answer) == expected


@given(st.sets(st.sampled_from(WORDS)), st.lists(st.sampled_from(WORDS), max_size=5))
def test_missing_or_too_much(right: set[str], given: list[str]) -> None:
    """A list is told to lack something, or to hold too much, exactly if it does. Which word it is, is not told."""
    said = too_few_or_many(sorted(right), given)
    assert ("missing" in said) == bool(right - {*given})
    assert ("too much" in said) == bool({*given} - right or len({*given}) < len(given))
    assert not any(word in said.split() for word in WORDS)


@pytest.mark.parametrize("name", ["ch09-okay", "ch14-barrier"])
def test_the_answer_is_not_in_the_first_message(name: str) -> None:
    """Feedback on a failing schedule asks what happens there, and does not name the variable or the place."""
    says = ch09_okay.SAYS if name == "ch09-okay" else ch14_barrier.BARRIER.says
    for part in list(EXERCISES[name].parts)[:2]:
        assert not any(word in says[part] for word in ("Only loaded_mm", "between", "SWITCHING"))
