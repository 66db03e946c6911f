"""The rules: one name and one sentence each, the same everywhere.

Some are facts about a state, and are judged in every state. Others are broken by a step, and are said by the op that
breaks them (`cpu.fail`) or by the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from tempmm_lab.kernel.alternative import writable_text
from tempmm_lab.kernel.layout import INIT_MM, TEXT_FRAMES, TEXT_POKE_MM, USER_PGD_BIT
from tempmm_lab.kernel.system import LinuxCpu, System, World
from tempmm_lab.kernel.uaccess import PGD_BITS

RULES = {
    "cr3-is-loaded-mm": "Whenever interrupts are on, loaded_mm is not SWITCHING and CR3's table is its pgd.",
    "only-poker-writes": "No other CPU and no maskable interrupt stores through the alias.",
    "no-writable-text-left": "After text_poke() returned, no CPU can now use a writable translation of that text.",
    "runs-on-its-mm": "At each user-mode step, and at each kernel access to user memory outside a window, CR3 is that "
    "of current->mm.",
    "mask-bit-set": "If loaded_mm is neither init_mm nor not-tracked, this CPU's bit is set in its mask. (Kernels "
    "without not-tracked mms: outside unuse. Up to v6.13: outside a switch too.)",
    "no-stale-use": "No access uses a translation that a completed flush covered.",
    "no-deadlock": "In no reachable state is a CPU unfinished and no step possible.",
    "prev-mm-back": "After unuse_temporary_mm(), the mm that its use_temporary_mm() gave is loaded.",
    "no-report": "The kernel prints no WARN and no BUG.",
}
"""Every rule, and what it says."""

EVERYWHERE = ("cr3-is-loaded-mm", "runs-on-its-mm", "mask-bit-set", "no-deadlock")
"""The rules that are judged in all scenarios."""


Read = Callable[[Hashable], Any]
"""Gives a word of memory by its physical address, or a shared variable by its name."""
CpuRule = Callable[[LinuxCpu, World, Read], bool]


def cr3_is_loaded_mm(cpu: LinuxCpu, world: World, _: Read) -> bool:
    """Whenever IF is 1, loaded_mm and CR3 agree."""
    if not cpu.rflags_if:
        return True
    mm = world.mms.get(cpu.loaded_mm)
    return mm is not None and int(cpu.registers.cr3) & PGD_BITS & ~USER_PGD_BIT == mm.pgd


def mask_bit_set(cpu: LinuxCpu, world: World, _: Read) -> bool:
    """The loaded mm's bit is set, unless it has none, or is not tracked, or a switch is under way."""
    mm = cpu.loaded_mm
    if mm == INIT_MM or mm in cpu.cpumask or mm not in world.mms:
        return True
    if world.policy.notrack:
        return bool(world.mms[mm].temporary)
    exempt = ("unuse_temporary_mm", "switch_mm_irqs_off") if world.policy.eager else ("unuse_temporary_mm",)
    return any(name in exempt for frame in cpu.running for name in frame.point.inside)


def no_writable_text_left(cpu: LinuxCpu, world: World, read: Read) -> bool:
    """This CPU can't use a writable translation of a page whose text_poke() has returned."""
    poked = [int(frame) for frame in TEXT_FRAMES if read(("poked", frame))]
    return not poked or not _reaches(cpu, world, read, poked)


def _reaches(cpu: LinuxCpu, world: World, read: Read, poked: list[int]) -> bool:
    pcid = cpu.registers.pcid
    for entry in cpu.tlb.entries:
        usable = entry.global_ or entry.pcid == pcid
        if usable and entry.rights.write and entry.pa & PGD_BITS in poked:
            return True
    in_poking_mm = int(cpu.registers.cr3) & PGD_BITS == world.mms[TEXT_POKE_MM].pgd
    for alias, place in world.alias_ptes.items():
        pte = int(read(place))
        if writable_text(pte) and pte & PGD_BITS in poked and (alias >> 63 or in_poking_mm):
            return True
    return False


CPU_RULES: dict[str, CpuRule] = {
    "cr3-is-loaded-mm": cr3_is_loaded_mm,
    "mask-bit-set": mask_bit_set,
    "no-writable-text-left": no_writable_text_left,
}
"""The rules that are facts about a state: each is asked of every CPU."""


def everywhere(rule: CpuRule) -> Callable[[System], bool]:
    """Give the rule about a whole system: it holds on every CPU."""

    def holds(system: System) -> bool:
        return all(rule(cpu, system.world, system.read_cell) for cpu in system.cpus)

    return holds


STATE_RULES = {name: everywhere(rule) for name, rule in CPU_RULES.items()}
"""The same, asked of a whole system."""
