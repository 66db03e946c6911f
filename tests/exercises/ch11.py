"""Answers to the exercises of chapter 11."""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_active, hw_breakpoint_disable
from tempmm_lab.kernel.irqflags import irqsave, local_irq_restore, local_irq_save
from tempmm_lab.kernel.percpu import current, this_cpu_read, this_cpu_write, write_once
from tempmm_lab.kernel.preempt import preempt_disable
from tempmm_lab.kernel.tlb import leave_mm, switch_mm, switch_mm_irqs_off, use_temporary_mm
from tests.exercises.answers import but, right, wrong, wrong_about, wrong_function
from tests.exercises.forms import letters, not_so, one_by_one

# ch11-order

STEPS = (
    "the task takes efi_runtime_lock",
    "the task leaves its request for the worker, and sleeps",
    "preemption is turned off",
    "efi_mm is loaded",
    "the firmware runs",
    "the mm that the cookie names is loaded",
    "preemption is turned on again",
    "the worker hands over the status",
    "the task gives efi_runtime_lock back",
)

wrong("ch11-order", "borrows first", letters(STEPS, 0, 1, 3, 2, 4, 5, 6, 7, 8), "off", "inside the stretch")
wrong("ch11-order", "status first", letters(STEPS, 0, 1, 2, 3, 4, 7, 5, 6, 8), "status", "takes back all that")
wrong("ch11-order", "the worker locks", letters(STEPS, 1, 0, 2, 3, 4, 5, 6, 7, 8), "lock", "one firmware, one caller")
wrong("ch11-order", "the task does it", letters(STEPS, 0, 2, 3, 1, 4, 5, 6, 7, 8), "worker", "is done by the worker")
wrong("ch11-order", "calls, then loads", letters(STEPS, 0, 1, 2, 4, 3, 5, 6, 7, 8), "firmware", "in efi_mm alone")
wrong("ch11-order", "a letter twice", lambda *_: list("AABCDEFGH"), "all", "once")
right("ch11-order", "by its steps", letters(STEPS, *range(9)))
right("ch11-order", "as a tuple", lambda facts: tuple(letters(STEPS, *range(9))(facts)))

# ch11-opinions

PLACES = ("first", "second", "third", "fourth")


def _each(how: Any) -> Any:
    return lambda facts, *_: {
        place: how(one["build"], one["caller"], one["moment"])
        for place, one in zip(PLACES, facts["situations"], strict=True)
    }


def by_rule(build: str, caller: str, moment: str) -> list[str]:
    """Give the opinions by what the chapter says."""
    own = "init_mm" if caller == "boot" else "user_mm"
    if moment == "in":
        return ["efi_mm", own if build == "v6.16" else "efi_mm", "set"]
    back = "init_mm" if (build, caller) == ("v6.16", "worker") else own
    return [back, own, "set" if build == "v6.14" else "clear"]


TABLE = {
    ("old", "in", "direct"): "efi_mm efi_mm",
    ("old", "in", "worker"): "efi_mm efi_mm",
    ("old", "in", "boot"): "efi_mm efi_mm",
    ("old", "after", "direct"): "user_mm user_mm",
    ("old", "after", "worker"): "user_mm user_mm",
    ("old", "after", "boot"): "init_mm init_mm",
    ("new", "in", "direct"): "efi_mm user_mm",
    ("new", "in", "worker"): "efi_mm user_mm",
    ("new", "in", "boot"): "efi_mm init_mm",
    ("new", "after", "direct"): "user_mm user_mm",
    ("new", "after", "worker"): "init_mm user_mm",
    ("new", "after", "boot"): "init_mm init_mm",
}


def by_table(build: str, caller: str, moment: str) -> list[str]:
    """Look the opinions up."""
    said = TABLE["new" if build == "v6.16" else "old", moment, caller].split()
    return [*said, "clear" if moment == "after" and build != "v6.14" else "set"]


def _new(_: str, caller: str, moment: str) -> list[str]:
    return by_rule("v6.16", caller, moment)


def _clears(build: str, caller: str, moment: str) -> list[str]:
    return [*by_rule(build, caller, moment)[:2], "set" if moment == "in" else "clear"]


def _never_clears(build: str, caller: str, moment: str) -> list[str]:
    return [*by_rule(build, caller, moment)[:2], "set"]


def _keeps_lazy(build: str, caller: str, moment: str) -> list[str]:
    loaded, *rest = by_rule(build, caller, moment)
    return ["user_mm" if caller == "worker" and moment == "after" else loaded, *rest]


def _follows(build: str, caller: str, moment: str) -> list[str]:
    loaded, _, bit = by_rule(build, caller, moment)
    return [loaded, loaded, bit]


