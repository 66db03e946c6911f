"""What happens after the questions of chapter 12, The patch."""

from __future__ import annotations

from tempmm_lab.arriving import arrivals
from tempmm_lab.assertions import truth_table
from tempmm_lab.assess.question import Outcome
from tempmm_lab.borrowings import complaints, sleeping_borrower
from tempmm_lab.explore import explore
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.scenarios import efi_call, text_poke
from tempmm_lab.scenarios.scenario import Scenario
from tempmm_lab.trace import in_order, play
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.timeline import draw_timeline
from tempmm_lab.views.truth import draw_truth


def _in_firmware() -> str:
    lines = []
    for build in ("v6.14", "v6.16"):
        run = play(efi_call(cpus=1, build=build), in_order)
        cpu = next(moment.before.cpus[0] for moment in run if moment.what.startswith("firmware_step"))
        ldt = cpu.ldt_mm or "nobody"
        lines.append(f"{build}, in firmware: loaded_mm {cpu.loaded_mm}, active_mm {cpu.active_mm}, LDT of {ldt}")
    return "\n".join(lines)


def _order() -> str:
    build = BUILDS["v6.16"].patched(**MISTAKES["late-clear"])
    found = explore(text_poke(cpus=1, build=build)).counterexamples
    return "\n".join(
        f"with the bit cleared after the switch: breaks {rule} in {len(found[rule])} steps" for rule in found
    )


def _softirq() -> str:
    return "\n".join(
        f"preempt_count {case.count:#x}, IF={int(case.irqs_on)}: {', '.join(case.complains) or 'nobody complains'}"
        for case in truth_table("v6.16").cases
        if case.count == 0x200
    )


def _warn() -> str:
    loaded = {case.loaded for case in truth_table("v6.16").cases}
    lines = [f"v6.16: {text}" for text in complaints("v6.16")]
    return "\n".join([*lines, f"loaded after use_temporary_mm(), in every state: {', '.join(sorted(loaded))}"])


def _distro() -> str:
    debug, plain = complaints("v6.16"), complaints("v6.16", prove_locking=False)
    return f"lines printed with PROVE_LOCKING: {len(debug)}; without: {len(plain)}"


def _held(scenario: Scenario) -> str:
    found = [f"{first}-{last}" for first, last, verdict, _ in arrivals(scenario).moments if verdict == "held back"]
    return f"{scenario}: an interrupt is held back after steps {', '.join(found)}"


def _advice() -> str:
    lines = []
    for name in ("v6.14", "v6.16"):
        scenario = text_poke(cpus=1, handler="stray_write", build=BUILDS[name].patched(**MISTAKES["no-irqsave"]))
        report = explore(scenario)
        helper = [text for text in report.reports if text.startswith("WARNING: use_temporary_mm")]
        broken = "; a stray write reaches text" * ("only-poker-writes" in report.counterexamples)
        lines.append(f"{name}: the helper says {helper[0] if helper else 'nothing'}{broken}")
    return "\n".join(lines)


def _schedule() -> tuple[Picture, str]:
    run = sleeping_borrower()
    return draw_timeline(run), "\n".join(run.reports)


OUTCOMES: dict[str, Outcome] = {
    "ch12-two-before-six": _in_firmware,
    "ch12-order": _order,
    "ch12-state": lambda: draw_truth(["v6.14", "v6.16"]),
    "ch12-softirq": _softirq,
    "ch12-warn": _warn,
    "ch12-flags": lambda: truth_table("v6.16", flags_differ=True).text(),
    "ch12-distro": _distro,
    "ch12-poke": lambda: "\n".join(_held(text_poke(cpus=1, build=build)) for build in ("v6.14", "v6.16")),
    "ch12-efi": lambda: "\n".join(_held(efi_call(cpus=1, build=build)) for build in ("v6.14", "v6.16")),
    "ch12-advice": _advice,
    "ch12-schedule": _schedule,
}
"""Question id -> what is run and shown after an answer."""
