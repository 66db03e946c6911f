"""Every widget of every chapter, operated as a reader would: with a mouse, and with the keyboard alone."""

from __future__ import annotations

from tests.browser import catalogue
from tests.browser.conftest import Visit


def complaints(visit: Visit, *, by: str) -> list[str]:
    """Sweep all widgets of the chapter; what is wrong, each with the widget's name and place."""
    found = []
    for place, widget in enumerate(visit.widgets(), start=1):
        sweep = widget.sweep_by_mouse() if by == "mouse" else widget.sweep_by_keyboard()
        problems = sweep.problems(catalogue.SILENT.get(widget.name, ()), catalogue.ANSWERED.get(widget.name, ()))
        found += [f"{widget.name} (widget {place}): {problem}" for problem in problems]
    return found + visit.page.callback_errors() + visit.page.console + visit.page.outside


def test_the_promised_widgets_are_there(visit: Visit) -> None:
    """The chapter shows exactly the kinds of widget that the catalogue names."""
    assert {widget.name for widget in visit.widgets()} == set(catalogue.promised(visit.chapter))


def test_each_kind_of_widget_answers_a_click(visit: Visit) -> None:
    """The first widget of each kind gives another picture after one click."""
    first = {widget.name: widget for widget in reversed(visit.widgets())}
    assert [name for name, widget in first.items() if widget.change_by_one_click() is None] == []
    assert visit.page.callback_errors() == []


def test_every_control_works_by_mouse(visit: Visit) -> None:
    """Each control can be operated, none shows an error, and each that should changes the picture."""
    visit.run_afresh()
    assert complaints(visit, by="mouse") == []


def test_every_control_works_by_keyboard(visit: Visit) -> None:
    """Tab reaches each control; Space, Enter, arrows and typing operate it; focus stays; the picture changes."""
    visit.run_afresh()
    assert complaints(visit, by="keyboard") == []
