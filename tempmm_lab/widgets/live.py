"""What every widget of the book has in common: a picture that changes, its text twin, and errors that are seen."""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from pathlib import Path
from traceback import extract_tb
from typing import Any

import ipywidgets as w

from tempmm_lab.errors import ModelError
from tempmm_lab.views.picture import Picture

CSS = (
    "<style>.tmm-widget{max-width:780px}.tmm-widget .widget-label{min-width:max-content}"
    ".tmm-widget .widget-radio-box label{white-space:normal;height:auto;line-height:1.4;margin-bottom:4px}"
    ".tmm-widget .widget-radio-box{height:auto;width:auto;max-width:100%;margin-bottom:0}"
    ".tmm-widget p{line-height:1.5;margin:6px 0}"
    ".tmm-widget .widget-hbox{flex-wrap:wrap}.tmm-widget pre{white-space:pre-wrap;line-height:1.45;font-size:12px}"
    '.tmm-widget [role="alert"]{border-left:4px solid #b3261e;padding:4px 10px;margin:6px 0}</style>'
)
VIEW = "application/vnd.jupyter.widget-view+json"


def blame(error: Exception) -> str:
    """Say whose mistake an unexpected error is: ours, or that of a function which a reader gave a kernel."""
    ours = Path(__file__).parents[1]
    frames = [frame for frame in extract_tb(error.__traceback__) if not frame.filename.startswith(sys.prefix)]
    said = f"{type(error).__name__}: {error}"
    if frames and ours not in Path(frames[-1].filename).parents:
        return f"Your function {frames[-1].name}() raised {said} (in its line {frames[-1].line!r})."
    return f"This is a mistake in tempmm_lab, not yours: {said}"


class Live:
    """A widget: `root` holds the controls, the picture and the place for errors.

    `draw` gives the picture of the present state. It runs after every control, and whatever goes wrong in it or in a
    control is shown in the widget: JupyterLab itself shows nothing of an error in a callback.
    """

    name = "widget"

    def __init__(self) -> None:
        """Put the parts together; a subclass has made its state before this."""
        self.shown = w.HTML().add_class("tmm-view")
        self.alert = w.HTML()
        self.as_text = w.ToggleButton(
            value=False, description="Show as text", tooltip="The same facts as plain text", icon="align-left"
        )
        self.as_text.observe(self._redraw, "value")
        self.root = w.VBox([w.HTML(CSS), *self.controls(), self.alert, self.shown, *self.below(), self.as_text])
        self.root.add_class("tmm-widget").add_class(f"tmm-{self.name}")
        self._redraw()

    def controls(self) -> list[w.Widget]:
        """Give the rows of controls; each must call `self.guard(...)`-wrapped code only."""
        raise NotImplementedError

    def below(self) -> list[w.Widget]:
        """Give the rows of controls that stand below the picture."""
        return []

    def draw(self) -> Picture:
        """Give the picture of the present state."""
        raise NotImplementedError

    def text(self) -> str:
        """Give the text twin of what is shown now."""
        return self.draw().text()

    def button(self, label: str, act: Callable[[], None], tip: str = "") -> w.Button:
        """Make a button that acts and redraws."""
        button = w.Button(description=label, tooltip=tip or label, layout=w.Layout(width="auto"))
        button.on_click(lambda _: self._do(act))
        return button

    def watch(self, control: w.Widget) -> w.Widget:
        """Redraw whenever this control's value changes."""
        control.observe(self._redraw, "value")
        return control

    def _do(self, act: Callable[[], None]) -> None:
        if self._guarded(act):
            self._redraw()

    def _redraw(self, _: Any = None) -> None:
        self._guarded(self._show)

    def _show(self) -> None:
        picture = self.draw()
        self.shown.value = f"<pre>{escape(picture.text())}</pre>" if self.as_text.value else picture.svg

    def _guarded(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except ModelError as error:
            self.tell(str(error))
        except Exception as error:  # noqa: BLE001 - a callback's error is seen here or nowhere
            self.tell(blame(error))
        else:
            self.tell("")
            return True
        return False

    def tell(self, words: str) -> None:
        """Show a message, or take it away."""
        self.alert.value = f'<div role="alert">{escape(words)}</div>' if words else ""

    def view(self) -> dict[str, Any]:
        """Give the live part of a display: what a notebook with a kernel shows."""
        bundle = self.root._repr_mimebundle_()
        return {VIEW: bundle[VIEW]}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        picture = self.draw()
        return {"text/html": picture.html, "text/plain": f"{self.name}\n{picture.text()}", **self.view()}
