"""Draw a run as a timeline: a lane for each CPU, and in it what the three opinions and the two windows were when."""

from __future__ import annotations

from tempmm_lab.errors import ModelError, a_thing, whole_number
from tempmm_lab.trace import Trace
from tempmm_lab.views.lanes import Ipi, Lane, Lanes, Span, read
from tempmm_lab.views.mms import CSS, bar, short, swatch
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg, number

WIDTH, LEFT, RIGHT, LANE, TOP, LEAST = 760, 104, 748, 106, 34, 12
ROWS = (("CR3", 18), ("loaded_mm", 43), ("current->mm", 55), ("IRQs off", 67), ("preemption off", 79))
CHAR = 6.7
BOX = 10.5


def draw_timeline(trace: Trace, at: int | None = None) -> Picture:
    """Draw a run. Column k is the machine after k steps; `at` marks a column, and veils what comes after it.

    Each lane shows, from above: the CPU's steps and what interrupted it, which mm CR3 holds, which mm `loaded_mm` and
    `current->mm` name, and where IRQs and preemption are off.

    Raises:
        ModelError: this is no trace, or it has no such step.
    """
    lanes = read(a_thing(trace, Trace, "draw_timeline() draws a Trace, such as play(text_poke(), in_order)."))
    place = checked(at, lanes.count)
    name, desc = f"Timeline of {lanes.title}", describe(lanes, place)
    return Picture(name, desc, sketch(lanes, place).finish(name, desc, CSS), twin(lanes, place))


def sketch(lanes: Lanes, at: int | None, room: int = 0) -> Svg:
    """Give the drawing of one run, unfinished, with room for so many steps."""
    axis = Axis(lanes.count, room)
    drawing = Svg(WIDTH, height(lanes, axis) + 46 + 16 * len(notes(lanes)))
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    bottom = draw_lanes(drawing, lanes, axis, 0, at)
    axis.draw(drawing, bottom + 12)
    draw_notes(drawing, bottom + 30, notes(lanes))
    draw_legend(drawing, drawing.height - 22, [lanes])
    return drawing


def checked(at: int | None, count: int) -> int | None:
    """Give a column if the run has it."""
    if at is not None and whole_number(at, "at") > count:
        raise ModelError(f"This run has {count} steps: at must be from 0 to {count}, not {at}.")
    return at


class Axis:
    """Where each column is: all timelines of a picture share one."""

    def __init__(self, count: int, room: int = 0) -> None:
        self.count = max(count, room)
        self.scale = (RIGHT - LEFT) / (max(count, room, LEAST) + 1)

    def x(self, column: int) -> float:
        """Give where a column begins."""
        return LEFT + column * self.scale

    def draw(self, drawing: Svg, y: float) -> None:
        """Write the numbers of columns below the lanes."""
        gap = next(gap for gap in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000) if gap * self.scale >= 30)
        for column in range(0, self.count + 1, gap):
            drawing.text(self.x(column) + self.scale / 2, y, column, "t m mid")
        drawing.text(LEFT - 8, y, "after step", "t m end")


def height(lanes: Lanes, axis: Axis) -> float:
    """Give how much room the lanes take, with the words above them."""
    return TOP + 14 * _rows(_labels(lanes, axis)) + LANE * len(lanes.lanes)


def draw_lanes(drawing: Svg, lanes: Lanes, axis: Axis, y: float, at: int | None) -> float:
    """Draw all lanes with the words above them, from y down; give where they end."""
    drawing.text(12, y + 22, lanes.title, "h")
    labels = _labels(lanes, axis)
    top = y + TOP + 14 * _rows(labels)
    for place, lane in enumerate(lanes.lanes):
        _draw_lane(drawing, top + LANE * place, lane, axis, place, lanes.count)
    for ipi in lanes.ipis:
        _draw_ipi(drawing, top, ipi, axis, lanes.count)
    bottom = top + LANE * len(lanes.lanes)
    if at is not None and at < lanes.count:
        drawing.rect(axis.x(at + 1), top, axis.x(lanes.count + 1) - axis.x(at + 1), bottom - top - 8, "veil", 0)
    for x, row, words, anchor in labels:
        drawing.line(x, y + TOP + 14 * row + 2, x, bottom - 10, "bad2 rule")
        drawing.text(x + (4 if anchor == "" else -4), y + TOP + 14 * row + 10, words, f"s bad b {anchor}".strip())
    for steps in lanes.broken.values():
        for step in steps[1:]:
            drawing.line(axis.x(step), top, axis.x(step), bottom - 10, "bad2 rule")
    if at is not None:
        drawing.rect(axis.x(at), top - 2, max(axis.scale, 4), bottom - top - 6, "cursor", 2)
    return bottom


