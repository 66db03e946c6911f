"""The keys of chapter 8: right answers, and what each misconception gives instead."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.exercises.ch08 import STEPS
from tempmm_lab.assess.exercises.keys.break_turns import hole
from tempmm_lab.assess.exercises.keys.breaking import BreakJudge
from tempmm_lab.assess.exercises.keys.ch08_loads import LOADS
from tempmm_lab.assess.exercises.keys.ch08_unuse import UnuseJudge
from tempmm_lab.assess.exercises.keys.judging import ByParts, InOrder, Truths, statement_answers, statement_hint

ORDER = InOrder(
    steps=STEPS,
    parts={
        "window": (("off", "map"), ("flush", "on")),
        "armed": (("use", "disarm"), ("disarm", "write")),
        "write": (("map", "use"), ("use", "write"), ("write", "clear")),
        "bit": (("clear", "bit"), ("bit", "back")),
        "flush": (("back", "flush"),),
    },
    says={
        "window": "v6.16 has interrupts off from before the alias is mapped until it is gone and flushed. A handler's "
        "wild store finds no alias that way.",
        "armed": "use disarms breakpoints when it has loaded the temporary mm, so before anything is written there.",
        "write": "The alias's entry is set, then its mm is loaded. When the bytes are written, the entry is cleared.",
        "bit": "unuse comes when the entry is cleared. It clears the bit of the mm that is *loaded*: after the switch "
        "that would be the process's.",
        "flush": "The flush comes when text_poke_mm is gone. Of an mm that is still loaded it would turn interrupts on "
        "in the window.",
    },
    right=("off", "map", "use", "disarm", "write", "clear", "bit", "back", "flush", "on"),
)

TRUTHS: Truths = {
    "Clearing the": (False, "It changes memory only. The load looks at generations."),
    "It drops": (False, "The mm is not loaded here any more, so this CPU flushes nothing now."),
    "It keeps": (False, "That is done by the mm: nobody else has it loaded. And by now the alias is gone."),
    "It raises": (True, "The mask is empty and the mm is not loaded: what remains is the first line."),
    "No CPU's": (True, "unuse has just cleared this CPU's, and earlier pokers cleared theirs."),
    "One line": (
        False,
        "There the mm is loaded, and flushing a loaded mm turns interrupts on behind it.",
    ),
    "The switch back": (False, "Only without PCIDs. With them it may stay, under text_poke_mm's PCID."),
    "With PCIDs": (True, "It is tagged with text_poke_mm's PCID, and may stay until that PCID is flushed."),
    "Without it": (True, "The slot would look up to date, CR3 be loaded with keep, and the old translation serve."),
    "Without PCIDs": (True, "There every load of CR3 drops what is not global, and the alias is not."),
}

JUDGES: dict[str, Any] = {
    "ch08-order": ORDER,
    "ch08-loads": LOADS,
    "ch08-unuse": UnuseJudge(),
    "ch08-flush": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
    "ch08-hole": BreakJudge(hole),
}
"""Exercise -> its judge."""
