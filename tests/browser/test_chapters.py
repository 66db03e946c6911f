"""Every chapter in JupyterLab, as a reader meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import catalogue
from tests.browser.conftest import Visit


def test_there_are_chapters() -> None:
    """The tests below have something to look at."""
    assert catalogue.chapters()


def test_a_fresh_copy_is_untrusted(visit: Visit) -> None:
    """A reader's copy starts without active content, so what the book shows at first is what we looked at."""
    assert visit.trusted_at_first == 0


def test_pictures_of_a_fresh_copy_have_a_text(visit: Visit) -> None:
    """Before anything ran, every picture that is shown has its alternative text."""
    assert visit.without_text_at_first == []


def test_every_cell_runs(visit: Visit) -> None:
    """Run All Cells reaches the last cell, and none raises."""
    assert visit.page.outputs_with_errors() == []


def test_pictures_have_a_text(visit: Visit) -> None:
    """After Run All Cells, every image has its alternative text and every drawing its title."""
    assert visit.page.pictures_without_text() == []


@pytest.mark.parametrize("look", ["light", "dark", "zoom200"])
def test_screenshots(visit: Visit, look: str) -> None:
    """The whole chapter is kept as pictures to look at: 1280 pixels wide in both themes, and at 200 %."""
    visit.page.theme("dark" if look == "dark" else "light")
    visit.page.zoom200() if look == "zoom200" else visit.page.viewport()
    try:
        shots = visit.page.screenshots(f"{Path(visit.chapter).stem}-{look}")
    finally:
        visit.page.viewport()
        visit.page.theme("light")
    assert all(shot.stat().st_size > 0 for shot in shots)


def test_console_is_quiet(visit: Visit) -> None:
    """Opening and running the chapter reports no error in the browser's console."""
    assert visit.page.console == []


def test_nothing_comes_from_outside(visit: Visit) -> None:
    """The chapter asks no other computer for anything."""
    assert visit.page.outside == []
