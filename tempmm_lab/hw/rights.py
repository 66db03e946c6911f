"""Who may touch a page: the rules between a finished walk and a byte, and the error code when they say no.

Source: Intel SDM vol. 3, "Access Rights" and "Page-Fault Exceptions"; statements S95-S98, S104, S106.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from tempmm_lab.errors import ModelError
from tempmm_lab.hw.address import Hex, is_canonical
from tempmm_lab.hw.paging import NX, RW, US
from tempmm_lab.hw.registers import Registers

ERROR_CODE_BITS = {"P": 0, "W": 1, "U": 2, "RSVD": 3, "I": 4, "PK": 5, "SS": 6, "HLAT": 7, "SGX": 15}
"""The bits of a page fault's error code. This model raises the first five."""


class Access(enum.Enum):
    """What an access wants to do with the byte."""

    READ = "read"
    WRITE = "write"
    EXECUTE = "execute"


def as_access(value: object) -> Access:
    """Give an `Access`, also from the words "read", "write" and "execute"."""
    try:
        return Access(value)
    except ValueError:
        msg = f"An access is Access.READ, Access.WRITE or Access.EXECUTE, not {value!r}."
        raise ModelError(msg) from None


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of a translation, combined over every level of its walk."""

    user: bool = True
    write: bool = True
    nx: bool = False

    def through(self, entry: int, *, nxe: bool) -> Rights:
        """Give the rights left after one more entry: US and RW are ANDed, NX is ORed."""
        return Rights(
            self.user and bool(entry & US), self.write and bool(entry & RW), self.nx or (nxe and bool(entry & NX))
        )

    def __str__(self) -> str:
        return f"R{'W' if self.write else '-'}{'-' if self.nx else 'X'} {'user' if self.user else 'supervisor'}"


@dataclass(frozen=True, slots=True)
class PageFault:
    """A page-fault exception (#PF): the error code it pushes and the address it leaves in CR2."""

    error_code: int
    cr2: int

    @property
    def bits(self) -> str:
        """The names of the error-code bits that are 1, such as "P W"."""
        return " ".join(name for name, bit in ERROR_CODE_BITS.items() if self.error_code >> bit & 1)

    def __str__(self) -> str:
        return f"#PF error code {self.error_code:#x} ({self.bits or 'no bit set'}), CR2 = {self.cr2:#x}"

    def __repr__(self) -> str:
        return f"PageFault(error_code={self.error_code:#x}, cr2={self.cr2:#x})"


@dataclass(frozen=True, slots=True)
class GeneralProtection:
    """A general-protection exception (#GP). It leaves CR2 alone."""

    error_code: int = 0

    def __str__(self) -> str:
        return f"#GP error code {self.error_code:#x}"

    def __repr__(self) -> str:
        return f"GeneralProtection({self.error_code})"


Fault = PageFault | GeneralProtection


def is_supervisor(registers: Registers, *, implicit: bool = False) -> bool:
    """Say whether this is a supervisor-mode access: CPL below 3, or one the processor makes by itself (a GDT load)."""
    return registers.cpl < 3 or implicit


def refused_before_paging(registers: Registers, va: int, access: Access, *, implicit: bool = False) -> str | None:
    """Say why the address itself is refused (#GP), before any table is read; None if it is not.

    Two checks look at the address alone: it must be canonical, and with CR4.LASS its half must suit the access.
    A data access of the kernel to the lower half is refused only while SMAP is on and not overridden by AC (S106).
    """
    if not is_canonical(va, registers.levels):
        return f"{Hex(va)} is not canonical"
    if not registers.bit("LASS"):
        return None
    upper_half = bool(va >> 63)
    if not is_supervisor(registers, implicit=implicit):
        return "LASS: user mode may not use the upper half" if upper_half else None
    if upper_half:
        return None
    if access is Access.EXECUTE:
        return "LASS: the kernel may not fetch from the lower half"
    if registers.bit("SMAP") and (implicit or not registers.bit("AC")):
        return "LASS: the kernel may not touch data in the lower half while AC is 0"
    return None


def refusal(registers: Registers, rights: Rights, access: Access, *, implicit: bool = False) -> str | None:
    """Say which rule forbids this access to a page with these rights; None if none does.

    Protection keys never forbid anything here: the model behaves as if PKRU were 0.
    """
    if is_supervisor(registers, implicit=implicit):
        return _supervisor_refusal(registers, rights, access, implicit=implicit)
    if not rights.user:
        return "US=0 somewhere in the walk: user mode may not touch a supervisor page"
    if access is Access.WRITE and not rights.write:
        return "RW=0 somewhere in the walk: user mode may not write"
    if access is Access.EXECUTE and rights.nx:
        return "NX=1 somewhere in the walk: no instruction fetch"
    return None


def _supervisor_refusal(registers: Registers, rights: Rights, access: Access, *, implicit: bool) -> str | None:
    if access is Access.EXECUTE:
        if rights.user and registers.bit("SMEP"):
            return "SMEP: the kernel may not fetch from a user page"
        return "NX=1 somewhere in the walk: no instruction fetch" if rights.nx else None
    if rights.user and registers.bit("SMAP") and (implicit or not registers.bit("AC")):
        return "SMAP: the kernel may not touch a user page while AC is 0"
    if access is Access.WRITE and not rights.write and registers.bit("WP"):
        return "RW=0 somewhere in the walk, and CR0.WP=1: the kernel may not write"
    return None


def page_fault(
    registers: Registers, va: int, access: Access, *, present: bool, reserved: bool = False, implicit: bool = False
) -> PageFault:
    """Give the #PF for an access to `va`. The I bit is reported only if EFER.NXE or CR4.SMEP is set."""
    code = present << ERROR_CODE_BITS["P"] | reserved << ERROR_CODE_BITS["RSVD"]
    code |= (access is Access.WRITE) << ERROR_CODE_BITS["W"]
    code |= (not is_supervisor(registers, implicit=implicit)) << ERROR_CODE_BITS["U"]
    reports_fetch = registers.bit("NXE") or registers.bit("SMEP")
    code |= (access is Access.EXECUTE and reports_fetch) << ERROR_CODE_BITS["I"]
    return PageFault(Hex(code), Hex(va))
