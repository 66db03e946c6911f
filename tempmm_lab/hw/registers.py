"""The control registers that translation looks at, in the manual's layout, and their bits by name.

Source: Intel SDM vol. 3, "Control Registers"; RFLAGS and EFER from the same volume.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tempmm_lab.errors import ModelError, whole_number
from tempmm_lab.hw.address import Hex

CR0_BITS = {"PE": 0, "MP": 1, "EM": 2, "TS": 3, "ET": 4, "NE": 5, "WP": 16, "AM": 18, "NW": 29, "CD": 30, "PG": 31}
CR4_BITS = {
    "VME": 0, "PVI": 1, "TSD": 2, "DE": 3, "PSE": 4, "PAE": 5, "MCE": 6, "PGE": 7, "PCE": 8, "OSFXSR": 9,
    "OSXMMEXCPT": 10, "UMIP": 11, "LA57": 12, "VMXE": 13, "SMXE": 14, "FSGSBASE": 16, "PCIDE": 17, "OSXSAVE": 18,
    "SMEP": 20, "SMAP": 21, "PKE": 22, "CET": 23, "PKS": 24, "UINTR": 25, "LASS": 27, "LAM_SUP": 28,
}  # fmt: skip
EFER_BITS = {"SCE": 0, "LME": 8, "LMA": 10, "NXE": 11}
RFLAGS_BITS = {"IF": 9, "AC": 18}

WHERE: dict[str, tuple[str, int]] = {
    name: (register, 1 << bit)
    for register, bits in (("cr0", CR0_BITS), ("cr4", CR4_BITS), ("efer", EFER_BITS), ("rflags", RFLAGS_BITS))
    for name, bit in bits.items()
}
"""Bit name -> (register, mask)."""

NOFLUSH = 1 << 63
"""Bit 63 of what MOV CR3 is given: 1 means *keep* the cached translations. It is never stored."""
LAM_U48, LAM_U57 = 1 << 62, 1 << 61
PCID_MASK = 0xFFF


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers that decide a translation, as plain numbers in the manual's layout."""

    cr0: int
    cr3: int
    cr4: int
    efer: int
    rflags: int
    cpl: int

    def __post_init__(self) -> None:
        """Refuse what no register can hold."""
        for name in ("cr0", "cr3", "cr4", "efer", "rflags"):
            object.__setattr__(self, name, Hex(whole_number(getattr(self, name), name)))
        if whole_number(self.cpl, "cpl") > 3:
            msg = f"CPL is a privilege level from 0 (kernel) to 3 (user), not {self.cpl}."
            raise ModelError(msg)

    def bit(self, name: str) -> bool:
        """Give one named bit, such as "WP", "SMAP" or "AC"."""
        register, mask = _where(name)
        return bool(getattr(self, register) & mask)

    def but(self, **changes: int) -> Registers:
        """Give a copy with some registers or named bits changed.

        >>> Registers(cr0=0x80010001, cr3=0, cr4=0x20, efer=0xd00, rflags=2, cpl=3).but(cpl=0, SMAP=1).bit("SMAP")
        True
        """
        values: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        for name, value in changes.items():
            if name in values:
                values[name] = value
            else:
                register, mask = _where(name)
                on = _bit_value(value, name)
                values[register] = values[register] | mask if on else values[register] & ~mask
        return replace(self, **values)

    @property
    def levels(self) -> int:
        """Levels of page tables: 5 with CR4.LA57, else 4."""
        return 5 if self.bit("LA57") else 4

    @property
    def pcid(self) -> int:
        """The current PCID: CR3 bits 11:0 with CR4.PCIDE, else 0."""
        return int(self.cr3) & PCID_MASK if self.bit("PCIDE") else 0

    def require_long_mode(self) -> None:
        """Refuse registers that do not select 4- or 5-level paging, the only kind modelled."""
        missing = [name for name in ("PG", "PE", "PAE", "LMA") if not self.bit(name)]
        if missing:
            names = ", ".join(f"{_where(name)[0].upper()}.{name}" for name in missing)
            msg = f"This model has 4- and 5-level paging only, and these registers have {names} clear."
            raise ModelError(msg)


def _bit_value(value: object, name: str) -> bool:
    if value is True or value is False:
        return value
    return bool(whole_number(value, f"the bit {name}", bits=1))


def _where(name: str) -> tuple[str, int]:
    if not isinstance(name, str) or name not in WHERE:
        msg = f"There is no register or bit called {name!r}. The bits are {', '.join(sorted(WHERE))}."
        raise ModelError(msg)
    return WHERE[name]


def flag_names(value: int, bits: dict[str, int]) -> str:
    """Give the names of the bits set in `value`, lowest first."""
    return " ".join(name for name, bit in bits.items() if value >> bit & 1)
