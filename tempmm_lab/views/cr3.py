"""Draw CR3: what the number in it, or in the MOV that writes it, means."""

from __future__ import annotations

from tempmm_lab.errors import whole_number
from tempmm_lab.hw.address import ADDRESS_BITS, Hex
from tempmm_lab.hw.registers import LAM_U48, LAM_U57, NOFLUSH, PCID_MASK, Registers
from tempmm_lab.views.bits import Field, bit_picture
from tempmm_lab.views.picture import Picture


def draw_cr3(value: int | Registers, *, pcide: bool | None = None) -> Picture:
    """Draw a value for CR3, or the CR3 of some `Registers`; `pcide` says whether CR4.PCIDE is on.

    Bit 63 exists only in the operand of MOV CR3. It says *keep*, and is never stored.
    """
    if isinstance(value, Registers):
        pcide = value.bit("PCIDE") if pcide is None else pcide
        value = value.cr3
    word = Hex(whole_number(value, "a value for CR3"))
    tagged = bool(pcide)
    table = word & ADDRESS_BITS
    title = f"CR3 {word:#018x}, PCIDE={int(tagged)}"
    desc = f"Top table at {table}. " + (f"PCID {int(word & PCID_MASK)}. {_keep(word)}." if tagged else "No PCID.")
    return bit_picture(title, desc, word, [*_upper(word, tagged=tagged), *_lower(word, tagged=tagged)])


def _keep(word: int) -> str:
    return "bit 63 is 1: keep what is cached for this PCID" if word & NOFLUSH else "bit 63 is 0: drop it first"


def _upper(word: Hex, *, tagged: bool) -> list[Field]:
    return [
        Field(63, 63, "keep" if tagged else "res", _keep(word) if tagged else "must be 0 while PCIDE is 0"),
        Field(
            62,
            62,
            "U48" if word & LAM_U48 else "",
            "LAM: user addresses may carry a tag in 62:48" if word & LAM_U48 else "",
        ),
        Field(
            61,
            61,
            "U57" if word & LAM_U57 else "",
            "LAM: user addresses may carry a tag in 62:57" if word & LAM_U57 else "",
        ),
        Field(60, 52, "reserved"),
        Field(51, 12, "top table", f"the walk begins at {word & ADDRESS_BITS}"),
    ]


def _lower(word: Hex, *, tagged: bool) -> list[Field]:
    if tagged:
        return [Field(11, 0, "PCID", f"{int(word & PCID_MASK)}: cached translations are tagged with it")]
    return [Field(11, 5, "ignored"), Field(4, 4, "PCD"), Field(3, 3, "PWT"), Field(2, 0, "ign")]
