"""The recorded guests as questions: every address, asked as QEMU's own walker asked it, with rights out of play."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tempmm_lab import SNAPSHOTS, Entry, Snapshot, UnknownWord, load_snapshot
from tempmm_lab.snapshots import Recorded

NO_RIGHTS: dict[str, Any] = {"cpl": 0, "WP": 0, "SMEP": 0, "SMAP": 0, "PKE": 0}
"""A supervisor read, with nothing in force that could forbid it."""

LETTERS = {"X": 63, "G": 8, "P": 7, "D": 6, "A": 5, "C": 4, "T": 3, "U": 2, "W": 1}
"""QEMU's letters for the bits of a leaf, in its order. P (large page) is bit 7 in a PDE or PDPTE only."""


def letters(entry: Entry, *, large: bool) -> str:
    """Give a leaf's bits in QEMU's letters, such as "X--DA--UW"."""
    return "".join(letter if entry >> bit & 1 and (letter != "P" or large) else "-" for letter, bit in LETTERS.items())


def disagreement(snapshot: Snapshot, recorded: Recorded) -> str:
    """Say where the model differs from QEMU at one recorded address; "" if nowhere."""
    try:
        walk = snapshot.walk(recorded.va, **NO_RIGHTS)
    except UnknownWord as error:
        return f"{recorded.va}: the walk left the recorded tables. {error}"
    if walk.pa != recorded.pa:
        return f"{recorded.va}: {walk.pa}, QEMU has {recorded.pa}"
    if recorded.pa is None:
        return ""
    if walk.page_size != recorded.page_size:
        return f"{recorded.va}: a page of {walk.page_size}, QEMU has {recorded.page_size}"
    found = letters(walk.levels[-1].entry, large=len(walk.levels) < snapshot.registers.levels)
    return "" if found == recorded.flags else f"{recorded.va}: {found}, QEMU has {recorded.flags}"


def every_address() -> Iterator[tuple[Snapshot, Recorded]]:
    """Give every recorded address of every guest."""
    for name in SNAPSHOTS:
        snapshot = load_snapshot(name)
        for recorded in snapshot.addresses:
            yield snapshot, recorded
