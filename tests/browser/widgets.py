"""A widget of the book on a page, and a sweep over all its controls by mouse or by keyboard.

Every widget's outermost element has the classes `tmm-widget` and `tmm-<name>`, its picture `tmm-view`, its own error
message `role="alert"`. Nothing else about a widget is known here: controls are what the browser can operate.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.page import Page

MOST = 200  # operations on one widget; more means that controls appear without end
TABS = 80  # key presses from a cell into and through its widget
CLICKED = ("button", "checkbox", "radio")
TYPED = ("text", "number", "textarea")


@dataclass(frozen=True)
class Control:
    """One thing to operate: `at` is its place among the widget's controls, `name` says what a reader sees."""

    at: int
    kind: str
    name: str
    usable: bool


@dataclass
class Sweep:
    """What a sweep did, and what came of it."""

    operated: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    focus_lost: list[str] = field(default_factory=list)

    def problems(self, silent: Iterable[str] = (), answered: Iterable[str] = ()) -> list[str]:
        """What a reader would complain about; controls whose names match a pattern in `silent` may change nothing.

        Those in `answered` were given nonsense by this driver, and must have said so.
        """
        waits = [name for name in self.operated for pattern in (*silent, *answered) if fnmatchcase(name, pattern)]
        told = [alert for alert in self.alerts if any(fnmatchcase(alert.split(": ")[0], each) for each in answered)]
        mute = [each for each in answered if not any(fnmatchcase(alert.split(": ")[0], each) for alert in told)]
        return [
            *(f"error shown after {alert}" for alert in self.alerts if alert not in told),
            *(f"no word about nonsense typed into {each}" for each in mute),
            *(f"Tab does not reach {name}" for name in self.unreached),
            *(f"keyboard focus lost by {name}" for name in self.focus_lost),
            *(f"no other picture after {name}" for name in self.operated if name not in [*self.changed, *waits]),
            *([] if self.changed else ["nothing that can be operated changes the picture"]),
        ]


