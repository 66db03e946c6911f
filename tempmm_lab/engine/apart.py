"""What the engine asks of a model: that one CPU can be looked at by itself.

A CPU's *own* state is a value. All that CPUs share are *cells*, named values. One CPU acts on another through cells,
and through *sends* to every other CPU of which a *clause* is true, and in no other way.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Own = Any
Clauses = Hashable
Read = Callable[[Hashable], Any]


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that a CPU can do, and all that comes of it.

    Attributes:
        action: what it is, such as `("s", None)`, a step.
        own: the CPU's own state afterwards.
        writes: the cells that it writes, as (name, value).
        asks: what it asked about other CPUs, as (clauses, whether none of them satisfies one).
        sends: what it makes pending on every other CPU that satisfies one of the clauses: (payload, clauses).
        broken: rules that this step itself breaks; `reports`: what it prints.
    """

    action: Hashable
    own: Own
    writes: tuple[tuple[Hashable, Any], ...] = ()
    asks: tuple[tuple[Clauses, bool], ...] = ()
    sends: tuple[tuple[Hashable, Clauses], ...] = ()
    broken: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """A CPU has to wait: for a cell, a lock `("lock", name)`, or other CPUs, as in `asks`."""

    on: Hashable
    asks: tuple[tuple[Clauses, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """All about one CPU with certain values of the cells that it reads.

    Attributes:
        moves: what it can do, in a fixed order; `waits`: what keeps its program from going on.
        broken: rules about states that this CPU breaks as it stands.
        unfinished: whether its program has not ended.
    """

    moves: tuple[Move, ...]
    waits: tuple[Wait, ...]
    broken: tuple[str, ...]
    unfinished: bool


class Apart(Protocol):
    """A model taken apart."""

    @property
    def owns(self) -> tuple[Own, ...]:
        """Each CPU's own state at the start."""

    @property
    def rules(self) -> tuple[str, ...]:
        """Every rule that is judged."""

    def initial(self, cell: Hashable) -> Any:
        """Give a cell's value at the start."""

    def turn(self, own: Own, read: Read) -> Turn:
        """Give all about one CPU; cells are read through `read` only."""

    def satisfies(self, own: Own, clauses: Clauses) -> bool:
        """Say whether a CPU satisfies one of the clauses: a fact about its own state."""

    def delivered(self, own: Own, payload: Hashable) -> Own:
        """Give a CPU's own state once something was sent to it."""

    def action(self, cpu: int, action: Hashable) -> Any:
        """Give an action of one CPU as the plain search names it."""

    def goes_on(self, action: Hashable) -> bool:
        """Say whether an action is progress: where nobody has one, and somebody is unfinished, all wait for ever."""

    def held(self, own: Own) -> frozenset[str]:
        """Give the locks that a CPU holds."""

    def together(self, owns: tuple[Own, ...], cells: Mapping[Hashable, Any]) -> Any:
        """Give the whole state: what the plain search works on."""
