"""Answers to the exercises of chapter 6."""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.percpu import this_cpu_read
from tempmm_lab.kernel.tlb import leave_mm
from tempmm_lab.kernel.tlbflush import TLB_FLUSH_ALL, flush_tlb_local, flush_tlb_one_user
from tempmm_lab.kernel.tlbstate import atomic64_read_tlb_gen, cpumask_clear_cpu, set_asid_ctx
from tests.exercises.answers import but, right, wrong, wrong_about, wrong_function

PLACES = ("first", "second", "third")

# ch06-told

LAZY, STALE, SWITCHING = "lazy on its mm", "ran it, now another", "switching to it"


def _does(build: str, cpu: str, flush: str) -> str:
    """Ask as the kernel does: whom first, then what the handler finds."""
    what = "drops all" if flush == "reclaim" else "drops it"
    member = cpu != "never ran it" and (cpu != STALE or build == "v6.16")
    if flush == "a kernel page":
        return what
    if not member or (cpu == LAZY and flush != "page tables") or (cpu == STALE and flush == "a page"):
        return "no IPI"
    if cpu == LAZY:
        return "to init_mm"
    if cpu == STALE:
        return "nothing" if flush == "reclaim" else "clears its bit"
    return what


def _all(facts: Any, *_: Any, change: Any = None) -> Any:
    change = change or {}
    return {
        place: [change.get((cpu, flush), _does(facts["build"], cpu, flush)) for cpu in facts["cpus"]]
        for place, flush in zip(PLACES, facts["flushes"], strict=True)
    }


TABLE = {
    "runs the process": ("drops it", "drops it", "drops it", "drops all", "drops it"),
    LAZY: ("no IPI", "to init_mm", "no IPI", "no IPI", "drops it"),
    SWITCHING: ("drops it", "drops it", "drops it", "drops all", "drops it"),
    STALE: ("no IPI", "clears its bit", "clears its bit", "nothing", "drops it"),
    "never ran it": ("no IPI", "no IPI", "no IPI", "no IPI", "drops it"),
}
FLUSHES = ("a page", "page tables", "a page, mask due", "reclaim", "a kernel page")


def _by_table(facts: Any) -> Any:
    """Look it up in the chapter's table."""
    table = {**TABLE, STALE: TABLE["never ran it"]} if facts["build"] == "v5.10" else TABLE
    columns = [FLUSHES.index(flush) for flush in facts["flushes"]]
    return dict(zip(PLACES, [[table[cpu][n] for cpu in facts["cpus"]] for n in columns], strict=True))


def _believes(*pairs: tuple[str, str, str]) -> Any:
    return lambda facts, _: _all(facts, change={(cpu, flush): what for cpu, flush, what in pairs})


ONES = ("a page", "a page, mask due")
wrong("ch06-told", "lazy ones are told", _believes(*((LAZY, one, "drops it") for one in ONES)), "third", "left alone")
wrong("ch06-told", "lazy ones never", _believes((LAZY, "page tables", "no IPI")), "second", "the way to the table")
wrong("ch06-told", "lazy ones drop", _believes((LAZY, "page tables", "drops it")), "second", "goes to init_mm")
wrong("ch06-told", "the mask is enough", _believes((STALE, "a page", "clears its bit")), "second", "the bit alone", 11)
wrong(
    "ch06-told",
    "not there yet",
    _believes(*((SWITCHING, one, "no IPI") for one in FLUSHES[:4])),
    "second third",
    "old generation",
    3,
)
wrong("ch06-told", "stale ones flush", _believes((STALE, "page tables", "drops it")), "third", "taking its bit away", 4)
wrong(
    "ch06-told",
    "a kernel page by the mask",
    _believes(("never ran it", "a kernel page", "no IPI")),
    "first",
    "online",
    3,
)
wrong("ch06-told", "v5.10 cleans up", _believes((STALE, "page tables", "clears its bit")), "second", "no clean-up")
wrong(
    "ch06-told",
    "reclaim names a page",
    _believes((SWITCHING, "reclaim", "drops it"), ("runs the process", "reclaim", "drops it")),
    "third",
    "names none of them",
    1,
)
wrong("ch06-told", "three CPUs", but(first=["drops it"] * 3), "first", "Four are asked for")
right("ch06-told", "as the kernel asks", _all)
right("ch06-told", "the chapter's table", _by_table)

# ch06-order

STEPS = (
    "the entry is cleared",
    "the mm's generation goes up by one",
    "the mm's mask is read",
    "what each CPU of the mask says of itself is read",
    "IPIs are sent",
    "the sender flushes its own TLB",
    "the sender has heard from everybody it asked",
    "the frame is given back",
)


def _letters(*order: int) -> Any:
    return lambda facts, *_: ["ABCDEFGH"[facts["items"].index(STEPS[step])] for step in order]


wrong("ch06-order", "flush, then clear", _letters(1, 2, 3, 4, 5, 6, 0, 7), "entry", "may walk and have it again")
wrong("ch06-order", "look, then raise", _letters(0, 2, 3, 1, 4, 5, 6, 7), "look", "finds the new number")
wrong("ch06-order", "wait before asking", _letters(0, 1, 2, 3, 5, 6, 4, 7), "send", "something to wait for")
wrong("ch06-order", "free at once", _letters(0, 7, 1, 2, 3, 4, 5, 6), "frame", "when nobody can use it")
wrong("ch06-order", "in a hurry", _letters(0, 1, 2, 3, 4, 5, 7, 6), "frame", "when nobody can use it")
right("ch06-order", "as v6.16", _letters(*range(8)))
right("ch06-order", "itself at last", _letters(0, 1, 2, 3, 4, 6, 5, 7))

# ch06-func


