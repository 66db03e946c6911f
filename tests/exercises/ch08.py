"""Answers to the exercises of chapter 8."""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_active, hw_breakpoint_restore
from tempmm_lab.kernel.irqflags import irqsave, local_irq_disable, local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import OTHER_MM
from tempmm_lab.kernel.percpu import this_cpu_read
from tempmm_lab.kernel.tlb import switch_mm_irqs_off
from tempmm_lab.kernel.tlbstate import cpumask_clear_cpu, cpumask_set_cpu
from tests.exercises.answers import but, right, wrong, wrong_about, wrong_function

# ch08-order

STEPS = (
    "__text_poke() turns",
    "the alias's entry is set",
    "text_poke_mm is loaded",
    "breakpoints are",
    "the bytes are",
    "the alias's entry is cleared",
    "this CPU's bit",
    "the mm that was",
    "flush_tlb_mm_range()",
    "__text_poke() restores",
)


def _letters(*order: int) -> Any:
    def letters(facts: Any, *_: Any) -> list[str]:
        places = [[text.startswith(STEPS[step]) for text in facts["items"]].index(True) for step in order]
        return ["ABCDEFGHIJ"[place] for place in places]

    return letters


wrong("ch08-order", "interrupts on too early", _letters(0, 1, 2, 3, 4, 5, 9, 6, 7, 8), "window", "wild store")
wrong("ch08-order", "disarmed too late", _letters(0, 1, 2, 4, 3, 5, 6, 7, 8, 9), "armed", "before anything is written")
wrong("ch08-order", "written before it is loaded", _letters(0, 1, 4, 2, 3, 5, 6, 7, 8, 9), "armed write", "is loaded")
wrong("ch08-order", "the bit too late", _letters(0, 1, 2, 3, 4, 5, 7, 6, 8, 9), "bit", "that is *loaded*")
wrong("ch08-order", "flush before unuse", _letters(0, 1, 2, 3, 4, 5, 8, 6, 7, 9), "flush", "turn interrupts on")
wrong("ch08-order", "flush before clearing", _letters(0, 1, 2, 3, 4, 6, 7, 8, 5, 9), "bit", "the entry is cleared")
wrong("ch08-order", "mapped first", _letters(1, 0, 2, 3, 4, 5, 6, 7, 8, 9), "window", "before the alias is mapped")
wrong("ch08-order", "flush at the very end", _letters(0, 1, 2, 3, 4, 5, 6, 7, 9, 8), "window", "gone and flushed")
right("ch08-order", "as v6.16", _letters(*range(10)))
right("ch08-order", "as a tuple", lambda facts: tuple(_letters(*range(10))(facts)))

# ch08-loads

PLACES = ("first", "second", "third", "fourth", "fifth")


def _by_generations(facts: Any, *_: Any, raise_it: bool | None = None, told: bool = True, misses: bool = True) -> Any:
    """Keep the generations, and what each CPU's slots say."""
    temporary, own, slots, noted, loads = 0, [0, 0], dict[int, int](), [0, 0], []
    for cpu, when in facts["pokes"]:
        if when == "before":
            own[cpu] += 1
            noted[cpu] += told
        there = "keep" if slots.get(cpu) == temporary else "flush"
        slots[cpu] = temporary
        own[cpu] += when == "during" and misses
        back = "keep" if noted[cpu] == own[cpu] else "flush"
        noted[cpu] = own[cpu]
        temporary += facts["flushes"] if raise_it is None else raise_it
        loads.append([there, back])
    return dict(zip(PLACES, loads, strict=True))


def _in_words(facts: Any) -> Any:
    """Say it in three sentences of code."""
    cpus = [cpu for cpu, _ in facts["pokes"]]
    there = ["flush" if facts["flushes"] or cpu not in cpus[:n] else "keep" for n, cpu in enumerate(cpus)]
    back = ["flush" if when == "during" else "keep" for _, when in facts["pokes"]]
    return {place: list(pair) for place, pair in zip(PLACES, zip(there, back, strict=True), strict=True)}


ALL = {place: ["flush", "flush"] for place in PLACES}
LAST = "third fourth fifth"
wrong(
    "ch08-loads",
    "it flushes nothing",
    lambda f, _: _by_generations(f, raise_it=False),
    "third fourth fifth",
    "is behind",
    10,
)
wrong(
    "ch08-loads",
    "it flushes anyway",
    lambda f, _: _by_generations(f, raise_it=True),
    "third fourth fifth",
    "up to date",
)
wrong("ch08-loads", "all flush", lambda *_: ALL, LAST, "With PCIDs a switch")
wrong("ch08-loads", "back is kept", lambda f, _: _by_generations(f, misses=False), "first", "not told to this CPU", 1)
wrong("ch08-loads", "told later", lambda f, _: _by_generations(f, told=False), "third", "it was told, flushed")
wrong("ch08-loads", "the first keeps", but(first=["keep", "keep"]), "first", "A new slot is always flushed", 2)
wrong("ch08-loads", "one word", but(first="flush"), "first", "should be a list")
right("ch08-loads", "by generations", _by_generations)
right("ch08-loads", "in words", _in_words)

