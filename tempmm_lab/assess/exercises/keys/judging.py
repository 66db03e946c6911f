"""How answers are judged: part by part, against the right answer and against what a misconception would give.

A judge sees plain data only. It never calls a method of something that a student made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Verdict
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
        beliefs: the misconceptions; of those that explain a wrong part, the one that explains the most parts is told.
        hint: what to say of a wrong part that no belief explains.
        normal: makes two ways of writing the same part equal.
        besides: says how a part that no belief explains differs: it is given what is right, and the part.
    """

    right: Callable[[Facts], Answer]
    beliefs: tuple[Belief, ...]
    hint: Callable[[Facts, str], str]
    normal: Callable[[Any], Any] = lambda value: value
    besides: Callable[[Any, Any], str] = lambda _, __: ""

    def key(self, _: Exercise, facts: Facts) -> Answer:
        """Give the right answer."""
        return self.right(facts)

    def judge(self, exercise: Exercise, facts: Facts, answer: Any, _: int) -> Verdict:
        """Judge an answer."""
        form, right = form_of(exercise, answer), self._normal(self.right(facts))
        if "" in form:
            return verdict(exercise, {}, told(form, answer))
        given = self._normal({name: answer[name] for name in exercise.parts if name not in form})
        wrong = {name: value for name, value in given.items() if not same(value, right[name])}
        earned = {name: exercise.parts[name].points for name in given if name not in wrong}
        return verdict(exercise, earned, [*told(form, answer, exercise.parts), *self._why(facts, right, wrong)])

    def _normal(self, answer: Answer) -> Answer:
        return {name: self.normal(value) for name, value in answer.items()}

    def _why(self, facts: Facts, right: Answer, wrong: Answer) -> list[str]:
        """Give a message for every wrong part, beginning with the misconception that explains the most of them."""
        believed = {belief.says: {**right, **self._normal(belief.answer(facts))} for belief in self.beliefs}
        told = {says: [name for name in wrong if same(wrong[name], one[name])] for says, one in believed.items()}
        found = fewest(told, list(wrong))
        return [
            f"{', '.join(names)}: {says or self.hint(facts, names[0]) + self.besides(right[names[0]], wrong[names[0]])}"
            for says, names in found
        ]


def too_few_or_many(right: list[Any], given: list[Any]) -> str:
    """Say of a list in any order whether it lacks something, or holds too much. What it is, is not said."""
    lacks = any(one not in given for one in right)
    holds = any(one not in right for one in given) or len(given) > len(set(given))
    if lacks and holds:
        return " Something is missing, and something is too much."
    return " Something is missing." if lacks else " Something is too much." if holds else ""


def fewest(explained: dict[str, list[str]], wrong: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Give few messages for all wrong parts, with the parts of each: first what explains the most. "" explains none."""
    found, left = list[tuple[str, list[str]]](), list(wrong)
    while left:
        says = max(explained, key=lambda one: sum(name in left for name in explained[one]), default="")
        names = [name for name in explained.get(says, []) if name in left]
        found.append((says, names) if names else ("", left[:1]))
        left = [name for name in left if name not in found[-1][1]]
    return found


@dataclass(frozen=True, slots=True)
class ByDoing:
    """Judges an answer of which many may be right: each part is tried out.

    Attributes:
        right: gives a right answer to a variant.
        fault: tries a part, and says what is wrong with it; None if nothing is.
    """

    right: Callable[[Facts], Answer]
    fault: Callable[[Facts, str, Any], str | None]

    def key(self, _: Exercise, facts: Facts) -> Answer:
        """Give a right answer."""
        return self.right(facts)

    def judge(self, exercise: Exercise, facts: Facts, answer: Any, _: int) -> Verdict:
        """Judge an answer."""
        form = form_of(exercise, answer)
        if "" in form:
            return verdict(exercise, {}, told(form, answer))
        tried = {name: self.fault(facts, name, answer[name]) for name in exercise.parts if name not in form}
        earned = {name: exercise.parts[name].points for name, fault in tried.items() if fault is None}
        faults = [f"{name}: {fault}" for name, fault in tried.items() if fault]
        return verdict(exercise, earned, [*told(form, answer, exercise.parts), *faults])


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


def verdict(exercise: Exercise, earned: dict[str, int], messages: Sequence[str]) -> Verdict:
    """Put a verdict together."""
    parts = {name: earned.get(name, 0) for name in exercise.parts}
    return Verdict(sum(parts.values()), exercise.points, parts, tuple(messages))


Truths = dict[str, tuple[bool, str]]
"""How a statement begins -> whether it is right, and why."""


def _truth(truths: Truths, statement: str) -> tuple[bool, str]:
    (found,) = [truth for beginning, truth in truths.items() if statement.startswith(beginning)]
    return found


def statement_answers(truths: Truths) -> Callable[[Facts], Answer]:
    """Give what tells the right answer to a variant's statements."""
    return lambda facts: {
        letter: _truth(truths, text)[0] for letter, text in zip("ABCDEF", facts["statements"], strict=True)
    }


def statement_hint(truths: Truths) -> Callable[[Facts, str], str]:
    """Give what says why a statement is right or wrong."""
    return lambda facts, part: _truth(truths, facts["statements"]["ABCDEF".index(part)])[1]
