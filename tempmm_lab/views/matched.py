"""Draw a window of a recording beside the model's run: the recorded machine left, the model right, event by event."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tempmm_lab.agreement import Compared
from tempmm_lab.errors import a_thing
from tempmm_lab.matched import MatchedWindow, Skipped
from tempmm_lab.recordings import PGD_BITS, Row
from tempmm_lab.views.mms import CSS, bar, mm_in, short, swatch
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg, folded

WIDTH, TOP, ROW, NOTE = 760, 62, 22, 16
STRIPS = ((138, 20), (162, 8), (174, 8), (186, 6), (196, 6))
"""Where the strips of the recorded side are, and how wide; the model's side is its mirror image."""
_KINDS = {"text_poke": "text_poke()", "efi": "An EFI call"}


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two machines is at one event: three opinions and two windows."""

    cr3: str | None
    loaded: str | None
    active: str | None
    irqs_off: bool
    preempt_count: int

    def __str__(self) -> str:
        words = f"CR3 {short(self.cr3)}, loaded {short(self.loaded)}, active {short(self.active)}"
        return f"{words}, IF {int(not self.irqs_off)}, preempt_count {self.preempt_count:#x}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the picture: what both machines are, and where they differ."""

    number: int
    event: str
    left: Side | None
    right: Side | None
    step: int | None
    values: int
    differs: tuple[str, ...]
    why: str = ""

    @property
    def tall(self) -> float:
        """How much room it takes."""
        return ROW + NOTE * len(self.differs)

    @property
    def verdict(self) -> str:
        """How the two compare, in a few signs."""
        return self.why or (f"≠ {len(self.differs)} of {self.values}" if self.differs else f"= {self.values}")


def draw_matched(window: MatchedWindow) -> Picture:
    """Draw what `match_window()` gives: one line for each recorded event, the recorded kernel left, the model right.

    On each side, from the outside in: whose top table is in CR3, loaded_mm, active_mm, where interrupts and
    preemption are off, and preempt_count. In the middle stand the event and how many values were compared.

    Raises:
        ModelError: this is no window.
    """
    shown = a_thing(window, MatchedWindow, 'draw_matched() draws what match_window("text_poke-6.16.12") gives.')
    lines = [_line(shown, each) for each in shown.lines]
    name = f"{_KINDS[shown.kind]} on Linux {version(shown)}, recorded, beside {shown.build.name} of the model"
    desc = " ".join([verdict(shown) + ".", *_differences(lines), *_skips(lines)])
    drawing = _sketch(shown, lines)
    return Picture(name, desc, drawing.finish(name, desc, CSS), "\n".join([name, *_twin(shown, lines)]))


def version(window: MatchedWindow) -> str:
    """Give the recorded kernel's version without what a distribution adds."""
    return window.recording.kernel.split("+")[0].split("-")[0]


def verdict(window: MatchedWindow) -> str:
    """Say how many events match, and in how many values."""
    return f"{window.matched} of {len(window.rows)} events match; {window.values} values compared"


def _line(window: MatchedWindow, line: Compared | Skipped) -> Line:
    row = line.row
    if isinstance(line, Skipped):
        return Line(row.number, row.event, None, None, None, 0, (), f"not compared: {line.why}")
    differs = tuple(f"{name}: recorded {_told(there)}, model {_told(here)}" for name, there, here in line.differing)
    return Line(
        row.number, row.event, _recorded(window, row), _modelled(line), line.step, len(line.values),
        tuple(dict.fromkeys(differs)),
    )  # fmt: skip


def _told(value: object) -> str:
    words = f"{value:#x}" if isinstance(value, int) and value > 1 else str(value)
    return words if len(words) <= 44 else words[:43] + "…"


def _recorded(window: MatchedWindow, row: Row) -> Side:
    names = window.names
    owners = {pgd: mm for mm, pgd in window.recording.pgds.items()}
    pgd = (row.number_of("cr3") or 0) & PGD_BITS
    cr3 = owners.get(pgd, hex(pgd))
    loaded, active = row.mm("loaded_mm"), row.mm("active_mm")
    return Side(
        names.get(cr3, cr3), names.get(str(loaded), loaded), names.get(str(active), active),
        not row.number_of("IF"), row.number_of("preempt_count") or 0,
    )  # fmt: skip


def _modelled(line: Compared) -> Side | None:
    if line.system is None:
        return None
    cpu = line.system.cpus[0]
    return Side(mm_in(cpu.registers.cr3), cpu.loaded_mm, cpu.active_mm, not cpu.rflags_if, cpu.preempt_count)


def _sketch(window: MatchedWindow, lines: list[Line]) -> Svg:
    fields = _fields(window)
    drawing = Svg(WIDTH, TOP + sum(line.tall for line in lines) + 60 + 15 * len(fields))
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(12, 24, f"{_KINDS[window.kind]} on Linux {version(window)}, recorded", "h")
    drawing.text(WIDTH - 12, 24, f"the model's {window.build.name}", "h end")
    for x, words, css in ((12, "row", "t m"), (STRIPS[0][0] - 6, "CR3", "t m end"), (WIDTH / 2, "event", "t m mid"),
                          (WIDTH - STRIPS[0][0] + 6, "CR3", "t m"), (WIDTH - 12, "after step", "t m end")):  # fmt: skip
        drawing.text(x, TOP - 10, words, css)
    tops = [TOP + sum(line.tall for line in lines[:place]) for place in range(len(lines))]
    for mirrored in (False, True):
        _draw_side(drawing, lines, tops, mirrored=mirrored)
    for line, y in zip(lines, tops, strict=True):
        _draw_event(drawing, line, y)
    y = TOP + sum(line.tall for line in lines) + 18
    good = window.matched == len(window.rows)
    drawing.text(12, y, ("✓ " if good else "✗ ") + verdict(window), f"s b {'ok' if good else 'bad'}")
    for place, words in enumerate(fields):
        drawing.text(12, y + 15 * (place + 1), words, "t m")
    _draw_legend(drawing, drawing.height - 20, lines)
    return drawing


