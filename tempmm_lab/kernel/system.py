"""A machine that runs Linux, as one frozen value.

Three truths per CPU are kept apart on purpose, fed by separate code: what CR3 says (hardware), what `loaded_mm` says
(the mm code), and what `current_mm` and `active_mm` say (the scheduler). So are RFLAGS.IF and lockdep's
`hardirqs_enabled`. Names as in arch/x86/include/asm/tlbflush.h, include/linux/sched.h and include/linux/lockdep.h.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from tempmm_lab.errors import ModelError, whole_number
from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Fault
from tempmm_lab.hw.tlb import Tlb
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.layout import INIT_MM, Mm
from tempmm_lab.kernel.storebuffer import Store, as_seen, given_back, waits
from tempmm_lab.points import ProgramPoint, start
from tempmm_lab.record import Cells, Record

TLB_NR_DYN_ASIDS = 6
CELL_DEFAULTS: dict[str, Any] = {
    "tlb_gen": 0, "lock": 0, "warned": False, "debug_locks": True, "freed": False, "poked": False, "done": False,
    "trim_due": False, "panic": False, "task": None, "text_poke_array": (), "efi_rts_work": None,
    "efi_prev_mm": None, "efi_flags": True, "tainted": False, "parked": False,
}  # fmt: skip
"""The kinds of shared variables, and what one holds that nobody has written."""


class Saved(NamedTuple):
    """What an interrupt or exception saves of the code it interrupts, and IRET puts back."""

    rflags_if: bool
    cpl: int
    rflags_ac: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """One thing on a CPU's stack: a task's program, or a handler that interrupted what is below it."""

    kind: str  # task, irq, tick, ipi, nmi or fault
    point: ProgramPoint
    saved: Saved | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A task that is not running: its stack waits in its own schedule(). `waits` is the cell that must be set first."""

    name: str
    mm: str | None
    active_mm: str | None
    stack: tuple[Frame, ...]
    waits: Hashable = None
    dead: bool = False


class LinuxCpu(Record):
    """One CPU: its registers and TLB, its per-CPU kernel variables, and what runs on it."""

    __slots__ = ()

    # written by the hardware's own operations
    registers: Registers = Registers(0x8005_0033, 0, 0x30_06F0, 0xD01, 0x202, 0)
    tlb: Tlb = Tlb()
    cr2: Hex = Hex(0)
    fault: Fault | None = None
    dr7: int = 0
    dr0: int = 0
    # written when something begins, ends or is interrupted
    running: tuple[Frame, ...] = ()
    pending: tuple[Any, ...] = ()  # IPIs sent to this CPU and not taken
    serving: tuple[Any, ...] = ()  # taken and not acknowledged
    irqs: int = 0
    nmis: int = 0
    ticks: int = 0
    # written by the scheduler
    current: str = "swapper"
    current_mm: str | None = None
    active_mm: str | None = INIT_MM
    sleeping: tuple[Task, ...] = ()
    preempt_count: int = 0
    need_resched: bool = False
    pagefault_disabled: bool = False
    # lockdep's idea of IF
    hardirqs_enabled: bool = True
    # cpu_tlbstate, written by the mm code with interrupts off
    loaded_mm: str = INIT_MM
    loaded_mm_asid: int = 0
    next_asid: int = 1
    ctxs: tuple[tuple[int, int], ...] = ((0, 0),) * TLB_NR_DYN_ASIDS
    invalidate_other: bool = False
    user_pcid_flush_mask: int = 0
    last_user_mm_spec: str | None = None
    ldt_mm: str | None = None
    # read by other CPUs: cpu_tlbstate_shared.is_lazy, and this CPU's bit in each mm_cpumask
    is_lazy: bool = False
    cpumask: frozenset[str] = frozenset()
    # the shadows of the debug registers
    cpu_dr7: int = 0
    cpu_debugreg: int = 0
    # locks whose owner runs or sleeps here
    held: frozenset[str] = frozenset()
    # stores that no other CPU sees yet, oldest first; always empty on a sequentially consistent machine
    store_buffer: tuple[Store, ...] = ()

    def bit(self, name: Hashable) -> bool:
        """Give one of the facts about a CPU that others may ask about, by name."""
        kind, what = name if isinstance(name, tuple) else (name, None)
        if kind == "cpumask":
            return what in self.cpumask
        if kind == "loaded":
            return bool((self.visible("loaded_mm") if self.store_buffer else self.loaded_mm) == what)
        if kind == "ipi":
            return what in self.pending or what in self.serving or waits(self.store_buffer, ("ipi", what))
        if kind == "is_lazy":
            return bool(self.visible("is_lazy"))
        if kind == "online":
            return True
        raise ModelError(f"Other CPUs cannot ask about {name!r}: only cpumask, loaded, ipi, is_lazy and online.")

    def visible(self, name: str) -> Any:
        """Give a per-CPU variable as other CPUs see it: its own stores may still wait in the store buffer."""
        return as_seen(self.store_buffer, name, self.field(name))

    @property
    def holding(self) -> frozenset[str]:
        """The locks that are taken for others: those it holds, and those whose giving back still waits to drain."""
        return self.held | given_back(self.store_buffer) if self.store_buffer else self.held

    @property
    def rflags_if(self) -> bool:
        """RFLAGS.IF: whether maskable interrupts are let in."""
        return bool(int(self.registers.rflags) >> 9 & 1)

    @property
    def user_mode(self) -> bool:
        """Whether the code that runs is at CPL 3."""
        return bool(self.registers.cpl == 3)


