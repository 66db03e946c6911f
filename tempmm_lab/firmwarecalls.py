"""Small stories about firmware calls that are no scenario of their own: run to one end, and told in a line."""

from __future__ import annotations

from tempmm_lab.kernel.builds import a_build
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.efi import virt_efi_set_variable_nonblocking
from tempmm_lab.kernel.layout import EFI_1TO1, OTHER_MM, USER_MM, USER_PAGE
from tempmm_lab.kernel.step import Action, action, take
from tempmm_lab.kernel.system import System
from tempmm_lab.scenarios import efi_call
from tempmm_lab.scenarios.efi_stories import direct_caller
from tempmm_lab.scenarios.programs import runs_and_ends
from tempmm_lab.scenarios.scenario import COMMON, Scenario, Story
from tempmm_lab.scenarios.stage import Stage
from tempmm_lab.trace import Trace, play

LONGEST = 2_000


def second_caller(build: str) -> str:
    """Let CPU 0 be in firmware, and CPU 1 make a non-blocking call; say what it gets (S91)."""
    stage = Stage(a_build(build), Config())
    for number in range(2):
        stage.cpu(virt_efi_set_variable_nonblocking, name=f"caller {number}", mm=USER_MM)
    now = _until(stage.system(), 0, "__efi_call")
    inside = now.cpus[0].loaded_mm
    while now.cpus[1].running:
        point = now.cpus[1].running[-1].point
        after = point.after(False) if point.op and point.op.do.__name__ == "try_acquire" else point
        now = take(now, action("s", 1)).system
    return (
        f"CPU 0 is in firmware, on {inside}. The call on CPU 1 returns {after.value}; its mm: {now.cpus[1].loaded_mm}"
    )


def _until(now: System, cpu: int, function: str) -> System:
    """Let one CPU step until it is inside a function."""
    for _ in range(LONGEST):
        running = now.cpus[cpu].running
        if not running or function in running[-1].point.inside:
            break
        now = take(now, action("s", cpu)).system
    return now


def lazy_call(build: str) -> Trace:
    """Give the run in which a lazy kworker makes a call, and then CPU 1 unmaps a page of the mm it was lazy on.

    CPU 0 goes first, until its worker has handed the status over; then CPU 1.
    """

    def choose(system: System, possible: list[Action], _: int) -> Action | None:
        steps = [each for each in possible if each.kind == "s"]
        turn = 1 if system.cells["done", "efi_rts_work"] else 0
        mine = [each for each in possible if each.kind == "p"] or [each for each in steps if each.cpu == turn]
        return mine[0] if mine and system.cpus[1].running else None

    return play(efi_call(caller="worker", flush="unmap", build=build), choose)


def after_a_lazy_call(build: str) -> str:
    """Say in what state a lazy kworker's CPU is after a call, and whether an unmap elsewhere interrupts it (S87)."""
    run = lazy_call(build)
    after = next(moment.after.cpus[0] for moment in run if moment.after.cells["done", "efi_rts_work"])
    ipis = sum(moment.action.kind == "p" for moment in run)
    lazy = "lazy" if after.is_lazy else "not lazy"
    return f"{build}: after the call {after.loaded_mm} is loaded, {lazy}; the unmap sends it {ipis} IPI"


def breakpoint_in_firmware(build: str) -> str:
    """Arm a user's breakpoint on firmware's 1:1 address, call, and say whether it fired in there (S86)."""
    armed = {"cpu_dr7": 2, "dr7": 2, "cpu_debugreg": int(EFI_1TO1), "dr0": int(EFI_1TO1)}
    stage = Stage(a_build(build), Config())
    stage.cpu(direct_caller, name="caller", mm=USER_MM, fields=armed)
    now, reports = stage.system(), list[str]()
    while now.cpus[0].running:
        outcome = take(now, action("s", 0))
        now = outcome.system
        reports += outcome.reports
    quiet = f"nothing is reported; after the call DR7 is armed again ({now.cpus[0].dr7:#x})"
    return f"{build}: {'; '.join(reports) or quiet}"


def _somebody_waits(stage: Stage, **_: object) -> None:
    """Set the stage: a task that calls firmware, and another that could run on the same CPU."""
    number = stage.cpu(direct_caller, name="caller", mm=USER_MM)
    stage.sleeper(number, runs_and_ends, int(USER_PAGE), name="second", mm=OTHER_MM)


def tick_in_firmware(build: str = "v6.16") -> Trace:
    """Give the run in which a tick arrives while firmware runs and another task waits for the CPU."""
    knobs = {**COMMON, "cpus": 1, "ticks": 1}
    about = "CPU 0 calls firmware while another task waits for it."
    story = Story("efi_call_and_a_task", about, _somebody_waits, knobs, (), {}, True, {})
    scenario: Scenario = story(build=build)
    fired: list[bool] = []

    def choose(system: System, possible: list[Action], _: int) -> Action | None:
        running = system.cpus[0].running
        if not fired and running and "__efi_call" in running[-1].point.inside:
            fired.append(True)
            return action("t", 0)
        return next((each for each in possible if each.kind == "s"), None)

    return play(scenario, choose)


def switched_in(run: Trace) -> str:
    """Say in which step of such a run the tick came, firmware ended, and the other task got the CPU."""
    tick = next(step for step, moment in enumerate(run, 1) if moment.action.kind == "t")
    steps = [step for step, moment in enumerate(run, 1) if "second" in moment.after.cpus[0].current]
    end = next(step for step, moment in enumerate(run, 1) if step > tick and not _in_firmware(moment.before))
    count = next(step for step, moment in enumerate(run, 1) if step > end and not moment.after.cpus[0].preempt_count)
    return (
        f"the tick comes in step {tick}, firmware has returned by step {end}, preempt_count is 0 after step {count}, "
        f"and the other task runs from step {steps[0]}"
    )


def _in_firmware(system: System) -> bool:
    return any("__efi_call" in frame.point.inside for frame in system.cpus[0].running)
