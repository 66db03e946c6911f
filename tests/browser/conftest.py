"""One JupyterLab, one Chromium and one open page per chapter for all browser tests.

Where Playwright or Chromium is missing, the tests are skipped with the line to type; with CI=true they fail.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tempmm_lab.book import copy_book
from tests.browser import catalogue, toys
from tests.browser.driver import Browser, missing
from tests.browser.lab import LabServer
from tests.browser.notebook import NotebookPage
from tests.browser.widgets import Widget


@dataclass
class Visit:
    """A chapter as a reader has it: first the fresh copy as it was opened, then run from top to bottom."""

    chapter: str
    folder: Path
    page: NotebookPage
    trusted_at_first: int
    without_text_at_first: list[str]

    def widgets(self) -> list[Widget]:
        """The chapter's widgets, in page order."""
        return [Widget(self.page, root) for root in self.page.widgets().all()]

    def run_afresh(self) -> None:
        """Forget the predictions made so far and run everything in a new kernel."""
        (self.folder / "predictions.json").unlink(missing_ok=True)
        self.page.run_all(restart=True)


def skip_or_fail(reason: str) -> None:
    """Skip here, fail in CI: there, a browser test that does not run is a mistake."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    if reason := missing():
        skip_or_fail(reason)
    with Browser() as running:
        yield running


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[LabServer]:  # noqa: ARG001  (first)
    """JupyterLab over a reader's copy of the book, with a notebook of toys beside the chapters."""
    folder = tmp_path_factory.mktemp("reader")
    if catalogue.chapters():
        copy_book(folder)
    toys.write(folder)
    with LabServer(folder) as running:
        yield running


@pytest.fixture(scope="session", params=catalogue.chapters())
def visit(request: pytest.FixtureRequest, lab: LabServer, browser: Browser) -> Iterator[Visit]:
    """Each chapter in turn, opened, looked at, and run. pytest keeps the tests of one chapter together."""
    with browser.open_notebook(lab, request.param) as page:
        page.screenshot(f"{Path(request.param).stem}-fresh-copy")
        opened = Visit(request.param, lab.folder, page, page.trusted_cells(), page.pictures_without_text())
        page.run_all()
        yield opened


QUICK = ("00", "03")
"""The chapters on which `make test` runs everything; the others are opened and run, and each kind of widget clicked."""
LONG = (
    "test_in_notebook_7", "test_in_voila", "test_screenshots",
    "test_every_control_works_by_mouse", "test_every_control_works_by_keyboard",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the long checks of most chapters to `make test-all`: the selection is fixed."""
    for item in items:
        name = item.name.partition("[")[0]
        params = item.callspec.params if hasattr(item, "callspec") else {}
        chapter = str(params.get("visit", params.get("chapter", ""))).partition("-")[0]
        if name in LONG and chapter and chapter not in QUICK:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """On several workers, keep the tests of one open chapter on one of them."""
    from xdist.scheduler import LoadScopeScheduling

    class ByChapter(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, _, test = nodeid.partition("::")
            chapter = re.search(r"[0-9A-D]{1,2}-.+\.ipynb", test)
            return chapter[0] if chapter and file.endswith(("test_chapters.py", "test_widgets.py")) else file

    return ByChapter(config, log)
