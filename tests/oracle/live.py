"""Random accesses, answered by Unicorn, and the rules of the MMU that each of them met."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tempmm_lab import Access, GeneralProtection, PageFault
from tempmm_lab.oracles import Case
from tests.oracle.generate import Questions
from tests.oracle.unicorn_mmu import UnicornMmu

P, W, U, RSVD, I = 1, 2, 4, 8, 16  # noqa: E741  (the manual's names)


def live_cases(mmu: UnicornMmu, seed: int, count: int) -> Iterator[Case]:
    """Give `count` random accesses with Unicorn's answers."""
    questions = Questions(seed)
    for _ in range(count):
        yield mmu.answer(questions.next())


def features(case: Case) -> set[str]:
    """Give the names of the rules that this case met."""
    return {name for name, met in FEATURES.items() if met(case)}


def _code(case: Case) -> int | None:
    return int(case.fault.error_code) if isinstance(case.fault, PageFault) else None


def _refused(code: int, *bits: str) -> Callable[[Case], bool]:
    return lambda case: _code(case) == code and all(map(case.registers.bit, bits))


def _allowed(access: Access, cpl: int, on: str = "", off: str = "") -> Callable[[Case], bool]:
    def met(case: Case) -> bool:
        bits = all(map(case.registers.bit, on.split())) and not any(map(case.registers.bit, off.split()))
        return case.pa is not None and case.access is access and case.registers.cpl == cpl and bits

    return met


def _page(level: int) -> Callable[[Case], bool]:
    return lambda case: case.pa is not None and case.registers.levels + 1 - len(case.memory.words()) == level


def _fetch_fault(*, reported: bool, smep: bool) -> Callable[[Case], bool]:
    def met(case: Case) -> bool:
        code = _code(case)
        if case.access is not Access.EXECUTE or code is None or case.registers.bit("NXE"):
            return False
        return case.registers.bit("SMEP") is smep and bool(code & I) is reported

    return met


def _not_canonical(levels: int) -> Callable[[Case], bool]:
    return lambda case: isinstance(case.fault, GeneralProtection) and case.registers.levels == levels


FEATURES: dict[str, Callable[[Case], bool]] = {
    "allowed": lambda case: case.pa is not None,
    "4 levels": lambda case: case.pa is not None and case.registers.levels == 4,
    "5 levels": lambda case: case.pa is not None and case.registers.levels == 5,
    "4 KiB page": _page(1),
    "2 MiB page": _page(2),
    "1 GiB page": _page(3),
    "user read": _allowed(Access.READ, 3),
    "user write": _allowed(Access.WRITE, 3),
    "user fetch": _allowed(Access.EXECUTE, 3),
    "kernel write, WP": _allowed(Access.WRITE, 0, on="WP"),
    "kernel write, no WP": _allowed(Access.WRITE, 0, off="WP"),
    "kernel read, SMAP": _allowed(Access.READ, 0, on="SMAP", off="AC"),
    "kernel read, SMAP and AC": _allowed(Access.READ, 0, on="SMAP AC"),
    "kernel fetch, SMEP": _allowed(Access.EXECUTE, 0, on="SMEP"),
    "kernel fetch, AC without SMEP": _allowed(Access.EXECUTE, 0, on="AC", off="SMEP"),
    "user read refused": _refused(P | U),
    "user write refused": _refused(P | W | U),
    "user fetch refused": _refused(P | U | I),
    "kernel read refused by SMAP": _refused(P, "SMAP"),
    "kernel write refused by WP": lambda case: _refused(P | W, "WP")(case) and not case.registers.bit("SMAP"),
    "kernel fetch refused": _refused(P | I),
    "kernel fetch refused, SMEP": _refused(P | I, "SMEP"),
    "fetch fault, I from SMEP alone": _fetch_fault(reported=True, smep=True),
    "fetch fault, I not reported": _fetch_fault(reported=False, smep=False),
    "not present": lambda case: (code := _code(case)) is not None and not code & P,
    "reserved bit": lambda case: bool((_code(case) or 0) & RSVD),
    "not canonical, 4 levels": _not_canonical(4),
    "not canonical, 5 levels": _not_canonical(5),
    "A set": lambda case: bool(case.accessed_dirty) and case.access is not Access.WRITE,
    "D set": lambda case: bool(case.accessed_dirty) and case.access is Access.WRITE,
    "A and D were set": lambda case: case.pa is not None and not case.accessed_dirty,
}
"""Each rule by name, and whether a case with Unicorn's answer met it. The model has no say in this."""