# ch08-unuse


async def _back(mm: Any) -> None:
    await switch_mm_irqs_off(None, mm, None)


async def _arm() -> None:
    if await hw_breakpoint_active():
        await hw_breakpoint_restore()


async def unuse_temporary_mm(prev_mm: Any) -> None:
    """Give it back as v6.16 does."""
    async with irqsave():
        await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
        await _back(prev_mm)
        await _arm()


async def armed_outside(prev_mm: Any) -> None:
    """Look at the breakpoints with interrupts as they were."""
    leaving = await this_cpu_read("loaded_mm")
    flags = await local_irq_save()
    await cpumask_clear_cpu(leaving)
    await switch_mm_irqs_off(None, prev_mm, None)
    await local_irq_restore(flags)
    if await hw_breakpoint_active():
        await hw_breakpoint_restore()


async def forgets_the_bit(prev_mm: Any) -> None:
    """Leave the bit set."""
    async with irqsave():
        await _back(prev_mm)
        await _arm()


async def clears_too_late(prev_mm: Any) -> None:
    """Clear the bit of what is loaded after the switch."""
    async with irqsave():
        await _back(prev_mm)
        await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
        await _arm()


async def stays_disarmed(prev_mm: Any) -> None:
    """Forget the breakpoints."""
    async with irqsave():
        await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
        await _back(prev_mm)


async def arms_too_early(prev_mm: Any) -> None:
    """Arm them while the temporary mm is loaded."""
    async with irqsave():
        await _arm()
        await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
        await _back(prev_mm)


async def leaves_interrupts_on(prev_mm: Any) -> None:
    """Let the caller see to interrupts."""
    await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
    await _back(prev_mm)
    await _arm()


async def turns_interrupts_on(prev_mm: Any) -> None:
    """Say at the end that interrupts are on."""
    await local_irq_save()
    await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
    await _back(prev_mm)
    await _arm()
    await local_irq_restore(True)


async def another_mm(prev_mm: Any) -> None:
    """Go somewhere else."""
    await unuse_temporary_mm(OTHER_MM)


async def only_the_bit(prev_mm: Any) -> None:
    """Load nothing."""
    await cpumask_set_cpu(prev_mm)


async def disables(prev_mm: Any) -> None:
    """Take a step that is not allowed here."""
    await local_irq_disable()


wrong_function("ch08-unuse", forgets_the_bit, "bit every", "it sends the next poker's flush here")
wrong_function("ch08-unuse", clears_too_late, "bit every", "while that is loaded")
wrong_function("ch08-unuse", stays_disarmed, "armed", "armed again if their shadow")
wrong_function("ch08-unuse", arms_too_early, "armed", "only when the temporary mm is gone")
wrong_function("ch08-unuse", leaves_interrupts_on, "irqs", "The switch needs IF=0")
wrong_function("ch08-unuse", turns_interrupts_on, "irqs", "gets back the IF")
wrong_function("ch08-unuse", another_mm, "all", "should be loaded")
wrong_function("ch08-unuse", only_the_bit, "all", "there are no points")
wrong_function("ch08-unuse", disables, "all", "Here it may await")
right("ch08-unuse", "as v6.16", lambda _: unuse_temporary_mm)
right("ch08-unuse", "armed outside", lambda _: armed_outside)

# ch08-flush

FALSE = ("Clearing the", "It drops", "It keeps", "One line", "The switch back")


def _truths(facts: Any) -> list[bool]:
    return [not text.startswith(FALSE) for text in facts["statements"]]


wrong_about("ch08-flush", "It drops", "not loaded here any more")
wrong_about("ch08-flush", "One line", "turns interrupts on behind it")
wrong_about("ch08-flush", "The switch back", "Only without PCIDs")
wrong_about("ch08-flush", "Without it", "the old translation serve")
wrong_about("ch08-flush", "Clearing the", "The load looks at generations")
right("ch08-flush", "by the beginnings", lambda f: dict(zip("ABCDEF", _truths(f), strict=True)))
right("ch08-flush", "one by one", lambda f: {"ABCDEF"[n]: one for n, one in enumerate(_truths(f))})
