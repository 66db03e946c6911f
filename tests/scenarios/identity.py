"""How many states there are if a program's place is told by its position and live locals, not by what it was answered.

A point's history is a sound identity, and may tell apart what can never differ again. This counts by how much. Live
locals are found by data flow over the bytecode; what lies on the value stack (a guard, say) counts as live.
"""

from __future__ import annotations

import dis
import functools
import gc
import inspect
from typing import Any

from tempmm_lab.kernel.irqflags import irqsave
from tempmm_lab.points import ProgramPoint

LOADS = ("LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_DEREF", "LOAD_CLOSURE", "LOAD_CLASSDEREF")
JUMPS_ALWAYS = (
    "JUMP_FORWARD",
    "JUMP_BACKWARD",
    "JUMP_BACKWARD_NO_INTERRUPT",
    "RETURN_VALUE",
    "RERAISE",
    "RAISE_VARARGS",
)


@functools.cache
def live_locals(code: Any) -> dict[int, frozenset[str]]:
    """Give, for each instruction of a code object, the locals that something after it may read."""
    steps = list(dis.get_instructions(code))
    after: dict[int, list[int]] = {}
    for place, step in enumerate(steps):
        nexts = [] if step.opname in JUMPS_ALWAYS or place + 1 == len(steps) else [steps[place + 1].offset]
        if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            nexts.append(step.argval)
        after[step.offset] = nexts
    live: dict[int, set[str]] = {step.offset: set() for step in steps}
    changed = True
    while changed:
        changed = False
        for step in reversed(steps):
            out = set().union(*(live[offset] for offset in after[step.offset] if offset in live), set())
            new = (out - {step.argval}) if step.opname == "STORE_FAST" else out
            new = new | {step.argval} if step.opname in LOADS else new
            if new != live[step.offset]:
                live[step.offset] = new
                changed = True
    return {offset: frozenset(names) for offset, names in live.items()}


def _plain(value: Any) -> Any:
    """Give something that can be compared for a local or a thing on the value stack."""
    if isinstance(value, irqsave):
        return ("irqsave", value.flags)
    try:
        hash(value)
    except TypeError:
        return type(value).__name__
    return value if not inspect.iscoroutine(value) and not callable(value) else type(value).__name__


@functools.cache
def position(point: ProgramPoint) -> Any:
    """Give a point's identity by position: for each call, the code, where in it, its live locals, what is stacked."""
    if point.done:
        return ("done", _plain(point.value))
    frames = []
    live: Any = point.live
    while inspect.iscoroutine(live):
        frame = live.cr_frame
        alive = live_locals(live.cr_code).get(frame.f_lasti, frozenset())
        names = tuple((name, _plain(value)) for name, value in sorted(frame.f_locals.items()) if name in alive)
        stacked = tuple(_plain(value) for value in gc.get_referents(live) if isinstance(value, irqsave))
        frames.append((live.cr_code, frame.f_lasti, names, stacked))
        live = live.cr_await
    return (point.call[0], str(point.op), tuple(frames))


def by_position(system: Any) -> Any:
    """Give a key that two systems share if they differ only in how their programs came to where they are."""
    cpus = []
    for cpu in system.cpus:
        stack = tuple((frame.kind, position(frame.point), frame.saved) for frame in cpu.running)
        tasks = tuple(
            (task.name, task.mm, task.active_mm, task.waits, task.dead, tuple(position(f.point) for f in task.stack))
            for task in cpu.sleeping
        )
        cpus.append((hash(cpu.but(running=(), sleeping=())), hash(stack), hash(tasks)))
    return (*cpus, hash(system.memory), hash(system.cells))
