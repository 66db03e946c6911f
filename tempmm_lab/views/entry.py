"""Draw one paging-structure entry, bit by bit."""

from __future__ import annotations

from tempmm_lab.errors import ModelError, whole_number
from tempmm_lab.hw.address import Hex, Level
from tempmm_lab.hw.paging import PAGE_SIZES, Entry
from tempmm_lab.views.bits import Field, bit_picture
from tempmm_lab.views.picture import Picture

SIZE_NAMES = {1 << 12: "4 KiB", 1 << 21: "2 MiB", 1 << 30: "1 GiB"}


def draw_entry(word: int, level: Level | str = Level.PT) -> Picture:
    """Draw a 64-bit entry of the given level ("PT", "PD", "PDPT", "PML4" or "PML5") with its fields named.

    Raises:
        ModelError: `word` is no 64-bit number, or there is no such level.
    """
    entry = Entry(whole_number(word, "an entry"))
    kind = _level(level)
    title = f"{kind.entry_name} {entry:#018x}"
    fields = _fields(entry, kind) if entry.present else _absent(entry)
    desc = f"Flags set: {entry.flags or 'none'}. {_summary(entry, kind)}."
    return bit_picture(title, desc, entry, fields)


def _level(level: Level | str) -> Level:
    try:
        return Level[level] if isinstance(level, str) else Level(level)
    except (KeyError, ValueError):
        msg = f"There is no level {level!r}. They are {', '.join(known.name for known in Level)}."
        raise ModelError(msg) from None


def _summary(entry: Entry, level: Level) -> str:
    if not entry.present:
        return "Not present: the other 63 bits belong to software"
    if entry.is_leaf(level):
        return f"Maps the {SIZE_NAMES[PAGE_SIZES[level]]} page at {entry.frame(level)}"
    return f"Points to the table at {entry.address}"


def _absent(entry: Entry) -> list[Field]:
    rest = Hex(entry >> 1)
    return [Field(63, 1, "software", f"{rest << 1}: the processor does not look"), Field(0, 0, "P", "0: not present")]


def _fields(entry: Entry, level: Level) -> list[Field]:
    leaf = entry.is_leaf(level)
    return [
        Field(63, 63, "NX", "1: no instruction fetch below here" if entry.nx else "0: fetches may be allowed"),
        Field(62, 59, "key" if leaf else "ignored"),
        Field(58, 52, "ignored"),
        *_address_fields(entry, level),
        Field(11, 9, "soft"),
        Field(8, 8, "G" if leaf else "ign", _global(entry) if leaf else ""),
        Field(7, 7, "PAT" if level == Level.PT else "PS", _page_size(entry, level)),
        Field(6, 6, "D" if leaf else "ign", _dirty(entry) if leaf else ""),
        Field(5, 5, "A", "1: the processor has used this entry" if entry.accessed else "0: not used yet"),
        Field(4, 4, "PCD"),
        Field(3, 3, "PWT"),
        Field(2, 2, "US", "1: user mode may pass" if entry.user else "0: supervisor only, whatever the others say"),
        Field(1, 1, "RW", "1: writes may pass" if entry.rw else "0: no writes, whatever the others say"),
        Field(0, 0, "P", "1: present"),
    ]


def _address_fields(entry: Entry, level: Level) -> list[Field]:
    if not entry.is_leaf(level):
        return [Field(51, 12, "table", f"the next table is at {entry.address}")]
    if level == Level.PT:
        return [Field(51, 12, "frame", f"4 KiB page at {entry.frame(level)}")]
    low = level.shift
    name = f"{SIZE_NAMES[PAGE_SIZES[level]]} page at {entry.frame(level)}"
    return [Field(51, low, "frame", name), Field(low - 1, 13, "reserved, 0"), Field(12, 12, "PAT")]


def _page_size(entry: Entry, level: Level) -> str:
    if level == Level.PT:
        return ""
    if level >= Level.PML4:
        return "must be 0 at this level"
    return f"1: a {SIZE_NAMES[PAGE_SIZES[level]]} page ends the walk here" if entry.ps else "0: points to a table"


def _global(entry: Entry) -> str:
    return "1: outlives MOV CR3, if CR4.PGE is on" if entry.global_ else "0: belongs to one PCID"


def _dirty(entry: Entry) -> str:
    return "1: the page has been written" if entry.dirty else "0: not written yet"
