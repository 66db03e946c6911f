"""Walkers that have one rule of the hardware wrong, and who notices: what a comparison is worth.

Each is `translate` with its question changed beforehand, or its answer afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.paging import A, D
from tempmm_lab.hw.rights import PageFault
from tempmm_lab.hw.walk import Walk, translate
from tempmm_lab.oracles import ORACLES, compare_walkers, recorded_cases

Walker = Callable[..., Walk]


def _asks(**bits: int) -> Walker:
    """A walker to which some bits of the registers look different."""

    def walker(memory: Any, registers: Any, va: int, access: Any, **processor: Any) -> Walk:
        return translate(memory, registers.but(**bits), va, access, **processor)

    return walker


def _believes(**facts: Any) -> Walker:
    """A walker that takes the processor for another."""

    def walker(memory: Any, registers: Any, va: int, access: Any, **processor: Any) -> Walk:
        return translate(memory, registers, va, access, **{**processor, **facts})

    return walker


def _answers(change: Callable[[Walk], Walk]) -> Walker:
    """A walker whose answer is changed."""

    def walker(*args: Any, **processor: Any) -> Walk:
        return change(translate(*args, **processor))

    return walker


def _never_dirty(walk: Walk) -> Walk:
    words = {int(level.entry_pa): int(level.entry) for level in walk.levels}
    left = {pa: Hex(int(word) & ~D | words[int(pa)] & D) for pa, word in walk.accessed_dirty.items()}
    return replace(walk, accessed_dirty={pa: word for pa, word in left.items() if int(word) != words[int(pa)]})


def _cr2_is_the_page(walk: Walk) -> Walk:
    if not isinstance(walk.fault, PageFault):
        return walk
    return replace(walk, fault=PageFault(walk.fault.error_code, Hex(walk.fault.cr2 & -4096)))


def _marks_on_the_way_to_a_fault(walk: Walk) -> Walk:
    if walk.fault is None:
        return walk
    marked = {level.entry_pa: Hex(int(level.entry) | A) for level in walk.levels[:-1]}
    return replace(walk, accessed_dirty=marked)


WRONG_WALKERS: Mapping[str, Walker] = MappingProxyType({
    "CR0.WP is ignored": _asks(WP=0),
    "SMEP is ignored": _asks(SMEP=0),
    "SMAP is ignored": _asks(SMAP=0),
    "five levels are four": _asks(LA57=0),
    "no address bit is reserved": _believes(maxphyaddr=52),
    "bit 8 is reserved, as by AMD": _believes(vendor="amd"),
    "CR2 names the page": _answers(_cr2_is_the_page),
    "D is never set": _answers(_never_dirty),
    "A is set on the way to a fault": _answers(_marks_on_the_way_to_a_fault),
})  # fmt: skip
"""The wrong rule -> the walker."""


@dataclass(frozen=True)
class Caught:
    """How many recorded answers disagree with each walker: `{walker: {oracle: how many}}`."""

    counts: Mapping[str, Mapping[str, int]]

    def by(self, walker: str) -> tuple[str, ...]:
        """Give the oracles that notice a walker."""
        return tuple(oracle for oracle, count in self.counts[walker].items() if count)

    def text(self) -> str:
        """Give a table: one walker a line, and in how many cases each oracle's answer is another."""
        oracles = list(next(iter(self.counts.values())))
        lines = [f"{'':<32}" + "".join(f"{oracle:>9}" for oracle in oracles)]
        for name, counts in self.counts.items():
            lines.append(f"{name:<32}" + "".join(f"{counts[oracle] or '-':>9}" for oracle in oracles))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Caught(...)" if cycle else self.text())


def caught(walkers: Mapping[str, Walker] | None = None) -> Caught:
    """Compare walkers with every recorded answer, Unicorn's 3,000 and KVM's 1,500; by default the wrong ones here.

    Raises:
        ModelError: these are no walkers by name.
    """
    given = WRONG_WALKERS if walkers is None else a_thing(walkers, Mapping, "Give walkers by name: {'mine': my_walk}.")
    if not given:
        raise ModelError("Give at least one walker by name: {'mine': my_walk}.")
    cases = {oracle: recorded_cases(oracle) for oracle in ORACLES}
    return Caught({
        name: {oracle: len(compare_walkers(walker, every).differs) for oracle, every in cases.items()}
        for name, walker in given.items()
    })  # fmt: skip
