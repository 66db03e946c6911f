"""A student's kernel function runs in the student's process; the machine and the explorer stay outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tempmm_lab import BUILDS, efi_call, explore
from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.assess.exercises.kernelcode import known_ops, step_by_step
from tempmm_lab.awaiting import OPS
from tempmm_lab.grading.limits import Limits
from tempmm_lab.grading.sandbox import Bubblewrap
from tempmm_lab.grading.session import Remote, Session

EXERCISE = "ch04-helper"  # whose functions are asked for step by step
HEAD = """
from tempmm_lab.kernel.irqflags import irqsave
from tempmm_lab.kernel.lockdep import lockdep_assert_preemption_disabled
from tempmm_lab.kernel.percpu import current, this_cpu_read
from tempmm_lab.kernel.tlb import leave_mm, switch_mm_irqs_off
from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_active, hw_breakpoint_disable

"""
RIGHT = """async def use_temporary_mm(temp_mm):
    await lockdep_assert_preemption_disabled()
    async with irqsave():
        if await this_cpu_read("is_lazy"):
            await leave_mm()
        prev_mm = await this_cpu_read("loaded_mm")
        await switch_mm_irqs_off(None, temp_mm, current)
        if await hw_breakpoint_active():
            await hw_breakpoint_disable()
    return prev_mm
"""
OPEN = """async def use_temporary_mm(temp_mm):
    prev_mm = await this_cpu_read("loaded_mm")
    await switch_mm_irqs_off(None, temp_mm, current)
    return prev_mm
"""


class Counted:
    """A callee that remembers what it was asked."""

    def __init__(self, callee: Remote) -> None:
        self.callee, self.asked = callee, list[str]()

    def call(self, args: list[Any]) -> Any:
        """Ask and remember."""
        self.asked.append(repr(args))
        return self.callee.call(args)


@pytest.fixture
def session(sandbox: Bubblewrap) -> Iterator[Session]:
    """A student's process."""
    running = Session(sandbox, {}, Limits(cell=3, call=1, exercise=10, wall=60))
    yield running
    running.close()


def _remote(session: Session, source: str, name: str) -> Counted:
    assert session.run(1, HEAD + source) == ""
    given = session.function(EXERCISE, name)
    assert given.state == "given"
    return Counted(given.value)


def _explored(function: Any) -> Any:
    return explore(efi_call(build=BUILDS["v6.16"].patched(use_temporary_mm=function)))


@pytest.mark.parametrize("source", [RIGHT, OPEN], ids=["right", "open"])
def test_the_explorer_sees_no_difference(session: Session, source: str) -> None:
    """A function in another process is explored to the same states and the same verdict as it is in this one."""
    names: dict[str, Any] = {}
    exec(HEAD + source, names)  # noqa: S102  (our own source)
    here = _explored(names["use_temporary_mm"])
    remote = _remote(session, source, "use_temporary_mm")
    there = _explored(step_by_step(remote, "use_temporary_mm", known_ops(*OPS)))
    assert (there.states, there.complete) == (here.states, here.complete)
    assert sorted(there.counterexamples) == sorted(here.counterexamples)
    assert bool(here.counterexamples) == (source is OPEN)


def test_each_point_is_asked_once(session: Session) -> None:
    """However often the explorer comes back to a point, the student's process is asked about it once."""
    remote = _remote(session, RIGHT, "use_temporary_mm")
    _explored(step_by_step(remote, "use_temporary_mm", known_ops(*OPS)))
    assert len(remote.asked) == len(set(remote.asked)) > 10


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("async def f():\n    while True: pass", "came to no end"),
        ("async def f():\n    import os; os._exit(1)", "ended Python"),
        ("async def f():\n    await this_cpu_write('no such', 1)", "NameError"),
        ("async def f():\n    return object()", "object"),
        ("async def f():\n    from tempmm_lab.awaiting import Op\n    await Op(print, (1,))", "no step that is known"),
        ("def f():\n    return 5", "Begin it with async def"),
        ("async def f():\n    import random\n    await this_cpu_read(str(random.random()))", "takes one of"),
    ],
)
def test_what_is_no_kernel_code_is_no_answer(session: Session, source: str, says: str) -> None:
    """Whatever a student's function does instead of taking steps is one error in words, here and not there."""
    remote = _remote(session, source, "f")
    function = step_by_step(remote, "f", {"this_cpu_read": ("is_lazy", "loaded_mm")})

    async def kernel(temp_mm: str) -> Any:
        del temp_mm
        return await function()

    with pytest.raises(NoAnswer, match=says):
        _explored(kernel)


def test_a_missing_await_is_told_first(session: Session) -> None:
    """A student's own process reads its function over where points were lost, and goes on to answer."""
    one = EXERCISES[EXERCISE]
    assert session.run(1, "from tempmm_lab.switches import work\n\nasync def driver_helper():\n    work()") == ""
    verdict = one.judge(one.variant(0), session.function(one.name, one.answer).value)
    assert verdict.messages[0].startswith("driver_helper, line 4: work(...) is called without await")
    assert session.run(2, "five = 5") == ""
    assert session.answer("five").value == 5
