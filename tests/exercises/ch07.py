"""Answers to the exercises of chapter 7."""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.fixmap import local_flush_tlb, text_poke_v5_1
from tempmm_lab.kernel.irqflags import irqsave, local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import FIXMAP
from tempmm_lab.kernel.preempt import preempt_disable
from tempmm_lab.kernel.tlbflush import flush_tlb_all, flush_tlb_kernel_range
from tests.exercises.answers import but, right, wrong, wrong_about, wrong_function

MARKS = ("open", "cleared", "returned", "end")

# ch07-holders


def _one_by_one(
    facts: Any, *_: Any, local: bool = True, clears: bool = False, mov: Any = None, sees: bool = False
) -> Any:
    """Ask of each CPU by itself whether it holds the alias at a mark."""
    drops = not facts["global"] if mov is None else mov
    before, after = facts["window"]
    marks: list[list[int]] = [[0, 1, 2, 3], [], [], []]
    for cpu in range(4):
        has = cpu in (0, facts["first"])
        if before[1] == cpu:
            has = before[0] == "walk" or (has and not drops)
        if after[1] == cpu:
            has = (has and not drops) if after[0] == "MOV CR3" else has or sees
        has = has and not clears
        marks[1] += [cpu] if has else []
        has = has and cpu > 0 and local
        marks[2] += [cpu] if has else []
        for kind, which in facts["later"]:
            has = has and kind != "tell" and not (kind == "MOV CR3" and which == cpu and drops)
            has = has or (sees and kind == "walk" and which == cpu)
        marks[3] += [cpu] if has else []
    return dict(zip(MARKS, marks, strict=True))


def _as_a_log(facts: Any) -> Any:
    """Look, for each CPU, for the last event that counts."""
    log = [["walk", facts["first"]], ["walk", 0], facts["window"][0], ["cleared", None], facts["window"][1]]
    log += [["local", 0], *facts["later"]]

    def holds(cpu: int, until: int) -> bool:
        has = False
        for place, (kind, which) in enumerate(log[:until]):
            if kind == "walk" and which == cpu and place < 3:
                has = True
            if kind == "tell" or (kind == "local" and cpu == 0):
                has = False
            if kind == "MOV CR3" and which == cpu and not facts["global"]:
                has = False
        return has

    found = {
        mark: [cpu for cpu in range(4) if holds(cpu, at)] for mark, at in (("cleared", 5), ("returned", 6), ("end", 8))
    }
    return {"open": [3, 2, 1, 0], **found}


wrong("ch07-holders", "the poker's own", but(open=[0]), "open", "in tables that all CPUs share")
wrong(
    "ch07-holders",
    "clearing is enough",
    lambda f, _: _one_by_one(f, clears=True),
    "cleared",
    "Clearing the entry",
)
wrong(
    "ch07-holders", "the flush reaches all", lambda f, _: _one_by_one(f, local=False), "returned", "flush is local", 1
)
wrong("ch07-holders", "CR3 drops all", lambda f, _: _one_by_one(f, mov=True), "end", "leaves global", 3)
wrong(
    "ch07-holders",
    "CR3 drops nothing",
    lambda f, _: _one_by_one(f, mov=False),
    "cleared returned end",
    "This alias has G=0",
)
wrong("ch07-holders", "a walk finds it", lambda f, _: _one_by_one(f, sees=True), "end", "finds nothing")
wrong("ch07-holders", "the poker keeps it", but(returned=[0]), "returned", "has flushed its own TLB")
wrong("ch07-holders", "a CPU too many", but(open=[1, 2, 4]), "open", "below 0x4")
right("ch07-holders", "CPU by CPU", _one_by_one)
right("ch07-holders", "a log", _as_a_log)

# ch07-dance

ITEMS = {
    "p": "the INT3 handler learns",
    "3": "INT3 is written",
    "s": "every CPU",
    "t": "the new tail",
    "f": "the new first",
    "a": "the whole new",
    "w": "the INT3 handler forgets",
}


def _rounds(names: str) -> Any:
    def letters(facts: Any, *_: Any) -> list[str]:
        places = {name: [text.startswith(ITEMS[name]) for text in facts["items"]].index(True) for name in set(names)}
        return ["ABCDEFG"[places[name]] for name in names]

    return letters


wrong("ch07-dance", "one store", _rounds("a"), "whole", "fetched a part before a round")
wrong("ch07-dance", "INT3 guards it", _rounds("p3tsfsw"), "whole", "CPU 1 executes: old first byte, new tail")
wrong("ch07-dance", "no round for the tail", _rounds("p3stfsw"), "whole", "CPU 1 executes: new first byte, old tail")
wrong("ch07-dance", "known too late", _rounds("3pstsfsw"), "known", "finds an INT3 that nobody knows")
wrong("ch07-dance", "forgotten too early", _rounds("p3stsfw"), "known", "until nobody can have fetched one")
wrong("ch07-dance", "one round too many", _rounds("p3stsfssw"), "few", "Yours does it more often")
wrong("ch07-dance", "never forgotten", _rounds("p3stsfs"), "clean", "still knows a site")
wrong("ch07-dance", "no first byte", _rounds("p3stsw"), "all", "does not stand there whole")
wrong("ch07-dance", "too long", _rounds("p3stsfsw" * 2), "all", "at most 12")
right("ch07-dance", "as Linux does", _rounds("p3stsfsw"))
right("ch07-dance", "the whole at last", _rounds("p3stsasw"))

