"""The exercises of chapter 10: what is shown. Keys and judges are in `keys/ch10.py`."""

from __future__ import annotations

from itertools import product
from math import comb
from typing import Any

from tempmm_lab.assess.exercises.breaks_late import SLEEP_EXERCISE
from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.kernelcode import steps_of
from tempmm_lab.assess.exercises.shapes import Many, Word
from tempmm_lab.assess.exercises.telling import statement_parts, statements, statements_shown

PLACES = ("first", "second", "third", "fourth")
BUILDS = ("v5.10", "v6.14", "v6.16")
OTHERS = {"user": "V, a task of another process, with the mm N", "kthread": "K, a kernel thread"}
MOMENTS = {
    "borrowed": "U has borrowed T, and schedule() is about to choose the next task",
    "other": "{} has run, and calls schedule() itself",
    "back": "U is back from schedule(), and is about to call unuse_temporary_mm(M)",
    "done": "unuse_temporary_mm(M) has returned, and U is about to go back to user mode",
}
WORDS = ("M", "T", "N", "lazy", "M bit", "T bit", "N bit")

SITUATIONS: tuple[dict[str, Any], ...] = tuple(
    {"build": build, "to": to, "moment": moment} for build, to, moment in product(BUILDS, OTHERS, MOMENTS)
)


def _misuse(draw: Draw) -> Facts:
    return {"situations": [dict(one) for one in draw.some(SITUATIONS, 4)]}


def _told(one: dict[str, Any]) -> str:
    moment = MOMENTS[one["moment"]].format(OTHERS[one["to"]].split(",")[0])
    return f"{one['build']}; the other is {OTHERS[one['to']]}\n           {moment}"


def _show_misuse(facts: Facts) -> str:
    told = zip(PLACES, facts["situations"], strict=True)
    listed = "\n".join(f"  {place:9}{_told(one)}" for place, one in told)
    return f"""One CPU. U, a task with the mm M, borrows T, a temporary mm, and calls schedule(), which it must not.
The other task runs, and calls schedule() in its turn; U goes on, and gives M back as if nothing had happened. At
the beginning M is loaded, and only M's bit for this CPU is set.

{listed}

Say for each moment what is true of this CPU, a list of words in any order: what is loaded ('M', 'T' or 'N'), 'lazy' if
it is, and 'M bit', 'T bit', 'N bit' for each mask in which this CPU's bit is set. Such as ['M', 'M bit']."""


STATE = Many(Word(WORDS), 5)

REPORTS = """Write unuse_temporary_mm(prev_mm) for v6.16, so that a caller who has slept meanwhile is told, and comes
to no harm. (Breakpoints are left out here.) In correct use it does what Linux's own does, and prints nothing: the
temporary mm's bit goes, and prev_mm is loaded. If the caller slept, another mm was loaded in between, and prev_mm is
loaded already: then it prints a warning, and prev_mm keeps its bit.

It is kernel code: async, with a step at each await. It may await
  local_irq_save(), local_irq_restore(flags)        this_cpu_read("loaded_mm")
  cpumask_clear_cpu(mm), cpumask_set_cpu(mm)        switch_mm_irqs_off(None, mm, None)
  WARN_ON_ONCE(condition, text)                     lockdep_assert_preemption_disabled()
Every schedule is tried: of two pokes in correct use, by a task and by a lazy kernel thread, and of three misuses. U
sleeps and another process runs; U sleeps and a kernel thread runs; U is preempted at a tick."""

LOCK_STATEMENTS = (
    "A function that sleeps switches to another task, lock or no lock.",
    "If schedule() is called with preempt_count above 0 the kernel prints a BUG, and switches all the same.",
    "On a kernel with PREEMPT_NONE kernel code is never preempted, so one may sleep in there.",
    "The assertion in use_temporary_mm() would object at the moment when somebody sleeps.",
    "The kernel refuses schedule() as long as a spinlock is held.",
    "When the tick wants another task, the way out of the interrupt finds preempt_count above 0, and leaves U running.",
    "While a spinlock is held no tick's handler can run.",
    "While a spinlock is held preempt_count is above 0.",
    "Whoever cannot be preempted cannot be moved to another CPU either, unless it sleeps.",
    "With a spinlock held, interrupts are off as well, so nothing can happen.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _lock(draw: Draw) -> Facts:
    return {"statements": statements(draw, LOCK_STATEMENTS)}


def _show_lock(facts: Facts) -> str:
    return f"""A colleague borrows a temporary mm inside spin_lock() and spin_unlock(), on v6.16, and calls a helper
there: "we hold a spinlock, so we cannot be scheduled". The kernel is built as PREEMPT_FULL, without PREEMPT_RT,
unless a statement says otherwise.

{statements_shown(facts)}"""


def _parts(**asks: tuple[int, str]) -> dict[str, Part]:
    return {name: Part(points, text) for name, (points, text) in asks.items()}


EXERCISES = (
    Exercise(
        name="ch10-misuse",
        chapter=10,
        kind="trace",
        title="After schedule()",
        answer="answer_misuse",
        parts={place: Part(2, f"what is true at the {place} moment", STATE) for place in PLACES},
        variants=comb(len(SITUATIONS), 4),
        facts=_misuse,
        show=_show_misuse,
    ),
    Exercise(
        name="ch10-reports",
        chapter=10,
        kind="build",
        title="An unuse that notices",
        answer="unuse_temporary_mm",
        parts=_parts(
            correct=(3, "correct use: no rule breaks on any schedule"),
            quiet=(2, "correct use: nothing is printed"),
            told=(2, "a caller who slept or was preempted is told"),
            saved=(3, "M keeps its bit in every misuse, on any schedule"),
        ),
        variants=1,
        facts=lambda _: {},
        show=lambda _: REPORTS,
        adapt=steps_of("unuse_temporary_mm"),
    ),
    Exercise(
        name="ch10-lock",
        chapter=10,
        kind="explain",
        title="We hold a spinlock",
        answer="answer_lock",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_lock,
        show=_show_lock,
        by_hand=4,
    ),
    SLEEP_EXERCISE,
)
"""The exercises, in the order of the chapter."""
