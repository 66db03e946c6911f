"""The keys of chapter 5: right answers, and what each misconception gives instead."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.exercises.keys.break_turns import nothing
from tempmm_lab.assess.exercises.keys.breaking import BreakJudge
from tempmm_lab.assess.exercises.keys.ch05_choose import ChooseJudge
from tempmm_lab.assess.exercises.keys.ch05_flushes import FlushesJudge
from tempmm_lab.assess.exercises.keys.ch05_slots import SLOTS
from tempmm_lab.assess.exercises.keys.judging import ByParts, Truths, statement_answers, statement_hint

TRUTHS: Truths = {
    "A CPU that has": (True, "With the old number in hand its slot looks up to date, so it sets bit 63."),
    "A CPU that is": (True, "It reads the generation, and only later says that the mm is loaded."),
    "A CPU that keeps": (False, "Until then it uses what is stale, and the page may be somebody else's by now."),
    "A test run": (False, "The moment is a few steps long. Kernels v6.14.0 to v6.14.6 were tested, and had it."),
    "Interrupts are off": (
        False,
        "Nothing comes between on this CPU. The other one needs no permission from this one's IF.",
    ),
    "SWITCHING means that": (False, "Lazy is another flag. A CPU that is switching is about to use the mm."),
    "The bit in": (False, "Since v6.14 the bit alone sends nothing: the flusher looks at loaded_mm as well."),
    "The generation helps": (True, "And only that CPU: who has read the old number is not helped by the new one."),
    "To lose a": (True, "The explorer finds it with two CPUs and no interrupt."),
    "While loaded_mm is": (True, "SWITCHING is the pointer value 1. It equals no mm."),
}

JUDGES: dict[str, Any] = {
    "ch05-slots": SLOTS,
    "ch05-choose": ChooseJudge(),
    "ch05-flushes": FlushesJudge(),
    "ch05-sign": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
    "ch05-legal": BreakJudge(nothing),
}
"""Exercise -> its judge."""
