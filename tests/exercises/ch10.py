"""Answers to the exercises of chapter 10."""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.bug import WARN_ON_ONCE
from tempmm_lab.kernel.irqflags import irqsave, local_irq_disable, local_irq_restore, local_irq_save
from tempmm_lab.kernel.percpu import this_cpu_read
from tempmm_lab.kernel.tlb import switch_mm_irqs_off
from tempmm_lab.kernel.tlbstate import cpumask_clear_cpu, cpumask_set_cpu
from tests.exercises.answers import but, right, wrong, wrong_about, wrong_function

PLACES = ("first", "second", "third", "fourth")

# ch10-misuse


def _followed(one: Any, *, clears: bool | None = None, loads_t: bool = False, kthread: str = "T") -> list[str]:
    """Follow the switches, one by one."""
    clears = one["build"] == "v5.10" if clears is None else clears
    bits, loaded, lazy = {"M"}, "M", []
    path = ["T", "N", "M"] if one["to"] == "user" else ["T", "K", "M"]
    steps = {"borrowed": 1, "other": 2, "back": 3, "done": 3}[one["moment"]]
    for mm in path[:steps]:
        if mm == "K":
            loaded, lazy = kthread, ["lazy"]
            continue
        bits = (bits - {loaded} if clears else bits) | {mm}
        loaded, lazy = mm, []
    if one["moment"] == "back" and loads_t:
        loaded = "T"
    if one["moment"] == "done":
        gone = {"v5.10": None, "v6.14": "T", "v6.16": "M"}[one["build"]]
        bits -= {gone}
    return [loaded, *lazy, *(f"{mm} bit" for mm in bits)]


def _all(facts: Any, *_: Any, **believed: Any) -> Any:
    return {place: _followed(one, **believed) for place, one in zip(PLACES, facts["situations"], strict=True)}


TABLE = {
    ("borrowed", "user"): ("T: T", "T: M T", "T: M T"),
    ("borrowed", "kthread"): ("T: T", "T: M T", "T: M T"),
    ("other", "user"): ("N: N", "N: M N T", "N: M N T"),
    ("other", "kthread"): ("T lazy: T", "T lazy: M T", "T lazy: M T"),
    ("back", "user"): ("M: M", "M: M N T", "M: M N T"),
    ("back", "kthread"): ("M: M", "M: M T", "M: M T"),
    ("done", "user"): ("M: M", "M: M N", "M: N T"),
    ("done", "kthread"): ("M: M", "M: M", "M: T"),
}


def _by_table(facts: Any) -> Any:
    """Look it up."""
    found = {}
    for place, one in zip(PLACES, facts["situations"], strict=True):
        row = TABLE[one["moment"], one["to"]][("v5.10", "v6.14", "v6.16").index(one["build"])]
        loaded, bits = row.split(": ")
        found[place] = loaded.split() + [f"{mm} bit" for mm in bits.split()]
    return found


def _believes(**believed: Any) -> Any:
    return lambda facts, _: _all(facts, **believed)


def _swapped(of: str, words: tuple[str, str], *moments: str) -> Any:
    """Give the key with one word for another at some moments of some kernels."""

    def make(facts: Any, key: Any) -> Any:
        marked = {
            p: one["moment"] in moments and of in (one["build"], "all")
            for p, one in zip(PLACES, facts["situations"], strict=True)
        }
        return {p: [words[1] if marked[p] and w == words[0] else w for w in key[p]] for p in PLACES}

    return make


wrong("ch10-misuse", "T is back", _believes(loads_t=True), "third", "has never heard of T", 2)
wrong("ch10-misuse", "K runs on M", _believes(kthread="M"), "second", "takes over what is loaded", 2)
wrong(
    "ch10-misuse",
    "not lazy",
    lambda _, key: {place: [word for word in key[place] if word != "lazy"] for place in PLACES},
    "second",
    "mm is lazy",
    2,
)
wrong("ch10-misuse", "T's bit goes", _swapped("v6.16", ("T bit", "M bit"), "done"), "fourth", "T's bit stays", 2)
wrong("ch10-misuse", "v6.14 loses it", _swapped("v6.14", ("M bit", "T bit"), "done"), "third fourth", "M keeps its bit")
wrong("ch10-misuse", "bits go", _believes(clears=True), "third fourth", "leaves the bit of the mm", 2)
wrong("ch10-misuse", "bits stay", _believes(clears=False), "first second", "Until v6.13")
wrong("ch10-misuse", "all words", but(first=["M", "T", "N", "lazy", "M bit"]), "first", "something is too much")
wrong(
    "ch10-misuse",
    "a word more",
    lambda _, key: key | {"first": [*key["first"], "lazy"]},
    "first",
    "Something is too much",
)
wrong("ch10-misuse", "a word", but(first="M"), "first", "should be a list")
right("ch10-misuse", "followed", _all)
right("ch10-misuse", "a table", _by_table)

