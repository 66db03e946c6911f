"""Exploring every interleaving of a model, breadth first, so that what is found is found by a shortest way.

This file knows nothing of x86. A model says where it starts, what may happen next, and what must always hold.
Words as in Stateright: actions, always, sometimes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tempmm_lab.cycles import find_cycle
from tempmm_lab.errors import ModelError, a_thing, whole_number
from tempmm_lab.report import Report

MAX_STATES = 2_000_000
Rule = Callable[[Any], bool]
Next = tuple[Any, Any, tuple[str, ...], tuple[str, ...]]
"""(action, next state, rules broken by the step itself, reports printed in it)"""
Progress = Callable[[int, int], None]


class Explorable(Protocol):
    """What can be explored."""

    @property
    def always(self) -> Mapping[str, Rule]: ...  # noqa: D102
    @property
    def sometimes(self) -> Mapping[str, Rule]: ...  # noqa: D102
    def first(self) -> Iterable[Any]: ...  # noqa: D102
    def successors(self, state: Any) -> Iterable[Next]: ...  # noqa: D102
    def stuck(self, state: Any, actions: list[Any]) -> bool: ...  # noqa: D102
    def path(self, actions: tuple[Any, ...]) -> Any: ...  # noqa: D102


@dataclass(frozen=True)
class Model:
    """A model of anything: `actions(state)` gives what may happen, `step(state, action)` what comes of it (or None)."""

    init: Iterable[Any]
    actions: Callable[[Any], Iterable[Any]]
    step: Callable[[Any, Any], Any]
    always: Mapping[str, Rule] = field(default_factory=dict)
    sometimes: Mapping[str, Rule] = field(default_factory=dict)

    def first(self) -> Iterable[Any]:
        """Give the states it may start in."""
        return self.init

    def successors(self, state: Any) -> Iterator[Next]:
        """Give every action and what comes of it."""
        for action in self.actions(state):
            after = self.step(state, action)
            if after is not None:
                yield action, after, (), ()

    def stuck(self, state: Any, actions: list[Any]) -> bool:
        """Say whether it is wrong that nothing more can happen. Not here."""
        del state, actions
        return False

    def path(self, actions: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give the actions as they are."""
        return actions


class _Search:
    """One exploration under way: what has been seen, from where, and what was found."""

    def __init__(self, model: Explorable, max_states: int, deadline: float | None, progress: Progress | None) -> None:
        self.model = model
        self.max_states = max_states
        self.stop_at = None if deadline is None else time.monotonic() + deadline
        self.progress = progress
        self.next_word = time.monotonic() + 1
        self.parents: dict[Any, tuple[Any, Any] | None] = {}
        self.queue: deque[Any] = deque()
        self.transitions = 0
        self.broken: dict[str, Any] = {}
        self.examples: dict[str, Any] = {}
        self.reports: dict[str, Any] = {}
        self.edges: dict[Any, list[tuple[Any, Any]]] | None = None

    def run(self) -> str:
        """Explore; give why it stopped early, or nothing."""
        try:
            for state in self.model.first():
                self.meet(state, None)
            while self.queue:
                if len(self.parents) > self.max_states:
                    return f"stopped after {self.max_states:,} states"
                if self.late():
                    return "stopped at the deadline"
                self.expand(self.queue.popleft())
        except KeyboardInterrupt:
            return "stopped by Ctrl-C"
        return ""

    def late(self) -> bool:
        """Say whether the time is up; give a sign of life now and then."""
        now = time.monotonic()
        if self.progress and now > self.next_word:
            self.next_word = now + 0.5
            self.progress(len(self.parents), len(self.queue))
        return self.stop_at is not None and now > self.stop_at

    def meet(self, state: Any, came: tuple[Any, Any] | None) -> None:
        """Note a state that is new, and what it shows."""
        if state in self.parents:
            return
        self.parents[state] = came
        self.queue.append(state)
        for name, rule in self.model.always.items():
            if name not in self.broken and not rule(state):
                self.broken[name] = self.way(state)
        for name, rule in self.model.sometimes.items():
            if name not in self.examples and rule(state):
                self.examples[name] = self.way(state)

    def expand(self, state: Any) -> None:
        """Take every action that may happen in a state."""
        actions = []
        for action, after, violations, reports in self.model.successors(state):
            self.transitions += 1
            actions.append(action)
            self.meet(after, (state, action))
            if self.edges is not None:
                self.edges.setdefault(state, []).append((action, after))
            for name in violations:
                self.broken.setdefault(name, None)
                self.broken[name] = self.broken[name] or (*self.way(state), action)
            for text in reports:
                self.reports.setdefault(text, None)
                self.reports[text] = self.reports[text] or (*self.way(state), action)
        if "no-deadlock" not in self.broken and self.model.stuck(state, actions):
            self.broken["no-deadlock"] = self.way(state)

    def way(self, state: Any) -> tuple[Any, ...]:
        """Give the actions of a shortest way to a state."""
        actions = []
        came = self.parents[state]
        while came is not None:
            actions.append(came[1])
            came = self.parents[came[0]]
        return tuple(reversed(actions))


def explore(
    scenario: Explorable,
    *,
    max_states: int = MAX_STATES,
    deadline: float | None = None,
    progress: Progress | None = None,
    reduce: bool = True,
    cycles: bool = False,
) -> Report:
    """Try every interleaving of a scenario, or of a `Model`, and report what can go wrong.

    Args:
        scenario: such as `efi_call(build="posted")`.
        max_states: stop after so many states; the report then says that it is partial.
        deadline: stop after so many seconds; the same.
        progress: called with (states so far, states waiting) about twice a second, once a second has passed.
        reduce: accepted for later; every interleaving is tried either way.
        cycles: look also for a cycle of CPU steps, that is a run that never ends.

    Ctrl-C gives the report so far.

    Raises:
        ModelError: the arguments make no sense, or code on the machine was misused.
    """
    if not hasattr(scenario, "successors"):
        raise ModelError(f"explore() takes a scenario, such as efi_call(build='posted'), not {scenario!r}.")
    a_thing(reduce, bool, "reduce is True or False.")
    if deadline is not None and not isinstance(deadline, int | float):
        raise ModelError(f"deadline is a number of seconds, such as 10, not {deadline!r}.")
    search = _Search(scenario, whole_number(max_states, "max_states"), deadline, progress)
    if cycles:
        search.edges = {}
    why = search.run()
    cycle = find_cycle(search.parents, search.edges or {}, search.way) if cycles else None
    return _report(scenario, search, why, cycle)


def _report(scenario: Any, search: _Search, why: str, cycle: Any) -> Report:
    def found(ways: dict[str, Any]) -> dict[str, Any]:
        ordered = sorted(ways.items(), key=lambda item: (len(item[1]), item[0]))
        return {name: scenario.path(way) for name, way in ordered}

    return Report(
        states=len(search.parents),
        transitions=search.transitions,
        complete=not why,
        cpus=getattr(scenario, "cpus", 0),
        counterexamples=found({k: v for k, v in search.broken.items() if k in getattr(scenario, "rules", (k,))}),
        examples=found(search.examples),
        reports=found(search.reports),
        rules=tuple(getattr(scenario, "rules", tuple(scenario.always))),
        why=why,
        name=str(scenario) if hasattr(scenario, "rules") else type(scenario).__name__,
        cycle=None if cycle is None else scenario.path(cycle),
    )
