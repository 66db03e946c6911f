"""The chapters' widgets once in Notebook 7 and once in Voilà."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tempmm_lab.book import copy_book
from tests.browser import catalogue
from tests.browser.driver import Browser, Page
from tests.browser.lab import NotebookServer, Server, VoilaServer
from tests.browser.widgets import Widget

WITH_WIDGETS = [chapter for chapter in catalogue.chapters() if catalogue.promised(chapter)]


def started(kind: type[Server], folder: Path) -> Iterator[Server]:
    """A server of this kind over a reader's copy of its own, so that no prediction has been made there."""
    copy_book(folder)
    with kind(folder) as running:
        yield running


@pytest.fixture(scope="module")
def notebook7(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Notebook 7."""
    yield from started(NotebookServer, tmp_path_factory.mktemp("notebook7"))


@pytest.fixture(scope="module")
def voila(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Voilà."""
    yield from started(VoilaServer, tmp_path_factory.mktemp("voila"))


def check_widgets(page: Page, names: tuple[str, ...]) -> None:
    """The first widget of each name is shown, and one click gives it another picture."""
    for name in names:
        root = page.page.locator(f".tmm-{name}").first
        root.wait_for(state="visible")
        assert Widget(page, root).change_by_one_click(), f"tmm-{name}: no click changes the picture"
    assert page.console == []
    assert page.outside == []


@pytest.mark.parametrize("chapter", WITH_WIDGETS)
def test_in_notebook_7(notebook7: Server, browser: Browser, chapter: str) -> None:
    """The chapter opens and runs in Notebook 7, and its widgets answer."""
    page = browser.open_notebook(notebook7, chapter)
    page.run_all()
    assert page.outputs_with_errors() == []
    check_widgets(page, catalogue.promised(chapter))
    page.screenshot(f"{Path(chapter).stem}-notebook7")
    page.close()


@pytest.mark.parametrize("chapter", WITH_WIDGETS)
def test_in_voila(voila: Server, browser: Browser, chapter: str) -> None:
    """The chapter is a page in Voilà, and its widgets answer."""
    page = browser.open_page(voila.address(chapter))
    check_widgets(page, catalogue.promised(chapter))
    page.screenshot(f"{Path(chapter).stem}-voila")
    page.close()
