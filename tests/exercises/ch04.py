"""Answers to the exercises of chapter 4."""

from __future__ import annotations

from typing import Any

from tempmm_lab.gaterule import gets_in
from tempmm_lab.kernel.irqflags import (
    irqs_disabled,
    irqsave,
    local_irq_disable,
    local_irq_enable,
    local_irq_restore,
    local_irq_save,
)
from tempmm_lab.kernel.preempt import preempt_disable
from tempmm_lab.switches import work
from tests.exercises.answers import but, right, wrong, wrong_about, wrong_function

PLACES = ("first", "second", "third")

# ch04-visitors


def _in_time(
    one: Any, *, masks: Any = lambda who, one: one["irqs_off"] and who != "NMI", task: bool = False
) -> list[str]:
    """Give the order by asking of each visitor when it is let in: a place on a line of time."""
    at = {f"work {number}": number for number in (1, 2, 3)}
    for place, who in enumerate(one["after"], 1):
        at[who] = 3.1 + place / 10 if masks(who, one) else place + 0.1
        if who == "tick":
            preempts = one["model"] == "full" and not one["preempt_off"]
            at["other task"] = at[who] + 0.01 if (preempts and at[who] < 3) or task else 9
    return sorted(at, key=lambda name: at[name])


def _each(how: Any) -> Any:
    return lambda facts, *_: {place: how(one) for place, one in zip(PLACES, facts["situations"], strict=True)}


def _lists(one: Any) -> list[str]:
    """Give the order by putting what is let in into a list, and the rest behind it."""
    begun, late = [], []
    for number in (1, 2, 3):
        begun.append(f"work {number}")
        for who in one["after"][number - 1 : number]:
            (late if one["irqs_off"] and who != "NMI" else begun).append(who)
            if who == "tick" and not one["irqs_off"] and not one["preempt_off"] and one["model"] == "full":
                begun.append("other task")
    begun += late
    return begun if "other task" in begun or "tick" not in begun else [*begun, "other task"]


wrong(
    "ch04-visitors",
    "preempt_count holds interrupts",
    _each(lambda one: _in_time(one, masks=lambda who, one: (one["irqs_off"] or one["preempt_off"]) and who != "NMI")),
    "second",
    "never heard of preempt_count",
    seed=1,
)
wrong(
    "ch04-visitors",
    "NMIs wait",
    _each(lambda one: _in_time(one, masks=lambda _, one: one["irqs_off"])),
    "third",
    "An NMI's handler runs at once",
)
wrong("ch04-visitors", "nothing waits", _each(lambda one: _in_time(one, masks=lambda *_: False)), "third", "wait until")
wrong(
    "ch04-visitors", "the tick brings the task", _each(lambda one: _in_time(one, task=True)), "second", "leaves a note"
)
wrong(
    "ch04-visitors",
    "no kernel preempts",
    _each(lambda one: _in_time({**one, "model": "none"})),
    "first",
    "the way out of the tick is enough",
)
wrong("ch04-visitors", "no such event", but(first=["work 1", "schedule"]), "first", "item 2 should be one of")
wrong("ch04-visitors", "something left out", lambda _, key: {**key, "first": key["first"][:-1]}, "first", "Not yet")
right("ch04-visitors", "on a line of time", _each(_in_time))
right("ch04-visitors", "with two lists", _each(_lists))

# ch04-order

STEPS = (
    "the processor clears IF and calls the tick's handler",
    "0x10000 is added to preempt_count",
    "need_resched is set: somebody else should have a turn",
    "0x10000 is subtracted from preempt_count",
    "the kernel sees that IF was 1, preempt_count is 0 and need_resched is set",
    "the scheduler picks the other task",
    "CR3 is loaded with the other process's table",
    "the other task takes its first step",
)


def _letters(*order: int) -> Any:
    return lambda facts, *_: ["ABCDEFGH"[facts["items"].index(STEPS[step])] for step in order]


wrong("ch04-order", "questions in the handler", _letters(0, 1, 2, 4, 3, 5, 6, 7), "check", "own share")
wrong("ch04-order", "picks first", _letters(0, 1, 2, 3, 5, 4, 6, 7), "pick", "three times yes")
wrong("ch04-order", "runs, then loads", _letters(0, 1, 2, 3, 4, 5, 7, 6), "switch", "before its first step")
wrong("ch04-order", "a note from nowhere", _letters(2, 0, 1, 3, 4, 5, 6, 7), "handler note", "the processor does")
wrong("ch04-order", "the count comes last", _letters(0, 2, 3, 1, 4, 5, 6, 7), "note", "after it went up")
wrong("ch04-order", "text for a list", lambda *_: "ABCDEFGH", "all", "should be a list")
right("ch04-order", "by its beginnings", _letters(*range(8)))
right("ch04-order", "as a tuple", lambda facts: tuple(_letters(*range(8))(facts)))

# ch04-gate


def by_machine(who: Any, interrupts_on: Any, preempt_count: Any, model: Any) -> bool:
    """Ask the machine."""
    return gets_in(who, interrupts_on, preempt_count, model)


