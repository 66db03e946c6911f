"""The same door as `Access`, to one CPU alone: no other CPU is there, and every question about others is recorded.

The engine runs an op once for each answer that others could give, and keeps what came of it. So an op must reach
everything through its door. One that asks for the whole machine is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from tempmm_lab.errors import NotApart
from tempmm_lab.kernel.access import Access, Clause, Footprint
from tempmm_lab.kernel.system import LinuxCpu, System, World


class WholeMachine(NotApart):
    """An op looked past its door, so that its CPU can't be taken by itself. Explore with `reduce=False`."""


class Recorder(Access):
    """One CPU's door for the length of one step, with nothing behind it but the shared cells.

    Args:
        own: the CPU.
        world: what never changes.
        read: gives a shared cell's value.
        answers: what to answer to the first questions about other CPUs; True to all further ones.
    """

    __slots__ = ("_answers", "_read", "_world", "asked")

    def __init__(
        self, own: LinuxCpu, world: World, read: Callable[[Hashable], Any], answers: tuple[bool, ...] = ()
    ) -> None:
        self._wanted = ()
        self.offered = []
        self._own_before = own
        self._own = {}
        self._cells = {}
        self._sent = []
        self._tso = world.tso
        self.footprint = Footprint()
        self.reports = []
        self.violations = []
        self.next_task = None
        self.where = ""
        self.dies = False
        self._world = world
        self._read = read
        self._answers = answers
        self.asked: list[tuple[tuple[Clause, ...], bool]] = []

    @property
    def world(self) -> World:
        """What never changes: configuration, policy, the mms."""
        return self._world

    @property
    def machine(self) -> System:
        """There is none here.

        Raises:
            WholeMachine: always.
        """
        raise WholeMachine("An op asked for the whole machine. It may use its cpu argument only.")

    def _outside(self, cell: Hashable) -> Any:
        return self._read(cell)

    def none_other(self, *clauses: Clause) -> bool:
        """Answer a question about other CPUs with what was given, and keep both."""
        place = len(self.asked)
        answer = self._answers[place] if place < len(self._answers) else True
        self.asked.append((clauses, answer))
        return answer

    def __getattr__(self, name: str) -> Any:
        """Refuse what is behind the door.

        Raises:
            WholeMachine: always: this is asked only for what is not here.
        """
        raise WholeMachine(f"An op looked for {name} behind its door. It may use its cpu argument only.")

    @property
    def after(self) -> LinuxCpu:
        """The CPU as this step leaves it."""
        return self._own_before.changed(self._own) if self._own else self._own_before

    @property
    def written(self) -> tuple[tuple[Hashable, Any], ...]:
        """The cells that this step wrote, in the order of its writes."""
        return tuple(self._cells.items())

    @property
    def sent(self) -> tuple[tuple[Any, tuple[Clause, ...]], ...]:
        """What was sent, and to whom."""
        return tuple(self._sent)
