"""Whole states again, made of table entries: each CPU's own state and the shared values, as one tuple of numbers.

*Symmetry.* CPUs of one role are alike: exchanging two of them turns runs into runs, for a move sees other CPUs only
through clauses, which do not say who satisfies them. So the own states of alike CPUs are kept sorted, and one state
stands for all its rearrangements. Rules about one CPU do not change under it, nor do lengths. A path found this way is
laid out again on the reader's own CPU numbers before anybody sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import factorial
from typing import Any

from tempmm_lab.answer import Target
from tempmm_lab.engine.edges import Edge
from tempmm_lab.engine.roles import Roles
from tempmm_lab.engine.tables import Tables

State = tuple[int, ...]
"""Each CPU's own state by number, and last the shared values."""
Ends = dict[int, tuple[int, ...]]
NO_DEADLOCK = ("rule", "no-deadlock")


class Joint:
    """The whole states of one model with a given number of CPUs.

    Args:
        tables: what each CPU can do.
        roles: who plays which part.
        symmetry: whether rearrangements of alike CPUs count as one state.
        ends: for own states that are passed over, the states that they lead to (see `merge`).
    """

    def __init__(self, tables: Tables, roles: Roles, *, symmetry: bool = True, ends: Ends | None = None) -> None:
        self.tables = tables
        self.roles = roles
        self.ends = ends or {}
        self.groups = roles.alike() if symmetry else ()
        self.start = (*tables.start, tables.first_shared)
        self.cpus = range(len(tables.start))

    def sorted(self, state: list[int]) -> State:
        """Give the arrangement that stands for all."""
        for group in self.groups:
            for cpu, own in zip(group, sorted(state[cpu] for cpu in group), strict=True):
                state[cpu] = own
        return tuple(state)

    def stands_for(self, state: State) -> int:
        """Give how many arrangements a state stands for."""
        count = 1
        for group in self.groups:
            owns = [state[cpu] for cpu in group]
            count *= factorial(len(owns))
            for own in set(owns):
                count //= factorial(owns.count(own))
        return count

    def possible(self, state: State, cpu: int, edge: Edge) -> bool:
        """Say whether the other CPUs answer a move's questions as it needs."""
        for clauses, none in edge.asks:
            if none == any(self.tables.satisfies(state[other], clauses) for other in self.cpus if other != cpu):
                return False
        return True

    def after(self, state: State, cpu: int, edge: Edge) -> list[int]:
        """Give what a move leads to, on the same CPU numbers."""
        new = [self.tables.receives(own, edge.sends) for own in state[:-1]] if edge.sends else list(state[:-1])
        new[cpu] = edge.own
        new.append(edge.shared)
        return new

    def edges(self, own: int, shared: int) -> Iterator[Edge]:
        """Give the moves of one CPU, past what is passed over."""
        edges = self.tables.place(own, shared).edges
        if not self.ends:
            return iter(edges)
        return (replace(edge, own=end) for edge in edges for end in self.ends.get(edge.own, (edge.own,)))

    def successors(self, state: State) -> Iterator[tuple[int, Edge, State]]:
        """Give every (CPU, move, state it leads to), in a fixed order."""
        shared, groups = state[-1], self.groups
        for cpu in self.cpus:
            for edge in self.edges(state[cpu], shared):
                if edge.asks and not self.possible(state, cpu, edge):
                    continue
                new = self.after(state, cpu, edge)
                yield cpu, edge, self.sorted(new) if groups else tuple(new)

    def broken(self, state: State) -> set[Target]:
        """Give the rules about states that some CPU breaks here."""
        shared = state[-1]
        return {name for own in state[:-1] for name in self.tables.place(own, shared).broken}

    def stuck(self, state: State) -> bool:
        """Say whether somebody has not finished and nobody can go on."""
        places = [self.tables.place(own, state[-1]) for own in state[:-1]]
        if not any(place.unfinished for place in places):
            return False
        goes_on = self.tables.apart.goes_on
        return not any(
            goes_on(edge.action) and self.possible(state, cpu, edge)
            for cpu, place in enumerate(places)
            for edge in place.edges
        )

    def laid_out(self, steps: list[tuple[State, int, Edge]]) -> tuple[Any, ...]:
        """Give a path's actions with the reader's own CPU numbers.

        `steps` are (state before, CPU there, move), where states are sorted.
        """
        actual = self.start
        actions = []
        for before, place, edge in steps:
            group = next((each for each in self.groups if place in each), (place,))
            cpu = next(each for each in group if actual[each] == before[place])
            actual = tuple(self.after(actual, cpu, edge))
            actions.append(self.tables.apart.action(cpu, edge.action))
        return tuple(actions)
