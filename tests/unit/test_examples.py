"""What chapter 1 says of its two unfinished walkers."""

from __future__ import annotations

import pytest

from tempmm_lab import Access, PhysicalMemory, Registers, compare_walkers, is_canonical
from tempmm_lab.examples import plain_walk, sized_walk


def canonical_walk(
    memory: PhysicalMemory, registers: Registers, va: int, access: Access, **processor: object
) -> int | None:
    """Walk as sized_walk does, but refuse what is not canonical."""
    return sized_walk(memory, registers, va, access, **processor) if is_canonical(va, registers.levels) else None


@pytest.mark.parametrize(("walker", "differs"), [(plain_walk, 1006), (sized_walk, 1103), (canonical_walk, 1103)])
def test_a_right_rule_need_not_bring_agreement(walker: object, differs: int) -> None:
    """Page sizes make the walker disagree more often, and a check for canonical addresses changes nothing."""
    assert len(compare_walkers(walker).differs) == differs  # type: ignore[arg-type]
