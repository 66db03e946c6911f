"""How a student's function is judged: by calling it, and by what somebody with a misconception would have written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tempmm_lab.assess.exercises.exercise import Callee, Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.assess.exercises.keys.judging import Belief, fewest, verdict
from tempmm_lab.assess.exercises.shapes import same


@dataclass(frozen=True, slots=True)
class Case:
    """One call of a student's function: its arguments, which part it belongs to, what is right, and in words."""

    args: list[Any]
    part: str
    right: Any
    about: str


@dataclass(frozen=True, slots=True)
class ByCalling:
    """Judges a function by calling it, and looks which misconception explains all that it has wrong.

    Attributes:
        cases: gives the calls for a variant and a judge's seed.
        beliefs: functions of the same plain arguments, wrong in one way each; tried in this order.
        hint: part -> what to say where no belief explains it.
        source: a right function.
    """

    cases: Callable[[Facts, int], Sequence[Case]]
    beliefs: tuple[Belief, ...]
    hint: dict[str, str]
    source: str

    def key(self, _: Exercise, __: Facts) -> str:
        """Give the source of a right function."""
        return self.source

    def judge(self, exercise: Exercise, facts: Facts, answer: Callee, seed: int) -> Verdict:
        """Judge a function."""
        cases = self.cases(facts, seed)
        answers, trouble = asked(answer, cases)
        by_part: dict[str, list[tuple[Case, Any]]] = {name: [] for name in exercise.parts}
        for case, given in zip(cases, answers, strict=True):
            by_part[case.part].append((case, given))
        wrong = [name for name, pairs in by_part.items() if any(not same(given, case.right) for case, given in pairs)]
        earned = {name: part.points for name, part in exercise.parts.items() if name not in wrong}
        trouble = trouble or _all_the_same(answers, exercise.answer)
        return verdict(exercise, {} if trouble else earned, trouble or self._why(by_part, wrong))

    def _why(self, by_part: dict[str, list[tuple[Case, Any]]], wrong: list[str]) -> list[str]:
        """Give a message for each misconception that makes a part's answers, with the first wrong one."""
        told = {one.says: [name for name in wrong if explains(one, by_part[name])] for one in self.beliefs}
        found = fewest(told, wrong)
        return [
            f"{', '.join(names)}: {says or self.hint[names[0]]} {_first(by_part[names[0]])}" for says, names in found
        ]


def explains(belief: Belief, pairs: Sequence[tuple[Case, Any]]) -> bool:
    """Say whether somebody with this misconception gives exactly these answers, the right ones too."""
    return all(same(belief.answer(*case.args), given) for case, given in pairs)


def _first(pairs: Sequence[tuple[Case, Any]]) -> str:
    wrong = [(case, given) for case, given in pairs if not same(given, case.right)]
    case, given = wrong[0]
    more = f" ({len(wrong)} of {len(pairs)} cases)" if len(pairs) > 1 else ""
    return f"The first: {case.about}; right is {shown(case.right)}, yours is {shown(given)}{more}."


def asked(function: Callee, cases: Sequence[Case]) -> tuple[list[Any], list[str]]:
    """Give a function's answer to every case, and what to say if one did not end. An error counts as an answer."""
    answers: list[Any] = []
    for case in cases:
        try:
            answers.append(function.call(case.args))
        except NoAnswer as error:
            answers.append({"no answer": str(error)})
            if not error.ended:
                return answers + [None] * (len(cases) - len(answers)), [f"{error} It was asked: {case.about}."]
    return answers, []


def _all_the_same(answers: Sequence[Any], name: str) -> list[str]:
    """Say that a function gives one answer to everything. No exercise has a right function that does."""
    if any(not same(one, answers[0]) for one in answers):
        return []
    if type(answers[0]) is dict and "no answer" in answers[0]:
        return [answers[0]["no answer"]]
    return [f"{name} gives the same answer every time: {shown(answers[0])}. Is it finished?"]


def shown(value: Any) -> str:
    """Give a piece of plain data in one short line, numbers in hexadecimal."""
    if type(value) is dict and "no answer" in value:
        return f"no answer ({value['no answer']})"
    return hex(value) if type(value) is int and value > 9 else repr(value)[:120]
