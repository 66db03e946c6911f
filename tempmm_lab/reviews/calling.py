"""Patches 9 to 11 of chapter 15: the way to the firmware and back. Which are right is not told here."""

from __future__ import annotations

from tempmm_lab.kernel.efi import (
    __efi_call,
    arch_efi_call_virt_setup,
    arch_efi_call_virt_teardown,
    complete,
    efi_call_virt_check_flags,
    efi_call_virt_save_flags,
    efi_enter_mm,
    efi_fpu_begin,
    efi_fpu_end,
    efi_leave_mm,
    efi_sync_low_kernel_mappings,
    firmware_restrict_branch_speculation_end,
    firmware_restrict_branch_speculation_start,
)
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import EFI_MM
from tempmm_lab.kernel.percpu import this_cpu_read
from tempmm_lab.kernel.tlb import unuse_temporary_mm, use_temporary_mm


async def efi_enter_mm_keeps_nothing() -> None:
    """Patch 9: no static for the cookie."""
    await use_temporary_mm(EFI_MM)


async def efi_leave_mm_asks_the_task() -> None:
    """Patch 9: what to come back to is known without it."""
    await unuse_temporary_mm(await this_cpu_read("active_mm"))


async def efi_call_virt_masked() -> str:
    """Patch 10: one irqsave around a direct call."""
    irq = await local_irq_save()
    await arch_efi_call_virt_setup()
    flags = await efi_call_virt_save_flags()
    status = await __efi_call()
    await efi_call_virt_check_flags(flags)
    await arch_efi_call_virt_teardown()
    await local_irq_restore(irq)
    return status


async def efi_call_rts_masked() -> None:
    """Patch 10: and one around the worker's."""
    irq = await local_irq_save()
    await arch_efi_call_virt_setup()
    flags = await efi_call_virt_save_flags()
    status = await __efi_call()
    await efi_call_virt_check_flags(flags)
    await arch_efi_call_virt_teardown()
    await local_irq_restore(irq)
    await complete(status)


async def arch_efi_call_virt_setup_fpu_last() -> None:
    """Patch 11: the FPU section begins last."""
    await efi_sync_low_kernel_mappings()
    await firmware_restrict_branch_speculation_start()
    await efi_enter_mm()
    await efi_fpu_begin()


async def arch_efi_call_virt_teardown_fpu_first() -> None:
    """Patch 11: and ends first."""
    await efi_fpu_end()
    await efi_leave_mm()
    await firmware_restrict_branch_speculation_end()
