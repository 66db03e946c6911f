"""The stage of chapter 3's exercises: what happens to one page, told in words, and the situations to be broken."""

from __future__ import annotations

from itertools import product
from typing import Any

from tempmm_lab.hw.build import with_entry
from tempmm_lab.tlbplay import PAGES, Play, begin

USER, GLOBAL = PAGES.values()
FRAMES = (0xA3, 0xB7, 0xC5)
"""The stage's own frames: where the page is, where it is moved to, and where the other space has it."""
MOVE, UNMAP, MAP, READ_ONLY = "move the page", "unmap it", "map it again", "make it read-only"
AWAY = "other space, keep"
SWITCHES = (AWAY, "other space")

RUNS = (
    (
        ("load", MOVE),
        (MOVE,),
        ("load", UNMAP),
        (UNMAP,),
        ("load", "INVLPG", MOVE),
        ("load", "MOV CR3", MOVE),
        ("INVLPG", UNMAP),
    ),
    (
        ("load", MOVE, "INVLPG"),
        ("load", MOVE, "MOV CR3, keep"),
        ("load", MOVE, "MOV CR3"),
        ("load", MOVE, "INVPCID all"),
        ("load", MOVE, "toggle PGE"),
        (MOVE, "MOV CR3, keep"),
        ("load", UNMAP, "INVLPG"),
        ("load", UNMAP, "MOV CR3, keep"),
        ("load", UNMAP, "MOV CR3"),
    ),
    (
        ("load", MOVE, AWAY),
        ("load", MOVE, AWAY, AWAY),
        ("load", MOVE, AWAY, "other space"),
        (MOVE, "INVLPG", MOVE),
        (UNMAP, "MOV CR3", MAP),
        (UNMAP, "INVLPG", MAP),
        ("load", UNMAP, MAP),
    ),
)
"""What is done before the last load: without a flush or with one too early, with one, and what is less plain."""

WORDS = {
    "load": "the CPU loads from 0x7000",
    UNMAP: "the kernel clears P in the entry of 0x7000",
    MAP: "the kernel sets P again, with the same frame",
    "INVLPG": "INVLPG 0x7000",
    "INVPCID all": "INVPCID, everything",
    "toggle PGE": "CR4.PGE is cleared",
}


def in_words(run: list[str], frames: list[int]) -> list[str]:
    """Give a run as sentences: moving the page goes back and forth between two frames, MOV CR3 between two spaces."""
    said, at, space = list[str](), 0, 1
    for action in run:
        at ^= action == MOVE
        space = 3 - space if action in SWITCHES else space
        bit = int(action.endswith("keep"))
        if action == MOVE:
            said.append(f"the kernel points the entry at frame {frames[at]:#x}")
        elif action in SWITCHES or action.startswith("MOV CR3"):
            said.append(f"MOV CR3: the table and PCID of space {space}, bit 63 = {bit}")
        else:
            said.append(WORDS[action])
    return said


def _situations() -> tuple[dict[str, Any], ...]:
    """Give every situation in which something stale can be stored through."""
    pages = {"user": ("", "MOV CR3, keep", AWAY), "global": ("", "MOV CR3, keep", "MOV CR3")}
    found = []
    for page, dirty, change, without in product(
        pages, (True, False), (MOVE, UNMAP, READ_ONLY), ("", "load", "fill", "store")
    ):
        if dirty or without != "store":  # only a store sets D
            found += [
                {"page": page, "dirty": dirty, "change": change, "then": then, "without": without}
                for then in pages[page]
            ]
    return tuple(found)


SITUATIONS = _situations()


def place_of(situation: dict[str, Any]) -> int:
    """Give the address of a situation's page."""
    return USER if situation["page"] == "user" else GLOBAL


def stage(situation: dict[str, Any]) -> Play:
    """Give the stage at the start of a situation."""
    play = begin()
    flags = "P RW US A" if situation["page"] == "user" else "P RW A G NX"
    return Play(with_entry(play.machine, place_of(situation), flags=flags + " D" * situation["dirty"]))


def situation_in_words(situation: dict[str, Any]) -> str:
    """Give a situation as two lines."""
    page = "user page 0x7000" if situation["page"] == "user" else "global kernel page"
    only = " but the last" if situation["without"] == "store" else ""
    without = f" No {situation['without']!r}{only}." if situation["without"] else ""
    then = f" Some time after it: {situation['then']!r}." if situation["then"] else ""
    return f"the {page}, with D={int(situation['dirty'])}\n         change: {situation['change']!r}.{then}{without}"
