"""One window of a recording beside the model's run, row by row; and recordings that somebody tampered with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tempmm_lab.agreement import Compared
from tempmm_lab.errors import ModelError, whole_number
from tempmm_lab.kernel.builds import Build, a_build
from tempmm_lab.matching import beside
from tempmm_lab.recordings import KNOWN, Recording, Row, windows
from tempmm_lab.shipped import recording_of


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row between the first and the last of a window that is not compared, and why."""

    row: Row
    why: str


@dataclass(frozen=True)
class MatchedWindow:
    """A window of a recording, beside the model's run.

    Attributes:
        recording: the recording.
        build: the build that was played beside it.
        number: which of the recording's windows, from 1.
        kind: "text_poke" or "efi".
        lines: every row from the window's first to its last, in the order of the file: compared or skipped.
        names: the model's names for the recorded mms.
    """

    recording: Recording
    build: Build
    number: int
    kind: str
    lines: tuple[Compared | Skipped, ...]
    names: dict[str, str]

    @property
    def rows(self) -> tuple[Compared, ...]:
        """The rows that are compared."""
        return tuple(line for line in self.lines if isinstance(line, Compared))

    @property
    def matched(self) -> int:
        """How many rows agree in every value."""
        return sum(not row.differing for row in self.rows)

    @property
    def values(self) -> int:
        """How many values are compared, over all rows."""
        return sum(len(row.values) for row in self.rows)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of everything that is compared somewhere."""
        return tuple(dict.fromkeys(name for row in self.rows for name, _, _ in row.values))

    @property
    def steps(self) -> int:
        """After how many steps of the model its last row is reached."""
        return max((row.step for row in self.rows if row.step is not None), default=0)


def match_window(name: str | Recording = "text_poke-6.16.12", number: int = 1, *,
                 build: str | Build | None = None) -> MatchedWindow:  # fmt: skip
    """Give one window of a recording, beside the model's run of the same.

    Give a short name (`RECORDINGS` lists them), a recording, or a file. The build is what the recorded version asks
    for, or the one that you name.

    Raises:
        ModelError: there is no such recording, window or build.
    """
    recording = recording_of(name)
    wanted = whole_number(number, "number")
    found = windows(recording)[0]
    if not 1 <= wanted <= len(found):
        raise ModelError(f"{recording.name} has {len(found)} windows: number is from 1 to {len(found)}, not {wanted}.")
    chosen = a_build(recording.build if build is None else build)
    rows = list(beside(recording, chosen))[wanted - 1]
    lines: list[Compared | Skipped] = [*rows, *_skipped(recording, rows)]
    lines.sort(key=lambda line: line.row.number)
    return MatchedWindow(recording, chosen, wanted, found[wanted - 1].kind, tuple(lines), dict(rows[0].names))


def _skipped(recording: Recording, rows: tuple[Compared, ...]) -> Iterator[Skipped]:
    """Give the rows between the first and the last of a window that are not its own."""
    inside = {id(each.row) for each in rows}
    first, last, task = rows[0].row.number, rows[-1].row.number, rows[0].row.task
    for row in recording.rows:
        if first < row.number < last and id(row) not in inside:
            yield Skipped(row, "another task" if row.task != task else "outside the window")
    for row in recording.passed_over:
        if first < row.number < last:
            known = row.event.removesuffix(":return") in KNOWN
            yield Skipped(row, "the same stop, recorded twice" if known else "no such point in the model")


def tampered(name: str | Recording, number: int, **fields: Any) -> Recording:
    """Give a recording with some fields of one row replaced; the row goes by its number.

    Raises:
        ModelError: there is no such recording or row, or the row has no such field.
    """
    recording = recording_of(name)
    place = next((at for at, row in enumerate(recording.rows) if row.number == whole_number(number, "number")), None)
    if place is None:
        raise ModelError(f"{recording.name} has no row {number} that counts.")
    row = recording.rows[place]
    for field in fields:
        if field not in row.fields:
            raise ModelError(f"Row {number} ({row.event}) has no field {field!r}. It has: {', '.join(row.fields)}.")
    changed = Row(row.number, row.event, {**row.fields, **fields})
    rows = (*recording.rows[:place], changed, *recording.rows[place + 1 :])
    return replace(recording, name=f"{recording.name}, changed", rows=rows)
