"""Answers to the exercises of chapter 9."""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.irqflags import irqs_disabled
from tempmm_lab.kernel.percpu import this_cpu_read
from tests.exercises.answers import but, right, wrong, wrong_about, wrong_function

PLACES = ("first", "second", "third", "fourth")
FOREIGN = ("arrived", "loaded", "cleared")

# ch09-guests


def _in_order(one: Any, **believed: Any) -> str:
    """Ask who is let in, then where CR3 points, then what loaded_mm says."""
    moment, visitor = one["moment"], one["visitor"]
    if visitor == "asking NMI":
        return "reads" if moment in believed.get("own", ("before", "mapped", "after")) else "is told no"
    open_to_all = ("before", "after") if one["irqsave"] else ("before", "mapped", "loaded", "cleared", "after")
    masked = visitor == "stray interrupt" or believed.get("nmis_wait", False)
    if masked and moment not in believed.get("open", open_to_all):
        return "waits"
    return "writes text" if moment in believed.get("foreign", FOREIGN) else "faults"


def _all(facts: Any, *_: Any, **believed: Any) -> Any:
    return {place: _in_order(one, **believed) for place, one in zip(PLACES, facts["situations"], strict=True)}


CAN = {
    "before": "faults reads faults",
    "mapped": "faults reads faults",
    "leaving": "waits no faults",
    "arrived": "waits no writes",
    "loaded": "writes no writes",
    "cleared": "writes no writes",
    "returned": "waits no faults",
    "after": "faults reads faults",
}
WORDS = {"no": "is told no", "writes": "writes text"}


def _by_table(facts: Any) -> Any:
    """Look it up: the kernel without the irqsave, and for the other one what waits."""
    found = {}
    for place, one in zip(PLACES, facts["situations"], strict=True):
        column = ("stray interrupt", "asking NMI", "stray NMI").index(one["visitor"])
        word = CAN[one["moment"]].split()[column]
        if column == 0 and one["irqsave"] and one["moment"] not in {"before", "after"}:
            word = "waits"
        found[place] = WORDS.get(word, word)
    return found


def _believes(**believed: Any) -> Any:
    return lambda facts, _: _all(facts, **believed)


EVERY_MOMENT = tuple(CAN)
wrong("ch09-guests", "NMIs wait", _believes(nmis_wait=True), "fourth", "An NMI comes in at every moment")
wrong("ch09-guests", "guards stop it", _believes(foreign=()), "first third", "neither W^X nor SMAP", 2)
wrong("ch09-guests", "clearing is enough", _believes(foreign=FOREIGN[:2]), "fourth", "left it in the TLB", 5)
wrong("ch09-guests", "current->mm", _believes(own=EVERY_MOMENT), "fourth", "names the program all the while", 1)
wrong("ch09-guests", "loaded_mm decides", _believes(foreign=FOREIGN[1:]), "fourth", "translates by CR3")
wrong("ch09-guests", "a closed window", _believes(open=("before", "after")), "first", "between the two helpers", 2)
wrong("ch09-guests", "an open window", _believes(open=EVERY_MOMENT), "first second", "Interrupts are off here")
wrong("ch09-guests", "an unknown word", but(first="panics"), "first", "should be one of")
right("ch09-guests", "question by question", _all)
right("ch09-guests", "a table", _by_table)

# ch09-okay


async def nmi_uaccess_okay() -> Any:
    """Ask as Linux does."""
    return await this_cpu_read("loaded_mm") == await this_cpu_read("current_mm")


async def asks_both() -> Any:
    """Ask active_mm as well: no harm, no use."""
    mine = await this_cpu_read("current_mm")
    if mine is None or await this_cpu_read("active_mm") != mine:
        return False
    return await this_cpu_read("loaded_mm") == mine


async def asks_active_mm() -> Any:
    """Ask the scheduler's variable."""
    return await this_cpu_read("active_mm") == await this_cpu_read("current_mm")


async def only_switching() -> Any:
    """Refuse only in the middle of a switch."""
    return await this_cpu_read("loaded_mm") != "LOADED_MM_SWITCHING"


async def not_text_poke_mm() -> Any:
    """Refuse one mm by name."""
    return await this_cpu_read("loaded_mm") != "text_poke_mm"


async def always() -> Any:
    """Allow everything."""
    return True


async def never() -> Any:
    """Refuse everything."""
    return False


async def only_lazy() -> Any:
    """Ask whether the CPU is lazy."""
    return not await this_cpu_read("is_lazy")


async def gives_the_mm() -> Any:
    """Give an mm."""
    return await this_cpu_read("loaded_mm")


async def asks_for_if() -> Any:
    """Take a step that is not allowed here."""
    return not await irqs_disabled()


async def reads_cr3() -> Any:
    """Read what is not there."""
    return await this_cpu_read("registers") == await this_cpu_read("current_mm")


wrong_function("ch09-okay", asks_active_mm, "poke older", "What does each of the four variables say")
wrong_function("ch09-okay", only_switching, "poke older", "A shortest schedule with a wrong yes")
wrong_function("ch09-okay", not_text_poke_mm, "poke older", "in the middle of a switch")
wrong_function("ch09-okay", always, "poke older", "holds tables that are not the program's")
wrong_function("ch09-okay", never, "all", "refuses always")
wrong_function("ch09-okay", only_lazy, "poke older", "On another kernel it says yes")
wrong_function("ch09-okay", gives_the_mm, "all", "should be True or False")
wrong_function("ch09-okay", asks_for_if, "all", "Here it may await")
wrong_function("ch09-okay", reads_cr3, "all", "takes one of 'loaded_mm'")
right("ch09-okay", "as Linux", lambda _: nmi_uaccess_okay)
right("ch09-okay", "with a question too many", lambda _: asks_both)

# ch09-irqsave

FALSE = ("An honest", "SMAP would", "The assertion", "The final", "Without it the")


def _truths(facts: Any) -> list[bool]:
    return [not text.startswith(FALSE) for text in facts["statements"]]


wrong_about("ch09-irqsave", "An honest", "the same kernel half")
wrong_about("ch09-irqsave", "SMAP would", "the alias has US=0")
wrong_about("ch09-irqsave", "The assertion", "a spinlock is held")
wrong_about("ch09-irqsave", "The final", "which goes over it")
wrong_about("ch09-irqsave", "An NMI with", "No kernel can close")
right("ch09-irqsave", "by the beginnings", lambda f: dict(zip("ABCDEF", _truths(f), strict=True)))
right("ch09-irqsave", "one by one", lambda f: {"ABCDEF"[n]: one for n, one in enumerate(_truths(f))})
