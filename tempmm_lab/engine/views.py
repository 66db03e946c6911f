"""The proof by views: one CPU at a time, for any number of CPUs.

A *view* is one CPU's own state together with the shared values. From every view the CPU's own moves lead to further
views. A move that writes cells or sends something is also an *effect*: it changes the view of every other CPU that
has the same shared values. The fixpoint of both holds the view of each CPU in each reachable state, however many
CPUs there are:

    By induction over the steps of a run. The CPU that moves goes from a view to a view by its own move. Any other CPU
    either sees nothing of it, or its view changes as the effect says, and that effect was made from a view with the
    same shared values: the mover's.

It holds more than that, for it does not know who is where at the same time. So a rule that no view breaks holds for
every number of CPUs, while a view that breaks one is an *alarm* and proves nothing. Three facts keep alarms down. Each
excludes only what cannot be:

* *One player.* A role that one CPU plays never acts on itself.
* *Locks.* Two CPUs that hold the same lock are never in one state (the tables check each lock's cell against who holds
  it), so neither's effect reaches the other.
* *Questions.* A move that needs that no other CPU satisfies a clause does not reach a view that satisfies it. A move
  that needs that some CPU does is kept waiting until there is such a view.

A CPU's questions and sends leave no trace in the cells. So the engine keeps a *journal*: for each role that one CPU
plays, and for each lock, the last move of its player or holder that asked or sent, with the answers, or that wrote a
cell which two roles write. A journal is written by the mover alone and read by nobody, so it excludes nothing that can
be; it only tells shared values apart.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from tempmm_lab.answer import Target
from tempmm_lab.engine.edges import Edge
from tempmm_lab.engine.roles import Roles
from tempmm_lab.engine.spots import Contended, Effect, Journals, Spot, TooManyViews, View
from tempmm_lab.engine.tables import Tables


class Views:
    """The fixpoint: every view of every CPU.

    Args:
        tables: what each CPU can do.
        roles: who plays which part.
        limit: give up after so many views.
        late: called now and then with the number of views; it raises to stop.
    """

    def __init__(
        self, tables: Tables, roles: Roles, limit: int = 200_000, late: Callable[[int, int], None] | None = None
    ) -> None:
        self.tables = tables
        self.roles = roles
        self.limit = limit
        self.late = late
        self.steps = 0
        self._contended: set[Hashable] = set()
        self._clear()

    def run(self) -> None:
        """Reach the fixpoint.

        Raises:
            TooManyViews: the limit was reached first.
        """
        while True:
            self._clear()
            with contextlib.suppress(Contended):
                self._reach()
                return

    def _clear(self) -> None:
        self.spots: list[Spot] = []
        self._spot_ids: dict[tuple[int, tuple[Any, ...]], int] = {}
        self._queue: deque[tuple[int, View]] = deque()
        self._writers: dict[Hashable, int] = {}
        self.count = 0
        self.moves = 0

    def _reach(self) -> None:
        begin = self._spot(self.tables.first_shared, ())
        for role, own in enumerate(self.roles.starts):
            self._add(begin, (role, own))
        while self._queue:
            if self.count > self.limit:
                raise TooManyViews
            if self.late is not None and not self.steps & 63:
                self.late(self.count, len(self._queue))
            self._expand(*self._queue.popleft())

    def _spot(self, shared: int, journals: Journals) -> int:
        key = (shared, journals)
        number = self._spot_ids.get(key)
        if number is None:
            number = self._spot_ids[key] = len(self.spots)
            self.spots.append(Spot(shared, journals))
        return number

    def _add(self, number: int, view: View) -> None:
        views = self.spots[number].views
        if view not in views:
            views[view] = None
            self.count += 1
            self._queue.append((number, view))

    def _expand(self, number: int, view: View) -> None:
        """Follow a view's own moves; let every effect here act on it; see whether a parked move waited for it."""
        self.steps += 1
        spot = self.spots[number]
        for edge in self.tables.place(view[1], spot.shared).edges:
            if edge.private:
                self.moves += 1
                self._add(number, (view[0], edge.own))
            elif self.possible(spot, view, edge):
                self._take(number, view, edge)
            else:
                spot.parked.append((view, edge))
        for effect in list(spot.effects):
            self._apply(effect, view)
        if spot.parked:
            self._unpark(number, spot)

    def _unpark(self, number: int, spot: Spot) -> None:
        for waiting, edge in list(spot.parked):
            if self.possible(spot, waiting, edge):
                spot.parked.remove((waiting, edge))
                self._take(number, waiting, edge)

    def _take(self, number: int, view: View, edge: Edge) -> None:
        self.moves += 1
        spot = self.spots[number]
        after = self.after(spot, view, edge)
        self._add(after, (view[0], edge.own))
        if after != number or edge.sends:
            effect = self.effect(view, edge, after)
            if effect not in spot.effects:
                spot.effects[effect] = None
                for other in list(spot.views):
                    self._apply(effect, other)

    def _apply(self, effect: Effect, view: View) -> None:
        after = self.reached(effect, view)
        if after is not None:
            self._add(effect.spot, after)

    def after(self, spot: Spot, view: View, edge: Edge) -> int:
        """Give the spot that a move leads to: its writes, and its journals."""
        journals = spot.journals
        self._note_writer(view[0], edge)
        if edge.asks or edge.sends or edge.writes or self.tables.held(view[1]) != self.tables.held(edge.own):
            journals = self._journals(spot, view, edge)
        return self._spot(edge.shared, journals)

    def _journals(self, spot: Spot, view: View, edge: Edge) -> Journals:
        kept = dict(spot.journals)
        before, now = self.tables.held(view[1]), self.tables.held(edge.own)
        for lock in before - now:
            kept.pop(("lock", lock), None)
        writes = tuple(cell for cell in edge.writes if cell in self._contended)
        if edge.asks or edge.sends or writes:
            entry = (edge.asks, edge.sends, writes)
            if self.roles.one[view[0]]:
                kept["role", view[0]] = entry
            else:
                kept |= {("lock", lock): entry for lock in now}
        return tuple(sorted(kept.items(), key=lambda item: repr(item[0])))

    def _note_writer(self, role: int, edge: Edge) -> None:
        """See whether a second role writes a cell: then its writes go into the journals, from the start."""
        for cell in edge.writes:
            first = self._writers.setdefault(cell, role)
            if first != role and cell not in self._contended:
                self._contended.add(cell)
                raise Contended

    def effect(self, view: View, edge: Edge, after: int) -> Effect:
        """Give what a move does to others."""
        none = tuple(clauses for clauses, answer in edge.asks if answer)
        role = view[0] if self.roles.one[view[0]] else -1
        return Effect(after, edge.sends, none, role, self.tables.held(view[1]))

    def reached(self, effect: Effect, view: View) -> View | None:
        """Give the view that an effect leads to; None if the two CPUs can't be in one state."""
        role, own = view
        if role == effect.role or (effect.held and not effect.held.isdisjoint(self.tables.held(own))):
            return None
        for clauses in effect.none:
            if self.tables.satisfies(own, clauses):
                return None
        return (role, self.tables.receives(own, effect.sends)) if effect.sends else view

    def possible(self, spot: Spot, view: View, edge: Edge) -> bool:
        """Say whether for each answer "some other CPU does" there is a view that could be that CPU."""
        return all(answer or self._witness(spot, view, clauses) for clauses, answer in edge.asks)

    def _witness(self, spot: Spot, view: View, clauses: Hashable) -> bool:
        held = self.tables.held(view[1])
        alone = self.roles.one[view[0]]
        for role, own in spot.views:
            if alone and role == view[0]:
                continue
            if self.tables.satisfies(own, clauses) and held.isdisjoint(self.tables.held(own)):
                return True
        return False

    def all(self) -> Iterator[tuple[int, View]]:
        """Give every view with the number of its spot."""
        for number, spot in enumerate(self.spots):
            for view in spot.views:
                yield number, view

    def alarms(self) -> set[Target]:
        """Give every rule that some view breaks, and every report that some view prints."""
        found: set[Target] = set()
        for number, view in self.all():
            place = self.tables.place(view[1], self.spots[number].shared)
            found.update(place.broken)
            for edge in place.edges:
                if edge.targets and self.possible(self.spots[number], view, edge):
                    found.update(edge.targets)
        return found
