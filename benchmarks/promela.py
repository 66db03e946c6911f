"""A net as a Promela model, written as SPIN's expert would.

The location is the control location, and one step is one transition. Cells that only one CPU touches are local, so
that partial-order reduction can tell that nobody sees them. A broken rule is an assert in the step that breaks it.
"""

from __future__ import annotations

from benchmarks.model import Net
from benchmarks.writer import Choice, Cpu, Language, Style, Writer

PROMELA = Language(both=" && ", either=" || ", no="!", pick="(({}) -> {} : {})", bits=("0", "1"))


def promela(net: Net, style: Style | None = None) -> str:
    """Give the model's text."""
    writer = Writer(net, style or Style(), PROMELA)
    bodies = [line for cpu in writer.cpus for line in _proctype(writer, cpu)]
    lines = [f"/* {net.name}: generated */", *_cells(net, writer.cells(None))]
    lines += [f"{_type(len(net.pendings))} p{number};" for number in writer.queues]
    for cpu in writer.cpus:
        lines += [f"bit {name} = {int(answers[cpu.part.start])};" for answers, name in cpu.flags.items()]
    return "\n".join([*lines, *bodies, ""])


def _cells(net: Net, cells: list[int]) -> list[str]:
    return [f"{_type(len(net.cells[cell]))} c{cell};" for cell in cells]


def _type(count: int) -> str:
    return "bit" if count <= 2 else "byte" if count <= 256 else "short"


def _proctype(writer: Writer, cpu: Cpu) -> list[str]:
    names = {place: f"{'end' if cpu.part.finished[place] else 'L'}{place}" for place in writer.reached(cpu)}
    lines = [f"active proctype cpu{cpu.number}() {{", *_cells(writer.net, writer.cells(cpu.number))]
    lines.append(f"  goto {names[cpu.part.start]};")
    for place, name in names.items():
        lines += _location(name, [f"{_statement(each)}; goto {names[each.to]}" for each in writer.choices(cpu, place)])
    return [*lines, "}"]


def _location(name: str, bodies: list[str]) -> list[str]:
    if not bodies:
        return [f"{name}: false;"]
    if len(bodies) == 1 and not bodies[0].startswith("d_step"):  # SPIN lets nobody jump to a d_step
        return [f"{name}: {bodies[0]};"]
    return [f"{name}: if", *(f"  :: {body}" for body in bodies), "  fi;"]


def _statement(choice: Choice) -> str:
    """Give one transition."""
    guards = [" && ".join(choice.guards)] if choice.guards else []
    effects = ["assert(false)"] if choice.breaks else [f"{name} = {value}" for name, value in choice.effects]
    statements = guards + effects
    if not statements:
        return "true"
    return statements[0] if len(statements) == 1 else f"d_step {{ {'; '.join(statements)} }}"
