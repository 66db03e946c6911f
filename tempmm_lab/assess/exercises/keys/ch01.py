"""The keys of chapter 1: right answers, and what each misconception gives instead."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.exercises.ch01 import CHECKS
from tempmm_lab.assess.exercises.ch01_tables import PIECES
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.ch01_corrupt import CORRUPT
from tempmm_lab.assess.exercises.keys.judging import Belief, ByParts, InOrder
from tempmm_lab.assess.exercises.keys.walks import BUILD, answer_of
from tempmm_lab.hw.address import ADDRESS_BITS, KIB4, split
from tempmm_lab.hw.build import KERNEL
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.rights import Access
from tempmm_lab.hw.walk import WalkLevel, walk

PARTS = ("first", "second", "third")


def _split_with(bits: int, offset: int) -> Any:
    """Give a split into indexes of so many bits over an offset of so many."""

    def answer(facts: Facts) -> dict[str, Any]:
        rest = facts["va"] >> offset
        numbers = [rest >> bits * step & (1 << bits) - 1 for step in (3, 2, 1, 0)]
        return {**dict(zip(PIECES, numbers, strict=True)), "offset": facts["va"] % (1 << offset)}

    return answer


def _pieces(facts: Facts) -> dict[str, Any]:
    return {name: int(value) for name, value in split(facts["va"]).items()}


def _by_bytes(facts: Facts) -> dict[str, Any]:
    return {name: value * 8 if name in PIECES else value for name, value in _pieces(facts).items()}


def _from_the_top(facts: Facts) -> dict[str, Any]:
    return {name: facts["va"] >> 55 - 9 * place & 511 for place, name in enumerate(PIECES)}


def _upside_down(facts: Facts) -> dict[str, Any]:
    pieces = _pieces(facts)
    return {name: pieces[other] for name, other in zip(PIECES, reversed(PIECES), strict=True)}


INDICES = ByParts(
    right=_pieces,
    beliefs=(
        Belief(
            "ten bits",
            "That is an index of ten bits, as in 32-bit paging. An entry has 8 bytes here, so a table of 4 KiB has 512 "
            "entries, and nine bits count them. Take nine bits from bit 12 up.",
            _split_with(10, 12),
        ),
        Belief(
            "three digits",
            "That is three hexadecimal digits, which are twelve bits. An index has nine bits, so it does not begin and "
            "end with a digit. Write the address in binary first.",
            _split_with(12, 12),
        ),
        Belief(
            "large offset",
            "You gave the offset more than 12 bits. A page of 4 KiB has 4,096 bytes: 12 bits count them.",
            _split_with(9, 16),
        ),
        Belief(
            "from bit 63",
            "You began at bit 63. The 16 highest bits only repeat bit 47: the PML4 index is in bits 47 to 39.",
            _from_the_top,
        ),
        Belief(
            "bytes",
            "That is eight times the index: where the entry lies in its table, in bytes. The index counts entries.",
            _by_bytes,
        ),
        Belief(
            "upside down",
            "The tables stand the other way round: the highest bits choose in the PML4, where the walk begins.",
            _upside_down,
        ),
    ),
    hint=lambda _, part: f"Not yet. {'The lowest 12 bits' if part == 'offset' else 'Nine bits'}: shift and mask.",
)


def _bytes_of(facts: Facts) -> dict[str, Any]:
    memory = PhysicalMemory.from_words(dict(facts["words"]))
    registers = KERNEL.but(cr3=facts["cr3"])
    found = [answer_of(memory, registers, va, facts["maxphyaddr"]) for va in facts["addresses"]]
    return dict(zip(PARTS, found, strict=True))


def _leaves(facts: Facts) -> list[WalkLevel | None]:
    """Give where the walk of each address ends; None for an address that is none."""
    memory = PhysicalMemory.from_words(dict(facts["words"]))
    registers, processor = KERNEL.but(cr3=facts["cr3"]), Processor("intel", facts["maxphyaddr"])
    walks = [walk(memory.read64, registers, va, Access.READ, processor) for va in facts["addresses"]]
    return [one.levels[-1] if one.levels else None for one in walks]


def _small_offset(facts: Facts) -> dict[str, Any]:
    leaf = _leaves(facts)[1]
    assert leaf is not None
    return {"second": int(leaf.entry.frame(leaf.level)) + facts["addresses"][1] % KIB4}


def _with_flags(mask: int) -> Any:
    """Give what comes of adding an offset to an entry whose flags were not masked away."""

    def answer(facts: Facts) -> dict[str, Any]:
        found = {}
        for part, leaf, va in zip(PARTS[:2], _leaves(facts), facts["addresses"], strict=False):
            assert leaf is not None
            found[part] = (int(leaf.entry) & mask) + va % leaf.level.span
        return found

    return answer


def _anyway(facts: Facts) -> dict[str, Any]:
    """Give the byte that the third address would have if nothing but the address bits counted."""
    leaf, va = _leaves(facts)[2], facts["addresses"][2]
    if leaf is None:
        return {"third": _bytes_of({**facts, "addresses": [*facts["addresses"][:2], _extended(va)]})["third"]}
    return {"third": int(leaf.entry & ADDRESS_BITS) + va % KIB4}


def _extended(va: int) -> int:
    low = va & (1 << 48) - 1
    return low | (0xFFFF << 48 if low >> 47 else 0)


def _reserved_first(facts: Facts) -> dict[str, Any]:
    leaf = _leaves(facts)[2]
    high = leaf is not None and int(leaf.entry & ADDRESS_BITS) >> facts["maxphyaddr"]
    return {"third": "reserved"} if high else {}


WALK = ByParts(
    right=_bytes_of,
    beliefs=(
        Belief(
            "a page taken for a table",
            "You went on through an entry with PS=1 (bit 7). In a PDE or a PDPTE the walk is over there: what the "
            "entry holds is a large page, not a table.",
            lambda _: {"second": "not present"},
        ),
        Belief(
            "the offset of a small page",
            "The page is large, so its offset has more than 12 bits: the index bits that were not used belong to it.",
            _small_offset,
        ),
        Belief(
            "flags added",
            "The flags of the entry got into the address. Bits 51 to 12 are the address; mask the rest away.",
            _with_flags((1 << 52) - 1),
        ),
        Belief(
            "all but the low flags",
            "Bit 63 of the entry is NX, a flag; it got into the address. Bits 51 to 12 are the address.",
            _with_flags(~0xFFF),
        ),
        Belief(
            "read anyway",
            "You went on where the processor stops. Look at P and at the reserved bits of every entry, and at bits "
            "63 to 47 of the address before the first.",
            _anyway,
        ),
        Belief(
            "reserved before present",
            "P is looked at first. With P=0 the other bits are not looked at, so none of them can be a reserved one.",
            _reserved_first,
        ),
        Belief(
            "all refusals alike",
            "It is refused, but not for that. With no canonical address no entry is read; a reserved bit needs P=1.",
            lambda _: {"third": "not present"},
        ),
    ),
    hint=lambda _, part: f"Not yet. Walk the {part} address again, level by level: index, entry, P, reserved bits, PS.",
)

ORDER = InOrder(
    steps=CHECKS,
    parts={
        "address": (("address", "entry"),),
        "entry": (("entry", "present"), ("present", "reserved"), ("present", "ps")),
        "reserved": (("present", "reserved"), ("reserved", "descend")),
        "page": (("ps", "descend"),),
        "rights": (("descend", "rights"), ("rights", "byte")),
    },
    says={
        "address": "An address that is not canonical is refused before any table is read: there is nothing to read.",
        "entry": "An entry has to be read before anything in it counts, and P is the first bit that does: with P=0 the "
        "others mean nothing to the processor.",
        "reserved": "Reserved bits are judged entry by entry: after P, and before the walk uses the entry to go on.",
        "page": "Whether there is a next table is what PS says, so it is looked at before going down.",
        "rights": "Rights are one answer over all levels, so they come after the last level. The byte is last.",
    },
    right=("address", "entry", "present", "reserved", "ps", "descend", "rights", "byte"),
)

JUDGES = {
    "ch01-indices": INDICES,
    "ch01-walk": WALK,
    "ch01-order": ORDER,
    "ch01-corrupt": CORRUPT,
    "ch01-build": BUILD,
}
"""Exercise -> its judge."""
