"""A question: what is asked, the choices, which is right, what each wrong one shows, and what then happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tempmm_lab.views.picture import Picture

Shown = Picture | str
Outcome = Callable[[], Shown | tuple[Shown, ...]]


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice, and the feedback to it: for a wrong one, the misconception it comes from and what to look at."""

    says: str
    feedback: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the book.

    Attributes:
        id: its name, such as "ch03-moved".
        asks: the question.
        choices: two to five.
        right: the number of the right choice.
        outcome: runs the thing asked about and gives what happened; shown only after an answer. None for recall.
    """

    id: str
    asks: str
    choices: tuple[Choice, ...]
    right: int
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What the reader sees after an answer or a skip: a verdict in words, and the outcome."""

    question: Question
    choice: int | None
    verdict: str
    outcome: tuple[Shown, ...]

    @property
    def is_right(self) -> bool:
        """Whether the right choice was taken."""
        return self.choice == self.question.right


def answer(question: Question, choice: int | None) -> Answered:
    """Give what follows a choice (None: skipped): the outcome is run only now."""
    happened = question.outcome() if question.outcome else ()
    shown = happened if isinstance(happened, tuple) else (happened,)
    right = question.choices[question.right]
    if choice is None:
        verdict = f"Skipped. The answer is: {right.says}. {right.feedback}"
    elif choice == question.right:
        verdict = f"Right: {right.says}. {right.feedback}"
    else:
        taken = question.choices[choice]
        verdict = f"Not quite. You said: {taken.says}. {taken.feedback} The answer is: {right.says}."
    return Answered(question, choice, verdict.replace("..", ".").replace("?.", "?"), shown)
