"""The keys of chapter 13: right answers, and what each misconception gives instead."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.exercises.ch13 import STEPS
from tempmm_lab.assess.exercises.keys.break_turns import gap
from tempmm_lab.assess.exercises.keys.breaking import BreakJudge
from tempmm_lab.assess.exercises.keys.ch13_fix import FIX
from tempmm_lab.assess.exercises.keys.judging import ByParts, InOrder, Truths, statement_answers, statement_hint

ORDER = InOrder(
    steps=STEPS,
    parts={
        "looks": (("switching", "bit"), ("bit", "read")),
        "reads": (("read", "raise"),),
        "sends": (("raise", "send"), ("switching", "send"), ("send", "handler")),
        "answers": (("handler", "free"), ("bit", "handler")),
        "uses": (("read", "cr3"), ("cr3", "use"), ("free", "use")),
    },
    says={
        "looks": "The switch stores SWITCHING, then looks at its bit, then reads the generation.",
        "reads": "CPU 0 must have read the old generation. If it reads the new one, it flushes by itself.",
        "sends": "The generation is raised before anybody is asked what is loaded; the IPI is sent because SWITCHING "
        "is there; and the handler runs when it has been sent.",
        "answers": "CPU 1 frees the page when it has the acknowledgement. And the bit must have been looked at before "
        "the handler clears it, or the switch would set it again.",
        "uses": "The harm is done at the end: the tables are loaded with keep, by what was read; and the page that is "
        "used is somebody else's by then.",
    },
    right=("switching", "bit", "read", "raise", "send", "handler", "free", "cr3", "use"),
)

TRUTHS: Truths = {
    "A flush that": (True, "SWITCHING is the pointer value 1, and the handler reads near address 1."),
    "A kernel without": (False, "It was as silent as that, and lost the same flushes."),
    "After this commit": (False, "The guard ends in each helper: between the two interrupts are as the caller likes."),
    "No release had": (True, "It was in a tree for the next version, for six days."),
    "The fault is": (True, "58f8ffa91766 relaxed what the helper asks for, and not what it calls."),
    "The guard stands": (True, "Lazy mode, the cookie, the bit, the switch and the breakpoints are inside."),
    "The switch was": (True, "It has its requirement in its name."),
    "To mend it,": (False, "That makes a rule hold and loses the flush all the same: both were read before."),
    "What was reported": (False, "Warnings were reported, of a boot among them; the lost flush is derived."),
    "Whoever called the": (True, "text_poke() has interrupts off long before, so there is no gap."),
}

JUDGES: dict[str, Any] = {
    "ch13-order": ORDER,
    "ch13-fix": FIX,
    "ch13-changelog": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
    "ch13-gap": BreakJudge(gap),
}
"""Exercise -> its judge."""
