"""Answers to the exercises of chapter 1."""

from __future__ import annotations

from typing import Any

from tempmm_lab import split, translate
from tempmm_lab.hw.build import KERNEL
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.rights import Access, GeneralProtection
from tests.exercises.answers import but, right, wrong, wrong_about

PIECES = ("PML4", "PDPT", "PD", "PT")

# ch01-indices


def _cut(bits: int, offset: int) -> Any:
    def make(facts: Any, key: Any) -> Any:
        rest, found = facts["va"] >> offset, {"offset": facts["va"] % (1 << offset)}
        for name in reversed(PIECES):
            rest, found[name] = divmod(rest, 1 << bits)
        return found

    return make


def _pieces(facts: Any) -> Any:
    text = f"{facts['va']:064b}"
    cuts = (16, 25, 34, 43, 52)
    return {
        name: int(text[a : a + n], 2) for name, a, n in zip((*PIECES, "offset"), cuts, (9, 9, 9, 9, 12), strict=True)
    }


wrong("ch01-indices", "ten bits as on 32-bit x86", _cut(10, 12), "PML4 PDPT PD PT", "ten bits")
wrong("ch01-indices", "three hex digits", _cut(12, 12), "PML4 PDPT PD PT", "three hexadecimal digits")
wrong("ch01-indices", "an offset of 16 bits", _cut(9, 16), "all", "more than 12 bits")
wrong(
    "ch01-indices",
    "bytes for entries",
    lambda _, key: {name: 8 * value if name in PIECES else value for name, value in key.items()},
    "PML4 PDPT PD PT",
    "in bytes",
)
wrong(
    "ch01-indices",
    "upside down",
    lambda _, key: {**key, "PML4": key["PT"], "PDPT": key["PD"], "PD": key["PDPT"], "PT": key["PML4"]},
    "PML4 PDPT PD PT",
    "the other way round",
)
wrong("ch01-indices", "text", lambda _, key: {**key, "PT": hex(key["PT"])}, "PT", "without the quotes")
wrong("ch01-indices", "a truth value", but(PD=True), "PD", "True or False")
right("ch01-indices", "from the binary digits", _pieces)
right("ch01-indices", "with split()", lambda facts: dict(split(facts["va"])))

# ch01-walk


def _walk(facts: Any) -> Any:
    memory = PhysicalMemory.from_words(dict(facts["words"]))
    found = []
    for va in facts["addresses"]:
        walk = translate(memory, KERNEL.but(cr3=facts["cr3"]), va, Access.READ, maxphyaddr=facts["maxphyaddr"])
        why = "not canonical" if isinstance(walk.fault, GeneralProtection) else "not present"
        found.append(walk.pa if walk.pa is not None else "reserved" if "reserved" in walk.reason else why)
    return dict(zip(("first", "second", "third"), found, strict=True))


def _by_hand(facts: Any) -> Any:
    """Walk one entry after the other, with nothing of the library."""
    words, found = dict(facts["words"]), []
    for va in facts["addresses"]:
        table, answer = facts["cr3"], None
        if va >> 47 not in {0, 0x1FFFF}:
            answer = "not canonical"
        for shift in (39, 30, 21, 12):
            entry = words.get(table | (va >> shift & 0x1FF) * 8, 0)
            if answer is None and not entry % 2:
                answer = "not present"
            if answer is None and entry >> 40 & 0xFFF:
                answer = "reserved"
            if answer is None and (shift == 12 or entry & 128):
                answer = (entry & 0xFFFFFFF000) >> shift << shift | va & (1 << shift) - 1
            table = entry & 0xFFFFFFF000
        found.append(answer)
    return dict(zip(("first", "second", "third"), found, strict=True))


def _entry(facts: Any, number: int) -> int:
    """Give the entry that maps the first page (0) or the second (1)."""
    leaf = [word for _, word in facts["words"] if (word >> 63 if number == 0 else word & 256)]
    return leaf[0]


