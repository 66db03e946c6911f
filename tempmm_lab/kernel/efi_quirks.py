"""When firmware faults: arch/x86/platform/efi/quirks.c as of v6.16."""

from __future__ import annotations

from tempmm_lab.awaiting import op
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.core import schedule
from tempmm_lab.kernel.efi import EFI_ABORTED, arch_efi_call_virt_teardown, complete
from tempmm_lab.kernel.layout import LOADED_MM_SWITCHING
from tempmm_lab.kernel.percpu import write_locked
from tempmm_lab.kernel.preempt import in_interrupt
from tempmm_lab.points import versioned


@op
def not_ours(cpu: Access, address: int) -> bool:
    """Say whether the fault is none that can be recovered.

    That is one in interrupt context (softirqs disabled count, S92b), outside an EFI call of the worker, in page 0, or a
    bad pointer of the kernel's own.
    """
    in_call = cpu.read(("efi_rts_work", None)) == "queued" and cpu.get("current") == "kworker"
    own = cpu.get("loaded_mm") in (LOADED_MM_SWITCHING, None)
    return in_interrupt(cpu.get("preempt_count")) or not in_call or address <= 0xFFF or own


@versioned
async def efi_crash_gracefully_on_page_fault(address: int) -> bool:
    """Give the call up, disable the service, and park the worker for ever; False if it is not firmware's fault.

    Linux: arch/x86/platform/efi/quirks.c efi_crash_gracefully_on_page_fault(), v6.16.
    """
    if await not_ours(address):
        return False
    await firmware_bug()
    await arch_efi_call_virt_teardown()
    await complete(EFI_ABORTED)
    await write_locked("efi_flags", None, False)
    await schedule("waiting", ("parked", None))
    return True


@op
def firmware_bug(cpu: Access) -> None:
    """Report it."""
    cpu.report("[Firmware Bug]: page fault caused by firmware; EFI runtime services are disabled")
