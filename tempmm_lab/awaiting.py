"""An op: one step, described. `await` it in code that runs on the machine, and the machine does it.

This file knows nothing of x86.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Generator, Hashable
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from tempmm_lab.errors import ModelError, NotOnMachine, a_thing

P = ParamSpec("P")
T = TypeVar("T")


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


OPS: dict[str, Callable[..., Any]] = {}
"""Every op of the package by name: what an op that went somewhere as JSON is made from again."""


def op(do: Callable[Concatenate[Any, P], T]) -> Callable[P, Op[T]]:
    """Make a step of a function `do(cpu, ...)`: calling the result describes the step, awaiting it does it.

    `cpu` is a CPU's door to the machine, a `ThisCpu`.
    """
    signature = inspect.signature(a_thing(do, Callable, "@op makes a step of a function."))
    names = list(signature.parameters)[1:]
    plain = all(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in signature.parameters.values())

    @functools.wraps(do)
    def describe(*args: P.args, **kwargs: P.kwargs) -> Op[T]:
        if plain and not kwargs and len(args) == len(names):
            return Op(do, args)
        try:
            bound = signature.bind(None, *args, **kwargs)
        except TypeError as error:
            msg = f"{do.__name__}({', '.join(names)}) was called wrongly: {error}."
            raise ModelError(msg) from None
        bound.apply_defaults()
        return Op(do, bound.args[1:])

    describe.is_op = True  # type: ignore[attr-defined]
    if do.__module__.startswith("tempmm_lab."):
        OPS[do.__name__] = describe
    return describe


async def _only(step: Op[T]) -> T:
    return await step


def begin(fn: Callable[..., Any], args: tuple[Any, ...]) -> Coroutine[Op[Any], Any, Any]:
    """Begin `fn(*args)`, whether `fn` is an op or an `async def`.

    Raises:
        ModelError: it is neither, or was called wrongly.
    """
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
    if inspect.isfunction(fn):
        raise ModelError(f"{name} is a plain function. Begin it with async def.")
    raise ModelError(f"{name} is neither an op nor an async function, so it has no steps to run.")
