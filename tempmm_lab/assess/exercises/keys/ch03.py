"""The keys of chapter 3: every answer that the hardware may give, and stores that should not go through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tempmm_lab.assess.exercises.ch03 import FAULT, PLACES
from tempmm_lab.assess.exercises.ch03_stage import AWAY, FRAMES, MAP, USER
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.ch03_flush import FLUSH
from tempmm_lab.assess.exercises.keys.ch03_store import STORE
from tempmm_lab.assess.exercises.keys.judging import (
    Belief,
    ByParts,
    Truths,
    statement_answers,
    statement_hint,
    too_few_or_many,
)
from tempmm_lab.tlbplay import FLUSHES, Play, act, begin, tables_say

Run = list[str]
Found = set[str]
FLUSHING = (*FLUSHES, "other space")


def _after(run: Run, free: tuple[str, ...] = ("fill", "evict")) -> set[Play]:
    """Give every stage that a run may lead to, if the hardware does what it is free to do at any moment."""
    reached = _with_freedom({begin()}, free)
    for action in run:
        reached = _with_freedom({Play(act(play, action, USER).machine) for play in reached}, free)
    return reached


def _with_freedom(plays: set[Play], free: tuple[str, ...]) -> set[Play]:
    found = set(plays)
    for action in free:
        found |= {Play(act(play, action, USER).machine) for play in found}
    return found


def _may_read(run: Run, free: tuple[str, ...] = ("fill", "evict")) -> Found:
    return {answer for play in _after(run, free) for answer in play.may_read(USER)}


def _tables(run: Run) -> Found:
    (play,) = _after(run, ())
    said = tables_say(play, USER)
    return {said.removeprefix("frame ") if said.startswith("frame") else "#PF"}


def _cached(run: Run) -> Found:
    """Give the answer of a machine whose TLB keeps all that was used, and no more."""
    (play,) = _after(run, ())
    return {act(play, "load", USER).log[-1].removeprefix("load: ")}


def _never_dropped(run: Run) -> Found:
    """Give the answers but for that of the tables: who is sure of a translation that only may be cached."""
    return {answer for answer in _may_read(run) - _tables(run) if answer in map(hex, FRAMES)} or _may_read(run)


def _swapped(run: Run) -> Found:
    """Give the answers if bit 63 meant the opposite."""
    other = {"MOV CR3": "MOV CR3, keep", AWAY: "other space"}
    other |= {value: key for key, value in other.items()}
    return _may_read([other.get(action, action) for action in run])


def _flush_any_time(run: Run) -> Found:
    """Give the answers if a flush helped also before the change."""
    flushes = [action for action in run if action in FLUSHING]
    return _may_read([action for action in run if action not in FLUSHING] + flushes)


def _no_tags(run: Run) -> Found:
    """Give the answers if an entry served whatever the current PCID: those of both spaces."""
    in_two = run[-1] == AWAY and run.count(AWAY) == 1
    return _may_read(run) | (_may_read(run[:-1]) if in_two else set())


def _absence(run: Run) -> Found:
    return _may_read(run) | ({"#PF"} if MAP in run else set())


def _read(how: Callable[[Run], Found]) -> Callable[[Facts], dict[str, Any]]:
    """Give what tells the answers to the three runs, in the frames of a variant."""
    return lambda facts: {
        place: _in_frames(how(run), facts["frames"]) for place, run in zip(PLACES, facts["runs"], strict=True)
    }


def _in_frames(found: Found, frames: list[int]) -> list[Any]:
    named = dict(zip(map(hex, FRAMES), frames, strict=True))
    return in_order([named.get(answer, FAULT) for answer in found])


def in_order(answers: list[Any]) -> list[Any]:
    """Give the answers in one order, each once: numbers first."""
    numbers = sorted({one for one in answers if type(one) is int})
    return [*numbers, *sorted({one for one in answers if type(one) is str})]


ANSWERS = ByParts(
    right=_read(_may_read),
    beliefs=(
        Belief(
            "a flush at any time",
            "That flush came before the change. Afterwards the hardware may have cached the old entry again.",
            _read(_flush_any_time),
        ),
        Belief(
            "nothing unasked",
            "Something may have been cached without having been used: any translation that was present, under the PCID "
            "that was current. Look at the moments before the change, and between a flush and the change.",
            _read(lambda run: _may_read(run, ("evict",))),
        ),
        Belief("bit 63 upside down", "Bit 63 = 1 means keep; 0 means drop what the loaded PCID has.", _read(_swapped)),
        Belief("no tags", "The old entry carries PCID 1. Under PCID 2 it does not serve.", _read(_no_tags)),
        Belief(
            "an absence is cached", "No TLB remembers an absence: with P=1 again, nothing can fault.", _read(_absence)
        ),
        Belief(
            "the tables alone",
            "You asked the tables alone. While a translation is cached the processor need not look at them.",
            _read(_tables),
        ),
        Belief(
            "the TLB for certain",
            "You took what is cached for certain. It may have been dropped at any moment, so what the tables say is an "
            "answer too; and what was never used may have been cached.",
            _read(_cached),
        ),
        Belief(
            "the old one for certain",
            "The old translation may be there still, and it may not: no TLB has to keep anything. Then the tables "
            "answer.",
            _read(_never_dropped),
        ),
    ),
    hint=lambda _, __: "Not yet. Ask three things: what may be cached, what was dropped, what the tables say now.",
    normal=in_order,
    besides=too_few_or_many,
)

TRUTHS: Truths = {
    "A model whose": (True, "That is what the adversary of the chapter is for."),
    "A processor may": (True, "It may drop an entry at any moment; some drop everything at every opportunity."),
    "A translation that": (False, "The processor may cache what was present without being asked."),
    "Another processor, also": (
        True,
        "The manual promises the minimum. How much more is dropped, it does not say.",
    ),
    "Had a stale": (False, "A stale translation is used without any fault: the load reads the old frame."),
    "In these runs,": (True, "That is what a passed test says, and all that it says."),
    "Mapping a page": (False, "An absence is never cached, so from P=0 to P=1 there is nothing to flush."),
    "On x86 the": (False, "Three processors are three points on a scale. The next one may be elsewhere on it."),
    "The flush is": (False, "By the manual the old translation may be used until it is invalidated."),
    "To run the": (True, "A machine that always drops the entry cannot show the mistake, however long it runs."),
}

JUDGES = {
    "ch03-answers": ANSWERS,
    "ch03-flush": FLUSH,
    "ch03-store": STORE,
    "ch03-test": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
}
"""Exercise -> its judge."""
