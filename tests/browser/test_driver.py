"""The driver itself: it operates sound toys without complaint, and it notices each planted fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import conftest, driver, toys
from tests.browser.driver import Browser
from tests.browser.lab import LabServer, ServerError
from tests.browser.notebook import NotebookPage
from tests.browser.page import PATIENCE
from tests.browser.widgets import Sweep, Widget


@pytest.fixture(scope="module")
def page(lab: LabServer, browser: Browser) -> Iterator[NotebookPage]:
    """The toys, run."""
    with browser.open_notebook(lab, toys.NAME) as opened:
        opened.run_all()
        yield opened


def sweep(page: NotebookPage, name: str, by: str) -> Sweep:
    """All controls of one toy operated."""
    widget = Widget(page, page.page.locator(f".tmm-{name}"))
    return widget.sweep_by_mouse() if by == "mouse" else widget.sweep_by_keyboard()


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_sound_widget_passes(page: NotebookPage, by: str) -> None:
    """All kinds of control are operated, in page order, and the sweep has nothing to complain about."""
    done = sweep(page, "sound", by)
    assert done.problems(silent=["button size / 4K", "radio mode / user"]) == []
    assert done.operated == [
        "button Step",
        "checkbox NX",
        "select access",
        "button size / 4K",
        "button size / 2M",
        "radio mode / user",
        "radio mode / kernel",
        "text address",
    ]


def test_a_widget_that_is_used_once_passes_by_keyboard(page: NotebookPage) -> None:
    """Controls that become disabled when they have done their work are no fault."""
    done = sweep(page, "once", "keyboard")
    assert done.problems(silent=["radio *"]) == []
    assert done.changed == ["button Commit"]


def test_a_deaf_widget_is_noticed(page: NotebookPage) -> None:
    """A picture that no control changes."""
    found = sweep(page, "deaf", "mouse").problems(silent=["*"])
    assert found == ["nothing that can be operated changes the picture"]


def test_a_dead_control_is_noticed(page: NotebookPage) -> None:
    """One control that does nothing, beside one that works."""
    assert sweep(page, "half-deaf", "mouse").problems() == ["no other picture after checkbox NX"]


def test_a_raising_callback_is_noticed(page: NotebookPage) -> None:
    """An exception in a callback, of which JupyterLab shows nothing."""
    sweep(page, "raises", "mouse")
    assert any("ValueError: planted" in error for error in page.callback_errors())


def test_a_shown_error_is_noticed(page: NotebookPage) -> None:
    """Text with the role of an alert."""
    assert sweep(page, "alerts", "mouse").problems() == ["error shown after button Step: Give an address."]


def test_a_control_beyond_the_keyboard_is_noticed(page: NotebookPage) -> None:
    """A control that Tab passes by."""
    assert "Tab does not reach checkbox NX" in sweep(page, "mouse-only", "keyboard").problems()


def test_lost_focus_is_noticed(page: NotebookPage) -> None:
    """A control whose use sends the keyboard back to the top of the page."""
    assert "keyboard focus lost by button Step" in sweep(page, "forgetful", "keyboard").problems()


def test_a_failing_cell_and_those_after_it_are_noticed(page: NotebookPage) -> None:
    """A cell that raised, and the cell that Run All Cells did not reach because of it."""
    last = len(toys.SOURCES) - 1
    assert page.outputs_with_errors() == [f"cell {last - 1}: ValueError: planted", f"cell {last} did not run"]


def test_pictures_without_text_are_noticed(page: NotebookPage) -> None:
    """An image without `alt`, in a widget and in an output, and a drawing without a title."""
    found = page.pictures_without_text()
    assert [picture[:4] for picture in found] == ["<img", "<img", "<svg"]


def test_the_console_is_heard(page: NotebookPage) -> None:
    """An error written to the console, and nothing else."""
    (only,) = page.console
    assert "console error: planted" in only


def test_requests_outside_are_noticed_and_fail(page: NotebookPage) -> None:
    """An image from another host is recorded, and does not arrive."""
    assert set(page.outside) == {"http://example.com/x.png"}
    assert page.run("() => document.querySelector('img[alt=\"from outside\"]').naturalWidth") == 0


def test_dark_and_light_look_different(page: NotebookPage) -> None:
    """The theme is switched before the screenshot is taken."""
    page.theme("dark")
    dark = page.screenshot("toys-dark").read_bytes()
    page.theme("light")
    assert page.screenshot("toys-light").read_bytes() != dark


def test_at_200_percent_everything_is_twice_as_large(page: NotebookPage) -> None:
    """Half the width in CSS pixels, and two device pixels for each."""
    page.zoom200()
    try:
        assert page.run("() => [innerWidth, innerHeight, devicePixelRatio]") == [640, 400, 2]
    finally:
        page.viewport()


def test_latency_is_measured_in_the_page(page: NotebookPage) -> None:
    """Each click gives a time of at least one frame and less than the patience of the driver."""
    widget = Widget(page, page.page.locator(".tmm-sound"))
    times = page.click_latency_ms([widget.locate(widget.controls()[0])], widget.root.locator(".tmm-view"), 3, 1)
    assert len(times) == 3
    assert all(16 < time < PATIENCE for time in times)


def test_a_missing_chromium_is_named_with_the_line_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason of the skip says what to type."""
    monkeypatch.delenv("TEMPMM_LAB_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    assert "apt-get install" in (driver.missing() or "")


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_browser_fails_in_ci_only(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    """With CI=true what cannot run is a failure, elsewhere a skip; both give the reason."""
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="type this"):
        conftest.skip_or_fail("type this")


def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    """The error carries what the server said."""

    class Misled(LabServer):
        def options(self) -> list[str]:
            return [*super().options(), "--ServerApp.ip=not an address"]

    with pytest.raises(ServerError, match="not an address"), Misled(tmp_path):
        pass
