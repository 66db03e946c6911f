"""What the statements are made of: a stage, a run that keeps every step, and the register of statements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tempmm_lab import BUILDS, Config
from tempmm_lab.hw.rights import PageFault
from tempmm_lab.kernel.access import Access, Footprint
from tempmm_lab.kernel.layout import EFI_MM, INIT_MM, OTHER_MM, TEXT_POKE_MM, USER_MM, USER_PAGE
from tempmm_lab.kernel.percpu import changed_registers
from tempmm_lab.kernel.step import action, take
from tempmm_lab.points import start
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.stage import Stage

T, E, M, N, INIT = TEXT_POKE_MM, EFI_MM, USER_MM, OTHER_MM, INIT_MM
DEBUG = Config(debug_vm=True)

BEFORE13, BEFORE15, POSTED, AFTER = ("v5.2", "v5.10"), ("v6.14",), ("posted",), ("v6.16",)
BEFORE = (*BEFORE13, *BEFORE15)
BOTH = (*BEFORE, *POSTED, *AFTER)
SINCE_V6_15 = (*POSTED, *AFTER)
"""Which builds the tags of the facts name."""


class CannotState(Exception):
    """The statement speaks of something that this build does not have."""


@dataclass(frozen=True)
class Statement:
    """One statement: its name, where it must hold, and a check that answers whether it does."""

    name: str
    sentence: str
    builds: tuple[str, ...]
    holds: Callable[[str], bool]


STATEMENTS: dict[str, Statement] = {}


def statement(name, builds):
    """Register a check as a statement; its docstring is the sentence."""

    def decorate(check):
        assert name not in STATEMENTS
        STATEMENTS[name] = Statement(name, check.__doc__.strip(), builds, check)
        return check

    return decorate


def has_temporary_mms(build):
    """Refuse builds without use_temporary_mm()."""
    if not BUILDS[build.split("+")[0]].temporary_mms:
        raise CannotState(f"{build} has no temporary mms")


def stage(build, config=None, **kwargs):
    """Begin a stage on a build, given by name or as a patched one."""
    return Stage(BUILDS[build] if isinstance(build, str) else build, config or Config(), **kwargs)


def system(
    build,
    *,
    config=None,
    mm=M,
    lazy_on=None,
    irqs_on=False,
    preempt=1,
    known=(),
    fields=None,
    others=0,
    firmware="good",
):
    """One CPU on which a task runs, ready for `drive`; `others` more CPUs run user code of M."""
    made = stage(build, config, firmware=firmware)
    number = made.cpu(programs.back_to_user, name="task", mm=mm, lazy_on=lazy_on, known=known, fields=fields)
    for _ in range(others):
        made.cpu(programs.user_of, int(USER_PAGE), 1, name="user", mm=M, user=True)
    result = made.system()
    registers = changed_registers(result.cpus[number].registers, "IF", irqs_on)
    return result.with_cpu(number, registers=registers, hardirqs_enabled=irqs_on, preempt_count=preempt)


@dataclass(frozen=True)
class Step:
    """One op of a run: what it was, the systems around it, its answer and what it touched."""

    name: str
    args: tuple
    before: Any
    after: Any
    answer: Any
    footprint: Footprint
    reports: tuple
    where: str


@dataclass(frozen=True)
class Drive:
    """A call that was run to its end on one CPU."""

    first: Any
    last: Any
    value: Any
    steps: tuple[Step, ...]
    number: int = 0

    @property
    def cpu(self):
        """The CPU at the end."""
        return self.last.cpus[self.number]

    @property
    def reports(self):
        """Everything that was printed."""
        return tuple(text for step in self.steps for text in step.reports)

    def ops(self, name):
        """Give the steps of one op."""
        return [step for step in self.steps if step.name == name]

    def place(self, name, *args):
        """Give the number of the first step of an op with these first arguments."""
        return next(
            place for place, step in enumerate(self.steps) if step.name == name and step.args[: len(args)] == args
        )


def drive(first, fn, *args, cpu=0, limit=5_000):
    """Run one call on a CPU, undisturbed, and keep every step. A fault ends it, with the fault as its value."""
    point, now, steps = start(fn, *args, versions=first.versions), first, []
    while point.op is not None and len(steps) < limit:
        where = point.inside[-1] if point.inside else fn.__name__
        access = Access(now, cpu, (), where)
        answer = point.op.do(access, *point.op.args)
        after = access.machine
        name = point.op.do.__name__
        steps.append(Step(name, point.op.args, now, after, answer, access.footprint, tuple(access.reports), where))
        now = after
        if isinstance(answer, PageFault):
            return Drive(first, now, answer, tuple(steps), cpu)
        point = point.after(answer)
    return Drive(first, now, point.value, tuple(steps), cpu)


def pgd(now, cpu=0):
    """Give the name of the mm whose top table CR3 holds."""
    cr3 = int(now.cpus[cpu].registers.cr3) & 0x000F_FFFF_FFFF_E000
    return next(mm.name for mm in now.world.mms.values() if mm.pgd == cr3)


def do(now, text):
    """Take actions, given as in a path; give the systems on the way, the first included."""
    from tempmm_lab.scenarios.paths import parse_actions

    systems = [now]
    for each in parse_actions(text):
        systems.append(take(systems[-1], each).system)
    return systems


def advance(now, cpu, until, limit=3_000):
    """Let one CPU step until a condition on the system holds; give the system there."""
    for _ in range(limit):
        if until(now):
            return now
        now = take(now, action("s", cpu)).system
    raise AssertionError("never got there")


def finish(now, cpu, limit=3_000):
    """Let one CPU step to its end; give (system, reports, rules broken)."""
    reports, broken = [], []
    for _ in range(limit):
        if not now.cpus[cpu].running:
            return now, reports, broken
        outcome = take(now, action("s", cpu))
        now = outcome.system
        reports += outcome.reports
        broken += outcome.violations
    raise AssertionError("never ends")


def inside(now, cpu=0):
    """Give the kernel functions that the CPU's top program is in."""
    running = now.cpus[cpu].running
    return running[-1].point.inside if running else ()
