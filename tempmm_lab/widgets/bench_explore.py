"""A bench's exploring: in the background if it takes longer than a blink, with a sign of life and a way to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from functools import partial
from html import escape
from typing import TYPE_CHECKING

import ipywidgets as w

from tempmm_lab import benchplay
from tempmm_lab.errors import ModelError
from tempmm_lab.explore import explore, prove
from tempmm_lab.report import Report
from tempmm_lab.scenarios import Scenario
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.widgets.bench_session import key_of
from tempmm_lab.widgets.live import blame

if TYPE_CHECKING:
    from tempmm_lab.widgets.bench import BenchWidget

LOAD = "Load this schedule into the bench"
BLINK, LONGEST = 0.3, 120.0
"""Seconds: how long a click waits for the answer, and when exploring gives up."""


@dataclass
class Job:
    """One exploration under way."""

    scenario: Scenario
    run: Callable[..., Report]
    stop: bool = False
    late: bool = False
    report: Report | None = None
    error: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    worker: threading.Thread | None = None

    def work(self, tell: Callable[[int], None], deadline: float) -> None:
        """Explore; tell how many states were seen so far."""

        def progress(states: int, _: int) -> None:
            if self.stop:
                raise KeyboardInterrupt
            tell(states)

        try:
            report = self.run(self.scenario, deadline=deadline, progress=progress)
            self.report = replace(report, why="stopped by you") if self.stop and not report.complete else report
        except KeyboardInterrupt:
            self.error = "Stopped before there was anything to report."
        except ModelError as error:
            self.error = str(error)
        except Exception as error:  # noqa: BLE001 - seen in the widget or nowhere
            self.error = blame(error)


class Exploring:
    """The controls that explore, and what came of it."""

    def __init__(self, owner: BenchWidget) -> None:
        """Make the buttons, and room for counterexamples."""
        self.owner = owner
        self.job: Job | None = None
        self.told: Report | None = None
        self.button = owner.button(
            "Explore every interleaving", self.explore, "Try every interleaving of this scenario"
        )
        self.proving = owner.button("Prove for any number of CPUs", self._prove, "Where that can be had")
        self.stop = owner.button("Stop", self._stop, "Stop exploring; what was found so far is kept")
        self.stop.layout.display = "none"
        self.said = w.HTML()
        self.ways = w.HBox()
        self.rows: list[w.Widget] = [w.HBox([self.button, self.proving, self.stop]), self.said, self.ways]

    def explore(self) -> None:
        """Explore the scenario as it is now."""
        self._begin(explore)

    def _prove(self) -> None:
        self._begin(prove)

    def _stop(self) -> None:
        if self.job is not None:
            self.job.stop = True

    def _begin(self, run: Callable[..., Report]) -> None:
        if self.job is not None:
            self.job.stop = True
        self.owner.session.exploring = True
        self.job = job = Job(self.owner.bench.scenario, run)
        job.worker = threading.Thread(target=copy_context().run, args=(self._work, job), daemon=True)
        try:
            job.worker.start()
        except RuntimeError:  # a kernel inside a browser has no threads
            job.work(lambda _: None, 10.0)
        else:
            job.worker.join(BLINK)
        with job.lock:
            job.late = job.report is None and not job.error
        if not job.late:
            self._end(job)

    def wait(self) -> None:
        """Wait until nothing is under way; for tests."""
        job = self.job
        if job is not None and job.worker is not None:
            job.worker.join()

    def _work(self, job: Job) -> None:
        job.work(self._tell, LONGEST)
        with job.lock:
            late = job.late
        if late:
            self.owner.arrive(partial(self._end, job))

    def _tell(self, states: int) -> None:
        self.said.value = f'<p role="status">{states:,} states so far …</p>'

    def _end(self, job: Job) -> None:
        """Take over what a job found."""
        if self.job is job:
            self.job = None
        if job.report is not None:
            self.owner.session.reports[key_of(job.scenario)] = job.report
        if job.error:
            raise ModelError(job.error)

    def sync(self) -> None:
        """Show what is under way and what was found."""
        self.stop.layout.display = "none" if self.job is None else ""
        report = self.owner.session.report
        if self.job is not None:
            if not self.said.value.endswith("…</p>"):
                self.said.value = '<p role="status">Exploring …</p>'
            return
        if report is not self.told or self.said.value.endswith("…</p>"):
            self.told = report
            self.said.value = "" if report is None else summary(report)
            self.ways.children = [] if report is None else [self._way(*way) for way in ways(report)]

    def _way(self, label: str, path: Path) -> w.Button:
        return self.owner.button(label, lambda: self.owner.put(benchplay.load(self.owner.bench, path)), LOAD)


def ways(report: Report) -> list[tuple[str, Path]]:
    """Give what can be loaded from a report: each with its label."""
    named = [(f"show {name}", path) for name, path in (*report.counterexamples.items(), *report.examples.items())]
    named += [(f"show “{what[:44]}{'…' if len(what) > 44 else ''}”", path) for what, path in report.reports.items()]
    return [(f"{label}: {len(path)} steps", path) for label, path in named]


def summary(report: Report) -> str:
    """Give a report's extent as HTML: what was looked at, what it rests on, and what was assumed."""
    head = report.text().splitlines()[0].partition(": ")[2]
    broken = len(report.counterexamples)
    verdict = "every rule holds" if report.holds else f"{broken} rule{'' if broken == 1 else 's'} can be broken"
    if not report.complete:
        verdict = f"{broken} broken so far, and nothing is proved"
    lines = [f'<p role="status"><strong>{escape(verdict)}</strong> ({escape(head)})</p>']
    if report.why and report.complete:
        lines.append(f"<p>{escape(report.why)}</p>")
    if report.assumed:
        lines.append("<p>Assumed:</p><ul>" + "".join(f"<li>{escape(each)}</li>" for each in report.assumed) + "</ul>")
    return "".join(lines)
