"""The model beside a recording: started from the same state, it must go through the same points in the same way.

Each window is played on one CPU of the model, from what its first row says. At each later row the model is brought to
the point of that name, and everything that was recorded is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from tempmm_lab.errors import ModelError, NotPossible
from tempmm_lab.kernel.layout import EFI_MM, TEXT_POKE_MM
from tempmm_lab.kernel.step import Action, action, take
from tempmm_lab.kernel.system import System
from tempmm_lab.recordings import PGD_BITS, Recording, Row, Window, load_recording, windows
from tempmm_lab.standin import StandIn

STEPS = 2_000


@dataclass(frozen=True)
class Difference:
    """One row that the model does not match, and in which fields: recorded and modelled value."""

    row: Row
    fields: tuple[tuple[str, Any, Any], ...]

    def __str__(self) -> str:
        said = "; ".join(f"{name} recorded {there}, model {here}" for name, there, here in self.fields)
        return f"row {self.row.number} {self.row.event}: {said}"


@dataclass(frozen=True)
class Conformance:
    """How a recording and the model agree.

    Attributes:
        recording: the recording.
        windows: how many windows it has.
        matched, rows: rows matched, of all rows that count.
        outside: rows of other tasks and rows outside every window, by event.
        differences: the rows that do not match.
    """

    recording: Recording
    windows: int
    matched: int
    rows: int
    outside: dict[str, int]
    differences: tuple[Difference, ...]

    @property
    def holds(self) -> bool:
        """Whether there are rows, and the model matches them all."""
        return self.matched == self.rows > 0

    def text(self) -> str:
        """Give the result as lines; the last says how many rows matched."""
        recording = self.recording
        lines = [f"{recording.name}: kernel {recording.kernel}, compared with build {recording.build}"]
        apart = ", ".join(f"{count} {event}" for event, count in sorted(self.outside.items())) or "none"
        lines.append(f"  {self.windows} windows; not counted, outside them or of other tasks: {apart}")
        if recording.left_out:
            lines.append(f"  {recording.left_out} rows passed over: repeated, or of a name the model does not have")
        lines += [f"  {difference}" for difference in self.differences]
        lines.append(f"matched {self.matched} of {self.rows}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()


@dataclass
class _Play:
    """One window under way on the model: where it is, and which named points lie between here and the last row."""

    standin: StandIn
    system: System
    waiting: list[tuple[str, System, tuple[Any, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._note(self.system, None)

    def _note(self, after: System, done: str | None) -> None:
        """Note the named points that a step leads to: what it did to CR3, the calls left and entered."""
        if done == "load_new_mm_cr3":
            self.waiting.append(("cr3_written", after, ()))
        running = after.cpus[0].running
        for mark in self.standin.marks_of(running, self.system):
            self.waiting.append((str(mark), after, mark.args))
        point = running[-1].point if running else None
        if point and point.op and point.op.do.__name__ == "load_new_mm_cr3":
            self.waiting += [(name, after, point.op.args) for name in ("load_new_mm_cr3", "cr3_write")]

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
        return take(self.system, chosen).system

    def reach(self, event: str) -> tuple[System, tuple[Any, ...]] | None:
        """Bring the model to the next point of a name, and give the system there.

        If there is none: None, and the model has not moved.
        """
        kept, place = self.system, list(self.waiting)
        for _ in range(STEPS):
            for index, (name, system, args) in enumerate(self.waiting):
                if name == event:
                    del self.waiting[: index + 1]
                    return system, args
            self.waiting.clear()
            if not self.step():
                break
        self.system, self.waiting = kept, place
        return None

    def interrupt(self) -> System | None:
        """Let a tick arrive, as soon as it can; give the system at the handler's entry, and run the handler."""
        for _ in range(STEPS):
            try:
                entered = self._after(action("t", 0))
            except NotPossible:
                if not self.step():
                    return None
                continue
            depth = len(self.system.cpus[0].running)
            self.system = entered
            while len(self.system.cpus[0].running) > depth:
                self.system = self._after(action("s", 0))
            return entered
        return None


def conform(path: str | FilePath | Recording) -> Conformance:
    """Compare a recording with the model, row by row.

    Raises:
        ModelError: the file is no recording, or no row of it counts.
    """
    recording = path if isinstance(path, Recording) else load_recording(path)
    found, outside = windows(recording)
    differences: list[Difference] = []
    count = 0
    known: dict[str, int] = {}
    for window in found:
        count += len(window.rows)
        differences += _compare(recording, window, known)
    if recording.pcid:
        count += _lone_writes(recording, outside, differences)
    if not count:
        raise ModelError(f"{recording.name} has no row that can be compared: no window, and no CR3 write with PCIDs.")
    apart: dict[str, int] = {}
    for row in outside:
        if not (recording.pcid and row.event == "cr3_write"):
            apart[row.event] = apart.get(row.event, 0) + 1
    differences.sort(key=lambda difference: difference.row.number)
    matched = count - len({difference.row.number for difference in differences})
    return Conformance(recording, len(found), matched, count, apart, tuple(differences))


def _compare(recording: Recording, window: Window, known: dict[str, int]) -> Iterator[Difference]:
    """Play one window beside the model; what generation it leaves behind is where the next window begins."""
    first, *rest = window.rows
    standin = StandIn(recording, window.rows, window.kind, known)
    play = _Play(standin, standin.system())
    before = first
    started = play.reach(first.event)
    yield from _judge(standin, first, started[0] if started else None, ())
    for row in rest:
        if row.cpu != before.cpu or standin.others_ran(before, row):
            play.system = standin.moved(play.system, row)
            play.waiting = [(name, standin.moved(there, row), args) for name, there, args in play.waiting]
        if row.event == "interrupt_delivered":
            yield from _judge(standin, row, play.interrupt(), ())
        else:
            reached = play.reach(row.event)
            yield from _judge(standin, row, reached[0] if reached else None, reached[1] if reached else ())
        before = row
    while play.step():
        pass
    known.update({mm: play.system.cells["tlb_gen", mm] for mm in (TEXT_POKE_MM, EFI_MM)})


def _judge(standin: StandIn, row: Row, system: System | None, args: tuple[Any, ...]) -> Iterator[Difference]:
    if system is None:
        yield Difference(row, (("point", row.event, "never reached"),))
        return
    found = tuple(standin.differing(row, system, args))
    if found:
        yield Difference(row, found)


def _lone_writes(recording: Recording, outside: list[Row], differences: list[Difference]) -> int:
    """Predict each CR3 write outside the windows from the switch it belongs to; give how many there are."""
    switch: dict[Any, Row] = {}
    count = 0
    for row in outside:
        if row.event == "switch_mm_irqs_off":
            switch[row.task] = row
        elif row.event == "cr3_write":
            count += 1
            began = switch.pop(row.task, None)
            if began is None:
                differences.append(Difference(row, (("switch", "none recorded before it", ""),)))
                continue
            standin = StandIn(recording, (began,), "switch", {})
            reached = _Play(standin, standin.system()).reach("cr3_write")
            differences += _judge(standin, row, reached[0] if reached else None, reached[1] if reached else ())
    return count


__all__ = ["PGD_BITS", "Conformance", "Difference", "conform"]
