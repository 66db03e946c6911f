"""One of every picture of a machine that runs Linux, and the ways they can look."""

from __future__ import annotations

from tempmm_lab import (
    compare,
    draw_cpu,
    draw_timeline,
    efi_call,
    explore,
    in_order,
    lazy_tlb,
    nested,
    nmi_in_window,
    play,
    random_with,
    replay,
    schedule_inside,
    shootdown,
    stale_alias,
    text_poke,
)
from tempmm_lab.benchplay import begin, jump, with_other
from tempmm_lab.following import empty
from tempmm_lab.trace import Trace
from tempmm_lab.views.bench import draw_bench
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.source import draw_source

BROKEN = "efi_call:posted::s1+2.s0+43.s1+15.p0.s0+4.s1+3.s0+18~af7c"


def runs() -> dict[str, Trace]:
    """Give runs of every kind: broken, stopped, empty, interrupted, lazy, with store buffers, with many CPUs."""
    pti = "pti+debug_vm"
    return {
        "broken": replay(BROKEN),
        "stopped": replay(BROKEN, build="v6.16"),
        "empty": empty(text_poke()),
        "fixmap": play(stale_alias(build="v5.1", fills=True), random_with(5)),
        "nmi": play(nmi_in_window(fills=True), random_with(3)),
        "lazy": play(lazy_tlb(cpus=4, poke=True, ticks=1), random_with(8)),
        "tso": play(shootdown(memory="tso", cpus=3), random_with(4)),
        "pti": play(text_poke(config=pti, nmis=2, irqs=2), random_with(1)),
        "switches": play(schedule_inside(to="kthread", cpus=4), random_with(2)),
        "nested": play(nested(same=True), in_order),
    }


def linux_pictures() -> dict[str, Picture]:
    """Draw them."""
    every = runs()
    drawn = {f"timeline {name}": draw_timeline(trace, len(trace) // 2) for name, trace in every.items()}
    drawn |= {f"at the end, {name}": draw_timeline(trace) for name, trace in every.items()}
    for name, trace in every.items():
        for place in range(0, len(trace), 7):
            system = trace[place].after
            number = place % len(system.cpus)
            drawn[f"cpu {name} {place}"] = draw_cpu(system, number)
            drawn[f"source {name} {place}"] = draw_source(system.cpus[number], number)
    drawn["a cpu alone"] = draw_cpu(every["broken"][30].after.cpus[0])
    drawn["compared"] = compare([every["broken"], every["stopped"]], at=70)
    drawn["compared in four"] = compare([every["empty"], every["lazy"], every["tso"], every["nested"]])
    begun = begin(every["broken"])
    report = explore(efi_call(build="posted"))
    drawn["bench"] = draw_bench(begun)
    drawn["bench, explored"] = draw_bench(jump(begun, 50), report)
    drawn["bench, compared"] = draw_bench(with_other(jump(begun, 50), "v6.16"), report)
    drawn["bench, empty"] = draw_bench(begin(every["empty"]))
    return drawn
