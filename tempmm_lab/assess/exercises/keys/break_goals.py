"""What the runs of the break exercises have to reach: a rule broken, or a state; asked of a moment."""

from __future__ import annotations

from collections.abc import Callable

from tempmm_lab.assess.exercises.keys.break_monitors import When
from tempmm_lab.changes import mm_of_cr3
from tempmm_lab.kernel.layout import EFI_MM, FRAMES, LOADED_MM_SWITCHING, OTHER_MM, TEXT_FRAMES, USER_MM
from tempmm_lab.kernel.system import System

PAGE_TABLE = 0x44000
"""The last of user_mm's tables, which `exiter` frees last."""


def breaks(rule: str) -> When:
    """Ask whether a moment breaks a rule."""
    return lambda moment: rule in moment.broken


def in_cr3(cpu: int, mm: str) -> When:
    """Ask whether a CPU's CR3 has an mm's tables when a moment begins."""
    return lambda moment: mm_of_cr3(moment.before, int(moment.before.cpus[cpu].registers.cr3)) == mm


def opinions(cr3: str, loaded: str, current: str | None, *, irqs_on: bool = False) -> When:
    """Ask whether CPU 0 has these three opinions, and IF is so."""

    def asked(system: System) -> bool:
        cpu = system.cpus[0]
        said = (cpu.loaded_mm, cpu.current_mm, cpu.rflags_if)
        return said == (loaded, current, irqs_on) and mm_of_cr3(system, int(cpu.registers.cr3)) == cr3

    return lambda moment: asked(moment.after)


def _stranded(system: System) -> bool:
    cpu = system.cpus[1]
    return bool(system.cells["freed", PAGE_TABLE]) and cpu.rflags_if and cpu.loaded_mm == USER_MM and not cpu.is_lazy


def _text_hit(system: System) -> bool:
    return any(int(system.memory.read64(frame)) == 0xBAD for frame in TEXT_FRAMES)


def _after(question: Callable[[System], bool]) -> When:
    return lambda moment: question(moment.after)


RULES = ("no-stale-use", "mask-bit-set", "cr3-is-loaded-mm")
GOALS: dict[str, When] = {
    **{rule: breaks(rule) for rule in RULES},
    "going": opinions(USER_MM, LOADED_MM_SWITCHING, USER_MM),
    "gone": opinions(OTHER_MM, LOADED_MM_SWITCHING, USER_MM),
    "early": opinions(OTHER_MM, OTHER_MM, USER_MM),
    "back": opinions(USER_MM, LOADED_MM_SWITCHING, OTHER_MM),
    "home": opinions(USER_MM, USER_MM, OTHER_MM),
    "lazy": opinions(USER_MM, USER_MM, None, irqs_on=True),
    "firmware": opinions(EFI_MM, EFI_MM, USER_MM, irqs_on=True),
    "stranded": _after(_stranded),
    "text": _after(_text_hit),
}
"""Goal -> whether a moment reaches it. A rule is a goal under its own name."""
STATES = ("going", "gone", "early", "back", "home", "lazy", "firmware")
"""The goals of a legal disagreement: no rule may be broken, and the run ends in the state."""
FRAME = FRAMES[USER_MM][1]
"""The frame of user_mm's data page."""
