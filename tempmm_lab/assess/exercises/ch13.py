"""The exercises of chapter 13: what is shown. Keys and judges are in `keys/ch13.py`."""

from __future__ import annotations

from tempmm_lab.assess.exercises.breaks_late import GAP_EXERCISE
from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.kernelcode import steps_of
from tempmm_lab.assess.exercises.shapes import Many, Word
from tempmm_lab.assess.exercises.telling import LETTERS, lettered, rules, statement_parts, statements, statements_shown

STEPS = {
    "bit": "CPU 0 looks at its bit in user_mm's mask, and finds it set",
    "cr3": "CPU 0 writes CR3 with bit 63 set: keep",
    "free": "CPU 1 frees the page",
    "handler": "CPU 0's handler clears its bit, flushes nothing, and acknowledges",
    "raise": "CPU 1 raises user_mm's generation to 1",
    "read": "CPU 0 reads user_mm's generation",
    "send": "CPU 1 sends CPU 0 an IPI, for what its loaded_mm says",
    "switching": "CPU 0 stores SWITCHING",
    "use": "CPU 0 uses the page in user mode",
}
"""How the kernel as posted loses a flush, by name, in the order of the names."""


def _order(draw: Draw) -> Facts:
    return {"items": list(draw.shuffled(tuple(STEPS.values())))}


def _show_order(facts: Facts) -> str:
    return f"""The kernel as posted. CPU 0 has called firmware directly, and is on its way back to user_mm; CPU 1 unmaps
a page of user_mm. Put the steps into an order in which the flush is lost. Where several are right, each counts.

{lettered(facts["items"])}

Answer with a list of letters, the first step first: ["C", "A", ...]."""


FIX = """Mend the kernel as posted, and leave both helpers as they are: write
switch_mm_irqs_off(unused, next, tsk) anew.

The kernel's own is at hand as a function of another name, which you may call:
    as_posted = BUILDS["posted"].function("switch_mm_irqs_off")
Besides, you may await local_irq_save(), local_irq_restore(flags), local_irq_disable(), local_irq_enable(),
irqs_disabled(), and all that the switch itself is made of: `from tempmm_lab.kernel import ...` knows it by name.

Every schedule is tried of a direct call, of the worker, and of the call at boot. Firmware has to run with interrupts
on. What leave_mm() prints about a CPU that is not lazy is a false alarm, and does not count."""

CHANGELOG_STATEMENTS = (
    "A flush that names no mm can crash the kernel in the gap, since the handler believes loaded_mm.",
    "A kernel without PROVE_LOCKING was safe, since it printed nothing.",
    "After this commit firmware is called with interrupts off.",
    "No release had the bug: it was committed and mended before v6.16.",
    "The fault is as old as the commit that let the helpers be used with interrupts on.",
    "The guard stands below the assertion and above everything else in each of the two helpers.",
    "The switch was called with interrupts on, so that an interrupt could come between its steps.",
    "To mend it, it was enough that CR3 and loaded_mm change together.",
    "What was reported were lost flushes; the warnings were found later.",
    "Whoever called the helpers with interrupts off could not see it, such as text_poke().",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _changelog(draw: Draw) -> Facts:
    return {"statements": statements(draw, CHANGELOG_STATEMENTS)}


def _show_changelog(facts: Facts) -> str:
    return f"""Commit aef1d0209ddf puts a guard with interrupts off into use_temporary_mm() and unuse_temporary_mm().
These sentences were proposed for its changelog.

{statements_shown(facts)}"""


def _parts(**asks: tuple[int, str]) -> dict[str, Part]:
    return {name: Part(points, text) for name, (points, text) in asks.items()}


EXERCISES = (
    Exercise(
        name="ch13-order",
        chapter=13,
        kind="order",
        title="How a flush is lost",
        answer="answer_order",
        parts=rules("looks", "reads", "sends", "answers", "uses"),
        variants=362_880,
        facts=_order,
        show=_show_order,
        whole=Many(Word(tuple(LETTERS[: len(STEPS)])), len(STEPS)),
    ),
    Exercise(
        name="ch13-fix",
        chapter=13,
        kind="fix",
        title="Leave the helpers as they are",
        answer="switch_mm_irqs_off",
        parts=_parts(
            firmware=(2, "firmware runs on efi_mm, with interrupts on, and the call comes to its end"),
            caller=(1, "a caller with interrupts off has them off afterwards"),
            direct=(3, "a direct call breaks no rule, on any schedule"),
            worker=(2, "the worker's call breaks no rule, on any schedule"),
            quiet=(2, "nothing is printed, but what does not count"),
        ),
        variants=1,
        facts=lambda _: {},
        show=lambda _: FIX,
        adapt=steps_of("switch_mm_irqs_off", "posted"),
    ),
    Exercise(
        name="ch13-changelog",
        chapter=13,
        kind="explain",
        title="The changelog",
        answer="answer_changelog",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_changelog,
        show=_show_changelog,
        by_hand=5,
    ),
    GAP_EXERCISE,
)
"""The exercises, in the order of the chapter."""