@dataclass(slots=True)
class World:
    """What does not change during a run: the kernel's version and configuration, the mms, and what may happen."""

    versions: Mapping[str, Any]
    policy: Any
    config: Config
    mms: dict[str, Mm]
    alias_ptes: dict[int, int]  # alias address -> where its leaf entry is
    fills: tuple[int, ...] = ()
    processor: Processor = field(default_factory=Processor)
    tso: bool = False  # whether plain stores pass a store buffer
    roots: dict[Any, ProgramPoint] = field(default_factory=dict)

    def start(self, fn: Callable[..., Any], *args: Any) -> ProgramPoint:
        """Give the first point of a call; equal calls are the same point as long as this world lasts."""
        key = (fn, args)
        if key not in self.roots:
            self.roots[key] = start(fn, *args, versions=self.versions)
        return self.roots[key]


class System:
    """CPUs that run Linux, the memory they share, and the kernel's shared variables. Frozen and hashable."""

    __slots__ = ("_hash", "cells", "cpus", "memory", "world")

    def __init__(self, cpus: tuple[LinuxCpu, ...], memory: PhysicalMemory, cells: Cells, world: World) -> None:
        self.cpus = cpus
        self.memory = memory
        self.cells = cells
        self.world = world
        self._hash = hash((*map(hash, cpus), hash(memory), hash(cells)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, System):
            return NotImplemented
        mine, theirs = (self.cpus, self.cells, self.memory), (other.cpus, other.cells, other.memory)
        return self._hash == other._hash and mine == theirs

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        loaded = ", ".join(f"CPU{number} {cpu.loaded_mm}" for number, cpu in enumerate(self.cpus))
        return f"System({loaded})"

    @property
    def versions(self) -> Mapping[str, Any]:
        """Which version of each kernel function answers here."""
        return self.world.versions

    def cpu(self, number: int) -> LinuxCpu:
        """Give one CPU.

        Raises:
            ModelError: there is no such CPU.
        """
        if whole_number(number, "a CPU number") >= len(self.cpus):
            raise ModelError(f"There is no CPU {number}: this machine has {len(self.cpus)}, counted from 0.")
        return self.cpus[number]

    def with_cpu(self, number: int, **fields: Any) -> Self:
        """Give a system in which fields of one CPU differ: this sets the stage, no code runs."""
        changed = self.cpu(number).changed(fields)
        cpus = (*self.cpus[:number], changed, *self.cpus[number + 1 :])
        return type(self)(cpus, self.memory, self.cells, self.world)

    def with_cells(self, changes: Mapping[Hashable, Any]) -> Self:
        """Give a system in which shared variables differ: this sets the stage, no code runs."""
        return type(self)(self.cpus, self.memory, self.cells.changed(changes), self.world)

    def get_field(self, cpu: int, field: str) -> Any:
        """Give a field of one CPU; for ops."""
        return self.world.processor if field == "processor" else self.cpu(cpu).field(field)

    def with_field(self, cpu: int, field: str, value: Any) -> Self:
        """Give a system in which one field of one CPU differs; for ops."""
        return self.with_cpu(cpu, **{field: value})

    def read_cell(self, cell: Hashable) -> Any:
        """Give a word of memory (by physical address) or a shared variable (by name); for ops."""
        return self.memory.read64(cell) if isinstance(cell, int) else self.cells[cell]

    def write_cell(self, cell: Hashable, value: Any) -> Self:
        """Give a system in which a word of memory or a shared variable differs; for ops."""
        if isinstance(cell, int):
            return type(self)(self.cpus, self.memory.with_word(cell, value), self.cells, self.world)
        return self.with_cells({cell: value})

    def door(self, cpu: int, choices: tuple[int, ...] = ()) -> Any:
        """Give one CPU's door to this system, for the length of one step."""
        from tempmm_lab.kernel.access import Access

        return Access(self, cpu, choices)
