"""The scenario about calling firmware."""

from __future__ import annotations

from tempmm_lab.kernel.efi import (
    efi_call_rts,
    efi_mixed_call,
    efi_set_virtual_address_map,
    virt_efi_get_variable,
    virt_efi_set_variable_nonblocking,
)
from tempmm_lab.kernel.entry import syscall_exit_to_user_mode
from tempmm_lab.kernel.layout import EFI_1TO1, USER_MM, USER_PAGE
from tempmm_lab.kernel.preempt import preempt_enable_no_resched
from tempmm_lab.kernel.uaccess import user_load
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.scenario import story
from tempmm_lab.scenarios.stage import Stage


async def direct_caller() -> None:
    """A task that calls firmware itself, as non-blocking pstore does, and then loads from its page."""
    await virt_efi_set_variable_nonblocking()
    await syscall_exit_to_user_mode()
    await user_load(USER_PAGE)


async def requester() -> None:
    """A task that asks the worker for a call, and then goes back to user mode."""
    await virt_efi_get_variable()
    await programs.back_to_user()


async def worker() -> None:
    """The kernel thread that makes the calls: one of them, and then nothing more."""
    await efi_call_rts()
    await programs.kthread_yields()


async def boot() -> None:
    """start_kernel(): preemption is off, interrupts are on, and firmware learns its virtual addresses."""
    await efi_set_virtual_address_map()
    await preempt_enable_no_resched()


async def mixed_caller() -> None:
    """A 64-bit kernel on 32-bit firmware."""
    await efi_mixed_call()
    await programs.back_to_user()


@story(
    "no-stale-use",
    "prev-mm-back",
    choices={
        "caller": ("direct", "worker", "boot", "mixed"),
        "flush": ("auto", "unmap", "reclaim", "none"),
        "firmware": ("good", "flips_if", "faults"),
    },
)
def efi_call(
    stage: Stage, *, cpus: int, fills: bool, caller: str = "direct", flush: str = "auto", firmware: str = "good"
) -> None:
    """CPU 0 calls firmware with interrupts on; CPU 1 takes a page away from the mm that CPU 0 comes from.

    Knobs: `caller` is direct (pstore), worker (the ordinary call), boot or mixed; `flush` is what CPU 1 does: unmap,
    reclaim or none (auto: reclaim for the worker, else unmap); `firmware` is good, flips_if or faults.
    """
    del firmware  # the stage has it
    _caller(stage, caller)
    kind = ("reclaim" if caller == "worker" else "unmap") if flush == "auto" else flush
    program = {"unmap": programs.unmapper, "reclaim": programs.reclaimer}.get(kind)
    for number in range(1, cpus):
        if program is not None and number == 1:
            stage.cpu(program, USER_MM, name="unmapper", mm=USER_MM)
        else:
            user = stage.cpu(programs.user_of, int(USER_PAGE), 1, name="user", mm=USER_MM, user=True)
            stage.cache(user, USER_PAGE, USER_MM)
    stage.fill(fills, USER_PAGE, EFI_1TO1)


def _caller(stage: Stage, caller: str) -> None:
    if caller == "boot":
        stage.cpu(boot, name="swapper", mm=None, fields={"preempt_count": 1})
        return
    if caller == "worker":
        number = stage.cpu(requester, name="requester", mm=USER_MM)
        stage.sleeper(number, worker, name="kworker", mm=None, waits=("efi_rts_work", None))
        return
    program = mixed_caller if caller == "mixed" else direct_caller
    number = stage.cpu(program, name="caller", mm=USER_MM)
    stage.cache(number, USER_PAGE, USER_MM)
