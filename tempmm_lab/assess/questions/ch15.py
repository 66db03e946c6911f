"""What happens after the questions of chapter 15, You are the reviewer: the explorer's verdict on a patch."""

from __future__ import annotations

from functools import partial

from tempmm_lab.assess.question import Outcome, Shown
from tempmm_lab.reviews import CHANGES, review
from tempmm_lab.views.timeline import draw_timeline


def _verdict(number: int) -> tuple[Shown, ...]:
    verdict = review(number).verdict()
    if verdict.holds:
        return (verdict.text(),)
    return verdict.text(), draw_timeline(verdict.schedule())


OUTCOMES: dict[str, Outcome] = {f"ch15-patch-{number:02}": partial(_verdict, number) for number in CHANGES}
"""Question id -> what is run and shown after an answer."""
