"""A run told as a tree of calls: which kernel functions were entered, in which step, and in what state the CPU was."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tempmm_lab.errors import ModelError, a_thing, whole_number
from tempmm_lab.kernel.layout import BASES
from tempmm_lab.kernel.uaccess import PGD_BITS
from tempmm_lab.points import ProgramPoint
from tempmm_lab.trace import Moment, Trace

_NAMES = {int(pgd): name for name, pgd in BASES.items()}


@dataclass(frozen=True, slots=True)
class Call:
    """A kernel function that was entered.

    Attributes:
        name: its name; `depth` is how many others it is inside of.
        first, last: the first and the last step taken inside it, counted from 1.
        cpu, task: where.
        irqs_on, preempt_count, cr3: the CPU's state before the first of these steps; CR3 by the name of the mm.
    """

    name: str
    depth: int
    first: int
    last: int
    cpu: int
    task: str
    irqs_on: bool
    preempt_count: int
    cr3: str


@dataclass(frozen=True, slots=True)
class CallTree:
    """The calls of a run, in the order in which they were entered, down to a depth."""

    title: str
    calls: tuple[Call, ...]

    def text(self) -> str:
        """Give one line for each call: its steps, the task, IF, preempt_count, the mm in CR3, and its name."""
        lines = [f"{self.title}", "   steps  task         IF  count  CR3           function"]
        for call in self.calls:
            steps = f"{call.first}-{call.last}" if call.last > call.first else f"{call.first}"
            state = f"{int(call.irqs_on)}   {call.preempt_count:<#5x}  {call.cr3:<13}"
            lines.append(f"{steps:>8}  {call.task:<11}  {state} {'  ' * call.depth}{call.name}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text("CallTree(...)" if cycle else self.text())  # type: ignore[attr-defined]


def call_tree(trace: Trace, depth: int = 3, inside: str | None = None) -> CallTree:
    """Give the kernel functions that a run enters, down to `depth` calls inside each other.

    With `inside` only what happens in calls of that function is told.

    Raises:
        ModelError: this is no trace, or it never enters that function.
    """
    a_thing(trace, Trace, "call_tree() takes a Trace, such as play(efi_call(), in_order).")
    most = whole_number(depth, "depth")
    found: list[Call] = []
    open_calls: dict[tuple[int, str, int], list[int]] = {}
    for step, moment in enumerate(trace, 1):
        if moment.action.kind == "s":
            _note(found, open_calls, step, moment)
    told = _within(found, inside)
    return CallTree(str(trace.scenario), tuple(call for call in told if call.depth < most))


def _note(found: list[Call], open_calls: dict[tuple[int, str, int], list[int]], step: int, moment: Moment) -> None:
    """Lengthen the calls that a step is taken inside of, and begin those that are new."""
    cpu = moment.before.cpus[moment.action.cpu]
    point = cpu.running[-1].point
    key = (moment.action.cpu, cpu.current, len(cpu.running))
    now = _still_open(found, open_calls.get(key, []), point)
    for depth, name in enumerate(point.inside[len(now) :], len(now)):
        cr3 = _in_cr3(int(cpu.registers.cr3) & PGD_BITS)
        now.append(len(found))
        found.append(Call(name, depth, step, step, key[0], key[1], cpu.rflags_if, cpu.preempt_count, cr3))
    for place in now:
        found[place] = replace(found[place], last=step)
    open_calls[key] = now


def _in_cr3(pgd: int) -> str:
    return _NAMES.get(pgd, f"{pgd:#x}")


def _still_open(found: list[Call], before: list[int], point: ProgramPoint) -> list[int]:
    """Give the calls that a point is still inside of. One that was left and entered again is another call."""
    left = {mark.name for mark in point.marks if mark.kind == "return"}
    kept = 0
    for place, name in zip(before, point.inside, strict=False):
        innermost = kept == len(point.inside) - 1
        if found[place].name != name or (innermost and name in left):
            break
        kept += 1
    return before[:kept]


def _within(found: list[Call], inside: str | None) -> list[Call]:
    """Give the calls of one function with what they call, moved to the left edge."""
    if inside is None:
        return found
    a_thing(inside, str, "inside= takes the name of a kernel function.")
    told: list[Call] = []
    root: Call | None = None
    for call in found:
        if call.name == inside and (root is None or call.first > root.last or call.task != root.task):
            root = call
        if root and call.task == root.task and root.first <= call.first <= root.last and call.depth >= root.depth:
            told.append(replace(call, depth=call.depth - root.depth))
    if not told:
        names = ", ".join(dict.fromkeys(call.name for call in found))
        raise ModelError(f"This run never enters {inside}. It enters {names}.")
    return told
