"""The key to the permission rule of chapter 2: every combination of page, switches, privilege level and access."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.calling import ByCalling, Case
from tempmm_lab.assess.exercises.keys.judging import Belief
from tempmm_lab.hw.build import KERNEL
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access, Rights, refusal

SWITCHES = ("WP", "SMEP", "SMAP", "AC")
Rule = Callable[[Registers, Rights, Access], bool]


def _right(registers: Registers, rights: Rights, access: Access) -> bool:
    return not refusal(registers, rights, access)


def _cases(_: Facts, __: int) -> Sequence[Case]:
    bits = product((False, True), repeat=3 + len(SWITCHES))
    return [_case(cpl, access, row) for cpl, access, row in product((3, 0), Access, list(bits))]


def _case(cpl: int, access: Access, row: tuple[bool, ...]) -> Case:
    rights, switches = Rights(*row[:3]), dict(zip(SWITCHES, row[3:], strict=True))
    registers = KERNEL.but(cpl=cpl, **switches)
    said = " ".join(f"{name}={int(value)}" for name, value in switches.items())
    about = f"{access.value} at CPL {cpl} of a page {rights}, {said}"
    names = ("cr0", "cr3", "cr4", "efer", "rflags", "cpl")
    given = {name: int(getattr(registers, name)) for name in names}
    page = {"user": rights.user, "write": rights.write, "nx": rights.nx}
    right = _right(registers, rights, access)
    return Case([given, page, access.value], _part(registers, rights, access), right, about)


def _part(registers: Registers, rights: Rights, access: Access) -> str:
    if registers.cpl:
        return "program"
    if access is Access.EXECUTE:
        return "SMEP" if rights.user else "execute"
    silent = registers.bit("AC") or not registers.bit("SMAP")
    if not rights.user or (access is Access.WRITE and silent):
        return "write"
    return "AC" if registers.bit("AC") else "SMAP"


def _believed(rule: Rule) -> Callable[..., bool]:
    """Give a rule as a function of plain data."""
    return lambda registers, rights, access: rule(Registers(**registers), Rights(**rights), Access(access))


def _but(**switches: int) -> Callable[..., bool]:
    """Give the right rule on a processor whose switches stand so."""
    return _believed(lambda registers, rights, access: _right(registers.but(**switches), rights, access))


SOURCE = """from tempmm_lab import Access


def my_rule(registers, rights, access):
    execute, write = access is Access.EXECUTE, access is Access.WRITE
    if execute and rights.nx:
        return False
    if registers.cpl == 3:
        return rights.user and (rights.write or not write)
    if rights.user and execute and registers.bit("SMEP"):
        return False
    if rights.user and not execute and registers.bit("SMAP") and not registers.bit("AC"):
        return False
    return rights.write or not write or not registers.bit("WP")
"""

RULE = ByCalling(
    cases=_cases,
    beliefs=(
        Belief("no WP", "You do not ask WP: with WP=1 the kernel is bound by RW=0 too.", _but(WP=0)),
        Belief("WP always", "RW=0 binds the kernel only while WP is 1.", _but(WP=1)),
        Belief("no SMEP", "You do not ask SMEP: with it the kernel may not fetch from user pages.", _but(SMEP=0)),
        Belief("SMEP always", "Without SMEP the kernel may execute a user page.", _but(SMEP=1)),
        Belief(
            "no SMAP", "You do not ask SMAP: with it the kernel may not touch user data while AC is 0.", _but(SMAP=0)
        ),
        Belief("AC never", "AC=1 silences SMAP.", _but(AC=0)),
        Belief(
            "AC silences everything",
            "AC silences SMAP and nothing else: WP still holds, and for fetches SMEP and NX.",
            _believed(lambda r, p, a: (not r.cpl and p.user and r.bit("AC")) or _right(r, p, a)),
        ),
        Belief(
            "SMAP for fetches",
            "SMAP is about data. Fetches are SMEP's business, and AC has no say in them.",
            _believed(lambda r, p, a: _right(r.but(SMEP=r.bit("SMAP") and not r.bit("AC")) if not r.cpl else r, p, a)),
        ),
        Belief(
            "NX for programs only",
            "NX binds the kernel as well.",
            _believed(lambda r, p, a: _right(r, Rights(p.user, p.write, p.nx and r.cpl == 3), a)),
        ),
        Belief(
            "every page is the program's",
            "A program may touch a page only if US is 1 in every entry.",
            _believed(lambda r, p, a: _right(r, Rights(p.user or r.cpl == 3, p.write, p.nx), a)),
        ),
        Belief(
            "the kernel may do anything",
            "Your kernel may do anything. WP, NX, SMEP and SMAP bind it.",
            _believed(lambda registers, *rest: True if not registers.cpl else _right(registers, *rest)),
        ),
    ),
    hint={
        "program": "A program needs US=1, RW=1 to write, and NX=0 to execute. No switch helps it.",
        "write": "Where SMAP has no say, the kernel reads freely; it writes where RW=1, or anywhere while WP is 0.",
        "execute": "The kernel executes its own pages unless NX is 1.",
        "SMEP": "The kernel executes a user page only while SMEP is 0, and NX is asked as well.",
        "SMAP": "While SMAP is 1 and AC is 0 the kernel touches no data of a user page; while SMAP is 0 it may read.",
        "AC": "With AC=1 SMAP is silent.",
    },
    source=SOURCE,
)
