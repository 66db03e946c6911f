"""The exercises of chapter 5: what is shown. Keys and judges are in `keys/ch05.py`."""

from __future__ import annotations

from tempmm_lab.assess.exercises.breaks import LEGAL_EXERCISE
from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.kernelcode import next_step, steps_of
from tempmm_lab.assess.exercises.shapes import Either, Many, Whole, Word
from tempmm_lab.assess.exercises.telling import statement_parts, statements, statements_shown

PLACES = ("first", "second", "third", "fourth")
PROCESSES = 8
GENERATION = 3
"""The generation of every mm at the beginning; a slot that is not up to date has one less."""


def _slots(draw: Draw) -> Facts:
    turn, loaded, fresh = draw.below(PROCESSES), draw.below(6), 1 + draw.below(6)
    owners = [(turn + place) % PROCESSES for place in range(6)]
    behind = [draw.below(2) for _ in range(5)]
    behind.insert(loaded, 0)
    slots = [[f"p{owner + 1}", GENERATION - late] for owner, late in zip(owners, behind, strict=True)]
    events: list[list[str]] = []
    now = owners[loaded]
    for place in range(4):
        now = draw.other(now, PROCESSES)
        events.append(["switch", f"p{now + 1}"])
        if place == 1:
            events.append(["flush", f"p{draw.below(PROCESSES) + 1}"])
    return {"slots": slots, "loaded": loaded, "next_asid": fresh, "events": events}


def _event(kind: str, mm: str) -> str:
    return f"the CPU switches to {mm}" if kind == "switch" else f"another CPU flushes all of {mm}"


def _show_slots(facts: Facts) -> str:
    slots = "\n".join(
        f"  ASID {asid}: {owner}, generation {generation}" + (", loaded" if asid == facts["loaded"] else "")
        for asid, (owner, generation) in enumerate(facts["slots"])
    )
    events = "\n".join(f"  {_event(*event)}" for event in facts["events"])
    return f"""Eight processes, p1 to p8, each at generation {GENERATION}; one CPU with PCIDs; these are its slots:

{slots}
  next_asid is {facts["next_asid"]}

Now, one after the other:

{events}

Say of each of the four switches which PCID CR3 has afterwards, and whether what that PCID had cached is kept:
a list of two, such as [4, 'keep'] or [1, 'flush']."""


LOAD = Many(Either(Whole(), Word(("keep", "flush"))), 2)

CHOOSE = """Write choose_new_asid(ctx_id, next_tlb_gen), as Linux does it: give (asid, need_flush) for loading the mm
with this ctx_id, whose generation is next_tlb_gen.

It is kernel code: async, with a step at each await. It may await
  this_cpu_read("ctxs")            the six slots: a tuple of (ctx_id, generation)
  this_cpu_read("next_asid")       the slot to give out next; 6 stands for 0
  this_cpu_write("next_asid", n)   and no other variable
The caller writes the slot. PCIDs are on. The practice compares it with the kernel's own in many states."""

FLUSHES = """Write should_flush_tlb(mm, info), v6.14's decision on a kernel that puts up SWITCHING early, as v6.15 does.

It is kernel code: async; it needs no step. It gives a tuple of clauses, and a CPU that satisfies one of them is
interrupted. A clause is a tuple of facts, each with True or False:
  (("cpumask", mm), True)               its bit in the mm's mask
  ("is_lazy", False)                    whether it is lazy
  (("loaded", mm), True)                what its loaded_mm says: an mm, or LOADED_MM_SWITCHING
info.freed_tables says that page tables are freed: then every CPU of the mask has to be told, the lazy ones too.
Otherwise no CPU may be interrupted that catches up by itself: lazy, or on another mm. And no flush may be lost:
every schedule of the scenario shootdown is tried."""

SIGN_STATEMENTS = (
    "A CPU that has read the old generation loads CR3 with keep, and goes on using what was flushed.",
    "A CPU that is switching to the mm may have read the old generation already.",
    "A CPU that keeps something stale is told at the next flush, so nothing is lost.",
    "A test run of a week would have shown it if it were possible.",
    "Interrupts are off in a switch, so no flush can come between its steps.",
    "SWITCHING means that the CPU is lazy, so it catches up later.",
    "The bit in the mask is set before the generation is read, so the IPI is sent.",
    "The generation helps a CPU that reads it after it was raised.",
    "To lose a flush that way takes no interrupt and no odd hardware: two CPUs at an unlucky moment will do.",
    "While loaded_mm is SWITCHING it names no mm, so a test for the mm alone overlooks the CPU.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _sign(draw: Draw) -> Facts:
    return {"statements": statements(draw, SIGN_STATEMENTS)}


def _show_sign(facts: Facts) -> str:
    return f"""A colleague wants to drop the case of SWITCHING from the flusher of v6.16, since "the generation catches
everything": the flusher would interrupt the CPUs whose loaded_mm names the mm, and no others.

{statements_shown(facts)}"""


def _parts(**asks: tuple[int, str]) -> dict[str, Part]:
    return {name: Part(points, text) for name, (points, text) in asks.items()}


EXERCISES = (
    Exercise(
        name="ch05-slots",
        chapter=5,
        kind="trace",
        title="Keep or flush",
        answer="answer_slots",
        parts={place: Part(2, f"PCID and keep or flush of the {place} switch", LOAD) for place in PLACES},
        variants=8 * 6 * 6 * 2**5 * 7**4 * 8,
        facts=_slots,
        show=_show_slots,
    ),
    Exercise(
        name="ch05-choose",
        chapter=5,
        kind="build",
        title="Choose an ASID",
        answer="choose_new_asid",
        parts=_parts(
            keep=(2, "a slot of its own that is up to date"),
            stale=(2, "a slot of its own that is behind"),
            fresh=(2, "no slot of its own: the next in turn"),
            wrap=(2, "next_asid is 6"),
            turn=(2, "next_asid afterwards"),
        ),
        variants=1,
        facts=lambda _: {},
        show=lambda _: CHOOSE,
        adapt=next_step,
    ),
    Exercise(
        name="ch05-flushes",
        chapter=5,
        kind="fix",
        title="Who is told",
        answer="should_flush_tlb",
        parts=_parts(
            loaded=(2, "CPUs that have the mm loaded are told"),
            switching=(3, "no flush is lost, on any schedule"),
            tables=(1, "freed tables"),
            lazy=(2, "no lazy CPU is woken for nothing"),
            others=(2, "no CPU on another mm is interrupted"),
        ),
        variants=1,
        facts=lambda _: {},
        show=lambda _: FLUSHES,
        adapt=steps_of("should_flush_tlb", "v6.14"),
    ),
    Exercise(
        name="ch05-sign",
        chapter=5,
        kind="explain",
        title="The generation catches everything?",
        answer="answer_sign",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_sign,
        show=_show_sign,
        by_hand=5,
    ),
    LEGAL_EXERCISE,
)
"""The exercises, in the order of the chapter."""
