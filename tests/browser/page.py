"""A tab of the browser, which records what a reader would not see: console errors, and requests to other hosts."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:  # a machine without Playwright can still collect the tests and say so
    from playwright.sync_api import CDPSession, ConsoleMessage, Locator, WebSocket
    from playwright.sync_api import Page as PlaywrightPage

SHOTS = Path(__file__).parent / "shots"
WIDTH, HEIGHT = 1280, 800
PATIENCE = 30_000  # ms; a page that takes longer is broken

LOCAL = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost)(:\d+)?(/|$)|(data|blob|about|chrome-error):")

# Console messages that are not ours. Each needs a reason.
UPSTREAM = (
    re.compile(r"net::ERR_NAME_NOT_RESOLVED"),  # a request outside: already recorded in `outside`
    re.compile(r"Cannot read properties of undefined \(reading 'schema'\)"),  # Notebook 7.6 at start, without our files
    # JupyterLab 4.6, when a kernel is restarted soon after a restart: its debugger had asked it something.
    re.compile(r"Could not restore the debugger state: Canceled future"),
    # Voilà 0.5 loads every extension of JupyterLab that is installed, with any notebook. Some miss what only JupyterLab
    # has: nbgrader's, which is there for the tests of the exercises, misses the file browser.
    re.compile(r"The getter for the shared module is not a function(.|\n)*/voila/"),
    re.compile(r"Shared module @jupyterlab/\w+ doesn't exist in shared scope(.|\n)*/voila/"),
)


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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

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
