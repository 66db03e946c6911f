"""The live side of `predict`: radio buttons, Check and Skip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets as w

from tempmm_lab.widgets.live import CSS, VIEW

Answer = Callable[[int | None], tuple[str, str]]
"""Takes the number of a choice, or None to skip; gives what to show and a note ("" if all is well)."""


class PredictBox:
    """Asks one question. Nothing of the answer is anywhere on the page before Check or Skip."""

    def __init__(
        self, asks: str, choices: Sequence[str], answer: Answer, *, shown: str = "", taken: int | None = None
    ) -> None:
        """Show the question; and what follows, with the choice taken, if it was answered before."""
        self.answer = answer
        self.choices = w.RadioButtons(
            options=[(f"{number}. {says}", number - 1) for number, says in enumerate(choices, 1)],
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
        question = w.HTML(f"{CSS}<p><strong>Predict.</strong> {escape(asks)}</p>")
        self.root = w.VBox([question, self.choices, w.HBox([self.check, self.skip]), self.alert, self.after])
        self.root.add_class("tmm-widget").add_class("tmm-predict")
        self.after.value, self.choices.value = shown, taken

    def _ready(self) -> None:
        self.check.disabled = self.choices.value is None

    def _answer(self, choice: int | None) -> None:
        try:
            self.after.value, note = self.answer(choice)
        except Exception as error:  # noqa: BLE001 - a callback's error is seen here or nowhere
            note = f"This is a mistake in tempmm_lab, not yours: {type(error).__name__}: {error}"
        self.alert.value = f'<div role="alert">{escape(note)}</div>' if note else ""

    def view(self) -> dict[str, Any]:
        """Give the live part of a display."""
        return {VIEW: self.root._repr_mimebundle_()[VIEW]}
