"""The conditions of the break exercises: how each is judged, and what to say to who did not meet it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tempmm_lab.assess.exercises.keys.break_goals import FRAME, PAGE_TABLE, in_cr3
from tempmm_lab.assess.exercises.keys.break_monitors import (
    Monitor,
    When,
    arrives,
    at_end,
    before,
    both,
    here,
    never,
    some,
    step,
    was,
)
from tempmm_lab.kernel.layout import (
    ALIAS,
    EFI_MM,
    LOADED_MM_SWITCHING,
    OTHER_MM,
    TEXT_POKE_MM,
    USER_MM,
    USER_PAGE,
)
from tempmm_lab.kernel.system import LinuxCpu
from tempmm_lab.trace import Moment

Table = dict[str, Monitor]


def _loaded(mm: str) -> Callable[[LinuxCpu], bool]:
    return lambda cpu: cpu.loaded_mm == mm


def _generation(moment: Moment) -> int:
    return int(moment.after.cells["tlb_gen", USER_MM])


def _freed(cell: int) -> When:
    return lambda moment: bool(moment.after.cells["freed", cell])


def legal(_: str) -> Table:
    """Give the conditions of chapter 5: CPU 0 has the opinions, CPU 1 unmaps."""
    return {
        "raised": at_end(lambda moment: _generation(moment) == 1, "CPU 1 raises it in inc_mm_tlb_gen()."),
        "unasked": never(step("send_ipi", cpu=1), "CPU 1 has got too far: it raises the generation before it asks."),
        "waits": at_end(
            here(0, lambda cpu: bool(cpu.pending)),
            "An IPI goes to who has the bit and says user_mm or SWITCHING; it waits where IF is 0.",
        ),
        "freed": at_end(_freed(FRAME), "CPU 1 frees the page when all who were asked have acknowledged."),
        "untold": never(arrives("p", 0), "Whoever is told later, or not at all, catches up by the generation."),
        "told": some(arrives("p", 0), "CPU 0 takes an IPI only with IF 1: so before the switch, or after it."),
        "behind": at_end(
            lambda moment: moment.after.cpus[0].ctxs[0][1] < _generation(moment),
            "A slot falls behind when the generation is raised, and catches up in a handler or a switch.",
        ),
        "level": at_end(
            lambda moment: moment.after.cpus[0].ctxs[0][1] == _generation(moment) == 1,
            "The slot gets the new number where CPU 0 flushes: in the IPI's handler, or when it loads user_mm again.",
        ),
        "held": at_end(
            here(0, lambda cpu: bool(cpu.tlb.hits(int(USER_PAGE), 1))),
            "Nothing drops a translation but a flush; a switch with PCIDs leaves it where it is.",
        ),
    }


def hole(_: str) -> Table:
    """Give the conditions of chapter 8: CPU 0 frees user_mm's tables, CPU 1 pokes lazily."""
    leaves = step("cpumask_clear_cpu", USER_MM, cpu=1)
    writes = step("text_poke_memcpy", cpu=1)
    return {
        "looked": before(
            step("cpumask_any_but", cpu=0),
            leaves,
            "CPU 0 looks twice: whether there is anybody in the mask, and then whom to send to. A bit may go between.",
        ),
        "elsewhere": at_end(
            here(1, lambda cpu: cpu.loaded_mm != USER_MM),
            "CR3 and loaded_mm do not change together. Go on with CPU 1 to the store before it loads CR3.",
        ),
        "number": before(
            step("atomic64_read_tlb_gen", cpu=1),
            step("inc_mm_tlb_gen", cpu=0),
            "It is the generation of another mm that CPU 1 reads there, and helps it nothing.",
        ),
        "unlinked": before(
            step("free_pgtables", cpu=0),
            step("this_cpu_write", "is_lazy", False, cpu=1),
            "CPU 0 may take the top entry away long before it asks who uses it.",
        ),
        "wrote": before(writes, _freed(PAGE_TABLE), "The poke does not wait for CPU 0, nor CPU 0 for the poke."),
        "unwritten": before(_freed(PAGE_TABLE), writes, "CPU 0 is done as soon as nobody is in the mask."),
        "returned": some(step("poke_returned", cpu=1), "The state lasts: let CPU 1 go on to the end of its poke."),
        "told": some(arrives("p", 1), "CPU 1 is in the mask again when it is back. Who asks then sends to it."),
    }


def nmi(_: str) -> Table:
    """Give the conditions of chapter 9: CPU 0 pokes, and its NMI handler has a bug."""
    return {
        "written": some(
            step("text_poke_memcpy", cpu=0), "The alias works as long as its mm is loaded: also afterwards."
        ),
        "untouched": never(step("text_poke_memcpy", cpu=0), "The alias works before the poke has used it."),
        "unmapped": some(
            step("pte_clear", cpu=0),
            "The entry in memory is one thing, the translation in the TLB another. Who has used it has it cached.",
        ),
        "left": at_end(
            here(0, lambda cpu: TEXT_POKE_MM not in cpu.cpumask),
            "unuse clears the bit first, and loads the other mm several steps later.",
        ),
        "named": at_end(here(0, _loaded(TEXT_POKE_MM)), "loaded_mm names the mm a step after CR3 has it."),
        "sign": at_end(
            here(0, _loaded(LOADED_MM_SWITCHING)),
            "Twice in a poke loaded_mm says SWITCHING while CR3 is text_poke_mm's: on the way in, and on the way out.",
        ),
        "walked": at_end(
            was(0, lambda cpu: not cpu.tlb.hits(int(ALIAS), cpu.registers.pcid)),
            "The store walks the tables where nothing is cached: before the poke itself has used the alias.",
        ),
        "neighbour": before(
            lambda moment: moment.action.cpu == 1,
            arrives("n", 0),
            "The other CPU is free to run; it has to do so before the NMI comes.",
        ),
    }


