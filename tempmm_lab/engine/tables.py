"""What each CPU can do, as tables: the model's own code runs once for each distinct look it takes at the world.

Own states and the values of the shared cells are numbered. What a CPU does depends on its own state and on the cells
that it *reads*, and the model's code is asked once for each combination of those. Cells are read through a recording
function, so the footprint is what was really read. A decision tree for each own state keeps the answers, in the order
of the reads. Nothing is declared by hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable
from typing import Any

from tempmm_lab.engine.apart import Apart, Move, Turn
from tempmm_lab.engine.edges import Edge, LockMistake, Place, is_lock
from tempmm_lab.errors import NotApart, TooManySteps


class _Node:
    """A question in a decision tree: which value has the cell?"""

    __slots__ = ("cell", "children")

    def __init__(self, cell: Hashable) -> None:
        self.cell = cell
        self.children: dict[Hashable, Any] = {}


class Tables:
    """The tables of one model, filled as they are asked."""

    def __init__(self, apart: Apart) -> None:
        self.apart = apart
        self.owns: list[Any] = []
        self._own_ids: dict[Any, int] = {}
        self.values: list[dict[Hashable, Any]] = []
        self._shared_ids: dict[frozenset[tuple[Hashable, Any]], int] = {}
        self._trees: list[Any] = []
        self._readers: dict[Hashable, set[int]] = {}
        self._variable: set[Hashable] = set()
        self._initial: dict[Hashable, Any] = {}
        self._places: dict[tuple[int, int], Place] = {}
        self._written: dict[tuple[int, tuple[Any, ...]], int] = {}
        self._satisfied: dict[tuple[int, Hashable], bool] = {}
        self._delivered: dict[tuple[int, Hashable], int] = {}
        self._held: list[frozenset[str]] = []
        self.asked = 0
        self.start = tuple(self.own_id(own) for own in apart.owns)
        self.first_shared = self._shared_id({})
        for lock in sorted(set().union(*map(self.held, self.start))):
            self.initial(("lock", lock))  # which checks it

    def own_id(self, own: Any) -> int:
        """Give the number of an own state."""
        number = self._own_ids.get(own)
        if number is None:
            number = self._own_ids[own] = len(self.owns)
            self.owns.append(own)
            self._trees.append(None)
            self._held.append(self.apart.held(own))
        return number

    def _shared_id(self, values: dict[Hashable, Any]) -> int:
        key = frozenset(values.items())
        number = self._shared_ids.get(key)
        if number is None:
            number = self._shared_ids[key] = len(self.values)
            self.values.append(values)
        return number

    def initial(self, cell: Hashable) -> Any:
        """Give a cell's value at the start.

        Raises:
            LockMistake: it says of a lock that it is taken, and not exactly one CPU holds it, or the other way round.
        """
        if cell not in self._initial:
            self._initial[cell] = value = self.apart.initial(cell)
            if is_lock(cell) and sum(cell[1] in self.held(own) for own in self.start) != bool(value):
                raise LockMistake(f"At the start {cell[1]} is not held by exactly one CPU, or it is not taken.")
        return self._initial[cell]

    def held(self, own: int) -> frozenset[str]:
        """Give the locks that a CPU holds."""
        return self._held[own]

    def satisfies(self, own: int, clauses: Hashable) -> bool:
        """Say whether a CPU satisfies one of the clauses."""
        key = (own, clauses)
        answer = self._satisfied.get(key)
        if answer is None:
            answer = self._satisfied[key] = self.apart.satisfies(self.owns[own], clauses)
        return answer

    def receives(self, own: int, sends: tuple[tuple[Hashable, Hashable], ...]) -> int:
        """Give the own state of another CPU once the sends of a step have reached it."""
        for payload, clauses in sends:
            if self.satisfies(own, clauses):
                key = (own, payload)
                after = self._delivered.get(key)
                if after is None:
                    after = self._delivered[key] = self.own_id(self.apart.delivered(self.owns[own], payload))
                own = after
        return own

    def write(self, shared: int, writes: tuple[tuple[Hashable, Any], ...]) -> int:
        """Give the shared values after writes."""
        if not writes:
            return shared
        key = (shared, writes)
        number = self._written.get(key)
        if number is None:
            number = self._written[key] = self._shared_id(self._changed(shared, writes))
        return number

    def _changed(self, shared: int, writes: tuple[tuple[Hashable, Any], ...]) -> dict[Hashable, Any]:
        values = dict(self.values[shared])
        for cell, value in writes:
            initial = self.initial(cell)
            if value == initial and type(value) is type(initial):
                values.pop(cell, None)
                continue
            values[cell] = value
            if cell not in self._variable:
                self._variable.add(cell)
                for own in sorted(self._readers.pop(cell, ())):
                    self._trees[own] = None  # its tree took the cell for a constant
        return values

    def place(self, own: int, shared: int) -> Place:
        """Give all about one own state at certain shared values."""
        key = (own, shared)
        found = self._places.get(key)
        if found is None:
            turn = self._look_up(own, shared) or self._ask(own, shared)
            found = self._places[key] = self._numbered(own, shared, turn)
        return found

    def _look_up(self, own: int, shared: int) -> Turn | None:
        node, values = self._trees[own], self.values[shared]
        while type(node) is _Node:
            cell = node.cell
            node = node.children.get(values[cell] if cell in values else self.initial(cell))
        return node  # type: ignore[no-any-return]  # a turn, or None

    def _ask(self, own: int, shared: int) -> Turn:
        """Run the model's code, and grow the tree by what it read."""
        values, seen = self.values[shared], {}

        def read(cell: Hashable) -> Any:
            if cell not in seen:
                seen[cell] = values[cell] if cell in values else self.initial(cell)
            return seen[cell]

        self.asked += 1
        try:
            turn = self.apart.turn(self.owns[own], read)
        except (NotApart, TooManySteps):  # a plain search would not come to an end either
            raise
        except Exception as error:  # whether it can happen, the plain search knows
            raise NotApart(f"An op failed where it may never come: {type(error).__name__}: {error}") from error
        path = [(cell, value) for cell, value in seen.items() if cell in self._variable]
        for cell in seen:
            if cell not in self._variable:
                self._readers.setdefault(cell, set()).add(own)
        self._grow(own, path, turn)
        return turn

    def _grow(self, own: int, path: list[tuple[Hashable, Any]], turn: Turn) -> None:
        if not path:
            self._trees[own] = turn
            return
        root = self._trees[own]
        if type(root) is not _Node:
            root = self._trees[own] = _Node(path[0][0])
        node = root
        for (_, value), (cell, _) in itertools.pairwise(path):
            child = node.children.get(value)
            if type(child) is not _Node:
                child = node.children[value] = _Node(cell)
            node = child
        node.children[path[-1][1]] = turn

    def _numbered(self, own: int, shared: int, turn: Turn) -> Place:
        edges = tuple(self._edge(own, shared, move) for move in turn.moves)
        return Place(edges, turn.waits, tuple(("rule", name) for name in turn.broken), turn.unfinished)

    def _edge(self, own: int, shared: int, move: Move) -> Edge:
        after = self.own_id(move.own)
        targets = [("rule", name) for name in dict.fromkeys(move.broken)]
        targets += [("report", text) for text in dict.fromkeys(move.reports)]
        self._check_locks(own, after, shared, move)
        there = self.write(shared, move.writes)
        cells = () if there == shared else self._differing(shared, there)
        private = there == shared and not move.asks and not move.sends and self._held[own] == self._held[after]
        return Edge(move.action, after, there, move.asks, move.sends, cells, tuple(targets), private)

    def _differing(self, shared: int, there: int) -> tuple[Hashable, ...]:
        before, after = self.values[shared], self.values[there]
        cells = {cell for cell, _ in before.items() ^ after.items()}
        return tuple(sorted((cell for cell in cells if not is_lock(cell)), key=repr))

    def _check_locks(self, own: int, after: int, shared: int, move: Move) -> None:
        """Hold the lock objects to what they promise: who takes the cell holds the lock, and only that CPU gives back.

        Raises:
            LockMistake: they don't, so exclusion proves nothing.
        """
        before, now = self._held[own], self._held[after]
        taken, given = set[Hashable](), set[Hashable]()
        for cell, value in move.writes:
            if is_lock(cell) and bool(self.values[shared].get(cell, self.initial(cell))) != bool(value):
                (taken if value else given).add(cell[1])
        if now - before != taken or before - now != given:
            names = ", ".join(sorted(map(str, taken | given | (now ^ before))))
            raise LockMistake(f"A lock ({names}) was taken or given back by a CPU that does not hold it.")
