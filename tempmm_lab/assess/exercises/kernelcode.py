"""A student's kernel function, step by step, with nothing but plain data between its process and the machine's.

The student's process answers one question: *which op comes next, after these answers?* (`next_step`). The judge's
process has the machine and the explorer, and asks that for each point of the function once (`step_by_step`).
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from tempmm_lab.assess.exercises.exercise import READ_OVER, Callee
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.awaiting import OPS, Op
from tempmm_lab.errors import ModelError
from tempmm_lab.jsonform import from_json, to_json
from tempmm_lab.kernel.awaited import misread
from tempmm_lab.kernel.config import Config
from tempmm_lab.points import ProgramPoint, start

MOST_POINTS = 1_000
"""How many different points of a function are asked for, at most."""
Allowed = Mapping[str, tuple[Any, ...]]
"""The ops that a function may await, and what their first argument may be; nothing given allows anything."""


class Endless(NoAnswer):
    """A student's function takes more steps than are asked for."""


def next_step(
    function: Callable[..., Any], args: list[Any], *, memory: str = "sc", kernel: str = "v6.16", name: str = ""
) -> Any:
    """Give the step that comes after some answers: `{"op": ...}`, or `{"value": ...}` when the call has returned.

    With memory="tso" a barrier is a step of its own; without store buffers it is none. Kernel functions that the
    function calls are those of `kernel`, and under `name` there is the function itself, as on the machine.

    Asked to READ_OVER the function, give what its text has wrong, such as a call that nobody awaits, or "".
    """
    if args == [READ_OVER]:
        return _slip(function)
    given, answers = args
    point = _first(function, json.dumps(given), memory, kernel, name)
    for answer in answers:
        point = point.after(from_json(answer))
    if point.op is None and _holds_list(point.value):
        raise ModelError(f"it gives {str(point.value)[:200]}, which holds a list. Write tuples: (a, b) for [a, b].")
    return {"value": to_json(point.value)} if point.op is None else {"op": to_json(point.op)}


def _holds_list(value: Any) -> bool:
    return type(value) is list or (type(value) is tuple and any(map(_holds_list, value)))


def _slip(function: Callable[..., Any]) -> str:
    """Read a student's function, and those of the student's that it names: the first slip that is found, or ""."""
    known, left = set[Any](), [function]
    while left:
        one = left.pop(0)
        if not inspect.isfunction(one) or one in known or one.__module__.startswith("tempmm_lab"):
            continue
        known.add(one)
        said = misread(one)
        if said:
            return said
        left += [one.__globals__[name] for name in one.__code__.co_names if name in one.__globals__]
    return ""


def steps_of(name: str, kernel: str = "v6.16", *, memory: str = "sc") -> Callable[..., Any]:
    """Give the `next_step` of a function that takes the place of a kernel's own."""
    return partial(next_step, memory=memory, kernel=kernel, name=name)


@lru_cache(maxsize=64)
def _first(function: Callable[..., Any], given: str, memory: str, kernel: str, name: str) -> ProgramPoint:
    """Give the first point of a call. Equal calls share it, and with it all points that were reached before."""
    from tempmm_lab.kernel.builds import BUILDS  # not above: most notebooks have no kernel function

    args = [from_json(one) for one in json.loads(given)]
    versions = {**BUILDS[kernel].functions, "CONFIG": Config(), "MEMORY": memory}
    return start(function, *args, versions=versions | ({name: function} if name else {}))


def step_by_step(callee: Callee, name: str, allowed: Allowed) -> Callable[..., Any]:
    """Give an async function that the machine can run, whose steps a callee tells one by one.

    It raises NoAnswer where the callee does and for a step that is not allowed, and Endless for one too many.
    """
    known: dict[str, Any] = {}

    def asked(given: list[Any], answers: list[Any]) -> Any:
        text = json.dumps([given, answers])
        if text not in known:
            if len(known) >= MOST_POINTS:
                raise Endless(f"{name} has more than {MOST_POINTS:,} different steps. Does it loop?", ended=False)
            known[text] = _checked(callee.call([given, answers]), name, allowed)
        return known[text]

    async def call(*args: Any) -> Any:
        given, answers = [to_json(one) for one in args], list[Any]()
        while True:
            step = asked(given, answers)
            if not isinstance(step, Op):
                return step[0]
            answers.append(to_json(await step))

    call.__name__ = call.__qualname__ = name
    call.__code__ = call.__code__.replace(co_name=name)  # a run is told by the names of the code that waits
    return call


def _checked(said: Any, name: str, allowed: Allowed) -> Op[Any] | tuple[Any]:
    """Give an op, or what the call returned in a tuple of one."""
    try:
        if type(said) is dict and said.keys() == {"value"}:
            return (from_json(said["value"]),)
        step = from_json(said["op"])
    except (ModelError, TypeError, ValueError, KeyError, IndexError) as error:
        raise NoAnswer(f"{name} gives no step that is known here: {str(error)[:200]}") from None
    if not isinstance(step, Op) or step.do.__name__ not in allowed:
        raise NoAnswer(f"{name} awaits {step}. Here it may await {', '.join(sorted(allowed))}.")
    firsts = allowed[step.do.__name__]
    if firsts and (not step.args or step.args[0] not in firsts):
        raise NoAnswer(f"{name} awaits {step}. {step.do.__name__}() takes one of {', '.join(map(repr, firsts))} here.")
    return step


def known_ops(*names: str) -> Allowed:
    """Allow ops with any arguments.

    Raises:
        ModelError: there is no such op.
    """
    for name in names:
        if name not in OPS:
            raise ModelError(f"There is no op {name!r}.")
    return dict.fromkeys(names, ())
