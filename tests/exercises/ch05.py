"""Answers to the exercises of chapter 5."""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.irqflags import local_irq_save
from tempmm_lab.kernel.layout import LOADED_MM_SWITCHING
from tempmm_lab.kernel.percpu import this_cpu_read, this_cpu_write
from tests.exercises.answers import but, right, wrong, wrong_about, wrong_function

PLACES = ("first", "second", "third", "fourth")

# ch05-slots


def _kept(facts: Any, *_: Any, trusts: bool = False, keeps_new: bool = False, first: int = 0) -> Any:
    """Keep a list of slots, as the kernel does."""
    slots, turn = [tuple(slot) for slot in facts["slots"]], facts["next_asid"]
    gens = {f"p{n}": 3 for n in range(1, 9)}
    now, loads = facts["slots"][facts["loaded"]][0], []
    for kind, mm in facts["events"]:
        if kind == "flush":
            gens[mm] += 1
            if mm == now:
                slots = [(mm, gens[mm]) if owner == mm else (owner, gen) for owner, gen in slots]
            continue
        owners = [owner for owner, _ in slots]
        if mm in owners:
            asid = owners.index(mm)
            flush = slots[asid][1] < gens[mm] and not trusts
        else:
            asid = turn if turn < 6 else first
            turn, flush = asid + 1, not keeps_new
        slots[asid], now = (mm, gens[mm]), mm
        loads.append([asid + 1, "flush" if flush else "keep"])
    return dict(zip(PLACES, loads, strict=True))


def _in_a_dict(facts: Any) -> Any:
    """Keep where each process is, and up to which of its flushes it has kept up."""
    at = {owner: asid for asid, (owner, _) in enumerate(facts["slots"])}
    missed = {owner: 3 - generation for owner, generation in facts["slots"]}
    loaded, turn, loads = facts["slots"][facts["loaded"]][0], facts["next_asid"] % 6, []
    for kind, mm in facts["events"]:
        if kind == "flush":
            missed[mm] = missed.get(mm, 0) + (mm != loaded)
        elif mm in at:
            loads.append([at[mm] + 1, "flush" if missed[mm] else "keep"])
        else:
            at = {owner: asid for owner, asid in at.items() if asid != turn} | {mm: turn}
            loads.append([turn + 1, "flush"])
            turn = (turn + 1) % 6
        if kind == "switch":
            missed[mm], loaded = 0, mm
    return dict(zip(PLACES, loads, strict=True))


def _minus_one(_: Any, key: Any) -> Any:
    return {place: [pcid - 1, what] for place, (pcid, what) in key.items()}


def _all(what: str) -> Any:
    return lambda _, key: {place: [pcid, what] for place, (pcid, _) in key.items()}


wrong("ch05-slots", "PCID is ASID", _minus_one, "all", "the ASID plus 1")
wrong(
    "ch05-slots", "own means keep", lambda f, _: _kept(f, trusts=True), "first third", "something was flushed meanwhile"
)
wrong("ch05-slots", "always flush", _all("flush"), "fourth", "what PCIDs are for")
wrong("ch05-slots", "new ones are kept", lambda f, _: _kept(f, keeps_new=True), "second", "always flushed")
wrong("ch05-slots", "after 5 comes 1", lambda f, _: _kept(f, first=1), "first third fourth", "After ASID 5", seed=2)
wrong("ch05-slots", "a word", but(first="keep"), "first", "should be a list")
right("ch05-slots", "a list of slots", _kept)
right("ch05-slots", "a dictionary", _in_a_dict)

# ch05-choose


async def choose_new_asid(ctx_id: Any, next_tlb_gen: Any) -> Any:
    """Look for the own slot first."""
    slots = await this_cpu_read("ctxs")
    for asid in range(6):
        if slots[asid][0] == ctx_id:
            return asid, slots[asid][1] < next_tlb_gen
    fresh = await this_cpu_read("next_asid")
    await this_cpu_write("next_asid", fresh % 6 + 1)
    return fresh % 6, True


async def with_a_dict(ctx_id: Any, next_tlb_gen: Any) -> Any:
    """Put the slots into a dictionary, and count as the kernel does."""
    own = {owner: (asid, gen) for asid, (owner, gen) in enumerate(await this_cpu_read("ctxs")) if owner}
    if ctx_id in own:
        asid, generation = own[ctx_id]
        return (asid, generation != next_tlb_gen and generation < next_tlb_gen)
    asid = await this_cpu_read("next_asid")
    await this_cpu_write("next_asid", asid + 1)
    if asid >= 6:
        asid = 0
        await this_cpu_write("next_asid", 1)
    return (asid, True)


async def never_looks(ctx_id: Any, next_tlb_gen: Any) -> Any:
    """Give out the next slot always."""
    fresh = await this_cpu_read("next_asid")
    await this_cpu_write("next_asid", fresh % 6 + 1)
    return fresh % 6, True


async def own_is_kept(ctx_id: Any, next_tlb_gen: Any) -> Any:
    """Forget generations."""
    asid, flush = await choose_new_asid(ctx_id, next_tlb_gen)
    slots = await this_cpu_read("ctxs")
    return asid, flush and slots[asid][0] != ctx_id


async def never_wraps(ctx_id: Any, next_tlb_gen: Any) -> Any:
    """Give out slot 6."""
    slots = await this_cpu_read("ctxs")
    for asid in range(6):
        if slots[asid][0] == ctx_id:
            return asid, slots[asid][1] < next_tlb_gen
    fresh = await this_cpu_read("next_asid")
    await this_cpu_write("next_asid", fresh + 1)
    return fresh, True


