"""What a bench keeps while its kernel lives, so that running its cell again changes nothing the reader did."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from tempmm_lab import benchplay
from tempmm_lab.benchplay import Bench
from tempmm_lab.kernel.builds import Build, a_build
from tempmm_lab.report import Report
from tempmm_lab.scenarios import Scenario
from tempmm_lab.trace import Trace

_SESSIONS: dict[str, Session] = {}
"""Every bench of this kernel: by its name, or by what it was given."""


@dataclass
class Session:
    """One bench's state.

    Attributes:
        given, compare: what the cell asked for: where Reset goes back to.
        bench: the bench as it is now.
        reports: what was explored, by scenario.
        more: whether the further knobs are shown.
        exploring: whether the reader has explored; then it is done anew after each change of a knob.
    """

    given: Trace
    compare: Build | None
    bench: Bench
    reports: dict[tuple[str, Build], Report] = field(default_factory=dict)
    more: bool = False
    exploring: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def report(self) -> Report | None:
        """What exploring the scenario as it is now gave, if that was done."""
        return self.reports.get(key_of(self.bench.scenario))

    def reset(self) -> None:
        """Go back to what the cell asked for, and forget what was explored."""
        self.bench = benchplay.begin(self.given, self.compare)
        self.reports.clear()
        self.exploring = False


def key_of(scenario: Scenario) -> tuple[str, Build]:
    """Give what tells scenarios apart: story, knobs and build, the functions of a patched one included."""
    return str(scenario.path(())), scenario.build


def session_of(given: Trace, compare: Build | str | None, name: str | None) -> Session:
    """Give the session that was begun with the same, or a new one.

    A scenario that differs in anything (its knobs, its build, a function of a patched build) begins anew.
    """
    build = None if compare is None else a_build(compare)
    key = name if name is not None else f"{given.path} {build.name if build else ''}"
    known = _SESSIONS.get(key)
    if known is not None and _same(known, given, build):
        return known
    _SESSIONS[key] = Session(given, build, benchplay.begin(given, build))
    return _SESSIONS[key]


def _same(known: Session, given: Trace, compare: Build | None) -> bool:
    old, new = (known.given, known.compare), (given, compare)
    paths = str(old[0].path) == str(new[0].path)
    return paths and old[0].scenario.build == new[0].scenario.build and old[1] == new[1]
