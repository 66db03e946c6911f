"""Merged steps: what nobody can see or disturb is done at once.

A CPU's own state is *quiet* if, whatever the shared values it was met with, none of its moves writes a cell, asks,
sends, breaks a rule, prints or ends its program, if no clause that anybody asks about changes its truth by them, and
if nothing is ever sent to the CPU there. (If something is, the state after the delivery must be quiet too, and go on
to what the delivery makes of the next states.) Then each of its moves can be done before whatever other CPUs do next,
and the result is the same: they see nothing of it, and change nothing that it reads.

So in every run the quiet moves can be drawn forward, and the exact search need not stop at quiet states: a move that
leads to one leads at once to all the states at the ends of quiet moves. Which rules can be broken, what can be printed
and whether all can wait for ever stays the same. Lengths do not. Reads need not be known for this: the views show
every own state with all shared values that it can meet.
"""

from __future__ import annotations

from collections.abc import Hashable

from tempmm_lab.engine.edges import Place
from tempmm_lab.engine.joint import Ends
from tempmm_lab.engine.views import Views


class _Quiet:
    """Which own states are quiet, by a greatest fixpoint over the views."""

    def __init__(self, views: Views) -> None:
        self.views = views
        self.tables = views.tables
        self.places: dict[int, list[Place]] = {}
        self.delivered: dict[int, dict[tuple[tuple[Hashable, Hashable], ...], int]] = {}
        self.clauses: dict[Hashable, None] = {}
        for number, (role, own) in views.all():
            spot = views.spots[number]
            self.places.setdefault(own, []).append(self.tables.place(own, spot.shared))
            for effect in spot.effects:
                after = views.reached(effect, (role, own)) if effect.sends else None
                if after is not None and after[1] != own:
                    self.delivered.setdefault(own, {})[effect.sends] = after[1]
        for places in self.places.values():
            for edge in (edge for place in places for edge in place.edges):
                self.clauses |= dict.fromkeys(clauses for clauses, _ in edge.asks)
                self.clauses |= dict.fromkeys(clauses for _, clauses in edge.sends)

    def states(self) -> set[int]:
        """Give the quiet own states."""
        quiet = {own for own, places in self.places.items() if self._alone(own, places)}
        while True:
            kept = {own for own in quiet if self._undisturbed(own, quiet)}
            if kept == quiet:
                return kept
            quiet = kept

    def _alone(self, own: int, places: list[Place]) -> bool:
        """Say whether its moves are the same whatever the shared values are, and touch nothing else."""
        going = self.tables.apart.goes_on
        return (
            len({tuple((edge.action, edge.own) for edge in place.edges) for place in places}) == 1
            and all(place.unfinished and not place.broken and not place.waits for place in places)
            and all(any(going(edge.action) for edge in place.edges) for place in places)
            and all(
                not (edge.asks or edge.sends or edge.writes or edge.targets) and self._looks_same(own, edge.own)
                for place in places
                for edge in place.edges
            )
        )

    def _looks_same(self, own: int, after: int) -> bool:
        held = self.tables.held
        same = all(self.tables.satisfies(own, each) == self.tables.satisfies(after, each) for each in self.clauses)
        return same and held(own) == held(after) and not any(place.broken for place in self.places.get(after, ()))

    def next(self, own: int) -> tuple[int, ...]:
        """Give where its moves lead."""
        return tuple(edge.own for edge in self.places[own][0].edges)

    def _undisturbed(self, own: int, quiet: set[int]) -> bool:
        for sends, there in self.delivered.get(own, {}).items():
            moved = tuple(self.tables.receives(after, sends) for after in self.next(own))
            if there not in quiet or self.next(there) != moved:
                return False
        return True


def ends_of_quiet_moves(views: Views) -> Ends:
    """Give, for each quiet own state, the states that are not quiet at the ends of its moves."""
    quiet = _Quiet(views)
    states = quiet.states()
    ends: Ends = {}
    for own in sorted(states):
        _follow(own, quiet, states, ends)
    return ends


def _follow(own: int, quiet: _Quiet, states: set[int], ends: Ends) -> None:
    """Walk from a quiet state to the ends; a run of quiet moves that comes back to itself stays as it is."""
    seen: dict[int, None] = {}
    found: dict[int, None] = {}
    waiting = [own]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen[here] = None
        for after in quiet.next(here):
            if after in states and after not in ends:
                waiting.append(after)
            else:
                found |= dict.fromkeys(ends.get(after, (after,)))
    if found:
        ends[own] = tuple(found)
