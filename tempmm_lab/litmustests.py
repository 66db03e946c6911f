"""Litmus tests: programs of a few loads and stores, and every outcome that a memory can give them.

A program is a list of threads, one for each CPU, each a string of instructions: `x = 1` stores a number to a cell,
`a = x` loads a cell into a register, `fence` is a full barrier. Cells are the names that are stored to.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tempmm_lab.awaiting import op
from tempmm_lab.errors import ModelError, one_of
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.barrier import full_barrier
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.layout import USER_MM
from tempmm_lab.kernel.step import Action, successors
from tempmm_lab.kernel.system import System
from tempmm_lab.scenarios.stage import Stage

STORE_BUFFERING = ("x = 1; a = y", "y = 1; b = x")
"""The smallest program that tells a store buffer from none: each CPU stores to one cell and loads the other."""
MOST_CPUS, MOST_LINES = 4, 6
_ADVICE = 'A program is a list of threads, such as ["x = 1; a = y", "y = 1; b = x"].'
_LINE = re.compile(r"([A-Za-z]\w*) *= *([A-Za-z]\w*|\d{1,3})")
Instruction = tuple[str, str, str]


@op
def store_cell(cpu: Access, cell: str, value: int) -> None:
    """Store to a cell that all CPUs share: MOV."""
    cpu.write(("litmus", cell), value)


@op
def load_cell(cpu: Access, register: str, cell: str) -> None:
    """Load a cell into a register, which no other CPU sees."""
    cpu.note(("register", register), cpu.read(("litmus", cell)))


@dataclass(frozen=True)
class Litmus:
    """Every outcome of a program on one kind of memory.

    Attributes:
        program: the threads.
        memory: "sc", sequentially consistent, or "tso", with store buffers.
        outcomes: the values of the registers, as a tuple of (register, value), and a shortest run that ends so.
    """

    program: tuple[str, ...]
    memory: str
    outcomes: dict[tuple[tuple[str, int], ...], tuple[str, ...]]

    def allows(self, **registers: int) -> bool:
        """Say whether some run ends with these values in these registers."""
        return any(registers.items() <= dict(outcome).items() for outcome in self.outcomes)

    def run(self, **registers: int) -> str:
        """Give a shortest run that ends with these values, line by line.

        Raises:
            ModelError: no run does.
        """
        for outcome, steps in self.outcomes.items():
            if registers.items() <= dict(outcome).items():
                return "\n".join(f"{number:3} {step}" for number, step in enumerate(steps, 1))
        wanted = ", ".join(f"{name} = {value}" for name, value in registers.items())
        raise ModelError(f"No run of this program with memory={self.memory!r} ends with {wanted}.")

    def text(self) -> str:
        """Give the outcomes, one a line."""
        lines = [", ".join(f"{name} = {value}" for name, value in outcome) for outcome in self.outcomes]
        return "\n".join([f"memory={self.memory}: {len(lines)} outcomes", *(f"  {line}" for line in lines)])

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Litmus(...)" if cycle else self.text())


def litmus(program: Sequence[str] = STORE_BUFFERING, memory: str = "sc") -> Litmus:
    """Give every outcome of a small program, by trying every order of its steps and of what its store buffers do.

    Raises:
        ModelError: this is no program of one to four threads, or there is no such memory.
    """
    one_of(memory, ("sc", "tso"), "memory")
    threads = _parsed(program)
    cells = {target for code in threads for kind, target, _ in code if kind == "store"}
    stage = Stage(BUILDS["v6.16"], Config(), tso=memory == "tso")
    registers = sorted({target for code in threads for kind, target, _ in code if kind == "load"})
    for code in threads:
        for kind, target, source in code:
            if (kind == "load" and source not in cells) or (kind == "load" and target in cells):
                raise ModelError(f"{target} = {source}: a register is loaded from a cell that some thread stores to.")
    stage.cells |= {("litmus", cell): 0 for cell in cells} | {("register", each): 0 for each in registers}
    for code in threads:
        stage.cpu(_thread, code, name="thread", mm=USER_MM)
    found: dict[tuple[tuple[str, int], ...], tuple[str, ...]] = {}
    for system, steps in _ends(stage.system()):
        found.setdefault(tuple((each, system.cells["register", each]) for each in registers), steps)
    return Litmus(tuple(program), memory, dict(sorted(found.items())))


def _parsed(program: Sequence[str]) -> list[tuple[Instruction, ...]]:
    if not isinstance(program, list | tuple) or not 1 <= len(program) <= MOST_CPUS:
        raise ModelError(f"{_ADVICE} It has one to {MOST_CPUS} of them.")
    return [tuple(_instructions(thread)) for thread in program]


def _instructions(thread: str) -> Iterator[Instruction]:
    if not isinstance(thread, str):
        raise ModelError(_ADVICE)
    lines = [line.strip() for line in thread.split(";") if line.strip()]
    if len(lines) > MOST_LINES:
        raise ModelError(f"A thread has at most {MOST_LINES} instructions, not {len(lines)}.")
    for line in lines:
        found = _LINE.fullmatch(line)
        if line == "fence":
            yield "fence", "", ""
        elif found is None:
            raise ModelError(f"{line!r} is no instruction: write x = 1, a = x, or fence.")
        else:
            yield ("store" if found[2].isdecimal() else "load"), found[1], found[2]


async def _thread(code: tuple[Instruction, ...]) -> None:
    for kind, target, source in code:
        if kind == "store":
            await store_cell(target, int(source))
        elif kind == "load":
            await load_cell(target, source)
        else:
            await full_barrier()


def _ends(first: System) -> Iterator[tuple[System, tuple[str, ...]]]:
    """Give every system in which nothing more can happen, with a shortest run to it."""
    seen = {first}
    waiting: deque[tuple[System, tuple[str, ...]]] = deque([(first, ())])
    while waiting:
        system, steps = waiting.popleft()
        after = list(successors(system))
        if not after:
            yield system, steps
        for action, outcome in after:
            if outcome.system not in seen:
                seen.add(outcome.system)
                waiting.append((outcome.system, (*steps, _told(system, action, outcome.system))))


def _told(before: System, action: Action, after: System) -> str:
    """Say in words what one action does."""
    cpu, later = before.cpus[action.cpu], after.cpus[action.cpu]
    if action.kind == "d":
        store = cpu.store_buffer[0]
        return f"CPU{action.cpu}'s buffer drains: {store.target[1]} is {store.value} for all"  # type: ignore[index]
    called = cpu.running[-1].point.op
    args = called.args if called else ()
    if called is None or called.do.__name__ == "full_barrier":
        return f"CPU{action.cpu} fence"
    if called.do.__name__ == "load_cell":
        return f"CPU{action.cpu} {args[0]} = {args[1]}: reads {after.cells['register', args[0]]}"
    waits = ", which waits in its buffer" if len(later.store_buffer) > len(cpu.store_buffer) else ""
    return f"CPU{action.cpu} {args[0]} = {args[1]}{waits}"
