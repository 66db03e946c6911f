"""Page tables by the hundred, with the answer of the model's own walk, for judging a student's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tempmm_lab.assess.exercises.ch01_tables import TABLE
from tempmm_lab.assess.exercises.draws import Stream
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.calling import ByCalling, Case
from tempmm_lab.assess.exercises.keys.judging import Belief
from tempmm_lab.hw.address import GIB1, KIB4, MIB2, Level, is_canonical, sign_extend
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.paging import NX, PS, A, Entry, G, P
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access, GeneralProtection, PageFault
from tempmm_lab.hw.walk import translate

EACH = 24
"""Cases of each part."""
WIDTHS = (36, 39, 40, 46, 52)


def answer_of(memory: PhysicalMemory, registers: Registers, va: int, maxphyaddr: int) -> int | str:
    """Give the physical address of a byte that the kernel reads, or why there is none."""
    walk = translate(memory, registers, va, Access.READ, maxphyaddr=maxphyaddr)
    if isinstance(walk.fault, GeneralProtection):
        return "not canonical"
    if isinstance(walk.fault, PageFault):
        return "reserved" if walk.fault.error_code & 8 else "not present"
    return int(walk.pa or 0)


def walk_cases(_: Facts, seed: int) -> Sequence[Case]:
    """Give the calls of my_walk for a judge's seed."""
    stream = Stream(seed)
    made = [(part, make) for part, make in KINDS.items() for _ in range(EACH)]
    return [_case(part, make(stream)) for part, make in made]


def _case(part: str, made: tuple[dict[int, int], Registers, int, int]) -> Case:
    words, registers, va, width = made
    right = answer_of(PhysicalMemory.from_words(words), registers, va, width)
    processor = {"vendor": "intel", "maxphyaddr": width, "gb_pages": True}
    names = ("cr0", "cr3", "cr4", "efer", "rflags", "cpl")
    said = {name: int(getattr(registers, name)) for name in names}
    listed = [[pa, words[pa]] for pa in sorted(words)]
    shown = ", ".join(f"{pa:#x}: {word:#x}" for pa, word in listed)
    about = f"va {va:#x}, CR3 {int(registers.cr3):#x}, MAXPHYADDR {width}, NXE {int(registers.bit('NXE'))}, {shown}"
    return Case([listed, said, va, "read", processor], part, right, about)


