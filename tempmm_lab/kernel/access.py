"""The only door between a kernel op and the machine, and what it keeps of the passage.

An op never gets a machine. Through its `Access` it reaches its own CPU's fields, cells that all CPUs share, locks,
and IPIs. A condition on other CPUs is about *their own* facts only (`LinuxCpu.bit`), and says nothing of which CPU.
What an op touched is kept: `footprint` is what it really read and wrote, and tests hold ops to it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from tempmm_lab.errors import ModelError, MustWait
from tempmm_lab.kernel.storebuffer import SEEN_BY_OTHERS, Store
from tempmm_lab.kernel.system import LinuxCpu, System
from tempmm_lab.thiscpu import ThisCpu

Clause = tuple[tuple[Hashable, bool], ...]
"""Facts that must all hold of a CPU: `((("cpumask", "user_mm"), True), ("is_lazy", False))`."""


def satisfies(cpu: LinuxCpu, to: tuple[Clause, ...]) -> bool:
    """Say whether a CPU satisfies one of the clauses."""
    return any(all(cpu.bit(name) == wanted for name, wanted in clause) for clause in to)


@dataclass(slots=True)
class Footprint:
    """What one step touched: own fields read and written, cells read and written, questions about other CPUs."""

    gets: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    reads: set[Hashable] = field(default_factory=set)
    writes: set[Hashable] = field(default_factory=set)
    asks: list[Hashable] = field(default_factory=list)
    sends: list[Hashable] = field(default_factory=list)


class Access(ThisCpu[System]):
    """One CPU's door to a `System`, for the length of one step."""

    __slots__ = (
        "_cells",
        "_own",
        "_own_before",
        "_sent",
        "_tso",
        "dies",
        "footprint",
        "next_task",
        "reports",
        "violations",
        "where",
    )

    def __init__(self, system: System, cpu: int, choices: tuple[int, ...] = (), where: str = "") -> None:
        super().__init__(system, cpu, choices)
        self._own_before = system.cpus[cpu]
        self._own: dict[str, Any] = {}
        self._cells: dict[Hashable, Any] = {}
        self._sent: list[tuple[Any, tuple[Clause, ...]]] = []
        self._tso: bool = system.world.tso
        self.footprint = Footprint()
        self.reports: list[str] = []
        self.violations: list[str] = []
        self.next_task: str | None = None
        self.where = where
        self.dies = False

    @property
    def machine(self) -> System:
        """The system as this step leaves it."""
        before, own = self._machine, self._cpu
        memory, cells, cpus = before.memory, before.cells, before.cpus
        named = {cell: value for cell, value in self._cells.items() if not isinstance(cell, int)}
        for cell, value in self._cells.items():
            if isinstance(cell, int):
                memory = memory.with_word(cell, value)
        if named:
            cells = cells.changed(named)
        if self._own:
            cpus = (*cpus[:own], self._own_before.changed(self._own), *cpus[own + 1 :])
        for payload, to in self._sent:
            cpus = tuple(
                cpu.but(pending=(*cpu.pending, payload)) if number != own and satisfies(cpu, to) else cpu
                for number, cpu in enumerate(cpus)
            )
        return System(cpus, memory, cells, before.world)

    def get(self, field: str) -> Any:
        """Give a field of this CPU."""
        self.footprint.gets.add(field)
        if field in self._own:
            return self._own[field]
        return self.world.processor if field == "processor" else self._own_before.field(field)

    def set(self, field: str, value: Any) -> None:
        """Set a field of this CPU. A store to one that other CPUs may ask about passes the store buffer."""
        if self._tso and field in SEEN_BY_OTHERS:
            self._buffer(Store(("percpu", field), value, self.get(field)))
        self.footprint.sets.add(field)
        self._own[field] = value

    def read(self, cell: Hashable) -> Any:
        """Give the value of a shared cell: a word at a physical address, or a named variable.

        The newest of this CPU's own stores to it that still waits answers first.
        """
        if self._tso:
            for store in reversed(self.get("store_buffer")):
                if store.target == cell:
                    return store.value
        self.footprint.reads.add(cell)
        return self._cells[cell] if cell in self._cells else self._outside(cell)

    def look(self, cell: Hashable) -> Any:
        """Give the value that a shared cell has in memory: what the page walker sees, past the store buffer."""
        self.footprint.reads.add(cell)
        return self._cells[cell] if cell in self._cells else self._outside(cell)

    def _outside(self, cell: Hashable) -> Any:
        """What a cell held when the step began."""
        return self._machine.read_cell(cell)

    def write(self, cell: Hashable, value: Any) -> None:
        """Write a shared cell with a plain store: it passes the store buffer, if there is one."""
        if self._tso:
            self._buffer(Store(cell, value))
        else:
            self.note(cell, value)

    def write_locked(self, cell: Hashable, value: Any) -> None:
        """Write a shared cell with a locked operation: what waits in the store buffer goes first, in the same step."""
        self.fence()
        self.note(cell, value)

    def note(self, cell: Hashable, value: Any) -> None:
        """Write a shared cell in memory: the page walker's A and D bits, and what only rules read."""
        self.footprint.writes.add(cell)
        self._cells[cell] = value

    def _buffer(self, store: Store) -> None:
        self.set("store_buffer", (*self.get("store_buffer"), store))

    def fence(self) -> None:
        """Drain the store buffer in this step: what a barrier, a locked or a serialising operation does first."""
        if self._tso:
            while self.get("store_buffer"):
                self.drain()

    def drain(self) -> None:
        """Let the oldest store that waits reach memory."""
        (target, value, _), *rest = self.get("store_buffer")
        self.set("store_buffer", tuple(rest))
        if isinstance(target, int) or target[0] not in ("percpu", "ipi"):
            self.note(target, value)

    @property
    def before(self) -> LinuxCpu:
        """This CPU as the step found it: for the machine's own parts, never for an op."""
        return self._own_before

    @property
    def world(self) -> Any:
        """What never changes: configuration, policy, the mms."""
        return self._machine.world

    def bit(self, name: str) -> bool:
        """Give this CPU's bit in `mm_cpumask(name)`."""
        return name in self.get("cpumask")

    def set_bit(self, name: str) -> None:
        """Set this CPU's bit in `mm_cpumask(name)`: a locked operation."""
        self.fence()
        self.set("cpumask", self.get("cpumask") | {name})

    def clear_bit(self, name: str) -> None:
        """Clear this CPU's bit in `mm_cpumask(name)`: a locked operation."""
        self.fence()
        self.set("cpumask", self.get("cpumask") - {name})

    def lock(self, name: str, *, attempt: bool = False) -> bool:
        """Take a lock, or wait for it; with `attempt`, say instead that it is taken. A locked operation."""
        self.fence()
        if self.read(("lock", name)):
            if attempt:
                return False
            raise MustWait(f"lock {name} is taken, and nobody here gives it back.", ("lock", name))
        self.note(("lock", name), 1)
        self.set("held", self.get("held") | {name})
        return True

    def unlock(self, name: str) -> None:
        """Give a lock back, with a plain store.

        Raises:
            ModelError: nobody holds it.
        """
        if not self.read(("lock", name)):
            raise ModelError(f"{name} is given back although nobody holds it.")
        self.write(("lock", name), 0)
        self.set("held", self.get("held") - {name})

    def none_other(self, *clauses: Clause) -> bool:
        """Say whether no other CPU satisfies one of the clauses."""
        self.footprint.asks.append(clauses)
        others = (cpu for number, cpu in enumerate(self._machine.cpus) if number != self._cpu)
        return not any(satisfies(cpu, clauses) for cpu in others)

    def send_ipi(self, payload: Any, to: tuple[Clause, ...]) -> None:
        """Make an IPI pending on every other CPU that satisfies one of the clauses. Earlier stores are seen first."""
        self.fence()
        self.footprint.sends.append(payload)
        self._sent.append((payload, to))

    def wait_acks(self, payload: Any) -> None:
        """Wait until every other CPU has acknowledged an IPI."""
        if not self.none_other(((("ipi", payload), True),)):
            raise MustWait(f"an IPI has not been acknowledged: {payload}.", ("ipi", payload))

    def ack(self, payload: Any) -> None:
        """Acknowledge an IPI that this CPU is serving, with a plain store."""
        if self._tso:
            self._buffer(Store(("ipi", payload), None))
        serving = list(self.get("serving"))
        serving.remove(payload)
        self.set("serving", tuple(serving))

    def fail(self, rule: str) -> None:
        """Say that this step breaks a rule."""
        self.violations.append(rule)

    def report(self, text: str) -> None:
        """Print a WARN or BUG to the kernel log. The kernel goes on."""
        self.reports.append(text)

    def die(self) -> None:
        """End the task that runs here, where it is: what it holds stays held."""
        self.dies = True

    def switch_stack(self, task: str) -> None:
        """Go on with another task's stack once this step is done: the machine's part of switch_to()."""
        self.next_task = task
