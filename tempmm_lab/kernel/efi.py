"""EFI runtime calls: arch/x86/platform/efi/efi_64.c and drivers/firmware/efi/runtime-wrappers.c as of v6.16.

The steps of a call are v6.16's. FPU contents, IBRS and mixed mode's segment registers are left out; what they do to
preempt_count and IF is in.
"""

from __future__ import annotations

from tempmm_lab.awaiting import op
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.bug import warn_once
from tempmm_lab.kernel.core import schedule
from tempmm_lab.kernel.irqflags import irqs_disabled, local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import EFI_MM
from tempmm_lab.kernel.locks import down, down_trylock, efi_mixed_lock, efi_runtime_lock, spin_lock, spin_unlock, up
from tempmm_lab.kernel.percpu import read_once, with_if, write_locked, write_once
from tempmm_lab.kernel.preempt import local_bh_disable, local_bh_enable, preempt_disable, preempt_enable
from tempmm_lab.kernel.tlb import unuse_temporary_mm, use_temporary_mm
from tempmm_lab.points import constant, versioned

EFI_SUCCESS, EFI_NOT_READY, EFI_ABORTED = "EFI_SUCCESS", "EFI_NOT_READY", "EFI_ABORTED"


@op
def efi_sync_low_kernel_mappings(cpu: Access) -> None:
    """Copy the kernel's top-level entries into efi_mm, for new ones may have appeared.

    In our model none ever appears, so what is written is what stands there.
    """
    del cpu


@versioned
async def efi_fpu_begin() -> None:
    """kernel_fpu_begin_mask(): since v6.15 it disables softirqs (d02198550423), if interrupts are on; on RT preemption.

    Linux: arch/x86/kernel/fpu/core.c, arch/x86/include/asm/fpu/api.h (fpregs_lock), v6.16.
    """
    if await irqs_disabled():
        return
    if constant("CONFIG").preempt == "rt":
        await preempt_disable()
    else:
        await local_bh_disable()


@versioned
async def efi_fpu_end() -> None:
    """kernel_fpu_end()."""
    if await irqs_disabled():
        return
    if constant("CONFIG").preempt == "rt":
        await preempt_enable()
    else:
        await local_bh_enable()


@versioned
async def firmware_restrict_branch_speculation_start() -> None:
    """Preemption off; the MSR writes are left out."""
    await preempt_disable()


@versioned
async def firmware_restrict_branch_speculation_end() -> None:
    """Preemption on again."""
    await preempt_enable()


@versioned
async def efi_enter_mm() -> None:
    """Borrow efi_mm. Linux: efi_64.c efi_enter_mm(), v6.16 (e7021e2fe0b4); the cookie is kept in a static."""
    prev_mm = await use_temporary_mm(EFI_MM)
    await write_once("efi_prev_mm", None, prev_mm)


@versioned
async def efi_leave_mm() -> None:
    """Give it back. Linux: efi_64.c efi_leave_mm(), v6.16."""
    await unuse_temporary_mm(await read_once("efi_prev_mm", None))


@versioned
async def arch_efi_call_virt_setup() -> None:
    """E3: everything before the firmware. Linux: efi_64.c arch_efi_call_virt_setup(), v6.16."""
    await efi_sync_low_kernel_mappings()
    await efi_fpu_begin()
    await firmware_restrict_branch_speculation_start()
    await efi_enter_mm()


@versioned
async def arch_efi_call_virt_teardown() -> None:
    """E5: the same, backwards. Linux: efi_64.c arch_efi_call_virt_teardown(), v6.16."""
    await efi_leave_mm()
    await firmware_restrict_branch_speculation_end()
    await efi_fpu_end()


@op
def efi_call_virt_save_flags(cpu: Access) -> bool:
    """Read IF, the only flag that is compared afterwards on x86."""
    return bool(int(cpu.get("registers").rflags) >> 9 & 1)


@op
def efi_call_virt_check_flags(cpu: Access, before: bool) -> None:
    """If firmware returned with another IF: warn once, taint, and put it back (S90)."""
    now = bool(int(cpu.get("registers").rflags) >> 9 & 1)
    if now != before:
        warn_once(cpu, "IRQ flags corrupted by firmware")
        cpu.write_locked(("tainted", None), True)
        with_if(cpu, before)


@versioned
async def efi_call_virt() -> str:
    """One call in the current context: set-up, firmware, teardown. Linux: include/linux/efi.h, v6.16."""
    await arch_efi_call_virt_setup()
    flags = await efi_call_virt_save_flags()
    status = await __efi_call()
    await efi_call_virt_check_flags(flags)
    await arch_efi_call_virt_teardown()
    return status


@versioned
async def __efi_call() -> str:
    """The firmware itself: what it does is the scenario's. Linux: arch/x86/platform/efi/efi_stub_64.S, v6.16."""
    status: str = await constant("FIRMWARE")()
    return status


@versioned
async def virt_efi_set_variable_nonblocking() -> str:
    """A direct call, as pstore makes it: no waiting, no workqueue (S91). Linux: runtime-wrappers.c, v6.16."""
    if not await down_trylock(efi_runtime_lock):
        return EFI_NOT_READY
    status = await efi_call_virt()
    await up(efi_runtime_lock)
    return status


@versioned
async def virt_efi_get_variable(interrupted: bool = False) -> str:
    """An ordinary call: the semaphore, then the worker does it. Linux: runtime-wrappers.c __efi_queue_work(), v6.16.

    Which status a call gets once the service is disabled differs between versions; here it is EFI_ABORTED.
    """
    if interrupted:  # down_interruptible() and a signal
        return EFI_ABORTED
    await down(efi_runtime_lock)
    if not await read_once("efi_flags", None):
        await up(efi_runtime_lock)
        return EFI_ABORTED
    await write_locked("efi_rts_work", None, "queued")
    await schedule("waiting", ("done", "efi_rts_work"))
    status: str = await read_once("efi_rts_work", None)
    await write_once("done", "efi_rts_work", False)
    await write_once("efi_rts_work", None, None)
    await up(efi_runtime_lock)
    return status


@versioned
async def efi_call_rts() -> None:
    """The worker's function. Linux: runtime-wrappers.c efi_call_rts(), v6.16."""
    await arch_efi_call_virt_setup()
    flags = await efi_call_virt_save_flags()
    status = await __efi_call()
    await efi_call_virt_check_flags(flags)
    await arch_efi_call_virt_teardown()
    await complete(status)


@op
def complete(cpu: Access, status: str) -> None:
    """Hand the status to the requester and wake it: complete() takes a spinlock."""
    cpu.write(("efi_rts_work", None), status)
    cpu.write_locked(("done", "efi_rts_work"), True)


@versioned
async def efi_set_virtual_address_map() -> str:
    """The call at boot: efi_mm first, the FPU section second, interrupts off around the firmware only.

    Linux: efi_64.c efi_set_virtual_address_map(), v6.16. start_kernel() runs with preempt_count 1.
    """
    await efi_enter_mm()
    await efi_fpu_begin()
    flags = await local_irq_save()
    status = await __efi_call()
    await local_irq_restore(flags)
    await efi_fpu_end()
    await efi_leave_mm()
    return status


@versioned
async def efi_mixed_call() -> str:
    """64-bit kernel, 32-bit firmware: a spinlock, and interrupts off (S85). Linux: efi_64.c, v6.16."""
    flags = await local_irq_save()
    await spin_lock(efi_mixed_lock)
    await arch_efi_call_virt_setup()
    status = await __efi_call()
    await arch_efi_call_virt_teardown()
    await spin_unlock(efi_mixed_lock)
    await local_irq_restore(flags)
    return status
