"""How a recording and the model agree: row by row, and in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tempmm_lab.kernel.builds import Build
from tempmm_lab.kernel.system import System
from tempmm_lab.recordings import Recording, Row


@dataclass(frozen=True)
class Difference:
    """One row that the model does not match, and in which fields: recorded and modelled value."""

    row: Row
    fields: tuple[tuple[str, Any, Any], ...]

    def __str__(self) -> str:
        said = "; ".join(f"{name} recorded {there}, model {here}" for name, there, here in self.fields)
        return f"row {self.row.number} {self.row.event}: {said}"


@dataclass(frozen=True)
class Compared:
    """One row beside the model's run.

    Attributes:
        row: what was recorded.
        step: after how many steps of the window's run the model is at this point; None if it never gets there.
        system: the model there.
        values: (field, recorded, modelled) for everything that is compared.
        args, returned: what the model's function was called with, and at its end what it gave.
        names: the model's names for the recorded mms.
    """

    row: Row
    step: int | None
    system: System | None
    values: tuple[tuple[str, Any, Any], ...]
    args: tuple[Any, ...] = ()
    returned: Any = None
    names: Mapping[str, str] = field(default_factory=dict)

    def recorded(self, field: str) -> str | None:
        """Give a recorded field that names an mm, by the model's name; None if it was not recorded."""
        mm = self.row.mm(field)
        return None if mm is None else self.names.get(mm, mm)

    @property
    def differing(self) -> tuple[tuple[str, Any, Any], ...]:
        """The fields in which recording and model differ."""
        return tuple(value for value in self.values if value[1] != value[2])


@dataclass(frozen=True)
class Conformance:
    """How a recording and the model agree.

    Attributes:
        recording: the recording.
        build: the build of the model that was played beside it.
        windows: how many windows it has.
        matched, rows: rows matched, of all rows that count.
        outside: rows of other tasks and rows outside every window, by event.
        differences: the rows that do not match.
    """

    recording: Recording
    build: Build
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
        lines = [f"{recording.name}: kernel {recording.kernel}, compared with build {self.build.name}"]
        apart = ", ".join(f"{count} {event}" for event, count in sorted(self.outside.items())) or "none"
        lines.append(f"  {self.windows} windows; not counted, outside them or of other tasks: {apart}")
        if recording.left_out:
            lines.append(f"  {recording.left_out} rows passed over: repeated, or of a name the model does not have")
        lines += [f"  {difference}" for difference in self.differences]
        lines.append(f"matched {self.matched} of {self.rows}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()
