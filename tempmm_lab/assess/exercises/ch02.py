"""The exercises of chapter 2: what is shown. Keys and judges are in `keys/ch02.py`."""

from __future__ import annotations

from itertools import product
from typing import Any

from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.functions import permission
from tempmm_lab.assess.exercises.shapes import Either, Many, Whole, Word
from tempmm_lab.assess.exercises.telling import statement_parts, statements, statements_shown
from tempmm_lab.hw.build import KERNEL
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access, Rights, refusal, refused_before_paging

LEVELS = ("PML4E", "PDPTE", "PDE", "PTE")
PLACES = ("first", "second", "third")
TRIES = tuple(f"{who} {access}" for access in ("read", "write", "execute") for who in ("program", "kernel"))
ALLOWED = "allowed"
OUTCOME = Either(Whole(), Word((ALLOWED,)))


def _outcome(draw: Draw) -> Facts:
    lacking = {flag: draw.one_of(("", *LEVELS)) for flag in ("US", "RW", "NX")}
    entries = {
        level: " ".join(["P", *(flag for flag, at in lacking.items() if (at == level) == (flag == "NX")), "A"])
        for level in LEVELS
    }
    switches = {name: draw.below(2) for name in ("WP", "SMEP", "SMAP", "AC")}
    return {"entries": entries, "switches": switches, "tries": list(draw.some(TRIES, 3))}


def _show_outcome(facts: Facts) -> str:
    entries = "\n".join(f"  {level:6}{flags}" for level, flags in facts["entries"].items())
    switches = " ".join(f"{name}={value}" for name, value in facts["switches"].items())
    tries = "\n".join(f"  {place:7} {what}" for place, what in zip(PLACES, facts["tries"], strict=True))
    return f"""The four entries on the way to a page of 4 KiB at 0x7000 have these flags:

{entries}

NXE is 1, LASS is 0; {switches}. A program is at CPL 3, the kernel at CPL 0.
These accesses are tried, each by itself:

{tries}

Say of each whether it is 'allowed' or, if it is refused, with which error code: a number."""


RULE = """Write my_rule(registers, rights, access): True if the access is allowed, False if it is refused.

registers.cpl is 0 or 3; registers.bit("WP"), "SMEP", "SMAP" and "AC" are the switches. rights.user, rights.write and
rights.nx are combined over the whole walk. access is Access.READ, Access.WRITE or Access.EXECUTE.
The page is present, NXE is on, LASS and protection keys are off."""

SWITCHES = ("WP", "SMAP", "SMEP", "LASS", "AC")
PAGE = 0x7000


def registers_of(situation: dict[str, Any]) -> Registers:
    """Give the kernel's registers in a situation."""
    return KERNEL.but(**{name: situation[name] for name in SWITCHES})


def writes(situation: dict[str, Any]) -> bool:
    """Say whether the kernel's write to the page at 0x7000 goes through."""
    registers, rights = registers_of(situation), Rights(bool(situation["US"]), bool(situation["RW"]), nx=True)
    if refused_before_paging(registers, PAGE, Access.WRITE):
        return False
    return not refusal(registers, rights, Access.WRITE)


def _refused() -> tuple[dict[str, int], ...]:
    """Give every situation, with AC=0, in which the write is refused."""
    names = ("US", "RW", *SWITCHES[:4])
    found = [dict(zip(names, bits, strict=True)) | {"AC": 0} for bits in product((0, 1), repeat=len(names))]
    return tuple(one for one in found if not writes(one))


REFUSED = _refused()


def _switch(draw: Draw) -> Facts:
    return {"situations": list(draw.some(REFUSED, 3))}


def _show_switch(facts: Facts) -> str:
    lines = []
    for place, one in zip(PLACES, facts["situations"], strict=True):
        lines.append(f"  {place:7}" + "  ".join(f"{name}={value}" for name, value in one.items()))
    listed = "\n".join(lines)
    return f"""The kernel writes through a pointer into the lower half, at 0x7000, and is refused. Three times:

{listed}

(US and RW are those of the page, over all levels. The page has NX=1. SMAP, SMEP and the others are the processor's.)
For each, name a smallest set of switches that have to be the other way round for the write to go through.
Choose from {", ".join(SWITCHES)}: a list of names, such as ["LASS", "SMEP"]. Several smallest sets may be right."""


FETCH_STATEMENTS = (
    "A program tried to execute its own data.",
    "A reserved bit was set in one of the entries.",
    "Bit 2 is clear, so the page is a supervisor page.",
    "Every entry that the walk read was present.",
    "If the kernel had set AC first, the access would have gone through.",
    "It was an instruction fetch.",
    "SMEP may have refused it, or NX: the code does not tell them apart.",
    "Setting AC before it would not have let it through.",
    "The kernel made this access, not the program.",
    "The page was not mapped.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _fetch(draw: Draw) -> Facts:
    return {"code": 0x11, "statements": statements(draw, FETCH_STATEMENTS)}


def _show_fetch(facts: Facts) -> str:
    return f"""A log shows a page fault with error code {facts["code"]:#x} and CR2 = 0x4016c8:
an address of the running program. WP, SMEP, SMAP and NXE are on. (LASS is off.)

{statements_shown(facts)}"""


EXERCISES = (
    Exercise(
        name="ch02-outcome",
        chapter=2,
        kind="trace",
        title="Allowed, or which code",
        answer="answer_outcome",
        parts={place: Part(2, f"the {place} access", OUTCOME) for place in PLACES},
        variants=5**3 * 2**4 * 20,
        facts=_outcome,
        show=_show_outcome,
    ),
    Exercise(
        name="ch02-rule",
        chapter=2,
        kind="build",
        title="Write the rule",
        answer="my_rule",
        parts={
            "program": Part(2, "accesses of a program"),
            "write": Part(2, "the kernel's data accesses where SMAP has no say"),
            "execute": Part(1, "the kernel's fetches from its own pages"),
            "SMEP": Part(2, "the kernel's fetches from user pages"),
            "SMAP": Part(2, "the kernel's data accesses to user pages, AC=0"),
            "AC": Part(1, "the kernel's reads of user pages, AC=1"),
        },
        variants=1,
        facts=lambda _: {},
        show=lambda _: RULE,
        adapt=permission,
    ),
    Exercise(
        name="ch02-switch",
        chapter=2,
        kind="fix",
        title="Which switch held it back",
        answer="answer_switch",
        parts={place: Part(2, f"a smallest set for the {place}", Many(Word(SWITCHES), 5)) for place in PLACES},
        variants=len(REFUSED) * (len(REFUSED) - 1) * (len(REFUSED) - 2) // 6,
        facts=_switch,
        show=_show_switch,
    ),
    Exercise(
        name="ch02-fetch",
        chapter=2,
        kind="explain",
        title="A line in a log",
        answer="answer_fetch",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_fetch,
        show=_show_fetch,
        by_hand=3,
    ),
)
"""The exercises, in the order of the chapter."""
