"""Hardware breakpoints: the debug registers, and the kernel's shadows of them.

Linux: arch/x86/include/asm/debugreg.h, arch/x86/kernel/hw_breakpoint.c, v6.16. One breakpoint here, in DR0.
"""

from __future__ import annotations

from tempmm_lab.awaiting import op
from tempmm_lab.kernel.access import Access

DR_GLOBAL_ENABLE_MASK = 0xAA


@op
def hw_breakpoint_active(cpu: Access) -> bool:
    """Say whether the shadow of DR7 has any global-enable bit set."""
    return bool(cpu.get("cpu_dr7") & DR_GLOBAL_ENABLE_MASK)


@op
def hw_breakpoint_disable(cpu: Access) -> None:
    """DR7 := 0, then DR0 := 0, in hardware. The shadows stay (S29). MOV to DR serialises."""
    cpu.fence()
    cpu.set("dr7", 0)
    cpu.set("dr0", 0)


@op
def hw_breakpoint_restore(cpu: Access) -> None:
    """DR0 and DR7 from the shadows."""
    cpu.fence()
    cpu.set("dr0", cpu.get("cpu_debugreg"))
    cpu.set("dr7", cpu.get("cpu_dr7"))


def breakpoint_hit(cpu: Access, va: int) -> bool:
    """Say whether a data access to `va` raises #DB: breakpoints match linear addresses, whatever CR3 says."""
    return bool(cpu.get("dr7") & DR_GLOBAL_ENABLE_MASK) and (va & ~7) == (cpu.get("dr0") & ~7)
