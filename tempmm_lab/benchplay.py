"""What one can do with a scenario on a bench, as values: step, go back, inject, change a knob, load a schedule.

A `Bench` is a run and a place in it. Everything a reader does gives another bench; nothing here draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tempmm_lab.errors import ModelError, NotPossible
from tempmm_lab.following import actions_of, empty, ended, extended, next_of, to_the_end, why_not
from tempmm_lab.kernel.builds import Build
from tempmm_lab.kernel.step import Action, action, successors
from tempmm_lab.kernel.system import System
from tempmm_lab.scenarios import Scenario
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.trace import LONGEST, Trace

KINDS = {"s": "step", "i": "IRQ", "n": "NMI", "t": "tick", "p": "IPI", "d": "drain", "f": "fill", "e": "evict"}


@dataclass(frozen=True)
class Bench:
    """A run, a place in it, and perhaps a second build that follows the same schedule.

    Attributes:
        trace: the whole run: what has happened and, after `at`, what is planned.
        at: how many steps of it have happened.
        other: the run of the second build, or None.
        note: what there is to say about the last thing done, "" if nothing.
        plan, aim: the schedule that was asked for, and the place in it. After a knob was changed the run may follow
            only a part of it; when the knob is changed back, it is whole again.
    """

    trace: Trace
    at: int = 0
    other: Trace | None = None
    note: str = ""
    plan: tuple[Action, ...] = ()
    aim: int = 0

    @property
    def scenario(self) -> Scenario:
        """The scenario with its knobs as they are now."""
        return self.trace.scenario

    @property
    def system(self) -> System:
        """The machine after `at` steps."""
        return self.trace[self.at - 1].after if self.at else self.start

    @property
    def start(self) -> System:
        """The machine at the start."""
        return self.trace.first or self.trace.last

    @property
    def other_system(self) -> System | None:
        """The machine of the second build after as many steps, or after its last one."""
        if self.other is None:
            return None
        at = min(self.at, len(self.other))
        return self.other[at - 1].after if at else self.other.first

    @property
    def broken(self) -> dict[str, int]:
        """The rules broken up to here, and in which step first."""
        return {name: step for name, step in self.trace.broken.items() if step <= self.at}


def begin(trace: Trace, compare: Build | str | None = None) -> Bench:
    """Give the bench on which a run has happened, whole; `compare` is a second build."""
    return with_other(_at(Bench(trace), trace, len(trace)), compare)


def _at(bench: Bench, trace: Trace, at: int, note: str = "") -> Bench:
    """Give the bench with this run, at this place, as the reader wants it."""
    if trace.stopped:
        trace = replace(trace, stopped="")
    plan = bench.plan if trace is bench.trace else actions_of(trace)
    return _followed(replace(bench, trace=trace, at=at, note=note, plan=plan, aim=at))


def with_other(bench: Bench, build: Build | str | None) -> Bench:
    """Give the bench with a second build that follows the same schedule, or with none.

    Raises:
        ModelError: there is no such build, or the scenario makes no sense on it.
    """
    if build is None:
        return replace(bench, other=None)
    return _followed(replace(bench, other=empty(bench.scenario.on(build))))


def _followed(bench: Bench) -> Bench:
    """Let the second build follow the schedule as far as it goes; what it has in common with before is kept."""
    if bench.other is None:
        return bench
    wanted, had = actions_of(bench.trace), actions_of(bench.other)
    alike = next((at for at, (a, b) in enumerate(zip(wanted, had, strict=False)) if a != b), min(len(wanted), len(had)))
    kept = replace(bench.other, moments=bench.other.moments[:alike], stopped="")
    return replace(bench, other=extended(kept, wanted[alike:]))


def jump(bench: Bench, at: int) -> Bench:
    """Go to a place in the run."""
    return _at(bench, bench.trace, max(0, min(at, len(bench.trace))))


def do(bench: Bench, wanted: Action) -> Bench:
    """Let one thing happen here. What was planned after it follows as far as it can.

    Raises:
        NotPossible: it cannot happen; the message says why.
    """
    if bench.at < len(bench.trace) and bench.trace[bench.at].action == wanted:
        return jump(bench, bench.at + 1)
    if len(bench.trace) >= LONGEST:
        raise ModelError(f"A run has at most {LONGEST:,} steps. Cut it, or reset the bench.")
    happened = replace(bench.trace, moments=bench.trace.moments[: bench.at], stopped="")
    happened = extended(happened, [wanted])
    if happened.stopped:
        raise NotPossible(happened.stopped.partition(", ")[2])
    planned = actions_of(bench.trace)[bench.at :]
    trace = extended(happened, planned)
    left = len(planned) - (len(trace) - len(happened))
    note = f"{left} of the {len(planned)} planned steps fell away: {trace.stopped}" if left else ""
    return _at(bench, trace, bench.at + 1, note)


def forward(bench: Bench) -> Bench:
    """Take the next planned step; at the end, whatever comes next in order."""
    if bench.at < len(bench.trace):
        return jump(bench, bench.at + 1)
    chosen = next_of(bench.system)
    if chosen is None:
        return replace(bench, note=ended(bench.system))
    return do(bench, chosen)


def run_on(bench: Bench) -> Bench:
    """Go on, as planned and then in order, until a rule breaks or nothing more can happen."""
    trace = bench.trace
    if not any(moment.broken for moment in trace.moments[bench.at :]):
        trace = to_the_end(trace)
    at = next((at for at in range(bench.at + 1, len(trace) + 1) if trace[at - 1].broken), None)
    if at is None:
        return _at(bench, trace, len(trace), ended(trace.last))
    return _at(bench, trace, at, f"Stopped in step {at}, which breaks {', '.join(trace[at - 1].broken)}.")


def planned(bench: Bench) -> Bench:
    """Give something to play: at the end of the run, what comes next in order; if there is nothing, the start."""
    if bench.at < len(bench.trace):
        return bench
    trace = to_the_end(bench.trace)
    return _at(bench, trace, bench.at if len(trace) > bench.at else 0)


def cut(bench: Bench) -> Bench:
    """Forget what is planned after this place."""
    return _at(bench, replace(bench.trace, moments=bench.trace.moments[: bench.at]), bench.at)


def with_knobs(bench: Bench, **knobs: Any) -> Bench:
    """Change knobs, `build` among them, and follow the same schedule as far as it goes.

    Raises:
        ModelError: a knob makes no sense; the message says what would.
    """
    scenario = bench.scenario.story(**{**bench.scenario.knobs, **knobs})
    trace = extended(empty(scenario), bench.plan)
    note = f"Here the schedule stops before its end: {trace.stopped}" if trace.stopped else ""
    at = min(bench.aim, len(trace))
    changed = Bench(replace(trace, stopped=""), at, None, note, bench.plan, bench.aim)
    return with_other(changed, bench.other.scenario.build if bench.other is not None else None)


def load(bench: Bench, text: str | Path) -> Bench:
    """Take a schedule from a replay string, with its build and knobs; the place is its end.

    Raises:
        ModelError: it is no path, or one of another scenario, or of functions that are not at hand.
    """
    path = Path.parse(text) if isinstance(text, str) else text
    story = bench.scenario.story
    if path.scenario != story.name:
        raise ModelError(f"This is a schedule of {path.scenario}, and this bench has {story.name}.")
    near = [bench.scenario.build, *([bench.other.scenario.build] if bench.other is not None else [])]
    build = next((each for each in near if each.name == path.build), path.build)
    trace = extended(empty(story(**{**dict(path.knobs), "build": build})), path)
    note = f"The schedule stops before its end: {trace.stopped}" if trace.stopped else ""
    loaded = Bench(replace(trace, stopped=""), len(trace), None, note, tuple(path), len(path))
    return with_other(loaded, bench.other.scenario.build if bench.other is not None else None)


def choices(bench: Bench) -> Iterator[tuple[Action, str | None]]:
    """Give everything that this scenario may ever let happen, and why it cannot now (None: it can)."""
    knobs, system = bench.scenario.knobs, bench.system
    arrivals = [kind for kind, knob in (("i", "irqs"), ("n", "nmis"), ("t", "ticks")) if knobs[knob]]
    possible = {each for each, _ in successors(system)}
    kinds = ["s", *arrivals, *(["p"] if len(system.cpus) > 1 else []), *(["d"] if system.world.tso else [])]
    for number in range(len(system.cpus)):
        named = [action(kind, number) for kind in kinds]
        named += [action(kind, number, va) for va in system.world.fills for kind in "fe"]
        for each in named:
            yield each, None if each in possible else why_not(system, each)