def sleep(_: str) -> Table:
    """Give the conditions of chapter 10: CPU 0 sleeps in text_poke_mm, CPU 1 unmaps."""
    clears, frees = step("zap_pte", cpu=1), step("free_page", cpu=1)
    raises = step("inc_mm_tlb_gen", cpu=1)
    returns = step("switch_to", "user", cpu=0)
    return {
        "late": before(returns, clears, "The harm needs no haste: the bit is wrong as long as the task runs."),
        "borrowed": some(
            both(clears, was(0, _loaded(TEXT_POKE_MM))), "The entry may be cleared long before anybody is asked."
        ),
        "guest": some(
            both(clears, was(0, lambda cpu: cpu.user_mode and cpu.loaded_mm == OTHER_MM)),
            "The second task runs in user mode, on its own mm, for a few steps.",
        ),
        "sign": some(
            both(raises, was(0, _loaded(LOADED_MM_SWITCHING))),
            "Raise the generation in the middle of one of CPU 0's switches. Which of them has read it already?",
        ),
        "off": some(
            both(step("send_ipi", cpu=1), was(0, lambda cpu: not cpu.rflags_if)),
            "CPU 1 asks by the mask, and not by IF. Try each stretch in which CPU 0 has interrupts off.",
        ),
        "kernel": some(both(frees, was(0, lambda cpu: not cpu.user_mode)), "CPU 1 may be done before sysret."),
        "user": some(
            both(frees, was(0, lambda cpu: cpu.user_mode)), "Let CPU 0 go back to user mode, and stop it there."
        ),
        "told": some(arrives("p", 0), "It is told as long as its bit is set. Then the bit is lost all the same."),
    }


def gap(_: str) -> Table:
    """Give the conditions of chapter 13: CPU 0 calls firmware, CPU 1 unmaps."""
    clears, frees, takes = step("zap_pte", cpu=1), step("free_page", cpu=1), arrives("p", 0)
    switching = was(0, _loaded(LOADED_MM_SWITCHING))
    in_efi, in_user = in_cr3(0, EFI_MM), in_cr3(0, USER_MM)
    return {
        "old": some(both(takes, switching, in_efi), "The gap begins with SWITCHING, before CR3 is written."),
        "new": some(both(takes, switching, in_user), "The gap ends with loaded_mm, a step after CR3 is written."),
        "during": some(
            both(clears, was(0, _loaded(EFI_MM))),
            "CPU 1 may begin while firmware runs. What counts is when it asks, and when the generation is raised.",
        ),
        "inside": some(both(clears, switching), "CPU 0 waits in the gap for as long as you like."),
        "freed_gap": some(both(frees, switching), "CPU 1 may be done while CPU 0 still says SWITCHING."),
        "freed_efi": some(both(frees, in_efi), "CPU 1 may be done before CPU 0 has written CR3."),
        "freed_user": some(both(frees, was(0, lambda cpu: cpu.user_mode)), "Let CPU 0 go on to user mode first."),
    }


def buffer(scenario: str) -> Table:
    """Give the conditions of chapter 14: one CPU unmaps, the other switches back to user_mm."""
    unmaps, switches = (0, 1) if scenario == "shootdown" else (1, 0)
    clears, frees = step("zap_pte", cpu=unmaps), step("free_page", cpu=unmaps)
    return {
        "drains": some(
            arrives("d", switches),
            "A store drains with the next serialising instruction; or earlier, when the hardware likes (action d).",
        ),
        "early": before(
            clears,
            step("atomic64_read_tlb_gen", USER_MM, cpu=switches),
            "The entry may be cleared early. The generation has to be raised late.",
        ),
        "late": before(
            step("choose_new_asid", USER_MM, cpu=switches),
            clears,
            "All that the switch has to know before CPU 1 begins is the old generation; then it may wait.",
        ),
        "sign": some(
            both(frees, was(switches, _waits(LOADED_MM_SWITCHING))),
            "As long as SWITCHING waits, nobody is told. The whole flush fits in there.",
        ),
        "name": some(
            both(frees, was(switches, _waits(USER_MM))),
            "After CR3 loaded_mm := user_mm waits. Who was asked before that stays untold.",
        ),
        "user": some(
            both(frees, was(switches, lambda cpu: cpu.user_mode)),
            "Only the question has to come early. The page may be freed when the task is in user mode.",
        ),
    }


def _waits(value: str) -> Callable[[LinuxCpu], bool]:
    return lambda cpu: any(store.value == value for store in cpu.store_buffer)


CONDITIONS: Mapping[str, Callable[[str], Table]] = {
    "ch05-legal": legal,
    "ch08-hole": hole,
    "ch09-nmi": nmi,
    "ch10-sleep": sleep,
    "ch13-gap": gap,
    "ch14-buffer": buffer,
}
"""Exercise -> its conditions by name, for a scenario."""
