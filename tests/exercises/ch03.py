"""Answers to the exercises of chapter 3."""

from __future__ import annotations

from typing import Any

from tempmm_lab import PageFault, evict, fill, invlpg, invpcid, load, outcomes, run, with_entry, write_cr3, write_cr4
from tempmm_lab.flushrule import needs_flush
from tempmm_lab.hw.build import KERNEL, Page, build_tables
from tempmm_lab.hw.machine import Cpu, Machine
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.registers import NOFLUSH
from tests.exercises.answers import but, right, wrong, wrong_about, wrong_function

PLACES = ("first", "second", "third")
AWAY = "other space, keep"

# ch03-answers


def _by_thought(facts: Any) -> Any:
    """Keep two things: what the entry says, and what PCID 1 may have cached."""
    here, moved, away = facts["frames"]
    found = []
    for steps in facts["runs"]:
        entry, cached, space = here, {here}, 1
        for step in steps:
            if step == "move the page":
                entry = moved if entry == here else here
            elif step in {"unmap it", "map it again"}:
                entry = "fault" if step == "unmap it" else here
            elif step in {AWAY, "other space"}:
                space = 3 - space
            if step in {"INVLPG", "MOV CR3", "INVPCID all", "toggle PGE"} or (step == "other space" and space == 1):
                cached = set()
            cached |= {entry} - {"fault"} if space == 1 else set()
        found.append([*cached | {entry}] if space == 1 else [away])
    return dict(zip(PLACES, found, strict=True))


def _machine(facts: Any) -> Machine:
    words = {frame << 12: frame for frame in facts["frames"]}
    words |= build_tables([Page(0x7000, facts["frames"][0] << 12)], 0x1000)
    words |= build_tables([Page(0x7000, facts["frames"][2] << 12)], 0x11000)
    return Machine((Cpu(KERNEL.but(cr3=0x1001, PCIDE=1)),), PhysicalMemory.from_words(words))


def _by_machine(facts: Any) -> Any:
    """Let the hardware do all that it may, on a machine of this test's own."""
    here, moved, _ = facts["frames"]
    found = []
    for steps in facts["runs"]:
        reached, at = _free({_machine(facts)}), here
        for step in steps:
            if step == "move the page":
                at = moved if at == here else here
                reached = {with_entry(one, 0x7000, frame=at) for one in reached}
            elif step in {"unmap it", "map it again"}:
                flags = "" if step == "unmap it" else "P RW US A D"
                reached = {with_entry(one, 0x7000, flags=flags) for one in reached}
            else:
                reached = {_done(one, step) for one in reached}
            reached = _free(reached)
        last = {answer for one in reached for answer in outcomes(one, load, 0x7000)}
        found.append(["fault" if isinstance(one, PageFault) else one for one in last])
    return dict(zip(PLACES, found, strict=True))


def _free(machines: set[Machine]) -> set[Machine]:
    for op in (fill, evict):
        machines = machines | {run(one, 0, op, 0x7000)[0] for one in machines}
    return machines


def _done(machine: Machine, step: str) -> Machine:
    registers = machine.cpus[0].registers
    other = 0x11002 if registers.pcid == 1 else 0x1001
    calls: dict[str, tuple[Any, ...]] = {
        "load": (load, 0x7000),
        "INVLPG": (invlpg, 0x7000),
        "MOV CR3": (write_cr3, int(registers.cr3)),
        "MOV CR3, keep": (write_cr3, int(registers.cr3) | NOFLUSH),
        AWAY: (write_cr3, other | NOFLUSH),
        "other space": (write_cr3, other),
        "INVPCID all": (invpcid, 2),
        "toggle PGE": (write_cr4, int(registers.cr4) ^ 0x80),
    }
    return run(machine, 0, *calls[step])[0]


def _tables(facts: Any, _: Any) -> Any:
    """Ask the tables alone."""
    found = []
    for steps in facts["runs"]:
        moves, away = steps.count("move the page") % 2, sum(step in {AWAY, "other space"} for step in steps) % 2
        gone = (
            steps[::-1].index("unmap it") < steps[::-1].index("map it again")
            if "map it again" in steps
            else "unmap it" in steps
        )
        found.append(["fault" if gone and not away else facts["frames"][2 if away else moves]])
    return dict(zip(PLACES, found, strict=True))


wrong("ch03-answers", "the tables alone", _tables, "all", "asked the tables alone", seed=3)
wrong("ch03-answers", "bit 63 upside down", lambda f, k: {**k, "second": [*f["frames"][:2]]}, "second", "1 means keep")
wrong(
    "ch03-answers",
    "an absence",
    lambda f, k: {**k, "third": [f["frames"][0], "fault"]},
    "third",
    "remembers an absence",
)
wrong("ch03-answers", "nothing unasked", but(first=["fault"]), "first", "without having been used")
wrong("ch03-answers", "the old one", lambda f, k: {**k, "first": [f["frames"][0]]}, "first", "keep anything")
wrong("ch03-answers", "no tags", lambda f, k: {**k, "third": [*f["frames"]]}, "third", "carries PCID 1", seed=9)
wrong("ch03-answers", "a number", lambda f, k: {**k, "third": f["frames"][0]}, "third", "should be a list")
wrong("ch03-answers", "one list", lambda _, k: [k["first"], k["second"], k["third"]], "all", "a dictionary")
right("ch03-answers", "by thought", _by_thought)
right("ch03-answers", "by a machine", _by_machine)

