"""How answers are judged: part by part, against the right answer and against what a misconception would give.

A judge sees plain data only. It never calls a method of something that a student made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tempmm_lab.assess.exercises.exercise import Callee, Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.assess.exercises.shapes import same, told
from tempmm_lab.assess.exercises.task import form_of

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Belief:
    """A misconception: its name, the answer that somebody gives who holds it, and what to say to them."""

    name: str
    says: str
    answer: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class ByParts:
    """Judges an answer of several parts, each by itself.

    Attributes:
        right: gives the right answer to a variant.
        beliefs: tried in this order on each wrong part.
        hint: what to say of a wrong part that no belief explains.
    """

    right: Callable[[Facts], Answer]
    beliefs: tuple[Belief, ...]
    hint: Callable[[Facts, str], str]

    def key(self, _: Exercise, facts: Facts) -> Answer:
        """Give the right answer."""
        return self.right(facts)

    def judge(self, exercise: Exercise, facts: Facts, answer: Any, _: int) -> Verdict:
        """Judge an answer."""
        form, right = form_of(exercise, answer), self.right(facts)
        if "" in form:
            return verdict(exercise, {}, told(form, answer))
        known = [name for name in exercise.parts if name not in form]
        wrong = {name: answer[name] for name in known if not same(answer[name], right[name])}
        earned = {name: exercise.parts[name].points for name in known if name not in wrong}
        return verdict(exercise, earned, [*told(form, answer), *self._why(facts, right, wrong)])

    def _why(self, facts: Facts, right: Answer, wrong: Answer) -> list[str]:
        """Give a message for every wrong part, beginning with the misconception that explains the most of them."""
        messages: list[str] = []
        left = dict(wrong)
        believed = {belief.says: {**right, **belief.answer(facts)} for belief in self.beliefs}
        while left:
            explained = {says: [name for name in left if same(left[name], one[name])] for says, one in believed.items()}
            says = max(explained, key=lambda one: len(explained[one]), default="")
            names = explained.get(says) or list(left)[:1]
            messages.append(f"{', '.join(names)}: {says if explained.get(says) else self.hint(facts, names[0])}")
            left = {name: value for name, value in left.items() if name not in names}
        return messages


@dataclass(frozen=True, slots=True)
class InOrder:
    """Judges an order: every part of the exercise is some pairs of steps, of which the first must come first.

    Attributes:
        steps: the texts of the steps, by name.
        parts: part -> pairs of names.
        says: part -> what to say where it is not so.
        right: one right order, by name.
    """

    steps: dict[str, str]
    parts: dict[str, tuple[tuple[str, str], ...]]
    says: dict[str, str]
    right: tuple[str, ...]

    def key(self, _: Exercise, facts: Facts) -> list[str]:
        """Give one right order, as letters."""
        letters = self._letters(facts)
        return [letters[name] for name in self.right]

    def _letters(self, facts: Facts) -> dict[str, str]:
        return {name: "ABCDEFGHIJ"[facts["items"].index(text)] for name, text in self.steps.items()}

    def judge(self, exercise: Exercise, facts: Facts, answer: Any, _: int) -> Verdict:
        """Judge an order."""
        form, letters = form_of(exercise, answer), self._letters(facts)
        if form:
            return verdict(exercise, {}, list(form.values()))
        if sorted(answer) != sorted(letters.values()):
            return verdict(exercise, {}, [f"Name each of {', '.join(sorted(letters.values()))} once."])
        place = {name: answer.index(letter) for name, letter in letters.items()}
        held = {part for part, pairs in self.parts.items() if all(place[a] < place[b] for a, b in pairs)}
        earned = {part: exercise.parts[part].points for part in held}
        return verdict(exercise, earned, [self.says[part] for part in exercise.parts if part not in held])


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
        wrong: dict[str, list[tuple[Case, Any]]] = {}
        for case, given in zip(cases, answers, strict=True):
            if not same(given, case.right):
                wrong.setdefault(case.part, []).append((case, given))
        earned = {name: part.points for name, part in exercise.parts.items() if name not in wrong}
        trouble = trouble or _all_the_same(answers, exercise.answer)
        why = [self._told(part, wrong[part]) for part in exercise.parts if part in wrong]
        return verdict(exercise, {} if trouble else earned, trouble or why)

    def _told(self, part: str, failed: list[tuple[Case, Any]]) -> str:
        case, given = failed[0]
        says = next((belief.says for belief in self.beliefs if explains(belief, failed)), self.hint[part])
        more = f" ({len(failed)} cases like it)" if len(failed) > 1 else ""
        return f"{part}: {says} The first: {case.about}; right is {shown(case.right)}, yours is {shown(given)}{more}."


def explains(belief: Belief, failed: Sequence[tuple[Case, Any]]) -> bool:
    """Say whether somebody with this misconception would have given all of these wrong answers."""
    return all(same(belief.answer(*case.args), given) for case, given in failed)


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
    return [f"{name} gives the same answer every time: {shown(answers[0])}. Is it finished?"]


def shown(value: Any) -> str:
    """Give a piece of plain data in one short line, numbers in hexadecimal."""
    if type(value) is dict and "no answer" in value:
        return f"no answer ({value['no answer']})"
    return hex(value) if type(value) is int and value > 9 else repr(value)[:120]


def verdict(exercise: Exercise, earned: dict[str, int], messages: Sequence[str]) -> Verdict:
    """Put a verdict together."""
    parts = {name: earned.get(name, 0) for name in exercise.parts}
    return Verdict(sum(parts.values()), exercise.points, parts, tuple(messages))


def statement_answers(truths: dict[str, tuple[bool, str]]) -> Callable[[Facts], Answer]:
    """Give what tells the right answer to a variant's statements; `truths` is text -> (right or not, why)."""
    return lambda facts: {letter: truths[text][0] for letter, text in zip("ABCDEF", facts["statements"], strict=True)}


def statement_hint(truths: dict[str, tuple[bool, str]]) -> Callable[[Facts, str], str]:
    """Give what says why a statement is right or wrong."""
    return lambda facts, part: truths[facts["statements"]["ABCDEF".index(part)]][1]
