"""Judging a kernel that is to mend the patch as posted: the uses of its helpers, each over every schedule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

from tempmm_lab.explore import explore, prove
from tempmm_lab.kernel.attempts import ATTEMPTS
from tempmm_lab.kernel.builds import BUILDS, Build, a_build
from tempmm_lab.kernel.config import Config
from tempmm_lab.scenarios import Scenario, efi_call, text_poke
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.trace import Trace, follow, in_order, play

RULE, REPORT = "rule", "report"
DEBUG_VM = "poke, DEBUG_VM"

FIX_UPS = MappingProxyType({
    "as posted": BUILDS["posted"],
    "52ebfe7412ce": BUILDS["posted"].patched(switch_mm_irqs_off=BUILDS["v6.16"].function("switch_mm_irqs_off")),
    "aef1d0209ddf": BUILDS["posted"].patched(**ATTEMPTS["guard"]),
    "7f9958230d8a": replace(BUILDS["posted"], notrack=True),
    "all three": BUILDS["v6.16"],
})  # fmt: skip
"""The patch as posted, with each of its three fix-ups alone, and with all of them, which is v6.16."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that can go wrong.

    Attributes:
        judge: in which use of the helpers.
        kind: "rule" if a rule is broken, "report" if the kernel prints something.
        name: the rule, or what is printed.
        path: a shortest schedule that leads there.
    """

    judge: str
    kind: str
    name: str
    path: Path


@dataclass(frozen=True)
class Verdict:
    """What judging a kernel gave.

    Attributes:
        build: the kernel.
        judges: the uses of the helpers that were explored, over every schedule.
        findings: what can go wrong, judge by judge.
        irqs_on: whether firmware is called with interrupts on, which is what the patch was for.
        any_number: whether nothing can go wrong for any number of CPUs; False where something can.
    """

    build: Build
    judges: tuple[str, ...]
    findings: tuple[Finding, ...]
    irqs_on: bool
    any_number: bool

    @property
    def holds(self) -> bool:
        """Whether no rule is broken, nothing is printed, and firmware runs with interrupts on."""
        return not self.findings and self.irqs_on

    @property
    def broken(self) -> dict[str, int]:
        """The rules that are broken, with the length of a shortest schedule over all judges."""
        rules = [finding for finding in self.findings if finding.kind == RULE]
        return {one.name: min(len(each.path) for each in rules if each.name == one.name) for one in rules}

    @property
    def path(self) -> Path | None:
        """A shortest schedule that breaks a rule, or else one that prints something; None if there is neither."""
        ways = sorted(self.findings, key=lambda one: (one.kind != RULE, len(one.path)))
        return ways[0].path if ways else None

    @property
    def trace(self) -> Trace | None:
        """The run of that schedule, to be drawn or put on a bench; None if there is none."""
        ways = sorted(self.findings, key=lambda one: (one.kind != RULE, len(one.path)))
        return play(_scenarios(self.build, debug_vm=True)[ways[0].judge], follow(ways[0].path)) if ways else None

    def text(self) -> str:
        """Give the verdict as lines: a paragraph for each judge, and the sum of it."""
        lines = [self.build.name]
        for judge in self.judges:
            said = _says([finding for finding in self.findings if finding.judge == judge])
            lines += [f"  {judge if not place else '':<16} {text}" for place, text in enumerate(said)]
        lines.append(f"  {'firmware':<16} is called with interrupts {'on' if self.irqs_on else 'OFF'}")
        return "\n".join([*lines, *self._sum()])

    def _sum(self) -> list[str]:
        if self.path is not None:
            return [f"Shortest, {len(self.path)} steps: {self.path}"]
        if not self.irqs_on:
            return ["No rule is broken. But the patch was made so that firmware can be called with interrupts on."]
        return [f"Nothing goes wrong in any schedule{', for any number of CPUs' if self.any_number else ''}."]

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text("Verdict(...)" if cycle else self.text())  # type: ignore[attr-defined]


def _says(found: list[Finding]) -> list[str]:
    rules = ", ".join(f"{one.name} in {len(one.path)}" for one in found if one.kind == RULE)
    said = [f"breaks {rules} steps"] if rules else []
    said += [f"prints {one.name} ({len(one.path)} steps)" for one in found if one.kind == REPORT]
    return said or ["holds"]


def judge_fix(build: str | Build, *, debug_vm: bool = False) -> Verdict:
    """Judge a kernel: firmware called by a task, by the worker and at boot, each over every schedule.

    Args:
        build: such as `BUILDS["posted"].patched(use_temporary_mm=mine)`.
        debug_vm: judge also a poke of text on a kernel with DEBUG_VM, whose checks may be false alarms.

    Raises:
        ModelError: there is no such build, or code of it is wrong; the message says in which line.
    """
    kernel = a_build(build)
    scenarios = _scenarios(kernel, debug_vm=debug_vm)
    found = tuple(one for judge, scenario in scenarios.items() for one in _findings(judge, scenario))
    proved = not found and all(prove(scenario).cpus == "any" for scenario in scenarios.values())
    return Verdict(kernel, tuple(scenarios), found, _irqs_on(kernel), proved)


def _scenarios(build: Build, *, debug_vm: bool) -> dict[str, Scenario]:
    """Give the uses of the helpers, by the name of the judge."""
    found = {
        "direct call": efi_call(build=build),
        "worker": efi_call(build=build, caller="worker"),
        "boot": efi_call(build=build, caller="boot"),
    }
    return {**found, DEBUG_VM: text_poke(build=build, config=Config(debug_vm=True))} if debug_vm else found


def _findings(judge: str, scenario: Scenario) -> list[Finding]:
    report = explore(scenario)
    rules = [Finding(judge, RULE, name, path) for name, path in report.counterexamples.items()]
    return rules + [Finding(judge, REPORT, text, path) for text, path in report.reports.items()]


def _irqs_on(build: Build) -> bool:
    """Say whether IF is 1 when a task calls firmware, undisturbed."""
    run = play(efi_call(cpus=1, irqs=0, build=build), in_order)
    return any(m.what.startswith("firmware_step") and bool(m.before.cpus[0].rflags_if) for m in run)
