"""Draw who may write to kernel code when: for each CPU, whether the tables let it, and whether its TLB does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tempmm_lab.errors import a_thing
from tempmm_lab.kernel.alternative import writable_text
from tempmm_lab.kernel.layout import TEXT_FRAMES, TEXT_POKE_MM
from tempmm_lab.kernel.system import LinuxCpu, System
from tempmm_lab.kernel.uaccess import PGD_BITS
from tempmm_lab.trace import Trace
from tempmm_lab.views.lanes import Span, spans
from tempmm_lab.views.mms import CSS
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg, number
from tempmm_lab.views.timeline import LEFT, Axis

WIDTH, LANE, TOP = 760, 78, 52
FRESH, STALE, ASIDE = "as the tables say", "stale", "under another PCID"
"""What a TLB may hold: what the tables say too; what they no longer say; what cannot be used now."""
_CODE = {int(frame) for frame in TEXT_FRAMES}
_OWN_CSS = ".tmm .aside{fill:none;stroke:var(--bad);stroke-dasharray:2 3;stroke-width:1.5}.tmm .wr{fill:var(--temp)}"


@dataclass(frozen=True, slots=True)
class Writer:
    """One CPU: when the tables let it write to code, what its TLB held, when IRQs were off, and its stores to code."""

    task: str
    tables: tuple[Span, ...]
    cached: tuple[Span, ...]
    irqs_off: tuple[Span, ...]
    stores: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Writers:
    """A run, told by who may write to code. `returned` is the step in which text_poke() had returned, if it did."""

    title: str
    count: int
    cpus: tuple[Writer, ...]
    returned: tuple[int, ...]


def draw_writers(trace: Trace) -> Picture:
    """Draw a run by who may write to kernel code. Column k is the machine after k steps.

    Each CPU has a bar while the tables it walks map code as writable, and one while its TLB holds such a translation:
    filled if the tables say so too, red and dotted if they no longer do, an outline if it is kept under a PCID that is
    not loaded. A mark is a store that changed code.

    Raises:
        ModelError: this is no trace.
    """
    told = writers(a_thing(trace, Trace, "draw_writers() draws a Trace, such as replay(path)."))
    axis = Axis(told.count)
    drawing = Svg(WIDTH, TOP + LANE * len(told.cpus) + 44)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(12, 22, "Who may write to code", "h")
    drawing.text(206, 22, told.title if len(told.title) < 80 else f"{told.title[:79]}…", "m s")
    bottom = TOP + LANE * len(told.cpus)
    for place, step in enumerate(told.returned):
        drawing.line(axis.x(step), 40, axis.x(step), bottom - 8, "rule")
        words, late = "text_poke() has returned" if place == 0 else "again", axis.x(step) + 160 > WIDTH
        drawing.text(axis.x(step) + (-4 if late else 4), 42, words, "t m end" if late else "t m")
    for place, cpu in enumerate(told.cpus):
        _draw_cpu(drawing, TOP + LANE * place, place, cpu, axis, told.count)
    axis.draw(drawing, bottom + 8)
    _draw_legend(drawing, bottom + 32)
    title, desc = f"Who may write to code in {told.title}", " ".join(_sentences(told))
    return Picture(title, desc, drawing.finish(title, desc, CSS + _OWN_CSS), _twin(told))


def writers(trace: Trace) -> Writers:
    """Read off a run who may write to code when."""
    systems = [trace.first or trace.scenario.system(), *(moment.after for moment in trace)]
    number_of = range(len(systems[0].cpus))
    cpus = tuple(_writer(trace, systems, cpu) for cpu in number_of)
    poked = [sum(bool(system.cells["poked", frame]) for frame in TEXT_FRAMES) for system in systems]
    returned = tuple(step for step in range(1, len(poked)) if poked[step] > poked[step - 1])
    return Writers(str(trace.scenario), len(trace), cpus, returned)


def _writer(trace: Trace, systems: list[System], cpu: int) -> Writer:
    stores = tuple(
        step
        for step, moment in enumerate(trace, 1)
        if moment.action.cpu == cpu and moment.before.memory is not moment.after.memory and _wrote_code(moment)
    )
    by_tables = spans("yes" if _tables_let(system, system.cpus[cpu]) else None for system in systems)
    cached = spans(_cached(system, system.cpus[cpu]) for system in systems)
    off = spans(None if system.cpus[cpu].rflags_if else "off" for system in systems)
    return Writer(systems[0].cpus[cpu].current, _set(by_tables), _set(cached), _set(off), stores)


def _set(found: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple(span for span in found if span.value)


def _wrote_code(moment: object) -> bool:
    before, after = (getattr(moment, name).memory for name in ("before", "after"))
    return any(before.read64(frame) != after.read64(frame) for frame in TEXT_FRAMES)


def _reachable(system: System, cpu: LinuxCpu) -> Iterator[int]:
    """Give the frames of code that this CPU's tables map as writable."""
    in_poking_mm = int(cpu.registers.cr3) & PGD_BITS == system.world.mms[TEXT_POKE_MM].pgd
    for alias, place in system.world.alias_ptes.items():
        pte = int(system.read_cell(place))
        if writable_text(pte) and (alias >> 63 or in_poking_mm):
            yield pte & PGD_BITS


