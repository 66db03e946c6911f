"""The plain search: every interleaving of a model, breadth first, so that what is found is found by a shortest way.

It is the judge of the fast engine, and stays simple: whole states, no merging, no memory but of what was visited.
This file knows nothing of x86. A model says where it starts, what may happen next, and what must always hold.
Words as in Stateright: actions, always, sometimes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

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


class Search:
    """One exploration under way: what has been seen, from where, and what was found."""

    def __init__(self, model: Explorable, max_states: int, stop_at: float | None, progress: Progress | None) -> None:
        self.model = model
        self.max_states = max_states
        self.stop_at = stop_at
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
