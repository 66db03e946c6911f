"""What recorded kernels did while a temporary mm was loaded: counted over the rows of a recording's windows.

A row counts if the temporary mm is loaded and the code that borrowed it runs: at a firmware call's entry or return, at
a helper's entry or return. The rows of the switch itself and of interrupt handlers are told apart, for they run with
interrupts off whatever their caller has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TypeVar

from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.kernel.layout import EFI_MM, TEXT_POKE_MM
from tempmm_lab.recordings import Recording, Row, load_recording, windows
from tempmm_lab.shipped import shipped

RECORDINGS = {
    "text_poke-6.12.107": "text_poke(), before the patch",
    "text_poke-6.16.12": "text_poke(), after it",
    "efi-6.12.107": "EFI runtime calls, before the patch",
    "efi-6.16.12": "EFI runtime calls, after it",
}
"""The recordings under QEMU that ship with the package."""
_SWITCH = ("switch_mm_irqs_off", "cr3_written")
_HANDLER = "interrupt_delivered"
T = TypeVar("T")


@dataclass(frozen=True)
class InWindow:
    """What was recorded while the temporary mm was loaded.

    Attributes:
        name, kernel: the recording, and the version it is of.
        windows: how many uses of the temporary mm it has.
        samples: the rows that count.
        if_: how many of them have IF 0 and 1; `counts` and `active` the same for preempt_count and active_mm.
        interrupts: timer interrupts whose handler was entered with the temporary mm loaded.
        cookies: what was loaded just after the temporary mm was given back, and in how many windows.
    """

    name: str
    kernel: str
    windows: int
    samples: int
    if_: dict[int, int]
    counts: dict[int, int]
    active: dict[str, int]
    interrupts: int
    cookies: dict[str, int]

    def rows(self) -> list[tuple[str, str]]:
        """Give (what, value) for a table."""
        return [
            ("kernel", self.kernel.split("+")[0].split("-")[0]),
            ("windows", str(self.windows)),
            ("samples in them", str(self.samples)),
            ("IF", _told(self.if_)),
            ("preempt_count", ", ".join(f"{count:#x}: {times}" for count, times in self.counts.items())),
            ("active_mm", _told(self.active)),
            ("timer interrupts", str(self.interrupts)),
            ("loaded afterwards", _told(self.cookies)),
        ]


@dataclass(frozen=True)
class Table:
    """Recordings side by side: a column each."""

    columns: tuple[InWindow, ...]

    def text(self) -> str:
        """Give the table as lines of text."""
        rows = [one.rows() for one in self.columns]
        lines = [" ".join([f"{'':<18}", *(f"{one.name:<22}" for one in self.columns)]).rstrip()]
        for place, (name, _) in enumerate(rows[0]):
            lines.append(" ".join([f"{name:<18}", *(f"{column[place][1]:<22}" for column in rows)]).rstrip())
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text("Table(...)" if cycle else self.text())  # type: ignore[attr-defined]


def in_window(*recordings: str | FilePath | Recording) -> Table:
    """Count what recordings show while the temporary mm is loaded, one column for each.

    Give short names (`RECORDINGS` lists them) or files.

    Raises:
        ModelError: there is no such recording, or it has no window.
    """
    if not recordings:
        raise ModelError(f"Give the name of a recording: {', '.join(RECORDINGS)}.")
    return Table(tuple(_count(_loaded(each)) for each in recordings))


def _loaded(given: str | FilePath | Recording) -> Recording:
    if isinstance(given, Recording):
        return given
    a_thing(given, str | FilePath, f"Give the name of a recording ({', '.join(RECORDINGS)}), or a file.")
    if given in RECORDINGS:
        return shipped(str(given))
    if not FilePath(given).is_file():
        raise ModelError(f"There is no recording {str(given)!r}. The shipped ones are {', '.join(RECORDINGS)}.")
    return load_recording(given)


def _count(recording: Recording) -> InWindow:
    found, _ = windows(recording)
    if not found:
        raise ModelError(f"{recording.name} has no window: nobody uses a temporary mm in it.")
    mm = EFI_MM if found[0].kind == "efi" else TEXT_POKE_MM
    inside = [row for window in found for row in window.rows if row.mm("loaded_mm") == mm]
    samples = [row for row in inside if _counts(row, mm)]
    return InWindow(
        recording.name.removesuffix(".gz").removesuffix(".jsonl"), recording.kernel, len(found), len(samples),
        _tally(row.number_of("IF") or 0 for row in samples),
        _tally(row.number_of("preempt_count") or 0 for row in samples),
        _tally(_in_words(row.mm("active_mm")) for row in samples),
        sum(row.event == _HANDLER for row in inside),
        _tally(_in_words(window.rows[-1].mm("loaded_mm")) for window in found if _is_back(window.rows[-1], mm)),
    )  # fmt: skip


def _counts(row: Row, mm: str) -> bool:
    """Say whether it is the borrower's code that runs. Without helpers of its own, text_poke() calls the switch."""
    plain = row.event.removesuffix(":return")
    return plain != _HANDLER and (plain not in _SWITCH or mm == TEXT_POKE_MM)


def _is_back(row: Row, mm: str) -> bool:
    return row.mm("loaded_mm") not in (mm, "LOADED_MM_SWITCHING")


def _in_words(mm: str | None) -> str:
    """Give an mm by its name, or say that it is some process's."""
    return "a user mm" if mm is not None and mm.startswith("mm:") else str(mm)


def _tally(values: Iterable[T]) -> dict[T, int]:
    return dict(sorted(Counter(values).items(), key=lambda item: str(item[0])))


def _told(counts: dict[str, int] | dict[int, int]) -> str:
    return ", ".join(f"{value}: {times}" for value, times in counts.items()) or "none"
