"""How code becomes steps.

Code that runs on the machine is an `async def`, and every `await` of an *op* in it is one step. The code never
touches the machine: it awaits a description of what it wants done, and gets the answer. So where a call has got
to is settled by the function, its arguments and the answers so far. That is a value, a `ProgramPoint`, and a
value can be kept, compared and gone back to.

This file knows nothing of x86.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Generator, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from tempmm_lab.errors import ModelError, NotOnMachine, TooManySteps, UnrepeatableCode, a_thing
from tempmm_lab.thiscpu import Steppable, ThisCpu

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=Steppable)

STEP_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Op(Generic[T]):
    """One step, described: what to do, and with which arguments."""

    do: Callable[..., T]
    args: tuple[Hashable, ...]

    def __await__(self) -> Generator[Op[Any], Any, T]:
        try:
            answer: T = yield self
        except RuntimeError as error:
            if "bad yield" not in str(error):
                raise
            msg = f"{self} was awaited outside a machine. Write run(machine, 0, {self.do.__name__}, ...) instead."
            raise NotOnMachine(msg) from None
        return answer

    def __str__(self) -> str:
        return f"{self.do.__name__}({', '.join(map(_short, self.args))})"


def _short(value: object) -> str:
    return hex(value) if type(value) is int and value > 9 else str(value)


def op(do: Callable[Concatenate[ThisCpu[Any], P], T]) -> Callable[P, Op[T]]:
    """Make a step of a function `do(cpu: ThisCpu, ...)`: calling the result describes the step, awaiting it does it."""
    signature = inspect.signature(a_thing(do, Callable, "@op makes a step of a function."))

    @functools.wraps(do)
    def describe(*args: P.args, **kwargs: P.kwargs) -> Op[T]:
        try:
            bound = signature.bind(None, *args, **kwargs)
        except TypeError as error:
            msg = f"{do.__name__}{_parameters(signature)} was called wrongly: {error}."
            raise ModelError(msg) from None
        bound.apply_defaults()
        return Op(do, bound.args[1:])

    describe.is_op = True  # type: ignore[attr-defined]
    return describe


def _parameters(signature: inspect.Signature) -> str:
    names = list(signature.parameters)[1:]
    return f"({', '.join(names)})"


async def _only(step: Op[T]) -> T:
    return await step


def _call(fn: Callable[..., Any], args: tuple[Any, ...]) -> Coroutine[Op[Any], Any, Any]:
    """Begin `fn(*args)`, whether `fn` is an op or an `async def`."""
    name = getattr(a_thing(fn, Callable, "Give an op such as load, or an async function, to run."), "__name__", str(fn))
    try:
        begun = fn(*args)
    except TypeError as error:
        inner = error.__traceback__.tb_next if error.__traceback__ else None
        if inner is not None:  # raised inside fn, not by calling it wrongly
            raise
        raise ModelError(f"{name} cannot be called with {args}: {error}.") from None
    if isinstance(begun, Op):
        return _only(begun)
    if inspect.iscoroutine(begun):
        return begun
    msg = f"{name} is neither an op nor an async function, so it has no steps to run."
    raise ModelError(msg)


class ProgramPoint:
    """Where a call has got to: the function, its arguments, and the answers so far.

    `op` is the step that comes next, or None when the call is `done`; then `value` is what it returned. Points of
    one start form a tree, and equal histories are the same object, so comparing two points costs nothing. The live
    coroutine is only a cache: the first branch takes it over, and a second branch replays the answers into a fresh one.
    """

    __slots__ = ("_answer", "_fn", "_live", "_next", "_parent", "done", "line", "op", "value")

    def __init__(
        self, fn: tuple[Callable[..., Any], tuple[Any, ...]], parent: ProgramPoint | None, answer: Any
    ) -> None:
        self._fn = fn
        self._parent = parent
        self._answer = answer
        self._next: dict[tuple[type, Any], ProgramPoint] = {}
        self._live: Coroutine[Op[Any], Any, Any] | None = None
        self.op: Op[Any] | None = None
        self.value: Any = None
        self.done = False
        self.line: tuple[str, int] | None = None

    def after(self, answer: Any) -> ProgramPoint:
        """Give the point that this one leads to when its op is answered with `answer`."""
        key = (type(answer), answer)
        known = self._next.get(key)
        if known is not None:
            return known
        if self.done:
            msg = "This call has returned; there is no step left to answer."
            raise ModelError(msg)
        point = ProgramPoint(self._fn, self, answer)
        point._advance(self._take_live(), answer)
        self._next[key] = point
        return point

    def _advance(self, live: Coroutine[Op[Any], Any, Any], answer: Any) -> None:
        try:
            self.op = live.send(answer)
        except StopIteration as end:
            self.done, self.value = True, end.value
            return
        self._live = live
        self.line = _innermost(live)

    def _take_live(self) -> Coroutine[Op[Any], Any, Any]:
        live, self._live = self._live, None
        return live if live is not None else self._replay()

    def _replay(self) -> Coroutine[Op[Any], Any, Any]:
        fn, args = self._fn
        live = _call(fn, args)
        for point in self._history():
            found = live.send(point._answer)  # noqa: SLF001
            if found != point.op:
                msg = (
                    f"{fn.__name__} asked for {found} where it had asked for {point.op}. It must not use "
                    "anything that changes from run to run (time, random numbers, globals it writes)."
                )
                raise UnrepeatableCode(msg)
        return live

    def _history(self) -> list[ProgramPoint]:
        points: list[ProgramPoint] = []
        point: ProgramPoint | None = self
        while point is not None:
            points.append(point)
            point = point._parent  # noqa: SLF001
        return points[::-1]


def _innermost(live: Any) -> tuple[str, int] | None:
    """Give (function, line) of the `await` that is waiting, innermost call first."""
    where = None
    while inspect.iscoroutine(live):
        if live.cr_frame is not None:
            where = (live.cr_code.co_name, live.cr_frame.f_lineno)
        live = live.cr_await
    return where


def start(fn: Callable[..., Any], *args: Any) -> ProgramPoint:
    """Give the first point of `fn(*args)`. Each start is a tree of its own: a function defined anew is never stale."""
    root = ProgramPoint((fn, args), None, None)
    root._advance(_call(fn, args), None)  # noqa: SLF001
    return root


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
    point = start(fn, *args)
    for _ in range(STEP_LIMIT):
        if point.op is None:
            return machine, point.value
        here = ThisCpu(machine, cpu)
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
        here = ThisCpu(machine, cpu, choices)
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
