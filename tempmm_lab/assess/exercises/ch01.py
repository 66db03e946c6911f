"""The exercises of chapter 1: what is shown. Keys and judges are in `keys/ch01.py`."""

from __future__ import annotations

from tempmm_lab.assess.exercises.ch01_tables import PIECES, WALKS, address, walk_facts
from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.functions import walker
from tempmm_lab.assess.exercises.shapes import Either, Many, Whole, Word
from tempmm_lab.assess.exercises.telling import (
    LETTERS,
    lettered,
    memory_lines,
    rules,
    statement_parts,
    statements,
    statements_shown,
)
from tempmm_lab.hw.address import ADDRESS_BITS, KIB4

WHY_NOT = ("not present", "reserved", "not canonical")
"""Why an address has no byte, in the words that answers use."""


def _indices(draw: Draw) -> Facts:
    return {"va": address([1 + draw.below(511) for _ in PIECES], 1 + draw.below(0xFFF))}


def _show_indices(facts: Facts) -> str:
    return f"""The address {facts["va"]:#018x} is translated with four levels of page tables.
Give the index into each table, and the offset within a page of 4 KiB."""


def _show_walk(facts: Facts) -> str:
    first, second, third = facts["addresses"]
    return f"""CR3 is {facts["cr3"]:#x}. Physical addresses have {facts["maxphyaddr"]} bits, NXE is on; four levels.
These words of physical memory are not 0; every other word is.

{memory_lines(facts["words"])}

The kernel reads at three addresses:
  first   {first:#018x}
  second  {second:#018x}
  third   {third:#018x}

Give the physical address of each byte or, where there is none, one of {", ".join(map(repr, WHY_NOT))}."""


BYTE = Either(Whole(), Word(WHY_NOT))

CHECKS = {
    "address": "see whether the address is canonical",
    "byte": "read the byte at the physical address",
    "descend": "go down to the next table, until an entry maps a page",
    "entry": "read the entry that the index selects",
    "present": "see whether P is 1 in this entry",
    "ps": "see whether this entry maps a page or points to a table",
    "reserved": "see whether a reserved bit is 1 in this entry",
    "rights": "see whether the rights allow this access",
}
"""The steps of one access, by name, in the order of their names."""


def _order(draw: Draw) -> Facts:
    return {"items": list(draw.shuffled(tuple(CHECKS.values())))}


def _show_order(facts: Facts) -> str:
    return f"""A processor reads one byte, and its TLB is empty. Put the steps into the order in which it comes to them.
("This entry" is the one it has just read. What it does once per level stands where it first comes to it.)

{lettered(facts["items"])}

Answer with a list of letters, the first step first: ["C", "A", ...]. Where two orders are right, both count."""


CORRUPT_STATEMENTS = (
    "A read through this entry is a page fault whose error code has bit 0 clear.",
    "An entry that is not present is 0, so somebody has overwritten this one.",
    "Bits above the physical addresses are set, so a read gives error code 0x9: reserved.",
    "Linux keeps the frame of such a page in the entry, with its bits inverted.",
    "PROT_NONE would be P=1 with RW=0 and US=0, so this is something else.",
    "The data is in the frame that bits 51:12 name, as they stand.",
    "The kernel can still read the page through this entry; only the program cannot.",
    "What the program wrote to the page can still be in memory.",
    "While P is 0 no other bit of this entry decides what the access gets.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _corrupt(draw: Draw) -> Facts:
    frame = KIB4 * (1 + draw.below((1 << 24) - 1))
    entry = 1 << 58 | ADDRESS_BITS & ~frame | draw.one_of((0x920, 0x900, 0x960))
    return {"pte": entry, "maxphyaddr": 40, "statements": statements(draw, CORRUPT_STATEMENTS)}


def _show_corrupt(facts: Facts) -> str:
    return f"""A colleague prints the page tables of a program, and finds the PTE {facts["pte"]:#018x}.
P is 0 and the rest is not, so the colleague calls it corrupt. The program had written to this page and had then asked
for PROT_NONE. MAXPHYADDR is {facts["maxphyaddr"]}.

Which frame does Linux remember in it ("frame", the physical address)?
{statements_shown(facts)}"""


BUILD = """Write my_walk(memory, registers, va, access, **processor), called as translate() is, up to the rights.

memory.read64(pa) gives a word; registers.cr3, registers.levels (4 or 5) and registers.bit("NXE") say how to walk;
processor["maxphyaddr"] is the width of a physical address. All accesses are reads by the kernel: no right matters.
Return the physical address of the byte or, where there is none, 'not present', 'reserved' or 'not canonical'."""

EXERCISES = (
    Exercise(
        name="ch01-indices",
        chapter=1,
        kind="trace",
        title="An address in five pieces",
        answer="answer_indices",
        parts={name: Part(1, f"the index into the {name}", Whole()) for name in PIECES}
        | {"offset": Part(1, "the offset", Whole())},
        variants=511**4 * 4095,
        facts=_indices,
        show=_show_indices,
    ),
    Exercise(
        name="ch01-walk",
        chapter=1,
        kind="trace",
        title="Three walks by hand",
        answer="answer_walk",
        parts={
            "first": Part(2, "the byte at the first address", BYTE),
            "second": Part(2, "the byte at the second address", BYTE),
            "third": Part(2, "what becomes of the third", BYTE),
        },
        variants=WALKS,
        facts=walk_facts,
        show=_show_walk,
    ),
    Exercise(
        name="ch01-order",
        chapter=1,
        kind="order",
        title="What comes first",
        answer="answer_order",
        parts=rules("address", "entry", "reserved", "page", "rights"),
        variants=40320,
        facts=_order,
        show=_show_order,
        whole=Many(Word(tuple(LETTERS[: len(CHECKS)])), len(CHECKS)),
    ),
    Exercise(
        name="ch01-corrupt",
        chapter=1,
        kind="explain",
        title="Corrupt?",
        answer="answer_corrupt",
        parts={"frame": Part(2, "the frame", Whole()), **statement_parts()},
        variants=((1 << 24) - 1) * 3 * 84 * 720,
        facts=_corrupt,
        show=_show_corrupt,
        by_hand=3,
    ),
    Exercise(
        name="ch01-build",
        chapter=1,
        kind="build",
        title="Write the walk",
        answer="my_walk",
        parts={
            "pages": Part(2, "pages of 4 KiB"),
            "large": Part(2, "pages of 2 MiB and 1 GiB"),
            "five": Part(1, "five levels"),
            "absent": Part(1, "entries with P=0, whatever else is in them"),
            "reserved": Part(2, "reserved bits"),
            "canonical": Part(2, "addresses that are none"),
        },
        variants=1,
        facts=lambda _: {},
        show=lambda _: BUILD,
        adapt=walker,
    ),
)
"""The exercises, in the order of the chapter."""
