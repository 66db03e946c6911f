"""A reader's hands on a bench: its buttons by their labels, and everything that can be operated."""

from __future__ import annotations

import random
from collections.abc import Iterator

import ipywidgets as w

from tempmm_lab.widgets.bench import BenchWidget
from tests.unit.linux_pictures import BROKEN
from tests.unit.test_widgets import controls

TYPED = (
    "",
    "x",
    "no-pcid",
    "pti+preempt=rt",
    BROKEN,
    BROKEN[:-2],
    "text_poke:v6.16:irqs=0:~e2f5",
    "s0",
    "9" * 300,
    "\0",
)


def button(widget: BenchWidget, words: str) -> w.Button:
    """Give the button with this label."""
    return next(one for one in controls(widget.root) if getattr(one, "description", "") == words)


def click(widget: BenchWidget, *words: str) -> None:
    """Click buttons in turn."""
    for label in words:
        button(widget, label).click()


def every_control(widget: BenchWidget) -> list[w.Widget]:
    """Give what can be operated, sliders too."""
    kinds = (w.IntSlider, w.Play)
    return [*controls(widget.root), *(one for one in _below(widget.root) if isinstance(one, kinds))]


def _below(root: w.Widget) -> Iterator[w.Widget]:
    for child in getattr(root, "children", ()):
        yield child
        yield from _below(child)


def operate(control: w.Widget, chance: random.Random) -> None:
    """Do to a control what a reader may do, and what a page may send late."""
    if isinstance(control, w.Button):
        control.click()
    elif isinstance(control, w.Checkbox | w.ToggleButton):
        control.value = not control.value
    elif isinstance(control, w.Text):
        control.value = chance.choice(TYPED)
    elif isinstance(control, w.IntSlider | w.Play):
        control.value = chance.randint(control.min, control.max)
    else:
        control.value = chance.choice(control.options)
