"""Every wrong answer loses what it should, with a message of its own; every right one gets full marks."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

import tests.exercises.later  # noqa: F401  (notes its answers)
from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.exercise import Exercise, Verdict
from tempmm_lab.assess.exercises.functions import InProcess
from tempmm_lab.assess.exercises.shapes import plain
from tests.exercises import ch01, ch01_walks, ch02, ch03, ch04, ch05, ch06, ch07, ch08, ch09, ch10  # noqa: F401  (notes its answers)
from tests.exercises.answers import RIGHT, WRONG, Right, Wrong

SEEDS = (0, 1, 2, 3, 1 << 63)
EVERY = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda one: one.name)


def _judge(exercise: Exercise, seed: int, answer: Any) -> Verdict:
    given = InProcess(answer, exercise.adapt) if exercise.adapt else json.loads(json.dumps(plain(answer)))
    return exercise.judge(exercise.variant(seed), given)


def _wrong() -> list[Any]:
    """Give the wrong answers. Functions are judged on every schedule: all but two of each exercise are marked slow."""
    met: Counter[str] = Counter()
    cases = []
    for case in WRONG:
        met[case.exercise] += 1
        late = EXERCISES[case.exercise].adapt is not None and met[case.exercise] > 2
        name = f"{case.exercise}: {case.name}"
        cases.append(pytest.param(case, id=name, marks=[pytest.mark.slow] if late else []))
    return cases


@pytest.mark.parametrize("case", _wrong())
def test_a_wrong_answer_loses_its_points(case: Wrong) -> None:
    """A wrong answer loses exactly the parts that are wrong in it, and is told why."""
    exercise = EXERCISES[case.exercise]
    answer = case.make(exercise.variant(case.seed).facts, exercise.key(case.seed))
    verdict = _judge(exercise, case.seed, answer)
    assert {name for name, points in verdict.parts.items() if not points} == set(case.loses)
    assert verdict.points == exercise.points - sum(exercise.parts[name].points for name in case.loses)
    assert any(case.says in message for message in verdict.messages), verdict.messages


RIGHT_ON = [(case, seed) for case in RIGHT for seed in SEEDS[:: 1 if EXERCISES[case.exercise].variants > 1 else 4]]
"""Right answers on several variants; a function, of which there is one, on two seeds for what it is called with."""


@pytest.mark.parametrize(("case", "seed"), RIGHT_ON, ids=lambda one: getattr(one, "name", one))
def test_a_right_answer_gets_full_marks(case: Right, seed: int) -> None:
    """A right answer gets every point on every variant, however it was written."""
    exercise = EXERCISES[case.exercise]
    verdict = _judge(exercise, seed, case.make(exercise.variant(seed).facts))
    assert (verdict.points, verdict.messages) == (exercise.points, ())


@EVERY
def test_there_are_enough_answers(exercise: Exercise) -> None:
    """Each exercise has at least four wrong answers with messages of their own, and two right ones."""
    wrong = [case for case in WRONG if case.exercise == exercise.name]
    assert len({case.says for case in wrong}) >= 4
    assert sum(case.exercise == exercise.name for case in RIGHT) >= 2
    assert max(Counter((case.exercise, case.name) for case in WRONG).values()) == 1


@EVERY
def test_the_key_is_right(exercise: Exercise) -> None:
    """The key that a teacher is shown gets full marks."""
    for seed in SEEDS if exercise.variants > 1 else SEEDS[:1]:
        key = exercise.key(seed)
        if exercise.adapt:
            names: dict[str, Any] = {}
            exec(key, names)  # noqa: S102  (our own source)
            key = names[exercise.answer]
        assert _judge(exercise, seed, key).points == exercise.points


@EVERY
@pytest.mark.parametrize(
    "junk", [None, 0, "", [], {}, True, "0x7000", [[[]]], {"PML4": None}, {"a": 1}, 1 << 63, ["A"] * 50]
)
def test_junk_gets_nothing(exercise: Exercise, junk: Any) -> None:
    """What is no answer earns no point, and is told what form an answer has."""
    verdict = _judge(exercise, 0, (lambda *_, **__: junk) if exercise.adapt else junk)
    assert verdict.points == 0
    assert verdict.messages
    assert all(len(message) > 15 for message in verdict.messages)
