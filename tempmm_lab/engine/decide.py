"""How the engine answers: views first, and what they cannot settle by the guided or the exact search.

1. The fixpoint of views. What no view shows cannot happen, for every number of CPUs the roles allow.
2. An alarm is settled by the guided search over whole states: a shortest way to it, or none.
3. If the views are too many, or an example is asked for, every whole state is visited on the tables.

A way is played again on the plain model, step by step, before it is reported. The tables are never believed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tempmm_lab.engine.apart import Target
from tempmm_lab.engine.distance import Distances
from tempmm_lab.engine.exhaust import Exhaust
from tempmm_lab.engine.guided import Guided
from tempmm_lab.engine.joint import NO_DEADLOCK, Joint
from tempmm_lab.engine.roles import Roles
from tempmm_lab.engine.tables import Tables
from tempmm_lab.engine.views import TooManyViews, Views
from tempmm_lab.engine.waiting import may_wait_for_ever

MAX_VIEWS = 200_000


class OutOfLimits(Exception):
    """A limit of the caller's was reached; its text says which."""


Late = Callable[[int, int], None]


@dataclass(slots=True)
class Answer:
    """What the engine found.

    Attributes:
        ways: for each ("rule", name), ("report", text) and ("example", name) that can be reached, a shortest way.
        visited: how many views and whole states were looked at; `moves` how many moves of theirs.
        covered: how many whole states that speaks of, at most; None if there is no telling.
        argument: how the answer was found.
        why: what stopped it, if anything did.
    """

    ways: dict[Target, tuple[Any, ...]] = field(default_factory=dict)
    visited: int = 0
    moves: int = 0
    covered: int | None = None
    argument: str = ""
    why: str = ""


def fixpoint(tables: Tables, roles: Roles, late: Late, limit: int = MAX_VIEWS) -> Views:
    """Give the views of a model.

    Raises:
        TooManyViews: there are more than the limit.
    """
    views = Views(tables, roles, limit, late)
    views.run()
    return views


def alarms_of(views: Views) -> list[Target]:
    """Give what some view shows, in a fixed order. It may still be impossible."""
    found = views.alarms()
    if may_wait_for_ever(views):
        found.add(NO_DEADLOCK)
    return sorted(found, key=repr)


def decide(
    tables: Tables,
    roles: Roles,
    sometimes: Mapping[str, Callable[[Any], bool]],
    late: Late,
    views_limit: int = MAX_VIEWS,
) -> Answer:
    """Answer for a given number of CPUs: a shortest way to everything that can go wrong."""
    answer = Answer()
    try:
        if sometimes:
            _every_state(answer, tables, roles, sometimes, late)
        else:
            _by_views(answer, tables, roles, late, views_limit)
    except TooManyViews:
        _try_every_state(answer, tables, roles, late)
    except OutOfLimits as limit:
        answer.why = str(limit)
    except KeyboardInterrupt:
        answer.why = "stopped by Ctrl-C"
    return answer


def _try_every_state(answer: Answer, tables: Tables, roles: Roles, late: Late) -> None:
    try:
        _every_state(answer, tables, roles, {}, late)
    except OutOfLimits as limit:
        answer.why = str(limit)
    except KeyboardInterrupt:
        answer.why = "stopped by Ctrl-C"


def _by_views(answer: Answer, tables: Tables, roles: Roles, late: Late, limit: int) -> None:
    answer.argument = "views"

    def told(views: int, waiting: int) -> None:
        answer.visited = views
        late(views, waiting)

    views = fixpoint(tables, roles, told, limit)
    answer.visited, answer.moves = views.count, views.moves
    answer.covered = combinations(views)
    alarms = alarms_of(views)
    if alarms:
        answer.argument = "views, and a guided search for each alarm"
        _settle(answer, Joint(tables, roles), Distances(views), alarms, late)


def _settle(answer: Answer, joint: Joint, distances: Distances, alarms: list[Target], late: Late) -> None:
    for target in alarms:
        guide = distances.to_standstill() if target == NO_DEADLOCK else distances.to(target)
        before = answer.visited

        def told(states: int, waiting: int, before: int = before) -> None:
            answer.visited = before + states
            late(answer.visited, waiting)

        search = Guided(joint, target, guide, told)
        way = search.run()
        answer.visited = before + search.expanded
        if way is not None:
            answer.ways[target] = way


def _every_state(
    answer: Answer, tables: Tables, roles: Roles, sometimes: Mapping[str, Callable[[Any], bool]], late: Late
) -> None:
    answer.argument = "every state, from tables"
    search = Exhaust(Joint(tables, roles), sometimes, late)
    try:
        search.run()
    finally:
        answer.ways = search.ways
        answer.visited, answer.moves, answer.covered = len(search.came), search.transitions, search.covered


def combinations(views: Views) -> int:
    """Give how many whole states can be put together of views with the same shared values."""
    there: dict[int, list[set[int]]] = {}
    for number, (role, own) in views.all():
        sets = there.setdefault(views.spots[number].shared, [set() for _ in views.roles.starts])
        sets[role].add(own)
    total = 0
    for sets in there.values():
        product = 1
        for role in views.roles.of:
            product *= len(sets[role])
        total += product
    return total
