"""The live side of `predict`: radio buttons, Check and Skip."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from tempmm_lab.assess.show import answered_html
from tempmm_lab.views.picture import Picture
from tempmm_lab.widgets.live import CSS, VIEW

if TYPE_CHECKING:
    from tempmm_lab.assess.predict import Prediction


class PredictBox:
    """Asks one question. Nothing of the answer is anywhere on the page before Check or Skip."""

    def __init__(self, prediction: Prediction) -> None:
        """Show the question, and the answer if one was kept."""
        self.prediction = prediction
        question = prediction.question
        self.choices = w.RadioButtons(
            options=[(f"{number}. {choice.says}", number - 1) for number, choice in enumerate(question.choices, 1)],
            index=None,
            layout=w.Layout(width="auto"),
        )
        self.check = w.Button(
            description="Check", disabled=True, button_style="primary", tooltip="Commit to this answer"
        )
        self.skip = w.Button(description="Skip", tooltip="Show what happens without an answer")
        self.after = w.HTML().add_class("tmm-view")
        self.alert = w.HTML()
        self.choices.observe(lambda _: self._ready(), "value")
        self.check.on_click(lambda _: self._answer(self.choices.value))
        self.skip.on_click(lambda _: self._answer(None))
        asks = w.HTML(f"{CSS}<p><strong>Predict.</strong> {escape(question.asks)}</p>")
        self.root = w.VBox([asks, self.choices, w.HBox([self.check, self.skip]), self.alert, self.after])
        self.root.add_class("tmm-widget").add_class("tmm-predict")
        if prediction.answered is not None:
            self.choices.value = prediction.answered.choice
            self._show()

    def _ready(self) -> None:
        self.check.disabled = self.choices.value is None

    def _answer(self, choice: int | None) -> None:
        try:
            note = self.prediction.choose(choice)
            self._show()
        except Exception as error:  # noqa: BLE001 - a callback's error is seen here or nowhere
            note = f"This is a mistake in tempmm_lab, not yours: {type(error).__name__}: {error}"
        self.alert.value = f'<div role="alert">{escape(note)}</div>' if note else ""

    def _show(self) -> None:
        answered = self.prediction.answered
        if answered is None:
            return
        if isinstance(answered.outcome, Picture):
            verdict = answered_html(answered).split("<figure>", 1)[0]
            self.after.value = f"{verdict}{answered.outcome.svg}"
        else:
            self.after.value = answered_html(answered)

    def view(self) -> dict[str, Any]:
        """Give the live part of a display."""
        return {VIEW: self.root._repr_mimebundle_()[VIEW]}
