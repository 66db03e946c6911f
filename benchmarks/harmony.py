"""A net as a Harmony program.

One thread per CPU. One step is one `atomically`, in which the thread chooses among what its location offers; a choice
that can't be taken now changes nothing. Harmony then finds a deadlock as a state from which not all threads can end.
They end together, once all CPUs have finished and no IPI is pending.
"""

from __future__ import annotations

from benchmarks.model import Net
from benchmarks.writer import Choice, Cpu, Language, Style, Writer

HARMONY = Language(both=" and ", either=" or ", no="not ", pick="({1} if ({0}) else {2})", bits=("False", "True"))


def harmony(net: Net, style: Style | None = None) -> str:
    """Give the program's text."""
    writer = Writer(net, style or Style(), HARMONY)
    bodies = [line for cpu in writer.cpus for line in _thread(writer, cpu)]
    lines = [f"# {net.name}: generated"]
    shared = [*writer.cells(None), *(cell for cpu in writer.cpus for cell in writer.cells(cpu.number))]
    lines += [f"c{cell} = 0" for cell in sorted(shared)]
    lines += [f"p{number} = 0" for number in writer.queues]
    for cpu in writer.cpus:
        lines.append(f"d{cpu.number} = {cpu.part.finished[cpu.part.start]}")
        lines += [f"{name} = {answers[cpu.part.start]}" for answers, name in cpu.flags.items()]
    return "\n".join([*lines, *bodies, *(f"spawn cpu{cpu.number}()" for cpu in writer.cpus), ""])


def _thread(writer: Writer, cpu: Cpu) -> list[str]:
    number, places = cpu.number, writer.reached(cpu)
    over = [f"d{other.number}" for other in writer.cpus] + [f"(p{other} == 0)" for other in writer.queues]
    lines = [f"def step{number}(at) returns to:", "    to = at"]
    lines += _dispatch(writer, cpu, places, "    ")
    lines += [f"def cpu{number}():", f"    var at = {cpu.part.start}", "    while at != -1:", "        atomically:"]
    lines += [f"            if {' and '.join(over)}:", "                at = -1", "            else:"]
    return [*lines, f"                at = step{number}(at)"]


def _dispatch(writer: Writer, cpu: Cpu, places: list[int], indent: str) -> list[str]:
    """Find the location by halving."""
    if len(places) == 1:
        return _location(cpu, places[0], writer.choices(cpu, places[0]), indent)
    half = len(places) // 2
    below = _dispatch(writer, cpu, places[:half], indent + "  ")
    above = _dispatch(writer, cpu, places[half:], indent + "  ")
    return [f"{indent}if at < {places[half]}:", *below, f"{indent}else:", *above]


def _location(cpu: Cpu, place: int, choices: list[Choice], indent: str) -> list[str]:
    if len(choices) < 2:
        return _body(cpu, place, choices[0], indent) if choices else [f"{indent}pass"]
    lines = [f"{indent}let which = choose {{0..{len(choices) - 1}}}:"]
    for number, choice in enumerate(choices):
        lines += [f"{indent}  if which == {number}:", *_body(cpu, place, choice, indent + "    ")]
    return lines


def _body(cpu: Cpu, place: int, choice: Choice, indent: str) -> list[str]:
    lines = [f"{indent}if {' and '.join(f'({each})' for each in choice.guards)}:"] if choice.guards else []
    inner = indent + "  " if choice.guards else indent
    if choice.breaks:
        return [*lines, f"{inner}assert False"]
    lines += [f"{inner}{name} = {value}" for name, value in choice.effects]
    if cpu.part.finished[place] != cpu.part.finished[choice.to]:
        lines.append(f"{inner}d{cpu.number} = {cpu.part.finished[choice.to]}")
    return [*lines, f"{inner}to = {choice.to}"]