def _tables_let(system: System, cpu: LinuxCpu) -> bool:
    return any(_reachable(system, cpu))


def _cached(system: System, cpu: LinuxCpu) -> str | None:
    """Say what the TLB holds of writable code, the worst first."""
    held = [entry for entry in cpu.tlb.entries if entry.rights.write and int(entry.pa) & PGD_BITS in _CODE]
    usable = [entry for entry in held if entry.global_ or entry.pcid == cpu.registers.pcid]
    if not usable:
        return ASIDE if held else None
    there = set(_reachable(system, cpu))
    return FRESH if all(int(entry.pa) & PGD_BITS in there for entry in usable) else STALE


def _draw_cpu(drawing: Svg, y: float, place: int, cpu: Writer, axis: Axis, count: int) -> None:
    drawing.text(12, y + 8, f"CPU {place}", "b s")
    drawing.text(50, y + 8, cpu.task, "t m")
    for row, words in ((14, "tables let it"), (32, "TLB lets it"), (50, "IRQs off")):
        drawing.text(LEFT - 8, y + row + 9, words, "t m end")
        drawing.line(LEFT, y + row + 6, axis.x(count + 1), y + row + 6)
    for span in cpu.tables:
        _bar(drawing, axis, span, y + 14, 13, "wr")
    for span in cpu.cached:
        css = {FRESH: "wr", STALE: "badbar", ASIDE: "aside"}[span.value or FRESH]
        _bar(drawing, axis, span, y + 32, 13, css)
        if span.value == STALE:
            _mark_stale(drawing, y + 32, span, axis)
    for span in cpu.irqs_off:
        _bar(drawing, axis, span, y + 53, 6, "irqoff")
    for step in cpu.stores:
        x = axis.x(step)
        drawing.path(f"M{number(x - 5)} {number(y + 2)}h10l-5 10z", "mark")
        drawing.text(x + 8, y + 9, "writes", "t b")


def _mark_stale(drawing: Svg, y: float, span: Span, axis: Axis) -> None:
    """Stale is marked as everywhere: a dotted line under it, and the word where there is room."""
    drawing.line(axis.x(span.first), y + 15.5, axis.x(span.last + 1), y + 15.5, "dots")
    if _wide(axis, span) > 60:
        drawing.rect(axis.x(span.first) + 4, y + 1, 56, 11, "tag", 2)
        drawing.text(axis.x(span.first) + 7, y + 10, "✗ stale", "t bad b")


def _wide(axis: Axis, span: Span) -> float:
    return axis.x(span.last + 1) - axis.x(span.first)


def _bar(drawing: Svg, axis: Axis, span: Span, y: float, tall: float, css: str) -> None:
    drawing.rect(axis.x(span.first), y, max(_wide(axis, span), 2), tall, css, 2)


def _draw_legend(drawing: Svg, y: float) -> None:
    x = 12.0
    for css, words in (("wr", "may write to code"), ("badbar", "stale: the tables no longer say so"),
                       ("aside", "kept under another PCID"), ("irqoff", "IRQs off")):  # fmt: skip
        drawing.rect(x, y - 9, 16, 10, css, 2)
        drawing.text(x + 21, y, words, "t")
        x += 38 + 6.1 * len(words)


def _told(found: tuple[Span, ...]) -> str:
    return ", ".join(str(span) if span.value in ("yes", "off") else f"{span} {span.value}" for span in found) or "never"


def _twin(told: Writers) -> str:
    lines = [f"Who may write to code in {told.title}: {told.count} steps"]
    for place, cpu in enumerate(told.cpus):
        lines += [
            f"  CPU {place} ({cpu.task})",
            f"    the tables let it  {_told(cpu.tables)}",
            f"    its TLB lets it    {_told(cpu.cached)}",
            f"    IRQs off           {_told(cpu.irqs_off)}",
        ]
        lines += [f"    writes to code     in step {', '.join(map(str, cpu.stores))}"] if cpu.stores else []
    lines += [f"  text_poke() has returned in step {step}" for step in told.returned]
    return "\n".join(lines)


def _sentences(told: Writers) -> Iterator[str]:
    yield f"{told.count} steps."
    for place, cpu in enumerate(told.cpus):
        yield f"CPU {place}, {cpu.task}: the tables let it {_told(cpu.tables)}; its TLB lets it {_told(cpu.cached)}."
        if cpu.stores:
            yield f"It writes in step {', '.join(map(str, cpu.stores))}."
    yield from (f"text_poke() has returned in step {step}." for step in told.returned)
