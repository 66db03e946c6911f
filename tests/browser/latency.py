"""Click to picture, in milliseconds, for each widget of the book: `python -m tests.browser.latency`.

In the same run, the boxes and words of each widget's picture are drawn by matplotlib into an `ipywidgets.Output`, the
usual way to make a notebook interactive, and clicked as often. Not a test: times belong to the machine and its load.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempmm_lab.book import copy_book
from tests.browser import catalogue, toys
from tests.browser.catalogue import Measured
from tests.browser.driver import Browser, missing
from tests.browser.lab import LabServer
from tests.browser.notebook import NotebookPage
from tests.browser.widgets import Control, Widget

TOYS = (Measured("toys", "large", ("Step",)),)
RIVAL = "rival.ipynb"
RIVAL_CODE = """
import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import clear_output
from matplotlib.patches import Rectangle

button, output = ipywidgets.Button(description="Draw"), ipywidgets.Output()
turn = 0

def draw(_=None):
    global turn
    picture, turn = PICTURES[turn % 2], turn + 1
    width, height = picture["size"]
    with output:
        clear_output(wait=True)
        figure = plt.figure(figsize=(width / 72, height / 72))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        axes.axis("off")
        for x, y, w, h in picture["boxes"]:
            axes.add_patch(Rectangle((x, y), w, h, fill=False))
        for x, y, w, h, text in picture["texts"]:
            axes.text(x, y + h, text, fontsize=9, parse_math=False)
        plt.show()

button.on_click(draw)
draw()
ipywidgets.VBox([button, output.add_class("tmm-view")]).add_class("tmm-widget").add_class("tmm-rival")
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    clicked: str
    ours: list[float]
    rival: list[float]

    def __str__(self) -> str:
        ours, rival = summary(self.ours), summary(self.rival)
        ratio = rival[0] / ours[0]
        numbers = f"{ours[0]:6.0f} / {ours[1]:4.0f} {rival[0]:12.0f} / {rival[1]:4.0f} {ratio:10.1f}"
        return f"{self.name:24} {numbers}   {self.clicked}"


HEAD = f"{'widget':24} {'ms median/p95':>13} {'Output + matplotlib':>19} {'ratio':>10}   clicked"


def summary(times: list[float]) -> tuple[float, float]:
    """Median and 95th percentile (nearest rank)."""
    return statistics.median(times), sorted(times)[-(-len(times) * 95 // 100) - 1]


def chosen(widget: Widget, ends: Iterable[str]) -> list[Control]:
    """The controls whose names end like this."""
    every = widget.controls()
    missing = [end for end in ends if not any(one.name.endswith(end) for one in every)]
    if missing:
        sys.exit(f"tmm-{widget.name} has no {missing}; it has {[one.name for one in every]}: correct catalogue.py")
    return [next(one for one in every if one.name.endswith(end)) for end in ends]


def timed(widget: Widget, controls: list[Control], count: int) -> list[float]:
    """`count` times, clicking the controls in turn."""
    buttons = [widget.locate(control) for control in controls]
    return widget.page.click_latency_ms(buttons, widget.root.locator(".tmm-view").first, count)


def pictures(widget: Widget, controls: list[Control]) -> list[Any]:
    """Two states of the widget's picture, as boxes and words."""
    found = []
    for control in (controls[0], controls[-1]):
        widget.by_mouse(control)
        found.append(widget.root.locator(".tmm-view").first.evaluate("area => tmm.marks(area)"))
    return found


def run_all(page: NotebookPage) -> None:
    """Run every cell, or say at once that a time would mean nothing."""
    page.run_all()
    if errors := page.outputs_with_errors():
        sys.exit("; ".join(errors))


def measure(browser: Browser, server: LabServer, row: Measured, count: int) -> Row:
    """A widget's times, and its rival's, one after the other."""
    notebook = next(path.name for path in sorted(server.folder.glob(f"{row.notebook}*.ipynb")))
    with browser.open_notebook(server, notebook) as page:
        run_all(page)
        widget = Widget(page, page.page.locator(f".tmm-{row.widget}").first)
        controls = chosen(widget, row.clicks)
        ours, facts = timed(widget, controls, count), pictures(widget, controls)
    toys.write_notebook(server.folder / RIVAL, [f"PICTURES = {facts!r}", RIVAL_CODE])
    with browser.open_notebook(server, RIVAL) as page:
        run_all(page)
        widget = Widget(page, page.page.locator(".tmm-rival"))
        rival = timed(widget, chosen(widget, ["Draw"]), count)
        widget.root.locator(".tmm-view").scroll_into_view_if_needed()
        page.screenshot(f"rival-{row.widget}")  # to see that it shows the same facts
    return Row(f"{notebook.partition('-')[0]} {row.widget}", ", ".join(row.clicks), ours, rival)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Click to picture for each widget of the book, in Chromium.")
    parser.add_argument("--toys", action="store_true", help="measure the driver's toy instead of the book")
    parser.add_argument("--count", type=int, default=25, help="clicks per widget, after 3 to warm up (25)")
    options = parser.parse_args()
    if reason := missing():
        sys.exit(reason)
    rows = TOYS if options.toys else catalogue.MEASURED
    with tempfile.TemporaryDirectory(prefix="tempmm-lab-latency-") as name:
        folder = Path(name)
        toys.write_notebook(folder / toys.NAME, [toys.SETUP, toys.LARGE]) if options.toys else copy_book(folder)
        with LabServer(folder) as server, Browser() as browser:
            print(HEAD)
            for row in rows:
                print(measure(browser, server, row, options.count), flush=True)


if __name__ == "__main__":
    main()
