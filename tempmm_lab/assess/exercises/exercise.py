"""An exercise: what is asked, in how many variants, what it is worth, and where its key is, if this copy has one."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

from tempmm_lab.assess.exercises.draws import Draw, number_of
from tempmm_lab.assess.exercises.functions import OF_DATA, NoAnswer
from tempmm_lab.assess.exercises.shapes import Shape
from tempmm_lab.errors import ModelError

Facts = dict[str, Any]
"""What is particular to a variant, as plain data: JSON and back changes nothing."""
KINDS = ("trace", "order", "explain", "build", "break", "fix")
READ_OVER = "read over"
"""Asks a kernel function's process what the function's text has wrong."""
KEYS = "tempmm_lab.assess.exercises.keys"
"""The package that holds every key and every judge. A student's archive and a student's process can do without it."""


class Callee(Protocol):
    """A student's function, wherever it runs: plain data in, plain data out.

    In practice it runs here (`InProcess`); for marks the same protocol is served by a process of its own.
    """

    def call(self, args: list[Any]) -> Any:
        """Give what the function returns for these arguments, all of it plain data.

        Raises:
            NoAnswer: it raised an error, gave something else, or came to no end.
        """
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an exercise that is marked by itself.

    Attributes:
        points: what it is worth.
        asks: what has to be right for them.
        shape: the form of this part of the answer; None where the answer is a function, or one list for all parts.
    """

    points: int
    asks: str
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One student's version of an exercise.

    Attributes:
        facts: all that is particular to it; with the exercise's name all that is needed to judge an answer.
        text: the task, as it is shown.
    """

    exercise: str
    seed: int
    facts: Facts
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer is worth.

    Attributes:
        points: out of `of`.
        parts: part name -> points earned.
        messages: for what is not right: what it looks like somebody believed, and what to try.
        replay: a schedule that fails, to be opened in the bench, where there is one.
    """

    points: int
    of: int
    parts: Mapping[str, int]
    messages: tuple[str, ...] = ()
    replay: str | None = None

    def text(self) -> str:
        """Give the verdict as lines of plain text."""
        said = [f"{self.points} of {self.of} points"]
        said += [f"  {message}" for message in self.messages]
        return "\n".join([*said, f"  Replay: {self.replay}"] if self.replay else said)


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise of the book.

    Attributes:
        name: such as "ch01-indices".
        kind: one of KINDS.
        answer: the name that the answer has in the notebook.
        parts: what is marked, part by part; the sum of their points is what the exercise is worth.
        variants: how many different ones there are; of a function to write there is one, judged with many arguments.
        facts: draws what is particular to a variant.
        show: tells the task.
        adapt: for a function: calls it with plain data, in the student's process; see `functions.py`.
        by_hand: points for a written answer, which are given by a person.
        whole: the form of the answer, where it is one list for all parts.
    """

    name: str
    chapter: int
    kind: str
    title: str
    answer: str
    parts: Mapping[str, Part]
    variants: int
    facts: Callable[[Draw], Facts]
    show: Callable[[Facts], str]
    adapt: Callable[[Callable[..., Any], list[Any]], Any] | None = None
    by_hand: int = 0
    whole: Shape | None = None

    def __post_init__(self) -> None:
        """Keep the parts from being changed."""
        object.__setattr__(self, "parts", MappingProxyType(dict(self.parts)))

    def __str__(self) -> str:
        return f"{self.title} ({self.kind}, {self.points + self.by_hand} points)"

    @property
    def points(self) -> int:
        """What the exercise is worth, without what is marked by hand."""
        return sum(part.points for part in self.parts.values())

    def variant(self, seed: int) -> Variant:
        """Give the variant that a seed chooses.

        Raises:
            ModelError: the seed is no whole number of at most 64 bits.
        """
        facts = self.facts(Draw(number_of(seed, self.name, self.variants)))
        return Variant(self.name, seed, facts, self.show(facts))

    def key(self, seed: int) -> Any:
        """Give a right answer as plain data; for a function, its source.

        Raises:
            ModelError: this copy of the book has no keys.
        """
        return self._judge().key(self, self.variant(seed).facts)

    def judge(self, variant: Variant, answer: Any, *, seed: int = 0) -> Verdict:
        """Judge an answer: plain data or, for a function, a `Callee`.

        `seed` chooses the arguments that a function is called with; marks use one that no student knows.

        Raises:
            ModelError: this copy of the book has no keys, or the variant is of another exercise.
        """
        if variant.exercise != self.name:
            raise ModelError(f"This is a variant of {variant.exercise}, not of {self.name}.")
        verdict: Verdict = self._judge().judge(self, variant.facts, answer, seed)
        slip = self._slip(answer) if verdict.points < verdict.of else ""
        return replace(verdict, messages=(slip, *verdict.messages)) if slip else verdict

    def _slip(self, answer: Any) -> str:
        """Give what is wrong with the text of a kernel function that lost points: a call that nobody awaits, mostly."""
        if self.adapt in (None, *OF_DATA):
            return ""
        try:
            said = answer.call([READ_OVER])
        except NoAnswer:
            return ""
        return "".join(filter(str.isprintable, said))[:300] if type(said) is str else ""

    def _judge(self) -> Any:
        if not has_keys():
            raise ModelError("This copy of the book has no keys: answers are judged where they are handed in.")
        return importlib.import_module(KEYS).JUDGES[self.name]


def has_keys() -> bool:
    """Say whether this copy of the book can judge answers."""
    try:
        importlib.import_module(KEYS)
    except ImportError:
        return False
    return True
