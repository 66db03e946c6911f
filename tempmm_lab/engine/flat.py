"""The tables as arrays, for the exact search with numpy: one row for each (own state, shared values) met so far."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from tempmm_lab.answer import Target
from tempmm_lab.engine.edges import Edge
from tempmm_lab.engine.joint import Joint

ROOM = 50_000_000
"""At most so many entries in the look-up table of rows."""


class TooWide(Exception):
    """The tables do not fit the arrays; the search goes on without numpy."""


class Flat:
    """Moves by row, as growing arrays.

    A row's moves lie in a run: `start[row]`, `count[row]`. Of each move there are the own state and the shared values
    it leads to, and the numbers of its questions, its sends and what it hits.
    """

    def __init__(self, joint: Joint) -> None:
        import numpy as np

        tables = joint.tables

        self.np: Any = np
        self.tables = tables
        self.joint = joint
        self.rows = np.full((64, 8), -1, np.int32)
        self.start, self.count = _Column(np.int32), _Column(np.int32)
        self.unfinished, self.shown = _Column(np.bool_), _Column(np.int16)
        self.own, self.shared = _Column(np.int32), _Column(np.int32)
        self.ask, self.send, self.hit = _Column(np.int16), _Column(np.int16), _Column(np.int16)
        self.goes_on = _Column(np.bool_)
        self.asks: list[tuple[tuple[Hashable, bool], ...]] = [()]
        self.sends: list[tuple[tuple[Hashable, Hashable], ...]] = [()]
        self.hits: list[tuple[Target, ...]] = [()]
        self._numbers: dict[tuple[str, Hashable], int] = {("ask", ()): 0, ("send", ()): 0, ("hit", ()): 0}
        self._answers: dict[tuple[str, Hashable], _Column] = {}

    def number(self, kind: str, what: Any, known: list[Any]) -> int:
        """Give the number of a set of questions, sends or hits."""
        key = (kind, what)
        if key not in self._numbers:
            self._numbers[key] = len(known)
            known.append(what)
        return self._numbers[key]

    def row(self, owns: Any, shared: Any) -> Any:
        """Give the rows of many (own state, shared values), made where they are missing."""
        self._widen(int(owns.max(initial=0)), int(shared.max(initial=0)))
        rows = self.rows[owns, shared]
        missing = rows < 0
        if missing.any():
            pairs = self.np.sort(owns[missing].astype(self.np.int64) << 32 | shared[missing])
            fresh = pairs[self.np.concatenate(([True], pairs[1:] != pairs[:-1]))]
            for pair in fresh.tolist():
                self._add(pair >> 32, pair & 0xFFFF_FFFF)
            rows = self.rows[owns, shared]
        return rows

    def _widen(self, own: int, shared: int) -> None:
        owns, width = self.rows.shape
        if own < owns and shared < width:
            return
        new = (max(owns, 1 << (own + 1).bit_length()), max(width, 1 << (shared + 1).bit_length()))
        if new[0] * new[1] > ROOM:
            raise TooWide
        wider = self.np.full(new, -1, self.np.int32)
        wider[:owns, :width] = self.rows
        self.rows = wider

    def _add(self, own: int, shared: int) -> None:
        place = self.tables.place(own, shared)
        self.rows[own, shared] = len(self.start)
        self.start.add(len(self.own))
        edges = list(self.joint.edges(own, shared))
        self.count.add(len(edges))
        self.unfinished.add(place.unfinished)
        self.shown.add(self.number("hit", place.broken, self.hits))
        for edge in edges:
            self._add_move(edge)

    def _add_move(self, edge: Edge) -> None:
        self.own.add(edge.own)
        self.shared.add(edge.shared)
        self.ask.add(self.number("ask", edge.asks, self.asks))
        self.send.add(self.number("send", edge.sends, self.sends))
        self.hit.add(self.number("hit", edge.targets, self.hits))
        self.goes_on.add(self.tables.apart.goes_on(edge.action))

    def satisfied(self, clauses: Hashable) -> Any:
        """Give for every own state whether it satisfies one of the clauses."""
        column = self._answers.setdefault(("ask", clauses), _Column(self.np.bool_))
        for own in range(len(column), len(self.tables.owns)):
            column.add(self.tables.satisfies(own, clauses))
        return column.all()

    def received(self, send: int, owns: Any) -> Any:
        """Give what own states are once the sends have reached them."""
        np, sends = self.np, self.sends[send]
        column = self._answers.setdefault(("send", sends), _Column(np.int32))
        while len(column) <= int(owns.max(initial=-1)):
            column.add(-1)
        known = column.all()
        for own in np.flatnonzero(np.bincount(owns[known[owns] < 0], minlength=1)).tolist():
            known[own] = self.tables.receives(own, sends)
        return known[owns]


class _Column:
    """An array that grows at its end."""

    def __init__(self, kind: Any) -> None:
        import numpy as np

        self._room = np.zeros(1024, kind)
        self._used = 0

    def add(self, value: Any) -> None:
        if self._used == len(self._room):
            import numpy as np

            self._room = np.concatenate((self._room, np.zeros_like(self._room)))
        self._room[self._used] = value
        self._used += 1

    def all(self) -> Any:
        return self._room[: self._used]

    def __len__(self) -> int:
        return self._used
