"""Which CPUs play the same part: those that begin in the same own state."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Roles:
    """Who plays which part.

    Attributes:
        of: each CPU's role, by number.
        starts: each role's own state at the start, in numbers of the tables.
        one: for each role, whether exactly one CPU plays it. Otherwise any number of CPUs may.
    """

    of: tuple[int, ...]
    starts: tuple[int, ...]
    one: tuple[bool, ...]

    def apart(self) -> Roles:
        """Give the same CPUs, each in a role of its own."""
        starts = tuple(self.starts[role] for role in self.of)
        return Roles(tuple(range(len(starts))), starts, (True,) * len(starts))

    def alike(self) -> tuple[tuple[int, ...], ...]:
        """Give the groups of CPUs that can be exchanged for one another, each of two or more."""
        groups = (tuple(cpu for cpu, role in enumerate(self.of) if role == each) for each in range(len(self.starts)))
        return tuple(group for group in groups if len(group) > 1)


def roles_of(starts: tuple[int, ...], growing: frozenset[int] = frozenset()) -> Roles:
    """Give the roles of CPUs that begin in these own states; those of the states in `growing` any number may play."""
    distinct = tuple(dict.fromkeys(starts))
    one = tuple(starts.count(own) == 1 and own not in growing for own in distinct)
    return Roles(tuple(distinct.index(own) for own in starts), distinct, one)