def may_come_in(who: Any, interrupts_on: Any, preempt_count: Any, model: Any) -> bool:
    """Say it in one expression."""
    preemptible = not preempt_count and model not in {"none", "voluntary"}
    return who[0] == "N" or (interrupts_on and (who[0] == "I" or preemptible))


def first_rule(who: Any, interrupts_on: Any, preempt_count: Any, model: Any) -> bool:
    """Give the chapter's first rule."""
    return True if who == "NMI handler" else interrupts_on


def lowest_field(who: Any, interrupts_on: Any, preempt_count: Any, model: Any) -> bool:
    """Look at the lowest field alone."""
    return may_come_in(who, interrupts_on, preempt_count & 0xFF, model)


def count_alone(who: Any, interrupts_on: Any, preempt_count: Any, model: Any) -> bool:
    """Forget IF for tasks."""
    if who == "another task":
        return preempt_count == 0 and model in {"full", "lazy", "rt"}
    return may_come_in(who, interrupts_on, preempt_count, model)


def count_for_all(who: Any, interrupts_on: Any, preempt_count: Any, model: Any) -> bool:
    """Let the count hold interrupts back."""
    allowed = may_come_in(who, interrupts_on, preempt_count, model)
    return allowed and (who != "IRQ handler" or preempt_count == 0)


def nmi_masked(who: Any, interrupts_on: Any, preempt_count: Any, model: Any) -> bool:
    """Mask NMIs."""
    return interrupts_on and may_come_in(who, interrupts_on, preempt_count, model)


def every_kernel(who: Any, interrupts_on: Any, preempt_count: Any, model: Any) -> bool:
    """Preempt in every kernel."""
    return may_come_in(who, interrupts_on, preempt_count, "full")


wrong_function("ch04-gate", first_rule, "task models", "more than IF=1")
wrong_function("ch04-gate", lowest_field, "task", "Any field")
wrong_function("ch04-gate", count_alone, "task", "no tick comes in")
wrong_function("ch04-gate", count_for_all, "IRQ", "holds no interrupt back")
wrong_function("ch04-gate", nmi_masked, "NMI", "not maskable")
wrong_function("ch04-gate", every_kernel, "models", "do not preempt kernel code")
right("ch04-gate", "by the machine", lambda _: by_machine)
right("ch04-gate", "in one expression", lambda _: may_come_in)

# ch04-helper


async def with_save() -> None:
    """Save and restore."""
    flags = await local_irq_save()
    await work()
    await local_irq_restore(flags)


async def with_guard() -> None:
    """Let the guard do it."""
    async with irqsave():
        await work()


async def asks_first() -> None:
    """Turn on only what was on."""
    was_off = await irqs_disabled()
    await local_irq_disable()
    await work()
    if not was_off:
        await local_irq_enable()


async def as_it_was() -> None:
    """Turn interrupts off and on: the driver's own."""
    await local_irq_disable()
    await work()
    await local_irq_enable()


async def unprotected() -> None:
    """Work with no protection."""
    await work()


async def too_late() -> None:
    """Turn interrupts on before the work."""
    flags = await local_irq_save()
    await local_irq_restore(flags)
    await work()


async def stays_off() -> None:
    """Leave interrupts off."""
    await local_irq_save()
    await work()


async def without_work() -> None:
    """Never work."""
    flags = await local_irq_save()
    await local_irq_restore(flags)


async def for_ever() -> None:
    """Work without end."""
    while True:
        await work()


async def other_switch() -> None:
    """Turn off the other switch: not a step that is allowed here."""
    await preempt_disable()
    await work()


def not_async() -> None:
    """Await nothing."""


wrong_function("ch04-helper", as_it_was, "caller", "CLI and STI do not count")
wrong_function("ch04-helper", unprotected, "device", "while the helper works")
wrong_function("ch04-helper", too_late, "device", "from before work()")
wrong_function("ch04-helper", stays_off, "after", "finds them off")
wrong_function("ch04-helper", without_work, "all", "never comes to work()")
wrong_function("ch04-helper", for_ever, "all", "Does it loop?")
wrong_function("ch04-helper", other_switch, "all", "Here it may await")
wrong_function("ch04-helper", not_async, "all", "Begin it with async def")
right("ch04-helper", "save and restore", lambda _: with_save)
right("ch04-helper", "the guard", lambda _: with_guard)
right("ch04-helper", "asking first", lambda _: asks_first)

# ch04-silence

FALSE = ("In that week", "A failed check", "The check reads", "The counter exists", "With interrupts off")


def _truths(facts: Any) -> list[bool]:
    return [not text.startswith(FALSE) for text in facts["statements"]]


wrong_about("ch04-silence", "The counter exists", "without the counter")
wrong_about("ch04-silence", "A failed check", "a line in the log")
wrong_about("ch04-silence", "The check reads", "lockdep's flag")
wrong_about("ch04-silence", "Where the check", "once-per-boot")
wrong_about("ch04-silence", "A raw STI", "a flag of its own")
right("ch04-silence", "by the beginnings", lambda f: dict(zip("ABCDEF", _truths(f), strict=True)))
right("ch04-silence", "one by one", lambda f: {"ABCDEF"[n]: one for n, one in enumerate(_truths(f))})
