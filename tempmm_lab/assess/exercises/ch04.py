"""The exercises of chapter 4: what is shown. Keys and judges are in `keys/ch04.py`."""

from __future__ import annotations

from itertools import permutations, product
from math import comb
from typing import Any

from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.functions import gate
from tempmm_lab.assess.exercises.kernelcode import next_step
from tempmm_lab.assess.exercises.shapes import Many, Word
from tempmm_lab.assess.exercises.telling import LETTERS, lettered, rules, statement_parts, statements, statements_shown

PLACES = ("first", "second", "third")
WORKS = ("work 1", "work 2", "work 3")
VISITORS = {"IRQ": "i", "tick": "t", "NMI": "n"}
"""Who may arrive, and how a schedule names it."""
OTHER = "other task"

SITUATIONS: tuple[dict[str, Any], ...] = tuple(
    {"irqs_off": irqs_off, "preempt_off": preempt_off, "model": model, "after": list(pair)}
    for irqs_off, preempt_off, model, pair in product(
        (False, True), (False, True), ("full", "none"), permutations(VISITORS, 2)
    )
)


def runs_of(situation: dict[str, Any]) -> tuple[str, ...]:
    """Give everything that begins in a situation, in no order of its own."""
    return (*WORKS, *sorted(situation["after"]), *([OTHER] if "tick" in situation["after"] else []))


def _visitors(draw: Draw) -> Facts:
    return {"situations": [dict(one) for one in draw.some(SITUATIONS, 3)]}


def _told(situation: dict[str, Any]) -> str:
    switches = {"interrupts": situation["irqs_off"], "preemption": situation["preempt_off"]}
    off = " and ".join(name for name, is_off in switches.items() if is_off) or "nothing"
    first, second = situation["after"]
    return f"{off} off, PREEMPT_{situation['model'].upper()}; {first} after work 1, {second} after work 2"


def _show_visitors(facts: Facts) -> str:
    told = zip(PLACES, facts["situations"], strict=True)
    listed = "\n".join(f"  {place:7}{_told(one)}" for place, one in told)
    return f"""A task in a system call turns off preemption or interrupts, both or none. It works for three steps, turns
on again what it turned off (interrupts first), and goes back to user mode. Another task waits for the CPU, and gets
its turn with a tick; without a tick it never comes. IRQ, tick and NMI arrive as said. What has to wait keeps its turn.

{listed}

Say in which order everything begins: a list of 'work 1', 'work 2', 'work 3', 'IRQ' (its handler), 'tick' (its
handler), 'NMI' (its handler), 'other task', with what comes in that situation and nothing else."""


EVENT = Many(Word((*WORKS, *VISITORS, OTHER)), 8)

STEPS = {
    "add": "0x10000 is added to preempt_count",
    "check": "the kernel sees that IF was 1, preempt_count is 0 and need_resched is set",
    "cr3": "CR3 is loaded with the other process's table",
    "enter": "the processor clears IF and calls the tick's handler",
    "first": "the other task takes its first step",
    "note": "need_resched is set: somebody else should have a turn",
    "pick": "the scheduler picks the other task",
    "sub": "0x10000 is subtracted from preempt_count",
}
"""From a tick to another task, by name, in the order of the names."""


def _order(draw: Draw) -> Facts:
    return {"items": list(draw.shuffled(tuple(STEPS.values())))}


def _show_order(facts: Facts) -> str:
    return f"""PREEMPT_FULL; a task in the kernel, both switches on. The timer ticks, and another process gets the CPU.
Put the steps into their order.

{lettered(facts["items"])}

Answer with a list of letters, the first step first: ["C", "A", ...]."""


GATE = """Write may_come_in(who, interrupts_on, preempt_count, model): True if this visitor may come in before the next
step of the code, else False. who is 'IRQ handler', 'NMI handler' or 'another task'; model is 'none', 'voluntary',
'full', 'lazy' or 'rt'. The code is in the kernel, and calls nothing that sleeps. A tick comes, and a task waits."""

