"""The plain search for a shortest run that reaches a goal under conditions: breadth first, every interleaving."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from tempmm_lab.assess.exercises.keys.break_monitors import DEAD, Monitor, When
from tempmm_lab.kernel.actions import Action
from tempmm_lab.kernel.step import successors
from tempmm_lab.kernel.system import System
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.scenarios.scenario import Scenario
from tempmm_lab.trace import Moment, judged

Places = tuple[int, ...]
Node = tuple[System, Places]


def followed(conditions: Sequence[Monitor], places: Places, moment: Moment) -> Places:
    """Give where the monitors are after a moment. One that is spoilt stays so."""
    pairs = zip(conditions, places, strict=True)
    return tuple(place if place == DEAD else each.follow(place, moment) for each, place in pairs)


def all_hold(conditions: Sequence[Monitor], places: Places) -> bool:
    """Say whether every condition holds of a run that ends here."""
    return all(each.holds(place) for each, place in zip(conditions, places, strict=True))


def shortest(scenario: Scenario, goal: When, conditions: Sequence[Monitor], *, again: bool) -> Path | None:
    """Give a shortest run whose last moment is the goal, under all conditions; None if there is none.

    With `again` the goal may have been passed before; without it, a run ends where it first reaches the goal.
    """
    first: Node = (scenario.system(), (0,) * len(conditions))
    parents: dict[Node, tuple[Node, Action] | None] = {first: None}
    queue = deque([first])
    while queue:
        node = queue.popleft()
        for moment, places in _next(scenario, node, conditions):
            reached = goal(moment)
            if reached and all_hold(conditions, places):
                return scenario.path((*_way(parents, node), moment.action))
            after = (moment.after, places)
            if after not in parents and (again or not reached) and DEAD not in places:
                parents[after] = (node, moment.action)
                queue.append(after)
    return None


def _next(scenario: Scenario, node: Node, conditions: Sequence[Monitor]) -> Iterator[tuple[Moment, Places]]:
    system, places = node
    for chosen, outcome in successors(system):
        moment = judged(scenario, system, chosen, outcome)
        yield moment, followed(conditions, places, moment)


def _way(parents: dict[Any, Any], node: Any) -> tuple[Action, ...]:
    actions = []
    came = parents[node]
    while came is not None:
        actions.append(came[1])
        came = parents[came[0]]
    return tuple(reversed(actions))
