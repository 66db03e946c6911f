"""The exercises of chapter 14: what is shown. Keys and judges are in `keys/ch14.py`."""

from __future__ import annotations

from itertools import product

from tempmm_lab.assess.exercises.breaks_late import BUFFER_EXERCISE
from tempmm_lab.assess.exercises.ch14_stage import buffered_step
from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.shapes import Many, Word
from tempmm_lab.assess.exercises.telling import statement_parts, statements, statements_shown

PLACES = ("first", "second", "third", "fourth")
OUTCOMES = ("00", "01", "10", "11")
FIRST = ("x = 1; a = y", "x = 1; fence; a = y", "a = y; x = 1")
SECOND = ("y = 1; b = x", "y = 1; fence; b = x", "b = x; y = 1")
PROGRAMS = (
    *product(FIRST, SECOND),
    ("x = 1; y = 1", "a = y; b = x"),
    ("x = 1; fence; y = 1", "a = y; fence; b = x"),
)
SITUATIONS = tuple(product(PROGRAMS, ("sc", "tso")))


def _litmus(draw: Draw) -> Facts:
    chosen = draw.shuffled(draw.some(SITUATIONS, 4))
    return {"programs": [{"cpus": list(program), "memory": memory} for program, memory in chosen]}


def _show_litmus(facts: Facts) -> str:
    told = "\n".join(
        f"  {place:7}{one['memory']:4} CPU 0: {one['cpus'][0]:21}CPU 1: {one['cpus'][1]}"
        for place, one in zip(PLACES, facts["programs"], strict=True)
    )
    return f"""Two CPUs, two words x and y of memory, 0 at the beginning. sc: a store is there for everybody as soon
as it is done. tso: it waits in its CPU's buffer for as long as the hardware likes. fence is a full barrier.

{told}

Say for each which values of a and b are possible at the end: a list of '00', '01', '10' and '11', a first."""


BARRIER = """v6.16 loses a flush on a machine with store buffers. Mend switch_mm_irqs_off(unused, next, tsk) with one
full_barrier(). Linux's place counts, and so does any other that no schedule breaks: find another.
This is v6.16's, its beginning and its end under names of their own:

    async def switch_mm_irqs_off(unused, next, tsk):
        if not await begin_switch(next, tsk):
            return
        await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
        if next != "init_mm" and not await cpumask_test_cpu(next):
            await cpumask_set_cpu(next)
        next_tlb_gen = await atomic64_read_tlb_gen(next)
        await end_switch(next, next_tlb_gen)

Every schedule is tried, with store buffers, of a page that is unmapped while another CPU comes back to its mm, of a
task that switches away and back, of a lazy CPU, and of a call of firmware."""

VALIDATED_STATEMENTS = (
    "All rows of the recordings that ship with the book match, and some wrong kernels match as well.",
    "An explorer that finds nothing shows that Linux has no bug there.",
    "If a recording disagrees with the wrong kernel, that says more than its agreement with the right one.",
    "No real processor has confirmed here what a TLB keeps under a tag.",
    "Recordings show whether the model does what the kernel did, at the stops that were made.",
    "Since 1,100 of 1,100 rows match, the model is right about store buffers.",
    "The emulators that were recorded confirm how long firmware takes.",
    "The recordings were made with a debugger on emulators, in one run each.",
    "What is compared covers the order of a switch, IF, the masks and the generations.",
    "With more recordings of the same kind one would have found the missing barrier.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _validated(draw: Draw) -> Facts:
    return {"statements": statements(draw, VALIDATED_STATEMENTS)}


def _show_validated(facts: Facts) -> str:
    return f"""Somebody says of this book's model: "It was validated against Linux."

{statements_shown(facts)}"""


def _parts(**asks: tuple[int, str]) -> dict[str, Part]:
    return {name: Part(points, text) for name, (points, text) in asks.items()}


OUTCOME = Many(Word(OUTCOMES), 4)

EXERCISES = (
    Exercise(
        name="ch14-litmus",
        chapter=14,
        kind="trace",
        title="What two CPUs may see",
        answer="answer_litmus",
        parts={place: Part(2, f"all outcomes of the {place} program, and no others", OUTCOME) for place in PLACES},
        variants=7315 * 24,
        facts=_litmus,
        show=_show_litmus,
    ),
    Exercise(
        name="ch14-barrier",
        chapter=14,
        kind="fix",
        title="Another place for the barrier",
        answer="switch_mm_irqs_off",
        parts=_parts(
            shootdown=(3, "no flush is lost when a CPU comes back to the mm, on any schedule"),
            switches=(2, "no rule breaks when a task switches away and back, on any schedule"),
            others=(2, "no rule breaks on a lazy CPU or around firmware, on any schedule"),
            once=(1, "no switch calls full_barrier() twice"),
        ),
        variants=1,
        facts=lambda _: {},
        show=lambda _: BARRIER,
        adapt=buffered_step,
    ),
    Exercise(
        name="ch14-validated",
        chapter=14,
        kind="explain",
        title="Validated against Linux?",
        answer="answer_validated",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_validated,
        show=_show_validated,
        by_hand=4,
    ),
    BUFFER_EXERCISE,
)
"""The exercises, in the order of the chapter."""
