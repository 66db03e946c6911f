"""A small stage for chapter 5: one CPU, many processes, and what each switch does with ASIDs and generations."""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.errors import ModelError, a_thing, one_of, whole_number
from tempmm_lab.hw.address import KIB4, Hex
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.layout import USER_CODE, USER_CODE_PTE, USER_PAGE, USER_PAGE_PTE, Mm, Tables
from tempmm_lab.kernel.system import TLB_NR_DYN_ASIDS, System
from tempmm_lab.kernel.tlb import switch_mm
from tempmm_lab.kernel.tlbflush import TLB_FLUSH_ALL, flush_tlb_func, flush_tlb_info
from tempmm_lab.kernel.tlbstate import build_cr3, inc_mm_tlb_gen
from tempmm_lab.kernel.uaccess import user_load
from tempmm_lab.points import start
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.stage import Stage
from tempmm_lab.steps import run

MOST = 12
FIRST_PGD, FIRST_FRAME, FIRST_CTX = 0x100_0000, 0x40_0000, 10


def processes(count: int = 8, *, build: str = "v6.16", pcid: bool = True) -> System:
    """Give one CPU and `count` processes p1, p2, ... with a page of their own each; p1 is loaded, under ASID 0.

    Raises:
        ModelError: count is not from 2 to 12, there is no such build, or pcid is neither True nor False.
    """
    if not 2 <= whole_number(count, "count") <= MOST:
        raise ModelError(f"count must be from 2 to {MOST}, not {count}.")
    stage = Stage(BUILDS[one_of(build, tuple(BUILDS), "build")], Config(pcid=pcid))
    tables = Tables()
    for number in range(1, count + 1):
        _process(stage, tables, number)
    for pa, word in tables.words.items():
        stage.memory = stage.memory.with_word(pa, word)
    stage.cpu(programs.cpu_relax_once, name="p1", mm="user_mm")
    now = stage.system()
    cpu = now.cpus[0]
    first = dict.fromkeys(("current_mm", "active_mm", "loaded_mm", "last_user_mm_spec", "ldt_mm"), "p1")
    slots = ((FIRST_CTX + 1, 0), *cpu.ctxs[1:])
    cr3 = build_cr3(Access(now, 0), "p1", 0)
    return now.with_cpu(0, **first, cpumask=frozenset({"p1"}), ctxs=slots, registers=cpu.registers.but(cr3=cr3))


def _process(stage: Stage, tables: Tables, number: int) -> None:
    pgd, name = FIRST_PGD + 0x1_0000 * number, f"p{number}"
    stage.world.mms[name] = Mm(name, FIRST_CTX + number, Hex(pgd))
    frame = FIRST_FRAME + 2 * KIB4 * number
    free = tables.map(pgd, pgd + 2 * KIB4, USER_CODE, frame | USER_CODE_PTE)
    tables.map(pgd, free, USER_PAGE, frame + KIB4 | USER_PAGE_PTE)


@dataclass(frozen=True, slots=True)
class Switched:
    """What one switch did.

    Attributes:
        system: the machine afterwards.
        mm: the mm that was switched to.
        asid: the ASID it has now.
        wrote_cr3: whether CR3 was written, and `flushed` whether that dropped what its PCID had cached.
        evicted: whose slot was taken for it, if it had somebody else's.
    """

    system: System
    mm: str
    asid: int
    wrote_cr3: bool
    flushed: bool
    evicted: str | None

    def __repr__(self) -> str:
        cr3 = ("CR3 written, " + ("flush" if self.flushed else "keep")) if self.wrote_cr3 else "CR3 not written"
        lost = f", {self.evicted} loses its slot" if self.evicted else ""
        return f"{self.mm}: ASID {self.asid}, {cr3}{lost}"


def switch_to(system: System, mm: str) -> Switched:
    """Switch the stage's CPU to an mm, as Linux does: switch_mm(), undisturbed.

    Raises:
        ModelError: there is no such mm.
    """
    now = known = a_thing(system, System, "switch_to() takes a System, such as processes().")
    one_of(mm, tuple(known.world.mms), "mm")
    point, loads = start(switch_mm, None, mm, None, versions=known.versions), list[bool]()
    while point.op is not None:
        if point.op.do.__name__ == "load_new_mm_cr3":
            loads.append(bool(point.op.args[2]))
        door = now.door(0)
        answer = point.op.do(door, *point.op.args)
        now, point = door.machine, point.after(answer)
    cpu = now.cpus[0]
    before = known.cpus[0].ctxs[cpu.loaded_mm_asid][0]
    evicted = owner_of(known, before) if before != cpu.ctxs[cpu.loaded_mm_asid][0] else None
    return Switched(now, mm, cpu.loaded_mm_asid, bool(loads), any(loads), evicted)


def owner_of(system: System, ctx_id: int) -> str | None:
    """Give the name of the mm with this ctx_id; None for 0, which no mm has."""
    return next((mm.name for mm in system.world.mms.values() if mm.ctx_id == ctx_id), None)


def touch(system: System) -> System:
    """Let the loaded process load from its page, so that the translation is in the TLB."""
    cpu = system.cpus[0]
    user = system.with_cpu(0, current_mm=cpu.loaded_mm, registers=cpu.registers.but(cpl=3))
    after, _ = run(user, 0, user_load, int(USER_PAGE))
    return after.with_cpu(0, current_mm=cpu.current_mm, registers=cpu.registers)


def flushed_elsewhere(system: System, mm: str) -> System:
    """Let a thread of `mm` on another CPU flush all of it: its generation goes up by one.

    If `mm` is loaded here, this CPU is told by an IPI and flushes as well.
    """
    known = a_thing(system, System, "flushed_elsewhere() takes a System, such as processes().")
    now, generation = run(known, 0, inc_mm_tlb_gen, one_of(mm, tuple(known.world.mms), "mm"))
    if now.cpus[0].loaded_mm == mm:
        now, _ = run(now, 0, flush_tlb_func, flush_tlb_info(mm, 0, TLB_FLUSH_ALL, generation))
    return now


@dataclass(frozen=True, slots=True)
class Slot:
    """One of a CPU's six ASIDs: whose it is, how new what it caches is, how new it should be, what a load would do."""

    asid: int
    pcid: int
    owner: str | None
    generation: int
    wanted: int
    cached: int
    loaded: bool

    @property
    def next_load(self) -> str:
        """What switching to the owner would do with what is cached."""
        if self.owner is None:
            return ""
        return "loaded" if self.loaded else "keep" if self.generation >= self.wanted else "flush"


def slots_of(system: System, cpu: int = 0) -> tuple[Slot, ...]:
    """Give a CPU's ASID slots."""
    one = system.cpu(cpu)
    found = []
    for asid in range(TLB_NR_DYN_ASIDS):
        ctx_id, generation = one.ctxs[asid]
        owner = owner_of(system, ctx_id)
        wanted = int(system.cells["tlb_gen", owner]) if owner else 0
        cached = sum(entry.pcid == asid + 1 and not entry.global_ for entry in one.tlb.entries)
        loaded = asid == one.loaded_mm_asid and owner == one.loaded_mm
        found.append(Slot(asid, asid + 1, owner, generation, wanted, cached, loaded))
    return tuple(found)
