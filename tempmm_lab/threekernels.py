"""What chapter 0 runs: one firmware call on three kernels, while another CPU may take a page away."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tempmm_lab.errors import a_thing
from tempmm_lab.explore import explore
from tempmm_lab.kernel.layout import BASES, EFI_MM
from tempmm_lab.kernel.step import Action
from tempmm_lab.kernel.system import System
from tempmm_lab.kernel.uaccess import PGD_BITS
from tempmm_lab.report import Report
from tempmm_lab.scenarios import Scenario, efi_call
from tempmm_lab.trace import Choose, Trace, in_order, play

KERNELS = {"v5.10": "before the patch", "posted": "the patch as posted", "v6.16": "the patch as merged"}
"""The three builds, and what each is to the story."""
RULE = "no-stale-use"
"""What is asked here: after the other CPU's flush is over, does anybody still use the page?"""


@dataclass(frozen=True, slots=True)
class KernelRun:
    """One kernel: what exploring every order gave, and one run to look at.

    Attributes:
        build, about: the kernel's name, and what it is to the story.
        report: every order that there is, explored.
        trace: one run; the same story on each kernel, as far as the kernel lets it happen.
    """

    build: str
    about: str
    report: Report
    trace: Trace

    @property
    def holds(self) -> bool:
        """Whether no order at all makes the task read a page that is gone."""
        return self.report.complete and RULE not in self.report.counterexamples

    @property
    def verdict(self) -> str:
        """The same in words."""
        if self.holds:
            return "never reads a page that is gone"
        if RULE in self.report.counterexamples:
            return f"reads a page that is gone, after {len(self.report.counterexamples[RULE])} steps"
        return "not decided: not every order was tried"

    def __str__(self) -> str:
        return f"{self.build:8} {self.about:22} {self.verdict}"


@lru_cache(maxsize=2)
def _explored(flush: bool) -> tuple[KernelRun, ...]:
    runs = []
    for name, about in KERNELS.items():
        scenario = story(name, flush=flush)
        run = play(scenario, before_switching_back() if flush else in_order)
        runs.append(KernelRun(name, about, explore(scenario), run))
    return tuple(runs)


def kernel_runs(*, flush: bool = True) -> tuple[KernelRun, ...]:
    """Give the three kernels, each explored and with one run: with the other CPU's flush, or without.

    Raises:
        ModelError: flush is neither True nor False.
    """
    return _explored(a_thing(flush, bool, "flush is True or False: may another CPU's flush interrupt?"))


def story(build: str, *, flush: bool) -> Scenario:
    """Give the scenario of chapter 0: a task calls firmware itself, with the other CPU's flush or without."""
    return efi_call(build=build, caller="direct", flush="auto" if flush else "none")


def before_switching_back() -> Choose:
    """Let CPU 0 run until the next step takes it off the firmware's page tables; from then on CPU 1 goes first.

    An interrupt is taken as soon as the kernel lets it in.
    """
    begun: list[bool] = []

    def choose(system: System, possible: list[Action], count: int) -> Action | None:
        if count == 0:
            begun.clear()
        if not begun and _about_to_leave(system):
            begun.append(True)
        ipis = [each for each in possible if each.kind == "p"]
        steps = sorted((each for each in possible if each.kind == "s"), key=lambda each: each.cpu, reverse=bool(begun))
        return next(iter([*ipis, *steps]), None)

    return choose


def _about_to_leave(system: System) -> bool:
    cpu = system.cpus[0]
    op = cpu.running[-1].point.op if cpu.running else None
    on_firmwares = int(cpu.registers.cr3) & PGD_BITS == int(BASES[EFI_MM])
    return on_firmwares and op is not None and op.do.__name__ == "load_new_mm_cr3"
