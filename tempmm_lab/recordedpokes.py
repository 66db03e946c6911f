"""What recorded kernels wrote into their code, and what they wrote to CR3 to get there and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tempmm_lab.errors import ModelError, one_of
from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.registers import NOFLUSH
from tempmm_lab.kernel.layout import TEXT_POKE_MM
from tempmm_lab.recordings import Recording, Row, Window, windows
from tempmm_lab.shipped import shipped

NAMES = ("text_poke-6.12.107", "text_poke-6.16.12", "pcid_pokes_bochs-6.16.12")
"""The shipped recordings of pokes. The last has PCIDs."""


@dataclass(frozen=True, slots=True)
class Cr3Write:
    """A value that a recorded kernel wrote to CR3: the table, the PCID, and whether bit 63 says keep."""

    value: Hex
    mm: str

    @property
    def pcid(self) -> int:
        """The tag that is loaded."""
        return int(self.value) & 0xFFF

    @property
    def keep(self) -> bool:
        """Whether bit 63 is set: what is cached for this PCID stays."""
        return bool(int(self.value) & NOFLUSH)

    def __str__(self) -> str:
        return f"{self.value} (PCID {self.pcid}, {'keep' if self.keep else 'flush'})"


@dataclass(frozen=True, slots=True)
class RecordedPoke:
    """One use of the poking mm on a recorded kernel.

    Attributes:
        where: the address that was patched, as recorded: a number or a function and an offset; "" if it was not.
        size: how many bytes; 0 if that was not recorded.
        caller: the function that asked for it, with the offset it returns to; "" if only a number was recorded.
        cpu, task: on which CPU, and the name of the task.
        enters, leaves: what was written to CR3 to get in and out, where that was recorded.
        generations: the poking mm's generation at the start and at the end.
    """

    where: str
    size: int
    caller: str
    cpu: int
    task: str
    enters: tuple[Cr3Write, ...]
    leaves: tuple[Cr3Write, ...]
    generations: tuple[int, int]


def recorded_pokes(name: str = "text_poke-6.16.12") -> tuple[RecordedPoke, ...]:
    """Give the whole pokes of a shipped recording, in order; one that the file's end cuts off is left out.

    Raises:
        ModelError: there is no such recording.
    """
    recording = shipped(one_of(name, NAMES, "a recording of pokes"))
    found, _ = windows(recording)
    return tuple(_poke(window, recording) for window in found if _is_whole(window))


def _is_whole(window: Window) -> bool:
    return any(row.event == "flush_tlb_mm_range" for row in window.rows)


def _poke(window: Window, recording: Recording) -> RecordedPoke:
    first = window.rows[0]
    writes = list(_writes(window, recording))
    generations = [facts["tlb_gen"] for row in window.rows for mm, facts in row.about() if mm == TEXT_POKE_MM]
    caller = str(first.fields.get("ret", ""))
    return RecordedPoke(
        str(first.fields.get("dst", "")), first.number_of("len") or 0, "" if caller.startswith("0x") else caller,
        first.cpu, str(first.fields.get("comm")),
        tuple(write for write in writes if write.mm == TEXT_POKE_MM),
        tuple(write for write in writes if write.mm != TEXT_POKE_MM),
        (generations[0], generations[-1]) if generations else (0, 0),
    )  # fmt: skip


def _writes(window: Window, recording: Recording) -> Iterator[Cr3Write]:
    tables = {pgd: mm for mm, pgd in recording.pgds.items()}
    for row in window.rows:
        if row.event == "cr3_write":
            yield Cr3Write(Hex(_value(row)), tables.get(_value(row) & 0x000F_FFFF_FFFF_F000, "another mm"))


def _value(row: Row) -> int:
    value = row.number_of("value")
    if value is None:
        raise ModelError(f"Row {row.number} writes CR3 and does not say what.")
    return value
