"""The guided search: a shortest way to break one rule, found by looking first where it can be near.

This is A* over whole states. How many steps are left, at least, is read off the views (see `distance`). A state from
which the views lead nowhere near is dropped. The count is never too great, and a state that is reached again by a
shorter way is taken up again. So the first way out of the queue is a shortest one; and if the queue runs dry, there is
none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tempmm_lab.answer import Target
from tempmm_lab.engine.distance import FAR, Guide
from tempmm_lab.engine.edges import Edge
from tempmm_lab.engine.joint import NO_DEADLOCK, Joint, State


class Unsettled(Exception):
    """The budget is used up, and neither a way nor its absence is known."""


class Guided:
    """One search.

    Args:
        joint: the whole states.
        target: ("rule", name) or ("report", text).
        guide: from each view, at least how many steps are left.
        late: called now and then with the number of states; it raises to stop.
    """

    def __init__(self, joint: Joint, target: Target, guide: Guide, late: Callable[[int, int], None]) -> None:
        self.joint = joint
        self.target = target
        self.guide = guide
        self.late = late
        self.expanded = 0
        self._came: dict[State, tuple[int, State | None, int, Edge | None]] = {}
        self._queue: list[list[State]] = []
        self._left: dict[State, int] = {}
        self._cost = 0
        self._taken: dict[State, int] = {}
        self._ends: dict[int, tuple[State, int, Edge]] = {}  # by length: a step that is what is sought

    def run(self, budget: int = FAR) -> tuple[Any, ...] | None:
        """Give the actions of a shortest way; None if there is no way at all.

        Raises:
            Unsettled: so many states were not enough. It can be called again and goes on.
        """
        if not self._came:
            self._meet(0, self.joint.start, 0, None, 0, None)
        stop = self.expanded + budget
        while self._cost < len(self._queue):
            if self._cost in self._ends:
                return self._laid_out(*self._ends[self._cost])
            if not self._queue[self._cost]:
                self._cost += 1
                continue
            if self.expanded >= stop:
                raise Unsettled
            state = self._queue[self._cost].pop()
            steps = self._came[state][0]
            if self._taken.get(state, FAR) <= steps:
                continue  # done, by a way as short
            self._taken[state] = steps
            if self._left[state] == 0 and self._is_there(state):
                return self._laid_out(state)
            self._expand(self._cost, state, steps)
        return None

    def _room(self, cost: int) -> list[State]:
        while len(self._queue) <= cost:
            self._queue.append([])
        return self._queue[cost]

    def _meet(self, cost: int, state: State, steps: int, came: State | None, cpu: int, edge: Edge | None) -> None:
        known = self._came.get(state)
        if known is not None and known[0] <= steps:
            return
        left = self._left.get(state)
        if left is None:
            left = self._left[state] = self._far(state)
        if left == FAR:
            return
        self._came[state] = (steps, came, cpu, edge)
        self._room(max(cost, steps + left)).append(state)

    def _far(self, state: State) -> int:
        shared, roles = state[-1], self.guide.roles
        return self.guide.left([(role, own, shared) for role, own in zip(roles, state[:-1], strict=True)])

    def _is_there(self, state: State) -> bool:
        if self.target == NO_DEADLOCK:
            return self.joint.stuck(state)
        return self.target in self.joint.broken(state)

    def _expand(self, cost: int, state: State, steps: int) -> None:
        self.expanded += 1
        if not self.expanded & 63:
            self.late(self.expanded, len(self._came) - self.expanded)
        for cpu, edge, after in self.joint.successors(state):
            if self.target in edge.targets and steps + 1 not in self._ends:
                self._ends[steps + 1] = (state, cpu, edge)
                self._room(steps + 1)
            self._meet(cost, after, steps + 1, state, cpu, edge)

    def _laid_out(self, state: State, cpu: int = 0, edge: Edge | None = None) -> tuple[Any, ...]:
        """Give the actions that lead to a state, and one more if it is given."""
        steps = [] if edge is None else [(state, cpu, edge)]
        _, came, cpu, edge = self._came[state]
        while came is not None and edge is not None:
            steps.append((came, cpu, edge))
            _, came, cpu, edge = self._came[came]
        return self.joint.laid_out(steps[::-1])
