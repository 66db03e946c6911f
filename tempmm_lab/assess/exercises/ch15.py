"""The exercises of chapter 15: what is shown. Keys and judges are in `keys/ch15.py`."""

from __future__ import annotations

from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.kernelcode import steps_of
from tempmm_lab.assess.exercises.shapes import Many, Word
from tempmm_lab.assess.exercises.telling import LETTERS, lettered, rules, statement_parts, statements, statements_shown

STEPS = {
    "barrier": "CPU 1 does the barrier that the patch puts at the top",
    "drain": "SWITCHING leaves CPU 1's buffer",
    "free": "CPU 0 gives the page back",
    "look": "CPU 0 looks at CPU 1's loaded_mm, and tells nobody",
    "mask": "CPU 1 finds its bit in the mask set",
    "raise": "CPU 0 raises the generation",
    "read": "CPU 1 reads the generation",
    "store": "CPU 1 stores SWITCHING, which waits in its buffer",
    "use": "CPU 1 uses the page in user mode",
}
"""How the kernel with patch 8 loses a flush, by name, in the order of the names."""


def _order(draw: Draw) -> Facts:
    return {"items": list(draw.shuffled(tuple(STEPS.values())))}


def _show_order(facts: Facts) -> str:
    return f"""Patch 8, on a machine with store buffers: CPU 1 switches to an mm that it has been on before, and CPU 0
unmaps a page of it. Put the steps into an order in which the flush is lost. Where several are right, each counts.

{lettered(facts["items"])}

Answer with a list of letters, the first step first: ["C", "A", ...]."""


GUARD = """Write use_temporary_mm(temp_mm) for v6.16 with the shortest guarded part that every scenario accepts: as few
steps as possible with interrupts off inside, when a task that is not lazy calls firmware. Nothing may be printed.

It is kernel code; it loads temp_mm, and gives the mm for unuse_temporary_mm(). It may await
  this_cpu_read("is_lazy"), this_cpu_read("loaded_mm"), leave_mm(), switch_mm_irqs_off(None, temp_mm, "current")
  local_irq_save(), local_irq_restore(flags), irqs_disabled(), lockdep_assert_preemption_disabled()
  hw_breakpoint_active(), hw_breakpoint_disable()
and use `async with irqsave():`, which has interrupts off inside, and as they were afterwards.
Every schedule is tried of calls of firmware, directly, by the worker and at boot; of pokes, by a lazy kernel thread
too, with a breakpoint on the alias, and while the lazy thread's mm goes away."""

ANSWER_STATEMENTS = (
    "A barrier orders what stands before it with what stands after it, so the place matters, not the number.",
    "A read of the mask between the store and the load of the generation orders the two.",
    "At the top nothing that the flusher looks at has been stored yet.",
    "In the branch where the bit is set by a locked operation, no barrier has to be added.",
    "On a machine without store buffers the patched kernel breaks no rule, so such a test shows nothing.",
    "One sees it with two CPUs, one of which has been on the mm before.",
    "The patched kernel is safe if interrupts are off in the switch.",
    "The write of CR3 drains the buffer, so SWITCHING is seen in time.",
    "To see it one needs an interrupt at an unlucky moment.",
    "What would be applied instead: one barrier after the store of SWITCHING and before the generation is read.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _answer(draw: Draw) -> Facts:
    return {"statements": statements(draw, ANSWER_STATEMENTS)}


def _show_answer(facts: Facts) -> str:
    return f"""Patch 8 takes the barrier out of the one branch, and puts one at the top, "before anything is stored, and
the switch is ordered whichever branch it takes".

{statements_shown(facts)}"""


def _parts(**asks: tuple[int, str]) -> dict[str, Part]:
    return {name: Part(points, text) for name, (points, text) in asks.items()}


EXERCISES = (
    Exercise(
        name="ch15-order",
        chapter=15,
        kind="order",
        title="How patch 8 loses a flush",
        answer="answer_order",
        parts=rules("barrier", "reads", "raises", "looks", "uses"),
        variants=362_880,
        facts=_order,
        show=_show_order,
        whole=Many(Word(tuple(LETTERS[: len(STEPS)])), len(STEPS)),
    ),
    Exercise(
        name="ch15-guard",
        chapter=15,
        kind="build",
        title="The shortest guard",
        answer="use_temporary_mm",
        parts=_parts(
            calls=(2, "no call of firmware breaks a rule, on any schedule"),
            pokes=(2, "no poke breaks a rule, on any schedule"),
            lazy=(2, "a lazy kernel thread leaves lazy mode, and comes back to init_mm"),
            quiet=(1, "nothing is printed"),
            shorter=(1, "fewer steps with interrupts off than in v6.16"),
            shortest=(2, "as few as possible"),
        ),
        variants=1,
        facts=lambda _: {},
        show=lambda _: GUARD,
        adapt=steps_of("use_temporary_mm"),
    ),
    Exercise(
        name="ch15-answer",
        chapter=15,
        kind="explain",
        title="An answer to patch 8",
        answer="answer_answer",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_answer,
        show=_show_answer,
        by_hand=8,
    ),
)
"""The exercises, in the order of the chapter."""
