"""Click to picture, in milliseconds, for each widget of the book: `python -m tests.browser.latency`.

In the same run, the boxes and words of each widget's picture are drawn by matplotlib into an `ipywidgets.Output`, the
usual way to make a notebook interactive, and clicked as often. Not a test: times belong to the machine they are taken on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tempmm_lab.book import copy_book
from tests.browser import catalogue, toys
from tests.browser.catalogue import Measured
from tests.browser.driver import Browser, NotebookPage, missing
from tests.browser.lab import LabServer
from tests.browser.widgets import CLICKED, Widget

if TYPE_CHECKING:
    from playwright.sync_api import Locator

RIVAL = "rival.ipynb"
RIVAL_CODE = '''
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
'''


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


def changes_each_time(widget: Widget, names: list[str]) -> bool:
    """Whether clicking these in turn, twice round, gives another picture each time."""
    for name in names * 2:
        before = widget.view()
        control = next((one for one in widget.controls() if one.name == name), None)
        if control is None:
            return False
        widget.by_mouse(control)
        if widget.view() == before:
            return False
    return True


def clicks(widget: Widget, ends: tuple[str, ...]) -> list[str]:
    """The controls to click in turn: those asked for, or the first one, or two neighbours, that work every time."""
    every = [control.name for control in widget.controls() if control.kind in CLICKED]
    if ends:
        return [next(name for name in every if name.endswith(end)) for end in ends]
    choices = [[name] for name in every] + [list(pair) for pair in zip(every, every[1:], strict=False)]
    for names in choices:
        if changes_each_time(widget, names):
            return names
    raise LookupError(f"tmm-{widget.name}: no control changes the picture at every click; name some in catalogue.py")


def timed(widget: Widget, names: list[str], count: int) -> list[float]:
    """`count` times, clicking the named controls in turn."""
    by_name = {control.name: control for control in widget.controls()}
    buttons: list[Locator] = [widget.locate(by_name[name]) for name in names]
    return widget.page.click_latency_ms(buttons, widget.root.locator(".tmm-view").first, count)


def pictures(widget: Widget, names: list[str]) -> list[Any]:
    """Two states of the widget's picture, as boxes and words."""
    found = []
    for turn in range(2):
        name = names[turn % len(names)]
        widget.by_mouse(next(control for control in widget.controls() if control.name == name))
        found.append(widget.root.locator(".tmm-view").first.evaluate("area => tmm.marks(area)"))
    return found


def open_and_run(browser: Browser, server: LabServer, notebook: str) -> NotebookPage:
    """A notebook with all its cells run."""
    page = browser.open_notebook(server, notebook)
    page.run_all()
    if errors := page.outputs_with_errors():
        print(f"{notebook}: {'; '.join(errors)}", file=sys.stderr)
    return page


def measure(browser: Browser, server: LabServer, row: Measured, count: int) -> Row:
    """A widget's times, and its rival's, one after the other."""
    notebook = next(path.name for path in sorted(server.folder.glob(f"{row.notebook}*.ipynb")))
    page = open_and_run(browser, server, notebook)
    widget = Widget(page, page.page.locator(f".tmm-{row.widget}").first)
    names = clicks(widget, row.clicks)
    ours, facts = timed(widget, names, count), pictures(widget, names)
    page.close()
    toys.write_notebook(server.folder / RIVAL, [f"import json\nPICTURES = json.loads({json.dumps(facts)!r})", RIVAL_CODE])
    page = open_and_run(browser, server, RIVAL)
    rival = Widget(page, page.page.locator(".tmm-rival"))
    theirs = timed(rival, ["button Draw"], count)
    page.close()
    return Row(f"{notebook[:2]} {row.widget}", ", ".join(names), ours, theirs)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Click to picture for each widget of the book, in Chromium.")
    parser.add_argument("--toys", action="store_true", help="measure the driver's toy instead of the book")
    parser.add_argument("--count", type=int, default=25, help="clicks per widget, after 3 to warm up (25)")
    options = parser.parse_args()
    if reason := missing():
        sys.exit(reason)
    rows = (Measured("toys", "sound", ()),) if options.toys else catalogue.MEASURED
    with tempfile.TemporaryDirectory(prefix="tempmm-lab-latency-") as name:
        folder = Path(name)
        toys.write(folder) if options.toys else copy_book(folder)
        with LabServer(folder) as server, Browser() as browser:
            print(HEAD)
            for row in rows:
                print(measure(browser, server, row, options.count), flush=True)


if __name__ == "__main__":
    main()
