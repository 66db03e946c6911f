"""Letting a run go on: by a schedule as far as it can be followed, or in order; and why it goes on no further."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tempmm_lab.errors import ModelError
from tempmm_lab.kernel.builds import Build
from tempmm_lab.kernel.step import Action, successors, take
from tempmm_lab.kernel.system import System
from tempmm_lab.scenarios import Scenario
from tempmm_lab.trace import LONGEST, Trace, in_order, judged, play

ENOUGH = 200


def empty(scenario: Scenario) -> Trace:
    """Give the run in which nothing has happened yet."""
    return Trace(scenario, (), "", scenario.system())


def extended(trace: Trace, actions: Iterable[Action]) -> Trace:
    """Let more happen at the end of a run; where an action cannot, the run stops and says which and why."""
    moments, system = list(trace.moments), trace.last
    for wanted in actions:
        try:
            outcome = take(system, wanted)
        except ModelError as why:
            return replace(trace, moments=tuple(moments), stopped=f"action {len(moments) + 1}, {why}")
        moments.append(judged(trace.scenario, system, wanted, outcome))
        system = outcome.system
    return replace(trace, moments=tuple(moments), stopped="")


def actions_of(trace: Trace) -> tuple[Action, ...]:
    """Give what happens in a run, in order."""
    return tuple(moment.action for moment in trace)


def to_the_end(trace: Trace) -> Trace:
    """Let a run go on in order until a rule breaks or nothing more can happen."""
    moments, system = list(trace.moments), trace.last
    while len(moments) < LONGEST:
        outcomes = dict(successors(system))
        chosen = in_order(system, list(outcomes), 0)
        if chosen is None:
            break
        moments.append(judged(trace.scenario, system, chosen, outcomes[chosen]))
        system = outcomes[chosen].system
        if moments[-1].broken:
            break
    return replace(trace, moments=tuple(moments))


def ended(system: System) -> str:
    """Say why nothing more can happen by itself."""
    if system.cells["panic", None]:
        return "The kernel has panicked: nothing more happens."
    waiting = [f"CPU {number}" for number, cpu in enumerate(system.cpus) if cpu.running]
    if waiting:
        return f"{' and '.join(waiting)} cannot go on: every step waits for something that nobody does any more."
    return "Every CPU has finished."


def next_of(system: System) -> Action | None:
    """Give what comes next in order, None if nothing can."""
    return in_order(system, [each for each, _ in successors(system)], 0)


def why_not(system: System, wanted: Action) -> str:
    """Say why something cannot happen now."""
    try:
        take(system, wanted)
    except ModelError as why:
        return str(why).removeprefix(f"{wanted} cannot happen here: ").removeprefix(f"{wanted} cannot happen: ")
    return ""


_USUAL: dict[tuple[str, Build], int] = {}


def usual_length(scenario: Scenario) -> int:
    """Give how many steps the scenario takes in order, at most 200: how long a run will be that one begins to step."""
    key = (str(scenario.path(())), scenario.build)
    if key not in _USUAL:
        try:
            _USUAL[key] = len(play(scenario, lambda *args: in_order(*args) if args[2] < ENOUGH else None))
        except Exception:  # noqa: BLE001 - a reader's own function may raise anything; here it is only about room
            return 0
    return _USUAL[key]
