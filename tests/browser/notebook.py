"""A notebook in JupyterLab or Notebook 7, in a tab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.page import Page

if TYPE_CHECKING:
    from playwright.sync_api import Locator
    from playwright.sync_api import Page as PlaywrightPage

PART = 2000  # device pixels of one file of a long screenshot


class NotebookPage(Page):
    """A notebook in JupyterLab or Notebook 7."""

    def __init__(self, page: PlaywrightPage, address: str, path: str) -> None:
        super().__init__(page)
        self.goto(address)
        self.page.wait_for_function("path => window.tmm?.ready(path)", arg=path)
        self.run("() => { tmm.watchKernel(); tmm.hideSidebar(); }")
        self.settle()

    def run_all(self, *, restart: bool = False) -> None:
        """Run every cell and wait until widgets stand; with `restart`, in a fresh kernel."""
        if restart:
            self.run("async () => { await tmm.restart(); tmm.watchKernel(); }")
        self.run("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        self.wait_idle()

    def wait_idle(self) -> None:
        """Wait until the kernel and every widget callback are done."""
        self.settle()

    def outputs_with_errors(self) -> list[str]:
        """The cells that raised, and those that never ran."""
        never = [f"cell {index} did not run" for index in self.run("() => tmm.notRun()")]
        return [*self.run("() => tmm.errors()"), *never]

    def callback_errors(self) -> list[str]:
        """What widget callbacks raised or warned; JupyterLab itself shows nothing of it."""
        found: list[str] = self.run("() => tmm.callbackErrors")
        return found

    def trusted_cells(self) -> int:
        """How many code cells may show active content."""
        count: int = self.run("() => tmm.trusted()")
        return count

    def cell(self, index: int) -> Locator:
        """A cell of the notebook, counted from 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def theme(self, name: str) -> None:
        """Switch JupyterLab to 'light' or 'dark'. The choice is kept by the server: switch back."""
        title = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}[name]
        self.run("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", title)
        is_light = "true" if name == "light" else "false"
        self.page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=is_light)
        self.settle()

    def screenshots(self, name: str) -> list[Path]:
        """The whole notebook as shots/<name>-01.png, -02.png, ... from top to bottom."""
        width, height = self.run("() => [innerWidth, innerHeight]")
        self.viewport(width, round(PART / self._scale), self._scale)
        paths = [self.screenshot(f"{name}-{part:02}") for part in self._scroll_down()]
        self.viewport(width, height, self._scale)
        return paths

    def close(self) -> None:
        """End the kernel and close the tab."""
        self.run("() => tmm.close()")
        super().close()

    def _scroll_down(self) -> Iterator[int]:
        """Scroll to one windowful after the other, giving its number."""
        part, more = 0, True
        self.run("() => tmm.scrollTo(0)")
        while more:
            self.settle()
            part += 1
            yield part
            more = self.run("part => tmm.scrollTo(part)", part)
