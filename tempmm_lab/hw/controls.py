"""Which writes to CR0, CR3 and CR4 the processor refuses in 64-bit mode, each with #GP(0).

Source: Intel SDM vol. 2, "MOV—Move to/from Control Registers"; vol. 3, "Control Registers". No emulator at hand
checks these rules; they rest on the manual.
"""

from __future__ import annotations

from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.registers import CR4_BITS, LAM_U48, LAM_U57, NOFLUSH, PCID_MASK, Registers


def refused_cr3(value: int, registers: Registers, processor: Processor) -> str | None:
    """Say why MOV CR3 with this value is refused; None if it is not."""
    if registers.cpl:
        return "MOV CR3 needs CPL 0"
    allowed = (1 << processor.maxphyaddr) - 1
    if registers.bit("PCIDE"):
        allowed |= NOFLUSH
    elif value & NOFLUSH:
        return "bit 63 may be set only while CR4.PCIDE is 1"
    if processor.lam:
        allowed |= LAM_U48 | LAM_U57
    return f"reserved bits {value & ~allowed:#x} are set" if value & ~allowed else None


def refused_cr4(value: int, registers: Registers) -> str | None:
    """Say why MOV CR4 with this value is refused; None if it is not."""
    if registers.cpl:
        return "MOV CR4 needs CPL 0"
    after = registers.but(cr4=value)
    known = sum(1 << bit for bit in CR4_BITS.values())
    if value & ~known:
        return f"reserved bits {value & ~known:#x} are set"
    if not after.bit("PAE"):
        return "CR4.PAE must stay 1 in 64-bit mode"
    if after.bit("LA57") != registers.bit("LA57"):
        return "CR4.LA57 cannot change in 64-bit mode"
    if after.bit("PCIDE") and not registers.bit("PCIDE") and registers.cr3 & PCID_MASK:
        return "CR4.PCIDE may be set only while CR3 bits 11:0 are 0"
    if after.bit("CET") and not registers.bit("WP"):
        return "CR4.CET needs CR0.WP = 1"
    return None


def refused_cr0(value: int, registers: Registers) -> str | None:
    """Say why MOV CR0 with this value is refused; None if it is not."""
    if registers.cpl:
        return "MOV CR0 needs CPL 0"
    if value >> 32:
        return "bits 63:32 of CR0 must be 0"
    after = registers.but(cr0=value)
    if not (after.bit("PG") and after.bit("PE")):
        return "CR0.PG and CR0.PE must stay 1 in 64-bit mode"
    if after.bit("NW") and not after.bit("CD"):
        return "CR0.NW needs CR0.CD"
    if registers.bit("CET") and not after.bit("WP"):
        return "CR0.WP must stay 1 while CR4.CET is 1"
    return None