def _tables(
    stream: Stream, leaf: Level, *, levels: int = 4, width: int = 52, entry: Callable[[int, Level], int] | None = None
) -> tuple[dict[int, int], Registers, int, int]:
    """Give tables with one way down to a leaf. `entry` may change any entry: it is called with it and its level."""
    width = min(width, stream.one_of(WIDTHS))
    cr3 = KIB4 * (16 + stream.below(1 << 20))
    frame = leaf.span * (1 + stream.below((1 << width - 1) // leaf.span - 1))
    va = int(sign_extend(stream.below(1 << 57), levels))
    words: dict[int, int] = {}
    table = cr3
    for number in range(levels, leaf - 1, -1):
        level = Level(number)
        down = KIB4 * (16 + (1 << 20) + 8 * stream.below(1 << 14) + number)
        word = down | TABLE if number > leaf else frame | P | A | 0x6 | stream.one_of((0, NX, G))
        word |= PS if number == leaf and leaf > Level.PT else 0
        words[table + 8 * level.index(va)] = entry(word, level) if entry else word
        table = down
    registers = Registers(0x8005_0033, cr3 | stream.one_of((0, 0x18)), 0xA0 | (levels == 5) << 12, 0xD01, 0x2, 0)
    return words, registers, va, width


def _small(stream: Stream) -> Any:
    return _tables(stream, Level.PT)


def _large(stream: Stream) -> Any:
    return _tables(stream, stream.one_of((Level.PD, Level.PDPT)))


def _five(stream: Stream) -> Any:
    return _tables(stream, Level.PT, levels=5)


def _absent(stream: Stream) -> Any:
    at = stream.one_of((Level.PT, Level.PD, Level.PDPT, Level.PML4))
    junk = stream.one_of((0, 1 << 51, PS, 1 << 51 | PS))
    if stream.below(2):
        return _tables(stream, Level.PT, width=40)
    return _tables(stream, Level.PT, width=40, entry=lambda word, level: (word & ~P) | junk if level == at else word)


def _reserved(stream: Stream) -> Any:
    """One reserved bit: of the address, PS at the top, the low address of a large page, or NX while NXE is 0."""
    kind = stream.below(5)
    if kind == 0:
        at, bit = stream.one_of((Level.PT, Level.PD, Level.PML4)), 1 << 47 + stream.below(5)
        return _tables(stream, Level.PT, width=46, entry=lambda word, level: word | bit if level == at else word)
    if kind == 1:
        return _tables(stream, Level.PT, entry=lambda word, level: word | PS if level == Level.PML4 else word)
    if kind == 2:
        leaf, low = stream.one_of((Level.PD, Level.PDPT)), 1 << 13 + stream.below(8)
        return _tables(stream, leaf, entry=lambda word, level: word | low if level == leaf else word)
    nx_at = stream.one_of((Level.PT, Level.PD)) if kind == 3 else None
    made = _tables(stream, Level.PT, entry=lambda word, level: word | NX if level == nx_at else word & ~NX)
    words, registers, va, width = made
    return words, registers.but(NXE=0), va, width


def _canonical(stream: Stream) -> Any:
    levels = stream.one_of((4, 5))
    words, registers, va, width = _tables(stream, Level.PT, levels=levels)
    bit = 64 - 1 - stream.below(64 - (12 + 9 * levels))
    return words, registers, va ^ stream.below(2) << bit, width


KINDS: dict[str, Callable[[Stream], Any]] = {
    "pages": _small,
    "large": _large,
    "five": _five,
    "absent": _absent,
    "reserved": _reserved,
    "canonical": _canonical,
}


def believed(
    *,
    sizes: bool = True,
    small_offset: bool = False,
    levels: int | None = None,
    reserved: str = "all",
    canonical: bool = True,
    present: bool = True,
) -> Callable[..., int | str]:
    """Give a walk of plain data that lacks some rules: what somebody writes who does not know them."""

    def walk(
        words: list[list[int]], registers: dict[str, int], va: int, _: str, processor: dict[str, Any]
    ) -> int | str:
        memory = {pa: word for pa, word in words}  # noqa: C416  (mypy: a list is no pair)
        regs, depth = Registers(**registers), levels or Registers(**registers).levels
        if canonical and not is_canonical(va, depth):
            return "not canonical"
        table = int(regs.cr3) & ((1 << 52) - KIB4)
        for number in range(depth, 0, -1):
            level = Level(number)
            entry = Entry(memory.get(table + 8 * level.index(va), 0))
            bits = _reserved_in(entry, level, processor["maxphyaddr"], nxe=regs.bit("NXE"), known=reserved)
            if reserved == "before P" and bits:
                return "reserved"
            if present and not entry.present:
                return "not present"
            if bits:
                return "reserved"
            if level == Level.PT or (sizes and entry.is_leaf(level)):
                size = KIB4 if small_offset or not sizes else level.span
                return int(entry.frame(level)) + va % size if sizes else int(entry.address) + va % size
            table = int(entry.address)
        return "not present"

    return walk


def _reserved_in(entry: Entry, level: Level, width: int, *, nxe: bool, known: str) -> int:
    if known == "none":
        return 0
    bits = int(entry.address) >> width << width
    if known == "address":
        return bits
    bits |= int(entry) & NX if not nxe else 0
    bits |= int(entry) & PS if level >= Level.PML4 else 0
    size = {Level.PD: MIB2, Level.PDPT: GIB1}.get(level, KIB4)
    return bits | (int(entry) & (size - 1) & ~0x1FFF if entry.ps else 0)


SOURCE = """def my_walk(memory, registers, va, access, **processor):
    levels, width = registers.levels, processor["maxphyaddr"]
    bits = 12 + 9 * levels
    if va >> (bits - 1) not in (0, (1 << (65 - bits)) - 1):
        return "not canonical"
    table = registers.cr3 & 0xFFFFFFFFFF000
    for level in range(levels, 0, -1):
        shift = 3 + 9 * level
        entry = memory.read64(table + 8 * (va >> shift & 511))
        if not entry & 1:
            return "not present"
        large = level in (2, 3) and entry & 0x80
        wrong = (entry & 0xFFFFFFFFFF000) >> width or (level > 3 and entry & 0x80)
        wrong = wrong or (entry >> 63 and not registers.bit("NXE"))
        if wrong or (large and entry & ((1 << shift) - 1) & ~0x1FFF):
            return "reserved"
        if large or level == 1:
            return (entry & 0xFFFFFFFFFF000 & -(1 << shift)) + va % (1 << shift)
        table = entry & 0xFFFFFFFFFF000
"""

BUILD = ByCalling(
    cases=walk_cases,
    beliefs=(
        Belief("no sizes", "Your walk does not stop at PS=1: it reads a large page as a table.", believed(sizes=False)),
        Belief(
            "small offset",
            "Your offset has 12 bits for every page. A page of 2 MiB has 21 bits of offset, one of 1 GiB has 30.",
            believed(small_offset=True),
        ),
        Belief("four levels", "Your walk always begins at a PML4: ask registers.levels.", believed(levels=4)),
        Belief(
            "P last",
            "You look at reserved bits before P. P comes first: with P=0 none is.",
            believed(reserved="before P"),
        ),
        Belief("no P", "Your walk goes on through entries with P=0.", believed(present=False)),
        Belief(
            "only the address",
            "You know the reserved bits above MAXPHYADDR. There are three more: PS in the top levels, the low address "
            "bits of a large page (but not bit 12), and NX while NXE is 0.",
            believed(reserved="address"),
        ),
        Belief("no reserved bits", "Your walk knows no reserved bits.", believed(reserved="none")),
        Belief("any address", "Your walk does not ask whether the address is canonical.", believed(canonical=False)),
    ),
    hint={
        "pages": "A page of 4 KiB is not found right.",
        "large": "A large page is not found right: it ends the walk, and its offset is longer.",
        "five": "With five levels something differs: the walk begins one table higher.",
        "absent": "An entry with P=0 ends the walk, before anything else in it is looked at.",
        "reserved": "A reserved bit of a present entry is not refused.",
        "canonical": "The bits above the translated ones must all equal the highest of those.",
    },
    source=SOURCE,
)