wrong("ch01-walk", "a page for a table", but(second="not present"), "second", "PS=1")
wrong(
    "ch01-walk",
    "a small offset",
    lambda facts, key: {**key, "second": _entry(facts, 1) & 0xFFFFE00000 | facts["addresses"][1] & 0xFFF},
    "second",
    "more than 12 bits",
)
wrong(
    "ch01-walk",
    "flags in the address",
    lambda facts, key: {**key, "first": (_entry(facts, 0) & (1 << 52) - 1) + facts["addresses"][0] % 4096},
    "first",
    "mask the rest away",
)
wrong(
    "ch01-walk",
    "NX in the address",
    lambda facts, key: {**key, "first": key["first"] | 1 << 63},
    "first",
    "is NX",
)
wrong("ch01-walk", "no such word", but(third="unmapped"), "third", "one of")
wrong("ch01-walk", "all refusals alike", but(third="not present"), "third", "not for that", seed=1)
wrong("ch01-walk", "a reserved bit in what is absent", but(third="reserved"), "third", "P is looked at first")
right("ch01-walk", "with translate()", _walk)
right("ch01-walk", "by hand", _by_hand)

# ch01-order

STEPS = (
    "see whether the address is canonical",
    "read the entry that the index selects",
    "see whether P is 1 in this entry",
    "see whether a reserved bit is 1 in this entry",
    "see whether this entry maps a page or points to a table",
    "go down to the next table, until an entry maps a page",
    "see whether the rights allow this access",
    "read the byte at the physical address",
)


def _letters(*order: int) -> Any:
    return lambda facts, *_: ["ABCDEFGH"[facts["items"].index(STEPS[step])] for step in order]


wrong("ch01-order", "address last", _letters(1, 2, 3, 4, 5, 6, 0, 7), "address", "before any table is read")
wrong("ch01-order", "reserved before P", _letters(0, 1, 3, 2, 4, 5, 6, 7), "entry reserved", "P is the first bit")
wrong("ch01-order", "rights at each level", _letters(0, 1, 2, 3, 4, 6, 5, 7), "rights", "over all levels")
wrong("ch01-order", "down before PS", _letters(0, 1, 2, 3, 5, 4, 6, 7), "page", "before going down")
wrong("ch01-order", "reserved at the end", _letters(0, 1, 2, 4, 5, 6, 3, 7), "reserved", "entry by entry")
wrong("ch01-order", "one step twice", _letters(0, 1, 2, 3, 4, 5, 6, 6), "all", "once")
wrong("ch01-order", "too few", _letters(0, 1, 2), "all", "once")
right("ch01-order", "reserved bits first", _letters(0, 1, 2, 3, 4, 5, 6, 7))
right("ch01-order", "PS first", _letters(0, 1, 2, 4, 3, 5, 6, 7))

# ch01-corrupt


def _judged(facts: Any) -> Any:
    false = (
        "An entry that is not present is 0",
        "Bits above",
        "The data is in",
        "PROT_NONE would be",
        "The kernel can",
    )
    return {letter: not text.startswith(false) for letter, text in zip("ABCDEF", facts["statements"], strict=True)}


wrong("ch01-corrupt", "as it stands", lambda f, k: {**k, "frame": f["pte"] & 0xFFFFFFFFFF000}, "frame", "as they stand")
wrong(
    "ch01-corrupt", "flags too", lambda f, k: {**k, "frame": ~f["pte"] & 0xFFFFFFFFFF}, "frame", "no part of the frame"
)
wrong("ch01-corrupt", "a number", lambda _, k: {**k, "frame": k["frame"] >> 12}, "frame", "number of the frame")
wrong_about("ch01-corrupt", "An entry that", "need not be 0")
wrong_about("ch01-corrupt", "The kernel can", "stops everybody")
wrong_about("ch01-corrupt", "Bits above", "P is looked at first")
wrong("ch01-corrupt", "ones for True", lambda _, k: {n: int(v) for n, v in k.items()}, "A B C D E F", "True or False")
right("ch01-corrupt", "inverted", lambda f: {"frame": (f["pte"] ^ (1 << 64) - 1) & 0xFFFFFFF000, **_judged(f)})
right("ch01-corrupt", "subtracted", lambda f: {**_judged(f), "frame": 0xFFFFFFF000 - (f["pte"] & 0xFFFFFFF000)})
