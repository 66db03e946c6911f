"""What sends a run another way than a break exercise asks for, and what to say of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tempmm_lab.assess.exercises.keys.break_monitors import When, arrives, both, step, was
from tempmm_lab.changes import mm_of_cr3
from tempmm_lab.kernel.layout import LOADED_MM_SWITCHING, USER_MM
from tempmm_lab.kernel.system import System
from tempmm_lab.trace import Moment

Turns = Callable[[str], Sequence[tuple[When, str]]]
"""Given a scenario's name: questions to the moments of a run, with what to say of the first that is so."""
HINTS = {
    "no-stale-use": "No access of this run uses what a completed flush has covered: first the flush has to be complete "
    "and the page free, and then a CPU has to use what it kept.",
    "mask-bit-set": "The bit of the mm that is loaded stays set in this run. Who clears a bit, and which mm is loaded "
    "afterwards?",
    "stranded": "CPU 1 has to come back to user_mm, interrupts on, when its tables are freed.",
    "text": "No NMI has written text in this run: one has to come while CR3 is text_poke_mm's.",
    "going": "That is in the switch away from the first task, before CR3 is written.",
    "gone": "That is in the switch away from the first task, between the writes of CR3 and of loaded_mm.",
    "early": "The mm is switched before the task is: look before switch_to().",
    "back": "That is in the switch back to the first task, between the writes of CR3 and of loaded_mm.",
    "home": "That is in the switch back to the first task, before switch_to().",
    "lazy": "A kernel thread has no mm, and keeps what is loaded. Interrupts are on again when it runs.",
    "firmware": "Firmware is called with interrupts on, in a borrowed mm.",
}
"""Goal -> what to say where nothing in particular sent a run another way."""


def state_told(system: System) -> str:
    """Say which opinions CPU 0 has."""
    cpu = system.cpus[0]
    cr3 = mm_of_cr3(system, int(cpu.registers.cr3))
    return (
        f"At the end of yours CPU 0 has IF {int(cpu.rflags_if)}: CR3 {cr3}, loaded_mm {cpu.loaded_mm}, "
        f"current->mm {cpu.current_mm or 'none'}."
    )


def _reads_new(cpu: int) -> When:
    """Ask whether a CPU reads the generation of user_mm when it was raised already, in a switch."""
    reads = step("atomic64_read_tlb_gen", USER_MM, cpu=cpu)

    def asked(moment: Moment) -> bool:
        inside = moment.before.cpus[cpu].running[-1].point.inside if moment.action.kind == "s" else ()
        return reads(moment) and "switch_mm_irqs_off" in inside and moment.before.cells["tlb_gen", USER_MM] > 0

    return asked


NEW_NUMBER = "it reads the new generation, so it flushes when it loads user_mm. The read has to come before the raise."


def nothing(_: str) -> list[tuple[When, str]]:
    """Give no turns: of opinions the last state is told."""
    return []


def hole(_: str) -> list[tuple[When, str]]:
    """Give the turns of chapter 8."""
    return [
        (
            arrives("p", 1),
            "CPU 1 is told, since its bit was in the mask when CPU 0 asked. Let it clear the bit first.",
        ),
        (
            both(step("load_new_mm_cr3", cpu=1), lambda moment: not moment.before.cells["tlb_gen", USER_MM]),
            "CPU 1 has left user_mm's tables before CPU 0 has flushed anything, and comes back by the generation.",
        ),
        (arrives("p", 0), "CPU 0 is interrupted; nothing here asks for that."),
    ]


def nmi(_: str) -> list[tuple[When, str]]:
    """Give the turns of chapter 9."""
    return [
        (
            lambda moment: any("page fault" in text for text in moment.reports),
            "the handler's store faults: CR3 has no alias. It has one between two of the poke's writes of CR3.",
        )
    ]


def sleep(_: str) -> list[tuple[When, str]]:
    """Give the turns of chapter 10."""
    told = both(arrives("p", 0), was(0, lambda cpu: cpu.loaded_mm == USER_MM))
    return [
        (told, "CPU 0 is told, for its bit in user_mm's mask was set when CPU 1 asked. Ask when the bit is gone."),
        (_reads_new(0), NEW_NUMBER),
    ]


def gap(_: str) -> list[tuple[When, str]]:
    """Give the turns of chapter 13."""
    in_gap = was(0, lambda cpu: cpu.loaded_mm == LOADED_MM_SWITCHING)
    return [
        (
            both(arrives("p", 0), lambda moment: not in_gap(moment)),
            "the IPI comes outside the gap: its handler finds an mm that it knows, and does its work.",
        ),
        (
            step("cpumask_set_cpu", USER_MM, cpu=0),
            "CPU 0 finds its bit gone, and sets it again: the IPI came too early.",
        ),
        (_reads_new(0), NEW_NUMBER),
    ]


def buffer(scenario: str) -> list[tuple[When, str]]:
    """Give the turns of chapter 14."""
    switches = 1 if scenario == "shootdown" else 0
    return [
        (
            arrives("p", switches),
            "it is told, since user_mm or SWITCHING was to be seen when the other CPU asked. It has to wait unseen.",
        ),
        (_reads_new(switches), NEW_NUMBER),
    ]
