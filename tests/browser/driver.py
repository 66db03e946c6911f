"""A browser that looks at notebooks: Debian's Chromium, driven by Playwright, cut off from the internet.

`Browser` starts Chromium once. `open_notebook` gives a `NotebookPage` in JupyterLab or Notebook 7; `open_page` gives a
plain `Page` (Voilà). Every page records what a reader would not see: console errors and requests to other hosts.
"""

from __future__ import annotations

import base64
import importlib.util
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:  # a machine without Playwright can still collect the tests and say so
    from playwright.sync_api import CDPSession, ConsoleMessage, Locator, WebSocket
    from playwright.sync_api import Page as PlaywrightPage

    from tests.browser.lab import Server

HERE = Path(__file__).parent
SHOTS = HERE / "shots"
WIDTH, HEIGHT = 1280, 800
PATIENCE = 30_000  # ms; a page that takes longer is broken
PART = 2000  # device pixels of one file of a long screenshot

FLAGS = (
    "--no-sandbox",  # Chromium refuses its sandbox to root; it sees nothing here but our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing leaves this computer, not from a worker or a socket either. Unlike Playwright's routing, this keeps the
    # HTTP cache, which makes the second page open in half the time.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
LOCAL = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost)(:\d+)?(/|$)|(data|blob|about|chrome-error):")

# Console messages that are not ours. Each needs a reason.
UPSTREAM = (
    re.compile(r"net::ERR_NAME_NOT_RESOLVED"),  # a request outside: already recorded in `outside`
    re.compile(r"Cannot read properties of undefined \(reading 'schema'\)"),  # Notebook 7.6 at start, without our files
)


def chromium() -> str | None:
    """The Chromium to use: `TEMPMM_LAB_CHROMIUM`, or the first one on the path."""
    asked = os.environ.get("TEMPMM_LAB_CHROMIUM")
    return asked or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def missing() -> str | None:
    """What keeps browser tests from running here, with the line to type; None if they can."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed. Type: python -m pip install playwright"
    if chromium() is None:
        return "Chromium is not installed. Type: sudo apt-get install --yes chromium"
    return None


class Page:
    """One tab. `console` and `outside` collect what should be empty at the end."""

    def __init__(self, page: PlaywrightPage) -> None:
        self.page = page
        self.console: list[str] = []
        self.outside: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._note(f"page error: {error}"))
        page.on("request", lambda request: self._check_host(request.url))
        page.on("websocket", self._on_websocket)
        self._devtools: CDPSession = page.context.new_cdp_session(page)
        self.viewport()

    def run(self, script: str, argument: object = None) -> Any:
        """The value of a JavaScript function in the page; `tmm` is in_page.js."""
        return self.page.evaluate(script, argument)

    def goto(self, address: str) -> None:
        """Load an address."""
        self.page.goto(address, wait_until="domcontentloaded")

    def settle(self) -> None:
        """Wait until every callback has been answered and the answer is on the page."""
        self.run("() => tmm.settled()")

    def close(self) -> None:
        """Close the tab."""
        self.page.close()

    def widgets(self) -> Locator:
        """The roots of the book's widgets, in page order."""
        return self.page.locator(".tmm-widget:visible")

    def pictures_without_text(self) -> list[str]:
        """Images without `alt` and drawings without a title: nothing for who cannot see them."""
        found: list[str] = self.run("() => tmm.picturesWithoutText()")
        return found

    def viewport(self, width: int = WIDTH, height: int = HEIGHT, scale: float = 1) -> None:
        """Give the page a window of this size; `scale` is device pixels per CSS pixel."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self._devtools.send("Emulation.setDeviceMetricsOverride", metrics)
        self._scale = scale
        self.page.wait_for_function("size => innerWidth === size", arg=width)

    def zoom200(self) -> None:
        """What Ctrl-+ to 200 % does in the same window: half the CSS pixels, each twice as large."""
        self.viewport(WIDTH // 2, HEIGHT // 2, 2)

    def screenshot(self, name: str) -> Path:
        """Keep what the window shows as shots/<name>.png."""
        # Playwright's own screenshot would first put back the window's size and scale.
        image = self._devtools.send("Page.captureScreenshot", {"format": "png"})
        SHOTS.mkdir(exist_ok=True)
        path = SHOTS / f"{name}.png"
        path.write_bytes(base64.b64decode(image["data"]))
        return path

    def click_latency_ms(self, buttons: list[Locator], area: Locator, count: int = 25, warm_up: int = 3) -> list[float]:
        """Milliseconds from a mouse click to the first painted frame with a new picture in `area`, `count` times.

        The buttons are clicked in turn. Measured inside the page, see `armLatency` in in_page.js.
        """
        times: list[float] = []
        for turn in range(warm_up + count):
            button = buttons[turn % len(buttons)]
            arguments = [button.element_handle(), area.element_handle(), PATIENCE]
            self.run("([button, area, limit]) => tmm.armLatency(button, area, limit)", arguments)
            button.click()
            times.append(self.run("() => tmm.latency()"))
            self.settle()
        return times[warm_up:]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"console error: {message.text} ({message.location.get('url', '')})")

    def _on_websocket(self, socket: WebSocket) -> None:
        self._check_host(socket.url)

    def _note(self, text: str) -> None:
        if not any(known.search(text) for known in UPSTREAM):
            self.console.append(text)

    def _check_host(self, address: str) -> None:
        if not LOCAL.match(address):
            self.outside.append(address)


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
        """The whole notebook as shots/<name>-1.png, -2.png, ... from top to bottom."""
        width, height = self.run("() => [innerWidth, innerHeight]")
        self.viewport(width, round(PART / self._scale), self._scale)
        paths = [self.screenshot(f"{name}-{part}") for part in self._scroll_down()]
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


class Browser:
    """Chromium with one profile for all pages; use it in a `with` statement."""

    def __enter__(self) -> Self:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        try:
            self._chromium = self._playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        except BaseException:
            self._playwright.stop()
            raise
        self._context = self._chromium.new_context(service_workers="block", no_viewport=True)
        self._context.add_init_script(path=HERE / "in_page.js")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._chromium.close()
        self._playwright.stop()

    def open_notebook(self, server: Server, path: str) -> NotebookPage:
        """Open a notebook, a path below the server's folder, and wait for its kernel."""
        return NotebookPage(self._context.new_page(), server.address(path), path)

    def open_page(self, address: str) -> Page:
        """Open any other address."""
        page = Page(self._context.new_page())
        page.goto(address)
        return page
