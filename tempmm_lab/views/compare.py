"""Draw several runs on one time axis, such as the same schedule on two kernels, and say where they part."""

from __future__ import annotations

from collections.abc import Sequence

from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.trace import Trace, events
from tempmm_lab.views.lanes import Lanes, read
from tempmm_lab.views.mms import CSS
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg
from tempmm_lab.views.timeline import (
    WIDTH,
    Axis,
    checked,
    describe,
    draw_lanes,
    draw_legend,
    draw_notes,
    height,
    notes,
    twin,
)

MOST = 4


def compare(traces: Sequence[Trace], at: int | None = None) -> Picture:
    """Draw two to four runs, one below the other, step under step; `at` marks a column in all of them.

    Below each run stands what the kernel printed and, if it could not follow its schedule, at which action and why.

    Raises:
        ModelError: these are not two to four traces, or none has such a step.
    """
    every = _checked(traces)
    read_ones = [read(trace) for trace in every]
    place, parting = checked(at, max(lanes.count for lanes in read_ones)), parting_of(every)
    name = f"Compared: {' and '.join(lanes.title for lanes in read_ones)}"
    desc = " ".join([parting + ".", *(f"{lanes.title}: {describe(lanes, None)}" for lanes in read_ones)])
    text = "\n".join([parting, *(twin(lanes, _within(place, lanes)) for lanes in read_ones)])
    return Picture(name, desc, sketch(every, place).finish(name, desc, CSS), text)


def sketch(traces: Sequence[Trace], at: int | None, room: int = 0) -> Svg:
    """Give the drawing of several runs, unfinished, with room for so many steps."""
    read_ones = [read(trace) for trace in traces]
    axis = Axis(max(lanes.count for lanes in read_ones), room)
    tall = sum(height(lanes, axis) + 34 + 16 * len(notes(lanes)) for lanes in read_ones)
    drawing = Svg(WIDTH, tall + 52)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    y = 0.0
    for trace, lanes in zip(traces, read_ones, strict=True):
        y = _draw_one(drawing, y, lanes, _outcome(trace), axis, at)
    drawing.text(12, y + 16, parting_of(traces), "b s")
    draw_legend(drawing, drawing.height - 22, read_ones)
    return drawing


def _checked(traces: Sequence[Trace]) -> list[Trace]:
    advice = "compare() takes a list of traces, such as [replay(path), replay(path, build='v6.16')]."
    if isinstance(traces, Trace):
        raise ModelError(f"{advice} Got one trace.")
    every = [a_thing(trace, Trace, advice) for trace in a_thing(traces, list | tuple, advice)]
    if not 2 <= len(every) <= MOST:
        raise ModelError(f"{advice} Give two to {MOST}, not {len(every)}.")
    return every


def _within(place: int | None, lanes: Lanes) -> int | None:
    return None if place is None else min(place, lanes.count)


def _draw_one(drawing: Svg, y: float, lanes: Lanes, outcome: str, axis: Axis, place: int | None) -> float:
    """Draw one run from y down; give where the next may begin."""
    bottom = draw_lanes(drawing, lanes, axis, y, _within(place, lanes))
    drawing.text(WIDTH - 12, y + 22, outcome, "s end b bad" if lanes.broken or lanes.stopped else "s end b ok")
    axis.draw(drawing, bottom + 8)
    lines = notes(lanes)
    draw_notes(drawing, bottom + 26, lines)
    below = bottom + 24 + 16 * len(lines)
    drawing.line(12, below, WIDTH - 12, below)
    return below + 10


def _outcome(trace: Trace) -> str:
    if trace.broken:
        return f"✗ breaks {', '.join(trace.broken)}"[:60]
    return f"stopped after {len(trace)} steps" if trace.stopped else "✓ no rule broken in this run"


def parting_of(traces: Sequence[Trace]) -> str:
    """Say in which step the runs first differ: in what happened, in what came of it, or by one of them ending."""
    for step, moments in enumerate(zip(*traces, strict=False), 1):
        told = [(moment.action, moment.what, tuple(map(str, events(moment))), moment.broken) for moment in moments]
        if any(each != told[0] for each in told):
            return f"The runs part in step {step}: {' / '.join(_in_short(moment.what) for moment in moments)}"
    counts = {len(trace) for trace in traces}
    if len(counts) > 1:
        return f"The runs are alike for {min(counts)} steps; then one of them ends"
    return f"The runs are alike in all {counts.pop()} steps"


def _in_short(what: str) -> str:
    return what if len(what) <= 40 else what[:39] + "…"
