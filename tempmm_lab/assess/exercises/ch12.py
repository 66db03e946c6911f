"""The exercises of chapter 12: what is shown. Keys and judges are in `keys/ch12.py`."""

from __future__ import annotations

from itertools import product

from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.kernelcode import steps_of
from tempmm_lab.assess.exercises.shapes import Many, Word
from tempmm_lab.assess.exercises.telling import LETTERS, lettered, rules, statement_parts, statements, statements_shown

PLACES = ("first", "second", "third", "fourth")
SITES = ("helper", "switch", "CR4 write")
"""Who may complain: use_temporary_mm() itself, the switch that it calls, and the write of CR4 inside that."""
BUILDS = ("v6.14", "posted", "v6.16")
COUNTS = (0x0, 0x1, 0x200, 0x10000)
KERNELS = {
    "checks": "built with PROVE_LOCKING",
    "reported": "built with PROVE_LOCKING; lockdep has reported something else since boot",
    "unchecked": "built without PROVE_LOCKING",
}
NAMES = ("build", "count", "irqs_on", "raw", "kernel")
SITUATIONS = tuple(product(BUILDS, COUNTS, (False, True), (False, True), KERNELS))


def _complains(draw: Draw) -> Facts:
    chosen = draw.shuffled(draw.some(SITUATIONS, 4))
    return {"situations": [dict(zip(NAMES, one, strict=True)) for one in chosen]}


def _show_complains(facts: Facts) -> str:
    told = []
    for place, one in zip(PLACES, facts["situations"], strict=True):
        raw = f", by a raw {'STI' if one['irqs_on'] else 'CLI'}" if one["raw"] else ""
        told.append(f"  {place:7}{one['build']}, {KERNELS[one['kernel']]}")
        told.append(f"         IF={int(one['irqs_on'])}{raw}; preempt_count {one['count']:#x}")
    listed = "\n".join(told)
    return f"""use_temporary_mm() is called in four states. Of a raw STI or CLI lockdep is not told: its own flag says
the opposite of IF. Nothing has been printed at these places before.

{listed}

Say who prints a warning: a list, empty for nobody, of 'helper' (its own assertion), 'switch' (switch_mm_irqs_off(),
which asks RFLAGS) and 'CR4 write' (cr4_update_irqsoff() inside the switch, which asks lockdep)."""


WHO = Many(Word(SITES), 3)

STEPS = {
    "asked": "the helpers' assertion asks for preemption off, no longer for interrupts off",
    "borrows": "EFI's code borrows efi_mm with the helpers",
    "execve": "a program that replaces another loads its mm with interrupts off",
    "looks": "unuse_temporary_mm() looks into this CPU's loaded_mm, which can be seen in tlb.c only",
    "moved": "the helpers move from alternative.c to tlb.c, and others may call them",
    "nmi": "NMI code asks nmi_uaccess_okay(), and goes by current->mm",
    "told": "unuse_temporary_mm() is told by its caller which mm's mask loses the bit",
}
"""The seven patches, by name, in the order of the names."""


def _order(draw: Draw) -> Facts:
    return {"items": list(draw.shuffled(tuple(STEPS.values())))}


def _show_order(facts: Facts) -> str:
    return f"""The seven patches of the series. Put them into an order in which each builds on what is there, and in
which no kernel on the way has EFI calls that the helpers' own assertion warns of, or code that such calls mislead.
Any such order counts.

{lettered(facts["items"])}

Answer with a list of letters, the first patch first: ["C", "A", ...]."""


POKE = """A colleague has read the new assertion, and lets the helpers see to the interrupts:

    async def __text_poke(addr, opcode, size):
        await spin_lock(text_poke_ptl)
        await map_alias(addr, False)
        prev_mm = await use_temporary_mm(TEXT_POKE_MM)
        await text_poke_func(ALIAS + (addr & 0xFFF), opcode, size)
        await clear_alias(False)
        await unuse_temporary_mm(prev_mm)
        await flush_tlb_mm_range(TEXT_POKE_MM, ALIAS, ALIAS + 4096, 12, False)
        await spin_unlock(text_poke_ptl)

On v6.16 nothing warns. Write it anew, so that no schedule breaks a rule and nothing is printed. No write crosses a
page. It is kernel code; besides the functions above it may await local_irq_save(), local_irq_restore(flags),
local_irq_disable(), local_irq_enable() and irqs_disabled(). Every schedule is tried with one interrupt whose handler
has a bug: it writes to the alias's address. Then with two pokes, with a lazy kernel thread, with a quiet handler."""

ALLOWS_STATEMENTS = (
    "A caller that has called local_irq_disable(), with preempt_count 0, passes the new assertion.",
    "A temporary mm may be kept while the task sleeps, if preemption is on again afterwards.",
    "It lets code with interrupts on borrow an mm, as long as something keeps the scheduler out.",
    "On a kernel without PROVE_LOCKING the new assertion stops a caller that may be preempted.",
    "Since then text_poke() runs with interrupts on for most of its window.",
    "The comment still says that interrupts should be off for sensitive writes.",
    "The helper no longer checks what protects an alias: that no handler runs meanwhile.",
    "The new assertion proves that the caller does not schedule until it gives the mm back.",
    "The one who needed it is EFI, whose calls have interrupts on.",
    "With the two lines alone an EFI call through the helper prints no warning any more, with PROVE_LOCKING.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _allows(draw: Draw) -> Facts:
    return {"statements": statements(draw, ALLOWS_STATEMENTS)}


def _show_allows(facts: Facts) -> str:
    return f"""Somebody has read only the subject of 5/7: "Allow temporary MMs when IRQs are on".

{statements_shown(facts)}"""


def _parts(**asks: tuple[int, str]) -> dict[str, Part]:
    return {name: Part(points, text) for name, (points, text) in asks.items()}


EXERCISES = (
    Exercise(
        name="ch12-complains",
        chapter=12,
        kind="trace",
        title="Who complains",
        answer="answer_complains",
        parts={place: Part(2, f"all who complain in the {place} state, and nobody else", WHO) for place in PLACES},
        variants=17_178_876 * 24,
        facts=_complains,
        show=_show_complains,
    ),
    Exercise(
        name="ch12-order",
        chapter=12,
        kind="order",
        title="Seven patches",
        answer="answer_order",
        parts=rules("told", "moved", "called", "asked", "nmi"),
        variants=5040,
        facts=_order,
        show=_show_order,
        whole=Many(Word(tuple(LETTERS[: len(STEPS)])), len(STEPS)),
    ),
    Exercise(
        name="ch12-poke",
        chapter=12,
        kind="fix",
        title="A poke that nobody warns of",
        answer="__text_poke",
        parts=_parts(
            written=(2, "the bytes are written"),
            stray=(3, "no handler's stray write goes through the alias, on any schedule"),
            left=(2, "no writable translation is left for the next poke"),
            caller=(1, "the caller has interrupts on or off afterwards as before"),
            every=(2, "no other rule breaks and nothing is printed, on any schedule"),
        ),
        variants=1,
        facts=lambda _: {},
        show=lambda _: POKE,
        adapt=steps_of("__text_poke"),
    ),
    Exercise(
        name="ch12-allows",
        chapter=12,
        kind="explain",
        title="What the subject does not say",
        answer="answer_allows",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_allows,
        show=_show_allows,
        by_hand=4,
    ),
)
"""The exercises, in the order of the chapter."""
