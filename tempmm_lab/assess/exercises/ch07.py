"""The exercises of chapter 7: what is shown. Keys and judges are in `keys/ch07.py`."""

from __future__ import annotations

from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.kernelcode import steps_of
from tempmm_lab.assess.exercises.shapes import Many, Whole, Word
from tempmm_lab.assess.exercises.telling import LETTERS, lettered, statement_parts, statements, statements_shown

CPUS = 4
OTHERS = (1, 2, 3)
WINDOW = tuple((kind, cpu) for kind in ("walk", "MOV CR3") for cpu in OTHERS)
"""What may happen while CPU 0 pokes; afterwards all may be told as well."""
LATER = (*WINDOW, ("tell", 0))
MOMENTS = ("open", "cleared", "returned", "end")


def _holders(draw: Draw) -> Facts:
    glob, first = draw.below(2), draw.one_of(OTHERS)
    window = [list(draw.one_of(WINDOW)) for _ in range(2)]
    later = [list(draw.one_of(LATER)) for _ in range(2)]
    return {"global": bool(glob), "first": first, "window": window, "later": later}


def in_words(event: list[object]) -> str:
    """Give an event as a sentence."""
    kind, cpu = event
    if kind == "tell":
        return "CPU 0 has every CPU drop the alias, and waits: flush_tlb_kernel_range()"
    if kind == "walk":
        return f"CPU {cpu}'s walker looks up the alias's address"
    return f"CPU {cpu} writes its CR3 anew: the same table and PCID, bit 63 = 0"


def _show_holders(facts: Facts) -> str:
    during, after = map(in_words, facts["window"])
    later = "\n".join(f"     {in_words(event)}" for event in facts["later"])
    with_g = "G=1" if facts["global"] else "G=0 (page-table isolation)"
    return f"""v5.1, four CPUs, all caches empty. No CPU caches the alias but by what is said here, and none drops it by
itself. CPU 0 pokes. The alias in the fixmap is mapped with {with_g}.

     CPU 0 turns interrupts off, and maps the alias
     {in_words(["walk", facts["first"]])}
     CPU 0 writes the byte through the alias
     {during}
  -> open
     CPU 0 clears the alias's entry
     {after}
  -> cleared
     CPU 0 flushes its own TLB, turns interrupts on, and text_poke() returns
  -> returned
{later}
  -> end

At each of the four marks: on which CPUs could code in the kernel now write to the patched page through the alias? A
list of numbers for each mark, such as [0, 2]; [] for none."""


NUMBERS = Many(Whole(CPUS), CPUS)

ITEMS = {
    "INT3": "INT3 is written over the first byte",
    "all": "the whole new instruction is written, in one store",
    "first": "the new first byte is written",
    "publish": "the INT3 handler learns of the site",
    "sync": "every CPU is interrupted, and drops what it has fetched",
    "tail": "the new tail is written",
    "withdraw": "the INT3 handler forgets the site",
}
"""Rounds to choose from, by name, in the order of the names."""
MOST = 12


def _dance(draw: Draw) -> Facts:
    return {"items": list(draw.shuffled(tuple(ITEMS.values())))}


def _show_dance(facts: Facts) -> str:
    return f"""An instruction of five bytes is to be replaced while other CPUs may be executing it. Choose rounds and
their order. A round may be used more than once, and not every one is needed; {MOST} at most.

{lettered(facts["items"])}

Answer with a list of letters, the first round first: ["C", "A", "C", ...]. Every schedule of a CPU that fetches and
executes meanwhile is tried. 1 point each: no mixture is ever executed; no INT3 is found that the handler does not know;
CPUs are not interrupted more often than Linux does it; at the end nothing is left of the patching. Without the new
instruction in its place at the end there are none."""


TELL = """Mend v5.1: write text_poke(addr, opcode, size), so that no CPU holds the alias when it returns.

It is kernel code: async. It may await
  text_poke_v5_1(addr, opcode, size)       v5.1's own: maps the alias, writes, clears it, flushes this CPU only
  flush_tlb_kernel_range(start, end)       every CPU forgets a range, and the caller waits for all of them
  local_flush_tlb()                        this CPU forgets the alias
  local_irq_save(), local_irq_restore(flags)
The alias is the page at FIXMAP[0]. Others may write while the alias is mapped: that hole stays. Interrupt the others as
seldom as you can, and let the kernel find nothing to warn about. Every schedule of stale_alias is tried."""

GUARD_STATEMENTS = (
    "A CPU may have fetched the old first byte before INT3 went in.",
    "An IPI is taken between two instructions, and what was fetched for the next one is thrown away.",
    "From the moment INT3 is in memory no CPU can begin the old instruction.",
    "Nobody looks at the tail behind an INT3, so the tail may be written as soon as INT3 is in memory.",
    "Once INT3 is over the first byte, every CPU that executes the site is caught by the handler.",
    "The first round of IPIs makes the CPUs wait until the patch is finished.",
    "The IPIs are the dear part, and INT3 alone makes the site safe, so this round can be saved.",
    "What could be executed is the old first byte with the new tail.",
    "With one site or with a hundred, it is one round of IPIs after INT3 has gone in everywhere.",
    "Without the first round of IPIs, a mixture could be executed after the second round of IPIs as well.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _guard(draw: Draw) -> Facts:
    return {"statements": statements(draw, GUARD_STATEMENTS)}


def _show_guard(facts: Facts) -> str:
    return f"""A colleague wants to drop the first round of IPIs, the one between INT3 and the tail, "because INT3
guards the site". The other rounds stay.

{statements_shown(facts)}"""


def _parts(**asks: tuple[int, str]) -> dict[str, Part]:
    return {name: Part(points, text) for name, (points, text) in asks.items()}


EXERCISES = (
    Exercise(
        name="ch07-holders",
        chapter=7,
        kind="trace",
        title="Who could write to code",
        answer="answer_holders",
        parts={
            name: Part(points, f"the CPUs at the mark '{name}'", NUMBERS)
            for name, points in zip(MOMENTS, (1, 2, 2, 3), strict=True)
        },
        variants=2 * 3 * 6 * 6 * 7 * 7,
        facts=_holders,
        show=_show_holders,
    ),
    Exercise(
        name="ch07-dance",
        chapter=7,
        kind="order",
        title="Rounds that hold",
        answer="answer_dance",
        parts=_parts(
            whole=(1, "no mixture is ever executed"),
            known=(1, "no INT3 is found that the handler does not know"),
            few=(1, "no more rounds of IPIs than Linux has"),
            clean=(1, "nothing is left of the patching"),
        ),
        variants=5040,
        facts=_dance,
        show=_show_dance,
        whole=Many(Word(tuple(LETTERS[: len(ITEMS)])), MOST),
    ),
    Exercise(
        name="ch07-tell",
        chapter=7,
        kind="fix",
        title="Nobody keeps the alias",
        answer="text_poke",
        parts=_parts(
            left=(3, "no CPU holds the alias when text_poke() has returned, on any schedule"),
            quiet=(2, "the kernel has nothing to warn about"),
            few=(2, "every CPU is interrupted once"),
        ),
        variants=1,
        facts=lambda _: {},
        show=lambda _: TELL,
        adapt=steps_of("text_poke", "v5.1"),
    ),
    Exercise(
        name="ch07-guard",
        chapter=7,
        kind="explain",
        title="INT3 guards the site?",
        answer="answer_guard",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_guard,
        show=_show_guard,
        by_hand=4,
    ),
)
"""The exercises, in the order of the chapter."""
