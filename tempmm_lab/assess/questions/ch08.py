"""What happens after the questions of chapter 8, An address space for three instructions."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.question import Outcome
from tempmm_lab.explore import explore
from tempmm_lab.hw.rights import Access
from tempmm_lab.hw.walk import walk
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.layout import ALIAS
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.kernel.step import action
from tempmm_lab.scenarios import hw_breakpoints, text_poke
from tempmm_lab.telling import functions
from tempmm_lab.trace import Trace, events, follow, in_order, play
from tempmm_lab.views.cpu import draw_cpu
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.writers import draw_writers


def _mistaken(name: str, base: str = "v6.16") -> Build:
    return BUILDS[base].patched(**MISTAKES[name])


def _alone(build: str | Build = "v6.16", **knobs: Any) -> Trace:
    """Give an undisturbed poke on one CPU."""
    return play(text_poke(build=build, cpus=1, irqs=0, **knobs), in_order)


def _before_the_write(cpus: int) -> Trace:
    """Give a poke on v6.16 up to the write through the alias."""
    run = play(text_poke(cpus=cpus, irqs=0), in_order)
    write = next(place for place, moment in enumerate(run) if "text_poke_memcpy" in moment.what)
    return play(run.scenario, follow(run.path[:write]))


def _other() -> tuple[str, Picture]:
    run = _before_the_write(2)
    now = run.last
    fault = walk(now.memory.read64, now.cpus[1].registers, int(ALIAS), Access.WRITE, now.world.processor).fault
    run = play(run.scenario, follow(run.scenario.path((*run.path, action("s", 1)))))
    return f"in step {len(run)}, CPU 1's store: {fault}", draw_writers(run)


def _cookie() -> str:
    lines = []
    for who, lazy in (("a task", False), ("a lazy kernel thread", True)):
        run = _alone(lazy=lazy)
        first, last = run.scenario.system().cpus[0], run.last.cpus[0]
        was = f"current->mm {first.current_mm or 'none'}, active_mm {first.active_mm}, loaded_mm {first.loaded_mm}"
        lines.append(f"{who} pokes: {was}; loaded after it: {last.loaded_mm}")
    return "\n".join(lines)


def _bit() -> str:
    run = play(text_poke(build=_mistaken("bit-left", "v6.14"), pokers=2, irqs=0), in_order)
    return "\n".join(f"CPU {moment.action.cpu} prints: {text}" for moment in run for text in moment.reports)


def _lazy() -> str:
    ends = {build: _alone(build, lazy=True).last.cpus[0] for build in ("v5.2", "v5.10")}
    return "\n".join(f"{name}: {cpu.loaded_mm} loaded, is_lazy = {int(cpu.is_lazy)}" for name, cpu in ends.items())


def _flush() -> str:
    steps = [moment for moment in _alone() if "flush_tlb_mm_range" in functions(moment)]
    told = [event for moment in steps for event in events(moment)]
    raised = "; ".join(str(event) for event in told if event.kind == "tlb_gen")
    dropped, sent = (sum(event.kind == kind for event in told) for kind in ("tlb dropped", "ipi"))
    return f"{raised}; translations dropped: {dropped}; IPIs sent: {sent}"


def _dropped(config: Config) -> tuple[str, Picture]:
    run = _alone(_mistaken("no-flush"), pokes=2, config=config)
    printed = "; ".join(run.reports) or "nothing"
    return f"the kernel prints: {printed}", draw_writers(run)


def _early() -> tuple[str, Picture]:
    run = _alone(_mistaken("early-flush"))
    return f"the kernel prints: {'; '.join(run.reports)}", draw_writers(run)


def _breakpoint() -> str:
    found = [(name, explore(hw_breakpoints(build=build, irqs=0)).reports) for name, build in
             (("not disarmed", _mistaken("armed")), ("v6.16", BUILDS["v6.16"]))]  # fmt: skip
    return "\n".join(f"{name}: {'; '.join(reports) or 'nothing is printed, in any order'}" for name, reports in found)


OUTCOMES: dict[str, Outcome] = {
    "ch08-other": _other,
    "ch08-opinions": lambda: draw_cpu(_before_the_write(1).last, 0),
    "ch08-cookie": _cookie,
    "ch08-bit": _bit,
    "ch08-lazy": _lazy,
    "ch08-flush": _flush,
    "ch08-dropped": lambda: _dropped(Config()),
    "ch08-nopcid": lambda: _dropped(Config(pcid=False)),
    "ch08-early": _early,
    "ch08-breakpoint": _breakpoint,
}
"""Question id -> what is run and shown after an answer."""
