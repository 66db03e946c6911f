"""Judge a rule on flushing: when software has changed an entry, must a CPU be told?

The judge is the machine itself. For every pair of entries it lets the hardware cache the old one, writes the new one
to memory, and asks what accesses may now do that the new tables alone would not let them do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

from tempmm_lab.errors import a_thing
from tempmm_lab.hw.address import KIB4
from tempmm_lab.hw.build import one_page, with_entry
from tempmm_lab.hw.machine import Machine
from tempmm_lab.hw.ops import fetch, fill, load, store
from tempmm_lab.hw.paging import Entry
from tempmm_lab.hw.rights import GeneralProtection, PageFault
from tempmm_lab.steps import Op, outcomes, run

VA = 0x7000
RIGHTS = ("", *(" ".join(("P A D", *some)) for some in product(("", "RW"), ("", "US"), ("", "NX"))))
FRAMES = (0xA3, 0xB7)
ACCESSES: tuple[tuple[Callable[..., Op[Any]], tuple[int, ...]], ...] = ((load, ()), (store, (1,)), (fetch, ()))


@dataclass(frozen=True, slots=True)
class FlushReport:
    """How a rule fared.

    Attributes:
        pairs: how many changes it was asked about.
        dangerous: changes it would not flush, although something stale could be used.
        needless: changes it would flush, although nothing but a spurious fault could come of it.
    """

    pairs: int
    dangerous: tuple[str, ...]
    needless: tuple[str, ...]

    def __repr__(self) -> str:
        lines = [f"{self.pairs} changes: {len(self.dangerous)} dangerous, {len(self.needless)} flushed for nothing"]
        lines += [f"dangerous, the first: {self.dangerous[0]}"] if self.dangerous else []
        lines += [f"for nothing, the first: {self.needless[0]}"] if self.needless else []
        return "\n".join(lines)


def needs_flush(old: Entry, new: Entry, *, smep: bool = False) -> bool:
    """Say whether any access may do through the old translation what the new entry does not allow."""
    page = one_page(frame=old.address // KIB4, flags=old.flags).but(SMEP=smep)
    filled, _ = run(page, 0, fill, VA)
    stale = with_entry(filled, VA, frame=new.address // KIB4, flags=new.flags)
    fresh = with_entry(page, VA, frame=new.address // KIB4, flags=new.flags)
    return any(
        _slips_through(stale.but(cpl=cpl), fresh.but(cpl=cpl), fn, args) for cpl in (0, 3) for fn, args in ACCESSES
    )


def _slips_through(stale: Machine, fresh: Machine, fn: Callable[..., Op[Any]], args: tuple[int, ...]) -> bool:
    truth = _reached(fresh, fn, args)
    return any(reached not in (truth, None) for reached in _all_reached(stale, fn, args))


def _reached(machine: Machine, fn: Callable[..., Op[Any]], args: tuple[int, ...]) -> int | None:
    return _all_reached(machine, fn, args)[0]


def _all_reached(machine: Machine, fn: Callable[..., Op[Any]], args: tuple[int, ...]) -> list[int | None]:
    """Give the frame each possible access reaches, by its signature; None for a fault."""
    if fn is not store:
        return [_frame(one) for one in outcomes(machine, fn, VA, *args)]
    allowed = None in outcomes(machine, store, VA, *args)
    refused = any(one is not None for one in outcomes(machine, store, VA, *args))
    frames: list[int | None] = [_frame(one) for one in outcomes(machine.but(cpl=0, WP=0), load, VA)] if allowed else []
    return [*frames, None] if refused or not frames else frames


def _frame(answer: Any) -> int | None:
    return None if isinstance(answer, PageFault | GeneralProtection) else int(answer)


def check_flush_rule(rule: Callable[..., object]) -> FlushReport:
    """Ask `rule(old, new, smep=...)` about every change of an entry, and judge each answer by the machine.

    A change goes from any rights and frame to any others (P, RW, US and NX; A and D set), with SMEP off and on.
    """
    a_thing(rule, Callable, "Give a function must_flush(before, after, *, smep=False).")
    entries = [Entry.of(frame * KIB4, flags) for frame, flags in product(FRAMES, RIGHTS)]
    dangerous: list[str] = []
    needless: list[str] = []
    pairs = 0
    for old, new, smep in product(entries, entries, (False, True)):
        said, needed = bool(rule(old, new, smep=smep)), needs_flush(old, new, smep=smep)
        pairs += 1
        if said != needed:
            name = f"[{_show(old)}] becomes [{_show(new)}]{', SMEP on' if smep else ''}"
            (dangerous if needed else needless).append(name)
    return FlushReport(pairs, tuple(dangerous), tuple(needless))


def _show(entry: Entry) -> str:
    return f"{entry.address // KIB4:#x} {entry.flags or 'not present'}"
