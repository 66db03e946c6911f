"""How the engine answers: views first, and what they cannot settle by the guided or the exact search.

1. The fixpoint of views. What no view shows cannot happen, for every number of CPUs the roles allow.
2. An alarm is settled by the guided search over whole states: a shortest way to it, or none. If that takes long, the
   exact search says first whether there is a way at all.
3. If the views are too many, or an example is asked for, every whole state is visited on the tables.

A way is played again on the plain model, step by step, before it is reported. The tables are never believed alone.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tempmm_lab.answer import Answer, OutOfLimits, Target
from tempmm_lab.engine.distance import Distances
from tempmm_lab.engine.exhaust import Exhaust
from tempmm_lab.engine.flat import TooWide
from tempmm_lab.engine.guided import Guided, Unsettled
from tempmm_lab.engine.joint import NO_DEADLOCK, Joint
from tempmm_lab.engine.merge import ends_of_quiet_moves
from tempmm_lab.engine.roles import Roles
from tempmm_lab.engine.spots import TooManyViews
from tempmm_lab.engine.tables import Tables
from tempmm_lab.engine.vector import VectorSearch
from tempmm_lab.engine.views import Views
from tempmm_lab.engine.waiting import may_wait_for_ever

MAX_VIEWS = 200_000
SHARED_VIEWS = 20_000
"""The same, while alike CPUs share their views as if there were any number of them."""
BUDGET = 20_000
"""How many whole states a guided search expands before the exact search is asked whether there is a way."""


Late = Callable[[int, int], None]


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
    judged = {("rule", name) for name in views.tables.apart.rules}
    return sorted((target for target in found if target[0] != "rule" or target in judged), key=repr)


@dataclass(slots=True)
class Decision:
    """One answer in the making, for a given number of CPUs.

    Args:
        tables, roles: the model.
        sometimes: by name, what is asked for an example of.
        late: called now and then with (visited, waiting); it raises `OutOfLimits` to stop.
        by_states: whether every whole state is to be visited, with alike CPUs exchanged and quiet steps merged.
    """

    tables: Tables
    roles: Roles
    sometimes: Mapping[str, Callable[[Any], bool]]
    late: Late
    by_states: bool = False
    answer: Answer = field(default_factory=Answer)

    def run(self) -> Answer:
        """Give a shortest way to everything that can go wrong, or as much of that as the limits allow."""
        try:
            if self.sometimes:
                self._every_state()
            else:
                self._by_views()
        except OutOfLimits as limit:
            self.answer.why = str(limit)
        except KeyboardInterrupt:
            self.answer.why = "stopped by Ctrl-C"
        return self.answer

    def _told(self, states: int, waiting: int) -> None:
        self.late(self.answer.visited + states, waiting)

    def _by_views(self) -> None:
        try:
            views = self._views()
        except TooManyViews:
            self._every_state()
            return
        answer = self.answer
        answer.argument = "views"
        answer.visited, answer.moves, answer.covered = views.count, views.moves, combinations(views)
        self.late(answer.visited, 0)
        alarms = set(alarms_of(views))
        if self.by_states:
            search = self._merged(views)
            alarms &= set(search.reached)
            answer.argument = "every state, alike CPUs exchanged and quiet steps merged"
            answer.visited, answer.moves, answer.covered = search.states, search.transitions, None
        if alarms:
            answer.argument += ", and a guided search for each alarm"
            self._settle(views, sorted(alarms))

    def _views(self) -> Views:
        """Give the views. Alike CPUs share theirs, or have each their own if those are too many: then they are few."""
        if self.roles.alike():
            with contextlib.suppress(TooManyViews):
                return fixpoint(self.tables, self.roles, self._told, SHARED_VIEWS)
            return fixpoint(self.tables, self.roles.apart(), self._told)
        return fixpoint(self.tables, self.roles, self._told)

    def _settle(self, views: Views, alarms: list[Target]) -> None:
        distances, joint = Distances(views), Joint(self.tables, self.roles)
        possible: set[Target] | None = None
        for target in alarms:
            guide = distances.to_standstill() if target == NO_DEADLOCK else distances.to(target)
            search = Guided(joint, target, guide, self._told)
            try:
                way = search.run(BUDGET)
            except Unsettled:
                if possible is None:
                    possible = set(self._merged(views).reached)
                way = search.run() if target in possible else None
            self.answer.visited += search.expanded
            if way is not None:
                self.answer.ways[target] = way

    def _merged(self, views: Views) -> Exhaust | VectorSearch:
        """Visit every whole state but those that are passed over."""
        joint = Joint(self.tables, self.roles, ends=ends_of_quiet_moves(views))
        search = self._searched(joint)
        self.late(self.answer.visited + search.states, 0)
        return search

    def _searched(self, joint: Joint) -> Exhaust | VectorSearch:
        if importlib.util.find_spec("numpy") is not None:
            with contextlib.suppress(TooWide):
                fast = VectorSearch(joint, self._told)
                fast.run()
                return fast
        search = Exhaust(joint, {}, self._told)
        search.run()
        return search

    def _every_state(self) -> None:
        """Visit every whole state, and keep the ways."""
        answer = self.answer
        answer.argument = "every state, from tables"
        alike = not self.sometimes  # a question about the whole state may tell alike CPUs apart
        search = Exhaust(Joint(self.tables, self.roles, symmetry=alike), self.sometimes, self._told)
        try:
            search.run()
        finally:
            answer.ways = search.ways()
            answer.visited, answer.moves, answer.covered = search.states, search.transitions, search.covered


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
