"""The key to must_flush of chapter 3: every change of an entry, judged by what the machine then lets through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import product

from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.calling import ByCalling, Case
from tempmm_lab.assess.exercises.keys.judging import Belief
from tempmm_lab.flushrule import FRAMES, RIGHTS, needs_flush
from tempmm_lab.hw.address import KIB4
from tempmm_lab.hw.paging import Entry

Rule = Callable[[Entry, Entry, bool], bool]


@cache
def _all_cases() -> tuple[Case, ...]:
    entries = [Entry.of(frame * KIB4, flags) for frame, flags in product(FRAMES, RIGHTS)]
    return tuple(_case(*one) for one in product(entries, entries, (False, True)))


def _cases(_: Facts, __: int) -> Sequence[Case]:
    return _all_cases()


def _case(before: Entry, after: Entry, smep: bool) -> Case:
    needed = needs_flush(before, after, smep=smep)
    about = f"[{_said(before)}] becomes [{_said(after)}], SMEP {'on' if smep else 'off'}"
    return Case([int(before), int(after), smep], _part(before, after, needed=needed), needed, about)


def _said(entry: Entry) -> str:
    return f"{entry.address // KIB4:#x} {entry.flags or 'not present'}"


def _part(before: Entry, after: Entry, *, needed: bool) -> str:
    if not needed:
        return "nothing" if before == after or not before.present else "more"
    if not after.present:
        return "gone"
    if before.address != after.address:
        return "moved"
    return "less" if loses(before, after) else "SMEP"


def loses(before: Entry, after: Entry) -> bool:
    """Say whether a present entry gives fewer rights than before, whoever asks."""
    return (before.rw and not after.rw) or (before.user and not after.user) or (after.nx and not before.nx)


def _minimal(before: Entry, after: Entry, smep: bool) -> bool:
    if not before.present:
        return False
    if not after.present or before.address != after.address or loses(before, after):
        return True
    return smep and after.user and not before.user and not before.nx


def _believed(rule: Rule) -> Callable[..., bool]:
    """Give a rule as a function of plain data."""
    return lambda before, after, smep: rule(Entry(before), Entry(after), smep)


def _any_right(before: Entry, after: Entry, _: bool) -> bool:
    return before.present and (not after.present or before != after)


def _rw_only(before: Entry, after: Entry, smep: bool) -> bool:
    if not (before.present and after.present and before.address == after.address):
        return _minimal(before, after, smep)
    return before.rw and not after.rw


SOURCE = """def must_flush(before, after, *, smep=False):
    if not before.present:
        return False
    if not after.present or before.address != after.address:
        return True
    if (before.rw and not after.rw) or (before.user and not after.user) or (after.nx and not before.nx):
        return True
    return smep and after.user and not before.user and not before.nx
"""

FLUSH = ByCalling(
    cases=_cases,
    beliefs=(
        Belief(
            "any change",
            "You flush at every change. Where rights are only given, the worst is one fault for nothing, and the fault "
            "itself drops the old entry.",
            _believed(_any_right),
        ),
        Belief(
            "also what was absent",
            "You flush when a page is mapped. Of an entry with P=0 nothing can be cached, so nothing has to go.",
            _believed(lambda before, after, _: before != after),
        ),
        Belief(
            "no SMEP",
            "With SMEP on, a supervisor page that becomes a user page loses something: the kernel may no longer "
            "execute it, and a stale entry would let it.",
            _believed(lambda before, after, _: _minimal(before, after, smep=False)),
        ),
        Belief(
            "SMEP where NX is",
            "Mind NX: what could not be executed before cannot be executed through the old entry either.",
            _believed(lambda b, a, s: _minimal(b, a, s) or (b.present and a.present and s and a.user and not b.user)),
        ),
        Belief(
            "frames only",
            "You look at frame and P alone. Rights are cached with the frame: taking one away needs a flush.",
            _believed(lambda b, a, _: b.present and (not a.present or b.address != a.address)),
        ),
        Belief(
            "RW only",
            "RW is not the only right: taking US away, or setting NX, takes rights away too.",
            _believed(_rw_only),
        ),
        Belief(
            "still in the tables",
            "A page that is taken away is the case for which flushing was made: the old entry still maps it.",
            _believed(lambda b, a, s: a.present and _minimal(b, a, s)),
        ),
    ),
    hint={
        "gone": "A page was taken away, and the old entry still maps it.",
        "moved": "The page has another frame now, and the old entry has the old one.",
        "less": "A right was taken away, and the old entry still grants it.",
        "SMEP": "SMEP is on and the page became a user page: the kernel may not execute it any more.",
        "nothing": "Nothing that changed here can be cached.",
        "more": "Rights were only given: the worst is one fault for nothing, and that drops the old entry.",
    },
    source=SOURCE,
)
