"""What is said of a reader's kernel function that is no right code: where it went wrong, and what to write."""

from __future__ import annotations

from typing import Any

import pytest

from tempmm_lab import BUILDS, ModelError, TooManySteps, efi_call, explore, judge_fix
from tempmm_lab.errors import CodeFailed
from tempmm_lab.kernel.irqflags import irqsave
from tempmm_lab.kernel.percpu import current, this_cpu_read
from tempmm_lab.kernel.tlb import switch_mm_irqs_off
from tempmm_lab.kernel.tlbflush import flush_tlb_mm_range
from tempmm_lab.kernel.tlbstate import set_asid_ctx

POSTED = BUILDS["posted"]


async def typo(temp_mm: str) -> str:
    """A name that does not exist."""
    await switch_mm_irq_off(None, temp_mm, current)  # type: ignore[name-defined]  # noqa: F821
    return temp_mm


async def plain_with(temp_mm: str) -> None:
    """The guard without async."""
    with irqsave():  # type: ignore[attr-defined]
        await switch_mm_irqs_off(None, temp_mm, current)


async def no_mm(temp_mm: str) -> None:
    """An argument of a wrong kind."""
    await flush_tlb_mm_range([temp_mm], 0, 1, 12, False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fn", "says"), [(typo, "typo, line .*NameError"), (plain_with, "async with"), (no_mm, "no_mm|flush")]
)
@pytest.mark.parametrize("answer", [explore, judge_fix])
def test_python_errors_of_a_fix_are_told_with_their_line(fn: Any, says: str, answer: Any) -> None:
    """A fix that raises an error of Python's own ends in one ModelError that names the place."""
    build = POSTED.patched(use_temporary_mm=fn)
    with pytest.raises(ModelError, match=says):
        answer(build if answer is judge_fix else efi_call(build=build))


async def op_not_awaited(temp_mm: str) -> object:
    """An op without await."""
    prev_mm = this_cpu_read("loaded_mm")
    await switch_mm_irqs_off(None, temp_mm, current)
    return prev_mm


async def call_not_awaited(temp_mm: str) -> object:
    """A kernel function without await."""
    prev_mm = await this_cpu_read("loaded_mm")
    switch_mm_irqs_off(None, temp_mm, current)  # type: ignore[unused-coroutine]
    return prev_mm


async def spins(temp_mm: str) -> None:
    """A loop without a step."""
    while temp_mm:
        pass


@pytest.mark.parametrize(
    ("fn", "says"),
    [(op_not_awaited, r"await this_cpu_read"), (call_not_awaited, r"await switch_mm_irqs_off"), (spins, "cannot end")],
)
def test_what_can_be_read_off_the_text_is_refused_at_once(fn: Any, says: str) -> None:
    """A missing await, and a loop that takes no step and cannot end, are refused before anything runs."""
    with pytest.raises(ModelError, match=f"{fn.__name__}, line .*{says}"):
        POSTED.patched(use_temporary_mm=fn)


async def awaits_later(temp_mm: str) -> str:
    """Awaits by a name, counts in a loop, and waits in a loop: nothing is wrong with that."""
    step = this_cpu_read("loaded_mm")
    pages = 3
    while pages:
        pages -= 1
    prev_mm: str = await step
    while not await this_cpu_read("loaded_mm"):
        pass
    async with irqsave():
        await switch_mm_irqs_off(None, temp_mm, current)
    return prev_mm


def test_what_is_right_is_not_refused() -> None:
    """An op may be awaited later by its name, and loops that end or take steps may be written."""
    found = explore(efi_call(build=POSTED.patched(use_temporary_mm=awaits_later), cpus=1, irqs=0))
    assert found.complete


async def never_ends(temp_mm: str) -> None:
    """A loop of steps."""
    while temp_mm:
        await this_cpu_read("loaded_mm")


def test_a_loop_of_steps_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fix that loops for ever with steps is stopped by a limit, whoever answers, and its line is named."""
    monkeypatch.setattr("tempmm_lab.kernel.step.LONGEST_CALL", 60)
    build = POSTED.patched(use_temporary_mm=never_ends)
    for reduce in (True, False):
        with pytest.raises(TooManySteps, match="never_ends, line"):
            explore(efi_call(build=build, cpus=1, irqs=0), reduce=reduce)


async def odd_op(temp_mm: str) -> None:
    """An op with arguments that it cannot work with."""
    await set_asid_ctx("first", temp_mm, 0)  # type: ignore[arg-type]


def test_an_op_that_is_given_nonsense_says_which() -> None:
    """An op that fails on its arguments ends in a CodeFailed that names the function and the op."""
    with pytest.raises(CodeFailed, match=r"use_temporary_mm: set_asid_ctx\(first"):
        explore(efi_call(build=POSTED.patched(use_temporary_mm=odd_op), cpus=1))