async def _where(info: Any) -> Any:
    """Give (mm, asid, local, wanted) if there may be something to flush, after the early exits."""
    mm = await this_cpu_read("loaded_mm")
    if info.mm is not None and info.mm != mm:
        await cpumask_clear_cpu(info.mm)
        return None
    if mm == "init_mm":
        return None
    if await this_cpu_read("is_lazy"):
        await leave_mm()
        return None
    asid = await this_cpu_read("loaded_mm_asid")
    slots = await this_cpu_read("ctxs")
    return mm, asid, slots[asid][1], await atomic64_read_tlb_gen(mm)


async def flush_tlb_func(info: Any) -> None:
    """Do as the kernel does."""
    found = await _where(info)
    if found is None:
        return
    mm, asid, local, wanted = found
    if local < wanted and not 0 < info.new_tlb_gen <= local:
        if info.new_tlb_gen == wanted == local + 1 and info.end != TLB_FLUSH_ALL:
            for va in range(info.start, info.end, 4096):
                await flush_tlb_one_user(va)
        else:
            await flush_tlb_local()
        await set_asid_ctx(asid, mm, wanted)


async def in_one_piece(info: Any) -> None:
    """Ask lazily, and with a while loop."""
    mm = await this_cpu_read("loaded_mm")
    if info.mm and info.mm != mm:
        return await cpumask_clear_cpu(info.mm)
    if mm == "init_mm":
        return None
    if await this_cpu_read("is_lazy"):
        return await leave_mm()
    generation = await atomic64_read_tlb_gen(mm)
    asid = await this_cpu_read("loaded_mm_asid")
    _, mine = (await this_cpu_read("ctxs"))[asid]
    if mine == generation or (info.new_tlb_gen and info.new_tlb_gen <= mine):
        return None
    va, pages = info.start, info.end != TLB_FLUSH_ALL and mine + 1 == info.new_tlb_gen == generation
    if not pages:
        await flush_tlb_local()
    while pages and va < info.end:
        await flush_tlb_one_user(va)
        va += 4096
    return await set_asid_ctx(asid, mm, generation)


async def always_everything(info: Any) -> None:
    """Never go page by page."""
    found = await _where(info)
    if found is not None:
        mm, asid, local, wanted = found
        if local < wanted and not 0 < info.new_tlb_gen <= local:
            await flush_tlb_local()
            await set_asid_ctx(asid, mm, wanted)


async def only_its_pages(info: Any) -> None:
    """Drop what is asked for, and claim to have kept up with everything."""
    found = await _where(info)
    if found is None:
        return
    mm, asid, local, wanted = found
    if local < wanted and not 0 < info.new_tlb_gen <= local:
        if info.end == TLB_FLUSH_ALL:
            await flush_tlb_local()
        else:
            for va in range(info.start, info.end, 4096):
                await flush_tlb_one_user(va)
        await set_asid_ctx(asid, mm, wanted)


async def claims_too_much(info: Any) -> None:
    """Read the generation again for the slot, after the flush."""
    found = await _where(info)
    if found is None:
        return
    mm, asid, local, wanted = found
    if local < wanted and not 0 < info.new_tlb_gen <= local:
        if info.new_tlb_gen == wanted == local + 1 and info.end != TLB_FLUSH_ALL:
            for va in range(info.start, info.end, 4096):
                await flush_tlb_one_user(va)
        else:
            await flush_tlb_local()
        await set_asid_ctx(asid, mm, await atomic64_read_tlb_gen(mm))


async def stays_lazy(info: Any) -> None:
    """Leave lazy CPUs alone."""
    if await this_cpu_read("loaded_mm") != info.mm or not await this_cpu_read("is_lazy"):
        await flush_tlb_func(info)


async def flushes_for_others(info: Any) -> None:
    """Flush what is loaded, whatever was named, and keep the bit."""
    await flush_tlb_func(info._replace(mm=None))


async def does_nothing(info: Any) -> None:
    """Do nothing."""


async def sends_itself(info: Any) -> None:
    """Take a step that is not allowed here."""
    from tempmm_lab.kernel.tlbflush import flush_tlb_all

    await flush_tlb_all()


wrong_function("ch06-func", always_everything, "one", "page by page, and then the slot's number")
wrong_function("ch06-func", only_its_pages, "all every", "Behind by more than this request")
wrong_function("ch06-func", claims_too_much, "every", "On some schedule a flush is lost")
wrong_function("ch06-func", stays_lazy, "lazy every", "goes to init_mm, whatever")
wrong_function("ch06-func", flushes_for_others, "other", "this CPU's bit goes")
wrong_function("ch06-func", does_nothing, "all", "Is it finished?")
wrong_function("ch06-func", sends_itself, "all", "Here it may await")
right("ch06-func", "two functions", lambda _: flush_tlb_func)
right("ch06-func", "in one piece", lambda _: in_one_piece)

# ch06-lazy

FALSE = ("A kernel thread never", "INVLPG on", "The lazy CPU", "The table's entry")


def _truths(facts: Any) -> list[bool]:
    return [not text.startswith(FALSE) for text in facts["statements"]]


wrong_about("ch06-lazy", "A kernel thread never", "The hardware walks on its own")
wrong_about("ch06-lazy", "The table's entry", "begins at a cached pointer")
wrong_about("ch06-lazy", "The lazy CPU", "wait for no switch")
wrong_about("ch06-lazy", "As long as", "an entry with P=0")
wrong_about("ch06-lazy", "INVLPG on", "what *its* CPU has cached")
right("ch06-lazy", "by the beginnings", lambda f: dict(zip("ABCDEF", _truths(f), strict=True)))
right("ch06-lazy", "one by one", lambda f: {"ABCDEF"[n]: one for n, one in enumerate(_truths(f))})
