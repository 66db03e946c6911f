"""`predict(id)`: a question that is answered before the outcome can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tempmm_lab.assess import answers
from tempmm_lab.assess.question import Answered, Question, answer
from tempmm_lab.assess.questions import QUESTIONS
from tempmm_lab.assess.show import answered_html, question_html, question_text
from tempmm_lab.errors import ModelError

if TYPE_CHECKING:
    from tempmm_lab.widgets.predict_box import PredictBox


class Prediction:
    """One question on one page, and what was answered to it."""

    def __init__(self, question: Question) -> None:
        """Take up the answer that was kept earlier, if any."""
        self.question = question
        self.answered: Answered | None = None
        self._box: PredictBox | None = None
        mode = answers.automatic()
        if mode is not None:
            self.answered = answer(question, automatic_choice(question, mode))
        elif question.id in (known := answers.kept()):
            choice = known[question.id]
            if choice == answers.SKIPPED or 0 <= choice < len(question.choices):
                self.answered = answer(question, None if choice == answers.SKIPPED else choice)

    def choose(self, choice: int | None) -> str:
        """Answer with the number of a choice, or None to skip. Gives a note, or "" if all is well.

        The first answer is kept: that was the prediction. Later ones only show their feedback.
        """
        if choice is not None and choice not in range(len(self.question.choices)):
            msg = f"Choose a number from 0 to {len(self.question.choices) - 1}, or None to skip, not {choice!r}."
            raise ModelError(msg)
        first = self.answered is None
        self.answered = answer(self.question, choice)
        if not first or answers.automatic() is not None:
            return ""
        try:
            answers.keep(self.question.id, answers.SKIPPED if choice is None else choice)
        except ModelError as error:
            return str(error)
        return ""

    def text(self) -> str:
        """Give the question, and what is known of its answer, as plain text."""
        return question_text(self.question, self.answered)

    @property
    def html(self) -> str:
        """The same as HTML that needs no kernel."""
        after = answered_html(self.answered) if self.answered else "<p>(Run this cell to answer.)</p>"
        return question_html(self.question) + after

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/html": self.html, "text/plain": self.text()}
        try:
            from tempmm_lab.widgets.predict_box import PredictBox
        except ImportError:
            return bundle
        question, before = self.question, self.answered
        says = [choice.says for choice in question.choices]
        taken = before.choice if before else None
        self._box = PredictBox(question.asks, says, self._answer, shown=self._shown(), taken=taken)
        return {**bundle, **self._box.view()}

    def _answer(self, choice: int | None) -> tuple[str, str]:
        note = self.choose(choice)
        return self._shown(), note

    def _shown(self) -> str:
        return answered_html(self.answered, live=True) if self.answered else ""

    def __repr__(self) -> str:
        return f"Prediction({self.question.id!r}, {'answered' if self.answered else 'not answered'})"


def automatic_choice(question: Question, mode: str) -> int | None:
    """Give the choice that a way of answering by itself takes: the right one, the first wrong one, or None to skip."""
    if mode == "skip":
        return None
    if mode == "right":
        return question.right
    return next(number for number in range(len(question.choices)) if number != question.right)


def predict(id: str, choices: Sequence[str] | None = None) -> Prediction:  # noqa: A002
    """Ask the question called `id`. What happens is shown only after a choice, or after Skip.

    The choices stand in the package; `choices` may repeat them, and must then be the same.

    Raises:
        ModelError: there is no such question, or the choices are others.
    """
    if id not in QUESTIONS:
        close = ", ".join(sorted(name for name in QUESTIONS if name[:4] == str(id)[:4])) or ", ".join(sorted(QUESTIONS))
        msg = f"There is no question {id!r}. There are: {close}."
        raise ModelError(msg)
    question = QUESTIONS[id]
    if choices is not None and tuple(choices) != tuple(choice.says for choice in question.choices):
        msg = f"The choices of {id!r} are {[choice.says for choice in question.choices]}."
        raise ModelError(msg)
    return Prediction(question)