async def does_not_count(ctx_id: Any, next_tlb_gen: Any) -> Any:
    """Leave next_asid as it is."""
    slots = await this_cpu_read("ctxs")
    for asid in range(6):
        if slots[asid][0] == ctx_id:
            return asid, slots[asid][1] < next_tlb_gen
    return await this_cpu_read("next_asid") % 6, True


async def reads_too_much(ctx_id: Any, next_tlb_gen: Any) -> Any:
    """Read what is not there."""
    return await this_cpu_read("is_lazy")


async def turns_interrupts_off(ctx_id: Any, next_tlb_gen: Any) -> Any:
    """Take a step that is not allowed here."""
    await local_irq_save()
    return 0, True


async def gives_nothing(ctx_id: Any, next_tlb_gen: Any) -> Any:
    """Give nothing."""


async def raises(ctx_id: Any, next_tlb_gen: Any) -> Any:
    """Divide by nothing."""
    return ctx_id // 0, True


wrong_function("ch05-choose", never_looks, "keep stale", "The slot with this ctx_id is its own")
wrong_function("ch05-choose", own_is_kept, "stale", "generation is behind")
wrong_function("ch05-choose", never_wraps, "wrap", "slot 0 is given out")
wrong_function("ch05-choose", does_not_count, "turn", "moves on by one")
wrong_function("ch05-choose", reads_too_much, "all", "takes one of 'ctxs', 'next_asid'")
wrong_function("ch05-choose", turns_interrupts_off, "all", "Here it may await")
wrong_function("ch05-choose", gives_nothing, "all", "Is it finished?")
wrong_function("ch05-choose", raises, "all", "ZeroDivisionError")
right("ch05-choose", "a loop", lambda _: choose_new_asid)
right("ch05-choose", "a dictionary", lambda _: with_a_dict)

# ch05-flushes

AWAKE = ("is_lazy", False)


def _here(mm: Any) -> Any:
    return ("cpumask", mm), True


def _loads(mm: Any) -> Any:
    return ("loaded", mm), True


async def should_flush_tlb(mm: Any, info: Any) -> Any:
    """Tell those that have it loaded, and those that are switching."""
    if info.freed_tables:
        return ((_here(mm),),)
    return (_here(mm), AWAKE, _loads(mm)), (_here(mm), AWAKE, _loads(LOADED_MM_SWITCHING))


async def two_ways(mm: Any, info: Any) -> Any:
    """Build the clauses in a loop."""
    awake = () if info.freed_tables else (AWAKE,)
    clauses = [(_here(mm), *awake, _loads(loaded)) for loaded in (LOADED_MM_SWITCHING, mm)]
    return (*clauses, *([(_here(mm),)] if info.freed_tables else []))


async def loaded_only(mm: Any, info: Any) -> Any:
    """Give the chapter's first rule, with freed tables."""
    return ((_here(mm),),) if info.freed_tables else ((_here(mm), AWAKE, _loads(mm)),)


async def everybody(mm: Any, info: Any) -> Any:
    """Tell everybody in the mask."""
    return ((_here(mm),),)


async def wakes_the_lazy(mm: Any, info: Any) -> Any:
    """Leave out that they are awake."""
    return tuple((_here(mm), _loads(loaded)) for loaded in (mm, LOADED_MM_SWITCHING)) + await everybody_if(mm, info)


async def everybody_if(mm: Any, info: Any) -> Any:
    """Tell everybody if tables are freed."""
    return ((_here(mm),),) if info.freed_tables else ()


async def forgets_tables(mm: Any, info: Any) -> Any:
    """Forget freed tables."""
    return (_here(mm), AWAKE, _loads(mm)), (_here(mm), AWAKE, _loads(LOADED_MM_SWITCHING))


async def nobody(mm: Any, info: Any) -> Any:
    """Tell nobody."""
    return ()


async def a_list(mm: Any, info: Any) -> Any:
    """Give lists for tuples."""
    return [[_here(mm)]]


async def a_word(mm: Any, info: Any) -> Any:
    """Ask for what is not there."""
    return ((("idle", True),),)


wrong_function("ch05-flushes", loaded_only, "switching", "A flush is lost in 53 steps")
wrong_function("ch05-flushes", everybody, "lazy others", "woken for nothing")
wrong_function("ch05-flushes", wakes_the_lazy, "lazy", "when it stops being lazy")
wrong_function("ch05-flushes", forgets_tables, "tables", "the walker may have")
wrong_function("ch05-flushes", nobody, "all", "sends to nobody")
wrong_function("ch05-flushes", a_list, "all", "Write tuples: (a, b) for [a, b]")
wrong_function("ch05-flushes", a_word, "all", "There are ('cpumask', mm)")
right("ch05-flushes", "two clauses", lambda _: should_flush_tlb)
right("ch05-flushes", "in a loop", lambda _: two_ways)

# ch05-sign

FALSE = ("Interrupts are off", "The bit in the mask", "A CPU that keeps", "A test run", "SWITCHING means")


def _truths(facts: Any) -> list[bool]:
    return [not text.startswith(FALSE) for text in facts["statements"]]


wrong_about("ch05-sign", "Interrupts are off", "no permission from this one's IF")
wrong_about("ch05-sign", "The bit in the mask", "the bit alone sends nothing")
wrong_about("ch05-sign", "A test run", "a few steps long")
wrong_about("ch05-sign", "While loaded_mm", "It equals no mm")
wrong_about("ch05-sign", "A CPU that has read", "sets bit 63")
right("ch05-sign", "by the beginnings", lambda f: dict(zip("ABCDEF", _truths(f), strict=True)))
right("ch05-sign", "one by one", lambda f: {"ABCDEF"[n]: one for n, one in enumerate(_truths(f))})
