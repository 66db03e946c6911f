"""What firmware does when it is called: the scenario chooses one by name."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from tempmm_lab.awaiting import op
from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.rights import Access as Kind
from tempmm_lab.hw.rights import Fault
from tempmm_lab.hw.translation import translated
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.efi import EFI_SUCCESS
from tempmm_lab.kernel.hw_breakpoint import breakpoint_hit
from tempmm_lab.kernel.layout import EFI_1TO1
from tempmm_lab.kernel.percpu import with_if

Firmware = Callable[[], Coroutine[Any, Any, str]]


@op
def firmware_step(cpu: Access, va: int) -> Fault | None:
    """Firmware runs an instruction and writes to its own memory, in ring 0, with whatever is mapped."""
    if breakpoint_hit(cpu, va):
        cpu.report("BUG: #DB in firmware, from a breakpoint that user space set")
    found = translated(cpu, va & ~7, Kind.WRITE)
    return None if isinstance(found, Hex) else found


@op
def firmware_cli(cpu: Access) -> None:
    """Firmware clears IF and does not set it again."""
    with_if(cpu, False)


async def good_firmware() -> str:
    """Firmware that does its work."""
    await firmware_step(EFI_1TO1)
    return EFI_SUCCESS


async def flag_losing_firmware() -> str:
    """Firmware that returns with interrupts off."""
    await firmware_cli()
    return EFI_SUCCESS


async def faulting_firmware() -> str:
    """Firmware that follows a pointer to nowhere."""
    await firmware_step(0x7000_0000)
    return EFI_SUCCESS


FIRMWARE: dict[str, Firmware] = {"good": good_firmware, "flips_if": flag_losing_firmware, "faults": faulting_firmware}
