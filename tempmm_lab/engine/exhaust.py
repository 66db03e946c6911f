"""The exact search on tables: every whole state for a given number of CPUs, breadth first.

It does what the plain search does, in the same order of lengths, at the cost of a table look-up a step. States that
are the same but for the numbers of alike CPUs are visited once (see `joint`). So a first way found is a shortest one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tempmm_lab.engine.apart import Target
from tempmm_lab.engine.joint import NO_DEADLOCK, Joint, State
from tempmm_lab.engine.tables import Edge


class Exhaust:
    """One exact search.

    Args:
        joint: the whole states.
        sometimes: by name, what is asked for an example of: a question about the whole state.
        late: called now and then with (states, waiting); it raises to stop.
    """

    def __init__(
        self, joint: Joint, sometimes: Mapping[str, Callable[[Any], bool]], late: Callable[[int, int], None]
    ) -> None:
        self.joint = joint
        self.sometimes = dict(sometimes)
        self.late = late
        self.came: dict[State, tuple[State, int, Edge] | None] = {}
        self.transitions = 0
        self.covered = 0
        self.ways: dict[Target, tuple[Any, ...]] = {}
        self._frontier: list[State] = []

    def run(self) -> None:
        """Visit every state; `ways` then has a shortest way to each rule, report and example that can be reached."""
        self._meet(self.joint.start, None)
        while self._frontier:
            frontier, self._frontier = self._frontier, []
            for number, state in enumerate(frontier):
                if not number & 255:
                    self.late(len(self.came), len(frontier) - number + len(self._frontier))
                self._expand(state)

    def _meet(self, state: State, came: tuple[State, int, Edge] | None) -> None:
        if state in self.came:
            return
        self.came[state] = came
        self.covered += self.joint.stands_for(state)
        self._frontier.append(state)
        for target in self.joint.broken(state):
            self._note(target, state)
        for name, happens in list(self.sometimes.items()):
            if happens(self._whole(state)):
                del self.sometimes[name]
                self._note(("example", name), state)

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
                self._note(target, state, cpu, edge)
            self._meet(after, (state, cpu, edge))
        if last and NO_DEADLOCK not in self.ways and self.joint.stuck(state):
            self._note(NO_DEADLOCK, state)

    def _note(self, target: Target, state: State, cpu: int = 0, edge: Edge | None = None) -> None:
        """Note a way, unless there is one as short."""
        known = self.ways.get(target)
        if known is not None and len(known) <= self._length(state) + (edge is not None):
            return
        steps = [] if edge is None else [(state, cpu, edge)]
        came = self.came[state]
        while came is not None:
            steps.append(came)
            came = self.came[came[0]]
        self.ways[target] = self.joint.laid_out(steps[::-1])

    def _length(self, state: State) -> int:
        length, came = 0, self.came[state]
        while came is not None:
            length, came = length + 1, self.came[came[0]]
        return length
