"""A machine: CPUs and the memory they share, as one frozen value."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from tempmm_lab.errors import ModelError, whole_number
from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access, Fault, as_access
from tempmm_lab.hw.tlb import Tlb
from tempmm_lab.hw.walk import Walk, walk
from tempmm_lab.thiscpu import ThisCpu


@dataclass(frozen=True, slots=True)
class Cpu:
    """One logical processor: its registers, its TLB, and the last exception.

    Attributes:
        registers: CR0, CR3, CR4, EFER, RFLAGS and CPL.
        tlb: what this CPU has cached of its page tables.
        cr2: the address of the last page fault.
        fault: the exception that the last step raised, or None.
    """

    registers: Registers
    tlb: Tlb = Tlb()
    cr2: Hex = Hex(0)
    fault: Fault | None = None

    @property
    def pcid(self) -> int:
        """The current PCID."""
        return self.registers.pcid


@dataclass(frozen=True, slots=True)
class Machine:
    """CPUs, the physical memory they share, and what kind of processor they are."""

    cpus: tuple[Cpu, ...]
    memory: PhysicalMemory
    processor: Processor = field(default_factory=Processor)

    def cpu(self, number: int) -> Cpu:
        """Give one CPU.

        Raises:
            ModelError: there is no such CPU.
        """
        if whole_number(number, "a CPU number") >= len(self.cpus):
            msg = f"There is no CPU {number}: this machine has {len(self.cpus)}, counted from 0."
            raise ModelError(msg)
        return self.cpus[number]

    @property
    def versions(self) -> Mapping[str, Any]:
        """Bare hardware runs no kernel, so no function has versions."""
        return {}

    def door(self, cpu: int, choices: tuple[int, ...] = ()) -> ThisCpu[Self]:
        """Give one CPU's door to this machine, for the length of one step."""
        return ThisCpu(self, cpu, choices)

    def get_field(self, cpu: int, field: str) -> Any:
        """Give a field of one CPU; for ops."""
        return self.processor if field == "processor" else getattr(self.cpu(cpu), field)

    def with_field(self, cpu: int, field: str, value: Any) -> Self:
        """Give a machine in which one field of one CPU differs; for ops."""
        changed = replace(self.cpu(cpu), **{field: value})
        return replace(self, cpus=(*self.cpus[:cpu], changed, *self.cpus[cpu + 1 :]))

    def read_cell(self, cell: Hashable) -> Hex:
        """Give the word at a physical address; for ops."""
        return self.memory.read64(cell)  # type: ignore[arg-type]

    def write_cell(self, cell: Hashable, value: int) -> Self:
        """Give a machine in which the word at a physical address differs; for ops."""
        return replace(self, memory=self.memory.with_word(cell, value))  # type: ignore[arg-type]

    def with_word(self, pa: int, value: int) -> Self:
        """Give a machine in which software has written a word of memory. No CPU is told."""
        return replace(self, memory=self.memory.with_word(pa, value))

    def but(self, cpu: int = 0, **changes: int) -> Self:
        """Give a machine in which registers or named bits of one CPU differ, with nothing flushed: `but(cpl=3)`.

        This sets the stage. To do what an instruction does, run `write_cr3`, `write_cr4` or `write_cr0`.
        """
        return self.with_field(cpu, "registers", self.cpu(cpu).registers.but(**changes))

    def walk(self, va: int, access: Access = Access.READ, cpu: int = 0) -> Walk:
        """Give what the page tables alone say of an access: no TLB, nothing changed."""
        registers, address = self.cpu(cpu).registers, whole_number(va, "an address")
        return walk(self.memory.read64, registers, address, as_access(access), self.processor)
