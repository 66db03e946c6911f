"""What is known at one place of the proof by views: the views there, and what moves do to the views of others."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from tempmm_lab.engine.edges import Edge

Journals = tuple[tuple[Hashable, Hashable], ...]
View = tuple[int, int]
"""(role, own state), at some spot."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a move does to the views of other CPUs at the same spot."""

    spot: int
    sends: tuple[tuple[Hashable, Hashable], ...]
    none: tuple[Hashable, ...]  # clauses that no other CPU satisfies
    role: int  # the mover's, if one CPU plays it; else -1
    held: frozenset[str]


@dataclass(slots=True)
class Spot:
    """Shared values with their journals, and all that is known there."""

    shared: int
    journals: Journals
    views: dict[View, None] = field(default_factory=dict)
    effects: dict[Effect, None] = field(default_factory=dict)
    parked: list[tuple[View, Edge]] = field(default_factory=list)


class TooManyViews(Exception):  # it is no error: the proof is not to be had this way
    """More views than were allowed, or the time is up."""


class Contended(Exception):  # it is no error: begin again, knowing more
    """A cell turned out to be written by two roles."""