class Widget:
    """A widget on a page, given by its outermost element."""

    def __init__(self, page: Page, root: Locator) -> None:
        self.page = page
        self.root = root
        classes = (root.get_attribute("class") or "").split()
        names = [name for name in classes if name.startswith("tmm-") and name != "tmm-widget"]
        self.name = names[0].removeprefix("tmm-") if names else "(no tmm-<name> class)"

    def view(self) -> str:
        """The markup of the picture."""
        markup: str = self.root.evaluate("root => tmm.view(root)")
        return markup

    def controls(self) -> list[Control]:
        """What can be operated now, in page order."""
        every = [Control(**control) for control in self.root.evaluate("root => tmm.controls(root)")]
        return [control for control in every if control.usable]

    def locate(self, control: Control) -> Locator:
        """The element of a control."""
        selector: str = self.page.run("() => tmm.CONTROLS")
        return self.root.locator(selector).nth(control.at)

    def by_mouse(self, control: Control) -> None:
        """Operate a control as one does with a mouse (and, in a text field, by typing)."""
        element = self.locate(control)
        if control.kind in CLICKED:
            element.click()
        elif control.kind == "select":
            # The open list is drawn by the system, outside the page; choosing in it is what select_option does.
            element.select_option(index=self._other_choice(element))
        elif control.kind in TYPED:
            element.click()
            self._retype(element.input_value())
        elif control.kind == "slider":
            track = element.locator("xpath=ancestor::*[contains(@class, 'noUi-target')]")
            size = track.bounding_box()
            assert size is not None
            there = element.get_attribute("aria-valuenow") == element.get_attribute("aria-valuemin")
            track.click(position={"x": size["width"] * (0.8 if there else 0.1), "y": size["height"] / 2})
        else:
            raise AssertionError(f"nobody has told this driver how to operate {control.name!r} with a mouse")
        self.page.settle()

    def by_keyboard(self, control: Control) -> None:
        """Operate the control that has the keyboard."""
        element, keyboard = self.locate(control), self.page.page.keyboard
        if control.kind in CLICKED:
            keyboard.press("Enter" if control.kind == "button" else "Space")
        elif control.kind == "select":
            # Open first: on a closed list JupyterLab takes the arrow keys for itself and goes to another cell.
            first: bool = element.evaluate("select => select.selectedIndex === 0")
            for key in ("Space", "ArrowDown" if first else "ArrowUp", "Enter"):
                keyboard.press(key)
        elif control.kind in TYPED:
            self._retype(element.input_value())
        elif control.kind == "slider":
            there = element.get_attribute("aria-valuenow") == element.get_attribute("aria-valuemin")
            keyboard.press("ArrowUp" if there else "ArrowDown")
        else:
            raise AssertionError(f"nobody has told this driver how to operate {control.name!r} by keyboard")
        self.page.settle()

    def change_by_one_click(self, patience: float = 0) -> str | None:
        """The first control that gives another picture; `patience` in seconds, for pages that cannot settle."""
        for control in self.controls():
            before = {self.view(), ""}
            self.by_mouse(control)
            end = time.monotonic() + patience
            while self.view() in before and time.monotonic() < end:
                self.page.page.wait_for_timeout(50)
            if self.view() not in before:
                return control.name
        return None

    def sweep_by_mouse(self) -> Sweep:
        """Operate every control once, those that appear on the way too."""
        sweep = Sweep()
        for _ in range(MOST):
            control = next((one for one in self.controls() if one.name not in sweep.operated), None)
            if control is None:
                return sweep
            self._operate(control, self.by_mouse, sweep)
        raise AssertionError(f"tmm-{self.name} has more than {MOST} controls, or new ones without end")

    def sweep_by_keyboard(self) -> Sweep:
        """Tab into the widget from its cell and operate every control once, without a mouse."""
        sweep = Sweep()
        self._go_to_cell()
        for _ in range(MOST):
            control = self._tab_to_next(sweep.operated)
            if control is None:
                sweep.unreached = [one.name for one in self.controls() if one.name not in sweep.operated]
                return sweep
            self._operate(control, self.by_keyboard, sweep)
            still_there = control.name in [one.name for one in self.controls()]
            if still_there and self.focused() != control.name:
                sweep.focus_lost.append(control.name)
        raise AssertionError(f"tmm-{self.name} has more than {MOST} controls, or new ones without end")

    def focused(self) -> str | None:
        """The name of the control that has the keyboard."""
        name: str | None = self.root.evaluate("root => tmm.focused(root)")
        return name

    def _tab_to_next(self, done: list[str]) -> Control | None:
        """Press Tab until a control not yet done has the keyboard: onwards from here, else once more from the cell."""
        if self.focused() is not None and (found := self._tab(done)):
            return found
        self._go_to_cell()
        return self._tab(done)

    def _go_to_cell(self) -> None:
        self.root.evaluate("root => tmm.selectCellOf(root)")

    def _tab(self, done: list[str]) -> Control | None:
        inside = self.focused() is not None
        for _ in range(TABS):
            self.page.page.keyboard.press("Tab")
            name = self.focused()
            if name is None and inside:
                return None
            inside = name is not None
            if name is not None and name not in done:
                return next(one for one in self.controls() if one.name == name)
        return None

    def _operate(self, control: Control, operate: Callable[[Control], None], sweep: Sweep) -> None:
        before = self.view()
        operate(control)
        sweep.operated.append(control.name)
        if self.view() != before:
            sweep.changed.append(control.name)
        sweep.alerts += [f"{control.name}: {text}" for text in self.root.evaluate("root => tmm.alerts(root)")]

    @staticmethod
    def _other_choice(select: Locator) -> int:
        """The choice above the present one; the second one for the first."""
        index: int = select.evaluate("select => select.selectedIndex === 0 ? 1 : select.selectedIndex - 1")
        return index

    def _retype(self, text: str) -> None:
        """Type the text again with another last digit, if it ends in one, and Enter."""
        keyboard = self.page.page.keyboard
        match = re.fullmatch(r"(.*?)([0-9a-fA-F])", text)
        new = f"{match[1]}{'8' if match[2] == '0' else '0'}" if match else text
        keyboard.press("Control+a")
        keyboard.type(new)
        keyboard.press("Enter")
