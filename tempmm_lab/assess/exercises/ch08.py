"""The exercises of chapter 8: what is shown. Keys and judges are in `keys/ch08.py`."""

from __future__ import annotations

from tempmm_lab.assess.exercises.breaks import HOLE_EXERCISE
from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.kernelcode import steps_of
from tempmm_lab.assess.exercises.shapes import Many, Word
from tempmm_lab.assess.exercises.telling import LETTERS, lettered, rules, statement_parts, statements, statements_shown

PLACES = ("first", "second", "third", "fourth", "fifth")
WHEN = ("", "before", "during")
"""When another thread unmaps a page of the process that the poking CPU runs."""


def _loads(draw: Draw) -> Facts:
    flushes = draw.below(2)
    pokes = [[draw.below(2), draw.one_of(WHEN)] for _ in PLACES]
    return {"flushes": bool(flushes), "pokes": pokes}


def _poke(cpu: int, when: str) -> str:
    said = {
        "": "",
        "before": "; just before it a page of its process was unmapped and flushed",
        "during": "; meanwhile, between use and unuse, a page of its process is unmapped and flushed",
    }
    return f"CPU {cpu} pokes{said[when]}"


def _show_loads(facts: Facts) -> str:
    pokes = "\n".join(f"  {place:7}{_poke(*poke)}" for place, poke in zip(PLACES, facts["pokes"], strict=True))
    kernel = "v6.16" if facts["flushes"] else "v6.16, but its __text_poke() leaves out the call of flush_tlb_mm_range()"
    return f"""{kernel}.
PCIDs are on; nobody has poked since boot. CPU 0 runs a process, CPU 1 another one, and they go on running those.
Unmapping is done by another CPU, with all that belongs to it.

{pokes}

A poke loads CR3 twice: text_poke_mm, and the process's mm again. Say for each poke whether what the PCID had cached is
kept: a list of two, such as ['flush', 'keep']."""


PAIR = Many(Word(("keep", "flush")), 2)

STEPS = {
    "back": "the mm that was loaded before is loaded again",
    "bit": "this CPU's bit in the mask of the mm that is loaded is cleared",
    "clear": "the alias's entry is cleared",
    "disarm": "breakpoints are disarmed",
    "flush": "flush_tlb_mm_range() is called for the alias",
    "map": "the alias's entry is set",
    "off": "__text_poke() turns interrupts off",
    "on": "__text_poke() restores interrupts",
    "use": "text_poke_mm is loaded",
    "write": "the bytes are written through the alias",
}
"""The steps of a poke, by name, in the order of the names."""


def _order(draw: Draw) -> Facts:
    return {"items": list(draw.shuffled(tuple(STEPS.values())))}


def _show_order(facts: Facts) -> str:
    return f"""v6.16: __text_poke(), with use and unuse. Put the steps into the order that v6.16 has. (Some other orders
would be safe too. They are not asked for.)

{lettered(facts["items"])}

Answer with a list of letters, the first step first: ["C", "A", ...]."""


UNUSE = """Write unuse_temporary_mm(prev_mm) for v6.16. A temporary mm is loaded, and preemption is off. Afterwards
  - prev_mm is loaded, as the mm code loads any mm;
  - this CPU's bit is clear in the temporary mm's mask (you are not told its name), and set in prev_mm's;
  - breakpoints are armed again if any are set, and not before the temporary mm is gone;
  - IF is what it was. The caller may have interrupts on; while mms are switched they have to be off.

It is kernel code: async, with a step at each await. It may await
  local_irq_save(), local_irq_restore(flags)        this_cpu_read("loaded_mm")
  cpumask_clear_cpu(mm), cpumask_set_cpu(mm)        switch_mm_irqs_off(None, mm, None)
  hw_breakpoint_active(), hw_breakpoint_restore(), hw_breakpoint_disable()
  lockdep_assert_preemption_disabled()
It is run by itself in eight situations, and then in every schedule of three scenarios: two CPUs that poke, a lazy
kernel thread that pokes, and a task whose breakpoint is on the alias's address."""

FLUSH_STATEMENTS = (
    "Clearing the alias's entry makes the next load of text_poke_mm flush.",
    "It drops the alias from this CPU's TLB.",
    "It keeps other CPUs from using the alias while it is mapped.",
    "It raises text_poke_mm's generation, and does nothing else there.",
    "No CPU's bit is set in text_poke_mm's mask, so nobody is interrupted.",
    "One line further up it would do the same, and drop the alias at once.",
    "The switch back to the process's mm has dropped the alias, whatever the processor can.",
    "With PCIDs the translation of the alias may survive the switch back.",
    "Without it, a later poke of another page on this CPU could write to the first page.",
    "Without PCIDs one would not notice that it is missing.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _flush(draw: Draw) -> Facts:
    return {"statements": statements(draw, FLUSH_STATEMENTS)}


def _show_flush(facts: Facts) -> str:
    return f"""A reviewer asks why __text_poke() of v6.16 calls flush_tlb_mm_range() after unuse: "it flushes nothing".

{statements_shown(facts)}"""


def _parts(**asks: tuple[int, str]) -> dict[str, Part]:
    return {name: Part(points, text) for name, (points, text) in asks.items()}


EXERCISES = (
    Exercise(
        name="ch08-order",
        chapter=8,
        kind="order",
        title="A poke, line by line",
        answer="answer_order",
        parts=rules("window", "armed", "write", "bit", "flush"),
        variants=3628800,
        facts=_order,
        show=_show_order,
        whole=Many(Word(tuple(LETTERS[: len(STEPS)])), len(STEPS)),
    ),
    Exercise(
        name="ch08-loads",
        chapter=8,
        kind="trace",
        title="Two loads of CR3",
        answer="answer_loads",
        parts={place: Part(2, f"both loads of the {place} poke", PAIR) for place in PLACES},
        variants=2 * 6**5,
        facts=_loads,
        show=_show_loads,
    ),
    Exercise(
        name="ch08-unuse",
        chapter=8,
        kind="build",
        title="Give it back",
        answer="unuse_temporary_mm",
        parts=_parts(
            back=(2, "prev_mm is loaded again"),
            bit=(2, "the bits in both masks"),
            armed=(2, "breakpoints"),
            irqs=(2, "interrupts are off for the switch, and afterwards as before"),
            every=(2, "no rule breaks and nothing is printed, on any schedule"),
        ),
        variants=1,
        facts=lambda _: {},
        show=lambda _: UNUSE,
        adapt=steps_of("unuse_temporary_mm"),
    ),
    Exercise(
        name="ch08-flush",
        chapter=8,
        kind="explain",
        title="A flush for nothing?",
        answer="answer_flush",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_flush,
        show=_show_flush,
        by_hand=4,
    ),
    HOLE_EXERCISE,
)
"""The exercises, in the order of the chapter."""
