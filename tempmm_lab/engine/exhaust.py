"""The exact search on tables: every whole state for a given number of CPUs, breadth first.

It does what the plain search does, in the same order of lengths, at the cost of a table look-up a step. States that
are the same but for the numbers of alike CPUs are visited once (see `joint`). So a first way found is a shortest one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tempmm_lab.answer import Target
from tempmm_lab.engine.edges import Edge
from tempmm_lab.engine.joint import NO_DEADLOCK, Joint, State


class Exhaust:
    """One exact search.

    Args:
        joint: the whole states.
        sometimes: by name, what is asked for an example of: a question about the whole state.
        late: called now and then with (states, waiting); it raises to stop.

    Attributes:
        states, transitions: how many were visited; `covered` counts all arrangements of alike CPUs.
        reached: for each rule, report and example that can be reached, the length of a shortest way.
    """

    def __init__(
        self, joint: Joint, sometimes: Mapping[str, Callable[[Any], bool]], late: Callable[[int, int], None]
    ) -> None:
        self.joint = joint
        self.sometimes = dict(sometimes)
        self.late = late
        self.transitions = self.covered = 0
        self.reached: dict[Target, int] = {}
        self._ends: dict[Target, tuple[State, int, Edge | None]] = {}
        self._came: dict[State, tuple[State, int, Edge] | None] = {}
        self._frontier: list[State] = []
        self._length = 0

    @property
    def states(self) -> int:
        """How many states were visited."""
        return len(self._came)

    def run(self) -> None:
        """Visit every state."""
        self._meet(self.joint.start, None)
        while self._frontier:
            frontier, self._frontier = self._frontier, []
            for number, state in enumerate(frontier):
                if not number & 63:
                    self.late(self.states, len(frontier) - number + len(self._frontier))
                self._expand(state)
            self._length += 1

    def _meet(self, state: State, came: tuple[State, int, Edge] | None) -> None:
        if state in self._came:
            return
        self._came[state] = came
        self.covered += self.joint.stands_for(state)
        self._frontier.append(state)
        length = self._length + (came is not None)
        for target in self.joint.broken(state):
            self._note(target, length, state)
        for name, happens in list(self.sometimes.items()):
            if happens(self._whole(state)):
                del self.sometimes[name]
                self._note(("example", name), length, state)

    def _whole(self, state: State) -> Any:
        tables = self.joint.tables
        owns = tuple(tables.owns[own] for own in state[:-1])
        return tables.apart.together(owns, tables.values[state[-1]])

    def _expand(self, state: State) -> None:
        last = True
        for cpu, edge, after in self.joint.successors(state):
            self.transitions += 1
            last = last and not self.joint.tables.apart.goes_on(edge.action)
            for target in edge.targets:
                self._note(target, self._length + 1, state, cpu, edge)
            self._meet(after, (state, cpu, edge))
        if last and NO_DEADLOCK not in self.reached and self.joint.stuck(state):
            self._note(NO_DEADLOCK, self._length, state)

    def _note(self, target: Target, length: int, state: State, cpu: int = 0, edge: Edge | None = None) -> None:
        """Note an end, unless there is one as near."""
        if length < self.reached.get(target, length + 1):
            self.reached[target] = length
            self._ends[target] = (state, cpu, edge)

    def ways(self) -> dict[Target, tuple[Any, ...]]:
        """Give a shortest way to each; not for a search that passed states over."""
        return {target: self._way(*end) for target, end in self._ends.items()}

    def _way(self, state: State, cpu: int, edge: Edge | None) -> tuple[Any, ...]:
        steps = [] if edge is None else [(state, cpu, edge)]
        came = self._came[state]
        while came is not None:
            steps.append(came)
            came = self._came[came[0]]
        return self.joint.laid_out(steps[::-1])
