"""A scenario as guarded commands: what the peers' models are written from.

Each CPU is at a *location*: its own state but for what others change, its pending IPIs. Those are a variable, and so
is each shared cell that can change. Everything is taken from the same code that the package's own searches run, over
every state that can be reached, so nothing is left out and nothing is there that cannot happen.

What one CPU asks about others is a *question*: a fact about the other's location and pending IPIs.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.trees import Growing, Tree, Way, leaves, mapped
from tempmm_lab.engine.roles import roles_of
from tempmm_lab.engine.tables import Tables
from tempmm_lab.engine.views import Views
from tempmm_lab.scenarios.taken_apart import TakenApart

PENDING = -1
"""Stands for the CPU's own pending IPIs where the number of a cell could be."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that a CPU can do at a location.

    Attributes:
        kind: what it is, such as "s", a step; `to` is the location that it leads to.
        when: (cell, value) that must hold; the cell may be PENDING.
        asks: (question, whether no other CPU may say yes).
        writes: (cell, value); the cell may be PENDING.
        sends: (payload, question): made pending on every other CPU that says yes.
        broken: the rules that are broken by it, or in every state that it leads to.
    """

    kind: str
    to: int
    when: Way
    asks: tuple[tuple[int, bool], ...]
    writes: Way
    sends: tuple[tuple[int, int], ...]
    broken: tuple[str, ...]


@dataclass(slots=True)
class Part:
    """What CPUs of one role do; lists are by location.

    Attributes:
        finished: whether nothing is left to do there.
        broken: the rules that are broken in every state there.
        checks: (when, rules): broken there if the cells have these values.
        rests: when nothing is left to do although `finished` is not true, as after a panic.
        says: for each question, for each pending value, the answer at each location.
    """

    start: int = 0
    options: list[list[Option]] = field(default_factory=list)
    finished: list[bool] = field(default_factory=list)
    broken: list[tuple[str, ...]] = field(default_factory=list)
    checks: list[list[tuple[Way, tuple[str, ...]]]] = field(default_factory=list)
    rests: list[list[Way]] = field(default_factory=list)
    says: list[list[tuple[bool, ...]]] = field(default_factory=list)


@dataclass(slots=True)
class Net:
    """The whole.

    Attributes:
        name: the scenario; `rules` are those that it judges.
        roles: each CPU's part, by number.
        parts: what each part does.
        cells: each cell's values; the first is the one at the start.
        pendings: every queue of pending IPIs; the first is empty.
        delivered: the queue that a payload makes of another.
    """

    name: str
    rules: tuple[str, ...]
    roles: tuple[int, ...]
    parts: list[Part]
    cells: list[list[Any]]
    pendings: list[tuple[Any, ...]]
    delivered: dict[tuple[int, int], int]


class _Numbers:
    """Numbers things in the order in which they are met."""

    def __init__(self) -> None:
        self.of: dict[Hashable, int] = {}

    def __call__(self, thing: Hashable) -> int:
        return self.of.setdefault(thing, len(self.of))


class _Maker:
    """Makes a net from a scenario."""

    def __init__(self, scenario: Any) -> None:
        self.scenario = scenario
        self.apart = TakenApart(scenario.system(), scenario.rules)
        self.tables = Tables(self.apart)
        self.roles = roles_of(self.tables.start)
        self.views = Views(self.tables, self.roles)
        self.views.run()
        self.cells, self.values = _Numbers(), []
        self._number_cells()
        self.questions, self.payloads, self.pendings = _Numbers(), _Numbers(), _Numbers()
        self.pendings(())
        self.locations = [_Numbers() for _ in self.roles.starts]

    def _number_cells(self) -> None:
        """Only cells that change."""
        found: dict[Hashable, list[Any]] = {}
        for values in self.tables.values:
            for cell, value in values.items():
                known = found.setdefault(cell, [self.tables.initial(cell)])
                if value not in known:
                    known.append(value)
        for cell in sorted(found, key=repr):
            self.cells(cell)
            self.values.append(found[cell])

    def looks(self) -> list[dict[tuple[int, int], Tree]]:
        """Give, for each role, a tree for each (location, pending) with a turn at each leaf."""
        grown: list[dict[int, Growing]] = [{} for _ in self.roles.starts]
        for number, (role, own) in self.views.all():
            values = self.tables.values[self.views.spots[number].shared]
            self._look(own, values, grown[role].setdefault(own, Growing()))
        return [
            {self._place(role, own): tree.tree() for own, tree in trees.items()} for role, trees in enumerate(grown)
        ]

    def _place(self, role: int, own: int) -> tuple[int, int]:
        return self._located(role, self.tables.owns[own])

    def _located(self, role: int, state: Any) -> tuple[int, int]:
        return self.locations[role](state.but(pending=())), self.pendings(state.pending)

    def _look(self, own: int, values: dict[Hashable, Any], tree: Growing) -> None:
        def value_of(cell: Hashable) -> Any:
            return values[cell] if cell in values else self.tables.initial(cell)

        def number_of(cell: int) -> int:
            return self.values[cell].index(value_of(names[cell]))

        names = list(self.cells.of)
        if tree.find(number_of) is not None:
            return
        seen: dict[int, int] = {}

        def read(cell: Hashable) -> Any:
            if cell in self.cells.of:
                seen.setdefault(self.cells.of[cell], number_of(self.cells.of[cell]))
            return value_of(cell)

        turn = self.apart.turn(self.tables.owns[own], read)
        tree.grow(tuple(seen.items()), turn)

    def part(self, role: int, looks: dict[tuple[int, int], Tree]) -> Part:
        """Give one role's part."""
        part = Part(start=self._place(role, self.roles.starts[role])[0])
        by_location: dict[int, dict[int, Tree]] = {}
        for (location, pending), tree in looks.items():
            by_location.setdefault(location, {})[pending] = tree
        for location in range(len(by_location)):
            tree = ("?", PENDING, tuple(sorted(by_location[location].items())))  # asked first, also where all agree
            kinds = {move.action: None for _, turn in leaves(tree) for move in turn.moves}
            part.options.append([each for kind in kinds for each in self._options(role, tree, kind)])
            self._note_state(part, tree)
        return part

    def _note_state(self, part: Part, tree: Tree) -> None:
        unfinished = mapped(tree, lambda turn, _: turn.unfinished)
        broken = mapped(tree, lambda turn, _: turn.broken)
        part.finished.append(unfinished == ("=", False))
        part.rests.append([way for way, on in leaves(unfinished) if way and not on])
        part.broken.append(broken[1] if broken[0] == "=" else ())
        part.checks.append([(way, rules) for way, rules in leaves(broken) if way and rules])

    def _options(self, role: int, tree: Tree, action: Any) -> list[Option]:
        def moves(turn: Any, way: Way) -> tuple[Any, ...]:
            mine = (each for each in turn.moves if each.action == action and self._met(role, each))
            return tuple(self._move(role, each, dict(way)) for each in mine)

        kind = action[0] if action[1] is None else f"{action[0]}@{action[1]:#x}"
        return [
            Option(kind, to, way, asks, writes, sends, broken)
            for way, found in leaves(mapped(tree, moves))
            for to, asks, writes, sends, broken in found
        ]

    def _met(self, role: int, move: Any) -> bool:
        """Say whether a move leads to a view. If not, it needs an answer that no CPU gives."""
        return move.own.but(pending=()) in self.locations[role].of and move.own.pending in self.pendings.of

    def _move(self, role: int, move: Any, known: dict[int, int]) -> tuple[Any, ...]:
        """Give a move in numbers, without writes that change nothing."""
        to, pending = self._located(role, move.own)
        writes = {self.cells.of[cell]: value for cell, value in move.writes if cell in self.cells.of}
        numbered = {cell: self.values[cell].index(value) for cell, value in writes.items()}
        if pending != known[PENDING]:
            numbered[PENDING] = pending
        changes = tuple((cell, value) for cell, value in sorted(numbered.items()) if known.get(cell) != value)
        asks = tuple((self.questions(clauses), none) for clauses, none in move.asks)
        sends = tuple((self.payloads(payload), self.questions(clauses)) for payload, clauses in move.sends)
        return to, asks, changes, sends, tuple(dict.fromkeys(move.broken))

    def net(self) -> Net:
        """Give it."""
        parts = [self.part(role, looks) for role, looks in enumerate(self.looks())]
        queues = self.pendings.of
        delivered = {
            (place, number): queues[*queue, payload]
            for payload, number in self.payloads.of.items()
            for queue, place in queues.items()
            if (*queue, payload) in queues
        }
        for role, part in enumerate(parts):
            part.says = [self._answers(role, clauses) for clauses in self.questions.of]
        told = str(self.scenario), self.scenario.rules
        return Net(*told, self.roles.of, parts, self.values, list(queues), delivered)

    def _answers(self, role: int, clauses: Hashable) -> list[tuple[bool, ...]]:
        states = list(self.locations[role].of)
        return [
            tuple(self.apart.satisfies(state.but(pending=queue), clauses) for state in states)
            for queue in self.pendings.of
        ]


def net_of(scenario: Any) -> Net:
    """Give a scenario as guarded commands."""
    net = _Maker(scenario).net()
    for part in net.parts:
        for options in part.options:
            options[:] = [_with_state_rules(option, part) for option in options]
    return net


def _with_state_rules(option: Option, part: Part) -> Option:
    broken = tuple(dict.fromkeys((*option.broken, *part.broken[option.to])))
    return Option(option.kind, option.to, option.when, option.asks, option.writes, option.sends, broken)
