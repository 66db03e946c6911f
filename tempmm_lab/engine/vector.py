"""The exact search with numpy: a whole level of the breadth-first search at a time.

A state is one 64-bit number: each CPU's own state and the shared values, side by side. The states of a level are
arrays, one column a CPU; their moves come from the rows of `flat`. New states are sorted, and what was visited is
taken out by binary search. It says what can be reached and how far away it is, not by which way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tempmm_lab.answer import Target
from tempmm_lab.engine.flat import Flat, TooWide
from tempmm_lab.engine.joint import NO_DEADLOCK, Joint

CHUNK = 2_000_000
"""States expanded at a time, so that a wide level fits in memory."""


class VectorSearch:
    """One exact search.

    Attributes:
        states, transitions: visited states and their moves. `covered` counts all arrangements of alike CPUs.
        reached: for each rule and report, the length of a shortest way.
    """

    def __init__(self, joint: Joint, late: Callable[[int, int], None]) -> None:
        import numpy as np

        self.np: Any = np
        self.joint = joint
        self.late = late
        self.flat = Flat(joint)
        self.states = self.transitions = self.covered = 0
        self.reached: dict[Target, int] = {}
        self._visited: list[Any] = []
        self._own_bits = self._shared_bits = 0

    def run(self) -> None:
        """Visit every state.

        Raises:
            TooWide: a state does not fit in 64 bits.
        """
        self._set_widths()
        level = self._packed([self.np.array([own]) for own in self.joint.start])
        length = 0
        while len(level):
            self._remember(level)
            new = [
                self._expanded(self._columns(level[place : place + CHUNK]), length)
                for place in range(0, len(level), CHUNK)
            ]
            self.late(self.states, len(level))
            if not self._fits():
                level, length = self._again(), 0
                continue
            level = self._fresh(self._sorted(self.np.concatenate(new)) if len(new) > 1 else new[0])
            length += 1

    def _set_widths(self) -> None:
        tables, cpus = self.joint.tables, len(self.joint.cpus)
        self._own_bits = (2 * len(tables.owns) + 64).bit_length()
        self._shared_bits = (2 * len(tables.values) + 16).bit_length()
        if cpus * self._own_bits + self._shared_bits > 63:
            self._own_bits = (63 - self._shared_bits) // cpus

    def _fits(self) -> bool:
        tables = self.joint.tables
        return len(tables.owns) <= 1 << self._own_bits and len(tables.values) <= 1 << self._shared_bits

    def _again(self) -> Any:
        """There are more own states or shared values than fit: begin again, with room for them."""
        before = (self._own_bits, self._shared_bits)
        self.states = self.transitions = self.covered = 0
        self.reached, self._visited = {}, []
        self._set_widths()
        if before == (self._own_bits, self._shared_bits) or not self._fits():
            raise TooWide
        return self._packed([self.np.array([own]) for own in self.joint.start])

    def _packed(self, columns: list[Any]) -> Any:
        key = columns[-1].astype(self.np.int64)
        for column in columns[:-1]:
            key = key << self._own_bits | column
        return key

    def _columns(self, keys: Any) -> list[Any]:
        mask, cpus = (1 << self._own_bits) - 1, self.joint.cpus
        shared_shift = self._own_bits * len(self.joint.cpus)
        shifts = [self._own_bits * (len(cpus) - 1 - cpu) for cpu in cpus]
        owns = [(keys >> shift & mask).astype(self.np.int32) for shift in shifts]
        return [*owns, (keys >> shared_shift).astype(self.np.int32)]

    def _remember(self, level: Any) -> None:
        """Keep what is visited in a few sorted arrays, each larger than all smaller ones together."""
        self.states += len(level)
        self.covered += self._arrangements(level)
        merged = level
        while self._visited and len(self._visited[-1]) <= 2 * len(merged):
            merged = self.np.concatenate((self._visited.pop(), merged))
            merged.sort(kind="stable")  # two sorted runs: a merge
        self._visited.append(merged)

    def _arrangements(self, level: Any) -> int:
        if not self.joint.groups:
            return len(level)
        np, columns = self.np, self._columns(level)
        total = np.ones(len(level), np.int64)
        for group in self.joint.groups:
            run = np.ones(len(level), np.int64)
            for place, cpu in enumerate(group):
                if place:
                    run = np.where(columns[cpu] == columns[group[place - 1]], run + 1, 1)
                total = total * (place + 1) // run
        return int(total.sum())

    def _sorted(self, keys: Any) -> Any:
        keys.sort()
        return keys[self.np.concatenate(([True], keys[1:] != keys[:-1]))] if len(keys) else keys

    def _fresh(self, keys: Any) -> Any:
        for known in self._visited:
            if not len(keys):
                break
            place = self.np.minimum(self.np.searchsorted(known, keys), len(known) - 1)
            keys = keys[known[place] != keys]
        return keys

    def _expanded(self, columns: list[Any], length: int) -> Any:
        """Give what the states lead to, sorted and each once."""
        np, flat = self.np, self.flat
        found = []
        going, unfinished = np.zeros(len(columns[0]), np.bool_), np.zeros(len(columns[0]), np.bool_)
        for cpu in self.joint.cpus:
            rows = flat.row(columns[cpu], columns[-1])
            unfinished |= flat.unfinished.all()[rows]
            self._note(flat.shown.all()[rows], length)
            found.append(self._moved(columns, cpu, rows, going, length))
        if NO_DEADLOCK not in self.reached and (unfinished & ~going).any():
            self.reached[NO_DEADLOCK] = length
        return self._sorted(np.concatenate(found))

    def _note(self, hits: Any, length: int) -> None:
        if len(self.flat.hits) == 1:
            return
        for number in self.np.flatnonzero(self.np.bincount(hits)).tolist():
            for target in self.flat.hits[number]:
                self.reached.setdefault(target, length)

    def _moved(self, columns: list[Any], cpu: int, rows: Any, going: Any, length: int) -> Any:
        np, flat = self.np, self.flat
        counts = flat.count.all()[rows]
        origin = np.repeat(np.arange(len(rows), dtype=np.int32), counts)
        first = np.cumsum(counts) - counts
        moves = np.arange(len(origin), dtype=np.int32) + (flat.start.all()[rows] - first).astype(np.int32)[origin]
        possible = self._possible(columns, cpu, origin, flat.ask.all()[moves])
        if possible is not None:
            origin, moves = origin[possible], moves[possible]
        self.transitions += len(moves)
        going[origin[flat.goes_on.all()[moves]]] = True
        self._note(flat.hit.all()[moves], length + 1)
        return self._packed(self._joined(columns, cpu, origin, moves))

    def _possible(self, columns: list[Any], cpu: int, origin: Any, asks: Any) -> Any:
        """Give which moves the other CPUs allow; None if nothing is asked."""
        np = self.np
        asked = np.flatnonzero(np.bincount(asks, minlength=1))
        if not asked[asked > 0].size:
            return None
        possible = np.ones(len(origin), np.bool_)
        for number in asked[asked > 0].tolist():
            here = np.flatnonzero(asks == number)
            for clauses, none in self.flat.asks[number]:
                answer = np.zeros(len(here), np.bool_)
                for other in self.joint.cpus:
                    if other != cpu:
                        answer |= self.flat.satisfied(clauses)[columns[other][origin[here]]]
                possible[here] &= answer != none
        return possible

    def _joined(self, columns: list[Any], cpu: int, origin: Any, moves: Any) -> list[Any]:
        np, flat = self.np, self.flat
        new = [column[origin] for column in columns]
        sends = flat.send.all()[moves]
        sent = np.flatnonzero(np.bincount(sends, minlength=1))
        for number in sent[sent > 0].tolist():
            here = np.flatnonzero(sends == number)
            for other in self.joint.cpus:
                if other != cpu:
                    new[other][here] = self.flat.received(number, new[other][here])
        new[cpu], new[-1] = flat.own.all()[moves], flat.shared.all()[moves]
        for group in self.joint.groups:
            arranged = np.sort(np.stack([new[each] for each in group]), axis=0)
            for each, column in zip(group, arranged, strict=True):
                new[each] = column
        return new
