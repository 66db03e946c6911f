"""One interruption at every moment: nothing is left out, and what is said of a moment is what its run shows."""

from __future__ import annotations

import pytest

from tempmm_lab import BUILDS, arrivals, draw_arrivals, nmi_in_window, schedule_inside, text_poke
from tempmm_lab.arriving import BAD, HELD, LOUD, QUIET
from tempmm_lab.errors import ModelError
from tempmm_lab.kernel.mistakes import MISTAKES

OPEN = BUILDS["v6.16"].patched(**MISTAKES["no-irqsave"])
CASES = {
    "stray": (text_poke(cpus=1, handler="stray_write", build=OPEN), "irq"),
    "quiet": (text_poke(cpus=1, build=OPEN), "irq"),
    "nmi": (nmi_in_window(cpus=1), "nmi"),
    "stray nmi": (nmi_in_window(cpus=1, handler="stray_write"), "nmi"),
    "tick": (schedule_inside(to="tick", ticks=1, irqs=0, cpus=1), "tick"),
}


@pytest.mark.parametrize("name", CASES)
def test_every_moment_has_one_outcome(name: str) -> None:
    """There is a row for each step of the quiet run; neighbours with one outcome are joined and nothing is lost."""
    found = arrivals(*CASES[name])
    assert [row.moment for row in found.rows] == list(range(len(found.quiet)))
    assert sum(last - first + 1 for first, last, *_ in found.moments) == len(found.rows)
    assert sum(found.count(verdict) for verdict in (HELD, QUIET, LOUD, BAD)) == len(found.rows)


@pytest.mark.parametrize("name", CASES)
def test_an_interruption_comes_where_it_is_said_to(name: str) -> None:
    """Where one is let in, it is the next action of that run; a maskable one is held back exactly where IF is 0."""
    scenario, kind = CASES[name]
    found = arrivals(scenario, kind)
    for row, moment in zip(found.rows, found.quiet, strict=True):
        if row.trace is not None:
            assert row.trace[row.moment].action.kind == kind[0]
        assert (row.verdict == HELD) == (kind != "nmi" and not moment.before.cpus[0].rflags_if)


def test_verdicts_follow_the_runs() -> None:
    """A rule is broken where it says so, something is printed where it says so, and elsewhere neither."""
    for row in arrivals(*CASES["stray"]).rows:
        broken, printed = (bool(row.trace.broken), bool(row.trace.reports)) if row.trace else (False, False)
        assert (row.verdict == BAD) == broken
        assert (row.verdict == LOUD) == (printed and not broken)
        assert ("prints" in row.says) == printed


def test_the_picture_says_what_the_text_says() -> None:
    """The description and the text twin have the same counts; every verdict that occurs is in the drawing."""
    found = arrivals(*CASES["stray"])
    picture = draw_arrivals(found)
    assert found.summary in picture.desc
    assert picture.text() == found.text() == str(found)
    assert picture.svg.count(">✗<") >= 2
    assert "is told no" in draw_arrivals(arrivals(*CASES["nmi"])).svg


@pytest.mark.parametrize(
    "call",
    [
        lambda: arrivals(5),
        lambda: arrivals(text_poke(), "ipi"),
        lambda: arrivals(text_poke(), "nmi"),
        lambda: arrivals(text_poke(), "irq", 2),
        lambda: arrivals(text_poke(), "irq", "0"),
        lambda: arrivals(text_poke(cpus=1)).count("fine"),
        lambda: draw_arrivals(text_poke()),
    ],
)
def test_misuse_is_one_clear_error(call) -> None:  # type: ignore[no-untyped-def]
    """A wrong argument gives a ModelError that says what would do."""
    with pytest.raises(ModelError, match=r"\w{3}"):
        call()
