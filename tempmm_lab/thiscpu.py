"""One CPU's door to the machine for the length of one step. Everything an op does goes through it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Generic, Protocol, Self, TypeVar


class Steppable(Protocol):
    """What `run` asks of a machine: fields of a CPU, and cells that all CPUs share. Frozen: setting gives a new one."""

    def get_field(self, cpu: int, field: str) -> Any: ...  # noqa: D102
    def with_field(self, cpu: int, field: str, value: Any) -> Self: ...  # noqa: D102
    def read_cell(self, cell: Hashable) -> Any: ...  # noqa: D102
    def write_cell(self, cell: Hashable, value: Any) -> Self: ...  # noqa: D102
    def door(self, cpu: int, choices: tuple[int, ...] = ()) -> ThisCpu[Self]: ...  # noqa: D102
    @property
    def versions(self) -> Mapping[str, Any]: ...  # noqa: D102


M = TypeVar("M", bound=Steppable)


class ThisCpu(Generic[M]):
    """An op's only door to the machine, for the length of one step.

    `get`/`set` reach this CPU's own fields, `read`/`write` cells that every CPU shares, and `choose` asks the
    hardware to settle what the manual leaves open. Nothing else crosses from one CPU to another.
    """

    __slots__ = ("_cpu", "_machine", "_wanted", "offered")

    def __init__(self, machine: M, cpu: int, choices: tuple[int, ...] = ()) -> None:
        self._machine = machine
        self._cpu = cpu
        self._wanted = choices
        self.offered: list[tuple[int, int]] = []  # (what was taken, how many there were)

    @property
    def machine(self) -> M:
        """The machine as this step has left it so far."""
        return self._machine

    def get(self, field: str) -> Any:
        """Give a field of this CPU, such as `cr3`."""
        return self._machine.get_field(self._cpu, field)

    def set(self, field: str, value: Any) -> None:
        """Set a field of this CPU."""
        self._machine = self._machine.with_field(self._cpu, field, value)

    def read(self, cell: Hashable) -> Any:
        """Give the value of a shared cell. A physical address names the 64-bit word there."""
        return self._machine.read_cell(cell)

    def write(self, cell: Hashable, value: Any) -> None:
        """Write a shared cell."""
        self._machine = self._machine.write_cell(cell, value)

    def look(self, cell: Hashable) -> Any:
        """Give the value of a shared cell as the page walker sees it."""
        return self._machine.read_cell(cell)

    def note(self, cell: Hashable, value: Any) -> None:
        """Write a shared cell as the page walker does."""
        self._machine = self._machine.write_cell(cell, value)

    def choose(self, count: int) -> int:
        """Give the hardware's choice among `count`: 0 unless somebody decided otherwise."""
        place = len(self.offered)
        taken = self._wanted[place] if place < len(self._wanted) else 0
        self.offered.append((taken, count))
        return taken
