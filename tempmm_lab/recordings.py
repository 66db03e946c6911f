"""Recordings of real kernels: events of temporary-mm windows, one JSON object a line.

The first line is `meta`, the last `end`. Between them stands one event a line: a function's entry `X`, its return
`X:return`, a CR3 write, an interrupt. Which of them exist depends on what a compiler inlined, so none is needed, and
names that are not known are passed over. A task is followed by its pid, for it may change CPUs.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from tempmm_lab.errors import ModelError
from tempmm_lab.kernel.layout import EFI_MM, TEXT_POKE_MM

KNOWN = {
    "__text_poke", "use_temporary_mm", "unuse_temporary_mm", "switch_mm_irqs_off", "load_new_mm_cr3",
    "flush_tlb_mm_range", "efi_call_rts", "arch_efi_call_virt_setup", "arch_efi_call_virt_teardown", "efi_enter_mm",
    "efi_leave_mm", "__efi_call", "cr3_written", "cr3_write", "interrupt_delivered", "leave_mm", "switch_mm",
}  # fmt: skip
"""The events that have a place in the model's run; with `:return` for functions."""
OLD_NAMES = {"poking_mm": TEXT_POKE_MM}
PGD_BITS = 0x000F_FFFF_FFFF_F000


@dataclass(frozen=True)
class Row:
    """One event, with the state of its CPU: the recorded fields as numbers and names."""

    number: int
    event: str
    fields: dict[str, Any] = field(repr=False)

    @property
    def task(self) -> Any:
        """What follows a task from row to row: its pid, or its name where no pid was recorded."""
        return self.fields.get("pid", self.fields.get("comm"))

    @property
    def cpu(self) -> int:
        """The CPU; single-CPU recordings do not say."""
        return int(self.fields.get("cpu", 0))

    def number_of(self, name: str) -> int | None:
        """Give a field that is a number, written in hexadecimal or not; None if it was not recorded."""
        return None if self.fields.get(name) is None else self._number(self.fields[name], name)

    def _number(self, value: Any, name: str) -> int:
        try:
            return int(value, 16) if isinstance(value, str) else int(value)
        except (TypeError, ValueError):
            raise ModelError(f"Row {self.number} of the recording has {value!r} for {name}: no number.") from None

    @property
    def asid(self) -> int:
        """The loaded ASID: as recorded, or by the PCID in CR3, or 0."""
        recorded = self.number_of("loaded_mm_asid")
        return recorded if recorded is not None else max((self.number_of("cr3") or 0) & 0x7FF, 1) - 1

    @property
    def slots(self) -> tuple[tuple[int, int], ...] | None:
        """This CPU's ASID slots, as (context, generation); None if they were not recorded."""
        value = self.fields.get("asid_ctxs")
        if value is None:
            return None
        try:
            return tuple((int(ctx_id), int(generation)) for ctx_id, generation in value)
        except (TypeError, ValueError):
            raise ModelError(f"Row {self.number} of the recording has {value!r} for asid_ctxs.") from None

    def mm(self, name: str) -> str | None:
        """Give a field that names an mm; None for NULL and for what was not recorded."""
        value = self.fields.get(name)
        if isinstance(value, dict):
            value = value.get("name")
        return None if value in (None, "NULL") else OLD_NAMES.get(str(value), str(value))

    def about(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give (name, facts) of every mm that the row describes: cpumask, ctx_id and tlb_gen, as far as recorded."""
        for key, value in self.fields.items():
            if isinstance(value, dict) and {"ctx_id", "tlb_gen", "cpumask"} & set(value):
                name = str(value.get("name", key))
                facts = {k: self._number(v, k) for k, v in value.items() if k != "name"}
                yield OLD_NAMES.get(name, name), facts


@dataclass(frozen=True)
class Recording:
    """A recording: what kernel it is of, and its rows.

    Attributes:
        name: the file's name.
        kernel: the kernel's version as recorded.
        build: the build of the model to compare with.
        pcid, pti: whether the recorded machine used them.
        rows: the events that the model knows, without the second of two equal neighbours.
        passed_over: the other rows: of a name that is not known, or the second of two equal neighbours.
        pgds, ctx_ids: for each mm, the top table and the context that most rows agree on.
    """

    name: str
    kernel: str
    build: str
    pcid: bool
    pti: bool
    rows: tuple[Row, ...]
    passed_over: tuple[Row, ...]
    pgds: dict[str, int]
    ctx_ids: dict[str, int]

    @property
    def left_out(self) -> int:
        """How many rows are passed over."""
        return len(self.passed_over)


@dataclass(frozen=True)
class Window:
    """One use of a temporary mm by one task: its rows, in order."""

    kind: str  # "text_poke" or "efi"
    rows: tuple[Row, ...]


def load_recording(path: str | FilePath) -> Recording:
    """Read a recording, compressed or not.

    Raises:
        ModelError: it cannot be read, is not made of JSON lines, or lacks its meta or end line.
    """
    file = FilePath(path)
    try:
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        lines = [json.loads(line) for line in raw.decode().splitlines() if line.strip()]
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"{file} cannot be read as a recording: {error}.") from None
    if not all(isinstance(line, dict) for line in lines) or not lines or "meta" not in lines[0]:
        raise ModelError(f"{file} is no recording: its first line must be an object with `meta`.")
    if "end" not in lines[-1]:
        raise ModelError(f"{file} has no `end` line: the recording was cut off, or is not one.")
    meta, (rows, passed_over) = lines[0]["meta"], _rows(lines[1:-1])
    return Recording(
        file.name, str(meta.get("kernel")), build_of(str(meta.get("kernel"))), _pcid(meta),
        any(row.number_of("user_pcid_flush_mask") for row in rows), rows, passed_over, _pgds(rows), _ctx_ids(rows),
    )  # fmt: skip


def build_of(kernel: str) -> str:
    """Give the build that a kernel's version is compared with, or a ModelError for what is no version."""
    found = re.match(r"(\d+)\.(\d+)", kernel)
    if not found:
        raise ModelError(f"{kernel!r} is no kernel version.")
    version = int(found[1]), int(found[2])
    for before, build in (((5, 2), "v5.1"), ((5, 10), "v5.2"), ((6, 14), "v5.10"), ((6, 16), "v6.14")):
        if version < before:
            return build
    return "v6.16"


def _pcid(meta: dict[str, Any]) -> bool:
    return bool(int(meta["PCIDE"])) if "PCIDE" in meta else bool(int(str(meta.get("cr4", "0")), 16) >> 17 & 1)


def _rows(lines: list[dict[str, Any]]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    rows: list[Row] = []
    passed_over: list[Row] = []
    before: dict[str, Any] = {}
    for line in lines:
        fields = {key: value for key, value in line.items() if key != "seq"}
        event = str(line.get("event", ""))
        counts = event.removesuffix(":return") in KNOWN and fields != before
        (rows if counts else passed_over).append(Row(int(line.get("seq", len(rows))), event, fields))
        before = fields
    return tuple(rows), tuple(passed_over)


def _pgds(rows: tuple[Row, ...]) -> dict[str, int]:
    """Give each mm's top table, as most of the rows say in which it is loaded, or has just been written to CR3."""
    votes: dict[str, Counter[int]] = {}
    going_to: dict[Any, str | None] = {}
    for row in rows:
        loaded, cr3 = row.mm("loaded_mm"), row.number_of("cr3")
        if row.event == "switch_mm_irqs_off":
            going_to[row.task] = row.mm("next") or row.mm("next_arg")
        if row.event == "cr3_written":
            loaded = going_to.get(row.task)
        if loaded and loaded != "LOADED_MM_SWITCHING" and cr3 is not None:
            votes.setdefault(loaded, Counter())[cr3 & PGD_BITS] += 1
    return {mm: counter.most_common(1)[0][0] for mm, counter in votes.items()}


def _ctx_ids(rows: tuple[Row, ...]) -> dict[str, int]:
    """Give each mm's context, as most rows say."""
    votes: dict[str, Counter[int]] = {}
    for row in rows:
        loaded, asid, slots = row.mm("loaded_mm"), row.asid, row.slots
        if loaded and loaded != "LOADED_MM_SWITCHING" and slots and asid < len(slots):
            votes.setdefault(loaded, Counter())[slots[asid][0]] += 1
        for name, facts in row.about():
            if "ctx_id" in facts:
                votes.setdefault(name, Counter())[facts["ctx_id"]] += 10
    return {mm: counter.most_common(1)[0][0] for mm, counter in votes.items()}


def windows(recording: Recording) -> tuple[list[Window], list[Row]]:
    """Give the windows of a recording, and the rows that belong to none."""
    returns = any(row.event == "__text_poke:return" for row in recording.rows)
    done: list[Window] = []
    under_way: dict[Any, Window] = {}
    outside: list[Row] = []
    for row in recording.rows:
        open_now = under_way.get(row.task)
        kind = _begins(row, open_now)
        if kind:
            if open_now:
                done.append(open_now)
            under_way[row.task] = Window(kind, (row,))
        elif open_now is None:
            outside.append(row)
        else:
            grown = Window(open_now.kind, (*open_now.rows, row))
            under_way[row.task] = grown
            if _ends(grown, row, returns):
                done.append(under_way.pop(row.task))
    return sorted([*done, *under_way.values()], key=lambda window: window.rows[0].number), outside


def _begins(row: Row, open_now: Window | None) -> str | None:
    if row.event == "__text_poke":
        return "text_poke"
    if row.event == "arch_efi_call_virt_setup":
        return "efi"
    inside = open_now is not None and open_now.kind == "efi"
    return "efi" if row.event == "efi_enter_mm" and not inside else None


def _ends(window: Window, row: Row, returns: bool) -> bool:
    """Say whether a row is the last of its window."""
    if window.kind == "text_poke":
        flush = row.event == "flush_tlb_mm_range" and (row.mm("mm") or row.mm("mm_arg")) == TEXT_POKE_MM
        return row.event == "__text_poke:return" or (flush and not returns)
    was_inside = any(earlier.mm("loaded_mm") == EFI_MM for earlier in window.rows)
    left = was_inside and row.mm("loaded_mm") not in (EFI_MM, "LOADED_MM_SWITCHING")
    return left and row.event.endswith(":return")
