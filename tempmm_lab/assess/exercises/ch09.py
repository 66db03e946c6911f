"""The exercises of chapter 9: what is shown. Keys and judges are in `keys/ch09.py`."""

from __future__ import annotations

from itertools import product
from math import comb
from typing import Any

from tempmm_lab.assess.exercises.breaks import NMI_EXERCISE
from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.kernelcode import steps_of
from tempmm_lab.assess.exercises.shapes import Word
from tempmm_lab.assess.exercises.telling import statement_parts, statements, statements_shown

PLACES = ("first", "second", "third", "fourth")
VISITORS = {
    "stray interrupt": "an interrupt; its handler stores through a wild pointer: the alias's address",
    "stray NMI": "an NMI; its handler stores through a wild pointer: the alias's address",
    "asking NMI": "an NMI; a profiler that wants to read the program's stack, and asks nmi_uaccess_okay()",
}
MOMENTS = {
    "before": "__text_poke() has been called, and has done nothing yet",
    "mapped": "the alias's entry is set, use_temporary_mm() has just been entered",
    "leaving": "in the switch to text_poke_mm: loaded_mm says SWITCHING, CR3 is about to be written",
    "arrived": "in the switch to text_poke_mm: CR3 has just been written, loaded_mm still says SWITCHING",
    "loaded": "use_temporary_mm() has returned, the write is next",
    "cleared": "the alias's entry is cleared, unuse_temporary_mm() has just been entered",
    "returned": "in the switch back: CR3 has just been written, loaded_mm still says SWITCHING",
    "after": "the bytes are compared, IF is as __text_poke()'s caller had it, and the lock is about to be given up",
}
OUTCOMES = ("waits", "faults", "writes text", "reads", "is told no")

SITUATIONS: tuple[dict[str, Any], ...] = tuple(
    {"irqsave": irqsave, "visitor": visitor, "moment": moment}
    for irqsave, visitor, moment in product((True, False), VISITORS, MOMENTS)
)


def _guests(draw: Draw) -> Facts:
    return {"situations": [dict(one) for one in draw.some(SITUATIONS, 4)]}


def _told(situation: dict[str, Any]) -> str:
    kernel = "v6.16" if situation["irqsave"] else "v6.16, without the local_irq_save() in __text_poke()"
    lines = (kernel, MOMENTS[situation["moment"]], VISITORS[situation["visitor"]])
    return "\n           ".join(lines)


def _show_guests(facts: Facts) -> str:
    told = zip(PLACES, facts["situations"], strict=True)
    listed = "\n".join(f"  {place:9}{_told(one)}" for place, one in told)
    return f"""A task of a program pokes: __text_poke(). Each time one visitor comes, at the moment that is told.

{listed}

What becomes of it, then and there? 'waits' (it does not come in yet), 'faults' (its store faults, and the kernel
panics), 'writes text', 'reads' (it is told yes, and reads), 'is told no'."""


OKAY = """Write nmi_uaccess_okay(): True if an NMI's handler may touch the program's memory now, else False. It is asked
in an NMI, at any moment, also in the middle of a switch. A wrong yes may read firmware's memory. A no where yes would
have been right costs a sample; refuse no more often than Linux does.

It is kernel code: async, with a step at each await. It may await
  this_cpu_read(name)     name: "loaded_mm", "current_mm", "active_mm", "is_lazy"
An NMI is tried at every moment of a poke, on v6.16 and on four other kernels."""

IRQSAVE_STATEMENTS = (
    "An NMI with a wild pointer can write text on either kernel.",
    "An honest handler would go wrong: it runs on tables that are not the interrupted task's.",
    "On v6.16 the switch itself is safe without it: the helpers turn interrupts off inside.",
    "SMAP would stop a handler's wild store: the alias has a user address.",
    "The assertion in the helper would warn if anybody forgot it.",
    "The final comparison of the bytes finds every store of a handler.",
    "What it keeps out are the bugs of interrupt handlers, as long as the alias is there.",
    "When the entry has been cleared the store may still go through, by the TLB.",
    "With it gone, there is a moment at which a handler's store to the alias writes text, and nothing is printed.",
    "Without it the kernel would have to run longer with interrupts off.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _irqsave(draw: Draw) -> Facts:
    return {"statements": statements(draw, IRQSAVE_STATEMENTS)}


def _show_irqsave(facts: Facts) -> str:
    return f"""A colleague wants to drop the local_irq_save() in v6.16's __text_poke(), "since the patch allows it": its
helpers ask only for preemption to be off.

{statements_shown(facts)}"""


def _parts(**asks: tuple[int, str]) -> dict[str, Part]:
    return {name: Part(points, text) for name, (points, text) in asks.items()}


EXERCISES = (
    Exercise(
        name="ch09-guests",
        chapter=9,
        kind="trace",
        title="One visitor at a time",
        answer="answer_guests",
        parts={place: Part(2, f"what becomes of the {place} visitor", Word(OUTCOMES)) for place in PLACES},
        variants=comb(len(SITUATIONS), 4),
        facts=_guests,
        show=_show_guests,
    ),
    Exercise(
        name="ch09-okay",
        chapter=9,
        kind="build",
        title="May I look?",
        answer="nmi_uaccess_okay",
        parts=_parts(
            poke=(3, "no wrong yes on v6.16, on any schedule"),
            older=(2, "no wrong yes on the other kernels, on any schedule"),
            often=(2, "no more refusals than Linux's own"),
        ),
        variants=1,
        facts=lambda _: {},
        show=lambda _: OKAY,
        adapt=steps_of("nmi_uaccess_okay"),
    ),
    Exercise(
        name="ch09-irqsave",
        chapter=9,
        kind="explain",
        title="The patch allows it?",
        answer="answer_irqsave",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_irqsave,
        show=_show_irqsave,
        by_hand=5,
    ),
    NMI_EXERCISE,
)
"""The exercises, in the order of the chapter."""
