"""Click to picture: each widget of the book against the same facts drawn by matplotlib into an ipywidgets.Output."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.rounds import row
from tempmm_lab.book import copy_book

CLICKS, ROUNDS = 10, 5


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Give a row for each widget: milliseconds from the click to the changed picture."""
    from tests.browser import catalogue, latency
    from tests.browser.driver import Browser, missing
    from tests.browser.lab import LabServer

    found: dict[str, Any] = {
        "title": "Click to picture, in Chromium",
        "about": [
            f"Milliseconds from a click to the changed picture. A round is the median of {CLICKS} clicks.",
            "The other is a button that draws the same boxes and words with matplotlib into an `ipywidgets.Output`.",
        ],
        "rows": [],
        "gaps": [],
    }
    reason = missing()
    if reason:
        return found | {"gaps": [f"not measured: {reason}"]}
    times: dict[str, tuple[list[float], list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="tempmm-lab-bench-") as name:
        copy_book(Path(name))
        with LabServer(Path(name)) as server, Browser() as browser:
            for _ in range(rounds):
                for each in catalogue.MEASURED:
                    measured = latency.measure(browser, server, each, CLICKS)
                    ours, rival = times.setdefault(f"{measured.name}: {measured.clicked}", ([], []))
                    ours.append(statistics.median(measured.ours))
                    rival.append(statistics.median(measured.rival))
    found["rows"] = [
        row(what, ours, rival, name="Output + matplotlib", goal=1, unit="ms") for what, (ours, rival) in times.items()
    ]
    return found
