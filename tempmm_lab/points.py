"""Where a call has got to: a `ProgramPoint`, and which version of a function answers when it is called by name.

This file knows nothing of x86.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from tempmm_lab.awaiting import Op, begin
from tempmm_lab.errors import ModelError, TooManySteps, UnrepeatableCode

P = ParamSpec("P")
T = TypeVar("T")
STEP_LIMIT = 100_000
Versions = Mapping[str, Any]
"""Functions by name, and constants by name in capitals."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A versioned function was entered or left on the way to a point."""

    kind: str  # "enter" or "return"
    name: str
    args: tuple[Any, ...]
    value: Any = None

    def __str__(self) -> str:
        return self.name if self.kind == "enter" else f"{self.name}:return"


@dataclass(slots=True)
class _Running:
    """What the code that is advancing right now was started under, and the calls it has made on the way."""

    versions: Versions
    marks: list[Mark] = field(default_factory=list)


_running: ContextVar[_Running] = ContextVar("running")


def versioned(fn: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Let the version that a call was started under answer when `fn` is called by its name; `fn` itself if it has none.

    The decorated function can be replaced by `Build.patched(name=...)`.
    """
    name = fn.__name__

    @functools.wraps(fn)
    def call(*args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        running = _running.get(None)
        chosen = running.versions.get(name, fn) if running else fn
        noted = _noted(name, chosen, args, kwargs)
        noted.__name__ = noted.__qualname__ = name  # type: ignore[attr-defined]
        return noted

    return call


def constant(name: str) -> Any:
    """Give a constant of what the running code was started under, such as its kernel's configuration. Not a step."""
    running = _running.get(None)
    if running is None or name not in running.versions:
        raise ModelError(f"{name} is known only to kernel code that runs on a machine: use run(system, 0, ...).")
    return running.versions[name]


async def _noted(name: str, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    running = _running.get(None)
    if running is not None:
        running.marks.append(Mark("enter", name, (*args, *kwargs.values())))
    begun = functools.partial(fn, **kwargs) if kwargs else fn
    value = await begin(begun, args)
    running = _running.get(None)
    if running is not None:
        running.marks.append(Mark("return", name, (*args, *kwargs.values()), value))
    return value


class ProgramPoint:
    """Where a call has got to: the function, its arguments, and the answers so far.

    `op` is the step that comes next, or None when the call is `done`; then `value` is what it returned. Points of
    one start form a tree, and equal histories are the same object, so comparing two points costs nothing. The live
    coroutine is only a cache: the first branch takes it over, and a second branch replays the answers into a fresh one.

    Attributes:
        depth: how many steps the call has taken.
        line: (function, line number) of the `await` that waits; `file` is the file it is in.
        inside: the versioned functions that have been entered and not left, outermost first.
        marks: the versioned functions entered and left between the previous point and this one, in order.
    """

    __slots__ = (
        "_answer", "_fn", "_live", "_next", "_parent", "_versions", "depth", "done", "file", "inside", "line", "marks",
        "op", "value",
    )  # fmt: skip

    def __init__(
        self,
        fn: tuple[Callable[..., Any], tuple[Any, ...]],
        parent: ProgramPoint | None,
        answer: Any,
        versions: Versions,
    ) -> None:
        self._fn = fn
        self._parent = parent
        self._answer = answer
        self.depth: int = parent.depth + 1 if parent else 0
        self._versions = versions
        self._next: dict[tuple[type, Any], ProgramPoint] = {}
        self._live: Coroutine[Op[Any], Any, Any] | None = None
        self.op: Op[Any] | None = None
        self.value: Any = None
        self.done = False
        self.line: tuple[str, int] | None = None
        self.file = ""
        self.inside: tuple[str, ...] = ()
        self.marks: tuple[Mark, ...] = ()

    def after(self, answer: Any) -> ProgramPoint:
        """Give the point that this one leads to when its op is answered with `answer`."""
        key = (type(answer), answer)
        known = self._next.get(key)
        if known is not None:
            return known
        if self.done:
            msg = "This call has returned; there is no step left to answer."
            raise ModelError(msg)
        point = ProgramPoint(self._fn, self, answer, self._versions)
        running = _Running(self._versions)
        token = _running.set(running)
        try:
            point._advance(self._take_live(running), answer, running)
        finally:
            _running.reset(token)
        self._next[key] = point
        return point

    def _advance(self, live: Coroutine[Op[Any], Any, Any], answer: Any, running: _Running) -> None:
        try:
            self.op = live.send(answer)
        except StopIteration as end:
            self.done, self.value = True, end.value
        else:
            self._live = live
            self.line, self.file, self.inside = _innermost(live)
            self._check()
        self.marks = tuple(running.marks)

    def _check(self) -> None:
        """Refuse what the code awaits if it is no step, or can't be kept, or comes after too many."""
        where = f"{self.line[0]}, line {self.line[1]}," if self.line else "The code"
        if not isinstance(self.op, Op):
            raise ModelError(f"{where} awaits something that is no op. Code on the machine awaits ops and kernel code.")
        try:
            hash(self.op.args)
        except TypeError:
            raise ModelError(f"{where} gives {self.op} a value that can change. Use numbers, words, tuples.") from None
        if self.depth > STEP_LIMIT:
            raise TooManySteps(f"{where} is in a call of more than {STEP_LIMIT:,} steps. Does it loop for ever?")

    def _take_live(self, running: _Running) -> Coroutine[Op[Any], Any, Any]:
        live, self._live = self._live, None
        return live if live is not None else self._replay(running)

    def _replay(self, running: _Running) -> Coroutine[Op[Any], Any, Any]:
        fn, args = self._fn
        live = begin(fn, args)
        for point in self.history():
            found = live.send(point._answer)  # noqa: SLF001
            if found != point.op:
                msg = (
                    f"{fn.__name__} asked for {found} where it had asked for {point.op}. It must not use "
                    "anything that changes from run to run (time, random numbers, globals it writes)."
                )
                raise UnrepeatableCode(msg)
        running.marks.clear()
        return live

    def history(self) -> list[ProgramPoint]:
        """Give the points from the start to this one."""
        points: list[ProgramPoint] = []
        point: ProgramPoint | None = self
        while point is not None:
            points.append(point)
            point = point._parent  # noqa: SLF001
        return points[::-1]

    @property
    def call(self) -> tuple[str, tuple[Any, ...]]:
        """The function this began with, and its arguments."""
        fn, args = self._fn
        return getattr(fn, "__name__", str(fn)), args

    @property
    def live(self) -> Coroutine[Op[Any], Any, Any] | None:
        """A coroutine that stands at this point, for looking at its frames; None when the call is done."""
        if self._live is None and not self.done:
            running = _Running(self._versions)
            token = _running.set(running)
            try:
                self._live = self._replay(running)
            finally:
                _running.reset(token)
        return self._live


def _innermost(live: Any) -> tuple[tuple[str, int] | None, str, tuple[str, ...]]:
    """Give (function, line) of the `await` that is waiting, its file, and the versioned calls around it."""
    where: tuple[str, int] | None = None
    file = ""
    inside = []
    while inspect.iscoroutine(live):
        if live.cr_code is _noted.__code__:
            inside.append(live.__name__)
        elif live.cr_frame is not None and live.cr_code.co_name not in ("__aenter__", "__aexit__"):
            where, file = (live.cr_code.co_name, live.cr_frame.f_lineno), live.cr_code.co_filename
        live = live.cr_await
    return where, file, tuple(inside)


def start(fn: Callable[..., Any], *args: Any, versions: Versions | None = None) -> ProgramPoint:
    """Give the first point of `fn(*args)`. Each start is a tree of its own: a function defined anew is never stale.

    `versions` maps names to functions: they answer where the code calls a versioned function of that name.
    """
    table = versions or {}
    root = ProgramPoint((fn, args), None, None, table)
    running = _Running(table)
    token = _running.set(running)
    try:
        root._advance(begin(fn, args), None, running)  # noqa: SLF001
    finally:
        _running.reset(token)
    return root
