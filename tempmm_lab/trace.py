"""Runs: a scenario played by somebody who chooses, moment by moment; and how to tell them.

A trace is states joined by actions. What happened in a moment is read off its two ends (`events`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tempmm_lab.changes import Event, differences
from tempmm_lab.errors import ModelError, NotPossible, a_thing, whole_number
from tempmm_lab.kernel.builds import Build
from tempmm_lab.kernel.step import Action, Outcome, action, successors, take
from tempmm_lab.kernel.system import System
from tempmm_lab.scenarios import STORIES, Scenario
from tempmm_lab.scenarios.paths import Path

LONGEST = 10_000
Choose = Callable[[System, list[Action], int], Action | None]
"""Given a system, what may happen in it, and how many moments there were: what happens, or None to stop."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One action of a run, with the systems around it, the rules it broke and what the kernel printed."""

    before: System
    action: Action
    after: System
    broken: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The kernel function and line that the action is a step of, or what arrived."""
        if self.action.kind != "s":
            return {"i": "IRQ", "n": "NMI", "t": "tick", "p": "IPI", "f": "fill", "e": "evict", "d": "drain"}[
                self.action.kind
            ]
        line = self.before.cpus[self.action.cpu].running[-1].point.line
        return f"{line[0]}:{line[1]}" if line else ""

    @property
    def what(self) -> str:
        """The op that was done, as text."""
        if self.action.kind != "s":
            return str(self.action)
        return str(self.before.cpus[self.action.cpu].running[-1].point.op)


@dataclass(frozen=True)
class Trace(Sequence[Moment]):
    """A run: a sequence of moments, and the scenario it is a run of.

    Attributes:
        scenario: what was played.
        moments: the moments, in order.
        stopped: why it stopped before its end, if it did: an action that could not happen.
    """

    scenario: Scenario
    moments: tuple[Moment, ...]
    stopped: str = ""
    first: System | None = None

    def __len__(self) -> int:
        return len(self.moments)

    def __getitem__(self, place: Any) -> Any:
        """Give a moment, or with a slice the moments there."""
        return self.moments[place]

    def __iter__(self) -> Iterator[Moment]:
        return iter(self.moments)

    @property
    def path(self) -> Path:
        """The run as a schedule."""
        return self.scenario.path(tuple(moment.action for moment in self.moments))

    @property
    def last(self) -> System:
        """The system at the end."""
        return self.moments[-1].after if self.moments else (self.first or self.scenario.system())

    @property
    def broken(self) -> dict[str, int]:
        """The rules that were broken, and in which moment first (counted from 1; 0 is the start)."""
        found: dict[str, int] = {}
        for name, rule in self.scenario.always.items():
            if self.first is not None and not rule(self.first):
                found.setdefault(name, 0)
        for number, moment in enumerate(self.moments, 1):
            for name in moment.broken:
                found.setdefault(name, number)
        return found

    @property
    def reports(self) -> tuple[str, ...]:
        """What the kernel printed, in order."""
        return tuple(text for moment in self.moments for text in moment.reports)

    def text(self) -> str:
        """Give the run as lines: number, CPU, function and line, op, and what changed."""
        lines = [f"{self.scenario}: {len(self)} steps"]
        for number, moment in enumerate(self.moments, 1):
            changes = "; ".join(map(str, events(moment)))
            lines.append(f"{number:4} CPU{moment.action.cpu} {moment.where:34} {moment.what:44} {changes}".rstrip())
            lines += [f"          prints: {text}" for text in moment.reports]
            lines += [f"          BREAKS: {name}" for name in moment.broken]
        if self.stopped:
            lines.append(f"stopped: {self.stopped}")
        return "\n".join(lines)

    def json(self) -> str:
        """Give the run as JSON: one object with the path, and a row per moment."""
        rows = [
            {
                "action": str(moment.action), "where": moment.where, "op": moment.what,
                "events": [str(event) for event in events(moment)], "broken": list(moment.broken),
                "reports": list(moment.reports),
            }
            for moment in self.moments
        ]  # fmt: skip
        return json.dumps({"path": str(self.path), "moments": rows, "stopped": self.stopped, "broken": self.broken})

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Trace(...)" if cycle else self.text())


def events(moment: Moment) -> tuple[Event, ...]:
    """Give what changed in a moment, read off its two systems."""
    return differences(a_thing(moment, Moment, "events() takes a Moment of a Trace.").before, moment.after)


def play(scenario: Scenario, choose: Choose) -> Trace:
    """Play a scenario: at each point `choose` says what happens. It ends when nothing can, or when `choose` stops.

    Choosers: `in_order`, `irq_at(n)`, `random_with(seed)`, `follow(path)`.
    """
    a_thing(scenario, Scenario, "play() takes a scenario, such as text_poke().")
    a_thing(choose, Callable, "Give a chooser, such as in_order or irq_at(12).")
    system = first = scenario.system()
    moments: list[Moment] = []
    stopped = ""
    while len(moments) < LONGEST:
        possible = dict(successors(system))
        try:
            chosen = choose(system, list(possible), len(moments))
            if chosen is None:
                break
            outcome = possible[chosen] if chosen in possible else take(system, chosen)
        except NotPossible as why:
            stopped = f"action {len(moments) + 1} of the path: {why}"
            break
        moments.append(judged(scenario, system, chosen, outcome))
        system = outcome.system
    return Trace(scenario, tuple(moments), stopped, first)


def judged(scenario: Scenario, before: System, chosen: Action, outcome: Outcome) -> Moment:
    """Give an action and what came of it as a moment, with the rules that it broke."""
    after = outcome.system
    broken = [name for name in outcome.violations if name in scenario.rules]
    broken += [name for name, rule in scenario.always.items() if not rule(after) and rule(before)]
    if outcome.reports and "no-report" in scenario.rules:
        broken.append("no-report")
    return Moment(before, chosen, after, tuple(dict.fromkeys(broken)), outcome.reports)


def in_order(_: System, possible: list[Action], __: int) -> Action | None:
    """Let the lowest CPU that can step do so; take an IPI as soon as it can be; no interrupt comes by itself.

    Stores drain at once, so that with store buffers the run is what it is without them.
    """
    drains = [each for each in possible if each.kind == "d"]
    ipis = [each for each in possible if each.kind == "p"]
    steps = [each for each in possible if each.kind == "s"]
    first = drains or ipis or steps
    return first[0] if first else None


def irq_at(moment: int, cpu: int = 0, kind: str = "i") -> Choose:
    """Play in order, but let an interrupt arrive on a CPU after so many moments, or as soon after as it can."""
    whole_number(moment, "the moment")
    wanted = action(kind, whole_number(cpu, "a CPU"))
    fired: list[bool] = []

    def choose(system: System, possible: list[Action], count: int) -> Action | None:
        if count == 0:
            fired.clear()
        if count >= moment and not fired and wanted in possible:
            fired.append(True)
            return wanted
        return in_order(system, possible, count)

    return choose


def random_with(seed: int) -> Choose:
    """Choose at random among everything that may happen; the same seed gives the same run everywhere."""
    number = whole_number(seed, "the seed")
    source = random.Random(number)  # noqa: S311  # a schedule, not a secret

    def choose(_: System, possible: list[Action], count: int) -> Action | None:
        if count == 0:
            source.seed(number)
        return possible[int(source.random() * len(possible))] if possible else None

    return choose


def follow(path: Path | str) -> Choose:
    """Do what a path says. Where an action of it cannot happen, the run stops and says which and why."""
    wanted = tuple(Path.parse(path) if isinstance(path, str) else a_thing(path, Path, "follow() takes a path."))

    def choose(_: System, __: list[Action], count: int) -> Action | None:
        return wanted[count] if count < len(wanted) else None

    return choose


def scenario_of(path: Path | str, build: Build | str | None = None) -> Scenario:
    """Give the scenario that a path belongs to; with `build`, on another kernel.

    Raises:
        ModelError: there is no such scenario or build, or the path was made with a function of somebody's own.
    """
    read = Path.parse(path) if isinstance(path, str) else path
    if read.scenario not in STORIES:
        raise ModelError(f"There is no scenario {read.scenario!r}. There are: {', '.join(STORIES)}.")
    return STORIES[read.scenario](**{**dict(read.knobs), "build": build or read.build})


def replay(path: Path | str, build: Build | str | None = None) -> Trace:
    """Play a path again, on its own build or on another."""
    read = Path.parse(path) if isinstance(path, str) else a_thing(path, Path, "replay() takes a path.")
    return play(scenario_of(read, build), follow(read))
