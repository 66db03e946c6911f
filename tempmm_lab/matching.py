"""The model beside a recording: started from the same state, it must go through the same points in the same way.

Each window is played on one CPU of the model, from what its first row says. At each later row the model is brought to
the point of that name, and everything that was recorded is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from tempmm_lab.agreement import Compared, Conformance, Difference
from tempmm_lab.errors import ModelError, NotPossible
from tempmm_lab.kernel.builds import Build, a_build
from tempmm_lab.kernel.layout import EFI_MM, TEXT_POKE_MM
from tempmm_lab.kernel.step import Action, action, take
from tempmm_lab.kernel.system import System
from tempmm_lab.recordings import PGD_BITS, Recording, Row, Window, windows
from tempmm_lab.shipped import recording_of
from tempmm_lab.standin import StandIn

STEPS = 2_000


class _Place(NamedTuple):
    """A named point of the model's run."""

    name: str
    system: System
    step: int
    args: tuple[Any, ...] = ()
    returned: Any = None


@dataclass
class _Play:
    """One window under way on the model: where it is, and which named points lie between here and the last row."""

    standin: StandIn
    system: System
    waiting: list[_Place] = field(default_factory=list)
    steps: int = 0

    def __post_init__(self) -> None:
        self._note(self.system, None)

    def _note(self, after: System, done: str | None) -> None:
        """Note the named points that a step leads to: what it did to CR3, the calls left and entered."""
        if done == "load_new_mm_cr3":
            self.waiting.append(_Place("cr3_written", after, self.steps))
        running = after.cpus[0].running
        for mark in self.standin.marks_of(running, self.system):
            self.waiting.append(_Place(str(mark), after, self.steps, mark.args, mark.value))
        point = running[-1].point if running else None
        if point and point.op and point.op.do.__name__ == "load_new_mm_cr3":
            names = ("load_new_mm_cr3", "cr3_write")
            self.waiting += [_Place(name, after, self.steps, point.op.args) for name in names]

    def step(self) -> bool:
        """Do the next step of the program; False when it has ended."""
        running = self.system.cpus[0].running
        if not running:
            return False
        op = running[-1].point.op
        self.system = self._after(action("s", 0))
        self._note(self.system, op.do.__name__ if op else None)
        return True

    def _after(self, chosen: Action) -> System:
        self.steps += 1
        return take(self.system, chosen).system

    def move(self, row: Row) -> None:
        """Let the scheduler have had its way with the task before a row."""
        self.system = self.standin.moved(self.system, row)
        self.waiting = [place._replace(system=self.standin.moved(place.system, row)) for place in self.waiting]

    def reach(self, event: str) -> _Place | None:
        """Bring the model to the next point of a name, and give it.

        If there is none: None, and the model has not moved.
        """
        kept = self.system, list(self.waiting), self.steps
        for _ in range(STEPS):
            for index, place in enumerate(self.waiting):
                if place.name == event:
                    del self.waiting[: index + 1]
                    return place
            self.waiting.clear()
            if not self.step():
                break
        self.system, self.waiting, self.steps = kept
        return None

    def interrupt(self) -> _Place | None:
        """Let a tick arrive, as soon as it can; give the handler's entry, and run the handler."""
        for _ in range(STEPS):
            try:
                entered = take(self.system, action("t", 0)).system
            except NotPossible:
                if not self.step():
                    return None
                continue
            depth = len(self.system.cpus[0].running)
            self.system, self.steps = entered, self.steps + 1
            place = _Place("interrupt_delivered", entered, self.steps)
            while len(self.system.cpus[0].running) > depth:
                self.system = self._after(action("s", 0))
            return place
        return None


def conform(path: str | FilePath | Recording, build: str | Build | None = None) -> Conformance:
    """Compare a recording with the model, row by row. Give a file, a short name (`SHIPPED` lists them), or a recording.

    The build is what the recorded version asks for, or the one that you name.

    Raises:
        ModelError: the file is no recording, no row of it counts, or there is no such build.
    """
    recording = recording_of(path)
    chosen = a_build(recording.build if build is None else build)
    found, outside = windows(recording)
    rows = [row for window in beside(recording, chosen) for row in window]
    if recording.pcid:
        rows += _lone_writes(recording, outside, chosen)
    if not rows:
        raise ModelError(f"{recording.name} has no row that can be compared: no window, and no CR3 write with PCIDs.")
    apart: dict[str, int] = {}
    for row in outside:
        if not (recording.pcid and row.event == "cr3_write"):
            apart[row.event] = apart.get(row.event, 0) + 1
    rows.sort(key=lambda each: each.row.number)
    differences = tuple(Difference(each.row, each.differing) for each in rows if each.differing)
    return Conformance(recording, chosen, len(found), len(rows) - len(differences), len(rows), apart, differences)


def beside(recording: Recording, build: Build) -> Iterator[tuple[Compared, ...]]:
    """Play every window of a recording beside the model, in order; what generation one leaves, the next begins with."""
    known: dict[str, int] = {}
    for window in windows(recording)[0]:
        yield tuple(_compare(recording, window, known, build))


def _compare(recording: Recording, window: Window, known: dict[str, int], build: Build) -> Iterator[Compared]:
    first, *rest = window.rows
    standin = StandIn(recording, window.rows, window.kind, known, build)
    play = _Play(standin, standin.system())
    before = first
    yield _judge(standin, first, play.reach(first.event))
    for row in rest:
        if row.cpu != before.cpu or standin.others_ran(before, row):
            play.move(row)
        yield _judge(standin, row, play.interrupt() if row.event == "interrupt_delivered" else play.reach(row.event))
        before = row
    while play.step():
        pass
    known.update({mm: play.system.cells["tlb_gen", mm] for mm in (TEXT_POKE_MM, EFI_MM)})


def _judge(standin: StandIn, row: Row, place: _Place | None) -> Compared:
    if place is None:
        return Compared(row, None, None, (("point", row.event, "never reached"),), names=standin.names)
    values = tuple(standin.compared(row, place.system, place.args))
    return Compared(row, place.step, place.system, values, place.args, place.returned, standin.names)


def _lone_writes(recording: Recording, outside: list[Row], build: Build) -> Iterator[Compared]:
    """Predict each CR3 write outside the windows from the switch that it belongs to."""
    switch: dict[Any, Row] = {}
    for row in outside:
        if row.event == "switch_mm_irqs_off":
            switch[row.task] = row
        elif row.event == "cr3_write":
            began = switch.pop(row.task, None)
            if began is None:
                yield Compared(row, None, None, (("switch", "none recorded before it", ""),))
                continue
            standin = StandIn(recording, (began,), "switch", {}, build)
            yield _judge(standin, row, _Play(standin, standin.system()).reach("cr3_write"))


__all__ = ["PGD_BITS", "Compared", "Conformance", "Difference", "beside", "conform"]