def _labels(lanes: Lanes, axis: Axis) -> list[tuple[float, int, str, str]]:
    """Give (x, row, words, anchor) for each rule that was broken, no word over another."""
    ends: list[list[tuple[float, float]]] = []
    found = []
    for name, steps in sorted(lanes.broken.items(), key=lambda item: (item[1][0], item[0])):
        x, words = axis.x(steps[0]), f"✗ {steps[0]} {name}"
        wide = 8 + CHAR * len(words)
        anchor = "end" if x + wide > RIGHT else ""
        box = (x - wide, x) if anchor else (x, x + wide)
        row = next((n for n, taken in enumerate(ends) if all(box[1] < a or b < box[0] for a, b in taken)), len(ends))
        if row == len(ends):
            ends.append([])
        ends[row].append(box)
        found.append((x, row, words, anchor))
    return found


def _rows(labels: list[tuple[float, int, str, str]]) -> int:
    return max((row + 1 for _, row, _, _ in labels), default=0)


def _draw_lane(drawing: Svg, y: float, lane: Lane, axis: Axis, place: int, count: int) -> None:
    drawing.text(12, y + 12, f"CPU {place}", "b s")
    drawing.text(50, y + 12, lane.task, "t m")
    for name, row in ROWS:
        drawing.text(LEFT - 8, y + row + (14 if name == "CR3" else 8), name, "t m end")
    for span in lane.cr3:
        _stretch(drawing, y + 18, 20, span, axis)
        _name(drawing, y + 18, span, axis)
    for row, opinion in ((43, lane.loaded), (55, lane.current)):
        for span in opinion:
            _stretch(drawing, y + row, 8, span, axis)
    for row, windows, css in ((68, lane.irqs_off, "irqoff"), (80, lane.preempt_off, "preoff")):
        drawing.line(LEFT, y + row + 3, axis.x(count + 1), y + row + 3)
        for span in windows:
            drawing.rect(axis.x(span.first), y + row, _wide(span, axis), 6, css, 2)
    _draw_steps(drawing, y, lane, axis)


def _wide(span: Span, axis: Axis) -> float:
    return axis.x(span.last + 1) - axis.x(span.first)


def _stretch(drawing: Svg, y: float, tall: float, span: Span, axis: Axis) -> None:
    bar(drawing, axis.x(span.first), y, _wide(span, axis), tall, span.value)


def _name(drawing: Svg, y: float, span: Span, axis: Axis) -> None:
    words = short(span.value)
    room = CHAR * len(words) + 8
    if room + 6 <= _wide(span, axis):
        drawing.rect(axis.x(span.first) + 4, y + 2, room, 16, "tag", 2)
        drawing.text(axis.x(span.first) + 8, y + 13, words, "s")


def _draw_steps(drawing: Svg, y: float, lane: Lane, axis: Axis) -> None:
    """Draw a mark for each step, and for what interrupted a triangle, a name and a line as long as it ran."""
    marks = "".join(f"M{number(axis.x(step))} {number(y + 11)}v5" for step in lane.steps)
    if marks:
        drawing.path(marks, "tick")
    for step, kind in lane.freedom:
        drawing.text(axis.x(step), y + 16, {"f": "+", "e": "-", "d": "»"}[kind], "s mid")
    for span in lane.arrivals:
        x = axis.x(span.first)
        drawing.path(f"M{number(x - 4)} {number(y + 7)}h8l-4 9z", "mark")
        drawing.line(x, y + 7, axis.x(span.last + 1), y + 7)
        room = CHAR * len(span.value or "")
        drawing.text(x + (6 if x + room + 8 < RIGHT else -6 - room), y + 5, span.value, "t b")


