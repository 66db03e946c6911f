"""The keys of chapter 15: right answers, and what each misconception gives instead."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.exercises.ch15 import STEPS
from tempmm_lab.assess.exercises.keys.ch15_guard import GUARD
from tempmm_lab.assess.exercises.keys.judging import ByParts, InOrder, Truths, statement_answers, statement_hint

ORDER = InOrder(
    steps=STEPS,
    parts={
        "barrier": (("barrier", "store"),),
        "reads": (("store", "mask"), ("mask", "read")),
        "raises": (("read", "raise"),),
        "looks": (("raise", "look"), ("look", "drain")),
        "uses": (("look", "free"), ("free", "use"), ("drain", "use")),
    },
    says={
        "barrier": "The patch puts its barrier before anything is stored, so it has nothing to drain.",
        "reads": "CPU 1 stores SWITCHING, looks at its bit, and reads the generation: in that order in the program.",
        "raises": "CPU 1 must have read the old generation. If it reads the new one, it flushes by itself.",
        "looks": "CPU 0 raises the generation and then looks. It tells nobody: SWITCHING is still in CPU 1's buffer.",
        "uses": "The end: nobody was told, so the page is given back at once; the buffer has drained with the write of "
        "CR3; and then CPU 1 uses a page that is somebody else's.",
    },
    right=("barrier", "store", "mask", "read", "raise", "look", "drain", "free", "use"),
)

TRUTHS: Truths = {
    "A barrier orders": (True, "This one has to be between the store of SWITCHING and the load of the generation."),
    "A read of": (False, "A load is no barrier: it may be done while the store still waits."),
    "At the top": (True, "It drains an empty buffer, and the store comes after it."),
    "In the branch": (True, "A locked operation is a full barrier, and it stands after the store."),
    "On a machine": (True, "Without buffers the store is there at once. One has to ask with memory='tso'."),
    "One sees it": (True, "It has been there, so its bit is set, and no locked operation sets it."),
    "The patched kernel": (False, "IF keeps handlers out on this CPU. It drains no buffer."),
    "The write of": (False, "It does drain it, after the generation was read and the flusher has looked: too late."),
    "To see it": (False, "No interrupt is needed: the scenario has none."),
    "What would be": (True, "That is between that store and that load, in either branch."),
}

JUDGES: dict[str, Any] = {
    "ch15-order": ORDER,
    "ch15-guard": GUARD,
    "ch15-answer": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
}
"""Exercise -> its judge."""
