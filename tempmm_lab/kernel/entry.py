"""Into the kernel and out of it: interrupts, ticks, IPIs, NMIs, system calls.

The processor pushes a frame, clears IF and starts the handler; at the handler's end it puts back what it saved.
Linux: kernel/entry/common.c, arch/x86/entry/entry_64.S, arch/x86/kernel/apic, v6.16. A few instructions with
interrupts off (SWAPGS, the CR3 switch of PTI) are one step here.
"""

from __future__ import annotations

from typing import Any

from tempmm_lab.awaiting import op
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.core import preempt_schedule_irq, runnable, schedule
from tempmm_lab.kernel.irqflags import local_irq_disable, local_irq_enable
from tempmm_lab.kernel.layout import USER_PGD_BIT
from tempmm_lab.kernel.percpu import changed_registers, this_cpu_read, with_if
from tempmm_lab.kernel.preempt import HARDIRQ_OFFSET, NMI_OFFSET
from tempmm_lab.kernel.smp import ack
from tempmm_lab.kernel.system import Saved
from tempmm_lab.kernel.tlbflush import (
    SINGLE_PAGE_FLUSH_CEILING,
    flush_tlb_all,
    flush_tlb_func,
    flush_tlb_one_kernel,
)
from tempmm_lab.kernel.tlbstate import PTI_PCID_USER_BIT, move_to_cr3
from tempmm_lab.points import constant, versioned


def saved(cpu: Access) -> Saved:
    """What the innermost interrupt or exception saved."""
    found: Saved = cpu.get("running")[-1].saved
    return found


def to_kernel_cr3(cpu: Access) -> None:
    """SWITCH_TO_KERNEL_CR3: clear bit 12 and the user bit of the PCID, and keep what is cached (PTI)."""
    cr3 = int(cpu.get("registers").cr3)
    if cpu.world.config.pti and cr3 & USER_PGD_BIT:
        move_to_cr3(cpu, cr3 & ~(USER_PGD_BIT | 1 << PTI_PCID_USER_BIT), keep=True)


def to_user_cr3(cpu: Access) -> None:
    """SWITCH_TO_USER_CR3: the other way; a user PCID that was marked is flushed once."""
    if not cpu.world.config.pti:
        return
    cr3, pcid_on = int(cpu.get("registers").cr3), cpu.world.config.pcid
    marked = pcid_on and cpu.get("user_pcid_flush_mask") >> (cr3 & 0xFFF) & 1
    if marked:
        cpu.set("user_pcid_flush_mask", cpu.get("user_pcid_flush_mask") & ~(1 << (cr3 & 0xFFF)))
    user = cr3 | USER_PGD_BIT | (1 << PTI_PCID_USER_BIT if pcid_on else 0)
    move_to_cr3(cpu, user, keep=not marked)


@op
def irq_enter(cpu: Access) -> None:
    """irqentry_enter() and irq_enter_rcu(): lockdep learns that IF is 0, and preempt_count says hardirq."""
    to_kernel_cr3(cpu)
    cpu.set("hardirqs_enabled", False)
    cpu.set("preempt_count", cpu.get("preempt_count") + HARDIRQ_OFFSET)


@op
def irq_exit(cpu: Access) -> None:
    """irq_exit_rcu(): the hardirq field goes down again. Softirqs are not modelled."""
    cpu.set("preempt_count", cpu.get("preempt_count") - HARDIRQ_OFFSET)


@op
def exit_work(cpu: Access) -> str:
    """Say what the way out leads to: user mode, a reschedule (S75), or just back."""
    if saved(cpu).cpl == 3:
        return "user"
    preemptible = cpu.world.config.preempt in ("full", "lazy", "rt") and saved(cpu).rflags_if
    return "resched" if preemptible and cpu.get("preempt_count") == 0 and cpu.get("need_resched") else "back"


@op
def exit_to_kernel(cpu: Access) -> None:
    """Lockdep learns what IF will be."""
    cpu.set("hardirqs_enabled", saved(cpu).rflags_if)


@op
def exit_to_user(cpu: Access) -> None:
    """The last step before user mode: lockdep, and the user's CR3 under PTI."""
    cpu.set("hardirqs_enabled", True)
    to_user_cr3(cpu)


@versioned
async def irqentry_exit() -> None:
    """Leave an interrupt: the only place where a kernel is preempted that did not ask. Linux: entry/common.c, v6.16."""
    work = await exit_work()
    if work == "user":
        await irqentry_exit_to_user_mode()
        return
    if work == "resched":
        await preempt_schedule_irq()
    await exit_to_kernel()