def _draw_ipi(drawing: Svg, top: float, ipi: Ipi, axis: Axis, count: int) -> None:
    """Draw an IPI from the sender's lane to where it was taken; dotted to the end if it was not."""
    down = ipi.target > ipi.sender
    x1, y1 = axis.x(ipi.sent), top + LANE * ipi.sender + (88 if down else 16)
    x2 = axis.x(ipi.taken if ipi.taken is not None else count + 1)
    y2 = top + LANE * ipi.target + (6 if down else 90)
    drawing.path(f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}", "arrow" if ipi.taken else "arrow dots")
    head = -5 if down else 5
    drawing.path(f"M{number(x2 - 4)} {number(y2 + head)}L{number(x2)} {number(y2)}l4 {head}", "arrow")


def notes(lanes: Lanes) -> list[str]:
    """Give what is written below the lanes: what the kernel printed, and why the run stopped."""
    lines = [f"! {step} {text}" for step, text in lanes.reports]
    shown = lines if len(lines) <= 3 else [*lines[:2], f"! and {len(lines) - 2} more reports"]
    return shown + ([f"stopped: {lanes.stopped}"] if lanes.stopped else [])


def draw_notes(drawing: Svg, y: float, lines: list[str]) -> None:
    """Write notes below the lanes, each cut to the width."""
    for place, line in enumerate(lines):
        drawing.text(12, y + 16 * place, line if len(line) < 106 else line[:104] + "…", "s")


def draw_legend(drawing: Svg, y: float, every: list[Lanes]) -> None:
    """Name every look that occurs."""
    shown = [span.value for lanes in every for lane in lanes.lanes for row in (lane.cr3, lane.loaded) for span in row]
    x = 12.0
    for mm in dict.fromkeys(shown):
        swatch(drawing, x, y, mm)
        drawing.text(x + 21, y + BOX, short(mm), "t")
        x += 34 + 6.1 * len(short(mm))
    for css, words in (("irqoff", "IRQs off"), ("preoff", "preemption off")):
        drawing.rect(x, y + 3, 16, 6, css, 2)
        drawing.text(x + 21, y + BOX, words, "t")
        x += 34 + 6.1 * len(words)
    drawing.path(f"M{number(x + 3)} {number(y + 3)}h8l-4 9z", "mark")
    drawing.text(x + 16, y + BOX, "interrupted", "t")


def _told(row: tuple[Span, ...]) -> str:
    return ", ".join(f"{short(span.value)} {span}" for span in row)


def _when(row: tuple[Span, ...]) -> str:
    return ", ".join(map(str, row)) or "never"


def describe(lanes: Lanes, at: int | None) -> str:
    """Say in a few sentences what a timeline shows."""
    parts = [f"{lanes.count} steps" + (f", after step {at}" if at is not None else "")]
    parts += [f"CPU {place}: CR3 {_told(lane.cr3)}" for place, lane in enumerate(lanes.lanes)]
    parts += [f"{name} is broken in step {steps[0]}" for name, steps in lanes.broken.items()]
    return ". ".join([*parts, *([f"Stopped: {lanes.stopped}"] if lanes.stopped else [])]).rstrip(".") + "."


def twin(lanes: Lanes, at: int | None) -> str:
    """Give a timeline as lines of text: spans of columns, first-last."""
    lines = [f"Timeline of {lanes.title}: {lanes.count} steps" + (f", at {at}" if at is not None else "")]
    for place, lane in enumerate(lanes.lanes):
        lines += [
            f"  CPU {place} ({lane.task})",
            f"    CR3             {_told(lane.cr3)}",
            f"    loaded_mm       {_told(lane.loaded)}",
            f"    current->mm     {_told(lane.current)}",
            f"    IRQs off        {_when(lane.irqs_off)}",
            f"    preemption off  {_when(lane.preempt_off)}",
        ]
        lines += [f"    {span.value:<15} {span}" for span in lane.arrivals]
    for ipi in lanes.ipis:
        taken = f"taken in step {ipi.taken}" if ipi.taken else "not taken"
        lines.append(f"  IPI from CPU {ipi.sender} to CPU {ipi.target}: sent in step {ipi.sent}, {taken}")
    lines += [f"  breaks {name} in step {', '.join(map(str, steps))}" for name, steps in lanes.broken.items()]
    lines += [f"  prints in step {step}: {text}" for step, text in lanes.reports]
    return "\n".join([*lines, *([f"  stopped: {lanes.stopped}"] if lanes.stopped else [])])
