"""The keys of chapter 2: right answers, and what each misconception gives instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from tempmm_lab.assess.exercises.ch02 import (
    ALLOWED,
    PLACES,
    SWITCHES,
    writes,
)
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.ch02_rule import RULE
from tempmm_lab.assess.exercises.keys.judging import Belief, ByDoing, ByParts, Truths, statement_answers, statement_hint
from tempmm_lab.hw.build import KERNEL
from tempmm_lab.hw.paging import Entry
from tempmm_lab.hw.rights import Access, Rights, page_fault, refusal

Outcome = int | str


def _tried(facts: Facts, entries: slice = slice(None), **switches: int) -> Iterator[tuple[Any, Rights, Access]]:
    """Give registers, rights and access of each of the three, with only some entries looked at."""
    rights = Rights()
    for flags in list(facts["entries"].values())[entries]:
        rights = rights.through(Entry.of(0, flags), nxe=True)
    for attempt in facts["tries"]:
        who, access = attempt.split()
        registers = KERNEL.but(cpl=3 if who == "program" else 0, **facts["switches"] | switches)
        yield registers, rights, Access(access)


def _outcome(registers: Any, rights: Rights, access: Access) -> Outcome:
    if not refusal(registers, rights, access):
        return ALLOWED
    return int(page_fault(registers, 0x7000, access, present=True).error_code)


def _outcomes(rule: Callable[..., Outcome] = _outcome, **how: Any) -> Callable[[Facts], dict[str, Any]]:
    """Give what tells the outcome of the three accesses, by a rule."""
    return lambda facts: dict(zip(PLACES, (rule(*one) for one in _tried(facts, **how)), strict=True))


def _kernel_may_all(registers: Any, rights: Rights, access: Access) -> Outcome:
    return _outcome(registers, rights, access) if registers.cpl else ALLOWED


def _nx_binds_programs(registers: Any, rights: Rights, access: Access) -> Outcome:
    nx = rights.nx and registers.cpl == 3
    return _outcome(registers, Rights(rights.user, rights.write, nx), access)


def _ac_is_all(registers: Any, rights: Rights, access: Access) -> Outcome:
    allowed = not registers.cpl and rights.user and registers.bit("AC")
    return ALLOWED if allowed else _outcome(registers, rights, access)


def _whose_page(registers: Any, rights: Rights, access: Access) -> Outcome:
    found = _outcome(registers, rights, access)
    return found if isinstance(found, str) else found & ~4 | rights.user << 2


def _without(mask: int) -> Callable[..., Outcome]:
    def rule(registers: Any, rights: Rights, access: Access) -> Outcome:
        found = _outcome(registers, rights, access)
        return found if isinstance(found, str) else found & ~mask

    return rule


OUTCOME = ByParts(
    right=_outcomes(),
    beliefs=(
        Belief(
            "NX for programs only",
            "NX in one entry forbids a fetch, the kernel's too.",
            _outcomes(_nx_binds_programs),
        ),
        Belief(
            "the leaf alone",
            "You looked at the PTE alone. US and RW must be 1 in every entry, and one NX is enough.",
            _outcomes(entries=slice(3, None)),
        ),
        Belief(
            "the top alone",
            "You looked at the upper entries alone. They only let an access pass; the PTE can still say no.",
            _outcomes(entries=slice(3)),
        ),
        Belief(
            "no P",
            "Bit 0 is 1 when every entry was present: here all were, and the rights refused.",
            _outcomes(_without(1)),
        ),
        Belief("no I", "A refused fetch also sets bit 4 (0x10).", _outcomes(_without(0x10))),
        Belief("no W", "A refused write also sets bit 1 (0x2).", _outcomes(_without(2))),
        Belief(
            "whose page",
            "Bit 2 says who made the access: 1 for a program. Whose page it is has no bit.",
            _outcomes(_whose_page),
        ),
        Belief(
            "RW binds the kernel always",
            "For the kernel RW=0 counts only while WP is 1.",
            _outcomes(WP=1),
        ),
        Belief(
            "AC silences everything",
            "AC silences SMAP and nothing else: SMEP, WP and NX still hold.",
            _outcomes(_ac_is_all),
        ),
        Belief("SMAP without AC", "With AC=1 SMAP is silent: the kernel has said that it means it.", _outcomes(AC=0)),
        Belief(
            "no SMAP", "SMAP is on and AC is 0, so the kernel may not touch the data of a user page.", _outcomes(SMAP=0)
        ),
        Belief("no SMEP", "SMEP is on, so the kernel may not execute a user page.", _outcomes(SMEP=0)),
        Belief(
            "the kernel may do anything",
            "The kernel is bound as well: by WP to RW=0, by SMEP and SMAP to leave user pages alone, by NX always.",
            _outcomes(_kernel_may_all),
        ),
    ),
    hint=lambda _, __: "Not yet. Combine US, RW and NX over the four entries first; then ask who accesses, and how.",
)


def _smallest(situation: dict[str, int]) -> list[tuple[str, ...]]:
    """Give every smallest set of switches whose change lets the write through."""
    for count in range(1, len(SWITCHES) + 1):
        found = [some for some in combinations(SWITCHES, count) if writes(_changed(situation, some))]
        if found:
            return found
    return []


def _changed(situation: dict[str, int], names: tuple[str, ...]) -> dict[str, int]:
    return {name: value ^ (name in names) for name, value in situation.items()}


def _switches(facts: Facts) -> dict[str, list[str]]:
    return {place: list(_smallest(one)[0]) for place, one in zip(PLACES, facts["situations"], strict=True)}


def _fault(facts: Facts, part: str, given: list[str]) -> str | None:
    """Throw the switches, let the kernel write, and say what is wrong with the choice."""
    situation = facts["situations"][PLACES.index(part)]
    names = tuple(sorted(set(given), key=SWITCHES.index))
    if not names:
        return "Name at least one switch: as things stand, the write is refused."
    if not writes(_changed(situation, names)):
        return f"With {', '.join(names)} the other way round the write is still refused. {_still(situation, names)}"
    needless = [name for name in names if writes(_changed(situation, tuple(one for one in names if one != name)))]
    if needless:
        return f"The write goes through, but {needless[0]} need not be touched for that. Which rule does it belong to?"
    if len(names) > len(_smallest(situation)[0]):
        return "The write goes through, but fewer switches are enough: SMAP=0 silences LASS for data, and so does AC."
    return None


def _still(situation: dict[str, int], names: tuple[str, ...]) -> str:
    after = _changed(situation, names)
    if after["SMAP"] and not after["AC"] and (after["LASS"] or after["US"]):
        rule = "LASS, which looks at the address" if after["LASS"] else "SMAP, since the page has US=1"
        kept = " (SMEP is about fetches only.)" if "SMEP" in names else ""
        return f"It is refused by {rule}. What silences that rule?{kept}"
    return "It is refused because RW=0 binds the kernel while WP is 1."


TRUTHS: Truths = {
    "A program tried": (False, "A program's access sets bit 2: the code would be 0x15."),
    "A reserved bit": (False, "That is bit 3, and it is 0."),
    "Bit 2 is": (False, "Bit 2 tells who accesses, not whose page it is. There is no bit for that."),
    "Every entry that": (True, "Bit 0 is 1: nothing was missing on the way. It was the rights."),
    "If the kernel": (False, "AC silences SMAP, which is about data. This was a fetch."),
    "It was an": (True, "Bit 4 is 1: a fetch. With bit 1 clear it was no write either."),
    "SMEP may have": (True, "Both refuse a fetch with P=1, and the code has no bit for which rule it was."),
    "Setting AC before": (True, "AC speaks about data only. Nothing overrides SMEP or NX."),
    "The kernel made": (True, "Bit 2 says who made the access, and it is 0: the kernel did."),
    "The page was": (False, "Bit 0 would be 0. It is 1: the page was there, and the access was refused."),
}

JUDGES = {
    "ch02-outcome": OUTCOME,
    "ch02-rule": RULE,
    "ch02-switch": ByDoing(_switches, _fault),
    "ch02-fetch": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
}
"""Exercise -> its judge."""