# ch07-tell


async def text_poke(addr: Any, opcode: Any, size: Any) -> None:
    """Tell everybody afterwards."""
    await text_poke_v5_1(addr, opcode, size)
    await flush_tlb_kernel_range(FIXMAP[0], FIXMAP[0] + 4096)


async def with_more(addr: Any, opcode: Any, size: Any) -> None:
    """Flush here once more, and both pages elsewhere."""
    flags = await local_irq_save()
    await text_poke_v5_1(addr, opcode, size)
    await local_flush_tlb()
    await local_irq_restore(flags)
    await flush_tlb_kernel_range(FIXMAP[0], FIXMAP[-1] + 4096)


async def as_it_was(addr: Any, opcode: Any, size: Any) -> None:
    """Leave it as it was."""
    await text_poke_v5_1(addr, opcode, size)


async def tells_before(addr: Any, opcode: Any, size: Any) -> None:
    """Tell everybody first."""
    await flush_tlb_kernel_range(FIXMAP[0], FIXMAP[0] + 4096)
    await text_poke_v5_1(addr, opcode, size)


async def tells_inside(addr: Any, opcode: Any, size: Any) -> None:
    """Tell everybody with interrupts off."""
    async with irqsave():
        await text_poke(addr, opcode, size)


async def tells_twice(addr: Any, opcode: Any, size: Any) -> None:
    """Tell everybody before and after."""
    await tells_before(addr, opcode, size)
    await flush_tlb_kernel_range(FIXMAP[0], FIXMAP[0] + 4096)


async def flushes_here(addr: Any, opcode: Any, size: Any) -> None:
    """Flush this CPU a second time."""
    await text_poke_v5_1(addr, opcode, size)
    await local_flush_tlb()


async def another_page(addr: Any, opcode: Any, size: Any) -> None:
    """Flush the patched page's own address."""
    await text_poke_v5_1(addr, opcode, size)
    await flush_tlb_kernel_range(addr, addr + 4096)


async def only_flushes(addr: Any, opcode: Any, size: Any) -> None:
    """Write nothing."""
    await flush_tlb_kernel_range(FIXMAP[0], FIXMAP[0] + 4096)


async def flushes_all(addr: Any, opcode: Any, size: Any) -> None:
    """Take a step that is not allowed here."""
    await text_poke_v5_1(addr, opcode, size)
    await flush_tlb_all()


async def never_ends(addr: Any, opcode: Any, size: Any) -> None:
    """Loop."""
    await preempt_disable()
    while True:
        await text_poke_v5_1(addr, opcode, size)


wrong_function("ch07-tell", as_it_was, "left few", "Only a flush that reaches every")
wrong_function("ch07-tell", tells_before, "left", "after the entry was cleared")
wrong_function("ch07-tell", tells_inside, "quiet", "wait for each other for ever")
wrong_function("ch07-tell", tells_twice, "few", "One round of IPIs is enough")
wrong_function("ch07-tell", flushes_here, "left few", "A shortest schedule on which it is left")
wrong_function("ch07-tell", another_page, "left", "may still hold the alias")
wrong_function("ch07-tell", only_flushes, "all", "writes nothing")
wrong_function("ch07-tell", flushes_all, "all", "Here it may await")
wrong_function("ch07-tell", never_ends, "all", "Does it loop")
right("ch07-tell", "afterwards", lambda _: text_poke)
right("ch07-tell", "and once more here", lambda _: with_more)

# ch07-guard

FALSE = ("From the moment", "Nobody looks", "Once INT3", "The first round", "The IPIs", "Without the first")


def _truths(facts: Any) -> list[bool]:
    return [not text.startswith(FALSE) for text in facts["statements"]]


wrong_about("ch07-guard", "From the moment", "has fetched the first byte before")
wrong_about("ch07-guard", "Nobody looks", "Who has fetched the old first byte does")
wrong_about("ch07-guard", "Once INT3", "A fetch may have been earlier")
wrong_about("ch07-guard", "The first round", "Nobody waits for the patch")
wrong_about("ch07-guard", "Without the first", "The mixture comes before it")
wrong_about("ch07-guard", "What could be", "fetched early")
right("ch07-guard", "by the beginnings", lambda f: dict(zip("ABCDEF", _truths(f), strict=True)))
right("ch07-guard", "one by one", lambda f: {"ABCDEF"[n]: one for n, one in enumerate(_truths(f))})
