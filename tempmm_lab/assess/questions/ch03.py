"""What happens after the questions of chapter 3, The cache that lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tempmm_lab.assess.question import Outcome
from tempmm_lab.hw.build import Page, build_tables, machine_with, one_page, with_entry
from tempmm_lab.hw.machine import Machine
from tempmm_lab.hw.ops import fill, load, store
from tempmm_lab.steps import outcomes, run
from tempmm_lab.tlbplay import FLUSHES, act, begin, flush_table, full, survivors
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.tlb import draw_tlb

VA = 0x7000


def _after_load(**entry: Any) -> Machine:
    """Give the one-page machine after a load, with its entry rewritten in memory behind the TLB's back."""
    machine, _ = run(one_page(), 0, load, VA)
    return with_entry(machine, VA, **entry)


def _may(machine: Machine, fn: Callable[..., Any] = load, *args: int) -> str:
    answers = outcomes(machine, fn, VA, *args)
    return f"{fn.__name__} of {VA:#x} may give: " + " or ".join("done" if one is None else str(one) for one in answers)


def _moved() -> tuple[str, Picture]:
    machine = _after_load(frame=0xB7)
    return _may(machine), draw_tlb(machine)


def _never_touched() -> tuple[str, str]:
    quiet = with_entry(one_page(), VA, frame=0xB7)
    filled, _ = run(one_page(), 0, fill, VA)
    filled = with_entry(filled, VA, frame=0xB7)
    return f"if the hardware did nothing: {_may(quiet)}", f"if it had filled before the move: {_may(filled)}"


def _made_present() -> str:
    machine, first = run(one_page(flags="RW US A D"), 0, load, VA)
    return f"before: {first}\nafter:  {_may(with_entry(machine, VA, flags='P RW US A D'))}"


def _more_rights() -> str:
    machine, _ = run(one_page(flags="P US A D"), 0, load, VA)
    machine = with_entry(machine, VA, flags="P RW US A D")
    faulted, first = run(machine, 0, store, VA, 1)
    return f"{_may(machine, store, 1)}\nafter that fault: {_may(faulted, store, 1)} ({first.bits} was for nothing)"


def _clean() -> str:
    machine, _ = run(one_page(flags="P RW US A"), 0, load, VA)
    return _may(with_entry(machine, VA, flags=""), store, 1)


def _keep() -> str:
    play = act(act(begin(), "load", VA), "move the page", VA)
    kept, flushed = act(play, "MOV CR3, keep", VA), act(play, "MOV CR3", VA)
    return (
        f"after MOV CR3 with bit 63 = 1, a load may read: {' or '.join(kept.may_read(VA))}\n"
        f"after MOV CR3 with bit 63 = 0, a load may read: {' or '.join(flushed.may_read(VA))}"
    )


def _two_spaces() -> str:
    play = act(act(begin(), "load", VA), "other space, keep", VA)
    back = act(play, "other space, keep", VA)
    return (
        f"in the other space, a load may read: {' or '.join(play.may_read(VA))}\n"
        f"back again, the old translation is {'still' if back.machine.cpus[0].tlb.entries else 'not'} there"
    )


def _global() -> str:
    kept = survivors(full(), "MOV CR3")
    return "after MOV CR3: " + ", ".join(f"{name} {'stays' if stays else 'gone'}" for name, stays in kept.items())


def _freed_table() -> tuple[str, str]:
    return (
        f"the PDE cache on:  {_through_old_table(caches=True)}",
        f"and switched off:  {_through_old_table(caches=False)}",
    )


def _through_old_table(*, caches: bool) -> str:
    """Load one page, give the PDE a new page table, and say what a load of the neighbour may read."""
    pages = [Page(VA, 0xA3000), Page(VA + 0x1000, 0xB7000)]
    words = {0xA3000: 0xA3, 0xB7000: 0xB7, 0xC5000: 0xC5}
    machine, _ = run(machine_with(pages, words=words, caches_structures=caches), 0, load, VA)
    new = build_tables([Page(VA + 0x1000, 0xC5000)], 0x20000)
    for pa, word in new.items():
        machine = machine.with_word(pa, word)
    pde = machine.walk(VA).levels[-2]
    machine = machine.with_word(pde.entry_pa, 0x23067)
    return " or ".join(str(one) for one in outcomes(machine, load, VA + 0x1000))


def _dirty_again() -> str:
    machine, _ = run(one_page(), 0, store, VA, 1)
    machine = with_entry(machine, VA, flags="P RW US A")
    machine, _ = run(machine, 0, store, VA, 2)
    return f"flags of the leaf after the second store: {machine.walk(VA).levels[-1].entry.flags}"


OUTCOMES: dict[str, Outcome] = {
    "ch03-moved": _moved,
    "ch03-untouched": _never_touched,
    "ch03-present": _made_present,
    "ch03-read-only": lambda: _may(_after_load(flags="P US A D"), store, 1),
    "ch03-writable": _more_rights,
    "ch03-clean": _clean,
    "ch03-survive": lambda: flush_table(FLUSHES),
    "ch03-two-spaces": _two_spaces,
    "ch03-bit63": _keep,
    "ch03-global": _global,
    "ch03-aggressive": lambda: f"minimal:\n{flush_table()}\n\naggressive:\n{flush_table(invalidation='aggressive')}",
    "ch03-freed-table": _freed_table,
    "ch03-dirty": _dirty_again,
}
"""Question id -> what is run and shown after an answer."""
