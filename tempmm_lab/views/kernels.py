"""Draw one firmware call on three kernels, one below the other: whose page tables, when deaf, when interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.threekernels import RULE, KernelRun, kernel_runs
from tempmm_lab.trace import Trace
from tempmm_lab.views.lanes import Lane, Lanes, Span, read
from tempmm_lab.views.mms import CSS, bar, short
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg, number
from tempmm_lab.views.timeline import CHAR, LEFT, WIDTH, Axis, draw_legend

HEAD, ROW, QUIET_ROW = 42, 144, 100
TAKES, GIVES = "zap_pte", "free_page"
"""The steps of the other CPU in which it takes the page away, and gives its frame back to the system."""


def draw_kernels(runs: Sequence[KernelRun] | None = None) -> Picture:
    """Draw the three kernels of chapter 0: a run of each, and what exploring every order says of it.

    Raises:
        ModelError: these are not what `kernel_runs()` gives.
    """
    every = _checked(kernel_runs() if runs is None else runs)
    pairs = [(run, read(run.trace)) for run in every]
    name = "One firmware call on three kernels"
    heads = [f"{run.build}, {run.about}: {run.verdict}" for run, _ in pairs]
    desc = " ".join([f"{head}. {_told(run.trace, lanes)}" for head, (run, lanes) in zip(heads, pairs, strict=True)])
    twin = "\n".join([name, *(line for run, lanes in pairs for line in _twin(run, lanes))])
    return Picture(name, desc, _sketch(pairs).finish(name, desc, CSS), twin)


def _checked(runs: Sequence[KernelRun]) -> Sequence[KernelRun]:
    advice = "draw_kernels() takes what kernel_runs() gives."
    if not a_thing(runs, list | tuple, advice):
        raise ModelError(advice)
    return [a_thing(run, KernelRun, advice) for run in runs]


def flushes(lanes: Lanes) -> bool:
    """Say whether the other CPU takes part at all."""
    return bool(lanes.ipis)


def _sketch(pairs: Sequence[tuple[KernelRun, Lanes]]) -> Svg:
    axis = Axis(max(lanes.count for _, lanes in pairs))
    tall = [ROW if flushes(lanes) else QUIET_ROW for _, lanes in pairs]
    drawing = Svg(WIDTH, sum(tall) + 66)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    y = 0.0
    for (run, lanes), height in zip(pairs, tall, strict=True):
        _draw_run(drawing, y, run, lanes, axis)
        y += height
        drawing.line(12, y, WIDTH - 12, y)
    axis.draw(drawing, y + 18)
    draw_legend(drawing, y + 38, [_only_cr3(lanes) for _, lanes in pairs])
    return drawing


def _only_cr3(lanes: Lanes) -> Lanes:
    """Give the lanes without what is not drawn here, for the legend."""
    return replace(lanes, lanes=tuple(replace(lane, loaded=()) for lane in lanes.lanes))


def _draw_run(drawing: Svg, y: float, run: KernelRun, lanes: Lanes, axis: Axis) -> None:
    drawing.text(12, y + 24, run.build, "h")
    drawing.text(12 + 9 * len(run.build) + 6, y + 24, run.about, "m c")
    mark = "✓" if run.holds else "✗"
    drawing.text(WIDTH - 12, y + 24, f"{mark} {run.verdict}", "b c end ok" if run.holds else "b c end bad")
    _draw_caller(drawing, y + HEAD, lanes.lanes[0], axis, lanes.count)
    if flushes(lanes):
        _draw_other(drawing, y + HEAD, run.trace, lanes, axis)
    if RULE in run.trace.broken:
        x = axis.x(run.trace.broken[RULE])
        drawing.line(x, y + HEAD - 6, x, y + HEAD + 46, "badline")
        drawing.text(x + 12, y + HEAD + 14, "✗ reads it", "s b bad")


def _draw_caller(drawing: Svg, y: float, lane: Lane, axis: Axis, count: int) -> None:
    """Draw CPU 0: which page tables it runs on, and where it is deaf to interrupts."""
    drawing.text(12, y + 14, "CPU 0", "b s")
    drawing.text(LEFT - 8, y + 14, "CR3", "t m end")
    for span in lane.cr3:
        x, wide = axis.x(span.first), axis.x(span.last + 1) - axis.x(span.first)
        bar(drawing, x, y, wide, 20, span.value)
        words = short(span.value)
        if CHAR * len(words) + 14 <= wide:
            drawing.rect(x + 4, y + 2, CHAR * len(words) + 8, 16, "tag", 2)
            drawing.text(x + 8, y + 13, words, "s")
    _draw_windows(drawing, y + 28, "IRQs off", "irqoff", lane.irqs_off, axis, count)
    _draw_windows(drawing, y + 40, "preemption off", "preoff", lane.preempt_off, axis, count)
    for span in lane.arrivals:
        x = axis.x(span.first)
        drawing.path(f"M{number(x - 4)} {number(y - 9)}h8l-4 9z", "mark")
        drawing.line(x, y - 9, axis.x(span.last + 1), y - 9)


def _draw_windows(
    drawing: Svg, y: float, name: str, css: str, windows: tuple[Span, ...], axis: Axis, count: int
) -> None:
    drawing.text(LEFT - 8, y + 6, name, "t m end")
    drawing.line(LEFT, y + 3, axis.x(count + 1), y + 3)
    for span in windows:
        drawing.rect(axis.x(span.first), y, axis.x(span.last + 1) - axis.x(span.first), 6, css, 2)


def _draw_other(drawing: Svg, y: float, trace: Trace, lanes: Lanes, axis: Axis) -> None:
    """Draw CPU 1: it takes the page away, asks CPU 0 by an interrupt, waits, and gives the frame back."""
    top = y + 64
    drawing.text(12, top + 9, "CPU 1", "b s")
    begins, ends = axis.x(_step(trace, TAKES)), axis.x(_step(trace, GIVES))
    bar(drawing, begins, top + 1, ends - begins, 9, "user_mm")
    drawing.text(begins - 5, top + 9, "takes the page away", "t end")
    drawing.text(ends + 5, top + 9, "frees it: done", "t")
    for ipi in lanes.ipis:
        x1, x2 = axis.x(ipi.sent), axis.x(ipi.taken or lanes.count + 1)
        drawing.path(f"M{number(x1)} {number(top)}L{number(x2)} {number(y + 24)}", "arrow")
        drawing.path(f"M{number(x2 - 4)} {number(y + 29)}L{number(x2)} {number(y + 24)}l4 5", "arrow")
        waits = f"asks CPU 0 (step {ipi.sent}); let in: step {ipi.taken}"
        drawing.text((begins + ends) / 2, top + 24, waits, "t m mid")


def _step(trace: Trace, op: str) -> int:
    """Give the step in which CPU 1 does something."""
    return next(place for place, moment in enumerate(trace, 1) if moment.what.startswith(f"{op}("))


def _told(trace: Trace, lanes: Lanes) -> str:
    """Say in a few sentences what the run shows."""
    cr3 = ", ".join(f"{short(span.value)} {span}" for span in lanes.lanes[0].cr3)
    told = [f"CR3 {cr3}", f"IRQs off {', '.join(map(str, lanes.lanes[0].irqs_off)) or 'never'}"]
    told += [f"interrupt asked for in step {ipi.sent}, taken in step {ipi.taken}" for ipi in lanes.ipis]
    told += [f"reads the page in step {trace.broken[RULE]}"] if RULE in trace.broken else []
    return "; ".join(told) + "."


def _twin(run: KernelRun, lanes: Lanes) -> list[str]:
    lane = lanes.lanes[0]
    lines = [
        f"{run.build} ({run.about}): {run.verdict}",
        f"  CR3 of CPU 0    {', '.join(f'{short(span.value)} {span}' for span in lane.cr3)}",
        f"  IRQs off        {', '.join(map(str, lane.irqs_off)) or 'never'}",
        f"  preemption off  {', '.join(map(str, lane.preempt_off)) or 'never'}",
    ]
    if flushes(lanes):
        takes, gives = _step(run.trace, TAKES), _step(run.trace, GIVES)
        lines.append(f"  CPU 1           takes the page away in step {takes}, gives its frame back in step {gives}")
    lines += [f"  interrupt       asked for in step {ipi.sent}, taken in step {ipi.taken}" for ipi in lanes.ipis]
    if RULE in run.trace.broken:
        lines.append(f"  CPU 0           reads the page in step {run.trace.broken[RULE]}")
    return lines
