"""What happens after the questions of chapter 6, Telling the other CPUs."""

from __future__ import annotations

from tempmm_lab.assess.question import Outcome
from tempmm_lab.catchup import caught_up
from tempmm_lab.drops import stored_drops
from tempmm_lab.explore import explore
from tempmm_lab.following import to_the_end
from tempmm_lab.hw.build import one_page
from tempmm_lab.hw.ops import invlpg, invpcid, load
from tempmm_lab.kernel.layout import EFI_MM, USER_MM
from tempmm_lab.scenarios import Scenario, shootdown
from tempmm_lab.steps import run
from tempmm_lab.telling import functions, part, seek, tell
from tempmm_lab.trace import Trace, events, follow, in_order, play
from tempmm_lab.unmapping import impatient, unmapping
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.timeline import draw_timeline


def _acked(trace: Trace) -> int:
    """Give the step after which nobody is waited for: the one in which the frame is given back."""
    return next(
        step for step, moment in enumerate(trace, 1) if moment.what.startswith(("free_page", "preempt_count_d"))
    )


def _sent(scenario: Scenario) -> tuple[Picture, str]:
    """Draw a flush up to its end, and tell what arrived where."""
    trace = play(scenario, in_order)
    flush = part(trace, 1, _acked(trace))
    arrived = [f"CPU {moment.action.cpu} takes an IPI" for moment in flush if moment.action.kind == "p"]
    return draw_timeline(flush), "\n".join(arrived)


def _tables() -> tuple[Picture, str]:
    trace = play(unmapping(what="tables"), in_order)
    return draw_timeline(part(trace, 1, _acked(trace))), _changes(trace, "TLB drops", "CR3", "bit")


def _changes(trace: Trace, *words: str) -> str:
    """Give what changes on the other CPUs in the handler of a flush, as far as it is named by one of the words."""
    return "\n".join(
        f"{step:4} CPU {moment.action.cpu}: {event}"
        for step, moment in enumerate(trace, 1)
        if moment.action.cpu and "flush_tlb_func" in functions(moment)
        for event in map(str, events(moment))
        if event.startswith(words)
    )


def _impatient() -> str:
    scenario = unmapping(cpus=2, build=impatient())
    return tell(play(scenario, follow(explore(scenario).counterexamples["no-stale-use"])))


def _invlpg() -> str:
    way, _ = run(one_page(caches_structures=True), 0, load, 0x7000)
    lines = []
    for name, op, arguments in (
        ("INVLPG of 0x9000", invlpg, (0x9000,)),
        ("INVPCID of 0x40000000", invpcid, (0, 0, 1 << 30)),
    ):
        after = run(way, 0, op, *arguments)[0].cpus[0].tlb
        lines.append(f"after {name}: {len(after.entries)} translation, {len(after.structures)} cached table pointers")
    return "\n".join([f"before: 1 translation, {len(way.cpus[0].tlb.structures)} cached table pointers", *lines])


def _trim() -> tuple[Picture, str]:
    trace = play(unmapping(trim=True), in_order)
    return draw_timeline(part(trace, 1, _acked(trace))), _changes(trace, "TLB drops", "CR3", "bit")


def _one_sender() -> str:
    scenario = shootdown(irqs_off=True, irqs=0)
    report = explore(scenario)
    broken = ", ".join(report.counterexamples) or "no rule is broken"
    return "\n".join([*report.reports, f"in every interleaving: {broken}"])


def _behind() -> str:
    first, second = caught_up(requested=1, generation=2), caught_up(requested=2, local=2, generation=2)
    return f"first IPI, behind by two: {first}\nsecond IPI: {second}\nif it had been behind by one: {caught_up()}"


def visited() -> Trace:
    """Give a run in which an IPI of user_mm comes to a CPU that has borrowed another mm, up to its end."""
    found = seek(
        unmapping(cpus=2, trim=True, borrows=True),
        lambda cpu: cpu.loaded_mm == EFI_MM and USER_MM not in cpu.cpumask,
        cpu=1,
    )
    if found is None:
        raise LookupError("the chapter's run is not there")
    return to_the_end(found)


def _borrowed() -> str:
    words = ("cpumask", "IPI taken", "CR3", "bit ")
    return "\n".join(line for line in tell(visited()).splitlines() if "CPU1" in line and any(w in line for w in words))


OUTCOMES: dict[str, Outcome] = {
    "ch06-page": lambda: _sent(unmapping()),
    "ch06-wait": _impatient,
    "ch06-tables": _tables,
    "ch06-invlpg": _invlpg,
    "ch06-trim": _trim,
    "ch06-kernel": lambda: _sent(unmapping(what="kernel")),
    "ch06-one-sender": _one_sender,
    "ch06-ceiling": lambda: "\n".join(f"{pages} pages: {caught_up(pages)}" for pages in (1, 33, 34)),
    "ch06-behind": _behind,
    "ch06-borrowed": _borrowed,
    "ch06-python": lambda: stored_drops().text(),
}
"""Question id -> what is run and shown after an answer."""