# ch10-reports


async def _linux(prev_mm: Any) -> None:
    await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
    await switch_mm_irqs_off(None, prev_mm, None)


async def unuse_temporary_mm(prev_mm: Any) -> None:
    """Look first."""
    async with irqsave():
        if await WARN_ON_ONCE(await this_cpu_read("loaded_mm") == prev_mm, "slept"):
            return
        await _linux(prev_mm)


async def sets_it_again(prev_mm: Any) -> None:
    """Touch nothing if there is nothing to leave."""
    flags = await local_irq_save()
    leaving = await this_cpu_read("loaded_mm")
    slept = leaving == prev_mm
    await WARN_ON_ONCE(slept, "unuse_temporary_mm(): nothing is borrowed here")
    if not slept:
        await cpumask_clear_cpu(leaving)
    await switch_mm_irqs_off(None, prev_mm, None)
    await local_irq_restore(flags)


async def as_linux_does(prev_mm: Any) -> None:
    """Notice nothing."""
    async with irqsave():
        await _linux(prev_mm)


async def tells_only(prev_mm: Any) -> None:
    """Tell, and go on all the same."""
    async with irqsave():
        await WARN_ON_ONCE(await this_cpu_read("loaded_mm") == prev_mm, "slept")
        await _linux(prev_mm)


async def saves_only(prev_mm: Any) -> None:
    """Save the bit, and say nothing."""
    async with irqsave():
        if await this_cpu_read("loaded_mm") != prev_mm:
            await _linux(prev_mm)


async def tells_always(prev_mm: Any) -> None:
    """Warn in correct use too."""
    async with irqsave():
        await WARN_ON_ONCE(True, "somebody gives an mm back")
        if await this_cpu_read("loaded_mm") != prev_mm:
            await _linux(prev_mm)


async def the_other_way_round(prev_mm: Any) -> None:
    """Warn where all is well."""
    async with irqsave():
        if await WARN_ON_ONCE(await this_cpu_read("loaded_mm") != prev_mm, "slept"):
            return
        await _linux(prev_mm)


async def too_late(prev_mm: Any) -> None:
    """Set the bit again afterwards."""
    async with irqsave():
        slept = await this_cpu_read("loaded_mm") == prev_mm
        await _linux(prev_mm)
        if await WARN_ON_ONCE(slept, "slept"):
            await cpumask_set_cpu(prev_mm)


async def does_nothing(prev_mm: Any) -> None:
    """Do nothing."""


async def takes_another_step(prev_mm: Any) -> None:
    """Take a step that is not allowed here."""
    await local_irq_disable()


wrong_function("ch10-reports", as_linux_does, "told saved", "Which mm is loaded then")
wrong_function("ch10-reports", tells_only, "saved", "no flush of M will reach")
wrong_function("ch10-reports", saves_only, "told", "nothing is printed")
wrong_function("ch10-reports", tells_always, "quiet", "There the temporary mm is loaded")
wrong_function("ch10-reports", the_other_way_round, "all", "In correct use a rule breaks")
wrong_function("ch10-reports", too_late, "saved", "The end of a shortest schedule")
wrong_function("ch10-reports", does_nothing, "all", "Is it finished?")
wrong_function("ch10-reports", takes_another_step, "all", "Here it may await")
right("ch10-reports", "look first", lambda _: unuse_temporary_mm)
right("ch10-reports", "a flag", lambda _: sets_it_again)

# ch10-lock

FALSE = ("On a kernel with", "The assertion", "The kernel refuses", "While a spinlock is held no", "With a spinlock")


def _truths(facts: Any) -> list[bool]:
    return [not text.startswith(FALSE) for text in facts["statements"]]


wrong_about("ch10-lock", "On a kernel with", "sleeping is a switch")
wrong_about("ch10-lock", "The assertion", "at the door")
wrong_about("ch10-lock", "The kernel refuses", "prints a BUG and switches")
wrong_about("ch10-lock", "While a spinlock is held no", "leaves IF alone")
wrong_about("ch10-lock", "A function that", "asks for a switch himself")
right("ch10-lock", "by the beginnings", lambda f: dict(zip("ABCDEF", _truths(f), strict=True)))
right("ch10-lock", "one by one", lambda f: {"ABCDEF"[n]: one for n, one in enumerate(_truths(f))})
