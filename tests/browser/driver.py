"""A browser that looks at notebooks: Debian's Chromium, driven by Playwright, cut off from the internet.

`open_notebook` gives a `NotebookPage` in JupyterLab or Notebook 7; `open_page` a plain `Page` (Voilà).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import TracebackType
from typing import Self

from tempmm_lab.doctor import find_chromium, install_line
from tests.browser.lab import Server
from tests.browser.notebook import NotebookPage
from tests.browser.page import PATIENCE, Page

FLAGS = (
    "--no-sandbox",  # Chromium refuses its sandbox to root; it sees nothing here but our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing leaves this computer, not from a worker or a socket either; addresses in numbers are refused too. Unlike
    # Playwright's routing, this keeps the HTTP cache.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


def missing() -> str | None:
    """What keeps browser tests from running here, with the line to type; None if they can."""
    if importlib.util.find_spec("playwright") is None:
        return f"Playwright is not installed. Type: {install_line('playwright')}"
    if find_chromium() is None:
        return "Chromium is not installed. Type: apt-get install -y chromium fonts-dejavu-core"
    return None


class Browser:
    """Chromium with one profile for all pages; use it in a `with` statement."""

    def __enter__(self) -> Self:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        try:
            self._chromium = self._playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        except BaseException:
            self._playwright.stop()
            raise
        self._context = self._chromium.new_context(service_workers="block", no_viewport=True)
        self._context.add_init_script(path=Path(__file__).parent / "in_page.js")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._chromium.close()
        self._playwright.stop()

    def open_notebook(self, server: Server, path: str) -> NotebookPage:
        """Open a notebook, a path below the server's folder, and wait for its kernel."""
        return NotebookPage(self._context.new_page(), server.address(path), path)

    def open_page(self, address: str) -> Page:
        """Open any other address. Voilà runs a whole notebook before it gives the page, so that may take long."""
        page = Page(self._context.new_page())
        page.page.set_default_navigation_timeout(4 * PATIENCE)
        page.goto(address)
        return page
