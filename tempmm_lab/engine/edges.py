"""The entries of the tables: moves in numbers, and all about one own state at certain shared values."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeGuard

from tempmm_lab.answer import Target
from tempmm_lab.engine.apart import Wait
from tempmm_lab.errors import NotApart


@dataclass(frozen=True, slots=True)
class Edge:
    """A move, in numbers: where the own state and the shared values go."""

    action: Hashable
    own: int
    shared: int
    asks: tuple[tuple[Hashable, bool], ...]
    sends: tuple[tuple[Hashable, Hashable], ...]
    writes: tuple[Hashable, ...]
    """The cells that change, but for those of locks."""
    targets: tuple[Target, ...]
    private: bool
    """Whether it changes its own CPU alone, and asks nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """All about one own state at certain shared values."""

    edges: tuple[Edge, ...]
    waits: tuple[Wait, ...]
    broken: tuple[Target, ...]
    unfinished: bool


def is_lock(cell: Hashable) -> TypeGuard[tuple[str, Hashable]]:
    """Say whether a cell says of a lock that it is taken."""
    return isinstance(cell, tuple) and cell[0] == "lock"


class LockMistake(NotApart):
    """A lock was taken or given back past its lock object, so that holding it excludes nobody."""
