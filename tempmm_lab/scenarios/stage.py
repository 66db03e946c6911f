"""Setting a stage: who runs where, on which mm, with what in the TLB. It ends in a `System`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.translation import fill_from_tables
from tempmm_lab.kernel import handlers
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.builds import Build
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.core import ret_from_fork
from tempmm_lab.kernel.firmware import FIRMWARE
from tempmm_lab.kernel.layout import (
    ALIAS,
    BASES,
    CTX_IDS,
    FIXMAP,
    FRAMES,
    INIT_MM,
    TEXT_FRAMES,
    USER_PGD_BIT,
    standard_mms,
    standard_tables,
)
from tempmm_lab.kernel.system import CELL_DEFAULTS, TLB_NR_DYN_ASIDS, Frame, LinuxCpu, System, Task, World
from tempmm_lab.kernel.tlbstate import kern_pcid, user_pcid
from tempmm_lab.record import Cells

CR0, CR4, EFER, RFLAGS = 0x8005_0033, 0x30_06F0, 0xD01, 0x202


@dataclass
class Stage:
    """A stage under construction: a build, a configuration, and one CPU after another."""

    build: Build
    config: Config
    irqs: int = 0
    nmis: int = 0
    ticks: int = 0
    handler: str = "quiet"
    nmi_handler: str = "quiet"
    firmware: str = "good"
    fills: tuple[int, ...] = ()
    cpus: list[LinuxCpu] = field(default_factory=list)
    cells: dict[Hashable, Any] = field(default_factory=dict)
    tso: bool = False

    def __post_init__(self) -> None:
        """Make the tables and the world."""
        tables = standard_tables(pti=self.config.pti)
        aliases = {ALIAS: BASES["text_poke_mm"], ALIAS + 4096: BASES["text_poke_mm"]}
        aliases |= dict.fromkeys(FIXMAP, BASES[INIT_MM])
        places = {int(va): tables.entry_pa(pgd, va) for va, pgd in aliases.items()}
        words = dict(tables.words)
        words |= {int(frame): 0x90 for frame in TEXT_FRAMES}
        self.memory = PhysicalMemory.from_words(words)
        versions: dict[str, Any] = {
            **self.build.functions,
            "CONFIG": self.config,
            "MEMORY": "tso" if self.tso else "sc",
            "HANDLER": handlers.HANDLERS[self.handler],
            "NMI_HANDLER": handlers.NMI_HANDLERS[self.nmi_handler],
            "FIRMWARE": FIRMWARE[self.firmware],
        }
        self.world = World(
            versions, self.build, self.config, standard_mms(), places, tuple(map(int, self.fills)),
            Processor(), self.tso,
        )  # fmt: skip

    def cr3(self, mm: str, asid: int, *, user: bool = False) -> int:
        """Give CR3 for an mm under an ASID."""
        pti = user and self.config.pti
        pcid = (user_pcid(asid) if pti else kern_pcid(asid)) if self.config.pcid else 0
        return BASES[mm] | pcid | (USER_PGD_BIT if pti else 0)

    def cpu(
        self,
        program: Callable[..., Any],
        *args: Any,
        name: str,
        mm: str | None,
        lazy_on: str | None = None,
        user: bool = False,
        known: tuple[str, ...] = (),
        fields: Mapping[str, Any] | None = None,
    ) -> int:
        """Add a CPU on which a task called `name` runs `program(*args)`; give the CPU's number.

        `mm` is the task's mm; a kernel thread has none, and `lazy_on` names the user mm that is still loaded there
        (without it init_mm is). The task begins in the kernel, or in user mode. `known` are other mms that this CPU ran
        before and has ASIDs for. `fields` are any other fields of the CPU.
        """
        values = self._fields(mm, lazy_on, user, known)
        values |= {"running": (Frame("task", self.world.start(program, *args)),), "current": name}
        self.cpus.append(LinuxCpu(**values | dict(fields or {})))
        return len(self.cpus) - 1

    def _fields(self, mm: str | None, lazy_on: str | None, user: bool, known: tuple[str, ...]) -> dict[str, Any]:
        """Give the fields of a CPU that has run `mm` (or is lazy on another) undisturbed."""
        loaded = mm or lazy_on or INIT_MM
        asids = (loaded, *known)
        tail = ((0, 0),) * (TLB_NR_DYN_ASIDS - len(asids))
        bits = [each for each in ((loaded,) if self.build.eager else asids) if each != INIT_MM]
        cr4 = CR4 | (1 << 17 if self.config.pcid else 0) | (1 << 27 if self.config.lass else 0)
        registers = Registers(CR0, self.cr3(loaded, 0, user=user), cr4, EFER, RFLAGS, 3 if user else 0)
        slots = (*((CTX_IDS[each], 0) for each in asids), *tail)
        return {
            "registers": registers,
            "current_mm": mm,
            "active_mm": mm or lazy_on or INIT_MM,
            "loaded_mm": loaded,
            "ctxs": slots if self.config.pcid else (slots[0], *((0, 0),) * (TLB_NR_DYN_ASIDS - 1)),
            "next_asid": len(asids) if self.config.pcid else 1,
            "is_lazy": mm is None and lazy_on is not None,
            "cpumask": frozenset(bits),
            "last_user_mm_spec": mm or lazy_on,
            "ldt_mm": loaded if loaded in FRAMES else None,
            "irqs": self.irqs,
            "nmis": self.nmis,
            "ticks": self.ticks,
        }

    def sleeper(
        self, cpu: int, program: Callable[..., Any], *args: Any, name: str, mm: str | None, waits: Hashable = None
    ) -> None:
        """Add a task that has not run yet and can be scheduled on a CPU, once the cell that it waits for is set."""
        frame = Frame("task", self.world.start(ret_from_fork, program, *args))
        task = Task(name, mm, mm, (frame,), waits)
        self.cpus[cpu] = self.cpus[cpu].but(sleeping=(*self.cpus[cpu].sleeping, task))

    def cache_structures(self) -> None:
        """Give the CPUs paging-structure caches: a walk may begin at a table that was reached before."""
        self.world.processor = Processor(caches_structures=True)

    def cache(self, cpu: int, va: int, mm: str) -> None:
        """Put a translation into a CPU's TLB, as if it had been used while `mm` was loaded there."""
        before = self.cpus[cpu]
        slot = next((asid for asid, (owner, _) in enumerate(before.ctxs) if owner == CTX_IDS[mm]), 0)
        there = before.but(registers=before.registers.but(cr3=self.cr3(mm, slot)))
        system = System((there,), self.memory, Cells({}, CELL_DEFAULTS), self.world)
        access = Access(system, 0)
        fill_from_tables(access, va)
        entries = tuple(_dirty(entry) for entry in access.get("tlb").entries)
        tlb = type(before.tlb)(entries, access.get("tlb").structures)
        self.cpus[cpu] = before.but(tlb=tlb)

    def fill(self, wanted: bool, *pages: int) -> None:
        """Let the hardware fill and evict translations of these pages at any moment, if that is wanted."""
        if wanted:
            self.world.fills = tuple(sorted({*self.world.fills, *map(int, pages)}))

    def system(self) -> System:
        """Give the finished stage."""
        return System(tuple(self.cpus), self.memory, Cells(self.cells, CELL_DEFAULTS), self.world)


def _dirty(entry: Any) -> Any:
    return type(entry)(
        entry.pcid, entry.va, entry.page_size, Hex(entry.pa), entry.rights, entry.rights.write, entry.global_
    )