HELPER = """A driver has this helper. Its callers may have interrupts on, or off.

    async def driver_helper():
        await local_irq_disable()
        await work()
        await local_irq_enable()

work() touches the device. While it does, no interrupt's handler may run on this CPU. And a caller who has interrupts
off must not be interrupted before it turns them on itself: not after the helper either.
Write driver_helper() anew. It may await work(), once, and local_irq_save(), local_irq_restore(flags),
local_irq_disable(), local_irq_enable(), irqs_disabled(). (local_irq_save() gives what IF was.)
Every schedule is tried, with one interrupt, for both kinds of caller."""

SILENCE_STATEMENTS = (
    "A failed check would have stopped the kernel, and it did not stop.",
    "A kernel without PROVE_LOCKING does not have this check at all.",
    "A raw STI that lockdep is not told of does not make this check warn.",
    "After lockdep has reported something else it is off until the next boot, and this check with it.",
    "In that week no caller had preemption enabled.",
    "The check reads RFLAGS and preempt_count itself, so it cannot be wrong.",
    "The counter exists in every kernel, so the check works in every kernel.",
    "To learn something, one builds with PROVE_LOCKING and makes sure that the line is reached.",
    "Where the check exists, each place warns once per boot, and later calls are silent.",
    "With interrupts off and preempt_count 0 the check warns, so that was not the case either.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _silence(draw: Draw) -> Facts:
    return {"statements": statements(draw, SILENCE_STATEMENTS)}


def _show_silence(facts: Facts) -> str:
    return f"""A helper begins with lockdep_assert_preemption_disabled(). A test kernel was built without PROVE_LOCKING;
it calls the helper for a week and prints no warning.

{statements_shown(facts)}"""


EXERCISES = (
    Exercise(
        name="ch04-visitors",
        chapter=4,
        kind="trace",
        title="Who runs, in which order",
        answer="answer_visitors",
        parts={place: Part(2, f"the whole order of the {place}", EVENT) for place in PLACES},
        variants=comb(len(SITUATIONS), 3),
        facts=_visitors,
        show=_show_visitors,
    ),
    Exercise(
        name="ch04-order",
        chapter=4,
        kind="order",
        title="From a tick to another task",
        answer="answer_order",
        parts=rules("handler", "note", "check", "pick", "switch"),
        variants=40320,
        facts=_order,
        show=_show_order,
        whole=Many(Word(tuple(LETTERS[: len(STEPS)])), len(STEPS)),
    ),
    Exercise(
        name="ch04-gate",
        chapter=4,
        kind="build",
        title="Who may come in",
        answer="may_come_in",
        parts={
            "IRQ": Part(2, "interrupts' handlers"),
            "NMI": Part(1, "NMIs' handlers, among all visitors with interrupts off"),
            "task": Part(3, "another task, on kernels that preempt"),
            "models": Part(2, "another task, on kernels that do not"),
        },
        variants=1,
        facts=lambda _: {},
        show=lambda _: GATE,
        adapt=gate,
    ),
    Exercise(
        name="ch04-helper",
        chapter=4,
        kind="fix",
        title="A helper that says too much",
        answer="driver_helper",
        parts={
            "device": Part(2, "no handler while the helper works, whoever calls it"),
            "caller": Part(3, "a caller with interrupts off is not interrupted"),
            "after": Part(1, "a caller with interrupts on is interruptible again afterwards"),
        },
        variants=1,
        facts=lambda _: {},
        show=lambda _: HELPER,
        adapt=next_step,
    ),
    Exercise(
        name="ch04-silence",
        chapter=4,
        kind="explain",
        title="A week without a warning",
        answer="answer_silence",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_silence,
        show=_show_silence,
        by_hand=4,
    ),
)
"""The exercises, in the order of the chapter."""
