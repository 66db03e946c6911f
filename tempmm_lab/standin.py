"""A CPU of the model that stands in for a recorded one: set up from a row, and compared with later rows.

Recorded mms get the model's names (the first user mm is user_mm, the second other_mm) and keep their contexts and
generations. Top tables are compared by whose they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tempmm_lab.kernel import efi
from tempmm_lab.kernel.alternative import __text_poke as text_poke_inner
from tempmm_lab.kernel.builds import Build
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.layout import EFI_MM, INIT_MM, LOADED_MM_SWITCHING, OTHER_MM, TEXT, TEXT_POKE_MM, USER_MM, Mm
from tempmm_lab.kernel.percpu import changed_registers, current, this_cpu_read
from tempmm_lab.kernel.system import TLB_NR_DYN_ASIDS, System
from tempmm_lab.kernel.tlb import switch_mm_irqs_off
from tempmm_lab.points import Mark
from tempmm_lab.recordings import PGD_BITS, Recording, Row
from tempmm_lab.scenarios.stage import Stage

NOFLUSH = 1 << 63
STANDARD = (INIT_MM, TEXT_POKE_MM, EFI_MM)


async def _efi_from_enter() -> None:
    """An EFI window of which only the part from efi_enter_mm() on was recorded."""
    await efi.efi_enter_mm()
    await efi.efi_call_virt_save_flags()
    await getattr(efi, "__efi_call")()
    await efi.arch_efi_call_virt_teardown()


async def _window(program: Callable[..., Any], *args: Any) -> None:
    """Run a program, and one step more, so that the point of its return is one that can be compared."""
    await program(*args)
    await this_cpu_read("current")


async def _switch(mm: str) -> None:
    await switch_mm_irqs_off(None, mm, current)


class StandIn:
    """The model's side of one window: names, the first system, and the comparison."""

    def __init__(
        self, recording: Recording, rows: tuple[Row, ...], kind: str, known: dict[str, int], build: Build
    ) -> None:
        first = rows[0]
        self.recording = recording
        self.window = rows
        self.known = known  # generations that the model has reached in earlier windows
        self.first = first
        self.kind = kind
        self.names: dict[str, str] = {name: name for name in STANDARD}
        self.build = build
        self.rows = {id(row): place for place, row in enumerate(recording.rows)}

    def name(self, mm: str | None) -> str | None:
        """Give the model's name for a recorded mm."""
        if mm is None or mm == LOADED_MM_SWITCHING:
            return mm
        if mm not in self.names:
            free = [each for each in (USER_MM, OTHER_MM) if each not in self.names.values()]
            self.names[mm] = free[0] if free else mm
        return self.names[mm]

    def system(self) -> System:
        """Give the model's system at the first row."""
        row, recording = self.first, self.recording
        config = Config(
            pcid=recording.pcid, pti=recording.pti, preempt="voluntary", prove_locking=False, perf_events=True
        )
        stage = Stage(self.build, config, ticks=1_000)
        program, args = self._program()
        mm = self.name(row.mm("current_mm"))
        loaded = self.name(row.mm("loaded_mm"))
        lazy = bool(row.number_of("is_lazy"))
        stage.cpu(_window, program, *args, name="kworker" if mm is None else "task", mm=mm, fields=self._fields(row))
        for name in [each for each in row.fields.values() if isinstance(each, str) and each.startswith("mm:")]:
            self.name(name)
        self._contexts(stage, row)
        system = stage.system()
        registers = system.cpus[0].registers
        registers = changed_registers(registers, "cr3", stage.cr3(str(loaded), row.asid))
        registers = changed_registers(registers, "IF", bool(row.number_of("IF")))
        return system.with_cpu(0, registers=registers, is_lazy=lazy)

    def _program(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        if self.kind == "switch":
            return _switch, (self.name(self.first.mm("next") or self.first.mm("next_arg")),)
        if self.kind == "text_poke":
            return text_poke_inner, (int(TEXT[0]), 0xCC, 1)
        return (efi.efi_call_virt if self.first.event == "arch_efi_call_virt_setup" else _efi_from_enter), ()

    def _fields(self, row: Row) -> dict[str, Any]:
        """Give the per-CPU variables that the row records."""
        loaded = str(self.name(row.mm("loaded_mm")))
        bits = {loaded: loaded != INIT_MM} | dict(self._bits(row))
        fields: dict[str, Any] = {
            "loaded_mm": self.name(row.mm("loaded_mm")),
            "active_mm": self.name(row.mm("active_mm")),
            "loaded_mm_asid": row.asid,
            "preempt_count": row.number_of("preempt_count") or 0,
            "hardirqs_enabled": bool(row.number_of("IF")),
            "cpumask": frozenset(name for name, bit in bits.items() if bit),
            "ctxs": row.slots or ((0, 0),) * TLB_NR_DYN_ASIDS,
        }
        for name in ("next_asid", "user_pcid_flush_mask"):
            if row.number_of(name) is not None:
                fields[name] = row.number_of(name)
        if row.number_of("invalidate_other") is not None:
            fields["invalidate_other"] = bool(row.number_of("invalidate_other"))
        return fields

    def _contexts(self, stage: Stage, row: Row) -> None:
        """Give the model's mms the recorded contexts and generations."""
        facts = {mm: said for later in reversed(self.window) for mm, said in later.about()} | dict(row.about())
        slots = dict(row.slots or ())
        for recorded, name in self.names.items():
            known = stage.world.mms.get(name)
            if known is None:
                continue
            ctx_id = self.recording.ctx_ids.get(recorded, 1 if name == INIT_MM else 1_000_000 + known.ctx_id)
            stage.world.mms[name] = Mm(name, ctx_id, known.pgd, known.temporary)
            generation = dict(row.about()).get(recorded, {}).get("tlb_gen", self.known.get(recorded))
            if generation is None:
                generation = facts.get(recorded, {}).get("tlb_gen", slots.get(ctx_id, 0))
            if generation:
                stage.cells["tlb_gen", name] = generation

    def _bits(self, row: Row) -> Iterator[tuple[str, bool]]:
        """Give (mm by the model's name, this CPU's bit) for every cpumask that the row records."""
        for mask, mm in (("loaded_mm_cpumask", "loaded_mm"), ("active_mm_cpumask", "active_mm")):
            value, name = row.number_of(mask), self.name(row.mm(mm))
            if value is not None and name not in (None, LOADED_MM_SWITCHING):
                yield str(name), bool(value >> row.cpu & 1)
        for mm, facts in row.about():
            if "cpumask" in facts:
                yield str(self.name(mm)), bool(facts["cpumask"] >> row.cpu & 1)

    @staticmethod
    def marks_of(running: tuple[Any, ...], before: System) -> tuple[Mark, ...]:
        """Give the calls entered and left on the way to where the program is now."""
        del before
        return running[-1].point.marks if running else ()

    def others_ran(self, before: Row, row: Row) -> bool:
        """Say whether rows of other tasks stand between two rows of this window, on its CPU."""
        between = self.recording.rows[self.rows[id(before)] + 1 : self.rows[id(row)]]
        return any(other.cpu == row.cpu and other.task != row.task for other in between)

    def moved(self, system: System, row: Row) -> System:
        """Give the system after the scheduler had its way with the task: on its own mm again, maybe on another CPU.

        What the other CPU has in its slots is taken from its last row, or from this one if it is its first; whether
        the loaded mm's slot is right is compared all the same.
        """
        earlier = [old for old in self.recording.rows[: self.rows[id(row)]] if old.cpu == row.cpu]
        cpu = system.cpus[0]
        if cpu.loaded_mm in (TEXT_POKE_MM, EFI_MM) or not cpu.rflags_if or cpu.current_mm is None:
            return system
        slots = (earlier[-1] if earlier else row).slots or cpu.ctxs
        mm = system.world.mms[cpu.current_mm]
        asid = next((place for place, slot in enumerate(slots) if slot[0] == mm.ctx_id), 0)
        return system.with_cpu(0, ctxs=slots, loaded_mm=mm.name, loaded_mm_asid=asid, is_lazy=False)

    def compared(self, row: Row, system: System, args: tuple[Any, ...]) -> Iterator[tuple[str, Any, Any]]:
        """Give (field, recorded, modelled) for every field that was recorded and that the model has."""
        cpu = system.cpus[0]
        yield from self._cr3(row, system, args)
        pairs: list[tuple[str, Any, Any]] = [
            ("IF", row.number_of("IF"), int(cpu.rflags_if)),
            ("preempt_count", row.number_of("preempt_count"), cpu.preempt_count),
            ("is_lazy", row.number_of("is_lazy"), int(cpu.is_lazy)),
        ]
        pairs += [
            (name, self.name(row.mm(name)) or "NULL", cpu.field(name) or "NULL")
            for name in ("loaded_mm", "active_mm", "current_mm")
            if name in row.fields
        ]
        if self.first.slots is not None:
            pairs.append(("asid_ctxs", row.slots, cpu.ctxs))
        pairs += [(f"bit({mm})", bit, mm in cpu.cpumask) for mm, bit in self._bits(row)]
        for mm, facts in row.about():
            name = self.name(mm)
            if name in (TEXT_POKE_MM, EFI_MM) and "tlb_gen" in facts:
                pairs.append((f"tlb_gen({name})", facts["tlb_gen"], system.cells["tlb_gen", name]))
        yield from ((name, there, here) for name, there, here in pairs if there is not None)

    def _cr3(self, row: Row, system: System, args: tuple[Any, ...]) -> Iterator[tuple[str, Any, Any]]:
        """Compare CR3: whose top table it is, the PCID, and for a write bit 63."""
        there = row.number_of("cr3")
        if there is not None:
            yield from self._word("cr3", there, int(system.cpus[0].registers.cr3), system)
        written = row.number_of("value")
        if row.event == "cr3_write" and written is not None:
            mm, asid, need_flush = args
            pcid = asid + 1 if self.recording.pcid else 0
            here = int(system.world.mms[mm].pgd) | pcid | (0 if need_flush or not self.recording.pcid else NOFLUSH)
            yield from self._word("value", written, here, system)
            yield "value bit 63", written >> 63, here >> 63

    def _word(self, what: str, there: int, here: int, system: System) -> Iterator[tuple[str, Any, Any]]:
        owners = {int(mm.pgd): name for name, mm in system.world.mms.items()}
        recorded = {pgd: self.name(mm) for mm, pgd in self.recording.pgds.items()}
        mine, theirs = owners.get(here & PGD_BITS), recorded.get(there & PGD_BITS)
        yield f"{what} pgd", theirs or hex(there & PGD_BITS), mine or hex(here & PGD_BITS)
        if self.recording.pcid:
            yield f"{what} PCID", there & 0xFFF, here & 0xFFF
