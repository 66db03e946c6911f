"""Who is told of a flush: every situation a CPU may be in, every kind of flush, asked of the model itself."""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.errors import one_of
from tempmm_lab.kernel.access import Clause
from tempmm_lab.kernel.builds import Build, a_build
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.entry import call_function
from tempmm_lab.kernel.layout import INIT_MM, LOADED_MM_SWITCHING, OTHER_MM, TEXT, USER_MM, USER_PAGE
from tempmm_lab.kernel.smp import ONLINE, satisfies_here
from tempmm_lab.kernel.system import System
from tempmm_lab.kernel.tlbflush import TLB_FLUSH_ALL, flush_tlb_func, flush_tlb_info, should_flush_tlb
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.stage import Stage
from tempmm_lab.steps import run

PAGE = 4096
SITUATIONS = ("runs the process", "lazy on its mm", "switching to it", "ran it, now another", "never ran it")
"""What a CPU may be doing while the mappings of a process change elsewhere."""
_ONE = flush_tlb_info(USER_MM, int(USER_PAGE), int(USER_PAGE) + PAGE, 1)
FLUSHES = {
    "a page": _ONE,
    "page tables": _ONE._replace(freed_tables=True),
    "a page, mask due": _ONE._replace(trim_cpumask=True),
    "reclaim": flush_tlb_info(None, 0, TLB_FLUSH_ALL, 0),
    "a kernel page": None,
}
"""What is taken away, and the kernel's note about it; a kernel page is no mm's."""


@dataclass(frozen=True, slots=True)
class Told:
    """One CPU and one flush.

    Attributes:
        situation, flush: which.
        bit: whether its bit is set in the mm's mask.
        sent: whether an IPI is sent to it.
        does: what its handler does then; "" if none is sent.
    """

    situation: str
    flush: str
    bit: bool
    sent: bool
    does: str


@dataclass(frozen=True, slots=True)
class ToldTable:
    """Every situation and every flush on one build."""

    build: str
    cases: tuple[Told, ...]

    def of(self, situation: str, flush: str) -> Told:
        """Give one case.

        Raises:
            ModelError: there is no such situation or flush.
        """
        one_of(situation, SITUATIONS, "situation")
        one_of(flush, tuple(FLUSHES), "flush")
        return next(case for case in self.cases if (case.situation, case.flush) == (situation, flush))

    def text(self) -> str:
        """Give one line for each situation, one column for each flush."""
        lines = [f"Who is told on {self.build}", f"  {'':<20} bit  " + "".join(f"{name:<18}" for name in FLUSHES)]
        for situation in SITUATIONS:
            row = [self.of(situation, flush) for flush in FLUSHES]
            cells = "".join(f"{case.does or '-':<18}" for case in row)
            lines.append(f"  {situation:<20} {int(row[0].bit)}    {cells}")
        return "\n".join(line.rstrip() for line in lines)

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text("ToldTable(...)" if cycle else self.text())  # type: ignore[attr-defined]


def who_is_told(build: str | Build = "v6.16") -> ToldTable:
    """Give whom a flush of a process's mm interrupts on a build, and what each does then.

    A CPU that never ran the process is there with its bit clear. The handler is run in the situation given, except
    that a CPU in the middle of a switch has interrupts off, and takes the IPI when it has arrived.

    Raises:
        ModelError: there is no such build.
    """
    chosen = a_build(build)
    cases = (_case(chosen, situation, flush) for situation in SITUATIONS for flush in FLUSHES)
    return ToldTable(chosen.name, tuple(cases))


def _case(build: Build, situation: str, flush: str) -> Told:
    now, info = _system(build, situation), FLUSHES[flush]
    to: tuple[Clause, ...] = ONLINE if info is None else run(now, 0, should_flush_tlb, USER_MM, info)[1]
    sent = bool(run(now, 0, satisfies_here, to)[1])
    return Told(situation, flush, USER_MM in now.cpus[0].cpumask, sent, _does(build, situation, info) if sent else "")


def _system(build: Build, situation: str) -> System:
    """Give one CPU in a situation, interrupts off, its caches full, and an mm whose generation was just raised."""
    stage = Stage(build, Config())
    mm, lazy_on = {SITUATIONS[0]: (USER_MM, None), SITUATIONS[1]: (None, USER_MM)}.get(situation, (OTHER_MM, None))
    known = () if USER_MM in (mm, lazy_on) or situation == SITUATIONS[4] else (USER_MM,)
    number = stage.cpu(programs.cpu_relax_once, name="task", mm=mm, lazy_on=lazy_on, known=known)
    for page in (USER_PAGE, TEXT[0]):
        stage.cache(number, int(page), OTHER_MM if mm == OTHER_MM else USER_MM)
    now = stage.system().with_cells({("tlb_gen", USER_MM): 1})
    cpu = now.cpus[0]
    now = now.with_cpu(0, registers=cpu.registers.but(IF=0), hardirqs_enabled=False)
    if situation != SITUATIONS[2]:
        return now
    return now.with_cpu(0, loaded_mm=LOADED_MM_SWITCHING, cpumask=cpu.cpumask | {USER_MM})


def _does(build: Build, situation: str, info: flush_tlb_info | None) -> str:
    """Run the handler, and name what it did."""
    now = _system(build, SITUATIONS[0] if situation == SITUATIONS[2] else situation)
    if info is None:
        after = run(now, 0, call_function, ("flush_kernel_range", int(TEXT[0]), int(TEXT[0]) + PAGE))[0].cpus[0]
        return "nothing" if after.tlb == now.cpus[0].tlb else "drops it"
    before, after = now.cpus[0], run(now, 0, flush_tlb_func, info)[0].cpus[0]
    if after.loaded_mm != before.loaded_mm:
        return f"to {INIT_MM}" if after.loaded_mm == INIT_MM else after.loaded_mm
    if before.cpumask != after.cpumask:
        return "clears its bit"
    if before.ctxs == after.ctxs:
        return "nothing"
    return "drops all" if info.end == TLB_FLUSH_ALL else "drops it"