wrong("ch11-opinions", "always v6.16", _each(_new), "second third", "v6.16's way", seed=1)
wrong("ch11-opinions", "every kernel clears", _each(_clears), "first fourth", "v6.14 leaves the bit")
wrong("ch11-opinions", "no kernel clears", _each(_never_clears), "second", "since v6.16 the helper")
wrong("ch11-opinions", "back to user_mm", _each(_keeps_lazy), "second", "lazy mode is left")
wrong("ch11-opinions", "active is loaded", _each(_follows), "second third", "the scheduler's opinion")
wrong("ch11-opinions", "too short", but(first=["efi_mm"]), "first", "Not yet")
right("ch11-opinions", "by the rules", _each(by_rule))
right("ch11-opinions", "by a table", _each(by_table))

# ch11-enter


async def one_way_in() -> None:
    """Use the helper, and note what it gives."""
    prev_mm = await use_temporary_mm("efi_mm")
    await write_once("efi_prev_mm", None, prev_mm)


async def by_hand() -> None:
    """Do what the helper does, without its assertion."""
    flags = await local_irq_save()
    if await this_cpu_read("is_lazy"):
        await leave_mm()
    await write_once("efi_prev_mm", None, await this_cpu_read("loaded_mm"))
    await switch_mm_irqs_off(None, "efi_mm", current)
    if await hw_breakpoint_active():
        await hw_breakpoint_disable()
    await local_irq_restore(flags)


async def old_way() -> None:
    """Do it as up to v6.15."""
    await write_once("efi_prev_mm", None, await this_cpu_read("active_mm"))
    await this_cpu_write("active_mm", "efi_mm")
    await switch_mm(None, "efi_mm", current)


async def active_cookie() -> None:
    """Note active_mm for the way back."""
    await use_temporary_mm("efi_mm")
    await write_once("efi_prev_mm", None, await this_cpu_read("active_mm"))


async def late_cookie() -> None:
    """Note what is loaded when it is too late."""
    await use_temporary_mm("efi_mm")
    await write_once("efi_prev_mm", None, await this_cpu_read("loaded_mm"))


async def not_lazy() -> None:
    """Forget lazy mode."""
    async with irqsave():
        await write_once("efi_prev_mm", None, await this_cpu_read("loaded_mm"))
        await switch_mm_irqs_off(None, "efi_mm", current)
        if await hw_breakpoint_active():
            await hw_breakpoint_disable()


async def with_a_gap() -> None:
    """Leave interrupts on, as posted in April 2025."""
    if await this_cpu_read("is_lazy"):
        await leave_mm()
    await write_once("efi_prev_mm", None, await this_cpu_read("loaded_mm"))
    await switch_mm_irqs_off(None, "efi_mm", current)
    if await hw_breakpoint_active():
        await hw_breakpoint_disable()


async def armed() -> None:
    """Forget breakpoints."""
    async with irqsave():
        if await this_cpu_read("is_lazy"):
            await leave_mm()
        await write_once("efi_prev_mm", None, await this_cpu_read("loaded_mm"))
        await switch_mm_irqs_off(None, "efi_mm", current)


async def stays_off() -> None:
    """Leave interrupts off for firmware."""
    await local_irq_save()
    await one_way_in()


async def no_cookie() -> None:
    """Note nothing for the way back."""
    await use_temporary_mm("efi_mm")


async def turns_off_the_other() -> None:
    """Await what is not allowed here."""
    await preempt_disable()
    await one_way_in()


wrong_function("ch11-enter", old_way, "active breakpoints lazy", "nobody does any more")
wrong_function("ch11-enter", active_cookie, "lazy", "Lazy mode has to be left")
wrong_function("ch11-enter", late_cookie, "direct lazy", "A direct call does not come back")
wrong_function("ch11-enter", not_lazy, "lazy", "interrupted for that mm's flushes")
wrong_function(
    "ch11-enter", with_a_gap, "direct lazy quiet", "It prints “WARNING: efi_enter_mm: interrupts are on (RFLAGS.IF)”"
)
wrong_function("ch11-enter", armed, "breakpoints", "addresses are compared")
wrong_function("ch11-enter", no_cookie, "direct lazy quiet", "Is what was loaded noted for the way back?")
wrong_function("ch11-enter", stays_off, "all", "with interrupts on, as it has to")
wrong_function("ch11-enter", turns_off_the_other, "all", "Here it may await")
right("ch11-enter", "one way in", lambda _: one_way_in)
right("ch11-enter", "by hand", lambda _: by_hand)

# ch11-irqs

FALSE = ("The patch turned", "Before the patch EFI", "Preemption is on", "With interrupts on")

wrong_about("ch11-irqs", "The patch turned", "They were on before")
wrong_about("ch11-irqs", "Before the patch EFI", "a way of its own")
wrong_about("ch11-irqs", "Preemption is on", "before and after")
wrong_about("ch11-irqs", "With interrupts on", "the others that need not wait")
wrong_about("ch11-irqs", "At boot", "around the firmware")
wrong_about("ch11-irqs", "On v6.14", "on a kernel before the patch")
right("ch11-irqs", "by the beginnings", not_so(*FALSE))
right("ch11-irqs", "one by one", one_by_one(*FALSE))
