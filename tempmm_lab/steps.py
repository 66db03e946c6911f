"""How code becomes steps.

Code that runs on the machine is an `async def`, and every `await` of an *op* in it is one step. The code never
touches the machine: it awaits a description of what it wants done, and gets the answer. So where a call has got to
is settled by the function, its arguments and the answers so far. That is a value, a `ProgramPoint`, and a
value can be kept, compared and gone back to.

This file knows nothing of x86.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from tempmm_lab.awaiting import OPS, Op, op
from tempmm_lab.errors import ModelError, TooManySteps
from tempmm_lab.points import STEP_LIMIT, Mark, ProgramPoint, start, versioned
from tempmm_lab.thiscpu import Steppable

T = TypeVar("T")
M = TypeVar("M", bound=Steppable)


def _a_machine(machine: object) -> None:
    if not hasattr(machine, "get_field"):
        raise ModelError(f"Give the machine first, such as one_page(), not {machine!r}.")


def run(machine: M, cpu: int, fn: Callable[..., Any], *args: Any) -> tuple[M, Any]:
    """Run one call to its end, undisturbed: `(machine afterwards, answer)`.

    `fn` is an op, such as `load`, or an `async def` that awaits ops. Where the manual leaves the hardware a choice,
    the first is taken (a TLB hit rather than a walk).

    Raises:
        ModelError: `fn` has no steps, was called wrongly, or did not end within 100,000 steps.
    """
    _a_machine(machine)
    point = start(fn, *args, versions=machine.versions)
    for _ in range(STEP_LIMIT):
        if point.op is None:
            return machine, point.value
        here = machine.door(cpu)
        answer = point.op.do(here, *point.op.args)
        machine = here.machine
        point = point.after(answer)
    msg = f"{getattr(fn, '__name__', fn)} took more than {STEP_LIMIT:,} steps. Does it loop for ever?"
    raise TooManySteps(msg)


def every_answer(machine: M, cpu: int, step: Op[T]) -> Iterator[tuple[M, T]]:
    """Give `(machine afterwards, answer)` for every choice the hardware has in one step, in a fixed order."""
    waiting: list[tuple[int, ...]] = [()]
    while waiting:
        choices = waiting.pop(0)
        here = machine.door(cpu, choices)
        answer = step.do(here, *step.args)
        yield here.machine, answer
        taken = tuple(choice for choice, _ in here.offered)
        for place in range(len(choices), len(here.offered)):
            waiting += [(*taken[:place], other) for other in range(1, here.offered[place][1])]


def outcomes(machine: M, fn: Callable[..., Op[T]], *args: Any, cpu: int = 0) -> tuple[T, ...]:
    """Give every answer that the hardware may return for one access, each once, in a fixed order.

    A TLB may use an entry as long as it holds it, and may drop it at any time, so one `load` can have several right
    answers. `outcomes(machine, load, 0x7000)` names them all.

    Raises:
        ModelError: `fn` is no op. (A whole function's outcomes depend on who else runs.)
    """
    if not getattr(fn, "is_op", False):
        msg = f"outcomes() takes one op, such as load or store, not {getattr(fn, '__name__', fn)!r}."
        raise ModelError(msg)
    _a_machine(machine)
    answers: dict[tuple[type, T], T] = {}
    for _, answer in every_answer(machine, cpu, fn(*args)):
        answers.setdefault((type(answer), answer), answer)
    return tuple(answers.values())


__all__ = ["OPS", "Mark", "Op", "ProgramPoint", "every_answer", "op", "outcomes", "run", "start", "versioned"]
