"""A C programmer's slips: a call that nobody awaits, a loop over all pages there are. Each is told for what it is."""

from __future__ import annotations

import linecache
import re
from typing import Any

import pytest

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.exercise import READ_OVER, Exercise, Verdict
from tempmm_lab.assess.exercises.functions import OF_DATA, InProcess

KERNEL = [one for one in EXERCISES.values() if one.adapt not in (None, *OF_DATA)]
EVERY = pytest.mark.parametrize("one", KERNEL, ids=lambda one: one.name)
AWAITED = re.compile(r"await (\w+)\(")


def _made(one: Exercise, source: str) -> Any:
    """Give a function as a notebook's cell makes it: its text can be read."""
    names: dict[str, Any] = {"__name__": "__main__"}
    linecache.cache["<cell 1>"] = (len(source), None, source.splitlines(keepends=True), "<cell 1>")
    exec(compile(source, "<cell 1>", "exec"), names)  # noqa: S102  (our own source)
    return names[one.answer]


def _slip(one: Exercise, source: str) -> Any:
    assert one.adapt is not None
    return InProcess(_made(one, source), one.adapt).call([READ_OVER])


def _judged(one: Exercise, source: str) -> Verdict:
    assert one.adapt is not None
    return one.judge(one.variant(0), InProcess(_made(one, source), one.adapt))


@EVERY
def test_a_key_has_no_slip(one: Exercise) -> None:
    """Nothing is wrong with the text of a right function."""
    assert _slip(one, one.key(0)) == ""


@EVERY
def test_a_missing_await_is_named(one: Exercise) -> None:
    """Whichever await of a right function is left out, the call that nobody awaits is named."""
    source = one.key(0)
    for found in AWAITED.finditer(source):
        without = source[: found.start()] + source[found.start() + len("await ") :]
        assert f"Write `await {found[1]}(...)`" in _slip(one, without)


HELPER = """from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.switches import work


async def off():
    return local_irq_save()


async def driver_helper():
    flags = await off()
    await work()
    await local_irq_restore(flags)
"""
UNAWAITED = "off, line 6: local_irq_save(...) is called without await, so nothing is done."


def test_practice_begins_with_the_slip() -> None:
    """An answer that loses points is told of the await first, also if it lacks in a function that the answer calls."""
    one = EXERCISES["ch04-helper"]
    verdict = _judged(one, HELPER)
    assert verdict.points < one.points
    assert UNAWAITED in verdict.messages[0]
    assert len(verdict.messages) > 1


class Sly:
    """A process that says what it likes when its function is read over."""

    def __init__(self, said: Any) -> None:
        self.said = said

    def call(self, args: list[Any]) -> Any:
        """Answer."""
        return self.said if args == [READ_OVER] else {"value": None}


@pytest.mark.parametrize("said", [None, 5, ["a"], {"value": None}, "", "x" * 5000, "a\x1b[2Jb\nc"])
def test_what_is_told_of_a_slip_is_short_and_plain(said: Any) -> None:
    """What is no text is not told; a text is cut, and loses what is not printable."""
    messages = EXERCISES["ch04-helper"].judge(EXERCISES["ch04-helper"].variant(0), Sly(said)).messages
    assert len(messages) == 1 + (type(said) is str and said != "")
    assert all(message.isprintable() and len(message) <= 300 for message in messages)


def test_too_many_pages_lose_one_part() -> None:
    """A receiver that is right in all but `end != TLB_FLUSH_ALL` loses that part, and is told in which state."""
    one = EXERCISES["ch06-func"]
    every_page = one.key(0).replace("info.end != TLB_FLUSH_ALL and ", "")
    verdict = _judged(one, every_page)
    assert {name for name, points in verdict.parts.items() if not points} == {"all"}
    assert "more than 1,000 steps" in verdict.messages[0]
    assert verdict.messages[0].endswith("Its end is TLB_FLUSH_ALL. How many pages is that?")
