"""Page faults, as the kernel handles them: arch/x86/mm/fault.c as of v6.16.

The handler goes by `current->mm`, never by what is loaded (S78). It ends in one of three ways: the access is tried
again, the exception table takes over, or the kernel oopses.
"""

from __future__ import annotations

from tempmm_lab.awaiting import op
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access as Kind
from tempmm_lab.hw.walk import walk
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.entry import irqentry_exit, saved, to_kernel_cr3
from tempmm_lab.kernel.percpu import changed_registers, with_if
from tempmm_lab.kernel.preempt import in_interrupt
from tempmm_lab.points import versioned

PF_USER, PF_RSVD, PF_INSTR, PF_WRITE = 1 << 2, 1 << 3, 1 << 4, 1 << 1


@versioned
async def exc_page_fault(error_code: int, address: int, fixup: bool) -> str:
    """Handle a #PF; answer retry, fixup or oops. Linux: arch/x86/mm/fault.c exc_page_fault(), v6.16."""
    await fault_enter()
    if address >> 63:
        verdict = await bad_area_nosemaphore(error_code, address, fixup)
    else:
        verdict = await do_user_addr_fault(error_code, address, fixup)
    await irqentry_exit()
    return verdict


@versioned
async def do_user_addr_fault(error_code: int, address: int, fixup: bool) -> str:
    """A fault on a lower-half address: its gates, in the order of the original.

    Linux: arch/x86/mm/fault.c do_user_addr_fault(), v6.16.
    """
    user = bool(error_code & PF_USER)
    if (not user and error_code & PF_INSTR) or error_code & PF_RSVD:
        return await page_fault_oops(address, error_code)
    if not user and await smap_violation():
        return await page_fault_oops(address, error_code)
    if await faulthandler_disabled():
        return await bad_area_nosemaphore(error_code, address, fixup)
    await cond_local_irq_enable()
    found = await vma_allows(address, error_code)
    await cond_local_irq_disable()
    if found:
        return "retry"
    return await bad_area_nosemaphore(error_code, address, fixup)


@op
def fault_enter(cpu: Access) -> None:
    """Lockdep learns that IF is 0; under PTI the kernel's CR3 is loaded."""
    to_kernel_cr3(cpu)
    cpu.set("hardirqs_enabled", False)


@op
def smap_violation(cpu: Access) -> bool:
    """Say whether kernel code touched the lower half with SMAP on and AC clear."""
    return bool(cpu.get("registers").bit("SMAP")) and not saved(cpu).rflags_ac


@op
def faulthandler_disabled(cpu: Access) -> bool:
    """Say whether no fault may be handled here: page faults disabled, in atomic context, or no mm."""
    atomic = cpu.world.config.preempt_count and cpu.get("preempt_count") != 0
    return bool(cpu.get("pagefault_disabled") or atomic or cpu.get("current_mm") is None)


@op
def cond_local_irq_enable(cpu: Access) -> None:
    """Let interrupts in if the code that faulted had them on."""
    if saved(cpu).rflags_if:
        cpu.set("hardirqs_enabled", True)
        with_if(cpu, True)


@op
def cond_local_irq_disable(cpu: Access) -> None:
    """And keep them out again."""
    with_if(cpu, False)
    cpu.set("hardirqs_enabled", False)


@op
def vma_allows(cpu: Access, address: int, error_code: int) -> bool:
    """Say whether `current->mm` maps the address for such an access. CR3 is not asked.

    In our model the mm's tables stand for its VMAs.
    """
    registers: Registers = cpu.get("registers")
    own = changed_registers(registers, "cr3", int(cpu.world.mms[cpu.get("current_mm")].pgd))
    own = changed_registers(own, "cpl", 3)
    kind = Kind.EXECUTE if error_code & PF_INSTR else Kind.WRITE if error_code & PF_WRITE else Kind.READ
    return walk(cpu.read, own, address, kind, cpu.get("processor")).fault is None


@versioned
async def bad_area_nosemaphore(error_code: int, address: int, fixup: bool) -> str:
    """No VMA allows it: a signal for user code, the exception table for kernel code, or an oops."""
    if error_code & PF_USER:
        return await force_sig_segv(address)
    if fixup:
        return "fixup"
    return await page_fault_oops(address, error_code)


@op
def force_sig_segv(cpu: Access, address: int) -> str:
    """SIGSEGV: the task ends here."""
    del address
    cpu.die()
    return "killed"


@versioned
async def page_fault_oops(address: int, error_code: int) -> str:
    """The end of the line for a kernel fault, unless firmware caused it. Linux: fault.c page_fault_oops(), v6.16."""
    from tempmm_lab.kernel.efi_quirks import efi_crash_gracefully_on_page_fault

    recovered = await efi_crash_gracefully_on_page_fault(address)
    if not recovered:
        await oops(address, error_code)
    return "oops"


@op
def oops(cpu: Access, address: int, error_code: int) -> None:
    """Report, and end the task; in interrupt context (softirqs disabled counts) everything ends in a panic."""
    cpu.report(f"BUG: unable to handle page fault for address {address:#x}, error code {error_code:#x}")
    if in_interrupt(cpu.get("preempt_count")):
        cpu.report("Kernel panic: fatal exception in interrupt")
        cpu.write_locked(("panic", None), True)
    cpu.die()
