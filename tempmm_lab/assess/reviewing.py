"""The score of chapter 15: what was decided about each patch, beside what the explorer found, and what that shows.

It is made of the kept predictions, so it is the same after a restart. Nothing is told of a patch that is not decided.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tempmm_lab.assess import answers
from tempmm_lab.assess.predict import automatic_choice
from tempmm_lab.assess.question import Question
from tempmm_lab.assess.questions import QUESTIONS
from tempmm_lab.reviews import CHANGES, Review, review
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.reviews import Line, draw_reviews

DECISIONS = {"apply": "apply", "reject": "reject", "change": "change"}
SHOULD = {"right": "apply", "wrong": "reject", "ugly": "change"}
"""Kind of patch -> the decision that the explorer's verdict supports."""
FOUND = {"right": "holds", "ugly": "holds, at a price"}
KINDS = {
    "agreed": "as the explorer, and for its reason",
    "reason": "as the explorer, for another reason",
    "miss": "misses: applied, and wrong",
    "alarm": "false alarms: held back as if it were wrong, and sound",
    "cost": "costs let in: applied, sound, and dearer",
    "held": "held back, but not for what is wrong with it",
    "skipped": "skipped",
    "open": "not decided",
}
"""What a decision can be, worst things named plainly."""


def question_of(number: int) -> str:
    """Give the id of the question about a patch."""
    return f"ch15-patch-{number:02}"


@dataclass(frozen=True)
class Decided:
    """One patch and what was decided about it.

    Attributes:
        patch: the patch.
        decision: "apply", "reject", "change", "skipped" or "not decided".
        kind: a key of `KINDS`.
    """

    patch: Review
    decision: str
    kind: str

    @property
    def line(self) -> Line:
        """Its row in the picture."""
        if self.kind in ("open", "skipped"):
            return Line(self.decision, "", "open")
        same = self.decision == SHOULD[self.patch.kind]
        return Line(self.decision, self.found, "agrees" if same else "differs")

    @property
    def found(self) -> str:
        """What the explorer found, in few words."""
        breaks, still = self.patch.breaks, self.patch.still
        if self.patch.kind == "wrong":
            return f"breaks {breaks[0]}" if breaks else f"still breaks {still[0]}"
        return FOUND[self.patch.kind]

    def why(self) -> str:
        """Say what a decision that differs from the verdict comes from, and where the book treats it."""
        done = {"apply": "applied", "reject": "rejected", "change": "sent back"}[self.decision]
        comes = f"That is to think {self.patch.alarm if self.kind == 'alarm' else self.patch.shows}."
        if self.kind == "held":
            comes = "It stays out, and what was asked for would not mend it: see what is said to that choice."
        head = f"Patch {self.patch.number} was {done}, and the explorer says: {self.found}."
        return f"{head} {comes} Chapter {self.patch.chapter} treats it."


@dataclass(frozen=True)
class Score:
    """Twelve decisions beside twelve verdicts."""

    decided: tuple[Decided, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many decisions there are of each kind (`KINDS`)."""
        return {kind: sum(each.kind == kind for each in self.decided) for kind in KINDS}

    @property
    def made(self) -> tuple[Decided, ...]:
        """Those that were decided."""
        return tuple(each for each in self.decided if each.kind not in ("open", "skipped"))

    def text(self) -> str:
        """Give the score as lines."""
        if not self.made:
            return f"Nothing is decided yet: {self._left()}. Decide about a patch, and run this cell again."
        lines = [f"{len(self.made)} of {len(self.decided)} patches decided"]
        for kind, name in KINDS.items():
            numbers = [str(each.patch.number) for each in self.decided if each.kind == kind]
            lines += [f"  {len(numbers):2}  {name}{': ' + ', '.join(numbers) if numbers else ''}"]
        return "\n".join([*lines, *self._explained(), *self._baseline()])

    def _explained(self) -> Iterator[str]:
        for each in self.made:
            if each.line.mark == "differs":
                yield from textwrap.wrap(each.why(), 100, initial_indent="", subsequent_indent="  ")

    def _baseline(self) -> Iterator[str]:
        """Say what those would have got who do not read the patches."""
        if len(self.made) < len(self.decided):
            return
        kinds = [each.patch.kind for each in self.decided]
        wrong, sound = kinds.count("wrong"), len(kinds) - kinds.count("wrong")
        yield f"To compare: who applies all has {wrong} misses, who rejects all {sound} false alarms."

    def _left(self) -> str:
        skipped = self.counts["skipped"]
        return f"{len(self.decided) - skipped} patches wait" + (f", {skipped} were skipped" if skipped else "")

    def draw(self) -> Picture:
        """Give the score as a picture; its text twin is `text()`."""
        counts = self.counts
        summary = f"{len(self.made)} decided, {counts['miss']} missed, {counts['alarm']} false alarms"
        return draw_reviews([each.line for each in self.decided], summary, self.text())

    def __str__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.draw().html, "text/plain": self.text()}


def score() -> Score:
    """Give the score of the decisions kept so far. Run it again whenever you like."""
    return Score(tuple(_decided(number) for number in CHANGES))


def _decided(number: int) -> Decided:
    question, patch = QUESTIONS[question_of(number)], review(number)
    taken = _taken(question)
    if taken is None:
        return Decided(patch, "not decided", "open")
    if taken == answers.SKIPPED:
        return Decided(patch, "skipped", "skipped")
    decision = decision_of(question, taken)
    return Decided(patch, decision, _kind(patch, question, taken, decision))


def _taken(question: Question) -> int | None:
    """Give the choice that was kept, SKIPPED, or None."""
    mode = answers.automatic()
    if mode is not None:
        choice = automatic_choice(question, mode)
        return answers.SKIPPED if choice is None else choice
    choice = answers.kept().get(question.id)
    known = choice is not None and (choice == answers.SKIPPED or 0 <= choice < len(question.choices))
    return choice if known else None


def decision_of(question: Question, choice: int) -> str:
    """Give the decision that a choice begins with."""
    return DECISIONS[question.choices[choice].says.partition(":")[0]]


def _kind(patch: Review, question: Question, taken: int, decision: str) -> str:
    if taken == question.right:
        return "agreed"
    if decision == SHOULD[patch.kind]:
        return "reason"
    if patch.kind == "wrong":
        return "miss" if decision == "apply" else "held"
    return "cost" if decision == "apply" else "alarm"
