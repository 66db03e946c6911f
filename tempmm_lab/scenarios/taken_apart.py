"""A scenario taken apart: what the fast engine asks of Linux on this machine. The same ops, one CPU at a time."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from tempmm_lab.engine.apart import Move, Read, Turn, Wait
from tempmm_lab.engine.spots import TooManyViews
from tempmm_lab.errors import MustWait, NotApart, NotPossible
from tempmm_lab.kernel.access import satisfies
from tempmm_lab.kernel.recorder import Recorder
from tempmm_lab.kernel.step import Action, act, attempts
from tempmm_lab.kernel.step import action as numbered_action
from tempmm_lab.kernel.system import LinuxCpu, System
from tempmm_lab.scenarios.rules import CPU_RULES

PANIC = ("panic", None)
MOST_PENDING = 64
"""So many IPIs can be pending on one CPU. With more, any number of CPUs send to it, and there is no end of views."""


class PiledUp(TooManyViews, NotApart):
    """IPIs pile up on a CPU."""


class TakenApart:
    """Linux on this machine, one CPU at a time. An op runs once for each combination of answers about other CPUs.

    With `endless_irqs` an interrupt that arrives uses up nothing, so that there may be any number of them.
    """

    def __init__(self, system: System, rules: tuple[str, ...], *, endless_irqs: bool = False) -> None:
        self._system = system
        self._world = system.world
        self._state_rules = [(name, CPU_RULES[name]) for name in rules if name in CPU_RULES]
        self._no_report = "no-report" in rules
        self._endless_irqs = endless_irqs
        self.rules = rules

    @property
    def owns(self) -> tuple[LinuxCpu, ...]:
        """Each CPU at the start."""
        return self._system.cpus

    def initial(self, cell: Hashable) -> Any:
        """Give a word of memory or a shared variable at the start."""
        return self._system.read_cell(cell)

    def turn(self, own: LinuxCpu, read: Read) -> Turn:
        """Give all about one CPU."""
        broken = tuple(name for name, rule in self._state_rules if not rule(own, self._world, read))
        if read(PANIC):
            return Turn((), (), broken, False)
        found: list[Move | Wait] = []
        for kind, va in attempts(own, self._world):
            found += self._outcomes(own, read, kind, va)
        moves = tuple(each for each in found if isinstance(each, Move))
        waits = tuple(each for each in found if isinstance(each, Wait))
        return Turn(moves, waits, broken, bool(own.running))

    def _outcomes(self, own: LinuxCpu, read: Read, kind: str, va: int | None) -> Iterator[Move | Wait]:
        """Give what comes of one action, once for each combination of answers about other CPUs."""
        waiting: list[tuple[bool, ...]] = [()]
        while waiting:
            answers = waiting.pop(0)
            door = Recorder(own, self._world, read, answers)
            try:
                act(door, kind, va)
            except MustWait as wait:
                yield Wait(wait.on, tuple(door.asked))
            except NotPossible:
                if kind == "s":  # a step that cannot be taken holds its CPU up
                    yield Wait(None, tuple(door.asked))
            else:
                yield self._move(door, kind, va)
            given = tuple(answer for _, answer in door.asked)
            waiting += [(*given[:place], False) for place in range(len(answers), len(given))]

    def _move(self, door: Recorder, kind: str, va: int | None) -> Move:
        broken = (*door.violations, "no-report") if door.reports and self._no_report else tuple(door.violations)
        kept = self._system.cells.kept
        writes = tuple((cell, kept(cell, value)) for cell, value in door.written)
        after = door.after.but(irqs=door.before.irqs) if kind == "i" and self._endless_irqs else door.after
        return Move(
            (kind, va), after, writes, tuple(door.asked), door.sent, broken, tuple(door.reports),
        )  # fmt: skip

    def satisfies(self, own: LinuxCpu, clauses: Any) -> bool:
        """Say whether a CPU satisfies one of the clauses."""
        return satisfies(own, clauses)

    def delivered(self, own: LinuxCpu, payload: Hashable) -> LinuxCpu:
        """Give a CPU to which an IPI was sent.

        Raises:
            PiledUp: there are too many.
        """
        if len(own.pending) >= MOST_PENDING:
            raise PiledUp(f"more than {MOST_PENDING} IPIs are pending on one CPU")
        return own.but(pending=(*own.pending, payload))

    def action(self, cpu: int, action: Any) -> Action:
        """Give an action of one CPU."""
        return numbered_action(action[0], cpu, action[1])

    def goes_on(self, action: Any) -> bool:
        """Say whether an action is a step, an IPI taken or a drain. Interrupts that merely may come are no progress."""
        return action[0] in "spd"

    def held(self, own: LinuxCpu) -> frozenset[str]:
        """Give the locks whose owner runs or sleeps on a CPU, or whose giving back waits in its store buffer."""
        return own.holding

    def together(self, owns: tuple[LinuxCpu, ...], cells: Mapping[Hashable, Any]) -> System:
        """Give the whole system."""
        memory = self._system.memory
        for cell in sorted(cell for cell in cells if isinstance(cell, int)):
            memory = memory.with_word(cell, cells[cell])
        named = {cell: value for cell, value in cells.items() if not isinstance(cell, int)}
        return System(owns, memory, self._system.cells.changed(named), self._world)