@versioned
async def irqentry_exit_to_user_mode() -> None:
    """Before user mode, schedule as long as somebody else should run, whatever preempt_count says."""
    while await this_cpu_read("need_resched"):
        await local_irq_enable()
        await schedule()
        await local_irq_disable()
    await exit_to_user()


@versioned
async def common_interrupt() -> None:
    """A device's interrupt; what the device's handler does is the scenario's. Linux: arch/x86/kernel/irq.c, v6.16."""
    await irq_enter()
    await constant("HANDLER")()
    await irq_exit()
    await irqentry_exit()


@versioned
async def sysvec_apic_timer_interrupt() -> None:
    """The tick. Linux: arch/x86/kernel/apic/apic.c, v6.16."""
    await irq_enter()
    await scheduler_tick()
    await irq_exit()
    await irqentry_exit()


@op
def scheduler_tick(cpu: Access) -> None:
    """Time is up for the task that runs, if another one could."""
    if any(runnable(cpu, task) for task in cpu.get("sleeping")):
        cpu.set("need_resched", True)


@versioned
async def sysvec_call_function(payload: Any) -> None:
    """An IPI from smp_call_function_many_cond(). Linux: arch/x86/kernel/smp.c, v6.16."""
    await irq_enter()
    await call_function(payload)
    await ack(payload)
    await irq_exit()
    await irqentry_exit()


@versioned
async def call_function(payload: Any) -> None:
    """Run what a call-function IPI asks for."""
    kind, *about = payload
    if kind == "flush_tlb_func":
        await flush_tlb_func(about[0])
    elif kind == "flush_kernel_range" and about[1] - about[0] > SINGLE_PAGE_FLUSH_CEILING << 12:
        await flush_tlb_all()
    elif kind == "flush_kernel_range":
        for page in range(about[0], about[1], 1 << 12):
            await flush_tlb_one_kernel(page)
    else:
        await sync_core()


@op
def sync_core(cpu: Access) -> None:
    """Serialise this CPU: what it has fetched ahead is forgotten. Nothing is fetched ahead in this model."""
    cpu.fence()


@versioned
async def exc_nmi() -> None:
    """A non-maskable interrupt: IF does not hold it back (S77). Linux: arch/x86/kernel/nmi.c, v6.16."""
    before = await nmi_enter()
    await constant("NMI_HANDLER")()
    await nmi_exit(*before)


@op
def nmi_enter(cpu: Access) -> tuple[bool, int]:
    """Raise the NMI and hardirq fields; answer lockdep's flag and CR3, which are put back at the end."""
    before = bool(cpu.get("hardirqs_enabled")), int(cpu.get("registers").cr3)
    to_kernel_cr3(cpu)
    cpu.set("hardirqs_enabled", False)
    cpu.set("preempt_count", cpu.get("preempt_count") + NMI_OFFSET + HARDIRQ_OFFSET)
    return before


@op
def nmi_exit(cpu: Access, enabled: bool, cr3: int) -> None:
    """Put everything back."""
    if int(cpu.get("registers").cr3) != cr3:
        move_to_cr3(cpu, cr3, keep=True)
    cpu.set("hardirqs_enabled", enabled)
    cpu.set("preempt_count", cpu.get("preempt_count") - NMI_OFFSET - HARDIRQ_OFFSET)


@op
def syscall_enter(cpu: Access) -> None:
    """SYSCALL and the entry code: CPL 0, the kernel's CR3, interrupts on."""
    cpu.set("registers", changed_registers(cpu.get("registers"), "cpl", 0))
    to_kernel_cr3(cpu)


@op
def sysret(cpu: Access) -> None:
    """The last steps of a system call: the user's CR3, CPL 3, IF 1."""
    cpu.set("hardirqs_enabled", True)
    to_user_cr3(cpu)
    with_if(cpu, True)
    cpu.set("registers", changed_registers(cpu.get("registers"), "cpl", 3))


@versioned
async def syscall_exit_to_user_mode() -> None:
    """Leave a system call. Linux: kernel/entry/common.c syscall_exit_to_user_mode(), v6.16."""
    await local_irq_disable()
    while await this_cpu_read("need_resched"):
        await local_irq_enable()
        await schedule()
        await local_irq_disable()
    await sysret()
