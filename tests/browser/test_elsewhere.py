"""The chapters' widgets once in Notebook 7 and once in Voilà."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tempmm_lab.book import copy_book
from tests.browser import catalogue
from tests.browser.driver import Browser
from tests.browser.lab import NotebookServer, Server, VoilaServer
from tests.browser.page import Page
from tests.browser.widgets import Widget

# Voilà 0.5 asks for its icons outside, with any notebook; without them the page is complete but for the icons.
ASKED_BY_VOILA = re.compile(r"https://cdn\.jsdelivr\.net/npm/@fortawesome/")
WITH_WIDGETS = [chapter for chapter in catalogue.chapters() if catalogue.promised(chapter)]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Path:  # noqa: ARG001  (or no server either)
    """A reader's copy of its own."""
    folder = tmp_path_factory.mktemp("elsewhere")
    copy_book(folder)
    return folder


@pytest.fixture(scope="module")
def notebook7(book: Path) -> Iterator[Server]:
    """Notebook 7."""
    with NotebookServer(book) as running:
        yield running


@pytest.fixture(scope="module")
def voila(book: Path) -> Iterator[Server]:
    """Voilà."""
    with VoilaServer(book) as running:
        yield running


def forget_predictions(server: Server) -> None:
    """Leave no answer of an earlier page."""
    (server.folder / "predictions.json").unlink(missing_ok=True)


def check_widgets(page: Page, names: tuple[str, ...], *, patience: float) -> None:
    """The first widget of each name is shown, and one click gives it another picture."""
    for name in names:
        root = page.page.locator(f".tmm-{name}").first
        root.wait_for(state="visible")
        assert Widget(page, root).change_by_one_click(patience), f"tmm-{name}: no click changes the picture"
    assert page.console == []
    assert [address for address in page.outside if not ASKED_BY_VOILA.match(address)] == []


@pytest.mark.parametrize("chapter", WITH_WIDGETS)
def test_in_notebook_7(notebook7: Server, browser: Browser, chapter: str) -> None:
    """The chapter opens and runs in Notebook 7, and its widgets answer."""
    forget_predictions(notebook7)
    with browser.open_notebook(notebook7, chapter) as page:
        page.run_all()
        assert page.outputs_with_errors() == []
        check_widgets(page, catalogue.promised(chapter), patience=0)
        page.screenshot(f"{Path(chapter).stem}-notebook7")


@pytest.mark.parametrize("chapter", WITH_WIDGETS)
def test_in_voila(voila: Server, browser: Browser, chapter: str) -> None:
    """The chapter is a page in Voilà, and its widgets answer."""
    forget_predictions(voila)
    with browser.open_page(voila.address(chapter)) as page:
        check_widgets(page, catalogue.promised(chapter), patience=2)  # Voilà keeps its kernel to itself
        page.screenshot(f"{Path(chapter).stem}-voila")
