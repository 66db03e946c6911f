"""Random accesses, answered by Unicorn and by the model, and a count of the rules that they met."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tempmm_lab import Access, GeneralProtection, PageFault
from tempmm_lab.oracles import Case
from tests.oracle.generate import Questions
from tests.oracle.unicorn_mmu import UnicornMmu


def live_cases(mmu: UnicornMmu, seed: int, count: int) -> Iterator[Case]:
    """Give `count` random accesses with Unicorn's answers."""
    questions = Questions(seed)
    for _ in range(count):
        yield mmu.answer(questions.next())


def _code(case: Case) -> int:
    return int(case.fault.error_code) if isinstance(case.fault, PageFault) else -1


def _bit(name: str, value: bool = True) -> Callable[[Case], bool]:
    return lambda case: case.registers.bit(name) is value


def _leaf(level: int) -> Callable[[Case], bool]:
    return lambda case: case.pa is not None and case.registers.levels - len(case.memory.words()) + 1 == level


def _ok(case: Case, *bits: str, access: Access, cpl: int) -> bool:
    wanted = all(case.registers.bit(name) for name in bits)
    return case.pa is not None and case.access is access and case.registers.cpl == cpl and wanted


FEATURES: dict[str, Callable[[Case], bool]] = {
    "succeeds": lambda case: case.pa is not None,
    "4 levels": _bit("LA57", False),
    "5 levels": _bit("LA57"),
    "4 KiB page": _leaf(1),
    "2 MiB page": _leaf(2),
    "1 GiB page": _leaf(3),
    "NXE=0": _bit("NXE", False),
    "fetch with neither NXE nor SMEP faults without I": lambda case: (
        case.access is Access.EXECUTE and _code(case) >= 0 and not _code(case) & 0x10
    ),
    "fetch with NXE=0 and SMEP=1 faults with I": lambda case: _code(case) & 0x10 > 0 and not case.registers.bit("NXE") and _code(case) >= 0,
    "supervisor write allowed with WP=0": lambda case: _ok(case, access=Access.WRITE, cpl=0) and not case.registers.bit("WP"),
    "supervisor write refused": lambda case: _code(case) == 0x3,
    "user write refused": lambda case: _code(case) == 0x7,
    "user read refused": lambda case: _code(case) == 0x5,
    "SMAP read refused": lambda case: _code(case) == 0x1 and case.registers.bit("SMAP"),
    "read with SMAP and AC": lambda case: _ok(case, "SMAP", "AC", access=Access.READ, cpl=0),
    "fetch refused, supervisor": lambda case: _code(case) == 0x11,
    "fetch refused with SMEP": lambda case: _code(case) == 0x11 and case.registers.bit("SMEP"),
    "fetch refused, user": lambda case: _code(case) == 0x15,
    "user fetch": lambda case: _ok(case, access=Access.EXECUTE, cpl=3),
    "user read": lambda case: _ok(case, access=Access.READ, cpl=3),
    "user write": lambda case: _ok(case, access=Access.WRITE, cpl=3),
    "supervisor fetch with SMEP": lambda case: _ok(case, "SMEP", access=Access.EXECUTE, cpl=0),
    "not present": lambda case: _code(case) in (0, 2, 4, 6, 16, 20),
    "reserved bit": lambda case: _code(case) >= 0 and _code(case) & 0x8 > 0,
    "not canonical, 4 levels": lambda case: isinstance(case.fault, GeneralProtection) and case.registers.levels == 4,
    "not canonical, 5 levels": lambda case: isinstance(case.fault, GeneralProtection) and case.registers.levels == 5,
    "A set": lambda case: bool(case.accessed_dirty) and case.access is not Access.WRITE,
    "D set": lambda case: case.access is Access.WRITE and bool(case.accessed_dirty),
    "PGE=1": _bit("PGE"),
    "bits in CR3 11:0": lambda case: bool(case.registers.cr3 & 0xFFF),
}