# ch03-flush


def by_machine(before: Any, after: Any, *, smep: bool = False) -> bool:
    """Ask the machine."""
    return needs_flush(before, after, smep=smep)


def must_flush(before: Any, after: Any, *, smep: bool = False) -> bool:
    """Say what an old entry allows that the new one does not."""
    if not before.present:
        return False
    lost = not after.present or after.address != before.address
    lost = lost or bool(before & ~after & 0x6) or bool(after & ~before & 1 << 63)
    return lost or (smep and not before.nx and bool(after & ~before & 4))


def any_change(before: Any, after: Any, *, smep: bool = False) -> bool:
    """Flush at any change of what was present: the chapter's first rule."""
    return before.present and before != after


def every_change(before: Any, after: Any, *, smep: bool = False) -> bool:
    """Flush also when a page is mapped."""
    return before != after


def no_smep(before: Any, after: Any, *, smep: bool = False) -> bool:
    """Forget SMEP."""
    return must_flush(before, after)


def frames_only(before: Any, after: Any, *, smep: bool = False) -> bool:
    """Look at frames and P."""
    return before.present and (not after.present or before.address != after.address)


def forgets_gone(before: Any, after: Any, *, smep: bool = False) -> bool:
    """Leave what is gone."""
    return after.present and must_flush(before, after, smep=smep)


def smep_always(before: Any, after: Any, *, smep: bool = False) -> bool:
    """Forget that SMEP is a switch."""
    return must_flush(before, after, smep=True)


def no_keyword(before: Any, after: Any) -> bool:
    """Take no smep."""
    return bool(before)


def always(before: Any, after: Any, *, smep: bool = False) -> bool:
    """Flush always."""
    return True


wrong_function("ch03-flush", any_change, "more", "at every change")
wrong_function("ch03-flush", every_change, "nothing more", "when a page is mapped")
wrong_function("ch03-flush", no_smep, "SMEP", "supervisor page that becomes a user page")
wrong_function("ch03-flush", frames_only, "less SMEP", "frame and P alone")
wrong_function("ch03-flush", forgets_gone, "gone", "for which flushing was made")
wrong_function("ch03-flush", smep_always, "more", "Rights were only given")
wrong_function("ch03-flush", no_keyword, "all", "unexpected keyword argument 'smep'")
wrong_function("ch03-flush", always, "all", "the same answer every time")
right("ch03-flush", "by the machine", lambda _: by_machine)
right("ch03-flush", "with masks", lambda _: must_flush)

# ch03-store


def _runs(*caching: str) -> Any:
    """Give runs in which the old translation is cached by the first of these that the situation lets one use."""

    def make(facts: Any, *_: Any) -> Any:
        found = []
        for one in facts["situations"]:
            first = next(
                step for step in (*caching, "store") if step != one["without"] and (one["dirty"] or step == "store")
            )
            back = [one["then"]] * (2 if one["then"] == AWAY else 1) if one["then"] else []
            found.append([first, one["change"], *back, "store"])
        return dict(zip(PLACES, found, strict=True))

    return make


def _first(*steps: str) -> Any:
    return lambda _, key: {**key, "second": list(steps)}


wrong("ch03-store", "nothing cached", _first("unmap it", "store"), "second", "nothing was cached before")
wrong("ch03-store", "cached too late", _first("unmap it", "fill", "store"), "second", "nothing was cached before")
wrong("ch03-store", "a flush after", _first("fill", "unmap it", "INVLPG", "store"), "second", "has dropped")
wrong("ch03-store", "too long", _first("fill", "fill", "unmap it", "store"), "second", "are enough")
wrong("ch03-store", "a load at the end", _first("fill", "unmap it", "load"), "second", "last step")
wrong("ch03-store", "what is banned", _first("load", "unmap it", "store"), "second", "not to be used")
wrong("ch03-store", "another change", _first("fill", "move the page", "store"), "second", "one change")
wrong(
    "ch03-store",
    "without the step",
    lambda _, k: {**k, "first": ["fill", "move the page", "store"]},
    "first",
    "after the change",
)
wrong(
    "ch03-store", "a clean entry", lambda _, k: {**k, "third": ["load", *k["third"][1:]]}, "third", "its D is 0", seed=1
)
right("ch03-store", "by the hardware", _runs("fill", "load"))
right("ch03-store", "by the CPU", _runs("load", "fill"))

# ch03-test

FALSE = ("The flush is not", "On x86 the flush", "Had a stale", "A translation that the", "Mapping a page")


def _truths(facts: Any) -> list[bool]:
    return [not text.startswith(FALSE) for text in facts["statements"]]


wrong_about("ch03-test", "The flush is not", "until it is invalidated")
wrong_about("ch03-test", "On x86", "three points on a scale")
wrong_about("ch03-test", "A translation that", "without being asked")
wrong_about("ch03-test", "To run the same", "cannot show the mistake")
wrong_about("ch03-test", "Another processor", "promises the minimum")
right("ch03-test", "by the beginnings", lambda f: dict(zip("ABCDEF", _truths(f), strict=True)))
right("ch03-test", "as words", lambda f: {name: bool(one) for name, one in zip("ABCDEF", _truths(f), strict=True)})
