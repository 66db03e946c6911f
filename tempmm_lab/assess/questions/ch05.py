"""What happens after the questions of chapter 5, Three opinions about one CPU."""

from __future__ import annotations

from typing import Any

from tempmm_lab.asidplay import flushed_elsewhere, processes, switch_to, touch
from tempmm_lab.assess.question import Outcome
from tempmm_lab.explore import explore
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.kernel.layout import LOADED_MM_SWITCHING
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.kernel.system import LinuxCpu
from tempmm_lab.kernel.tlb import nmi_uaccess_okay
from tempmm_lab.scenarios import Scenario, context_switch, lazy_tlb, schedule_inside, shootdown, text_poke
from tempmm_lab.steps import run
from tempmm_lab.telling import part, seek, tell
from tempmm_lab.trace import Trace, follow, in_order, play
from tempmm_lab.views.asids import draw_asids
from tempmm_lab.views.cpu import draw_cpu
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.timeline import draw_timeline


def _where(scenario: Scenario, condition: Any) -> Trace:
    found = seek(scenario, condition)
    if found is None:
        raise LookupError("the chapter's run is not there")
    return found


def _faults_inside() -> str:
    """Play until the access has faulted twice; it would go on for ever."""
    story = schedule_inside(access=True, irqs=0, cpus=1)
    trace = play(story, lambda system, possible, count: in_order(system, possible, count) if count < 40 else None)
    tries = [number for number, moment in enumerate(trace, 1) if moment.what.startswith("copy_from_user")]
    return tell(trace, tries[0], tries[1], quiet=True)


def _handler_in_a_switch(kind: str) -> Any:
    def asked(cpu: LinuxCpu) -> bool:
        return bool(cpu.running) and cpu.running[-1].kind == kind and cpu.loaded_mm == LOADED_MM_SWITCHING

    return asked


def _who_sees() -> str:
    irq = seek(text_poke(irqs=1), _handler_in_a_switch("irq"))
    nmi = _where(text_poke(irqs=0, nmis=1), _handler_in_a_switch("nmi"))
    return f"an IRQ handler while loaded_mm is SWITCHING: {irq}\nan NMI handler: yes, for example {nmi.path}"


def _order() -> str:
    trace = play(text_poke(irqs=0), in_order)
    loads = [number for number, moment in enumerate(trace, 1) if moment.what.startswith("load_new_mm_cr3")]
    return tell(trace, 1, loads[0] + 4, inside="switch_mm_irqs_off", quiet=True)


def _six_more() -> str:
    now, lines = processes(), []
    for number in range(2, 8):
        switched = switch_to(now, f"p{number}")
        now = switched.system
        lines.append(repr(switched))
    return "\n".join(lines)


def _seven() -> Any:
    now = touch(processes())
    for number in range(2, 8):
        now = touch(switch_to(now, f"p{number}").system)
    return now


def _back() -> tuple[Picture, str]:
    return draw_asids(_seven()), repr(switch_to(_seven(), "p1"))


def _generation() -> tuple[Picture, str, Picture]:
    now = touch(switch_to(touch(processes(3)), "p2").system)
    before = flushed_elsewhere(now, "p1")
    switched = switch_to(before, "p1")
    return draw_asids(before), repr(switched), draw_asids(switched.system)


def _lazily() -> tuple[Picture, str]:
    trace = play(lazy_tlb(irqs=0), in_order)
    return draw_timeline(part(trace, 1, 47)), tell(trace, 1, 44)


def _broken(scenario: Scenario) -> Trace:
    """Give a shortest run that uses a stale translation."""
    return play(scenario, follow(explore(scenario).counterexamples["no-stale-use"]))


def _lost(scenario: Scenario, first: int, last: int) -> tuple[Picture, str]:
    """Draw the run, and tell the steps that matter and its end."""
    trace = _broken(scenario)
    told = [tell(trace, first, last, quiet=True), " ...", tell(trace, len(trace) - 1, quiet=True)]
    return draw_timeline(trace), "\n".join(told)


def _half() -> str:
    new = BUILDS["v6.16"]
    test = {"should_flush_tlb": new.function("should_flush_tlb")}
    order = {"switch_mm_irqs_off": new.function("switch_mm_irqs_off")}
    tried = {"v6.14": {}, "the test alone": test, "the earlier store alone": order, "both": {**test, **order}}
    return "\n".join(f"{name:<24} {_verdict(BUILDS['v6.14'].patched(**these))}" for name, these in tried.items())


def _verdict(build: Build) -> str:
    broken = explore(shootdown(build=build)).counterexamples
    return ", ".join(f"breaks {rule} in {len(path)} steps" for rule, path in broken.items()) or "holds"


def _nmi() -> tuple[Picture, str]:
    there = _where(text_poke(irqs=0), lambda cpu: cpu.loaded_mm == "text_poke_mm").last
    return draw_cpu(there), f"nmi_uaccess_okay(): {run(there, 0, nmi_uaccess_okay)[1]}"


WRONG_ORDER = BUILDS["v5.10"].patched(**MISTAKES["generation-first"])

OUTCOMES: dict[str, Outcome] = {
    "ch05-kthread": lambda: draw_cpu(
        _where(context_switch(kthread=True, irqs=0), lambda cpu: cpu.current_mm is None).last
    ),
    "ch05-window": _faults_inside,
    "ch05-if": _who_sees,
    "ch05-order": _order,
    "ch05-asids": _six_more,
    "ch05-back": _back,
    "ch05-generation": _generation,
    "ch05-lazy-flush": _lazily,
    "ch05-drop": lambda: _lost(shootdown(build=WRONG_ORDER), 17, 26),
    "ch05-v614": lambda: _lost(shootdown(build="v6.14"), 17, 29),
    "ch05-half": _half,
    "ch05-nmi": _nmi,
}
"""Question id -> what is run and shown after an answer."""