def _fields(window: MatchedWindow) -> list[str]:
    lines, rest = [], "compared, where recorded: " + ", ".join(window.fields)
    while rest:
        first, _ = folded(rest, 116)
        lines.append(first)
        rest = rest[len(first) :].lstrip()
    return lines


def _draw_side(drawing: Svg, lines: list[Line], tops: list[float], *, mirrored: bool) -> None:
    """Draw the strips of one machine: three of mms, two of windows."""
    parts: tuple[Callable[[Side], object], ...] = (
        lambda side: side.cr3, lambda side: side.loaded, lambda side: side.active,
        lambda side: side.irqs_off, lambda side: side.preempt_count > 0,
    )  # fmt: skip
    sides = [line.right if mirrored else line.left for line in lines]
    for kind, ((left, wide), part) in enumerate(zip(STRIPS, parts, strict=True)):
        x = WIDTH - left - wide if mirrored else left
        for first, last, value in _spans([None if side is None else (part(side),) for side in sides]):
            y, end = tops[first], tops[last] + lines[last].tall
            if kind < 3:
                bar(drawing, x, y + 1, wide, end - y - 2, str(value))
            elif value:
                drawing.rect(x, y + 1, wide, end - y - 2, "irqoff" if kind == 3 else "preoff", 2)
            if kind == 0:
                at, css = (x + wide + 6, "t") if mirrored else (x - 6, "t end")
                drawing.text(at, y + 15, short(str(value)), css)


def _spans(values: list[tuple[object] | None]) -> Iterator[tuple[int, int, object]]:
    """Give (first, last, value) of each stretch of equal values."""
    first = 0
    for place, value in enumerate(values):
        if place + 1 == len(values) or values[place + 1] != value:
            if value is not None:
                yield first, place, value[0]
            first = place + 1


def _draw_event(drawing: Svg, line: Line, y: float) -> None:
    drawing.text(32, y + 15, line.number, "t m end")
    if line.why:
        drawing.text(WIDTH / 2, y + 15, f"{line.event}  {line.why}"[:80], "t m mid")
        return
    if line.step is not None:
        drawing.text(WIDTH - 12, y + 15, line.step, "t m end")
    for side, x, css in ((line.left, 208, "t m"), (line.right, WIDTH - 208, "t m end")):
        drawing.text(x, y + 15, "never reached" if side is None else f"{side.preempt_count:#x}", css)
    if line.differs:
        drawing.rect(STRIPS[0][0] - 4, y + 0.5, WIDTH - 2 * STRIPS[0][0] + 8, line.tall - 1, "badline", 4)
    drawing.text(250, y + 15, line.event, "s b" if line.differs else "s")
    drawing.text(WIDTH - 250, y + 15, line.verdict, "s b end bad" if line.differs else "s end ok")
    for place, words in enumerate(line.differs):
        drawing.text(
            WIDTH / 2, y + ROW + 11 + NOTE * place, words if len(words) < 56 else words[:55] + "…", "t bad mid"
        )


def _draw_legend(drawing: Svg, y: float, lines: list[Line]) -> None:
    sides = [side for line in lines for side in (line.left, line.right) if side]
    shown = dict.fromkeys(mm for side in sides for mm in (side.cr3, side.loaded, side.active))
    x = 12.0
    for mm in shown:
        swatch(drawing, x, y, mm)
        drawing.text(x + 21, y + 10.5, short(mm), "t")
        x += 34 + 6.1 * len(short(mm))
    words = "from the outside in: CR3, loaded_mm, active_mm, IRQs off, preemption off"
    drawing.text(WIDTH - 12, y + 10.5, words, "t m end") if x < 300 else drawing.text(12, y - 6, words, "t m")


def _differences(lines: list[Line]) -> list[str]:
    return [f"Row {line.number}, {line.event}: {'; '.join(line.differs)}." for line in lines if line.differs][:3]


def _skips(lines: list[Line]) -> list[str]:
    return [f"Row {line.number}, {line.event}, is {line.why}." for line in lines if line.why]


def _twin(window: MatchedWindow, lines: list[Line]) -> Iterator[str]:
    yield f"  {'row':>4} {'step':>5}  {'event':<30} verdict"
    for line in lines:
        step = "-" if line.step is None else line.step
        yield f"  {line.number:>4} {step:>5}  {line.event:<30} {line.verdict}"
        if line.left:
            yield f"{'':14}{'both' if line.left == line.right else 'recorded'}: {line.left}"
        if line.right and line.left != line.right:
            yield f"{'':14}model: {line.right}"
        yield from (f"{'':14}{words}" for words in line.differs)
    yield verdict(window)
    yield from _fields(window)
